/** Brings the schema of a PostgreSQL database up to date, one node at a time. */
import type { Client } from 'pg'
import { noStore } from '../location.ts'
import { pending } from '../migrations/migrations.ts'

/** Any number of our own: nodes that start together wait for one another here. */
export const migrationLock = 7_305_610_112

export async function migrate(client: Client): Promise<void> {
  // Others may be at it.
  await client.query(`begin; set local lock_timeout = '10s'`)
  try {
    await migrateWithin(client)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/** As `migrate`, within the transaction that was begun. */
export async function migrateWithin(client: Client): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
  await client.query(
    'create table if not exists migrations (name text collate "C" primary key, applied_ms bigint not null)',
  )
  const { rows } = await client.query<{ name: string }>('select name from migrations order by name')
  for (const { name, postgres } of pending(rows.map((row) => row.name))) {
    await client.query(postgres)
    await client.query('insert into migrations (name, applied_ms) values ($1, $2)', [name, Date.now()])
  }
}

/** @throws Refusal `not_found` when a database holds no store, of which nothing is changed */
export async function refuseUnlessStore(client: Client, url: string): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass('migrations') is not null and to_regclass('meta') is not null as found`,
  )
  if (rows[0]?.found !== true) throw noStore({ databaseUrl: url, dataDir: '' })
}
