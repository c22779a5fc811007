/** SQL of the tables' definitions for PostgreSQL: one statement over arrays, however many rows it is about. */
import type { Match, Question } from '../lookup.ts'
import type { Column, Kind, Value } from '../tables/field.ts'
import { type Removal, sweptAtOnce } from '../tables/removal.ts'
import type { Part, TableOf } from '../tables/table.ts'
import type { Step } from '../writes.ts'

/** A prepared statement: its name on the connection, and its text. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export const types: Readonly<Record<Kind, string>> = {
  integer: 'bigint',
  'integer?': 'bigint',
  text: 'text',
  'text?': 'text',
  bytes: 'bytea',
}

const known = new WeakMap<object, Map<string, Statement>>()

/** Made when it is first needed. */
function once(of: object, name: string, text: () => string): Statement {
  const statements = known.get(of) ?? new Map<string, Statement>()
  known.set(of, statements)
  const found = statements.get(name) ?? { name, text: text() }
  statements.set(name, found)
  return found
}

export function statementOf({ kind, table }: Exclude<Step, { kind: 'remove' }>): Statement {
  return once(table, `${kind}_${table.name}`, () => texts[kind](table))
}

export function removing(removal: Removal<object>): Statement {
  return once(removal, removal.name, () => removeText(removal))
}

export function finding(lookup: Question): Statement {
  return once(lookup, lookup.name, () => findText(lookup))
}

/**
 * Finds by one reference, whose members are the parameters. The database plans it once for all, and not each time: an array of
 * a length that it does not know counts as ten elements, which in a table of a thousand rows it takes for more than to read all.
 */
export function findingOne(lookup: Question): Statement {
  const conditions = lookup.matches.map(({ column, kind, is }, at) => `t.${column} ${is} $${at + 1}::${types[kind]}`)
  return once(lookup, `${lookup.name}_of_one`, () => findWhere(lookup, `${lookup.table} t`, conditions))
}

/** The parameters of a statement over rows: an array for each column. */
export function arraysOf(rows: readonly (readonly Value[])[]): Value[][] {
  const [first = []] = rows
  return first.map((_, at) => rows.map((row) => row[at] ?? null))
}

const texts: Readonly<Record<Exclude<Step['kind'], 'remove'>, (table: TableOf<object>) => string>> = {
  insert: insertText,
  update: ({ name, ofUpdate, ofKey, keyLength }) => {
    const changes = ofUpdate.columns.slice(0, -keyLength).map((column, at) => `${column.name} = r.c${at}`)
    return `update ${name} set ${changes.join(', ')} from ${unnest(ofUpdate.columns)}
      where ${equal(name, ofKey, changes.length)}`
  },
  put: (table) => {
    const changes = table.ofUpdate.columns
      .slice(0, -table.keyLength)
      .map((column) => `${column.name} = excluded.${column.name}`)
    const key = table.ofKey.columns.map((column) => column.name)
    return `${insertText(table)} on conflict (${key.join(', ')}) do update set ${changes.join(', ')}`
  },
  free: ({ name, ofKey }) =>
    `update ${name} set name = ' ' || id from ${unnest(ofKey.columns)} where ${equal(name, ofKey, 0)}`,
}

function insertText({ name, columns }: TableOf<object>): string {
  const arrays = Object.values(columns).map((kind, at) => `$${at + 1}::${types[kind]}[]`)
  return `insert into ${name} (${Object.keys(columns).join(', ')}) select * from unnest(${arrays.join(', ')})`
}

function removeText({ table, by, isUpTo, where, isSweep }: Removal<object>): string {
  const last = by.columns.length - 1
  const conditions = by.columns.map(({ name }, at) => `${table}.${name} ${isUpTo && at === last ? '<=' : '='} r.c${at}`)
  const all = [...conditions, ...(where === '' ? [] : [`${table}.${where}`])]
  const which = `${unnest(by.columns)} where ${all.join(' and ')}`
  if (!isSweep) return `delete from ${table} using ${which}`
  return `delete from ${table} where ctid = any(array(select ${table}.ctid from ${table}, ${which} limit ${sweptAtOnce}))`
}

function findText(lookup: Question): string {
  const { table, matches } = lookup
  const [first, ...others] = matches
  if (first !== undefined && others.length === 0) {
    return findWhere(lookup, `${table} t`, [`t.${first.column} = any($1::${types[first.kind]}[])`])
  }
  const conditions = matches.map(({ column, is }, at) => `t.${column} ${is} r.c${at}`)
  return findWhere(lookup, `${unnest(matches)} join ${table} t on ${conditions.join(' and ')}`, [])
}

/** @param from where the table is called `t` */
function findWhere({ select, joins, where, ending }: Question, from: string, conditions: readonly string[]): string {
  const all = where === '' ? conditions : [...conditions, where]
  const whole = all.length === 0 ? '' : `where ${all.join(' and ')}`
  return `select ${select} from ${from} ${joins} ${whole} ${ending}`
}

/** Rows as a table of a statement, from one array for each column. */
function unnest(columns: readonly (Pick<Column, 'kind'> | Pick<Match, 'kind'>)[]): string {
  const arrays = columns.map(({ kind }, at) => `$${at + 1}::${types[kind]}[]`)
  return `unnest(${arrays.join(', ')}) r (${columns.map((_, at) => `c${at}`).join(', ')})`
}

function equal(table: string, { columns }: Part<object>, from: number): string {
  return columns.map(({ name }, at) => `${table}.${name} = r.c${from + at}`).join(' and ')
}
