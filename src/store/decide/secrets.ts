/** What happens to secrets: authorization, conditions, the change, its record. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { defaultList } from '../../model/list.ts'
import { allowsName, allowsSome, type Right } from '../../model/scope.ts'
import type {
  Idempotency,
  Match,
  MetadataMatch,
  Op,
  Outcome,
  Place,
  Refused,
  SecretHead,
  StoredSecret,
} from '../operation.ts'
import { ref, replyRef } from '../world.ts'
import { holdersOf } from './deployments.ts'
import { findList, listForAll, refuseList } from './places.ts'
import { countWraps } from './rotation.ts'
import {
  type Call,
  done,
  forbid,
  putAccount,
  putReply,
  putSecret,
  record,
  refuse,
  removeSecret,
  type UnsealedSecret,
} from './work.ts'

export function listSecrets(call: Call, { list: wanted }: Op<'list_secrets'>): Outcome<'list_secrets'> {
  if (!allowsSome(call.scopes, 'secrets:list')) return forbid(call, null, 'secrets:list')
  const list = wanted === undefined ? undefined : findList(call, wanted)
  if (wanted !== undefined && list === undefined) return refuseList(call, wanted)
  return done(call, null, { accountId: call.account.id, scopes: call.scopes, list })
}

export function readSecret(call: Call, operation: Op<'read_secret'>): Outcome<'read_secret'> {
  const found = find(call, operation, 'secrets:read')
  if ('kind' in found) return found
  return done(call, objectOf(found), found)
}

export function readSecrets(call: Call, { refs }: Op<'read_secrets'>): Outcome<'read_secrets'> {
  const read = refs.map((id) => {
    const found = find(call, { id }, 'secrets:read')
    if (!('kind' in found)) record(call, objectOf(found), 'ok')
    return found
  })
  return { kind: 'done', result: read }
}

export function prepareSecret(call: Call, operation: Op<'prepare_secret'>): Outcome<'prepare_secret'> {
  const found = secretAt(call, operation)
  // The change that follows refuses and records; here is only what it needs.
  if (found === undefined) return { kind: 'refused', code: 'not_found', message: '' }
  return { kind: 'done', result: found }
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
  if (work.world.names.has(ref(account.id, operation.name))) return refuseTaken(call, object)
  const list = operation.list === undefined ? listForAll(call) : findList(call, operation.list)
  if (list === undefined) return refuseList(call, operation.list ?? defaultList, object)
  const exhausted = countWraps(call, 1, object)
  if (exhausted !== undefined) return exhausted
  const { name, uid, key, sealed, details } = operation
  const current = work.world.accounts.get(account.id) ?? account
  putAccount(work, { ...current, nextSecretId: current.nextSecretId + 1 })
  const secret = {
    ...details,
    accountId: account.id,
    id: current.nextSecretId,
    listId: list.id,
    uid,
    name,
    version: 1,
    createdAt: now,
    updatedAt: now,
  }
  const stored = putVersion(call, { secret, key, sealed })
  remember(call, operation.idempotency, secret)
  return done(call, objectOf(stored), { secret: stored.secret, replayed: false, stale: 0 })
}

function refuseTaken(call: Call, object: AuditObject): Refused {
  const message = 'A secret of this name exists already. Choose another name, or update that one.'
  return refuse(call, object, 'name_taken', message)
}

export function updateSecret(call: Call, operation: Op<'update_secret'>): Outcome<'update_secret'> {
  const found = find(call, operation, 'secrets:write', operation.match)
  if ('kind' in found) return found
  const { name } = found.secret
  if (operation.name !== undefined && operation.name !== name) {
    return refuse(call, objectOf(found), 'invalid', 'name: Must be left out, or be the name that the secret has.')
  }
  const earlier = replay(call, operation.idempotency, objectOf(found))
  if (earlier !== undefined) return earlier
  const { rename = name, next } = operation
  if (rename !== name) {
    if (!allowsName(call.scopes, 'secrets:write', rename)) return forbid(call, objectOf(found), 'secrets:write')
    // What it was before comes along: else it could be read under a name that the caller may read.
    if (!allowsName(call.scopes, 'secrets:read', name)) return forbid(call, objectOf(found), 'secrets:read')
    if (call.work.world.names.has(ref(call.account.id, rename))) return refuseTaken(call, objectOf(found))
  }
  if (next !== undefined && next.name !== rename) return { kind: 'outdated' }
  return putNext(call, found, operation)
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
  const { name, version } = next
  const secret = { ...found.secret, name, version: version + 1, updatedAt: call.work.world.now }
  const stored = putVersion(call, { ...found, secret, sealed: next.sealed })
  remember(call, idempotency, secret)
  const stale = holdersOf(call, secret.id)
  return done<'update_secret' | 'restore_version'>(call, objectOf(stored), { secret, replayed: false, stale })
}

export function deleteSecret(call: Call, operation: Op<'delete_secret'>): Outcome<'delete_secret'> {
  const found = find(call, operation, 'secrets:delete', operation.match)
  if ('kind' in found) return found
  const object = objectOf(found)
  if (!fits(found, operation.match)) return refuseStale(call, object)
  removeSecret(call.work, found)
  return done(call, object, { secret: found.secret, stale: holdersOf(call, found.secret.id) })
}

/**
 * The secret, if the caller has the right to it. Without the right for any name: 403, whether it exists or not. Without
 * it for this name: 403 if the caller may list it, else as if it did not exist.
 */
export function find(call: Call, place: Place, right: Right, match?: Match | MetadataMatch): StoredSecret | Refused {
  const { id, list } = place
  const named = typeof id === 'number' ? { id, name: null } : { id: null, name: id }
  const unknown: AuditObject = { kind: 'secret', ...named, uid: null, version: null, hash: null }
  if (!allowsSome(call.scopes, right)) return forbid(call, unknown, right)
  if (list !== undefined && findList(call, list) === undefined) return refuseList(call, list, unknown)
  const found = secretAt(call, place)
  if (found !== undefined) {
    const { name } = found.secret
    if (allowsName(call.scopes, right, name)) return found
    if (allowsName(call.scopes, 'secrets:list', name)) return forbid(call, objectOf(found), right)
  }
  const object = found === undefined ? unknown : objectOf(found)
  if (match === '*') return refuseStale(call, object)
  const what = typeof id === 'number' ? 'id' : 'name'
  return refuse(call, object, 'not_found', `No secret with this ${what}.`)
}

/** The secret, whoever asks. */
function secretAt({ account, work }: Call, { id: wanted, list }: Place): StoredSecret | undefined {
  const { world } = work
  const id = typeof wanted === 'number' ? wanted : world.names.get(ref(account.id, wanted))
  const found = world.secrets.get(ref(account.id, id ?? 0))
  if (found === undefined || list === undefined) return found
  const listId = typeof list === 'number' ? list : world.listNames.get(ref(account.id, list))
  return found.secret.listId === listId ? found : undefined
}

export function fits({ secret }: StoredSecret, match: Match | undefined): boolean {
  return match === undefined || match === '*' || match.includes(secret.version)
}

export function refuseStale(call: Call, object: AuditObject): Refused {
  return refuse(
    call,
    object,
    'stale_version',
    'The secret is not at the version that If-Match asks for. Read it again, then repeat the change.',
  )
}

function putVersion(call: Call, unsealed: UnsealedSecret): StoredSecret {
  const stored = putSecret(call.work, unsealed)
  const { secret, sealed } = stored
  const { versions, macs } = call.work.world
  const at = ref(secret.accountId, secret.id)
  const { accountId, id: secretId, version, updatedAt: createdAt, name } = secret
  const head = macs.seal('versions', { accountId, secretId, version, createdAt, name })
  if (versions.has(at)) versions.set(at, [...(versions.get(at) ?? []), head])
  call.work.changes.versions.push({ ...head, sealed })
  return stored
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
  const result = { secret, replayed: true, stale: holdersOf(call, secret.id) }
  return done<'create_secret' | 'update_secret' | 'restore_version'>(call, known, result, 'replayed')
}

function remember(call: Call, idempotency: Idempotency | undefined, secret: SecretHead): void {
  if (idempotency === undefined) return
  const { id, name, version, createdAt, updatedAt, listId } = secret
  putReply(call.work, {
    accountId: call.account.id,
    keyId: call.key?.id ?? 0,
    ...idempotency,
    secret: { id, name, version, createdAt, updatedAt, listId },
    createdAt: call.work.world.now,
  })
}

export function objectOf({ secret, sealed }: StoredSecret): AuditObject {
  const { id, uid, name, version } = secret
  return { kind: 'secret', id, uid, name, version, hash: hash('sha256', sealed, 'hex') }
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
