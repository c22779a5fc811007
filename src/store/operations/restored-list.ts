/** A list that was deleted and is kept, put back with all that was in it: at once, or in parts. */

import type { AuditObject } from '../../audit/record.ts'
import { nameOfDeleted } from '../../model/list.ts'
import { allowsName } from '../../model/scope.ts'
import {
  type ById,
  contentsOf,
  type HeldContents,
  heldAgainst,
  placeOfDeleted,
  type RestoredThing,
  refuseTaken,
  takeBack,
  thingOf,
  type UnheldContents,
} from '../decide/deleted.ts'
import { objectOfDeleted, putDeleted } from '../decide/kept.ts'
import { anyList, hasName } from '../decide/lists.ts'
import { type Call, forbid, put, record, refuse } from '../decide/work.ts'
import { partSize } from '../lookups.ts'
import type { IdOrName } from '../naming.ts'
import type { Outcome, Refused } from '../outcome.ts'
import type { StoredDeleted } from '../stored.ts'
import { deletedContents, rowOf, storedDeleted } from '../tables/deleted.ts'
import { lists } from '../tables/list.ts'
import { defineOperation, overAll } from './define.ts'
import { objectOfList } from './lists.ts'
import { type NextVersion, objectOf } from './secrets.ts'

export interface Restoring extends ById {
  /** Its name from now on, if another. */
  readonly name: string | undefined
  /** The list that a secret goes into, if another. */
  readonly list: IdOrName | undefined
  /** The value, sealed under the new name. */
  readonly next: NextVersion | undefined
  readonly held: HeldContents | undefined
}

export type Restored =
  | { readonly state: 'restored'; readonly thing: RestoredThing }
  /** Nobody sees it before all that was in it is back (`restore_part`). */
  | { readonly state: 'returning'; readonly accountId: number; readonly thing: RestoredThing }
  | UnheldContents

export function restoreList(
  call: Call,
  found: StoredDeleted,
  inside: readonly number[],
  { name, held }: Restoring,
): Outcome<Restored> {
  const { work, account, scopes, environment } = call
  const { deleted } = found
  const object = objectOfDeleted(deleted)
  const wanted = name ?? deleted.name
  if (anyList(call, wanted) !== undefined) return refuseTaken(call, object, 'list')
  const thing = thingOf(call, deleted, wanted)
  if (inside.length > partSize) {
    const answer = heldAgainst(call, deleted, 'secrets:write', held)
    if (answer !== undefined) return answer
    const returning = { ...deleted, state: 'returning', newName: wanted } as const
    putDeleted(call, { ...found, deleted: returning })
    const was = rowOf(lists, deleted)
    put(work, lists, { ...was, name: nameOfDeleted({ id: deleted.thingId }), deleter: call.principal })
    return { kind: 'done', result: { state: 'returning', accountId: account.id, thing } }
  }
  const contents = contentsOf(call, inside)
  const forbidden = contents.some((one) => !allowsName(scopes, 'secrets:write', environment.name, one.deleted.name))
  if (forbidden) return forbid(call, object, 'secrets:write')
  const taken = contents.filter((one) => hasName(call, one.deleted.name))
  if (taken.length > 0) return refuseNames(call, object, taken)
  const list = put(work, lists, { ...rowOf(lists, deleted), name: wanted })
  for (const one of contents) takeBackRecorded(call, one)
  work.world.remove(storedDeleted, found)
  record({ ...call, action: 'list.restore' }, objectOfList(list), 'ok')
  return { kind: 'done', result: { state: 'restored', thing } }
}

function takeBackRecorded(call: Call, one: StoredDeleted): void {
  record({ ...call, action: 'secret.restore' }, objectOf(takeBack(call, one)), 'ok')
}

function refuseNames(call: Call, object: AuditObject, taken: readonly StoredDeleted[]): Refused {
  const message = 'Secrets with names of some that were in it exist again. Rename or delete those first.'
  const fields = taken.map(({ deleted }) => ({ field: 'name', detail: `${deleted.name} exists already.` }))
  return { ...refuse(call, object, 'name_taken', message), fields }
}

type ReturnedPart =
  | { readonly state: 'going on' }
  | { readonly state: 'done' }
  /** The list goes again, by its id. */
  | { readonly state: 'turned'; readonly listId: number }

/**
 * Puts the next secrets of a list back that comes back in parts, for whoever restores it. Where a name is taken by now, it turns:
 * what is back already goes again, as it went before.
 */
const restorePart = defineOperation<ById, ReturnedPart>()({
  kind: 'restore_part',
  action: 'secret.restore',
  scope: overAll('secrets:write'),
  environment: placeOfDeleted,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.restoring(id),
  decide: (call, { id }) => {
    const { work, account } = call
    const { world } = work
    const found = world.get(storedDeleted, account.id, id)
    if (found === undefined || found.deleted.state !== 'returning') return { kind: 'done', result: { state: 'done' } }
    const list = world.get(lists, account.id, found.deleted.thingId)
    const inside = world.fact(deletedContents, account.id, id)
    if (list === undefined || list.deleter === null || inside === undefined) return { kind: 'outdated' }
    const theirs = { ...call, principal: list.deleter }
    const contents = contentsOf(call, inside)
    const name = found.deleted.newName ?? found.deleted.name
    const isTaken = inside.length === 0 && anyList(call, name) !== undefined
    if (isTaken || contents.some((one) => hasName(call, one.deleted.name))) {
      putDeleted(call, { ...found, deleted: { ...found.deleted, state: 'going', newName: null } })
      return { kind: 'done', result: { state: 'turned', listId: list.id } }
    }
    for (const one of contents) takeBackRecorded(theirs, one)
    if (inside.length > 0) return { kind: 'done', result: { state: 'going on' } }
    const back = put(work, lists, { ...rowOf(lists, found.deleted), name })
    world.remove(storedDeleted, found)
    record({ ...theirs, action: 'list.restore' }, objectOfList(back), 'ok')
    return { kind: 'done', result: { state: 'done' } }
  },
})

export const listRestoringOperations = {
  [restorePart.kind]: restorePart,
}
