/** How rows are found within a batch's transaction: described once, for both databases, with what is checked of them. */
import type { SealedRows, SealedTable } from './coverage.ts'
import { type Forged, forgedRow } from './forged.ts'
import type { RowMacs } from './row-macs.ts'
import type { At, Fact, Index, Rows } from './rows.ts'
import type { Kind, NamedRow, Value } from './tables/field.ts'
import type { Open, Part, Table } from './tables/table.ts'
import type { World } from './world.ts'

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
  /** Whether one that is asked for alone is found in the same way whatever it is, and however full its table: by a key. */
  readonly isPlannedOnce: boolean
}

/** What is found, by what is asked for. */
export interface Lookup<Ref, Found> extends Question {
  /** What rows mean, in their order. */
  read(rows: readonly NamedRow[]): readonly Found[]
  /** What is not authentic of something found, or lacks a part; nothing where rows have no MAC. */
  readonly check: Check<Found> | undefined
  /** What is put beside what is asked for, when it is looked for. */
  readonly beside: ((now: number) => Partial<Ref>) | undefined
  /** What a batch knows once it was found. */
  readonly take: (world: World, found: readonly Found[]) => void
  /** Names what is asked for: what is asked for twice is looked for once. */
  readonly atOf: (ref: Ref) => At
}

type Check<Found> = (found: Found, macs: RowMacs) => Forged | undefined

export interface Options<Ref> extends Partial<Parts> {
  /** What is put beside what is asked for, when it is looked for. */
  readonly beside?: (now: number) => Partial<Ref>
  /** By members of what is asked for, the columns that are equal to them. */
  readonly by: { readonly [Member in keyof Ref & string]?: string }
  /** By others, the columns that are greater. */
  readonly beyond?: { readonly [Member in keyof Ref & string]?: string }
  /** See `Question`. */
  readonly isPlannedOnce?: boolean
}

/** Rows of a table with MACs: each is checked. */
export function sealedRows<Ref>() {
  return <Name extends SealedTable>(
    name: string,
    table: Table &
      Rows<SealedRows[Name], SealedRows[Name], never> & { readonly name: Name; read(row: NamedRow): SealedRows[Name] },
    options: Options<Ref>,
    take = takeInto<SealedRows[Name]>(table),
  ): Lookup<Ref, SealedRows[Name]> =>
    lookup<Ref, SealedRows[Name]>(name, table, options, (rows) => rows.map(table.read), authentic(table.name), take)
}

/** Checks rows of a table by their MACs. */
export function authentic<Name extends SealedTable>(table: Name): Check<SealedRows[Name]> {
  return (row, macs) => (macs.isAuthentic(table, row) ? undefined : forgedRow(table, row))
}

/** Rows of a table without MACs. */
export function openRows<Ref>() {
  return <Model>(name: string, table: Open<string, Model, never>, options: Options<Ref>): Lookup<Ref, Model> =>
    lookup<Ref, Model>(name, table, options, (rows) => rows.map(table.read), undefined, takeInto(table))
}

/** Rows as they are. */
export function takeInto<Row>(rows: Rows<Row, unknown, never>): Lookup<never, Row>['take'] {
  return (world, found) => world.take(rows, found)
}

/** Enough of rows to know them by an index. */
export function noteBy<Row, Own, Part extends Partial<Own>>(
  index: Index<Row, Own, never>,
): Lookup<never, Part>['take'] {
  return (world, found) => {
    for (const own of found) world.note(index, own)
  }
}

/** How many there are. */
export interface Counted {
  readonly accountId: number
  readonly id: number
  readonly count: number
}

/** What is counted, by an account and an id. */
export function countAs(fact: Fact<readonly [number, number], number>): Lookup<never, Counted>['take'] {
  return (world, found) => {
    for (const { accountId, id, count } of found) world.setFact(fact, count, accountId, id)
  }
}

/** What has another form than a row. */
export function lookup<Ref, Found>(
  name: string,
  table: Table,
  { by, beyond = {}, beside, isPlannedOnce = false, ...parts }: Options<Ref>,
  read: (rows: readonly NamedRow[]) => readonly Found[],
  check: Check<Found> | undefined,
  take: Lookup<Ref, Found>['take'],
): Lookup<Ref, Found> {
  return {
    ...{ name, table: table.name, read, check, beside, take, isPlannedOnce, atOf: nameWriter(Object.keys(by)) },
    ...{ select: listed(table), joins: '', where: '', ending: '', ...parts },
    matches: [...matchesOf(table, by, '='), ...matchesOf(table, beyond, '>')],
  }
}

/** What a question is asked by, of one that is asked for: a value for each of its matches. */
export function valuesOfRef({ matches }: Question, ref: object): Value[] {
  const members = ref as Readonly<Record<string, Value>>
  return matches.map(({ member }) => members[member] ?? null)
}

/** The columns of a table, or of a part of it, by their names. */
export function listed({ columns }: { readonly columns: Table['columns'] | Part<never>['columns'] }): string {
  const names = Array.isArray(columns) ? columns.map(({ name }) => name) : Object.keys(columns)
  return names.map((name) => `t.${name}`).join(', ')
}

/** Of one member or two; the last one alone may hold blanks. */
function nameWriter<Ref>([first = '', second, third]: readonly string[]): (ref: Ref) => At {
  const of = (ref: Ref, member: string) => (ref as Readonly<Record<string, At>>)[member] ?? ''
  if (second === undefined) return (ref) => of(ref, first)
  if (third === undefined) return (ref) => `${of(ref, first)} ${of(ref, second)}`
  return (ref) => `${of(ref, first)} ${of(ref, second)} ${of(ref, third)}`
}

function matchesOf(table: Table, members: object, is: Match['is']): Match[] {
  return Object.entries(members).map(([member, column]) => {
    const kind = table.columns[String(column)]
    if (kind === undefined) throw new Error(`${table.name} has no column ${column}.`)
    return { member, column: String(column), kind, is }
  })
}
