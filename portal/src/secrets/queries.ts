/** What is known of secrets and lists, as queries. Values never go through here; no question has all secrets for an answer. */
import { type SecretFilter, strongroom } from '../api/client.ts'
import { useAnswer, useListing, usePages, useRefresh } from '../api/queries.ts'
import { deletedKey } from '../session/kept.tsx'
import { chosenOf, type Selection, withoutOrder } from './selection.ts'

export const secretsKey = ['secrets']
const listsKey = ['lists']

/** How many there are of each kind and in each list, and their tags. */
export function useSummary() {
  return useAnswer([...secretsKey, 'summary'], (options) => strongroom.secrets.summary(options))
}

/** The first few of what a filter finds. */
export function useSome(filter: SecretFilter, limit: number, isEnabled = true) {
  return useAnswer(
    [...secretsKey, 'some', filter, limit],
    async (options) => (await strongroom.secrets.metadataPage({ ...filter, limit }, options)).items,
    { enabled: isEnabled },
  )
}

/** The ids of those of a selection that may be held: no more than targets do, or than are selected. */
export function useHeld(selection: Selection) {
  return useAnswer([...secretsKey, 'held of', selection], async (options) => {
    if (selection.kind === 'some') return new Set(selection.names.keys())
    const found = { ...withoutOrder(selection.search), held: selection.search.held ?? 'any' } as const
    const held = await Array.fromAsync(strongroom.secrets.list(found, options))
    return new Set(held.map(({ id }) => id).filter((id) => !selection.except.has(id)))
  })
}

/** The ids of the first so many of a selection. */
export function useIdsOf(selection: Selection, limit: number) {
  return useAnswer([...secretsKey, 'ids of', limit, selection], async ({ signal }) => {
    const ids: number[] = []
    for await (const { id } of chosenOf(selection, signal)) if (ids.push(id) === limit) break
    return ids
  })
}

/** The folders directly in one, whole, without a `/` at their end. */
export function useFolders(folder: string, isEnabled = true) {
  return useAnswer(
    [...secretsKey, 'folders', folder],
    async (options) => {
      const all = await Array.fromAsync(strongroom.secrets.folders(folder === '' ? '' : `${folder}/`, options))
      return all.map(({ name }) => name.slice(0, -1))
    },
    { enabled: isEnabled },
  )
}

export function useLists() {
  return useListing(listsKey, (options) => strongroom.lists.list(options))
}

export function useSecret(id: number | undefined) {
  return useAnswer([...secretsKey, id], (options) => strongroom.secrets.metadata(id ?? 0, options), {
    enabled: id !== undefined,
  })
}

/** Who can read a secret, and who did: with the first page, what is told beside them. Each page is recorded, so none is asked for again. */
export function useAccess(id: number) {
  return usePages(
    [...secretsKey, id, 'access'],
    async (query, options) => {
      const { next, ...access } = await strongroom.secrets.access(id, query, options)
      return { items: [access], ...(next === undefined ? {} : { next }) }
    },
    { staleTime: Number.POSITIVE_INFINITY, gcTime: 0 },
  )
}

export function useVersions(id: number) {
  return useAnswer([...secretsKey, id, 'versions'], (options) => strongroom.secrets.versions(id, options))
}

/** Forgets what is known of secrets and lists, also of those deleted, so that it is asked for anew; what changed makes deployments stale. */
export function useRefreshSecrets(): () => Promise<void> {
  return useRefresh(secretsKey, listsKey, deletedKey, ['deployments'])
}
