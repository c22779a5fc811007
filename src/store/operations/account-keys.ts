/** The keys that wrap others: counted as they are used, replaced by new versions, dropped when they wrap nothing. */
import type { AuditObject } from '../../audit/record.ts'
import { type AccountKey, maxWraps } from '../../model/account.ts'
import type { SecretKey } from '../../model/secret.ts'
import { deletedThing } from '../decide/kept.ts'
import { type Call, done, putSecret, refuse } from '../decide/work.ts'
import type { Refused } from '../outcome.ts'
import { accountKeys, accountKeysInUse, newestAccountKeys } from '../tables/account.ts'
import { storedDeleted } from '../tables/deleted.ts'
import { secretKeys, storedSecrets } from '../tables/secret.ts'
import { defineOperation, overAll } from './define.ts'

const right = 'account:manage'

/** Adds a version of the account's key, upon the newest. */
const addAccountKey = defineOperation<{ readonly accountKey: AccountKey }, null>()({
  kind: 'add_account_key',
  action: 'account.rotate_key',
  scope: overAll(right),
  environment: 'none',
  delicate: true,
  grants: 'nothing',
  needs: (needs) => needs.accountKey(),
  decide: (call, { accountKey }) => {
    const { world } = call.work
    const newest = world.find(newestAccountKeys, call.account.id)
    if (accountKey.accountId !== call.account.id || newest?.version !== accountKey.version - 1)
      return { kind: 'outdated' }
    // Its customer's key was set, or another one, since it was made.
    if (newest.guard !== accountKey.guard) return { kind: 'outdated' }
    world.put(accountKeys, accountKey)
    return done(call, objectOf(call, accountKey.version), null)
  },
})

interface Rewrapped {
  /** The secret's id. */
  readonly id: number
  readonly from: SecretKey
  readonly to: SecretKey
}

/**
 * Puts newly wrapped keys in place of those that they were made of; what has changed since is left. Not recorded.
 * Answers how many were put in place.
 */
const rewrapSecretKeys = defineOperation<{ readonly keys: readonly Rewrapped[] }, number>()({
  kind: 'rewrap_secret_keys',
  action: 'account.rotate_key',
  scope: overAll(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { keys }) => {
    needs.accountKey()
    for (const { id } of keys) {
      needs.secret(id)
      needs.deletedThing('secret', id)
    }
  },
  decide: (call, { keys }) => {
    const { work, account } = call
    let count = 0
    const refusal = countWraps(call, keys.length, objectOf(call, null))
    if (refusal !== undefined) return refusal
    for (const { id, from, to } of keys) {
      const stored = work.world.get(storedSecrets, account.id, id)
      // What was deleted and is kept has its key still.
      const kept = stored === undefined ? deletedThing(call, 'secret', id) : undefined
      const key = stored?.key ?? kept?.key
      if (key === undefined || !isSame(key, from)) continue
      if (stored !== undefined) putSecret(work, { ...stored, key: to })
      if (kept !== undefined) work.world.take(storedDeleted, [{ ...kept, key: to }])
      work.world.change(secretKeys, { ...to, accountId: account.id, secretId: id })
      count++
    }
    return { kind: 'done', result: count }
  },
})

/** Puts the account's newest key, wrapped under another version of the master key, in place of what it was made of. */
const rewrapAccountKey = defineOperation<{ readonly from: Uint8Array; readonly to: AccountKey }, null>()({
  kind: 'rewrap_account_key',
  action: 'account.rewrap_key',
  scope: { ...overAll(right), over: 'host' },
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.accountKey(),
  decide: (call, { from, to }) => {
    const current = call.work.world.find(newestAccountKeys, call.account.id)
    if (current?.version !== to.version || Buffer.compare(current.wrapped, from) !== 0) return { kind: 'outdated' }
    call.work.world.put(accountKeys, { ...current, wrapped: to.wrapped })
    return done(call, objectOf(call, to.version), null)
  },
})

/** Destroys a version of the account's key that wraps nothing any more. */
const dropAccountKey = defineOperation<{ readonly version: number }, null>()({
  kind: 'drop_account_key',
  action: 'account.drop_key',
  scope: overAll(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => {
    needs.accountKey()
    needs.versionsInUse()
  },
  decide: (call, { version }) => {
    const { world } = call.work
    const newest = world.find(newestAccountKeys, call.account.id)?.version ?? 0
    const object = objectOf(call, version)
    if (version >= newest || world.fact(accountKeysInUse, call.account.id)?.has(version) !== false) {
      return refuse(call, object, 'invalid', 'This version of the account key still wraps secret keys.')
    }
    world.removeKey(accountKeys, { accountId: call.account.id, version })
    return done(call, object, null)
  },
})

export const accountKeyOperations = {
  [addAccountKey.kind]: addAccountKey,
  [rewrapSecretKeys.kind]: rewrapSecretKeys,
  [rewrapAccountKey.kind]: rewrapAccountKey,
  [dropAccountKey.kind]: dropAccountKey,
}

/**
 * Counts what the account's key wraps. What was wrapped in vain counts too, if it got so far.
 *
 * @returns a refusal when that is more than a key may wrap
 */
export function countWraps(call: Call, wraps: number, object: AuditObject | null): Refused | undefined {
  const key = call.work.world.find(newestAccountKeys, call.account.id)
  if (key === undefined) return undefined
  if (key.uses + wraps > maxWraps) {
    const message = 'The key of this account has wrapped all that it may. Run "strongroom account rotate-key".'
    return refuse(call, object, 'key_exhausted', message)
  }
  call.work.world.put(accountKeys, { ...key, uses: key.uses + wraps })
  return undefined
}

function isSame(a: SecretKey, b: SecretKey): boolean {
  return a.keyVersion === b.keyVersion && Buffer.compare(a.wrapped, b.wrapped) === 0
}

function objectOf({ account }: Call, version: number | null): AuditObject {
  return { kind: 'account', id: account.id, uid: null, name: account.name, version, hash: null }
}
