/** A whole store in a SQLite file: read in one transaction, or filled in one. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { migrations } from '../migrations/migrations.ts'
import { openDatabase } from '../sqlite/database.ts'
import type { Table } from '../tables/table.ts'
import { countQuery, type Filling, pagesOf, type Row, refuseUnlessEmpty, type Snapshot } from './dump.ts'

/**
 * Beside a running server: its changes wait for nothing, and are not seen.
 *
 * @throws Refusal `not_found` when there is no store, others when it is of a newer program or damaged
 */
export function readSqlite(path: string): Snapshot {
  // Brings the schema up to date, and checks the settings.
  openDatabase(path, false).close()
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 })
  database.exec('begin')
  return {
    schema: schemaOf(database),
    rows: (table) =>
      pagesOf(table, (sql, parameters) => {
        const statement = database.prepare(sql)
        statement.setReturnArrays(true)
        return statement.all(...(parameters as SQLInputValue[])) as unknown as Row[]
      }),
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
