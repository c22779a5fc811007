/** Opens the SQLite file with the settings that durability and safety rest on, and brings its schema up to date. */
import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Refusal } from '../../errors.ts'
import { noStore } from '../location.ts'
import { isServed } from '../lock.ts'
import { pending } from '../migrations/migrations.ts'
import { newStore, newStoreHas } from '../migrations/new-store.ts'
import { newerThanServers } from '../newer.ts'
import { resultCodeOf, sqliteBusy, sqliteFull } from './result-codes.ts'
import { tellStatistics } from './statistics.ts'

/** So long is another process waited for that opens, fills or changes the store. */
const busyMs = 10_000

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
  ['busy_timeout', busyMs],
  // In KiB, as a negative number: what is above the leaves of a million secrets stays in memory.
  ['cache_size', -8192],
  // Whatever kept a reader from letting go of it, the write-ahead log does not stay larger than this afterwards.
  ['journal_size_limit', 16_777_216],
] as const

/**
 * @param path the file; made with mode 0600 when it is not there (SQLite gives its WAL the same mode)
 * @param mayMake whether it may be made, or a store be made in it
 * @param isOwner whether the data folder is the caller's alone: else a store that a server uses is not brought up to date
 * @throws Refusal `not_found` when it holds no store and none may be made, `invalid` when it cannot be used as a store or
 *   is of a newer program, `storage_full`
 */
export function openDatabase(path: string, mayMake: boolean, isOwner = false): DatabaseSync {
  try {
    return open(path, mayMake, isOwner)
  } catch (error) {
    throw error instanceof Refusal ? error : unusable(path, error)
  }
}

function unusable(path: string, error: unknown): Refusal {
  const isOfSystem = error instanceof Error && 'code' in error && 'syscall' in error
  const reason = isOfSystem ? String(error.code) : error instanceof Error ? error.message : 'unknown'
  const message = `The database file ${path} cannot be opened: ${reason}.`
  return new Refusal(resultCodeOf(error) === sqliteFull ? 'storage_full' : 'invalid', message)
}

function open(path: string, mayMake: boolean, isOwner: boolean): DatabaseSync {
  if (mayMake) closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path)
  try {
    // First, so that a store which another process just opens is waited for.
    database.exec(`pragma busy_timeout = ${busyMs}`)
    // Before any setting: of what is not ours nothing is changed.
    const mark = database.prepare("select 1 as found from sqlite_master where name = 'migrations'").get()
    if (!mayMake && mark === undefined) throw noStore({ databaseUrl: undefined, dataDir: dirname(path) })
    enterWal(database)
    for (const [name, value] of settings) {
      database.exec(`pragma ${name} = ${value}`)
      const row = database.prepare(`pragma ${name}`).get() ?? {}
      const [actual] = Object.values(row)
      if (actual !== value) throw new Refusal('invalid', `SQLite did not accept ${name} = ${value} for ${path}.`)
    }
    migrate(database, () => !isOwner && isServed(dirname(path)))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const pauseMs = 10

/** A new file enters this mode at once or not at all: SQLite waits for no other that writes just then, whatever `busy_timeout` is. */
function enterWal(database: DatabaseSync): void {
  for (const end = performance.now() + busyMs; ; ) {
    try {
      database.exec('pragma journal_mode = wal')
      return
    } catch (error) {
      if (resultCodeOf(error) !== sqliteBusy || performance.now() > end) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
    }
  }
}

/** @param isUsed whether an older server uses the store */
function migrate(database: DatabaseSync, isUsed: () => boolean): void {
  database.exec('begin immediate')
  try {
    database.exec('create table if not exists migrations (name text primary key, applied_ms integer not null) strict')
    const applied = database.prepare('select name from migrations order by name').all()
    const mark = database.prepare('insert into migrations (name, applied_ms) values (?, ?)')
    const missing = pending(applied.map((row) => String(row['name'])))
    const isNew = applied.length === 0
    if (!isNew && missing.length > 0 && isUsed()) throw newerThanServers()
    if (isNew) database.exec(newStore)
    const made = isNew ? missing.findIndex(({ name }) => name === newStoreHas) + 1 : 0
    for (const { sqlite } of missing.slice(made)) database.exec(sqlite)
    for (const { name } of missing) mark.run(name, Date.now())
    tellStatistics(database)
    database.exec('commit')
  } catch (error) {
    if (database.isTransaction) database.exec('rollback')
    throw error
  }
}
