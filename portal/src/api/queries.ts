/** What a page asks for when it is shown: kept for a while, asked for anew when it changed. Values never go through here. */
import { type QueryKey, useQuery, useQueryClient } from '@tanstack/react-query'
import { read } from './ask.ts'

interface Signalled {
  readonly signal: AbortSignal
}

/** An answer, or that it is not there yet, or why it cannot be had. */
export interface Asked<T> {
  readonly data: T | undefined
  readonly error: Error | null
  readonly refetch: () => Promise<unknown>
}

/** How an answer is kept, where it is not as all others. */
interface Keeping {
  /** Whether it is asked for at all. */
  readonly enabled?: boolean
  /** How long it is kept that nobody shows any more; 0 for what would be old by then. */
  readonly gcTime?: number
  readonly staleTime?: number
  readonly refetchInterval?: number | false
}

/** @param key what tells it from all else that is asked for */
export function useAnswer<T>(key: QueryKey, ask: (options: Signalled) => Promise<T>, keeping: Keeping = {}) {
  return useQuery({ queryKey: key, queryFn: ({ signal }) => read(() => ask({ signal })), ...keeping })
}

/** All of a listing, whatever its pages. */
export function useListing<T>(key: QueryKey, list: (options: Signalled) => AsyncIterable<T>) {
  return useAnswer<readonly T[]>(key, (options) => Array.fromAsync(list(options)))
}

/** Has everything under the keys asked for anew. */
export function useRefresh(...keys: readonly QueryKey[]): () => Promise<void> {
  const cache = useQueryClient()
  return async () => {
    await Promise.all(keys.map((queryKey) => cache.invalidateQueries({ queryKey })))
  }
}
