/** Secrets: list, read, create, update, delete. */
import { type KeyObject, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Action } from '../audit/record.ts'
import { invalid, Refusal } from '../errors.ts'
import { checkName } from '../model/name.ts'
import { matches } from '../model/pattern.ts'
import { allowsName } from '../model/scope.ts'
import { type Secret, secretToAuthenticate } from '../model/secret.ts'
import type { Changed, Idempotency, Match, NextVersion, Op, Results, StoredSecret } from '../store/operation.ts'
import {
  type Asker,
  ask,
  authenticate,
  type Identity,
  integrityFailure,
  outdated,
  tryAsk,
  type Vault,
} from './vault.ts'

/** Secrets read in one query of a listing. */
const pageSize = 1000
/** Another node may change the secret between reading and writing; so often in a row it does not happen by chance. */
const maxTries = 30
/** A pause of random length lets two nodes that outrun each other take turns. */
const maxPauseMs = 64

/**
 * Lists the secrets that the asker may see, by ascending id, in pages that are read as they are taken.
 *
 * @param pattern only names that match; `undefined` for all
 * @param after where to begin, given the account, once the asker is known to it
 */
export async function listSecrets(
  vault: Vault,
  asker: Asker,
  pattern: string | undefined,
  after: (accountId: number) => number,
): Promise<{ accountId: number; pages: AsyncIterable<readonly Secret[]> }> {
  const { accountId, scopes } = await ask(vault, asker, { kind: 'list_secrets' })
  const isWanted = ({ name }: Secret) =>
    (pattern === undefined || matches(pattern, name)) && allowsName(scopes, 'secrets:list', name)
  return { accountId, pages: readPages(vault, asker, accountId, after(accountId), isWanted) }
}

async function* readPages(
  vault: Vault,
  asker: Asker,
  accountId: number,
  after: number,
  isWanted: (secret: Secret) => boolean,
): AsyncIterable<readonly Secret[]> {
  for (let last: number | undefined = after; last !== undefined; ) {
    const page = await vault.store.secretsAfter(accountId, last, pageSize)
    const wanted = page.filter(isWanted)
    for (const secret of wanted) await verifyRow(vault, asker, secret, 'secret.list')
    last = page.length === pageSize ? page.at(-1)?.id : undefined
    yield wanted
  }
}

/**
 * Reads one secret's current value. The read is in the audit trail before this resolves.
 *
 * @returns the secret and its value in UTF-8
 * @throws Refusal `not_found` for an unknown id and, alike, for another account's; `forbidden`, `integrity_failure`
 */
export async function readSecret(vault: Vault, asker: Asker, id: number): Promise<{ secret: Secret; value: Buffer }> {
  const stored = await ask(vault, asker, { kind: 'read_secret', id })
  await verifyRow(vault, asker, stored.secret, 'secret.read')
  try {
    return {
      secret: stored.secret,
      value: vault.keyring.openValue(stored.secret, await keyOf(vault, asker, stored), stored.sealed),
    }
  } catch (error) {
    throw await recorded(error, vault, asker, stored.secret, 'secret.read')
  }
}

export interface NewSecret {
  readonly name: string
  readonly value: string
  readonly idempotencyKey: string | undefined
}

/** @throws Refusal `name_taken`, `forbidden`, `invalid`, `too_large`, `idempotency_mismatch` */
export async function createSecret(vault: Vault, asker: Asker, identity: Identity, input: NewSecret): Promise<Changed> {
  const name = checkName(input.name, 'name')
  const value = valueBytes(vault, input.value)
  const idempotency = idempotencyOf(vault, input.idempotencyKey, ['create', name, input.value])
  try {
    for (let tries = 0, current = identity; tries < maxTries; tries++) {
      const sealed = sealFirst(vault, current, name, value)
      const created = await tryAsk(vault, asker, { kind: 'create_secret', name, ...sealed, idempotency })
      if (created !== outdated) return created
      // The account's key was replaced meanwhile.
      current = await authenticate(vault, asker)
    }
  } finally {
    value.fill(0)
  }
  throw new Refusal('overloaded', 'The key of the account keeps changing. Try again.')
}

/** A new secret's own key and first version. */
function sealFirst({ keyring }: Vault, { accountId, accountKey }: Identity, name: string, value: Buffer) {
  const uid = randomBytes(16).toString('hex')
  const place = { accountId, uid, name, version: 1 }
  const { wrappedKey, key } = keyring.newSecretKey(accountId, uid, accountKey)
  const sealed = keyring.sealValue(place, key, value)
  return { accountId, uid, key: wrappedKey, sealed, mac: keyring.rowMac(secretToAuthenticate(place)) }
}

export interface NewValue {
  readonly value: string
  /** What the caller says the secret's name is. */
  readonly name: string | undefined
  readonly match: Match | undefined
  readonly idempotencyKey: string | undefined
}

/** @throws Refusal `not_found`, `forbidden`, `stale_version`, `invalid`, `too_large`, `idempotency_mismatch` */
export async function updateSecret(
  vault: Vault,
  asker: Asker,
  { accountId }: Identity,
  id: number,
  input: NewValue,
): Promise<Changed> {
  const value = valueBytes(vault, input.value)
  const { name, match } = input
  const fingerprint = ['update', id, input.value, name ?? null, match ?? null]
  const idempotency = idempotencyOf(vault, input.idempotencyKey, fingerprint)
  return changeInTurn(vault, `${accountId} ${id}`, async () => {
    const prepared = await prepare(vault, asker, { kind: 'prepare_secret', id })
    const next = prepared && (await sealNext(vault, asker, prepared, 'secret.update', value))
    return tryAsk(vault, asker, { kind: 'update_secret', id, name, match, next, idempotency })
  }).finally(() => value.fill(0))
}

/**
 * Tries a change until it is made upon the row as it is. Changes of one secret take turns, or all but one of those that
 * run at once would have sealed in vain.
 */
export function changeInTurn(
  vault: Vault,
  secret: string,
  change: () => Promise<Changed | typeof outdated>,
): Promise<Changed> {
  return inTurn(vault, secret, async () => {
    for (let tries = 0; tries < maxTries; tries++) {
      const changed = await change()
      if (changed !== outdated) return changed
      await setTimeout(Math.random() * Math.min(2 ** tries, maxPauseMs))
    }
    throw new Refusal('overloaded', 'The secret keeps changing. Try again.', { headers: { 'retry-after': '1' } })
  })
}

/**
 * Deletes a secret, all its versions and its key.
 *
 * @throws Refusal `not_found`, `forbidden`, `stale_version`
 */
export async function deleteSecret(vault: Vault, asker: Asker, id: number, match: Match | undefined): Promise<void> {
  const { secret } = await ask(vault, asker, { kind: 'delete_secret', id, match })
  vault.keyring.forgetSecretKey(secret.accountId, secret.uid)
}

/** The next version of a secret, sealed upon the row as it was prepared. */
export async function sealNext(
  vault: Vault,
  asker: Asker,
  prepared: Pick<StoredSecret, 'secret' | 'key'>,
  action: Action,
  value: Buffer,
): Promise<NextVersion> {
  const { secret } = prepared
  await verifyRow(vault, asker, secret, action)
  const place = { ...secret, version: secret.version + 1 }
  try {
    const sealed = vault.keyring.sealValue(place, await keyOf(vault, asker, prepared), value)
    const mac = vault.keyring.rowMac(secretToAuthenticate(place))
    return { version: secret.version, rowMac: secret.mac, sealed, mac }
  } catch (error) {
    throw await recorded(error, vault, asker, secret, action)
  }
}

/** What a change needs to know, or `undefined` when there is no such row. */
export async function prepare<K extends 'prepare_secret' | 'prepare_version'>(
  vault: Vault,
  asker: Asker,
  operation: Op<K>,
): Promise<Results[K] | undefined> {
  try {
    return await ask<K>(vault, asker, operation)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not_found') return undefined
    throw error
  }
}

/** @throws Refusal `integrity_failure` */
export async function keyOf(
  vault: Vault,
  asker: Asker,
  { secret, key }: Pick<StoredSecret, 'secret' | 'key'>,
): Promise<KeyObject> {
  const known = vault.keyring.knownSecretKey(secret)
  if (known !== undefined) return known
  const accountKey = await vault.store.accountKey(secret.accountId, key.keyVersion)
  if (accountKey !== undefined) return vault.keyring.secretKey(secret, key, accountKey)
  // The account's key was replaced since the row was read: then the row is another one now.
  const now = await prepare(vault, asker, { kind: 'prepare_secret', id: secret.id })
  if (now === undefined || now.secret.uid !== secret.uid || now.key.keyVersion === key.keyVersion) throw keyIsGone()
  return keyOf(vault, asker, now)
}

function keyIsGone(): Refusal {
  return new Refusal('integrity_failure', 'The key of this secret is not in the store.')
}

export async function verifyRow(vault: Vault, asker: Asker, secret: Secret, action: Action): Promise<void> {
  if (vault.keyring.isRowMac(secretToAuthenticate(secret), secret.mac)) return
  throw await integrityFailure(vault, asker, secret.accountId, action, objectOf(secret))
}

/** The error to throw, after a failed integrity check has been recorded. */
export async function recorded(
  error: unknown,
  vault: Vault,
  asker: Asker,
  secret: Secret,
  action: Action,
): Promise<unknown> {
  if (!(error instanceof Refusal) || error.code !== 'integrity_failure') return error
  return integrityFailure(vault, asker, secret.accountId, action, objectOf(secret))
}

function objectOf({ id, uid, name, version }: Secret) {
  return { kind: 'secret', id, uid, name, version, hash: null } as const
}

function valueBytes(vault: Vault, value: string): Buffer {
  if (!value.isWellFormed()) throw invalid('value', 'Must be well-formed Unicode text.')
  const bytes = Buffer.from(value)
  if (bytes.length > vault.maxValueBytes) {
    throw new Refusal('too_large', `value: Must be at most ${vault.maxValueBytes} bytes of UTF-8.`, {
      fields: [{ field: 'value', detail: `Must be at most ${vault.maxValueBytes} bytes of UTF-8.` }],
    })
  }
  return bytes
}

export function idempotencyOf(
  vault: Vault,
  key: string | undefined,
  request: readonly unknown[],
): Idempotency | undefined {
  if (key === undefined) return undefined
  return {
    hash: vault.keyring.requestHash(`key ${key}`),
    fingerprint: vault.keyring.requestHash(`request ${JSON.stringify(request)}`),
  }
}

async function inTurn<T>(vault: Vault, name: string, work: () => Promise<T>): Promise<T> {
  const before = vault.turns.get(name)
  const turn = (before ?? Promise.resolve()).then(work, work)
  vault.turns.set(name, turn)
  try {
    return await turn
  } finally {
    if (vault.turns.get(name) === turn) vault.turns.delete(name)
  }
}
