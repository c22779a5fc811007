/** What batches look for of environments. */
import { defaultList } from '../model/list.ts'
import { lookup, sealedRows } from './lookup.ts'
import type { Ref } from './refs.ts'
import { environments, inhabitants } from './tables/environment.ts'

/** All of the account, but for `default`. */
export const environmentsOf = sealedRows<{ readonly accountId: number }>()('environments_of', environments, {
  by: { accountId: 'account_id' },
  ending: 'order by t.account_id, t.id',
})

const kindsInside = ['secrets', 'lists', 'deployments', 'seeds'] as const

/** What an environment holds, by kinds: but for its list "default", which was made by itself and goes with it. */
export const inhabited = lookup<Ref, Inhabited>(
  'inhabited',
  environments,
  {
    select: `t.account_id, t.id, ${kindsInside.map(isAnyIn).join(', ')}`,
    by: { accountId: 'account_id', id: 'id' },
  },
  (rows) =>
    rows.map((row) => ({
      accountId: Number(row['account_id']),
      id: Number(row['id']),
      kinds: kindsInside.filter((kind) => Number(row[kind]) === 1),
    })),
  undefined,
  (world, found) => {
    for (const { accountId, id, kinds } of found) world.setFact(inhabitants, kinds, accountId, id)
  },
)

interface Inhabited extends Ref {
  readonly kinds: readonly string[]
}

function isAnyIn(table: string): string {
  const besides = table === 'lists' ? ` and o.name <> '${defaultList}'` : ''
  return `case when exists (select 1 from ${table} o where o.account_id = t.account_id and o.environment_id = t.id${besides})
    then 1 else 0 end as ${table}`
}
