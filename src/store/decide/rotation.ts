/** What happens when an account's key is replaced: a new version, secret keys wrapped anew, the old version dropped. */
import type { AuditObject } from '../../audit/record.ts'
import { allows } from '../../model/scope.ts'
import type { SecretKey } from '../../model/secret.ts'
import type { Op, Outcome } from '../operation.ts'
import { ref } from '../world.ts'
import { type Call, done, forbid, putSecret, refuse } from './work.ts'

const right = 'account:manage'

export function addAccountKey(call: Call, { accountKey }: Op<'add_account_key'>): Outcome<'add_account_key'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  const { world, changes } = call.work
  const newest = world.accountKeys.get(call.account.id)?.version
  if (accountKey.accountId !== call.account.id || newest !== accountKey.version - 1) return { kind: 'outdated' }
  world.accountKeys.set(call.account.id, accountKey)
  changes.accountKeys.push(accountKey)
  return done(call, objectOf(call, accountKey.version), null)
}

export function rewrapSecretKeys(call: Call, { keys }: Op<'rewrap_secret_keys'>): Outcome<'rewrap_secret_keys'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  const { work, account } = call
  let count = 0
  for (const { id, from, to } of keys) {
    const stored = work.world.secrets.get(ref(account.id, id))
    if (stored === undefined || !isSame(stored.key, from)) continue
    putSecret(work, { ...stored, key: to })
    work.changes.rewrapped.push({ accountId: account.id, id, key: to })
    count++
  }
  return { kind: 'done', result: count }
}

export function dropAccountKey(call: Call, { version }: Op<'drop_account_key'>): Outcome<'drop_account_key'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  const { world, changes } = call.work
  const newest = world.accountKeys.get(call.account.id)?.version ?? 0
  const object = objectOf(call, version)
  if (version >= newest || world.accountKeysInUse.get(call.account.id)?.has(version) !== false) {
    return refuse(call, object, 'invalid', 'This version of the account key still wraps secret keys.')
  }
  changes.droppedAccountKeys.push({ accountId: call.account.id, version })
  return done(call, object, null)
}

function isSame(a: SecretKey, b: SecretKey): boolean {
  return a.keyVersion === b.keyVersion && Buffer.compare(a.wrapped, b.wrapped) === 0
}

function objectOf({ account }: Call, version: number): AuditObject {
  return { kind: 'account', id: account.id, uid: null, name: account.name, version, hash: null }
}
