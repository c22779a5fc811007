/** API keys: nobody hands on more than they have. */
import type { AuditObject } from '../../audit/record.ts'
import { type ApiKey, scopesOf } from '../../model/api-key.ts'
import { mayManageKey } from '../../model/scope.ts'
import { type Handed, noVersion } from '../decide/grants.ts'
import { objectOfKey } from '../decide/key-objects.ts'
import { endMade, isAllBefore } from '../decide/made.ts'
import { keptRow, objectAgain, onceOf } from '../decide/once.ts'
import {
  authorizeListing,
  type Call,
  done,
  isMadeBy,
  type Listing,
  put,
  putAccount,
  record,
  refuse,
} from '../decide/work.ts'
import type { Before, Made } from '../made.ts'
import type { Ended, Outcome, Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { apiKeys } from '../tables/api-key.ts'
import { defineOnce, defineOperation, free, overSome, type WithRight } from './define.ts'

/** A key without what the transaction gives it. */
export type NewKey = Omit<ApiKey, 'id' | 'lastUsedAt' | 'lastUsedApi' | 'mac'>

export interface KeyChange {
  /** The row that it was made upon. */
  readonly rowMac: Uint8Array
  readonly expiresAt: number | null
  readonly revokedAt: number | null
}

interface ById {
  readonly id: number
}

const right = 'keys:manage'

/** A key that the caller may manage, or why not: 403 without the right, 404 for one out of the caller's reach. */
const aKey: WithRight<ById, ApiKey> = {
  right,
  over: 'some',
  object: (_call, { id }) => unknownKey(id),
  subject: (call, { id }) => findKey(call, id),
}

const listKeys = defineOperation<object, Listing>()({
  kind: 'list_keys',
  action: 'key.list',
  scope: overSome(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: authorizeListing,
})

const readKey = defineOperation<ById, ApiKey, ApiKey>()({
  kind: 'read_key',
  action: 'key.read',
  scope: aKey,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.key(id),
  sharing: true,
  decide: (call, _operation, found) => done(call, objectOfKey(found), found),
})

/** The key that asks, whatever its scopes. */
const readOwnKey = defineOperation<object, ApiKey>()({
  kind: 'read_own_key',
  action: 'key.read',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: (call) => {
    const { key } = call
    return key === undefined || key.userId !== null ? withoutKey(call) : done(call, objectOfKey(key), key)
  },
})

/** Loads what is needed to authenticate a changed row. Not recorded: the change that follows refuses and records. */
const prepareKey = defineOperation<ById, ApiKey>()({
  kind: 'prepare_key',
  action: 'key.read',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.key(id),
  sharing: true,
  decide: (call, { id }) => {
    const found = call.work.world.get(apiKeys, call.account.id, id)
    if (found === undefined) return { kind: 'refused', code: 'not_found', message: '' }
    return { kind: 'done', result: found }
  },
})

/** Neither the token, which nobody has, nor its hash. */
const keyOnce = onceOf(keptRow<ApiKey>()({ tokenHash: '', mac: new Uint8Array() }), (key) =>
  objectAgain('key', key, key.name),
)

const createKey = defineOnce<{ readonly key: NewKey }, ApiKey>()({
  kind: 'create_key',
  action: 'key.create',
  scope: overSome(right, (_call, { key }) => objectOfNew(key)),
  environment: 'none',
  delicate: true,
  grants: (_call, { key }) => [keyHanded(key, { field: 'scopes', before: [] })],
  needs: 'nothing',
  decide: (call, { key }) => {
    if (key.accountId !== call.account.id || !isMadeBy(call, key.maker)) return { kind: 'outdated' }
    const made = addKey(call, key)
    return done(call, objectOfKey(made), made)
  },
  once: keyOnce,
})

interface Rotation extends ById {
  /** The old key as it will be, upon the row that was prepared; `undefined` when there was none. */
  readonly change: KeyChange | undefined
  readonly key: NewKey | undefined
}

const rotateKey = defineOnce<Rotation, ApiKey, ApiKey>()({
  kind: 'rotate_key',
  action: 'key.rotate',
  scope: aKey,
  environment: 'none',
  delicate: true,
  grants: handedByRotation,
  needs: (needs, { id }) => needs.key(id),
  decide: (call, { change, key }, found) => {
    const object = objectOfKey(found)
    if (found.revokedAt !== null) return refuse(call, object, 'invalid', 'This API key is revoked. Create a new one.')
    if (found.ruleId !== null) {
      return refuse(call, object, 'invalid', 'This API key came from a token. Trade a new token for a new key.')
    }
    if (found.makerGeneration !== null) {
      const message = 'This API key came from a login and ends with it. Run "strongroom login" again for another.'
      return refuse(call, object, 'invalid', message)
    }
    if (change === undefined || key === undefined || !isUpon(change, found)) return { kind: 'outdated' }
    if (!isMadeBy(call, key.maker)) return { kind: 'outdated' }
    const ending = put(call.work, apiKeys, { ...found, expiresAt: change.expiresAt, revokedAt: change.revokedAt })
    const made = addKey(call, key)
    record(call, objectOfKey(ending), 'ok')
    return done({ ...call, action: 'key.create' }, objectOfKey(made), made)
  },
  once: keyOnce,
})

interface Revocation {
  readonly change: KeyChange | undefined
  /** Whether what it made ends with it. */
  readonly isWhole: boolean
  /** What of that was ended already. */
  readonly before?: Before | undefined
}

interface Revoked {
  readonly key: ApiKey
  readonly made: Made
}

const revokeKey = defineOperation<ById & Revocation, Revoked, ApiKey>()({
  kind: 'revoke_key',
  action: 'key.revoke',
  scope: aKey,
  environment: 'none',
  delicate: true,
  grants: 'nothing',
  needs: (needs, { id, isWhole, before }) => {
    needs.key(id)
    if (isWhole) needs.made({ kind: 'key', id }, before)
  },
  decide: (call, operation, found) => revoke(call, found, operation),
})

/** Needs no right: whoever holds a key can do all that it may, and less. */
const revokeOwnKey = defineOperation<Revocation, Revoked>()({
  kind: 'revoke_own_key',
  action: 'key.revoke',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { isWhole, before }) => {
    if (isWhole) needs.madeByCaller(before)
  },
  decide: (call, operation) => {
    const { key } = call
    // As it is by now: the time of its use may have been noted.
    const found = key === undefined ? undefined : call.work.world.get(apiKeys, key.accountId, key.id)
    return found === undefined || found.userId !== null ? withoutKey(call) : revoke(call, found, operation)
  },
})

export const keyOperations = {
  [listKeys.kind]: listKeys,
  [readKey.kind]: readKey,
  [readOwnKey.kind]: readOwnKey,
  [prepareKey.kind]: prepareKey,
  [createKey.kind]: createKey,
  [rotateKey.kind]: rotateKey,
  [revokeKey.kind]: revokeKey,
  [revokeOwnKey.kind]: revokeOwnKey,
}

function withoutKey(call: Call): Refused {
  return refuse(call, null, 'not_found', 'This request was not made with an API key.')
}

/** Once more is no fault; what it made can still be ended then. */
function revoke(call: Call, found: ApiKey, { change, isWhole, before }: Revocation): Outcome<Revoked> {
  const isOpen = found.revokedAt === null
  if (isOpen && (change === undefined || !isUpon(change, found))) return { kind: 'outdated' }
  const maker = { kind: 'key', id: found.id } as const
  if (!isAllBefore(call, maker, before)) return { kind: 'outdated' }
  const made = endMade(call, maker, isWhole, before)
  if (!isOpen || change === undefined) return done(call, objectOfKey(found), { key: found, made })
  const revoked = put(call.work, apiKeys, { ...found, expiresAt: change.expiresAt, revokedAt: change.revokedAt })
  return done(call, objectOfKey(revoked), { key: revoked, made })
}

/** For whoever may manage keys; 404 for one out of their reach. */
export function findKey(call: Call, id: number): ApiKey | Ended {
  const found = call.work.world.get(apiKeys, call.account.id, id)
  if (found !== undefined && found.userId === null && mayManageKey(call.scopes, scopesOf(found))) return found
  const object = found === undefined || found.userId !== null ? unknownKey(id) : objectOfKey(found)
  return refuse(call, object, 'not_found', 'No API key with this id.')
}

export function addKey(call: Call, key: NewKey): ApiKey {
  const account = call.work.world.get(accounts, key.accountId) ?? call.account
  putAccount(call.work, { ...account, nextKeyId: account.nextKeyId + 1 })
  return put(call.work, apiKeys, { ...key, id: account.nextKeyId, lastUsedAt: null, lastUsedApi: null })
}

function isUpon(change: KeyChange, key: ApiKey): boolean {
  return Buffer.compare(change.rowMac, key.mac) === 0
}

export function keyHanded(key: NewKey & { readonly id?: number }, written: Handed['written']): Handed {
  const { uid, name, networks, expiresAt: until, isOwner, id = null } = key
  return {
    thing: 'key',
    object: { kind: 'key', id, uid, name, ...noVersion },
    written,
    scopes: scopesOf(key),
    ...{ networks, until, isOwner },
  }
}

function handedByRotation(call: Call, { id, key }: Rotation): readonly Handed[] {
  const found = call.work.world.get(apiKeys, call.account.id, id)
  if (found === undefined || found.userId !== null || !mayManageKey(call.scopes, scopesOf(found))) return []
  // Such a key is not rotated.
  if (found.revokedAt !== null || found.ruleId !== null || found.makerGeneration !== null) return []
  const handed = keyHanded(found, null)
  // Whoever rotates a key holds it afterwards: with all that it may, whatever the new one is said to be.
  if (key === undefined) return [handed]
  return [
    { ...keyHanded(key, null), object: handed.object },
    { ...handed, until: key.expiresAt },
  ]
}

export function unknownKey(id: number): AuditObject {
  return { kind: 'key', id, uid: null, name: null, ...noVersion }
}

function objectOfNew({ uid, name }: NewKey): AuditObject {
  return { kind: 'key', id: null, uid, name, ...noVersion }
}
