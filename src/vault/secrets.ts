/** Secrets: read, create, update, delete. */
import { timingSafeEqual } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Action } from '../audit/record.ts'
import { newUid } from '../crypto/random.ts'
import { Refusal } from '../errors.ts'
import { checkSecretName } from '../model/name.ts'
import type { Right } from '../model/scope.ts'
import { type Decoy, type Details, isDestroyed, noValue, plainDetails, type Secret } from '../model/secret.ts'
import type { IdOrName, Known, Match, Place } from '../store/naming.ts'
import type { Changed, Creation, NextVersion, SecretHead } from '../store/operations/secrets.ts'
import type { StoredSecret } from '../store/stored.ts'
import { tooLateBehind } from '../store/too-late.ts'
import { keyOf, prepare, recorded } from './secret-rows.ts'
import { type Look, resolveAll, resolveEach } from './templates.ts'
import { checkDetails, decodeValue, type Value } from './values.ts'
import {
  type Asker,
  ask,
  authenticate,
  type Identity,
  isUnavailable,
  learnKeyOf,
  type MadeOnce,
  outdated,
  recordUnavailable,
  tryAskOnce,
  unlessMissing,
  type Vault,
} from './vault.ts'

/** Another node may change the secret between reading and writing; so often in a row it does not happen by chance. */
const maxTries = 30
/** A pause of random length lets two nodes that outrun each other take turns. */
const maxPauseMs = 64

export function isExpired(expiresAt: number | null, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

export interface ReadSecret {
  readonly secret: Secret
  readonly value: Buffer
}

/** How the value of a template is wanted: with what it refers to, or as it was stored. */
export type Form = 'resolved' | 'stored'

/**
 * Reads one secret's current value. The read is in the audit trail before this resolves.
 *
 * @returns the secret and its value: UTF-8, or the bytes of a file
 * @throws Refusal `not_found` for an unknown secret and, alike, for another account's; `forbidden`, `integrity_failure`;
 *   of a template as `resolve` does
 */
export async function readSecret(
  vault: Vault,
  asker: Asker,
  place: Place,
  form: Form = 'resolved',
): Promise<ReadSecret> {
  const { noting, there } = followEnvironment(asker)
  const read = await openStored(vault, asker, await ask(vault, noting, { kind: 'read_secret', ...place }))
  return inForm(vault, there, read, form)
}

/**
 * The id of the secret that a name leads to, for whoever has the right to it. It is not recorded: what follows, by the id, is.
 *
 * @returns nothing where there is none, or none that the asker has the right to
 */
export function findSecret(vault: Vault, asker: Asker, name: string, right: Right): Promise<number | undefined> {
  return unlessMissing(ask(vault, asker, { kind: 'find_secret', id: name, right }))
}

/** What the caller has: the version that is there, as it is now but for its value. */
export interface Unchanged {
  readonly unchanged: Secret
}

/**
 * The same, unless the caller has what is there already: then no value is opened, and no record left. Whoever may not read it
 * is refused all the same, and that is recorded; and so is everybody while the key of the account is not available.
 *
 * @throws Refusal as `readSecret` does
 */
export async function readUnlessKnown(
  vault: Vault,
  asker: Asker,
  place: Place,
  form: Form,
  known: Known | undefined,
): Promise<ReadSecret | Unchanged> {
  if (known === undefined) return readSecret(vault, asker, place, form)
  const { noting, there } = followEnvironment(asker)
  const isStored = form === 'stored'
  const answer = await ask(vault, noting, { kind: 'read_unless_known', ...place, known, isStored })
  if (!('unchanged' in answer)) return inForm(vault, there, await openStored(vault, asker, answer.found), form)
  await checkOpen(vault, asker, answer.unchanged)
  return answer
}

/** Whoever keeps a copy learns by the refusal that it is to be destroyed. @throws Refusal `account_key_unavailable` */
async function checkOpen(vault: Vault, asker: Asker, secret: Secret): Promise<void> {
  try {
    vault.keyring.guards.check(secret.accountId)
  } catch (error) {
    throw await recorded(error, vault, asker, secret, 'secret.read')
  }
}

async function inForm(vault: Vault, there: () => Asker, read: ReadSecret, form: Form): Promise<ReadSecret> {
  if (read.secret.type !== 'template' || form === 'stored') return read
  const { all } = await resolve(vault, there(), [read])
  return all[0] ?? read
}

/**
 * Follows something into the environment in which it is done: what is read because of it is looked up there, and in the bases of
 * that one, however narrowly the first was looked for.
 */
export function followEnvironment(asker: Asker): { readonly noting: Asker; readonly there: () => Asker } {
  let name = asker.environment?.name
  const onEnvironment = (found: string) => {
    name = found
    asker.onEnvironment?.(found)
  }
  return { noting: { ...asker, onEnvironment }, there: () => ({ ...asker, environment: { name, isStrict: false } }) }
}

/**
 * Puts into templates what they refer to, with a record of each, by the rights of the asker; other secrets stay as they are.
 *
 * @param asker in the environment in which the templates were read
 * @param right that the asker has over what goes in
 * @param onRead told of how many secrets are looked for, and how many bytes these have
 * @throws Refusal `unresolved_references`, `unsafe_rendering`, `too_large` where one is not resolved whole
 */
export async function resolve(
  vault: Vault,
  asker: Asker,
  read: readonly ReadSecret[],
  right: 'secrets:read' | 'secrets:scan' = 'secrets:read',
  onRead: (secrets: number, bytes: number) => void = () => {},
): Promise<{ readonly all: readonly ReadSecret[]; readonly parts: readonly ReadSecret[] }> {
  const roots = read.filter(({ secret }) => secret.type === 'template')
  if (roots.length === 0) return { all: read, parts: [] }
  const { values, parts } = await resolveAll(roots, lookIn(vault, asker, right, onRead))
  const byRoot = new Map(roots.map((root, at) => [root, values[at]]))
  return { all: read.map((one) => ({ ...one, value: byRoot.get(one) ?? one.value })), parts }
}

function lookIn(
  vault: Vault,
  asker: Asker,
  right: 'secrets:read' | 'secrets:scan',
  onRead: (secrets: number, bytes: number) => void = () => {},
): Look {
  return async (names) => {
    const found = await ask(vault, asker, { kind: 'read_parts', names, right })
    onRead(
      names.length,
      found.reduce((sum, one) => sum + (typeof one === 'string' ? 0 : one.sealed.length), 0),
    )
    return Promise.all(
      found.map((one) => {
        if (typeof one === 'string') return one
        return isDestroyed(one.secret) ? 'destroyed' : openStored(vault, asker, one)
      }),
    )
  }
}

/**
 * Reads many secrets in one transaction, each with its own record.
 *
 * @returns what was found, in the order asked for; `undefined` for what is absent or not to be read by this asker, and for what
 *   has no value, which is named in `destroyed`; and what went into templates among it
 * @throws Refusal `integrity_failure`; of templates as `resolve` does
 */
export async function readSecrets(
  vault: Vault,
  asker: Asker,
  refs: readonly IdOrName[],
): Promise<{
  readonly all: readonly (ReadSecret | undefined)[]
  readonly parts: readonly Secret[]
  readonly destroyed: readonly string[]
}> {
  const { noting, there } = followEnvironment(asker)
  const found = await ask(vault, noting, { kind: 'read_secrets', refs })
  const seen = found.map((one) => ('kind' in one ? undefined : one))
  const destroyed = seen.flatMap((one) => (one !== undefined && isDestroyed(one.secret) ? [one.secret.name] : []))
  const opened = await Promise.all(
    seen.map((one) => (one === undefined || isDestroyed(one.secret) ? undefined : openStored(vault, asker, one))),
  )
  const { all, parts } = await resolve(
    vault,
    there(),
    opened.filter((one) => one !== undefined),
  )
  const byUid = new Map(all.map((one) => [one.secret.uid, one]))
  const inside = parts.map(({ secret }) => secret)
  return { all: opened.map((one) => one && byUid.get(one.secret.uid)), parts: inside, destroyed }
}

/** A secret that has no value now, and why: a template that is not resolved, or one whose value was destroyed. */
export interface Unresolved {
  readonly secret: Secret
  readonly refusal: Refusal
}

/** Secrets that are read in one transaction by `readBatch`, at most. */
export const maxRead = 1000

/**
 * Reads many secrets in one transaction, each with its own record: all that are there, or none.
 *
 * @param refs ids, or names
 * @returns what was found, each once and in the order asked for; of which there is none, or none that may be seen; and what has no
 *   value, with why
 * @throws Refusal `forbidden` when one of them may be seen and not read; `too_large`, `confirmation_required`, `integrity_failure`
 */
export async function readBatch<Ref extends IdOrName>(
  vault: Vault,
  asker: Asker,
  refs: readonly Ref[],
  form: Form = 'resolved',
): Promise<{
  readonly found: readonly ReadSecret[]
  readonly missing: readonly Ref[]
  readonly unresolved: readonly Unresolved[]
}> {
  const wanted = [...new Set(refs)]
  const { noting, there: asThere } = followEnvironment(asker)
  const stored = await ask(vault, noting, { kind: 'read_batch', refs: wanted })
  const there = stored.filter((one) => one !== undefined)
  const valued = there.filter(({ secret }) => !isDestroyed(secret))
  const read = await Promise.all(valued.map((one) => openStored(vault, asker, one)))
  const unresolved: Unresolved[] = there.flatMap(({ secret }) =>
    isDestroyed(secret) ? [{ secret, refusal: new Refusal('not_found', noValue) }] : [],
  )
  const missing = wanted.filter((_, at) => stored[at] === undefined)
  const roots = form === 'stored' ? [] : read.filter(({ secret }) => secret.type === 'template')
  if (roots.length === 0) return { found: read, missing, unresolved }
  const resolved = await resolveEach(roots, lookIn(vault, asThere(), 'secrets:read'))
  const values = new Map(roots.map((root, at) => [root, resolved[at]]))
  const found: ReadSecret[] = []
  for (const { secret, value } of read.map((one) => ({ secret: one.secret, value: values.get(one) ?? one.value }))) {
    if (value instanceof Refusal) unresolved.push({ secret, refusal: value })
    else found.push({ secret, value })
  }
  return { found, missing, unresolved }
}

export async function openStored(vault: Vault, asker: Asker, stored: StoredSecret): Promise<ReadSecret> {
  try {
    const key = await keyOf(vault, asker, stored)
    return { secret: stored.secret, value: vault.keyring.openValue(stored.secret, key, stored.sealed) }
  } catch (error) {
    throw await recorded(error, vault, asker, stored.secret, 'secret.read')
  }
}

/** The value of a secret that was deleted and is kept; nothing where its key was wrapped anew since it was looked at. */
export async function openKept(
  vault: Vault,
  asker: Asker,
  { secret, key, sealed }: StoredSecret,
  action: Action,
): Promise<Buffer | undefined> {
  const accountKey = await vault.store.accountKey(secret.accountId, key.keyVersion)
  if (accountKey === undefined) return undefined
  await learnKeyOf(vault, accountKey)
  try {
    return vault.keyring.openValue(secret, vault.keyring.secretKey(secret, key, accountKey), sealed)
  } catch (error) {
    throw await recorded(error, vault, asker, secret, action)
  }
}

/** Whether a secret has this value already. */
export async function hasValue(vault: Vault, asker: Asker, stored: StoredSecret, value: Buffer): Promise<boolean> {
  if (stored.secret.destroyedAt !== null) return false
  const current = (await openStored(vault, asker, stored)).value
  try {
    return current.length === value.length && timingSafeEqual(current, value)
  } finally {
    current.fill(0)
  }
}

export interface NewSecret {
  readonly name: string
  readonly value: Value
  /** Where it goes; without it, into the default list. */
  readonly list?: IdOrName | undefined
  readonly details?: Details | undefined
  /** For who manages the account, of one that is made alone. */
  readonly decoy?: Decoy | undefined
}

/** @throws Refusal `name_taken`, `forbidden`, `invalid`, `too_large`, `idempotency_mismatch` */
export async function createSecret(vault: Vault, asker: Asker, identity: Identity, input: NewSecret): Promise<Changed> {
  const { name, list, details, value } = checkedNew(vault, input)
  const { decoy } = input
  const repeatable = asChange(asker, [
    ...['create', name, sentAs(input.value)],
    ...(list === undefined && details === plainDetails && decoy === undefined ? [] : [list ?? null, details]),
    ...(decoy === undefined ? [] : [decoy]),
  ])
  try {
    for (let tries = 0, current = identity; tries < maxTries; tries++) {
      const sealed = sealFirst(vault, current, name, details, value)
      const created = await tryAskOnce(vault, repeatable, { kind: 'create_secret', name, list, decoy, ...sealed })
      if (created !== outdated) return created.result
      // The account's key was replaced meanwhile.
      current = await authenticate(vault, asker)
    }
  } catch (error) {
    throw await unmade(error, vault, asker, identity)
  } finally {
    value.fill(0)
  }
  throw keyKeepsChanging()
}

/** The error to throw when something is not made; that the account's key is not available is recorded. */
export async function unmade(error: unknown, vault: Vault, asker: Asker, { accountId }: Identity): Promise<unknown> {
  if (isUnavailable(error)) await recordUnavailable(vault, asker, accountId, 'secret.create', null)
  return error
}

/** Secrets that are made in one transaction, at most. */
export const maxCreated = 100
/** Secrets that are sealed before others have their turn. */
const sealedInTurn = 20

/**
 * Makes all of them, or none.
 *
 * @returns their heads, in the order of the input, and whether an earlier request made them
 * @throws Refusal as the first that is refused would be alone, with the fields of all that are; `idempotency_mismatch`
 */
export async function createSecrets(
  vault: Vault,
  asker: Asker,
  identity: Identity,
  inputs: readonly NewSecret[],
): Promise<MadeOnce<readonly SecretHead[]>> {
  const checked = inputs.map((input, at) => ofItem(at, () => checkedNew(vault, input)))
  try {
    for (let tries = 0, current = identity; tries < maxTries; tries++) {
      const secrets: Creation[] = []
      for (const { name, list, details, value } of checked) {
        secrets.push({ name, list, ...sealFirst(vault, current, name, details, value) })
        if (secrets.length % sealedInTurn === 0) await setImmediate()
      }
      const created = await tryAskOnce(vault, asker, { kind: 'create_secrets', secrets })
      if (created !== outdated) return created
      current = await authenticate(vault, asker)
    }
  } catch (error) {
    throw await unmade(error, vault, asker, identity)
  } finally {
    for (const { value } of checked) value.fill(0)
  }
  throw keyKeepsChanging()
}

export function checkedNew(vault: Vault, input: NewSecret) {
  const name = checkSecretName(input.name, 'name')
  const details = input.details === undefined ? plainDetails : checkDetails(input.details)
  return { name, list: input.list, details, value: decodeValue(vault, input.value, details.type) }
}

/** Says of a fault which of several items it is of. */
export function ofItem<T>(at: number, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const fields = error.fields.map(({ field, detail }) => ({ field: `secrets.${at}.${field}`, detail }))
    throw new Refusal(error.code, `secrets.${at}.${error.message}`, { fields })
  }
}

function keyKeepsChanging(): Refusal {
  return new Refusal('overloaded', 'The key of the account keeps changing. Try again.')
}

/** A new secret's own key and first version. */
export function sealFirst(
  { keyring }: Vault,
  { accountId, accountKey }: Identity,
  name: string,
  details: Details,
  value: Buffer,
) {
  const uid = newUid()
  const place = { accountId, uid, name, version: 1 }
  const { wrappedKey, key } = keyring.newSecretKey(accountId, uid, accountKey)
  const sealed = keyring.sealValue(place, key, value)
  return { accountId, uid, details, key: wrappedKey, sealed }
}

export interface NewValue {
  /** `undefined` when only the name is to change. */
  readonly value: Value | undefined
  /** What the caller says the secret's name is. */
  readonly name?: string | undefined
  /** What it is to be called from now on. */
  readonly rename?: string | undefined
  readonly match: Match | undefined
}

/** @throws Refusal `not_found`, `forbidden`, `stale_version`, `invalid`, `too_large`, `name_taken`, `idempotency_mismatch` */
export async function updateSecret(
  vault: Vault,
  asker: Asker,
  { accountId }: Identity,
  place: Place,
  input: NewValue,
): Promise<Changed> {
  const { name, match, value } = input
  const rename = input.rename === undefined ? undefined : checkSecretName(input.rename, 'name')
  const fingerprint = ['update', place.id, value && sentAs(value), name ?? null, match ?? null]
  const repeatable = asChange(asker, rename === undefined ? fingerprint : [...fingerprint, rename])
  const update = async (next: NextVersion | undefined) =>
    changedBy(await tryAskOnce(vault, repeatable, { kind: 'update_secret', ...place, name, rename, match, next }))
  return changeInTurn(vault, `${accountId} ${place.id}`, async () => {
    const prepared = await prepare(vault, asker, { kind: 'prepare_secret', ...place, right: 'secrets:write' })
    if (prepared === undefined || (value === undefined && prepared.secret.destroyedAt !== null))
      return update(undefined)
    let bytes: Buffer
    try {
      bytes =
        value === undefined
          ? (await openStored(vault, asker, prepared)).value
          : decodeValue(vault, value, prepared.secret.type)
    } catch (error) {
      // Whoever may not change the secret learns that, and nothing of what it holds.
      const refused = await update(undefined)
      if (refused === outdated) throw error
      return refused
    }
    try {
      return await update(await sealNext(vault, asker, prepared, 'secret.update', bytes, rename))
    } finally {
      bytes.fill(0)
    }
  })
}

export interface PutSecret {
  readonly name: string
  readonly value: Value
  /** Of a new secret; of one that is there, the type that it has. */
  readonly type: Details['type'] | undefined
  readonly match: Match | undefined
  /** Whether it must not be there yet. */
  readonly isNewOnly: boolean
}

/**
 * Makes the secret of a name, in the default list, or stores a new version of it: one or the other, in one transaction.
 *
 * @returns version 1 of what was made
 * @throws Refusal `forbidden`, `stale_version`, `invalid`, `too_large`, `name_taken`, `idempotency_mismatch`
 */
export async function putSecret(vault: Vault, asker: Asker, identity: Identity, input: PutSecret): Promise<Changed> {
  const name = checkSecretName(input.name, 'name')
  const { value, type, match, isNewOnly } = input
  const asked = { kind: 'put_secret', name, type, match, isNewOnly, creation: undefined, next: undefined } as const
  const put = async (sealed: { readonly creation?: Creation; readonly next?: NextVersion }) =>
    changedBy(await tryAskOnce(vault, asker, { ...asked, ...sealed }))
  return changeInTurn(vault, `${identity.accountId} ${name}`, async () => {
    const prepared = await prepare(vault, asker, { kind: 'prepare_secret', id: name, right: 'secrets:write' })
    const kept = prepared?.secret.type
    // What is refused anyway is not sealed.
    if (prepared === undefined ? match !== undefined : isNewOnly || (type ?? kept) !== kept) return put({})
    let bytes: Buffer
    try {
      bytes = decodeValue(vault, value, kept ?? type ?? 'text')
    } catch (error) {
      // Whoever may not change the secret learns that, and nothing of what it holds.
      const refused = await put({})
      if (refused === outdated) throw error
      return refused
    }
    try {
      if (prepared !== undefined)
        return await put({ next: await sealNext(vault, asker, prepared, 'secret.update', bytes) })
      const details = { ...plainDetails, type: type ?? plainDetails.type }
      const current = await authenticate(vault, asker)
      return await put({ creation: { name, list: undefined, ...sealFirst(vault, current, name, details, bytes) } })
    } catch (error) {
      throw await unmade(error, vault, asker, identity)
    } finally {
      bytes.fill(0)
    }
  })
}

/**
 * Tries a change until it is made upon the row as it is. Changes of one secret take turns, or all but one of those that
 * run at once would have sealed in vain.
 */
export function changeInTurn<T>(vault: Vault, secret: string, change: () => Promise<T | typeof outdated>): Promise<T> {
  return inTurn(vault, secret, () => tryUntilMade('The secret', maxTries, change))
}

/** Tries a change, with pauses, until it is made upon the rows as they are. @throws Refusal `overloaded` */
export async function tryUntilMade<T>(
  what: string,
  most: number,
  change: (tries: number) => Promise<T | typeof outdated>,
): Promise<T> {
  for (let tries = 0; tries < most; tries++) {
    const changed = await change(tries)
    if (changed !== outdated) return changed
    await setTimeout(Math.random() * Math.min(2 ** tries, maxPauseMs))
  }
  throw new Refusal('overloaded', `${what} keeps changing. Try again.`, { headers: { 'retry-after': '1' } })
}

/**
 * Deletes a secret, all its versions and its key: for ever, or so that it can be restored for a while, as the account is set to.
 *
 * @returns how many deployments hold it still, and the id of the deletion, if it can be restored
 * @throws Refusal `not_found`, `forbidden`, `stale_version`
 */
export async function deleteSecret(
  vault: Vault,
  asker: Asker,
  place: Place,
  match: Match | undefined,
): Promise<{ readonly stale: number; readonly deletedId: number | null }> {
  const { secret, stale, deletedId } = await ask(vault, asker, { kind: 'delete_secret', ...place, match })
  vault.keyring.forgetSecretKey(secret.accountId, secret.uid)
  return { stale, deletedId }
}

/** The next version of a secret, sealed upon the row as it was prepared. */
export async function sealNext(
  vault: Vault,
  asker: Asker,
  prepared: Pick<StoredSecret, 'secret' | 'key'>,
  action: Action,
  value: Buffer,
  name = prepared.secret.name,
): Promise<NextVersion> {
  const { secret } = prepared
  const place = { ...secret, name, version: secret.version + 1 }
  try {
    const sealed = vault.keyring.sealValue(place, await keyOf(vault, asker, prepared), value)
    return { version: secret.version, rowMac: secret.mac, name, sealed }
  } catch (error) {
    throw await recorded(error, vault, asker, secret, action)
  }
}

/** Equal for equal requests alone, as JSON: no text is taken for one that was sent in another way. */
function sentAs(value: Value): string | readonly string[] {
  if ('bytes' in value) return ['bytes', value.bytes.toString('base64')]
  return value.encoding === undefined ? value.text : [value.encoding, value.text]
}

/** The same under its key, with what tells one change of a secret from another, since before others were repeated. */
export function asChange(asker: Asker, request: readonly unknown[]): Asker {
  return asker.repeat === undefined ? asker : { ...asker, repeat: { key: asker.repeat.key, request } }
}

/** What was done, and whether it was before. */
export function changedBy(made: MadeOnce<Changed> | typeof outdated): Changed | typeof outdated {
  return made === outdated ? outdated : made.result
}

async function inTurn<T>(vault: Vault, name: string, work: () => Promise<T>): Promise<T> {
  const since = performance.now()
  const before = vault.turns.get(name) ?? Promise.resolve()
  const turn = before.then(work, (error: unknown) => {
    const refusal = tooLateBehind(error, performance.now() - since)
    if (refusal !== undefined) throw refusal
    return work()
  })
  vault.turns.set(name, turn)
  try {
    return await turn
  } finally {
    if (vault.turns.get(name) === turn) vault.turns.delete(name)
  }
}
