/** A whole store in a PostgreSQL database: read in one transaction, or filled in one. */
import type { Client } from 'pg'
import { migrate, migrateWithin, refuseBesideOlder, refuseUnlessStore } from '../postgres/migrate.ts'
import { connectAlone } from '../postgres/one-connection.ts'
import { numbered } from '../sql.ts'
import type { Kind } from '../tables/field.ts'
import type { Table } from '../tables/table.ts'
import { countQuery, type Filling, pagesOf, type Row, refuseUnlessEmpty, type Snapshot } from './dump.ts'

/**
 * Beside running nodes: their changes wait for nothing, and are not seen.
 *
 * @throws Refusal `not_found` when there is no store
 */
export async function readPostgres(url: string): Promise<Snapshot> {
  const client = await connectAlone(url)
  try {
    await refuseUnlessStore(client, url)
    await refuseBesideOlder([client])
    await migrate(client)
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
  // Whoever takes the rows may be slow: a disk, an encryption, another database.
  await client.query('set idle_in_transaction_session_timeout = 0')
  await client.query('begin isolation level repeatable read read only')
  return {
    schema: await schemaOf(client),
    rows: (table, by) => pagesOf(table, (sql, parameters) => queryRows(client, sql, parameters), by),
    count: async () => Number((await client.query(countQuery)).rows[0]?.rows),
    close: () => client.end(),
  }
}

/** @throws Refusal `invalid` when there is something in the database */
export async function fillPostgres(url: string): Promise<Filling> {
  const client = await connectAlone(url)
  try {
    await client.query(`set idle_in_transaction_session_timeout = 0; set lock_timeout = '10s'`)
    await client.query('begin')
    // Within: of a store that is not filled after all not even the tables stay.
    await migrateWithin(client)
    // A server that starts now waits, then finds that it has come too late.
    await client.query('lock table meta, accounts in exclusive mode')
    await refuseUnlessEmpty(async (sql) => Number((await client.query(sql)).rows[0]?.rows))
  } catch (error) {
    await client.end()
    throw error
  }
  return {
    schema: await schemaOf(client),
    insert: (table, rows) => insert(client, table, rows),
    commit: async () => {
      await client.query('commit')
    },
    close: () => client.end(),
  }
}

const types: Record<Kind, string> = {
  integer: 'bigint',
  'integer?': 'bigint',
  text: 'text',
  'text?': 'text',
  bytes: 'bytea',
}

/** One statement for all rows: an array for each column. */
async function insert(client: Client, { name, columns }: Table, rows: readonly Row[]): Promise<void> {
  const names = Object.keys(columns)
  const arrays = Object.values(columns).map((kind, at) => `$${at + 1}::${types[kind]}[]`)
  const values = names.map((_, column) => rows.map((row) => asParameter(row[column])))
  await client.query(`insert into ${name} (${names.join(', ')}) select * from unnest(${arrays.join(', ')})`, values)
}

async function queryRows(client: Client, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
  const { rows } = await client.query({
    text: numbered(sql),
    values: [...parameters],
    rowMode: 'array',
  })
  return rows as Row[]
}

function asParameter(value: Row[number] | undefined): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value
}

async function schemaOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select max(name) as name from migrations')
  return rows[0]?.name ?? ''
}
