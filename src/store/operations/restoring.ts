/** What was deleted and is kept, put back: a secret, a list with what was in it, an environment. */
import type { AuditObject } from '../../audit/record.ts'
import type { Deleted } from '../../model/deleted.ts'
import { environmentRule, isEnvironmentName } from '../../model/environment.ts'
import { defaultList, isListName, type List, listNameRule, nameOfDeleted, placeHash } from '../../model/list.ts'
import { isSecretName, secretNameRule } from '../../model/name.ts'
import { allowsName } from '../../model/scope.ts'
import type { Secret } from '../../model/secret.ts'
import {
  type ById,
  contentsOf,
  either,
  findKept,
  type HeldContents,
  heldAgainst,
  isSeen,
  placeOfDeleted,
  type RestoredThing,
  refuseAbsent,
  refuseTaken,
  thingOf,
  type UnheldContents,
} from '../decide/deleted.ts'
import { unplaced } from '../decide/environment.ts'
import { deletedThing, isKept, objectOfDeleted, putDeleted } from '../decide/kept.ts'
import { anyList, findList, listForAll } from '../decide/places.ts'
import { type Call, forbid, put, record, refuse, refuseField } from '../decide/work.ts'
import { partSize } from '../lookups.ts'
import type { IdOrName } from '../naming.ts'
import type { Outcome, Refused } from '../outcome.ts'
import type { StoredSecret } from '../stored.ts'
import { deletedContents, rowOf, type StoredDeleted, storedDeleted } from '../tables/deleted.ts'
import { lists } from '../tables/list.ts'
import { secrets, secretsByName, storedSecrets } from '../tables/secret.ts'
import { defineOperation, free, overAll } from './define.ts'
import { objectOfList } from './lists.ts'
import { handedByRestoring, restoreEnvironment } from './restored-environment.ts'
import { type NextVersion, objectOf, putNextVersion, same } from './secrets.ts'

/** Loads a secret that is kept, with the MAC of how it is kept, to be sealed under another name. Not recorded: the restoring that follows refuses and records. */
const prepareDeleted = defineOperation<ById, StoredSecret>()({
  kind: 'prepare_deleted',
  action: 'secret.restore',
  scope: free,
  environment: placeOfDeleted,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => {
    needs.deletion({ id })
    needs.settings()
  },
  decide: (call, { id }) => {
    const found = findKept(call, id)
    const isReadable = found !== undefined && mayWrite(call, found.deleted) && mayRead(call, found.deleted)
    if (!isReadable || found.deleted.kind !== 'secret') return { kind: 'refused', code: 'not_found', message: '' }
    const { deleted, key, sealed } = found
    return { kind: 'done', result: { secret: { ...rowOf(secrets, deleted), mac: deleted.mac }, key, sealed } }
  },
})

interface Restoring extends ById {
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

const restoreDeleted = defineOperation<Restoring, Restored>()({
  kind: 'restore_deleted',
  action: 'secret.restore',
  scope: either('secrets:write'),
  environment: placeOfDeleted,
  delicate: false,
  grants: handedByRestoring,
  needs: (needs, { id, name, list }) => {
    needs.deletion({ id, name, list })
    needs.settings()
  },
  decide: (call, operation) => {
    const found = findKept(call, operation.id)
    if (found === undefined || !isSeen(call, found.deleted)) return refuseAbsent(call, operation.id)
    const inside = call.work.world.fact(deletedContents, call.account.id, operation.id)
    // It was deleted in this very batch: what stands in the way was not looked for.
    if (inside === undefined) return { kind: 'outdated' }
    const fault = operation.name === undefined ? undefined : nameFault(found.deleted.kind, operation.name)
    if (fault !== undefined) {
      return refuseField(call, objectOfDeleted(found.deleted), 'invalid', { field: 'name', detail: fault })
    }
    switch (found.deleted.kind) {
      case 'secret':
        return restoreSecret(call, found, operation)
      case 'list':
        return restoreList(call, found, inside, operation)
      default:
        return restoreEnvironment({ ...call, ...unplaced, action: 'environment.restore' }, found, operation.name)
    }
  },
})

function nameFault(kind: Deleted['kind'], name: string): string | undefined {
  const [isGood, rule] = {
    secret: [isSecretName, secretNameRule] as const,
    list: [isListName, listNameRule] as const,
    environment: [isEnvironmentName, environmentRule] as const,
  }[kind]
  return isGood(name) ? undefined : `Must be ${rule}.`
}

function restoreSecret(call: Call, found: StoredDeleted, { name, list, next }: Restoring): Outcome<Restored> {
  const { deleted } = found
  const { world } = call.work
  const object = objectOfDeleted(deleted)
  const wanted = name ?? deleted.name
  const isRenamed = wanted !== deleted.name
  if (!mayWrite(call, deleted) || !mayWrite(call, { name: wanted })) return forbid(call, object, 'secrets:write')
  // What it was comes along: else it could be read under a name that the caller may read.
  if (isRenamed && !mayRead(call, deleted)) return forbid(call, object, 'secrets:read')
  if (hasName(call, wanted)) return refuseTaken(call, object, 'secret')
  const was = rowOf(secrets, deleted)
  const place = list === undefined ? findList(call, was.listId) : (findList(call, list) ?? ifDefault(call, list))
  if (place === undefined) return refusePlace(call, object, was.listId, list)
  if (isRenamed && !isSealedUpon(deleted, wanted, next)) return { kind: 'outdated' }
  takeBack(call, found, place.id)
  const back = world.get(storedSecrets, deleted.accountId, deleted.thingId)
  if (back === undefined) throw new Error('It was put back.')
  const stored = isRenamed && next !== undefined ? putNextVersion(call, back, next.sealed, { name: wanted }) : back
  record({ ...call, action: 'secret.restore' }, objectOf(stored), 'ok')
  if (place.id !== was.listId) record({ ...call, action: 'secret.move' }, movedTo(stored.secret, place), 'ok')
  return { kind: 'done', result: { state: 'restored', thing: thingOf(call, deleted, wanted) } }
}

function movedTo({ id, uid, name, version }: Secret, list: List): AuditObject {
  return { kind: 'secret', id, uid, name, version, hash: placeHash(list) }
}

/** Puts a secret's row back: its key and its versions never went. */
function takeBack(call: Call, found: StoredDeleted, listId: number): void {
  const { deleted, key, sealed } = found
  const { world } = call.work
  const secret = world.macs.seal('secrets', { ...rowOf(secrets, deleted), listId })
  world.remove(storedDeleted, found)
  world.attach(storedSecrets, { secret, key, sealed })
}

/** The list of secrets that name none is made when it is needed. */
function ifDefault(call: Call, list: IdOrName): List | undefined {
  return list === defaultList ? listForAll(call) : undefined
}

function isSealedUpon(deleted: Deleted, name: string, next: NextVersion | undefined): boolean {
  return next !== undefined && next.name === name && next.version === deleted.version && same(next.rowMac, deleted.mac)
}

function restoreList(
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
  takeBack(call, one, rowOf(secrets, one.deleted).listId)
  const back = call.work.world.get(storedSecrets, one.deleted.accountId, one.deleted.thingId)
  if (back !== undefined) record({ ...call, action: 'secret.restore' }, objectOf(back), 'ok')
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
  needs: (needs, { id }) => needs.deletion({ id }),
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

export type { HeldContents, RestoredThing, UnheldContents }

export const restoringOperations = {
  [prepareDeleted.kind]: prepareDeleted,
  [restoreDeleted.kind]: restoreDeleted,
  [restorePart.kind]: restorePart,
}

function mayWrite({ scopes, environment }: Call, { name }: Pick<Deleted, 'name'>): boolean {
  return allowsName(scopes, 'secrets:write', environment.name, name)
}

function mayRead({ scopes, environment }: Call, { name }: Pick<Deleted, 'name'>): boolean {
  return allowsName(scopes, 'secrets:read', environment.name, name)
}

function hasName({ work, account, environment }: Call, name: string): boolean {
  return work.world.has(secretsByName, account.id, environment.id, name)
}

/** The list that a secret was in, or is to go into, is not there. */
function refusePlace(call: Call, object: AuditObject, listId: number, list: IdOrName | undefined): Refused {
  const kept = list === undefined ? deletedThing(call, 'list', listId)?.deleted : undefined
  const detail =
    list !== undefined
      ? 'No such list in this environment.'
      : kept !== undefined && isKept(call, kept)
        ? `The list that it was in is deleted, too. Restore that first (${kept.id}), or name another list.`
        : 'The list that it was in is gone. Name another list.'
  return refuseField(call, object, 'place_gone', { field: 'list', detail })
}
