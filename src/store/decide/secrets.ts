/** What happens to secrets: authorization, conditions, the change, its record. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { allowsName, allowsSome, type Right } from '../../model/scope.ts'
import type { Idempotency, Match, Op, Outcome, Refused, SecretHead, StoredSecret } from '../operation.ts'
import { ref, replyRef } from '../world.ts'
import { type Call, done, forbid, putAccount, putSecret, refuse, removeSecret } from './work.ts'

export function listSecrets(call: Call): Outcome<'list_secrets'> {
  if (!allowsSome(call.scopes, 'secrets:list')) return forbid(call, null, 'secrets:list')
  return done(call, null, { accountId: call.account.id, scopes: call.scopes })
}

export function readSecret(call: Call, operation: Op<'read_secret'>): Outcome<'read_secret'> {
  const found = find(call, operation.id, 'secrets:read')
  if ('kind' in found) return found
  return done(call, objectOf(found), found)
}

export function prepareSecret(call: Call, operation: Op<'prepare_secret'>): Outcome<'prepare_secret'> {
  const found = call.work.world.secrets.get(ref(call.account.id, operation.id))
  // The change that follows refuses and records; here is only what it needs.
  if (found === undefined) return { kind: 'refused', code: 'not_found', message: '' }
  return { kind: 'done', result: { secret: found.secret, key: found.key } }
}

export function createSecret(call: Call, operation: Op<'create_secret'>): Outcome<'create_secret'> {
  const { work, account, scopes } = call
  const { now } = work.world
  const object: AuditObject = { kind: 'secret', id: null, uid: null, name: operation.name, version: null, hash: null }
  // A key that was wrapped under a version which is being replaced would be lost with it.
  const isCurrent = operation.key.keyVersion === work.world.accountKeys.get(account.id)?.version
  if (operation.accountId !== account.id || !isCurrent) return { kind: 'outdated' }
  if (!allowsName(scopes, 'secrets:write', operation.name)) return forbid(call, object, 'secrets:write')
  const earlier = replay(call, operation.idempotency, object)
  if (earlier !== undefined) return earlier
  if (work.world.names.has(ref(account.id, operation.name))) {
    return refuse(
      call,
      object,
      'name_taken',
      'A secret of this name exists already. Choose another name, or update that one.',
    )
  }
  const { name, uid, key, sealed, mac } = operation
  const secret = {
    accountId: account.id,
    id: account.nextSecretId,
    uid,
    name,
    version: 1,
    createdAt: now,
    updatedAt: now,
    mac,
  }
  putAccount(work, { ...account, nextSecretId: secret.id + 1 })
  const stored = { secret, key, sealed }
  putVersion(call, stored)
  remember(call, operation.idempotency, secret)
  return done(call, objectOf(stored), { secret, replayed: false })
}

export function updateSecret(call: Call, operation: Op<'update_secret'>): Outcome<'update_secret'> {
  const found = find(call, operation.id, 'secrets:write', operation.match)
  if ('kind' in found) return found
  if (operation.name !== undefined && operation.name !== found.secret.name) {
    return refuse(call, objectOf(found), 'invalid', 'name: Must be left out, or be the name that the secret has.')
  }
  return replay(call, operation.idempotency, objectOf(found)) ?? putNext(call, found, operation)
}

/** Stores the next version, if it was sealed upon the row as it is. */
export function putNext(
  call: Call,
  found: StoredSecret,
  { match, next, idempotency }: Pick<Op<'update_secret'>, 'match' | 'next' | 'idempotency'>,
): Outcome<'update_secret' | 'restore_version'> {
  if (!fits(found, match)) return refuseStale(call, objectOf(found))
  if (next === undefined || next.version !== found.secret.version || !same(next.rowMac, found.secret.mac)) {
    return { kind: 'outdated' }
  }
  const secret = { ...found.secret, version: next.version + 1, updatedAt: call.work.world.now, mac: next.mac }
  const stored = { ...found, secret, sealed: next.sealed }
  putVersion(call, stored)
  remember(call, idempotency, secret)
  return done<'update_secret' | 'restore_version'>(call, objectOf(stored), { secret, replayed: false })
}

export function deleteSecret(call: Call, operation: Op<'delete_secret'>): Outcome<'delete_secret'> {
  const found = find(call, operation.id, 'secrets:delete', operation.match)
  if ('kind' in found) return found
  const object = objectOf(found)
  if (!fits(found, operation.match)) return refuseStale(call, object)
  removeSecret(call.work, found)
  return done(call, object, { secret: found.secret, key: found.key })
}

/**
 * The secret, if the caller has the right to it. Without the right for any name: 403, whether it exists or not. Without
 * it for this name: 403 if the caller may list it, else as if it did not exist.
 */
export function find(call: Call, id: number, right: Right, match?: Match): StoredSecret | Refused {
  const unknown: AuditObject = { kind: 'secret', id, uid: null, name: null, version: null, hash: null }
  if (!allowsSome(call.scopes, right)) return forbid(call, unknown, right)
  const found = call.work.world.secrets.get(ref(call.account.id, id))
  if (found !== undefined) {
    const { name } = found.secret
    if (allowsName(call.scopes, right, name)) return found
    if (allowsName(call.scopes, 'secrets:list', name)) return forbid(call, objectOf(found), right)
  }
  const object = found === undefined ? unknown : objectOf(found)
  if (match === '*') return refuseStale(call, object)
  return refuse(call, object, 'not_found', 'No secret with this id.')
}

function fits({ secret }: StoredSecret, match: Match | undefined): boolean {
  return match === undefined || match === '*' || match.includes(secret.version)
}

function refuseStale(call: Call, object: AuditObject): Refused {
  return refuse(
    call,
    object,
    'stale_version',
    'The secret is not at the version that If-Match asks for. Read it again, then repeat the change.',
  )
}

function putVersion(call: Call, stored: StoredSecret): void {
  const { secret, sealed } = stored
  putSecret(call.work, stored)
  const { versions } = call.work.world
  const at = ref(secret.accountId, secret.id)
  const head = { version: secret.version, createdAt: secret.updatedAt }
  if (versions.has(at)) versions.set(at, [...(versions.get(at) ?? []), head])
  call.work.changes.versions.push({
    accountId: secret.accountId,
    secretId: secret.id,
    version: secret.version,
    createdAt: secret.updatedAt,
    sealed,
  })
}

/** The answer of an earlier request under the same idempotency key, if there was one. */
export function replay(
  call: Call,
  idempotency: Idempotency | undefined,
  object: AuditObject,
): Outcome<'create_secret' | 'update_secret' | 'restore_version'> | undefined {
  if (idempotency === undefined) return undefined
  const { world } = call.work
  const reply = world.replies.get(replyRef(call.account.id, call.key?.id ?? 0, idempotency.hash))
  if (reply === undefined) return undefined
  if (reply.fingerprint !== idempotency.fingerprint) {
    return refuse(
      call,
      object,
      'idempotency_mismatch',
      'This Idempotency-Key was used for another request. Use a new one.',
    )
  }
  const { secret } = reply
  const known = { ...object, id: secret.id, name: secret.name, version: secret.version }
  return done<'create_secret' | 'update_secret' | 'restore_version'>(
    call,
    known,
    { secret, replayed: true },
    'replayed',
  )
}

function remember(call: Call, idempotency: Idempotency | undefined, secret: SecretHead): void {
  if (idempotency === undefined) return
  const { id, name, version, createdAt, updatedAt } = secret
  const reply = {
    accountId: call.account.id,
    keyId: call.key?.id ?? 0,
    ...idempotency,
    secret: { id, name, version, createdAt, updatedAt },
    createdAt: call.work.world.now,
  }
  call.work.changes.replies.push(reply)
  call.work.world.replies.set(replyRef(reply.accountId, reply.keyId, reply.hash), reply)
}

export function objectOf({ secret, sealed }: StoredSecret): AuditObject {
  const { id, uid, name, version } = secret
  return { kind: 'secret', id, uid, name, version, hash: hash('sha256', sealed, 'hex') }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
