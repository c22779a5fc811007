/** A secret's row as the store gives it: prepared for a change, its key unwrapped. */
import type { KeyObject } from 'node:crypto'
import type { Action } from '../audit/record.ts'
import { Refusal } from '../errors.ts'
import type { Secret } from '../model/secret.ts'
import type { Op, Results } from '../store/operation.ts'
import type { StoredSecret } from '../store/stored.ts'
import {
  type Asker,
  ask,
  integrityFailure,
  isUnavailable,
  learnKeyOf,
  recordUnavailable,
  unlessMissing,
  type Vault,
} from './vault.ts'

const maxTries = 5

/** What a change needs to know, or `undefined` when there is no such row. */
export function prepare<K extends 'prepare_secret' | 'prepare_version'>(
  vault: Vault,
  asker: Asker,
  operation: Op<K>,
): Promise<Results[K] | undefined> {
  return unlessMissing(ask<K>(vault, asker, operation))
}

/** @throws Refusal `integrity_failure` */
export async function keyOf(
  vault: Vault,
  asker: Asker,
  { secret, key }: Pick<StoredSecret, 'secret' | 'key'>,
): Promise<KeyObject> {
  const known = vault.keyring.knownSecretKey(secret) ?? vault.keyring.secretKey(secret, key)
  if (known !== undefined) return known
  for (let tries = 1; ; tries++) {
    const accountKey = await vault.store.accountKey(secret.accountId, key.keyVersion)
    if (accountKey === undefined) break
    await learnKeyOf(vault, accountKey)
    // Its customer may have set another guard since it was read: then it is sealed under that one.
    const isNow = vault.keyring.knowsGuard(secret.accountId, accountKey)
    if (isNow || tries === maxTries) return vault.keyring.secretKey(secret, key, accountKey)
  }
  // The account's key was replaced since the row was read: then the row is another one now.
  const now = await prepare(vault, asker, { kind: 'prepare_secret', id: secret.id })
  if (now === undefined || now.secret.uid !== secret.uid || now.key.keyVersion === key.keyVersion) throw keyIsGone()
  return keyOf(vault, asker, now)
}

function keyIsGone(): Refusal {
  return new Refusal('integrity_failure', 'The key of this secret is not in the store.')
}

/** The error to throw, after it has been recorded: a failed integrity check, or a key that is not available. */
export async function recorded(
  error: unknown,
  vault: Vault,
  asker: Asker,
  secret: Secret,
  action: Action,
): Promise<unknown> {
  if (isUnavailable(error)) await recordUnavailable(vault, asker, secret.accountId, action, objectOf(secret))
  if (!(error instanceof Refusal) || error.code !== 'integrity_failure') return error
  return integrityFailure(vault, asker, secret.accountId, action, objectOf(secret))
}

function objectOf({ id, uid, name, version }: Secret) {
  return { kind: 'secret', id, uid, name, version, hash: null } as const
}
