/**
 * The rows of the table, a window at a time: the server finds, sorts and counts; what is in sight is asked for, what went
 * out of sight before it came is called off, and what is far away is forgotten.
 */
import { keepPreviousData, type QueryClient, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { read } from '../api/ask.ts'
import { type Metadata, type SecretFilter, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { secretsKey } from './queries.ts'

export const windowRows = 100
/** Rows that are asked for before they come into sight, above and below. */
const rowsAhead = 40
/** A window that is scrolled past in less is not asked for. */
const pauseMs = 50
/** How long a window is kept that is out of sight; the first one stays as long as any answer. */
const keptMs = 15_000
/** How long a window may lead to the next one: later, it is asked for by its place. */
const leadsMs = 30_000

export interface Window {
  readonly search: SecretFilter
  readonly items: readonly Metadata[]
  /** Cursors of the windows after and before it. */
  readonly next: string | undefined
  readonly previous: string | undefined
}

/** What there is of the rows of a search. */
export interface Windows {
  /** Nothing for one that is not there yet. */
  rowAt(at: number): Metadata | undefined
  /** How many rows there are, as far as these windows tell. */
  readonly isAtMost: number
  readonly error: Error | null
  retry(): void
}

/** The first window of a search; until it is there, that of the search before, which says itself what it is of. */
export function useFirst(search: SecretFilter) {
  const cache = useQueryClient()
  return useQuery({ ...asking(cache, search, 0), placeholderData: keepPreviousData })
}

/** How many secrets a search finds. */
export function useCount(search: SecretFilter, isEnabled: boolean): number | undefined {
  const { sort: _, order: __, ...found } = search
  const ask = async (options: { readonly signal: AbortSignal }) =>
    (await strongroom.secrets.page({ ...found, limit: 1, count: 'true' }, options)).total ?? 0
  return useAnswer([...secretsKey, 'count', found], ask, { enabled: isEnabled }).data
}

/** @param rows the first and the last one in sight, and others that are needed */
export function useWindows(search: SecretFilter, rows: readonly number[]): Windows {
  const cache = useQueryClient()
  const places = placesOf(rows)
  const answers = useQueries({ queries: places.map((place) => asking(cache, search, place)) })
  const known = new Map(places.map((place, index) => [place, answers[index]?.data]))
  return {
    rowAt: (at) => known.get(Math.floor(at / windowRows))?.items[at % windowRows],
    isAtMost: Math.min(...[...known].map(([place, found]) => endOf(place, found))),
    error: answers.find(({ error }) => error !== null)?.error ?? null,
    retry: () => {
      for (const { error, refetch } of answers) if (error !== null) void refetch()
    },
  }
}

/** The windows of the first one, of those in sight and near, and of the others. */
function placesOf([first = 0, last = 0, ...others]: readonly number[]): readonly number[] {
  const placeOf = (row: number) => Math.max(0, Math.floor(row / windowRows))
  const from = placeOf(first - rowsAhead)
  const inSight = Array.from({ length: placeOf(last + rowsAhead) - from + 1 }, (_, at) => from + at)
  return [...new Set([0, ...inSight, ...others.map(placeOf)])]
}

function endOf(place: number, found: Window | undefined): number {
  return found === undefined || found.next !== undefined
    ? Number.POSITIVE_INFINITY
    : place * windowRows + found.items.length
}

function keyOf(search: SecretFilter, place: number) {
  return [...secretsKey, 'rows', search, place]
}

function asking(cache: QueryClient, search: SecretFilter, place: number) {
  return {
    queryKey: keyOf(search, place),
    queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<Window> => {
      if (place > 0) await pause(signal)
      return read(async () => {
        const where = { ...search, ...wayTo(cache, search, place), limit: windowRows }
        const { items, next, previous } = await strongroom.secrets.metadataPage(where, { signal })
        return { search, items, next, previous }
      })
    },
    ...(place === 0 ? {} : { gcTime: keptMs }),
  }
}

/** By the cursor of a neighbour, which costs the server no counting and leaves out no row; else by its place. */
function wayTo(cache: QueryClient, search: SecretFilter, place: number) {
  if (place === 0) return {}
  const cursor = leading(cache, search, place - 1)?.next ?? leading(cache, search, place + 1)?.previous
  return cursor === undefined ? { offset: place * windowRows } : { cursor }
}

/** A window that is as the secrets are now, as far as is known here. */
function leading(cache: QueryClient, search: SecretFilter, place: number): Window | undefined {
  const state = cache.getQueryState<Window>(keyOf(search, place))
  const isOld = state === undefined || state.isInvalidated || Date.now() - state.dataUpdatedAt > leadsMs
  return isOld || state.fetchStatus !== 'idle' ? undefined : state.data
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, pauseMs)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
