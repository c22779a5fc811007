/** Counts what the store holds, over all accounts: a stretch of each table at a time, so that nobody waits for the whole. */
import { between, type Key } from './bounds.ts'
import { all, eachByItself, joined, none, type Query, sql } from './sql.ts'
import { Stride } from './stride.ts'
import { apiKeys } from './tables/api-key.ts'
import { deployments } from './tables/deployment.ts'
import type { NamedRow } from './tables/field.ts'
import { secrets } from './tables/secret.ts'

const dayMs = 86_400_000

type Ask = (query: Query) => Promise<readonly NamedRow[]>

/** Rows of a table whose primary key is an account and an id. */
interface Counted<Name extends string> {
  readonly table: { readonly name: string; readonly columns: Readonly<Record<string, unknown>> }
  /** What is counted of the rows that are called `t`. */
  readonly counts: Readonly<Record<Name, Query>>
  readonly where?: Query
}

export function countKeys(now: number) {
  const open = sql`t.revoked_ms is null and (t.expires_ms is null or t.expires_ms > ${now})`
  const within = (days: number) => sql`${open} and t.expires_ms <= ${now + days * dayMs}`
  return {
    table: apiKeys,
    where: sql`t.user_id is null and t.rule_id is null`,
    counts: {
      active: open,
      expired: sql`t.revoked_ms is null and t.expires_ms <= ${now}`,
      revoked: sql`t.revoked_ms is not null`,
      within7Days: within(7),
      within30Days: within(30),
    },
  } as const
}

export function countSecrets(now: number) {
  const unchanged = (days: number) => sql`t.updated_ms < ${now - days * dayMs}`
  const within = (days: number) => sql`t.expires_ms > ${now} and t.expires_ms <= ${now + days * dayMs}`
  return {
    table: secrets,
    counts: {
      all: sql`1 = 1`,
      over90Days: unchanged(90),
      over365Days: unchanged(365),
      expired: sql`t.expires_ms <= ${now}`,
      within7Days: within(7),
      within30Days: within(30),
    },
  } as const
}

/** Those that hold a secret that is gone, or has a newer version, are stale. */
export function countDeployments() {
  const stale = sql`exists (
    select h.secret_id from deployment_secrets h
    left join secrets s on s.account_id = h.account_id and s.id = h.secret_id
    where h.account_id = t.account_id and h.deployment_id = t.id and (s.id is null or s.version > h.version)
    ${eachByItself})`
  return { table: deployments, counts: { all: sql`1 = 1`, stale } } as const
}

export async function countInStretches<Name extends string>(
  ask: Ask,
  { table, counts, where }: Counted<Name>,
): Promise<Record<Name, number>> {
  const names = Object.keys(counts) as Name[]
  const sums = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
  const from: Query = { sql: `from ${table.name} t`, parameters: [] }
  const also = where === undefined ? none : sql` and ${where}`
  const key = ['t.account_id', 't.id']
  const stretch = async (start: readonly Key[], rows: number) => {
    const after = joined(between(key, start, undefined), ' and ')
    const [found] = await ask(sql`
      select t.account_id, t.id ${from} where ${after} order by t.account_id, t.id limit 1 offset ${rows - 1}`)
    const end = found === undefined ? undefined : [Number(found['account_id']), Number(found['id'])]
    const stretched = joined(between(key, start, end), ' and ')
    // The inner limit has a planner go along the primary key, whatever it makes of two columns at once.
    const [row] = await ask(sql`
      select ${columnsOf(counts)} from (
        select ${all(table, 't')} ${from} where ${stretched} order by t.account_id, t.id limit ${2 * rows}) t where 1 = 1${also}`)
    for (const name of names) sums[name] += Number(row?.[name] ?? 0)
    return end
  }
  const pace = new Stride()
  for (let last: readonly Key[] | undefined = [0, 0]; last !== undefined; ) {
    const start: readonly Key[] = last
    last = await pace.taken((rows) => stretch(start, rows))
  }
  return sums
}

function columnsOf(counts: Readonly<Record<string, Query>>): Query {
  const parts = Object.entries(counts)
  return {
    sql: parts.map(([name, { sql: text }]) => `count(*) filter (where ${text}) as "${name}"`).join(', '),
    parameters: parts.flatMap(([, { parameters }]) => parameters),
  }
}

export const countAccounts = (): Query => sql`select count(*) as "all" from accounts`
