/** What was deleted and is kept, put back: a secret, a list with what was in it, an environment. */
import type { AuditObject } from '../../audit/record.ts'
import { type Deleted, nameFault } from '../../model/deleted.ts'
import { defaultList, type List, placeHash } from '../../model/list.ts'
import { allowsName } from '../../model/scope.ts'
import {
  type ById,
  either,
  findKept,
  type HeldContents,
  isSeen,
  placeOfDeleted,
  type RestoredThing,
  refuseAbsent,
  refuseTaken,
  takeBack,
  thingOf,
  type UnheldContents,
} from '../decide/deleted.ts'
import { unplaced } from '../decide/environment.ts'
import { deletedThing, isKept, objectOfDeleted } from '../decide/kept.ts'
import { findList, hasName, listForAll } from '../decide/lists.ts'
import { type Call, forbid, record, refuseField } from '../decide/work.ts'
import type { IdOrName } from '../naming.ts'
import type { Outcome, Refused } from '../outcome.ts'
import type { StoredDeleted, StoredSecret, StoredVersion } from '../stored.ts'
import { deletedContents, isValueless, rowOf } from '../tables/deleted.ts'
import { sealedVersions, secrets } from '../tables/secret.ts'
import { defineOperation, free } from './define.ts'
import { handedByRestoring, restoreEnvironment } from './restored-environment.ts'
import { type Restored, type Restoring, restoreList } from './restored-list.ts'
import { isNextOf, objectOf, putNextVersion } from './secrets.ts'

/** Loads a secret that is kept, with the MAC of how it is kept, to be sealed under another name. Not recorded: the restoring that follows refuses and records. */
const prepareDeleted = defineOperation<
  ById & { readonly old?: { readonly thing: number; readonly version: number } | undefined },
  StoredSecret & { readonly old: Pick<StoredVersion, 'name' | 'version' | 'sealed'> }
>()({
  kind: 'prepare_deleted',
  action: 'secret.restore',
  scope: free,
  environment: placeOfDeleted,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id, old }) => {
    needs.deletion(id)
    needs.settings()
    if (old !== undefined) needs.deletedVersion(old.thing, old.version)
  },
  decide: (call, { id, old: wanted }) => {
    const found = findKept(call, id)
    const isReadable =
      found !== undefined && mayWrite(call, found.deleted) && (wanted !== undefined || mayRead(call, found.deleted))
    if (!isReadable || found.deleted.kind !== 'secret') return { kind: 'refused', code: 'not_found', message: '' }
    const { deleted, key, sealed } = found
    const secret = { ...rowOf(secrets, deleted), mac: deleted.mac }
    const older =
      wanted === undefined || wanted.version === secret.version
        ? { name: secret.name, sealed, destroyedAt: secret.destroyedAt }
        : call.work.world.fact(sealedVersions, deleted.accountId, deleted.thingId, wanted.version)
    if (older === undefined) return { kind: 'refused', code: 'not_found', message: '' }
    const { name, sealed: value, destroyedAt } = older
    // Whoever wanted it saw it before it was destroyed; without a value it can be restored under its own name.
    if (destroyedAt !== null)
      return wanted === undefined ? { kind: 'refused', code: 'not_found', message: '' } : { kind: 'outdated' }
    return {
      kind: 'done',
      result: { secret, key, sealed, old: { name, sealed: value, version: wanted?.version ?? secret.version } },
    }
  },
})

const restoreDeleted = defineOperation<Restoring, Restored>()({
  kind: 'restore_deleted',
  action: 'secret.restore',
  scope: either('secrets:write'),
  environment: placeOfDeleted,
  delicate: false,
  grants: handedByRestoring,
  needs: (needs, { id, name, list }) => {
    needs.restoring(id, { name, list })
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

function restoreSecret(call: Call, found: StoredDeleted, { name, list, next }: Restoring): Outcome<Restored> {
  const { deleted } = found
  const object = objectOfDeleted(deleted)
  const wanted = name ?? deleted.name
  const isRenamed = wanted !== deleted.name
  if (!mayWrite(call, deleted) || !mayWrite(call, { name: wanted })) return forbid(call, object, 'secrets:write')
  // What it was comes along: else it could be read under a name that the caller may read.
  if (isRenamed && !mayRead(call, deleted)) return forbid(call, object, 'secrets:read')
  if (hasName(call, wanted)) return refuseTaken(call, object, 'secret')
  if (isRenamed && isValueless(deleted)) {
    const detail =
      'Must be left out: the value of its current version was destroyed, and a name is stored with the value.'
    return refuseField(call, object, 'invalid', { field: 'name', detail })
  }
  if (isRenamed && (next === undefined || !isNextOf(next, { ...deleted, name: wanted }))) return { kind: 'outdated' }
  const was = rowOf(secrets, deleted)
  const place = list === undefined ? findList(call, was.listId) : (findList(call, list) ?? ifDefault(call, list))
  if (place === undefined) return refusePlace(call, object, was.listId, list)
  const back = takeBack(call, found, place.id)
  const stored = isRenamed && next !== undefined ? putNextVersion(call, back, next.sealed, { name: wanted }) : back
  record({ ...call, action: 'secret.restore' }, objectOf(stored), 'ok')
  if (place.id !== was.listId) {
    record({ ...call, action: 'secret.move' }, { ...objectOf(stored), hash: placeHash(place) }, 'ok')
  }
  return { kind: 'done', result: { state: 'restored', thing: thingOf(call, deleted, wanted) } }
}

/** The list of secrets that name none is made when it is needed. */
function ifDefault(call: Call, list: IdOrName): List | undefined {
  return list === defaultList ? listForAll(call) : undefined
}

export type { HeldContents, Restored, RestoredThing, UnheldContents }

export const restoringOperations = {
  [prepareDeleted.kind]: prepareDeleted,
  [restoreDeleted.kind]: restoreDeleted,
}

function mayWrite({ scopes, environment }: Call, { name }: Pick<Deleted, 'name'>): boolean {
  return allowsName(scopes, 'secrets:write', environment.name, name)
}

function mayRead({ scopes, environment }: Call, { name }: Pick<Deleted, 'name'>): boolean {
  return allowsName(scopes, 'secrets:read', environment.name, name)
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
