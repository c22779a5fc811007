/** Maps that may be longer than memory: the newest entries are in it, the others in a file that goes with the process. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** Entries in memory, of each map. */
const recentEntries = 10_000

/** A database of SQLite's own, which no name leads to: it has a file once it outgrows its cache, readable to no one else. */
export class LongMaps {
  #database: DatabaseSync | undefined
  #count = 0
  readonly #recentEntries: number

  /** @param recent how many entries of each map are kept in memory */
  constructor(recent = recentEntries) {
    this.#recentEntries = recent
  }

  /** A map whose values are what JSON can say. */
  make<Value>(): LongMap<Value> {
    return new LongMap(() => this.#table(), this.#recentEntries)
  }

  close(): void {
    this.#database?.close()
  }

  #table(): { readonly database: DatabaseSync; readonly table: string } {
    if (this.#database === undefined) {
      this.#database = new DatabaseSync('')
      this.#database.exec('pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -16384; begin')
    }
    const table = `map_${++this.#count}`
    this.#database.exec(`create table ${table} (name text primary key, value text not null) strict, without rowid`)
    return { database: this.#database, table }
  }
}

interface Statements {
  readonly set: StatementSync
  readonly get: StatementSync
  readonly all: StatementSync
}

/** While all of it is in memory, its entries come in the order in which they came first; later in that of their names. */
export class LongMap<Value> {
  readonly #makeTable: () => { readonly database: DatabaseSync; readonly table: string }
  readonly #recentEntries: number
  readonly #recent = new Map<string, Value>()
  #statements: Statements | undefined

  constructor(makeTable: () => { readonly database: DatabaseSync; readonly table: string }, recent: number) {
    this.#makeTable = makeTable
    this.#recentEntries = recent
  }

  get(name: string): Value | undefined {
    const recent = this.#recent.get(name)
    if (recent !== undefined || this.#statements === undefined) return recent
    const row = this.#statements.get.get(name)
    return row === undefined ? undefined : this.#read(row['value'])
  }

  set(name: string, value: Value): void {
    this.#recent.set(name, value)
    if (this.#recent.size > this.#recentEntries) this.#putAway()
  }

  *entries(): Generator<readonly [string, Value]> {
    if (this.#statements === undefined) return yield* this.#recent
    this.#putAway()
    for (const { name, value } of this.#statements.all.iterate()) yield [String(name), this.#read(value)]
  }

  /** In the order of their names, so that neighbours lie side by side in the file. */
  #putAway(): void {
    this.#statements ??= this.#prepare()
    const names = [...this.#recent.keys()].sort()
    for (const name of names) this.#statements.set.run(name, JSON.stringify(this.#recent.get(name)))
    this.#recent.clear()
  }

  #prepare(): Statements {
    const { database, table } = this.#makeTable()
    return {
      set: database.prepare(
        `insert into ${table} (name, value) values (?, ?) on conflict (name) do update set value = excluded.value`,
      ),
      get: database.prepare(`select value from ${table} where name = ?`),
      all: database.prepare(`select name, value from ${table} order by name`),
    }
  }

  /** What `set` has written. */
  #read(value: unknown): Value {
    return JSON.parse(String(value))
  }
}
