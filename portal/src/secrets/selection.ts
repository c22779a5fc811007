/** Which secrets are selected in the table: some by their ids, or all that a search finds but for a few. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { read, sentenceOf } from '../api/ask.ts'
import { type SecretFilter, strongroom } from '../api/client.ts'
import { toast } from '../ui/toast.tsx'
import { rangeText } from '../ui/words.ts'

export interface Chosen {
  readonly id: number
  readonly name: string
}

type Names = ReadonlyMap<number, string>

export type Selection =
  | { readonly kind: 'some'; readonly names: Names }
  /** All that the server finds, none of which need be loaded. */
  | { readonly kind: 'found'; readonly search: SecretFilter; readonly total: number; readonly except: Names }

/** What the table and the bar above it are told, and tell. */
export interface Selecting {
  readonly selection: Selection
  readonly count: number
  /** Whether every secret that is found is selected. */
  readonly isAll: boolean
  has(id: number): boolean
  toggle(secret: Chosen, at: number): void
  /**
   * Selects from where it was selected last to a row.
   *
   * @param rowAt what is loaded of the rows
   * @param from where a range begins anew, unless one ends there
   */
  extend(to: number, rowAt: (at: number) => Chosen | undefined, from?: number): void
  selectAll(): void
  clear(): void
  /** Leaves these selected, and no others. */
  keep(secrets: readonly Chosen[]): void
}

interface Anchor {
  /** The row that a range begins at, and the one that it ends at. */
  readonly at: number
  readonly end: number
  /** What was selected before there was one. */
  readonly before: Selection
}

const none: Selection = { kind: 'some', names: new Map() }
/** Rows of one range; more are selected by a filter. */
const maxRange = 10_000
const pageRows = 1000

/** @param total how many the search finds */
export function useSelection(search: SecretFilter | undefined, total: number): Selecting {
  const [selection, setSelection] = useState<Selection>(none)
  const anchor = useRef<Anchor>(undefined)
  const asking = useRef(0)
  const begin = useCallback((next: Selection, at?: number) => {
    asking.current++
    anchor.current = at === undefined ? undefined : { at, end: at, before: next }
    setSelection(next)
  }, [])
  useForgetting(search, begin)
  return useMemo(() => {
    const count = countOf(selection)
    return {
      selection,
      count,
      isAll: selection.kind === 'found' && selection.except.size === 0,
      has: (id) => isIn(selection, id),
      toggle: (secret, at) => begin(toggled(selection, secret), at),
      extend: (to, rowAt, from) => {
        if (search === undefined) return
        const known = from === undefined || anchor.current?.end === from ? anchor.current : undefined
        const { at, before } = known ?? { at: from ?? to, before: selection }
        anchor.current = { at, end: to, before }
        const own = ++asking.current
        const add = (rows: readonly Chosen[]) => own === asking.current && setSelection(withAll(before, rows))
        const [first, last] = at < to ? [at, to] : [to, at]
        const loaded = Array.from({ length: Math.min(last - first + 1, maxRange + 1) }, (_, row) => rowAt(first + row))
        if (loaded.length > maxRange) return toast(rangeText(maxRange), true)
        if (loaded.every((row) => row !== undefined)) add(loaded)
        else void rowsBetween(search, first, last).then(add, (error) => toast(sentenceOf(error), true))
      },
      selectAll: () => search !== undefined && begin({ kind: 'found', search, total, except: new Map() }),
      clear: () => begin(none),
      keep: (secrets) => begin(withAll(none, secrets)),
    }
  }, [selection, search, total, begin])
}

/** What is found by another search is not what was selected; in another order the rows are others. */
function useForgetting(search: SecretFilter | undefined, begin: (next: Selection) => void) {
  const found = JSON.stringify(search === undefined ? undefined : withoutOrder(search))
  const shown = useRef(found)
  useEffect(() => {
    if (shown.current !== found && shown.current !== undefined && found !== undefined) begin(none)
    if (found !== undefined) shown.current = found
  }, [found, begin])
}

export function withoutOrder({ sort: _, order: __, ...found }: SecretFilter): SecretFilter {
  return found
}

function countOf(selection: Selection): number {
  return selection.kind === 'some' ? selection.names.size : Math.max(0, selection.total - selection.except.size)
}

function isIn(selection: Selection, id: number): boolean {
  return selection.kind === 'some' ? selection.names.has(id) : !selection.except.has(id)
}

function toggled(selection: Selection, { id, name }: Chosen): Selection {
  const names = new Map(selection.kind === 'some' ? selection.names : selection.except)
  if (!names.delete(id)) names.set(id, name)
  return selection.kind === 'some' ? { kind: 'some', names } : { ...selection, except: names }
}

function withAll(selection: Selection, rows: readonly Chosen[]): Selection {
  const names = new Map(selection.kind === 'some' ? selection.names : selection.except)
  for (const { id, name } of rows) {
    if (selection.kind === 'some') names.set(id, name)
    else names.delete(id)
  }
  return selection.kind === 'some' ? { kind: 'some', names } : { ...selection, except: names }
}

/** Asks for the names of rows, which need not be shown. */
async function rowsBetween(search: SecretFilter, first: number, last: number): Promise<readonly Chosen[]> {
  const rows: Chosen[] = []
  while (rows.length <= last - first) {
    const offset = first + rows.length
    const limit = Math.min(pageRows, last - offset + 1)
    const { items } = await read(() => strongroom.secrets.page({ ...search, offset, limit }))
    rows.push(...items)
    if (items.length < limit) break
  }
  return rows
}

/**
 * All that are selected, page by page, by ascending id: so that what happens to one moves none of the others. What is made
 * meanwhile is not among them.
 */
export async function* chosenOf(selection: Selection, signal: AbortSignal): AsyncGenerator<Chosen, void, undefined> {
  if (selection.kind === 'some') {
    for (const [id, name] of selection.names) yield { id, name }
    return
  }
  const found = withoutOrder(selection.search)
  const newest = { ...found, sort: 'created', order: 'desc', limit: 1 } as const
  const [last] = (await read(() => strongroom.secrets.page(newest, { signal }))).items
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const query = { ...found, sort: 'created', limit: pageRows, ...(cursor === undefined ? {} : { cursor }) } as const
    const { items, next } = await read(() => strongroom.secrets.page(query, { signal }))
    for (const { id, name } of items) {
      if (last === undefined || id > last.id) return
      if (!selection.except.has(id)) yield { id, name }
    }
    cursor = next
  }
}
