/** Which target holds which version of which secret, as queries. */
import { type Deployment, type HeldSecret, strongroom } from '../api/client.ts'
import { useAnswer, useListing, useRefresh } from '../api/queries.ts'

const key = ['deployments']

export function useDeployments() {
  return useListing([...key, 'all'], (options) => strongroom.deployments.list({ include: 'principal' }, options))
}

/** So many that hold something old are shown, or counted one by one. */
const fewStale = 100

export interface Stale {
  readonly first: readonly Deployment[]
  /** Whether there are more. */
  readonly isMore: boolean
  /** Whether any target holds anything, old or not. */
  readonly isAny: boolean
}

/** The first targets that hold something old, however many others there are. */
export function useStale() {
  return useAnswer([...key, 'stale'], async (options): Promise<Stale> => {
    const [stale, any] = await Promise.all([
      strongroom.deployments.page({ stale: 'true', include: 'principal', limit: fewStale }, options),
      strongroom.deployments.page({ limit: 1 }, options),
    ])
    return { first: stale.items, isMore: stale.next !== undefined, isAny: any.items.length > 0 }
  })
}

/** Who holds anything that is in a list. */
export function useHoldersOfList(list: string) {
  return useListing([...key, 'in', list], (options) => strongroom.deployments.list({ list }, options))
}

/** Who holds a secret. */
export function useHolders(secretId: number) {
  return useAnswer([...key, 'of', secretId], (options) =>
    strongroom.deployments.ofSecret(secretId, { include: 'principal' }, options),
  )
}

export function useRefreshDeployments(): () => Promise<void> {
  return useRefresh(key)
}

export function isOld({ version, current_version: current }: HeldSecret): boolean {
  return version !== current
}

/** Stale ones first, and of those the ones that wait longest. */
export function byUrgency(deployments: readonly Deployment[]): readonly Deployment[] {
  return [...deployments].sort(
    (one, other) =>
      Number(other.stale) - Number(one.stale) ||
      (one.stale ? compare(one.created_at, other.created_at) : compare(one.target, other.target)),
  )
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
