/** What happens to API keys: nobody hands on more than they have. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { type ApiKey, scopesOf } from '../../model/api-key.ts'
import { allowsSome, mayManageKey } from '../../model/scope.ts'
import type { KeyChange, NewKey, Op, Outcome, Refused } from '../operation.ts'
import { ref } from '../world.ts'
import { endMade, madeBy } from './made.ts'
import { type Call, done, forbid, isMadeBy, putAccount, putKey, record, refuse } from './work.ts'

export function listKeys(call: Call): Outcome<'list_keys'> {
  if (!allowsSome(call.scopes, 'keys:manage')) return forbid(call, null, 'keys:manage')
  return done(call, null, { accountId: call.account.id, scopes: call.scopes })
}

export function readKey(call: Call, operation: Op<'read_key'>): Outcome<'read_key'> {
  const found = find(call, operation.id)
  if ('kind' in found) return found
  return done(call, objectOf(found), found)
}

export function readOwnKey(call: Call): Outcome<'read_own_key'> {
  const { key } = call
  return key === undefined || key.userId !== null ? withoutKey(call) : done(call, objectOf(key), key)
}

function withoutKey(call: Call): Refused {
  return refuse(call, null, 'not_found', 'This request was not made with an API key.')
}

export function prepareKey(call: Call, operation: Op<'prepare_key'>): Outcome<'prepare_key'> {
  const found = call.work.world.keys.get(ref(call.account.id, operation.id))
  // The change that follows refuses and records; here is only what it needs.
  if (found === undefined) return { kind: 'refused', code: 'not_found', message: '' }
  return { kind: 'done', result: found }
}

/** By whoever may manage the key. */
export function listMadeByKey(call: Call, { maker }: Op<'list_made'>): Outcome<'list_made'> {
  const found = find(call, maker.id)
  return 'kind' in found ? found : done<'list_made'>(call, objectOf(found), madeBy(call, maker))
}

export function createKey(call: Call, operation: Op<'create_key'>): Outcome<'create_key'> {
  const { key } = operation
  const object: AuditObject = { kind: 'key', id: null, uid: key.uid, name: key.name, version: null, hash: null }
  if (key.accountId !== call.account.id || !isMadeBy(call, key.maker)) return { kind: 'outdated' }
  if (!allowsSome(call.scopes, 'keys:manage')) return forbid(call, object, 'keys:manage')
  const made = addKey(call, key)
  return done(call, objectOf(made), made)
}

export function rotateKey(call: Call, operation: Op<'rotate_key'>): Outcome<'rotate_key'> {
  const found = find(call, operation.id)
  if ('kind' in found) return found
  const object = objectOf(found)
  if (found.revokedAt !== null) return refuse(call, object, 'invalid', 'This API key is revoked. Create a new one.')
  if (found.ruleId !== null) {
    return refuse(call, object, 'invalid', 'This API key came from a token. Trade a new token for a new key.')
  }
  const { change, key } = operation
  if (change === undefined || key === undefined || !isUpon(change, found)) return { kind: 'outdated' }
  if (!isMadeBy(call, key.maker)) return { kind: 'outdated' }
  const ending = putKey(call.work, { ...found, expiresAt: change.expiresAt, revokedAt: change.revokedAt })
  const made = addKey(call, key)
  record(call, objectOf(ending), 'ok')
  return done({ ...call, action: 'key.create' }, objectOf(made), made)
}

export function revokeKey(call: Call, operation: Op<'revoke_key'>): Outcome<'revoke_key'> {
  const found = find(call, operation.id)
  if ('kind' in found) return found
  return revoke(call, found, operation)
}

/** Needs no right: whoever holds a key can do all that it may, and less. */
export function revokeOwnKey(call: Call, operation: Op<'revoke_own_key'>): Outcome<'revoke_own_key'> {
  const { key } = call
  // As it is by now: the time of its use may have been noted.
  const found = key === undefined ? undefined : call.work.world.keys.get(ref(key.accountId, key.id))
  return found === undefined || found.userId !== null ? withoutKey(call) : revoke(call, found, operation)
}

/** Once more is no fault; what it made can still be ended then. */
function revoke(
  call: Call,
  found: ApiKey,
  { change, isWhole }: Pick<Op<'revoke_key'>, 'change' | 'isWhole'>,
): Outcome<'revoke_key'> {
  const isOpen = found.revokedAt === null
  if (isOpen && (change === undefined || !isUpon(change, found))) return { kind: 'outdated' }
  const made = endMade(call, { kind: 'key', id: found.id }, isWhole)
  if (!isOpen || change === undefined) return done(call, objectOf(found), { key: found, made })
  const revoked = putKey(call.work, { ...found, expiresAt: change.expiresAt, revokedAt: change.revokedAt })
  return done(call, objectOf(revoked), { key: revoked, made })
}

/** A key that the caller may manage, or why not: 403 without the right, 404 for one out of the caller's reach. */
function find(call: Call, id: number): ApiKey | Refused {
  const unknown: AuditObject = { kind: 'key', id, uid: null, name: null, version: null, hash: null }
  if (!allowsSome(call.scopes, 'keys:manage')) return forbid(call, unknown, 'keys:manage')
  const found = call.work.world.keys.get(ref(call.account.id, id))
  if (found !== undefined && found.userId === null && mayManageKey(call.scopes, scopesOf(found))) return found
  return refuse(
    call,
    found === undefined || found.userId !== null ? unknown : objectOf(found),
    'not_found',
    'No API key with this id.',
  )
}

export function addKey(call: Call, key: NewKey): ApiKey {
  const account = call.work.world.accounts.get(key.accountId) ?? call.account
  putAccount(call.work, { ...account, nextKeyId: account.nextKeyId + 1 })
  return putKey(call.work, { ...key, id: account.nextKeyId, lastUsedAt: null })
}

function isUpon(change: KeyChange, key: ApiKey): boolean {
  return Buffer.compare(change.rowMac, key.mac) === 0
}

export function objectOf(key: ApiKey): AuditObject {
  return { kind: 'key', id: key.id, uid: key.uid, name: key.name, version: null, hash: hash('sha256', key.mac, 'hex') }
}
