/** SQL of the tables' definitions for SQLite: one row at a time, prepared when it is first needed. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Question } from '../lookup.ts'
import type { Column, NamedRow } from '../tables/field.ts'
import { type Removal, sweptAtOnce } from '../tables/removal.ts'
import type { TableOf } from '../tables/table.ts'
import type { Step } from '../writes.ts'
import { maxBytes } from './known-rows.ts'

type Kind = Exclude<Step['kind'], 'remove'>

export class Statements {
  readonly #database: DatabaseSync
  /** By the kind of a step, and by the table or the removal. */
  readonly #prepared: Readonly<Record<Kind | 'remove' | 'find' | 'compare', Map<object, StatementSync>>> = {
    insert: new Map(),
    update: new Map(),
    put: new Map(),
    free: new Map(),
    remove: new Map(),
    find: new Map(),
    compare: new Map(),
  }
  readonly #others = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  of(kind: Kind, table: TableOf<object>): StatementSync {
    return this.#get(this.#prepared[kind], table, () => texts[kind](table))
  }

  removing(removal: Removal<object>): StatementSync {
    return this.#get(this.#prepared.remove, removal, () => removeText(removal))
  }

  finding(question: Question): StatementSync {
    return this.#get(this.#prepared.find, question, () => findText(question))
  }

  /** Finds the same rows, only to be compared: arrays and texts are made, and collected, for less than objects and bytes. */
  comparing(question: Question): StatementSync {
    const known = this.#prepared.compare.get(question)
    if (known !== undefined) return known
    const statement = this.#get(this.#prepared.compare, question, () => this.#compareText(question))
    statement.setReturnArrays(true)
    return statement
  }

  #compareText(question: Question): string {
    const columns = this.finding(question).columns()
    const compared = columns.map(({ name, type }) => (type === 'BLOB' ? hexOf(name) : name))
    return `select ${compared.join(', ')} from (${findText(question)})`
  }

  /** The rows of a statement that is its own. */
  all(text: string, ...parameters: SQLInputValue[]): NamedRow[] {
    const known = this.#others.get(text)
    const statement = known ?? this.#database.prepare(text)
    if (known === undefined) this.#others.set(text, statement)
    return statement.all(...parameters) as NamedRow[]
  }

  #get(prepared: Map<object, StatementSync>, of: object, text: () => string): StatementSync {
    const known = prepared.get(of)
    if (known !== undefined) return known
    const statement = this.#database.prepare(text())
    prepared.set(of, statement)
    return statement
  }
}

const texts: Readonly<Record<Kind, (table: TableOf<object>) => string>> = {
  insert: insertText,
  update: (table) => `update ${table.name} set ${equal(changing(table), ', ')} where ${equal(table.ofKey.columns)}`,
  put: (table) => {
    const changes = changing(table).map((column) => `${column.name} = excluded.${column.name}`)
    const key = table.ofKey.columns.map((column) => column.name)
    return `${insertText(table)} on conflict (${key.join(', ')}) do update set ${changes.join(', ')}`
  },
  free: ({ name, ofKey }) => `update ${name} set name = ' ' || id where ${equal(ofKey.columns)}`,
}

function insertText({ name, columns }: TableOf<object>): string {
  const names = Object.keys(columns)
  return `insert into ${name} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`
}

function removeText({ table, by, isUpTo, where, isSweep, key: columns }: Removal<object>): string {
  const conditions = by.columns.map(
    ({ name }, at) => `${name} ${isUpTo && at === by.columns.length - 1 ? '<=' : '='} ?`,
  )
  const which = [...conditions, ...(where === '' ? [] : [where])].join(' and ')
  if (!isSweep) return `delete from ${table} where ${which}`
  const key = columns.join(', ')
  return `delete from ${table} where (${key}) in (select ${key} from ${table} where ${which} limit ${sweptAtOnce})`
}

function findText({ select, table, joins, matches, where, ending }: Question): string {
  const conditions = [...matches.map(({ column, is }) => `t.${column} ${is} ?`), ...(where === '' ? [] : [where])]
  return `select ${select} from ${table} t ${joins} where ${conditions.join(' and ')} ${ending}`
}

/** No text, where it would be too long to be known. */
function hexOf(column: string): string {
  return `case when ${column} is null then null when length(${column}) > ${maxBytes} then 0 else hex(${column}) end`
}

/** The columns that an update changes. */
function changing({ ofUpdate, keyLength }: TableOf<object>): readonly Column[] {
  return ofUpdate.columns.slice(0, -keyLength)
}

function equal(columns: readonly Column[], between = ' and '): string {
  return columns.map(({ name }) => `${name} = ?`).join(between)
}
