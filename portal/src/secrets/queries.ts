/** What is known of secrets and lists, as queries. Values never go through here. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'

const secretsKey = ['secrets']

export function useSecrets() {
  return useQuery({
    queryKey: [...secretsKey, 'all'],
    queryFn: ({ signal }) => read(() => Array.fromAsync(strongroom.secrets.listMetadata({}, { signal }))),
  })
}

export function useLists() {
  return useQuery({
    queryKey: ['lists'],
    queryFn: ({ signal }) => read(() => Array.fromAsync(strongroom.lists.list({ signal }))),
  })
}

export function useSecret(id: number | undefined) {
  return useQuery({
    queryKey: [...secretsKey, id],
    queryFn: ({ signal }) => read(() => strongroom.secrets.metadata(id ?? 0, { signal })),
    enabled: id !== undefined,
  })
}

export function useVersions(id: number) {
  return useQuery({
    queryKey: [...secretsKey, id, 'versions'],
    queryFn: ({ signal }) => read(() => strongroom.secrets.versions(id, { signal })),
  })
}

/** Forgets what is known of secrets and lists, so that it is asked for anew. */
export function useRefresh(): () => Promise<void> {
  const cache = useQueryClient()
  return async () => {
    await Promise.all([
      cache.invalidateQueries({ queryKey: secretsKey }),
      cache.invalidateQueries({ queryKey: ['lists'] }),
      // What changed makes deployments stale.
      cache.invalidateQueries({ queryKey: ['deployments'] }),
    ])
  }
}
