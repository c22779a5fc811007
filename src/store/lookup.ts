/** How rows are found within a batch's transaction: described once, for both databases, with what is checked of them. */
import type { SealedRows, SealedTable } from './coverage.ts'
import { type Forged, forgedRow } from './forged.ts'
import type { RowMacs } from './row-macs.ts'
import type { Kind, NamedRow } from './tables/field.ts'
import type { Open, Table } from './tables/table.ts'

/** A column that is held against a member of what is asked for. */
export interface Match {
  readonly member: string
  readonly column: string
  readonly kind: Kind
  /** Whether the column is equal to the member, or greater. */
  readonly is: '=' | '>'
}

/** SQL, in which the table is called `t`. */
interface Parts {
  /** The columns, if they are not those of the table. */
  readonly select: string
  readonly joins: string
  readonly where: string
  /** How rows are grouped and ordered. */
  readonly ending: string
}

/** What a database is asked. */
export interface Question extends Parts {
  /** Of no other. */
  readonly name: string
  readonly table: string
  readonly matches: readonly Match[]
}

/** What is found, by what is asked for. */
export interface Lookup<Ref, Found> extends Question {
  /** What rows mean, in their order. */
  read(rows: readonly NamedRow[]): readonly Found[]
  /** What is not authentic of something found, or lacks a part; nothing where rows have no MAC. */
  readonly check: Check<Found> | undefined
  /** For the compiler alone. */
  readonly asked?: (ref: Ref) => void
}

type Check<Found> = (found: Found, macs: RowMacs) => Forged | undefined

interface Options<Ref> extends Partial<Parts> {
  /** By members of what is asked for, the columns that are equal to them. */
  readonly by: { readonly [Member in keyof Ref & string]?: string }
  /** By others, the columns that are greater. */
  readonly beyond?: { readonly [Member in keyof Ref & string]?: string }
}

/** Rows of a table with MACs: each is checked. */
export function sealedRows<Ref>() {
  return <Name extends SealedTable>(
    name: string,
    table: Table & { readonly name: Name; read(row: NamedRow): SealedRows[Name] },
    options: Options<Ref>,
  ): Lookup<Ref, SealedRows[Name]> =>
    lookup<Ref, SealedRows[Name]>(name, table, options, (rows) => rows.map(table.read), authentic(table.name))
}

/** Checks rows of a table by their MACs. */
export function authentic<Name extends SealedTable>(table: Name): Check<SealedRows[Name]> {
  return (row, macs) => (macs.isAuthentic(table, row) ? undefined : forgedRow(table, row))
}

/** Rows of a table without MACs. */
export function openRows<Ref>() {
  return <Model>(name: string, table: Open<string, Model>, options: Options<Ref>): Lookup<Ref, Model> =>
    lookup<Ref, Model>(name, table, options, (rows) => rows.map(table.read), undefined)
}

/** What has another form than a row. */
export function lookup<Ref, Found>(
  name: string,
  table: Table,
  { by, beyond = {}, ...parts }: Options<Ref>,
  read: (rows: readonly NamedRow[]) => readonly Found[],
  check: Check<Found> | undefined,
): Lookup<Ref, Found> {
  const select = Object.keys(table.columns)
    .map((column) => `t.${column}`)
    .join(', ')
  return {
    ...{ name, table: table.name, read, check },
    ...{ select, joins: '', where: '', ending: '', ...parts },
    matches: [...matchesOf(table, by, '='), ...matchesOf(table, beyond, '>')],
  }
}

function matchesOf(table: Table, members: object, is: Match['is']): Match[] {
  return Object.entries(members).map(([member, column]) => {
    const kind = table.columns[String(column)]
    if (kind === undefined) throw new Error(`${table.name} has no column ${column}.`)
    return { member, column: String(column), kind, is }
  })
}
