/** Lists of secrets. */
import { type AuditObject, changesNames } from '../../audit/record.ts'
import { type List, nameOfDeleted } from '../../model/list.ts'
import { allows, allowsName } from '../../model/scope.ts'
import type { Secret } from '../../model/secret.ts'
import { environmentsSeen, hasSome, hasSomeHere } from '../decide/environment.ts'
import { noVersion } from '../decide/grants.ts'
import { type HeldBy, isHeldNow } from '../decide/held.ts'
import { deletedThing, deleteSecretRow, keepList, putDeleted } from '../decide/kept.ts'
import { addList, anyList, findList, inList, needList, placeOfList, refuseList, seesLists } from '../decide/lists.ts'
import { keptRow, onceOf } from '../decide/once.ts'
import {
  authorizeListing,
  type Call,
  done,
  forbid,
  type Listing,
  listingOf,
  put,
  record,
  refuse,
} from '../decide/work.ts'
import { maxChanges, partSize } from '../lookups.ts'
import type { IdOrName } from '../naming.ts'
import type { Outcome, Refused } from '../outcome.ts'
import type { StoredSecret } from '../stored.ts'
import { contents, lists, wholeLists } from '../tables/list.ts'
import { audit, changedNames } from '../tables/record.ts'
import { storedSecrets } from '../tables/secret.ts'
import { defineOnce, defineOperation, overAll, overSome, type WithRight } from './define.ts'
import { objectOf } from './secrets.ts'

interface Wanted {
  readonly list: IdOrName
}

/** A list, for whoever has the right over all names or over some. */
function aList(right: 'secrets:write' | 'secrets:delete', over: 'all' | 'some'): WithRight<Wanted, List> {
  return {
    right,
    over,
    object: (call, { list: wanted }) => {
      const list = findList(call, wanted)
      return list === undefined ? null : objectOfList(list)
    },
    subject: (call, { list }) => findList(call, list) ?? refuseList(call, list),
  }
}

/** Authorizes a listing of the lists. */
const listLists = defineOperation<object, Listing>()({
  kind: 'list_lists',
  action: 'list.list',
  scope: overSome('secrets:list'),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: authorizeListing,
})

/** Authorizes the reading of all values, or of those of a list: each is then read by `read_secrets`. */
const listValues = defineOperation<
  { readonly list: IdOrName | undefined },
  Listing & { readonly list: List | undefined },
  List | undefined
>()({
  kind: 'list_values',
  action: 'list.values',
  scope: inList('secrets:read'),
  environment: placeOfList,
  delicate: true,
  grants: 'nothing',
  needs: needList,
  sharing: true,
  decide: (call, _operation, list) => {
    const object = list === undefined ? null : objectOfList(list)
    return done(call, object, { ...listingOf(call), list })
  },
})

/** Either right will do. */
const readList = defineOperation<Wanted, List>()({
  kind: 'read_list',
  action: 'list.read',
  scope: (call) => overSome(hasSome(call, 'secrets:read') ? 'secrets:read' : 'secrets:list'),
  environment: placeOfList,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { list }) => needs.list(list),
  sharing: true,
  decide: (call, { list: wanted }) => {
    const list = seesLists(call) ? findList(call, wanted) : undefined
    return list === undefined ? refuseList(call, wanted) : done(call, objectOfList(list), list)
  },
})

/** A list is made by whoever may write anything: it gives no right to what is in it. */
const createList = defineOnce<{ readonly name: string }, List>()({
  kind: 'create_list',
  action: 'list.create',
  scope: overSome('secrets:write', (_call, { name }) => unknownList(name)),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { name }) => needs.list(name),
  decide: (call, { name }) => {
    if (findList(call, name) !== undefined) return refuseTaken(call, unknownList(name))
    const list = addList(call, name)
    return done(call, objectOfList(list), list)
  },
  once: onceOf(keptRow<List>()({ mac: new Uint8Array() }), objectOfList),
})

const renameList = defineOperation<
  Wanted & { readonly name: string },
  { readonly list: List; readonly isSeen: boolean },
  List
>()({
  kind: 'rename_list',
  action: 'list.rename',
  scope: aList('secrets:write', 'all'),
  environment: placeOfList,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { list, name }) => needs.listToRename(list, name),
  decide: (call, { name }, list) => {
    const other = findList(call, name)
    if (other !== undefined && other.id !== list.id) return refuseTaken(call, objectOfList(list))
    const renamed = put(call.work, lists, { ...list, name, updatedAt: call.work.world.now })
    return done(call, objectOfList(renamed), { list: renamed, isSeen: seesLists(call) })
  },
})

/** What the right to delete is held against, name by name, before a list is deleted whose names are too many for one look. */
export interface Held extends HeldBy {
  /** How many records the trail had then. */
  readonly size: number
  /** The name of a secret that may not be deleted, or none. */
  readonly forbidden: string | undefined
}

interface Deletion extends Wanted {
  readonly held: Held | undefined
}

export type Deleted =
  | {
      readonly state: 'gone'
      /** The secrets that went with it. */
      readonly secrets: readonly Pick<Secret, 'accountId' | 'uid'>[]
      readonly stale: number
      readonly deletedId: number | null
    }
  /** Nobody finds the list any more, nor what is in it, which goes in parts (`delete_part`). */
  | {
      readonly state: 'going'
      readonly accountId: number
      readonly id: number
      /** The environments that the caller may know of. */
      readonly seen: readonly number[]
      /** The id of the deletion, if it can be restored once all of it is gone. */
      readonly deletedId: number | null
    }
  /** Nothing was done: every name in the list must be held against these first. */
  | (Listing & { readonly state: 'unheld'; readonly id: number; readonly size: number })

/** A list, also one that is being deleted: whoever asks again, as no answer came, sees it through. */
const aListOrRest: WithRight<Deletion, List> = {
  ...aList('secrets:delete', 'some'),
  subject: (call, { list }, right) =>
    (hasSomeHere(call, right) ? anyList(call, list) : undefined) ?? refuseList(call, list),
}

/**
 * Every secret in it goes with it, each with its own record: whoever may not delete one of them may not delete it. Of more
 * than fit into one transaction, this takes the list from everybody, and what is in it; then they go in parts.
 */
const deleteList = defineOperation<Deletion, Deleted, List>()({
  kind: 'delete_list',
  action: 'list.delete',
  scope: aListOrRest,
  environment: placeOfList,
  delicate: true,
  grants: 'nothing',
  needs: (needs, { list, held }) => {
    needs.list(list)
    needs.contentsOf(list, 0, held?.size)
    needs.settings()
    // Of one that is going, only the id leads to it.
    if (typeof list === 'number') needs.deletedThing('list', list)
  },
  decide: (call, { held }, list) => {
    const { world } = call.work
    const { accountId, id } = list
    if (list.deleter !== null) {
      const kept = deletedThing(call, 'list', id)?.deleted
      // It is being put back, and not there yet.
      if (kept?.state === 'returning') return refuseList(call, id)
      return done(
        call,
        objectOfList({ ...list, name: null }),
        { state: 'going', accountId, id, seen: seenBy(call), deletedId: kept?.id ?? null },
        'replayed',
      )
    }
    const inside = world.fact(contents, accountId, id)
    // Renamed in this very batch: what is in it is not known here.
    if (inside === undefined) return { kind: 'outdated' }
    if (inside.length > partSize) return beginDeletion(call, list, held)
    const stored = secretsIn(call, list)
    if (stored.some(({ secret }) => !allowsName(call.scopes, 'secrets:delete', call.environment.name, secret.name))) {
      return forbid(call, objectOfList(list), 'secrets:delete')
    }
    const deletedId = keepList(call, list, 'kept')
    for (const one of stored) removeRecorded(call, one, deletedId)
    world.remove(lists, list)
    const stale = seenBy(call).reduce((sum, one) => sum + (world.fact(wholeLists, accountId, id, one) ?? 0), 0)
    return done(call, objectOfList(list), {
      ...{ state: 'gone', secrets: stored.map(({ secret }) => secret), stale, deletedId },
    })
  },
})

function beginDeletion(call: Call, list: List, held: Held | undefined): Outcome<Deleted> {
  const { accountId, id } = list
  const { scopes, account, environment } = call
  if (!allows(scopes, 'secrets:delete', environment.name)) {
    if (held === undefined || !isHeldNow(call, held)) {
      const here = listingOf(call)
      return { kind: 'done', result: { state: 'unheld', id, size: account.auditSize, ...here } }
    }
    if (held.forbidden !== undefined) return forbid(call, objectOfList(list), 'secrets:delete')
    const changed = namesChangedSince(call)
    if (changed.length > maxChanges) return { kind: 'outdated' }
    if (!changed.every((name) => allowsName(scopes, 'secrets:delete', environment.name, name)))
      return { kind: 'outdated' }
  }
  const deletedId = keepList(call, list, 'going')
  const taken = { ...list, name: nameOfDeleted(list), deleter: call.principal, updatedAt: call.work.world.now }
  put(call.work, lists, taken)
  return done(call, objectOfList(list), { state: 'going', accountId, id, seen: seenBy(call), deletedId })
}

/** Of what may have come into the list since its names were looked at, or is called otherwise: in this batch, too. */
function namesChangedSince({ work: { world }, account }: Call): readonly string[] {
  const before = world.fact(changedNames, account.id) ?? []
  const now = world.changes.added(audit).filter((one) => one.accountId === account.id && changesNames(one))
  return [...before, ...now.flatMap(({ object }) => object?.name ?? [])]
}

interface Part {
  readonly secrets: readonly Pick<Secret, 'accountId' | 'uid'>[]
  /** The highest id of what went. */
  readonly last: number
  /** Whether nothing is left, neither of the list. */
  readonly isLast: boolean
  /** The deletion by which it is being put back instead. */
  readonly returning?: number
}

/** Takes away the next secrets of a list that is deleted, beyond an id, for whoever deleted it. */
const deletePart = defineOperation<{ readonly id: number; readonly after: number }, Part>()({
  kind: 'delete_part',
  action: 'secret.delete',
  scope: overAll('secrets:delete'),
  environment: (call, { id }) => placeOfList(call, { list: id }),
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id, after }) => {
    needs.list(id)
    needs.contentsOf(id, after)
    needs.deletedThing('list', id)
  },
  decide: (call, { id, after }) => {
    const { work, account } = call
    const list = work.world.get(lists, account.id, id)
    if (list === undefined || list.deleter === null)
      return { kind: 'done', result: { secrets: [], last: 0, isLast: true } }
    const kept = deletedThing(call, 'list', id)
    if (kept?.deleted.state === 'returning') {
      return { kind: 'done', result: { secrets: [], last: 0, isLast: true, returning: kept.deleted.id } }
    }
    const inside = work.world.fact(contents, account.id, id)
    if (inside === undefined) return { kind: 'outdated' }
    const part = inside.slice(0, partSize).flatMap((one) => work.world.get(storedSecrets, account.id, one) ?? [])
    // As it was decided when the list was taken from everybody, whatever the account is set to by now.
    for (const one of part) removeRecorded({ ...call, principal: list.deleter }, one, kept?.deleted.id ?? null)
    const isLast = inside.length === 0 && after === 0
    if (isLast) {
      work.world.remove(lists, list)
      if (kept !== undefined) putDeleted(call, { ...kept, deleted: { ...kept.deleted, state: 'kept' } })
    }
    const last = Math.max(0, ...part.map(({ secret }) => secret.id))
    return { kind: 'done', result: { secrets: part.map(({ secret }) => secret), last, isLast } }
  },
})

function removeRecorded(call: Call, stored: StoredSecret, withId: number | null): void {
  record({ ...call, action: 'secret.delete' }, objectOf(stored), 'ok')
  deleteSecretRow(call, stored, withId)
}

export const listOperations = {
  [listLists.kind]: listLists,
  [listValues.kind]: listValues,
  [readList.kind]: readList,
  [createList.kind]: createList,
  [renameList.kind]: renameList,
  [deleteList.kind]: deleteList,
  [deletePart.kind]: deletePart,
}

function seenBy(call: Call): readonly number[] {
  return environmentsSeen(call).map(({ id }) => id)
}

function secretsIn({ work, account }: Call, { id }: List): StoredSecret[] {
  const all = [...work.world.all(storedSecrets)]
  return all.filter(({ secret }) => secret.accountId === account.id && secret.listId === id)
}

function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuse(call, object, 'name_taken', 'A list of this name exists already. Choose another name.')
}

function unknownList(name: string): AuditObject {
  return { kind: 'list', id: null, uid: null, name, ...noVersion }
}

export function objectOfList({ id, uid, name }: Pick<AuditObject, 'id' | 'uid' | 'name'>): AuditObject {
  return { kind: 'list', id, uid, name, ...noVersion }
}
