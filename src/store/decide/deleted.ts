/** What was deleted and is kept, as whoever asks for it finds it. */

import type { AuditObject } from '../../audit/record.ts'
import { type Deleted, seesDeleted } from '../../model/deleted.ts'
import { allows, type Right } from '../../model/scope.ts'
import { partSize } from '../lookups.ts'
import { overSome } from '../operations/define.ts'
import type { Outcome, Refused } from '../outcome.ts'
import type { StoredDeleted, StoredSecret } from '../stored.ts'
import { rowOf, storedDeleted } from '../tables/deleted.ts'
import { secrets, storedSecrets } from '../tables/secret.ts'
import { hasSome, isHere } from './environment.ts'
import { noVersion } from './grants.ts'
import { type HeldBy, isHeldNow } from './held.ts'
import { isKept, objectOfDeleted } from './kept.ts'
import { type Call, forbid, refuse, refuseField, type UnplacedCall } from './work.ts'

export interface ById {
  readonly id: number
}

/** For whoever has the right over secrets, or the account; more is asked of each thing. */
export function either(right: Right) {
  return (call: Call) => overSome<ById>(hasSome(call, right) ? right : 'account:manage', (_call, { id }) => unknown(id))
}

/** What the rights to what is in something are held against, before it is put back or destroyed: what is in it only gets less. */
export interface HeldContents extends HeldBy {
  readonly right: Right
  readonly forbidden: string | undefined
}

/** Nothing was done: every name in it must be held against these first. */
export interface UnheldContents extends HeldBy {
  readonly state: 'unheld'
  readonly accountId: number
  readonly id: number
}

/** Whether every name in it is known to be within the caller's rights. @returns what to answer where it is not */
export function heldAgainst(
  call: Call,
  deleted: Deleted,
  right: Right,
  held: HeldContents | undefined,
): Outcome<UnheldContents> | undefined {
  const { scopes, environment } = call
  if (allows(scopes, right, environment.name)) return undefined
  if (held === undefined || held.right !== right || !isHeldNow(call, held)) {
    const { accountId, id } = deleted
    return { kind: 'done', result: { state: 'unheld', accountId, id, scopes, environment: environment.name } }
  }
  return held.forbidden === undefined ? undefined : forbid(call, objectOfDeleted(deleted), right)
}

/** Where it was; of an environment, nowhere. */
export function placeOfDeleted({ work, account }: UnplacedCall, { id }: ById): number | undefined {
  return work.world.get(storedDeleted, account.id, id)?.deleted.environmentId
}

/** If it can still be restored. */
export function findKept(call: Call, id: number): StoredDeleted | undefined {
  const found = call.work.world.get(storedDeleted, call.account.id, id)
  return found !== undefined && isKept(call, found.deleted) ? found : undefined
}

/** Whether the caller may know of it, and where it was is the environment that counts. */
export function isSeen(call: Call, deleted: Deleted): boolean {
  const isWhereItWas = deleted.kind === 'environment' || isHere(call, deleted)
  return isWhereItWas && seesDeleted(call.scopes, call.environment.name, deleted)
}

/** Those that are here of what is in it: as many as go in one part. */
export function contentsOf({ work, account }: Call, inside: readonly number[]): readonly StoredDeleted[] {
  return inside.slice(0, partSize).flatMap((id) => work.world.get(storedDeleted, account.id, id) ?? [])
}

export function refuseAbsent(call: Call, id: number): Refused {
  const message =
    'Nothing that was deleted is kept under this id. List what is: it is kept as long as the account is set to.'
  return refuse(call, unknown(id), 'not_found', message)
}

function unknown(id: number): AuditObject {
  return { kind: 'deleted', id, uid: null, name: null, ...noVersion }
}

/** Where to find what is there again. */
export interface RestoredThing extends Pick<Deleted, 'kind' | 'name'> {
  readonly id: number
  /** Nothing of an environment. */
  readonly environment: string | null
}

export function thingOf(call: Call, { kind, thingId }: Deleted, name: string): RestoredThing {
  return { kind, id: thingId, name, environment: kind === 'environment' ? null : call.environment.name }
}

export function refuseTaken(call: Call, object: AuditObject, what: Deleted['kind']): Refused {
  const article = what === 'environment' ? 'An' : 'A'
  const detail = `${article} ${what} of this name exists. Restore it under another name, or rename that one first.`
  return refuseField(call, object, 'name_taken', { field: 'name', detail })
}

/** Puts a secret's row back, into the list that it was in if no other is named: its key and its versions never went. */
export function takeBack({ work: { world } }: Call, found: StoredDeleted, listId?: number): StoredSecret {
  const { deleted, key, sealed } = found
  const was = rowOf(secrets, deleted)
  const stored = { secret: world.macs.seal('secrets', { ...was, listId: listId ?? was.listId }), key, sealed }
  world.remove(storedDeleted, found)
  world.attach(storedSecrets, stored)
  return stored
}
