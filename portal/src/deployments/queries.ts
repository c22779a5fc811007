/** Which target holds which version of which secret, as queries. */
import { type Deployment, type HeldSecret, strongroom } from '../api/client.ts'
import { useAnswer, useListing, useRefresh } from '../api/queries.ts'

const key = ['deployments']

export function useDeployments() {
  return useListing([...key, 'all'], (options) => strongroom.deployments.list({ include: 'principal' }, options))
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
