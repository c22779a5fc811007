/** Brings the schema of a PostgreSQL database up to date, one node at a time. */
import type { Client } from 'pg'
import { Refusal } from '../../errors.ts'
import { noStore } from '../location.ts'
import { isAdditive } from '../migrations/additive.ts'
import type { Migration } from '../migrations/migration.ts'
import { pending } from '../migrations/migrations.ts'
import { newerThanServers } from '../newer.ts'
import { applicationName, ofStrongroom } from './connect.ts'
import { Unusable } from './unusable.ts'

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
  const steps = pending(rows.map((row) => row.name))
  await refuseBesideServing(client, steps)
  for (const { name, postgres } of steps) {
    await client.query(postgres)
    await client.query(
      'insert into migrations (name, applied_ms) select $1, (extract(epoch from clock_timestamp()) * 1000)::bigint',
      [name],
    )
  }
}

/**
 * For whoever is no server: the first server of a newer version brings the schema along, when its turn has come.
 *
 * @param own the connections of whoever asks
 * @throws Refusal `invalid` when servers use a database whose schema is older than this program
 */
export async function refuseBesideOlder(own: readonly Client[]): Promise<void> {
  const [client] = own
  if (client === undefined || !(await lacksSteps(client))) return
  const pids = await Promise.all(own.map(async (one) => (await one.query<{ pid: number }>(pidQuery)).rows[0]?.pid))
  const { rowCount } = await client.query(
    `select pid from pg_stat_activity
     where datname = current_database() and ${ofStrongroom} and pid <> all($1::int[])`,
    [pids],
  )
  if (rowCount !== 0) throw newerThanServers()
}

/** Whether there is a store, and of an older version. */
async function lacksSteps(client: Client): Promise<boolean> {
  const { rows: found } = await client.query<{ is: boolean }>(`select to_regclass('migrations') is not null as is`)
  if (found[0]?.is !== true) return false
  const { rows } = await client.query<{ name: string }>('select name from migrations order by name')
  return rows.length > 0 && pending(rows.map(({ name }) => name)).length > 0
}

/**
 * A step that does more than add waits until nodes of the version before are gone.
 *
 * @throws Refusal `invalid` while there are any
 */
async function refuseBesideServing(client: Client, steps: readonly Migration[]): Promise<void> {
  const step = steps.find((one) => !isAdditive(one))
  if (step === undefined) return
  const { rows } = await client.query<{ name: string }>(
    `select distinct application_name as name from pg_stat_activity
     where datname = current_database() and ${ofStrongroom} and application_name <> $1 order by 1`,
    [applicationName],
  )
  if (rows.length === 0) return
  const text = `The step ${step.name} of the schema is not one that servers of an older version can go on beside: stop them first.`
  throw new Refusal('invalid', text, { cause: new Unusable(text, true) })
}

const pidQuery = 'select pg_backend_pid() as pid'

/** @throws Refusal `not_found` when a database holds no store, of which nothing is changed */
export async function refuseUnlessStore(client: Client, url: string): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass('migrations') is not null and to_regclass('meta') is not null as found`,
  )
  if (rows[0]?.found !== true) throw noStore({ databaseUrl: url, dataDir: '' })
}
