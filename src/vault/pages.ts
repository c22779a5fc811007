/** Goes through rows of the store page by page, each page after the last row of the one before. */
import type { Action } from '../audit/record.ts'
import type { SealedRows, SealedTable } from '../store/coverage.ts'
import type { ListedRows } from '../store/listings.ts'
import { filterInTurns } from './scan-in-turns.ts'
import { type Asker, authenticate, type Vault, verifyAll } from './vault.ts'

/** The most rows that are read at once: some milliseconds of the database's time, and of ours. */
const maxPage = 500

/**
 * Gives every row, each page read when it is needed.
 *
 * @param size rows of a full page: a shorter one is the last
 */
export async function* pages<T>(
  size: number,
  read: (last: number) => Promise<readonly T[]>,
  idOf: (row: T) => number,
): AsyncGenerator<T> {
  for (let last = 0; ; ) {
    const page = await read(last)
    yield* page
    const end = page.at(-1)
    if (page.length < size || end === undefined) return
    last = idOf(end)
  }
}

/** Every row of a listing, as the store has it: nobody held it against its MAC. */
export function everyRow<Row extends { readonly id: number }>(
  { store }: Pick<Vault, 'store'>,
  accountId: number,
  rows: ListedRows<Row>,
): AsyncGenerator<Row> {
  const read = (after: number) => store.rowsOf(accountId, rows, { after, limit: maxPage })
  return pages(maxPage, read, ({ id }) => id)
}

/** What somebody wants of a listing. */
export interface Wanted {
  /** Gives the id after which it begins, once the asker is known to the account. */
  readonly after: (accountId: number) => number | undefined
  /** How many are wanted, at most. */
  readonly limit: number
}

/** All of it. */
export const everything: Wanted = { after: () => undefined, limit: Number.POSITIVE_INFINITY }

/** What a listing shows, in pages that are read as they are taken. */
export interface Found<Row> {
  readonly accountId: number
  readonly pages: AsyncIterable<readonly Row[]>
}

/** Gives what is seen of the next so many rows, and after which id to go on; nothing when there are no more. */
export type ReadPage<Row> = (
  last: number | undefined,
  size: number,
) => Promise<{ readonly seen: readonly Row[]; readonly next: number | undefined }>

/** A listing of rows with MACs. */
interface Source<Table extends SealedTable> {
  readonly table: Table
  /** What the trail calls the listing, where a row is not authentic. */
  readonly action: Action
  readonly rows: ListedRows<SealedRows[Table] & { readonly id: number }>
  /** Which of them the asker sees. */
  readonly isSeen?: (row: SealedRows[Table]) => boolean
}

/**
 * Shows the rows of a listing, each held against its MAC.
 *
 * @throws Refusal `integrity_failure`, from the pages
 */
export function find<Table extends SealedTable>(
  vault: Vault,
  asker: Asker,
  accountId: number,
  { table, action, rows, isSeen = () => true }: Source<Table>,
  wanted: Wanted,
): Found<SealedRows[Table] & { readonly id: number }> {
  return findPages(vault, asker, accountId, wanted, async (after, limit) => {
    const page = await vault.store.rowsOf(accountId, rows, { after, limit })
    await verifyAll(vault, asker, table, page, action)
    return { seen: await filterInTurns(page, isSeen), next: page.length < limit ? undefined : page.at(-1)?.id }
  })
}

/** Shows what is read page by page: small pages first, as few rows may be wanted. */
export function findPages<Row>(
  vault: Vault,
  asker: Asker,
  accountId: number,
  { after, limit }: Wanted,
  read: ReadPage<Row>,
): Found<Row> {
  return { accountId, pages: whileLetIn(vault, asker, seenPages(after(accountId), limit, read)) }
}

async function* seenPages<Row>(
  after: number | undefined,
  limit: number,
  read: ReadPage<Row>,
): AsyncIterable<readonly Row[]> {
  let left = limit
  for (let last = after, size = Math.min(limit, maxPage); ; size = Math.min(2 * size, maxPage)) {
    const { seen, next } = await read(last, size)
    const page = seen.slice(0, left)
    left -= page.length
    if (page.length > 0) yield page
    if (next === undefined || left === 0) return
    last = next
  }
}

/** The same listing, with what becomes of each row. */
export function mapped<Row, Other>({ accountId, pages }: Found<Row>, change: (row: Row) => Other): Found<Other> {
  async function* changed() {
    for await (const page of pages) yield page.map(change)
  }
  return { accountId, pages: changed() }
}

/** A listing may be taken slowly: whoever is shut out meanwhile is given no further page. */
export async function* whileLetIn<T>(vault: Vault, asker: Asker, pages: AsyncIterable<T>): AsyncIterable<T> {
  let isFirst = true
  for await (const page of pages) {
    if (!isFirst) await authenticate(vault, asker)
    isFirst = false
    yield page
  }
}

/** The rows of a listing at once: for whoever needs all of the few that there are. */
export async function allOf<Row>({ pages }: Found<Row>): Promise<readonly Row[]> {
  return (await Array.fromAsync(pages)).flat()
}
