/** An environment made again what it was, in one transaction: with new versions of old values, and what was deleted put back. */
import type { AuditObject } from '../../audit/record.ts'
import type { FieldFault } from '../../errors.ts'
import { allowsName } from '../../model/scope.ts'
import { findKept, isSeen, takeBack } from '../decide/deleted.ts'
import { noVersion } from '../decide/grants.ts'
import { deleteSecretRow } from '../decide/kept.ts'
import { findList, hasName } from '../decide/lists.ts'
import { type Call, forbid, record, refuse } from '../decide/work.ts'
import type { Refused } from '../outcome.ts'
import type { StoredDeleted, StoredSecret } from '../stored.ts'
import { deletedContents, rowOf } from '../tables/deleted.ts'
import { secrets } from '../tables/secret.ts'
import { defineOperation, overSome } from './define.ts'
import { isNextOf, type NextVersion, objectOf, ownSecret, putNextVersion } from './secrets.ts'
import { hasValueOf } from './versions.ts'

export interface RollingBack {
  /** Secrets that get an old value again: that of a version, sealed as the next one. */
  readonly changes: readonly { readonly id: number; readonly version: number; readonly next: NextVersion }[]
  /** Secrets that were deleted, by their deletions; with the value that they had, if another than their last. */
  readonly restores: readonly { readonly id: number; readonly next: NextVersion | undefined }[]
  /** Secrets that were not there then, by the version that they have. */
  readonly deletes: readonly { readonly id: number; readonly version: number }[]
}

/** Lets only whoever may change something there look at what rolling back would do: the listing of that leaves the record. */
const admitRollback = defineOperation<object, undefined>()({
  kind: 'admit_rollback',
  action: 'rollback',
  scope: overSome('secrets:write', environmentObject),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: () => ({ kind: 'done', result: undefined }),
})

/** All of it or nothing: whoever may not do a part of it, by that name, does none. */
const rollBack = defineOperation<RollingBack, readonly Pick<StoredSecret['secret'], 'accountId' | 'uid'>[]>()({
  kind: 'roll_back',
  action: 'rollback',
  // The right to each name is asked for below.
  scope: overSome('secrets:write', environmentObject),
  environment: 'meant',
  delicate: true,
  grants: 'nothing',
  needs: (needs, { changes, restores, deletes }) => {
    needs.settings()
    for (const { id } of changes) needs.history(id)
    for (const { id } of deletes) needs.secret(id)
    for (const { id } of restores) needs.restoring(id)
  },
  decide: (call, { changes, restores, deletes }) => {
    const changing = changes.map(({ id, ...to }) => ({ ...to, found: ownSecret(call, id, 'secrets:write') }))
    const deleting = deletes.map(({ id, version }) => ({ version, found: ownSecret(call, id, 'secrets:delete') }))
    const refused = [...changing, ...deleting].flatMap(({ found }) => ('kind' in found ? [found] : []))[0]
    if (refused !== undefined) return refused
    const gone = deleting.flatMap(({ found, version }) => ('kind' in found ? [] : [{ found, version }]))
    const changed = changing.flatMap(({ found, ...to }) => ('kind' in found ? [] : [{ ...to, found }]))
    const free = new Set(gone.map(({ found }) => found.secret.name))
    const back: { readonly found: StoredDeleted; readonly next: NextVersion | undefined }[] = []
    for (const { id, next } of restores) {
      const found = findKept(call, id)
      if (found === undefined || !isSeen(call, found.deleted)) return { kind: 'outdated' }
      if (call.work.world.fact(deletedContents, call.account.id, id) === undefined) return { kind: 'outdated' }
      const refusal = refuseBack(call, found, free)
      if (refusal !== undefined) return refusal
      back.push({ found, next })
    }
    // All of it is known to fit before anything is put.
    const isOfNow =
      gone.every(({ found, version }) => found.secret.version === version) &&
      // Of a value that was destroyed since it was read, nothing may come back.
      changed.every(({ found, version, next }) => hasValueOf(call, found, version) && isNextOf(next, found.secret)) &&
      back.every(({ found, next }) => next === undefined || isNextOf(next, found.deleted))
    if (!isOfNow) return { kind: 'outdated' }
    record(call, environmentObject(call), 'ok')
    for (const { found } of gone) {
      record({ ...call, action: 'secret.delete' }, objectOf(found), 'ok')
      deleteSecretRow(call, found)
    }
    for (const { found, next } of back) putBack(call, found, next)
    for (const { found, next } of changed) {
      record({ ...call, action: 'secret.rollback' }, objectOf(putNextVersion(call, found, next.sealed)), 'ok')
    }
    return { kind: 'done', result: gone.map(({ found }) => found.secret) }
  },
})

/** @param free names that are free by the same rollback */
function refuseBack(call: Call, { deleted }: StoredDeleted, free: ReadonlySet<string>): Refused | undefined {
  const { name } = deleted
  const object: AuditObject = { kind: 'deleted', id: deleted.id, uid: deleted.uid, name, ...noVersion }
  if (!allowsName(call.scopes, 'secrets:write', call.environment.name, name)) {
    return forbid(call, object, 'secrets:write')
  }
  const fault = (detail: string): readonly FieldFault[] => [{ field: 'secrets', detail }]
  if (hasName(call, name) && !free.has(name)) {
    const detail = `There is another secret ${name} by now. Rename it, or have what was created since deleted.`
    return { ...refuse(call, object, 'name_taken', detail), fields: fault(detail) }
  }
  if (findList(call, rowOf(secrets, deleted).listId) === undefined) {
    const detail = `The list that ${name} was in is gone. Restore that first.`
    return { ...refuse(call, object, 'place_gone', detail), fields: fault(detail) }
  }
  return undefined
}

function putBack(call: Call, found: StoredDeleted, next: NextVersion | undefined): void {
  const back = takeBack(call, found)
  const stored = next === undefined ? back : putNextVersion(call, back, next.sealed)
  record({ ...call, action: 'secret.restore' }, objectOf(stored), 'ok')
}

function environmentObject({ environment: { id, name } }: Call): AuditObject {
  return { kind: 'environment', id, uid: null, name, ...noVersion }
}

export const rollbackOperations = {
  [admitRollback.kind]: admitRollback,
  [rollBack.kind]: rollBack,
}
