/**
 * What a batch holds in memory: rows of a table (or of several that are read as one), found by their primary key and by
 * whatever an index is made of, and what is known beside rows. Declared beside the tables; the world keeps them.
 */

import type { At, TableOf } from './tables/described.ts'
import type { Removal } from './tables/removal.ts'

export type { At }

/** A value that rows are found by. */
export type KeyValue = string | number | null

/** A row before a batch (if there was one) and after it (`null`: deleted). */
export interface Fate<Row, Own> {
  /** At least its primary key. */
  readonly key: Partial<Own>
  readonly existed: boolean
  /** As it was loaded, if it was. */
  readonly before?: Row | undefined
  readonly row: Row | null
  /** Whether its parts were there, if not as it was itself. */
  readonly hadParts?: boolean | undefined
  /** A row that is gone without its parts, which stay. */
  readonly detached?: Row | undefined
}

/** Whether the parts of a row were there before the batch. */
export function hadParts({ hadParts: had, existed }: Pick<Fate<unknown, unknown>, 'hadParts' | 'existed'>): boolean {
  return had ?? existed
}

export interface Fates {
  /** What became of a row, if the batch changed it. */
  fateOf<Row, Own, Key extends readonly KeyValue[]>(rows: Rows<Row, Own, Key>, ...key: Key): Fate<Row, Own> | undefined
}

/** How changes of rows are written. */
export interface Writing<Row> {
  /**
   * A changed row is updated; or replaced, as what it is found by may go from one row to another in a batch; or put, where
   * nobody looks whether it is there.
   */
  readonly changed: 'updated' | 'replaced' | 'put'
  /** Another row may take its `name` in the same batch. */
  readonly isRenamed: boolean
  /** What a row counts as, if anything is counted. */
  readonly counts: Counts<Row> | undefined
  /** Rows of other tables that come and go with a row. */
  readonly parts: readonly PartRows<Row>[]
  /** Whether a row that was added is written, after all that the batch did. */
  isKept(row: Row, fates: Fates, keepVersions: number): boolean
}

export interface PartRows<Row> {
  readonly table: TableOf<object>
  of(row: Row): readonly object[]
  /** Takes away what belongs to a row of the whole, by what `ofGone` says of that. */
  readonly gone: Removal<object>
  ofGone(key: object): object
  /** Takes away what a changed row no longer has. */
  readonly outdated?: { readonly removal: Removal<object>; of(row: Row, keepVersions: number): object }
}

/** Declares a part by how its rows are taken away with a row of the whole, whose id they have under a name of their own. */
export function part<Row, Name extends string>(
  table: TableOf<object>,
  id: Name,
  gone: Removal<{ readonly accountId: number } & Readonly<Record<Name, number>>>,
  of: (row: Row) => readonly object[],
  outdated?: PartRows<Row>['outdated'],
): PartRows<Row> {
  const ofGone = (key: object) => ({ accountId: read(key, 'accountId'), [id]: read(key, 'id') })
  return { table, of, gone, ofGone, ...(outdated === undefined ? {} : { outdated }) }
}

function read(key: object, name: string): unknown {
  return Reflect.get(key, name)
}

/** Rows, as a batch holds them; `Own` is the row of the table itself, `Key` the values of its primary key. */
export interface Rows<Row, Own, Key extends readonly KeyValue[]> {
  readonly root: TableOf<object>
  readonly writing: Writing<Row>
  own(row: Row): Own
  keyOf(row: Row): At
  /** For the compiler alone. */
  readonly keyed?: (...key: Key) => void
}

export interface Counts<Row> {
  /** By as many numbers as `of` gives for each. */
  readonly fact: Fact<never, number>
  of(row: Row): readonly (readonly number[])[]
}

/** How most rows are written. */
export const plainly = {
  ...({ changed: 'updated', isRenamed: false, counts: undefined, parts: [] } as const),
  isKept: () => true,
}

/** Rows of several tables that are read as one: a row of `table`, with what belongs to it. */
export function whole<Row>() {
  return <Own extends object, Key extends readonly KeyValue[]>(
    table: TableOf<Own> & Rows<Own, Own, Key>,
    own: (row: Row) => Own,
    writing: Writing<Row>,
  ): Rows<Row, Own, Key> => ({
    root: table,
    own,
    keyOf: (row) => table.atOf(own(row)),
    writing,
  })
}

/** What rows are found by beside their primary key: no two have it in common, or the last one counts. */
export interface Index<Row, Own, Key extends readonly KeyValue[]> {
  readonly rows: Rows<Row, Own, readonly KeyValue[]>
  /** Nothing for a row that has none. */
  atOf(own: Partial<Own>): At | undefined
  /** For the compiler alone. */
  readonly keyed?: (...key: Key) => void
}

type Values<Own, Fields extends readonly (keyof Own)[]> = {
  readonly [At in keyof Fields]: Own[Fields[At]] extends KeyValue ? NonNullable<Own[Fields[At]]> : never
}

export function index<Row, Own, const Fields extends readonly (keyof Own & string)[]>(
  rows: Rows<Row, Own, never>,
  ...fields: Fields
): Index<Row, Own, Values<Own, Fields>> {
  const [first = '', second, third, ...others] = fields as readonly string[]
  if (others.length > 0) throw new Error('An index has at most three fields.')
  return {
    rows: rows as Rows<Row, Own, readonly KeyValue[]>,
    atOf: (own) => {
      const members = own as Readonly<Record<string, KeyValue | undefined>>
      const one = members[first] ?? undefined
      if (second === undefined || one === undefined) return one
      const two = members[second] ?? undefined
      if (two === undefined || third === undefined) return two === undefined ? undefined : `${one} ${two}`
      const three = members[third] ?? undefined
      return three === undefined ? undefined : `${one} ${two} ${three}`
    },
  }
}

/** What is known beside rows: how many there are of something, or which. */
export interface Fact<Key extends readonly KeyValue[], Value> {
  readonly name: string
  /** For the compiler alone. */
  readonly keyed?: (key: Key, value: Value) => Value
}

export function fact<Key extends readonly KeyValue[], Value>(name: string): Fact<Key, Value> {
  return { name }
}

/** One value is its own name; of several, only the last can hold blanks. */
export function atOf(key: readonly KeyValue[]): At {
  const [first = 0, second] = key
  if (key.length === 1) return first ?? 0
  return key.length === 2 ? `${first} ${second}` : key.join(' ')
}
