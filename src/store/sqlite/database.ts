/** Opens the SQLite file with the settings that durability and safety rest on, and brings its schema up to date. */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Refusal } from '../../errors.ts'
import { pending } from '../migrations/migrations.ts'

/**
 * FULL, not NORMAL: in WAL mode NORMAL may lose acknowledged commits when the power fails
 * (https://www.sqlite.org/pragma.html#pragma_synchronous). `secure_delete` overwrites what is deleted.
 */
const settings = [
  ['journal_mode', 'wal'],
  ['synchronous', 2],
  ['foreign_keys', 1],
  ['trusted_schema', 0],
  ['secure_delete', 1],
  ['cell_size_check', 1],
  ['busy_timeout', 10_000],
  // In KiB, as a negative number: what is above the leaves of a million secrets stays in memory.
  ['cache_size', -16_384],
] as const

/**
 * @param path the file; made with mode 0600 when it is not there (SQLite gives its WAL the same mode)
 * @throws Refusal `invalid` when a setting does not take hold or the store is of a newer program
 */
export function openDatabase(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path)
  try {
    // First, so that a store which another process just opens is waited for.
    database.exec('pragma busy_timeout = 10000')
    for (const [name, value] of settings) {
      database.exec(`pragma ${name} = ${value}`)
      const row = database.prepare(`pragma ${name}`).get() ?? {}
      const [actual] = Object.values(row)
      if (actual !== value) throw new Refusal('invalid', `SQLite did not accept ${name} = ${value} for ${path}.`)
    }
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: DatabaseSync): void {
  database.exec('begin immediate')
  try {
    database.exec('create table if not exists migrations (name text primary key, applied_ms integer not null) strict')
    const applied = database.prepare('select name from migrations order by name').all()
    const mark = database.prepare('insert into migrations values (?, ?)')
    for (const { name, sqlite } of pending(applied.map((row) => String(row['name'])))) {
      database.exec(sqlite)
      mark.run(name, Date.now())
    }
    database.exec('commit')
  } catch (error) {
    if (database.isTransaction) database.exec('rollback')
    throw error
  }
}
