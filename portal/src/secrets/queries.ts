/** What is known of secrets and lists, as queries. Values never go through here. */
import { strongroom } from '../api/client.ts'
import { useAnswer, useListing, useRefresh } from '../api/queries.ts'

const secretsKey = ['secrets']
const listsKey = ['lists']

export function useSecrets() {
  return useListing([...secretsKey, 'all'], (options) => strongroom.secrets.listMetadata({}, options))
}

export function useLists() {
  return useListing(listsKey, (options) => strongroom.lists.list(options))
}

export function useSecret(id: number | undefined) {
  return useAnswer([...secretsKey, id], (options) => strongroom.secrets.metadata(id ?? 0, options), {
    enabled: id !== undefined,
  })
}

export function useVersions(id: number) {
  return useAnswer([...secretsKey, id, 'versions'], (options) => strongroom.secrets.versions(id, options))
}

/** Forgets what is known of secrets and lists, so that it is asked for anew; what changed makes deployments stale. */
export function useRefreshSecrets(): () => Promise<void> {
  return useRefresh(secretsKey, listsKey, ['deployments'])
}
