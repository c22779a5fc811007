/** What a page asks for when it is shown: kept for a while, asked for anew when it changed. Values never go through here. */
import { type QueryKey, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { read } from './ask.ts'
import type { Page, PageQuery } from './client.ts'

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

/** A listing as far as it is loaded. */
export interface Pages<T> extends Asked<readonly T[]> {
  readonly hasMore: boolean
  readonly isLoadingMore: boolean
  readonly loadMore: () => void
}

/** What is shown first, soon. */
const firstPage = 200
/** As many as the server gives at once, for whoever wants more. */
const nextPage = 1000

/** A listing by its pages, the first of which is asked for at once. */
export function usePages<T>(
  key: QueryKey,
  page: (query: PageQuery, options: Signalled) => Promise<Page<T>>,
  keeping: Pick<Keeping, 'gcTime' | 'staleTime'> = {},
): Pages<T> {
  const { data, error, refetch, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam: cursor, signal }) =>
      read(() => page(cursor === '' ? { limit: firstPage } : { limit: nextPage, cursor }, { signal })),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    ...keeping,
  })
  const items = useMemo(() => data?.pages.flatMap((one) => one.items), [data])
  const loadMore = useCallback(() => void fetchNextPage(), [fetchNextPage])
  return { data: items, error, refetch, hasMore: hasNextPage, isLoadingMore: isFetching, loadMore }
}

/** Has everything under the keys asked for anew. */
export function useRefresh(...keys: readonly QueryKey[]): () => Promise<void> {
  const cache = useQueryClient()
  return async () => {
    await Promise.all(keys.map((queryKey) => cache.invalidateQueries({ queryKey })))
  }
}
