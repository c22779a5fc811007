/** The keys that wrap others: counted as they are used, replaced by new versions, dropped when they wrap nothing. */
import type { AuditObject } from '../../audit/record.ts'
import { type AccountKey, maxWraps } from '../../model/account.ts'
import { allows } from '../../model/scope.ts'
import type { SecretKey } from '../../model/secret.ts'
import type { Op, Outcome, Refused } from '../operation.ts'
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
  // Nothing more is written of the old one.
  changes.changedAccountKeys.delete(call.account.id)
  return done(call, objectOf(call, accountKey.version), null)
}

export function rewrapSecretKeys(call: Call, { keys }: Op<'rewrap_secret_keys'>): Outcome<'rewrap_secret_keys'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  const { work, account } = call
  let count = 0
  const refusal = countWraps(call, keys.length, objectOf(call, null))
  if (refusal !== undefined) return refusal
  for (const { id, from, to } of keys) {
    const stored = work.world.secrets.get(ref(account.id, id))
    if (stored === undefined || !isSame(stored.key, from)) continue
    putSecret(work, { ...stored, key: to })
    work.changes.rewrapped.push({ accountId: account.id, id, key: to })
    count++
  }
  return { kind: 'done', result: count }
}

/**
 * Counts what the account's key wraps. What was wrapped in vain counts too, if it got so far.
 *
 * @returns a refusal when that is more than a key may wrap
 */
export function countWraps(call: Call, wraps: number, object: AuditObject | null): Refused | undefined {
  const key = call.work.world.accountKeys.get(call.account.id)
  if (key === undefined) return undefined
  if (key.uses + wraps > maxWraps) {
    const message = 'The key of this account has wrapped all that it may. Run "strongroom account rotate-key".'
    return refuse(call, object, 'key_exhausted', message)
  }
  putAccountKey(call, { ...key, uses: key.uses + wraps })
  return undefined
}

export function rewrapAccountKey(call: Call, { from, to }: Op<'rewrap_account_key'>): Outcome<'rewrap_account_key'> {
  if (call.principal.kind !== 'host') return forbid(call, null, 'account:manage')
  const current = call.work.world.accountKeys.get(call.account.id)
  if (current?.version !== to.version || Buffer.compare(current.wrapped, from) !== 0) return { kind: 'outdated' }
  putAccountKey(call, { ...current, wrapped: to.wrapped })
  return done(call, objectOf(call, to.version), null)
}

function putAccountKey({ work, account }: Call, key: AccountKey): void {
  work.world.accountKeys.set(account.id, key)
  // One that was made in this batch is inserted as it is in the end.
  const made = work.changes.accountKeys.findIndex(
    ({ accountId, version }) => accountId === account.id && version === key.version,
  )
  if (made < 0) work.changes.changedAccountKeys.set(account.id, key)
  else work.changes.accountKeys[made] = key
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

function objectOf({ account }: Call, version: number | null): AuditObject {
  return { kind: 'account', id: account.id, uid: null, name: account.name, version, hash: null }
}
