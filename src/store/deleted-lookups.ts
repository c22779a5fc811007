/** What batches look for of what was deleted and is kept. */

import type { DeletedKind } from '../model/deleted.ts'
import { forgedRow } from './forged.ts'
import { authentic, listed, lookup, takeInto } from './lookup.ts'
import { partSize } from './lookups.ts'
import type { Ref } from './refs.ts'
import type { StoredDeleted } from './stored.ts'
import { deleted, isValueless, storedDeleted, toStoredDeleted } from './tables/deleted.ts'

/** By what it was. */
export interface ThingRef extends Ref {
  readonly kind: DeletedKind
}

export const deletedById = wholeDeleted<Ref>('deleted', { accountId: 'account_id', id: 'id' })
export const deletedOfThing = wholeDeleted<ThingRef>('deleted_of_thing', {
  accountId: 'account_id',
  kind: 'kind',
  id: 'thing_id',
})

/** What went with a list, by the id of its deletion: a few more than go in one part. */
export const contentsOfDeletedList = lookup<Ref, Ref>(
  'contents_of_deleted_list',
  deleted,
  {
    select: 't.account_id, t.id',
    by: { accountId: 'account_id', id: 'with_id' },
    ending: `order by t.account_id, t.with_id, t.id limit ${partSize + 1}`,
  },
  (rows) => rows.map(deleted.part('accountId', 'id').read),
  undefined,
  () => undefined,
)

/** What is kept of the secrets and lists of an environment. */
export const contentsOfDeletedEnvironment = lookup<Ref, Ref>(
  'contents_of_deleted_environment',
  deleted,
  {
    select: 't.account_id, t.id',
    by: { accountId: 'account_id', id: 'environment_id' },
    ending: `order by t.account_id, t.environment_id, t.kind, t.id limit ${partSize + 1}`,
  },
  (rows) => rows.map(deleted.part('accountId', 'id').read),
  undefined,
  () => undefined,
)

/** With its key and its value, where it is a secret. */
function wholeDeleted<Asked>(name: string, by: { readonly [Member in keyof Asked & string]?: string }) {
  const isForged = authentic('deleted')
  return lookup<Asked, StoredDeleted>(
    name,
    deleted,
    {
      select: `${listed(deleted)}, k.key_version, k.wrapped, v.sealed`,
      by,
      joins: `left join secret_keys k on t.kind = 'secret' and k.account_id = t.account_id and k.secret_id = t.thing_id
        left join versions v on t.kind = 'secret' and v.account_id = t.account_id and v.secret_id = t.thing_id
          and v.version = t.version`,
      ending: 'order by t.id',
    },
    (rows) => rows.map(toStoredDeleted),
    ({ deleted: row, key, sealed }, macs) => {
      const hasValue = sealed.length > 0 || isValueless(row)
      const isWhole = row.kind !== 'secret' || (key.wrapped.length > 0 && hasValue)
      return isWhole ? isForged(row, macs) : forgedRow('deleted', row)
    },
    takeInto(storedDeleted),
  )
}
