/** Reads a whole store as it is at one moment, and fills an empty one: rows as they are stored, sealed and MACed. */
import { Refusal } from '../../errors.ts'
import type { Value } from '../tables/field.ts'
import type { Table } from '../tables/table.ts'
import { tables } from '../tables/tables.ts'

/** A row's values, in the order of its table's columns. */
export type Row = readonly Value[]

/** A store as it was at one moment, whatever is written meanwhile. */
export interface Snapshot {
  /** The name of its newest migration. */
  readonly schema: string
  /**
   * The rows of a table in pages, in ascending order.
   *
   * @param by the columns that they are sorted by, which no two rows have in common: the primary key unless it is said
   */
  rows(table: Table, by?: readonly string[]): AsyncIterable<readonly Row[]>
  /** How many rows all tables have together. */
  count(): Promise<number>
  close(): Promise<void>
}

/** An empty store that is being filled, in one transaction: until `commit` it stays empty, whatever happens. */
export interface Filling {
  readonly schema: string
  insert(table: Table, rows: readonly Row[]): Promise<void>
  /** Resolves when everything is durable. */
  commit(): Promise<void>
  /** Leaves the store empty, unless it was committed. */
  close(): Promise<void>
}

/** How a page after a row is asked for; `?` stands for each value of the last row in the columns that it is sorted by, and for the limit. */
export function pageQuery(table: Table, isFirst: boolean, by = primaryKey(table)): string {
  const { name, columns } = table
  const key = by.join(', ')
  const after = isFirst ? '' : ` where (${key}) > (${by.map(() => '?').join(', ')})`
  return `select ${Object.keys(columns).join(', ')} from ${name}${after} order by ${key} limit ?`
}

function primaryKey({ columns, keyLength }: Table): readonly string[] {
  return Object.keys(columns).slice(0, keyLength)
}

const pageRows = 1000
/** Of rows with something sealed: each may be a file of the longest kind. And of any before it is known how long they are. */
const pageValues = 50
/** What a page may take, as all of its rows may be as long as the longest of the page before. */
const pageBytes = 4_000_000

/** Reads a table page by page, each after the last row of the one before. */
export async function* pagesOf(
  table: Table,
  query: (sql: string, parameters: readonly Value[]) => Promise<readonly Row[]> | readonly Row[],
  by = primaryKey(table),
): AsyncGenerator<readonly Row[]> {
  const sortedBy = by.map((column) => Object.keys(table.columns).indexOf(column))
  const most = 'sealed' in table.columns ? pageValues : pageRows
  let next = pageValues
  let last: Row | undefined
  do {
    const limit = next
    const from = last
    const after: Row = from === undefined ? [] : sortedBy.map((at) => from[at] ?? null)
    const page = await query(pageQuery(table, from === undefined, by), [...after, limit])
    if (page.length > 0) yield page
    last = page.length === limit ? page.at(-1) : undefined
    next = Math.min(most, Math.max(1, Math.floor(pageBytes / longestOf(page))))
  } while (last !== undefined)
}

/** The units and bytes of the longest row, and something for each value. */
function longestOf(page: readonly Row[]): number {
  const lengths = page.map((row) => row.reduce<number>((sum, value) => sum + lengthOf(value), 0))
  return lengths.reduce((longest, length) => Math.max(longest, length), 1)
}

function lengthOf(value: Value): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 8
}

/** Asks for how many rows all tables have together. */
export const countQuery = `select ${tables.map(({ name }) => `(select count(*) from ${name})`).join(' + ')} as rows`

/** @throws Refusal `invalid` unless the tables are empty */
export async function refuseUnlessEmpty(count: (sql: string) => Promise<number> | number): Promise<void> {
  for (const { name } of tables) {
    if ((await count(`select count(*) as rows from (select 1 from ${name} limit 1) as first`)) > 0) {
      throw new Refusal('invalid', 'The target is not empty. Nothing was changed: choose an empty folder or database.')
    }
  }
}
