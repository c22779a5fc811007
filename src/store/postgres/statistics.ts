/**
 * Has PostgreSQL count the rows of its tables where it does not know them yet. Not told, it takes a table for almost empty, and
 * reads all of it rather than an index; its own autovacuum looks once a minute at the most.
 */
import { DatabaseError, type PoolClient } from 'pg'
import { tables } from '../tables/tables.ts'
import { cutAfter, Deadline } from './deadline.ts'
import { isSpent } from './failures.ts'
import type { Pool } from './pool.ts'

const watchMs = 5_000
/** A right may be granted, a disk emptied, and a table that takes too long costs this little. */
const refusedMs = 600_000
/** Whoever looks at a very large table for longer leaves it to autovacuum. */
const countMs = 5_000
/** A table with fewer rows is read as fast as its index; one is counted again when it has so many times as many. */
const least = 300
const growth = 4
/** Any number of our own: nodes take turns. */
const countLock = 7_305_610_115

/** Tables of the store that have become much larger than they are known to be, and that the role may have counted. */
const grown = {
  name: 'grown_tables',
  text: `select c.relname::text as name from pg_class c join pg_stat_user_tables s on s.relid = c.oid
    where c.relnamespace = (select relnamespace from pg_class where oid = to_regclass('meta')) and c.relname = any($1::text[])
      and s.n_live_tup >= ${least} and s.n_mod_since_analyze > ${growth} * greatest(c.reltuples, 0)
      and pg_has_role(c.relowner, 'usage')`,
  values: [[...tables.map(({ name }) => name), 'secret_tags']],
}

/** @returns what ends it */
export function watchStatistics(pool: Pool): () => void {
  let passedOver = 0
  const timer = setInterval(() => {
    if (passedOver > 0) {
      passedOver--
      return
    }
    countGrown(pool).catch((error) => {
      // What the database refuses it would refuse the next time, too, and for a while.
      if (error instanceof DatabaseError && !isSpent(error)) passedOver = refusedMs / watchMs
    })
  }, watchMs).unref()
  return () => clearInterval(timer)
}

/** @returns the tables that were counted */
export async function countGrown(pool: Pool): Promise<readonly string[]> {
  const deadline = new Deadline(2 * countMs)
  const client = await pool.take(deadline)
  try {
    const counted = await cutAfter(deadline.left, client, async () => {
      const names = await grownTables(client)
      return names.length === 0 ? [] : countInTurn(client)
    })
    pool.giveBack(client)
    return counted
  } catch (error) {
    pool.discard(client)
    throw error
  }
}

async function countInTurn(client: PoolClient): Promise<readonly string[]> {
  // Nobody needs it to be durable, and so no standby is waited for.
  await client.query(`begin; set local statement_timeout = ${countMs}; set local synchronous_commit = off`)
  const { rows } = await client.query<{ isOurs: boolean }>('select pg_try_advisory_xact_lock($1) as "isOurs"', [
    countLock,
  ])
  // Another node may have been there meanwhile.
  const names = rows[0]?.isOurs === true ? await grownTables(client) : []
  if (names.length > 0) await client.query(`analyze (skip_locked) ${names.join(', ')}`)
  await client.query('commit')
  return names
}

async function grownTables(client: PoolClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(grown)
  return rows.map(({ name }) => name)
}
