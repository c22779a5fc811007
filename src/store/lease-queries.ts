/** The statements about leases: each is judged by the clock of the database, and no holder's. */
import type { Lease } from '../model/lease.ts'
import { type Query, reading, sql } from './sql.ts'
import { leases } from './tables/lease.ts'

type Dialect = 'sqlite' | 'postgres'

/** Milliseconds since 1970, as a statement finds them when it gets to the row. */
const clocks: Readonly<Record<Dialect, Query>> = {
  sqlite: { sql: `cast(unixepoch('subsec') * 1000 as integer)`, parameters: [] },
  postgres: { sql: '(extract(epoch from clock_timestamp()) * 1000)::bigint', parameters: [] },
}

/**
 * Takes a lease that is free or over, or is the holder's already; or whose end is further away than anybody takes it for: the clock was
 * set back since, and nobody would have it until that time came again. An instant is not enough, or clocks that are slewed took it away.
 *
 * @returns its fence, or no row
 */
export const takeLease = (dialect: Dialect, name: string, holder: string, forMs: number) =>
  reading(
    leases.part('fence'),
    sql`
  insert into leases (name, holder, fence, until_ms) values (${name}, ${holder}, 1, ${clocks[dialect]} + ${forMs})
  on conflict (name) do update set
    holder = excluded.holder, fence = leases.fence + 1, until_ms = excluded.until_ms
  where leases.until_ms <= ${clocks[dialect]} or leases.holder = excluded.holder
    or leases.until_ms > ${clocks[dialect]} + ${2 * forMs}
  returning fence`,
  )

/** @returns its fence, or no row when it is held no longer */
export const renewLease = (dialect: Dialect, lease: Lease, forMs: number) =>
  reading(
    leases.part('fence'),
    sql`update leases set until_ms = ${clocks[dialect]} + ${forMs} where ${isHeld(dialect, lease)} returning fence`,
  )

/** It is free from now on; its fence stays, for the next one to count on from. */
export const dropLease = (dialect: Dialect, lease: Lease): Query =>
  sql`update leases set until_ms = 0 where ${isHeld(dialect, lease)}`

/**
 * Whether a lease is held: a row or none. Within a transaction nobody takes it until that ends. It is locked for share, so that those
 * who write under it do not wait for each other.
 */
export const holdLease = (dialect: Dialect, lease: Lease): Query =>
  sql`select fence from leases where ${isHeld(dialect, lease)}${locks[dialect]}`

const locks: Readonly<Record<Dialect, Query>> = {
  // `begin immediate` has locked the whole store already.
  sqlite: sql``,
  postgres: sql` for share`,
}

function isHeld(dialect: Dialect, { name, holder, fence }: Lease): Query {
  return sql`name = ${name} and holder = ${holder} and fence = ${fence} and until_ms > ${clocks[dialect]}`
}
