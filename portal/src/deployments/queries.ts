/** Which target holds which version of which secret, as queries. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Deployment, HeldSecret } from '../../../src/client/index.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'

const key = ['deployments']

export function useDeployments() {
  return useQuery({
    queryKey: [...key, 'all'],
    queryFn: ({ signal }) =>
      read(() => Array.fromAsync(strongroom.deployments.list({ include: 'principal' }, { signal }))),
  })
}

/** The ids of the secrets that some target holds in an old version; of those that there still are. */
export function useHeldOld() {
  return useQuery({
    queryKey: [...key, 'stale'],
    queryFn: ({ signal }) => read(() => Array.fromAsync(strongroom.deployments.list({ stale: 'true' }, { signal }))),
    select: idsHeldOld,
  })
}

/** The same function each time: the query then makes the set only when the deployments change. */
function idsHeldOld(deployments: readonly Deployment[]): ReadonlySet<number> {
  return new Set(deployments.flatMap(({ secrets }) => secrets.filter(isOld).map(({ id }) => id)))
}

/** Who holds a secret. */
export function useHolders(secretId: number, isWanted = true) {
  return useQuery({
    queryKey: [...key, 'of', secretId],
    queryFn: ({ signal }) =>
      read(() => strongroom.deployments.ofSecret(secretId, { include: 'principal' }, { signal })),
    enabled: isWanted,
  })
}

export function useRefreshDeployments(): () => Promise<void> {
  const cache = useQueryClient()
  return () => cache.invalidateQueries({ queryKey: key })
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
