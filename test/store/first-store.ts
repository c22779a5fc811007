/**
 * A store as version 0.1 left it: two accounts with keys, users, factors, machines, seeds, trust rules and deployments.
 * `store-0.1` holds its rows as that version's own backup wrote them, its root key, and what opens it from outside.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Client } from 'pg'
import { migrations } from '../../src/store/migrations/migrations.ts'
import type { Table } from '../../src/store/tables/table.ts'
import { tables } from '../../src/store/tables/tables.ts'
import type { Place, TestEngine } from '../support/engines.ts'
import type { Lasting } from '../support/server.ts'

const folder = join(import.meta.dirname, 'store-0.1')
const lastMigration = '0009-key-uses'

interface Facts {
  readonly key: string
  readonly otherKey: string
  readonly readerKey: string
  readonly revokedKey: string
  readonly seedUrl: string
  readonly totpSecret: string
  readonly recoveryCodes: readonly string[]
  readonly origin: string
  /** Milliseconds since 1970. */
  readonly madeAt: number
}

export const facts = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as Facts

/** The two parts of its backup. */
export function partOf(part: 'keys' | 'values'): Buffer {
  return readFileSync(join(folder, `${part}.jsonl`))
}

export function copyRootKey({ dataDir }: Place): void {
  mkdirSync(dataDir, { recursive: true })
  copyFileSync(join(folder, 'root.key'), join(dataDir, 'root.key'))
  chmodSync(join(dataDir, 'root.key'), 0o600)
}

type Value = string | number | Buffer | null

/** The rows, each with the columns that its table had. */
function oldRows(): {
  readonly table: Table
  readonly columns: readonly string[]
  readonly values: readonly Value[]
}[] {
  const byTable = new Map<Table, (readonly (string | number | null)[])[]>()
  for (const part of ['keys', 'values'] as const) {
    let table: Table | undefined
    for (const line of partOf(part).toString().trimEnd().split('\n')) {
      const value = JSON.parse(line)
      if (Array.isArray(value)) table && byTable.get(table)?.push(value)
      else if (typeof value.table === 'string') {
        table = tables.find(({ name }) => name === value.table)
        if (table !== undefined) byTable.set(table, [])
      }
    }
  }
  return tables.flatMap((table) =>
    (byTable.get(table) ?? []).map((row) => {
      const columns = Object.entries(table.columns).slice(0, row.length)
      const values = row.map((value, at) =>
        columns[at]?.[1] === 'bytes' ? Buffer.from(String(value), 'base64') : value,
      )
      return { table, columns: columns.map(([name]) => name), values }
    }),
  )
}

const schema = migrations.slice(0, migrations.findIndex(({ name }) => name === lastMigration) + 1)

/** A place with that store, as the old program left it. */
export async function firstStore(t: Lasting, engine: TestEngine): Promise<Place> {
  const place = await engine.makePlace()
  t.after(() => place.clear())
  copyRootKey(place)
  if (place.databaseUrl === undefined) fillSqlite(place)
  else await fillPostgres(place.databaseUrl)
  return place
}

function fillSqlite({ dataDir }: Place): void {
  const database = new DatabaseSync(join(dataDir, 'strongroom.db'))
  database.exec('create table migrations (name text primary key, applied_ms integer not null) strict')
  for (const { name, sqlite } of schema) {
    database.exec(sqlite)
    database.prepare('insert into migrations values (?, 0)').run(name)
  }
  for (const { table, columns, values } of oldRows()) {
    const marks = values.map(() => '?').join(', ')
    const text = `insert into ${table.name} (${columns.join(', ')}) values (${marks})`
    database.prepare(text).run(...(values as SQLInputValue[]))
  }
  database.close()
}

async function fillPostgres(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.query('create table migrations (name text collate "C" primary key, applied_ms bigint not null)')
  for (const { name, postgres } of schema) {
    await client.query(postgres)
    await client.query('insert into migrations values ($1, 0)', [name])
  }
  for (const { table, columns, values } of oldRows()) {
    const marks = values.map((_, at) => `$${at + 1}`).join(', ')
    await client.query(`insert into ${table.name} (${columns.join(', ')}) values (${marks})`, [...values])
  }
  await client.end()
}
