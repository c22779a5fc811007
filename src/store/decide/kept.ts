/** Keeps what is deleted, where the account is set so: its row leaves its table, and what it had stays with it. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { type Deleted, type DeletedKind, endOf, keptHash } from '../../model/deleted.ts'
import type { Environment } from '../../model/environment.ts'
import type { List } from '../../model/list.ts'
import type { StoredDeleted, StoredSecret } from '../stored.ts'
import { accounts } from '../tables/account.ts'
import { deletedByThing, keptRow, storedDeleted } from '../tables/deleted.ts'
import { environments } from '../tables/environment.ts'
import { lists } from '../tables/list.ts'
import { accountSettings } from '../tables/machine.ts'
import { secrets, storedSecrets } from '../tables/secret.ts'
import { unplaced } from './environment.ts'
import { type Call, putAccount, record, type UnplacedCall } from './work.ts'

/** For how many days the account keeps what it deletes. What deletes asks for its settings. */
export function recoveryDaysOf({ work, account }: UnplacedCall): number {
  return work.world.get(accountSettings, account.id)?.recoveryDays ?? 0
}

/** Whether it can still be restored, if nothing else is in the way. */
export function isKept(call: UnplacedCall, deleted: Deleted): boolean {
  return deleted.state === 'kept' && endOf(deleted, recoveryDaysOf(call)) > call.work.world.now
}

/**
 * Deletes a secret: for ever, or so that it can be restored.
 *
 * @param withId with which deletion of a list it goes; `null` when that is for ever; left out, it goes by itself
 * @returns the id of the deletion, if it is kept
 */
export function deleteSecretRow(call: Call, stored: StoredSecret, withId?: number | null): number | null {
  const { world } = call.work
  if (withId === null || (withId === undefined && recoveryDaysOf(call) === 0)) {
    world.remove(storedSecrets, stored)
    return null
  }
  const { secret, key, sealed } = stored
  world.detach(storedSecrets, stored)
  return keep(
    call,
    { key, sealed },
    {
      ...{ kind: 'secret', row: keptRow(secrets, secret), hash: hash('sha256', sealed, 'hex'), state: 'kept' },
      ...{ thingId: secret.id, uid: secret.uid, name: secret.name, version: secret.version },
      ...{ environmentId: secret.environmentId, withId: withId ?? null },
    },
  )
}

/** Keeps a list as it is. What is in it follows. @returns the id of the deletion, if it is kept */
export function keepList(call: Call, list: List, state: 'kept' | 'going'): number | null {
  if (recoveryDaysOf(call) === 0) return null
  const { id: thingId, uid, name, environmentId } = list
  return keep(call, nothing, {
    ...{ kind: 'list', row: keptRow(lists, list), hash: null, state },
    ...{ thingId, uid, name, version: null, environmentId, withId: null },
  })
}

/** @returns the id of the deletion, if it is kept */
export function keepEnvironment(call: Call, environment: Environment): number | null {
  if (recoveryDaysOf(call) === 0) return null
  const { id: thingId, uid, name } = environment
  return keep({ ...call, ...unplaced }, nothing, {
    ...{ kind: 'environment', row: keptRow(environments, environment), hash: null, state: 'kept' },
    ...{ thingId, uid, name, version: null, environmentId: 0, withId: null },
  })
}

const nothing = { key: { keyVersion: 0, wrapped: new Uint8Array() }, sealed: new Uint8Array() }

type Kept = Omit<Deleted, 'accountId' | 'id' | 'deletedAt' | 'deleter' | 'newName' | 'mac'>

function keep(call: Call, parts: Pick<StoredDeleted, 'key' | 'sealed'>, kept: Kept): number {
  const { work, principal } = call
  const account = work.world.get(accounts, call.account.id) ?? call.account
  const id = account.nextDeletedId
  putAccount(work, { ...account, nextDeletedId: id + 1 })
  const row = { ...kept, accountId: account.id, id, deletedAt: work.world.now, deleter: principal, newName: null }
  putDeleted(call, { ...parts, deleted: row })
  record({ ...call, action: keeping[kept.kind] }, objectOfDeleted(row), 'ok')
  return id
}

const keeping = { secret: 'secret.keep', list: 'list.keep', environment: 'environment.keep' } as const

/** What is kept, as it is from now on. */
export function putDeleted(
  { work: { world } }: Call,
  stored: Omit<StoredDeleted, 'deleted'> & { readonly deleted: Omit<Deleted, 'mac'> },
): void {
  world.put(storedDeleted, { ...stored, deleted: world.macs.seal('deleted', stored.deleted) })
}

/** What is kept of something that was deleted. */
export function deletedThing(
  { work, account }: UnplacedCall,
  kind: DeletedKind,
  id: number,
): StoredDeleted | undefined {
  return work.world.find(deletedByThing, account.id, kind, id)
}

export function objectOfDeleted(deleted: Omit<Deleted, 'mac'>): AuditObject {
  const { id, uid, name, version } = deleted
  return { kind: 'deleted', id, uid, name, version, hash: keptHash(deleted) }
}
