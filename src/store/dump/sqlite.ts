/** A whole store in a SQLite file: read in one transaction, or filled in one. */
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { backup, DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { codeOf } from '../../error-code.ts'
import { Refusal } from '../../errors.ts'
import { migrations } from '../migrations/migrations.ts'
import { openDatabase } from '../sqlite/database.ts'
import { resultCodeOf, sqliteFull } from '../sqlite/result-codes.ts'
import type { Value } from '../tables/field.ts'
import type { Table } from '../tables/table.ts'
import { countQuery, type Filling, pagesOf, type Row, refuseUnlessEmpty, type Snapshot } from './dump.ts'

/**
 * For whoever has the data folder: nothing else writes.
 *
 * @throws Refusal `not_found` when there is no store, others when it is of a newer program or damaged
 */
export function readSqlite(path: string): Snapshot {
  // Brings the schema up to date, and checks the settings.
  openDatabase(path, false, true).close()
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 })
  database.exec('begin')
  return snapshotOf(database)
}

/** Pages that are copied at once: 40 MB. */
const copiedAtOnce = 10_000

/**
 * Beside a running server: of a copy that is made first, as fast as the disk is, and goes with the process: while anybody reads a store as
 * it was, its write-ahead log only grows, and whoever takes the rows may be slow.
 *
 * @throws Refusal `storage_full` when there is no room for the copy
 */
export async function readCopyOfSqlite(path: string): Promise<Snapshot> {
  openDatabase(path, false).close()
  clearCopies(path)
  const copyPath = `${path}.copy-${process.pid}`
  // Of nobody but the owner, whatever the mask of the process is.
  closeSync(openSync(copyPath, 'w', 0o600))
  try {
    await copyAtOneMoment(path, copyPath)
    const database = new DatabaseSync(copyPath)
    database.exec('pragma journal_mode = delete; pragma query_only = 1; begin')
    return snapshotOf(database)
  } catch (error) {
    if (resultCodeOf(error) !== sqliteFull) throw error
    throw new Refusal('storage_full', `There is no room for a copy of ${path} beside it.`, { cause: error })
  } finally {
    // It is open, or of no use.
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(copyPath + end, { force: true })
  }
}

/** What was left by those that were killed as they copied. */
function clearCopies(path: string): void {
  for (const name of readdirSync(dirname(path))) {
    const [, pid] = new RegExp(`^${basename(path)}\\.copy-(\\d+)`).exec(name) ?? []
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(dirname(path), name), { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Somebody else's, which may not be asked, runs.
    return codeOf(error) === 'EPERM'
  }
}

async function copyAtOneMoment(path: string, copyPath: string): Promise<void> {
  const source = new DatabaseSync(path, { readOnly: true, timeout: 10_000 })
  try {
    // One moment for all steps: else a copy begins anew whenever somebody writes.
    source.exec('begin')
    source.prepare('select count(*) from migrations').get()
    await backup(source, copyPath, { rate: copiedAtOnce })
  } finally {
    source.close()
  }
}

function snapshotOf(database: DatabaseSync): Snapshot {
  return {
    schema: schemaOf(database),
    rows: (table, by) => {
      const query = (sql: string, parameters: readonly Value[]) => {
        const statement = database.prepare(sql)
        statement.setReturnArrays(true)
        return statement.all(...(parameters as SQLInputValue[])) as unknown as Row[]
      }
      return pagesOf(table, query, by)
    },
    count: async () => Number(database.prepare(countQuery).get()?.['rows']),
    close: async () => database.close(),
  }
}

/** @throws Refusal `invalid` when there is something in the file */
export async function fillSqlite(path: string): Promise<Filling> {
  const database = openDatabase(path, true)
  try {
    // Rows come in an order in which each may refer to those before it.
    database.exec('begin immediate')
    await refuseUnlessEmpty((sql) => Number(database.prepare(sql).get()?.['rows']))
  } catch (error) {
    database.close()
    throw error
  }
  return {
    schema: schemaOf(database),
    insert: async (table, rows) => {
      const statement = database.prepare(insertInto(table))
      for (const row of rows) statement.run(...(row as SQLInputValue[]))
    },
    commit: async () => database.exec('commit'),
    close: async () => database.close(),
  }
}

function insertInto({ name, columns }: Table): string {
  const names = Object.keys(columns)
  return `insert into ${name} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`
}

function schemaOf(database: DatabaseSync): string {
  const row = database.prepare('select max(name) as name from migrations').get()
  return String(row?.['name'] ?? migrations[0]?.name)
}
