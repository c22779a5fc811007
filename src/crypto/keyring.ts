/**
 * The keys of one store, unwrapped: root -> master -> account -> secret, and what the master key derives.
 *
 * Unwrapped keys are kept by id and version, which never change their meaning; whether they may be used is decided in
 * the store's transaction, never here.
 */

import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import { Refusal } from '../errors.ts'
import { keyVersionOf, open, seal } from './aead.ts'
import { contextOf, type SealContext } from './context.ts'
import { Guards, keyChanged } from './guards.ts'
import { Hmac } from './hmac.ts'
import { firstMasterKey, type OpenMaster, openMasters, type SealedKeyring } from './master-key.ts'
import type { RootKeyProvider } from './providers/provider.ts'
import { randomBytes } from './random.ts'

/** Where a secret's key and values are bound to. */
export interface SecretPlace {
  readonly accountId: number
  readonly uid: string
  readonly name: string
  readonly version: number
}

/** Where a seed's templates are bound to. */
export interface SeedPlace {
  readonly accountId: number
  readonly uid: string
  readonly target: string
}

/** Where a wrapped answer is bound to. */
interface WrappingPlace {
  readonly accountId: number
  readonly uid: string
  readonly path: string
}

/** Where the content of a webhook is bound to. */
export type WebhookPlace = Pick<SeedPlace, 'accountId' | 'uid'>

/** Where what a user or an account proves itself with is bound to. */
export type FactorPlace = Omit<SecretPlace, 'version'>

export interface WrappedKey {
  readonly keyVersion: number
  readonly wrapped: Uint8Array
}

/** An account's key: its own version, and how it is wrapped. */
export interface VersionedKey {
  readonly version: number
  readonly wrapped: Uint8Array
  /** By which of its customer's guards it is sealed too, by its uid; empty or left out without one. */
  readonly guard?: string
}

/** The same as it is kept: always with the guard, or that there is none. */
export interface GuardedKey extends VersionedKey {
  readonly guard: string
}

/** A guard in the clear. */
export interface OpenGuard {
  readonly uid: string
  readonly bytes: Uint8Array
}

const keyBytes = 32
const secretKeyVersion = 1
/** Whether a wrapped answer has the guard of its account. */
const plainAnswer = 1
const guardedAnswer = 2
const cachedKeys = 20_000

export class Keyring {
  readonly storeId: string
  /** For the store too: it opens nothing. */
  readonly rowMacKey: KeyObject
  /** What customers keep of their accounts' keys, while it is here. */
  readonly guards: Guards
  /** By version; the last one is the newest. */
  readonly #masters = new Map<number, KeyObject>()
  readonly #apiKey: KeyObject
  readonly #session: KeyObject
  readonly #link: KeyObject
  readonly #device: KeyObject
  readonly #seed: KeyObject
  readonly #seedDocuments: KeyObject
  readonly #factor: KeyObject
  readonly #webhook: KeyObject
  readonly #wrapping: KeyObject
  readonly #wrapped: KeyObject
  readonly #customer: KeyObject
  readonly #recoveryCode: KeyObject
  readonly #ticket: KeyObject
  readonly #cursor: KeyObject
  readonly #fingerprint: KeyObject
  readonly #idempotency: KeyObject
  readonly #checkpoint: KeyObject
  readonly #unwrapped = new Map<string, KeyObject>()
  readonly #rowMac: Hmac

  /** @throws Refusal `integrity_failure` when no root key is this store's, `sealed` when none can be used now */
  static async open(
    roots: readonly RootKeyProvider[],
    sealed: SealedKeyring,
    /** By which guards end; for tests. */
    clock?: () => number,
  ): Promise<Keyring> {
    return new Keyring(sealed, await openMasters(roots, sealed), clock)
  }

  private constructor(sealed: SealedKeyring, masters: readonly OpenMaster[], clock: (() => number) | undefined) {
    this.storeId = sealed.storeId
    this.guards = new Guards((accountId) => this.#forgetKeys(accountId), clock)
    this.#take(masters)
    const first = this.#masterKey(firstMasterKey)
    this.rowMacKey = derive(first, sealed.storeId, 'row-mac')
    this.#rowMac = new Hmac(this.rowMacKey, `${sealed.storeId}\0`)
    this.#apiKey = derive(first, sealed.storeId, 'api-key')
    this.#session = derive(first, sealed.storeId, 'session')
    this.#link = derive(first, sealed.storeId, 'link')
    this.#device = derive(first, sealed.storeId, 'device')
    this.#seed = derive(first, sealed.storeId, 'seed')
    this.#seedDocuments = derive(first, sealed.storeId, 'seed-documents')
    this.#factor = derive(first, sealed.storeId, 'factor')
    this.#webhook = derive(first, sealed.storeId, 'webhook')
    this.#wrapping = derive(first, sealed.storeId, 'wrapping')
    this.#wrapped = derive(first, sealed.storeId, 'wrapped-answer')
    this.#customer = derive(first, sealed.storeId, 'customer')
    this.#recoveryCode = derive(first, sealed.storeId, 'recovery-code')
    this.#ticket = derive(first, sealed.storeId, 'ticket')
    this.#cursor = derive(first, sealed.storeId, 'cursor')
    this.#fingerprint = derive(first, sealed.storeId, 'fingerprint')
    this.#idempotency = derive(first, sealed.storeId, 'idempotency')
    this.#checkpoint = signingKey(derive(first, sealed.storeId, 'checkpoint'))
  }

  /**
   * Takes up versions of the master key that were made since.
   *
   * @throws Refusal `integrity_failure` when the root keys do not open them all, `sealed` when none can be used now
   */
  async learn(roots: readonly RootKeyProvider[], sealed: SealedKeyring): Promise<void> {
    this.#take(await openMasters(roots, sealed))
  }

  #take(masters: readonly OpenMaster[]): void {
    for (const { version, bytes } of masters) {
      if (!this.#masters.has(version)) this.#masters.set(version, createSecretKey(bytes))
      bytes.fill(0)
    }
  }

  /** The version of the master key that wraps what is new. */
  get masterKeyVersion(): number {
    return Math.max(...this.#masters.keys())
  }

  /** The version of the master key that wraps an account's key. */
  masterVersionOf({ wrapped }: Pick<VersionedKey, 'wrapped'>): number {
    return keyVersionOf(wrapped)
  }

  /** Whether the version of the master key that wraps an account's key has been learnt. */
  knows(accountKey: Pick<VersionedKey, 'wrapped'>): boolean {
    return this.#masters.has(this.masterVersionOf(accountKey))
  }

  /** Whether it has been learnt how an account's key is guarded. */
  knowsGuard(accountId: number, { guard = '' }: Pick<VersionedKey, 'guard'>): boolean {
    return this.guards.isKnown(accountId, guard)
  }

  /** The look-up hash of an API key: HMAC-SHA-256, hexadecimal. The key itself is never kept. */
  tokenHash(token: string): string {
    return createHmac('sha256', this.#apiKey).update(token).digest('hex')
  }

  /** The look-up hash of a session's token: another than of an API key, so that neither passes for the other. */
  sessionHash(token: string): string {
    return createHmac('sha256', this.#session).update(token).digest('hex')
  }

  /** The look-up hash of a one-time link's token. */
  linkHash(token: string): string {
    return createHmac('sha256', this.#link).update(token).digest('hex')
  }

  /** The look-up hash of a code of a login: the command's own, or the one that a person types. */
  deviceHash(code: string): string {
    return createHmac('sha256', this.#device).update(code).digest('hex')
  }

  /** The look-up hash of a seed's token. */
  seedHash(token: string): string {
    return createHmac('sha256', this.#seed).update(token).digest('hex')
  }

  /** Seals the templates of a seed. */
  sealSeed(place: SeedPlace, documents: Uint8Array): Buffer {
    return seal(this.#seedDocuments, documents, this.#seedContext(place), firstMasterKey)
  }

  /** @throws Refusal `integrity_failure` */
  openSeed(place: SeedPlace, sealed: Uint8Array): Buffer {
    return open(this.#seedDocuments, sealed, this.#seedContext(place), firstMasterKey)
  }

  /** Seals the shared secret of an authenticator app, or of the account with its identity provider. */
  sealFactor(place: FactorPlace, secret: Uint8Array): Buffer {
    return seal(this.#factor, secret, this.#factorContext(place), firstMasterKey)
  }

  /** @throws Refusal `integrity_failure` */
  openFactor(place: FactorPlace, sealed: Uint8Array): Buffer {
    return open(this.#factor, sealed, this.#factorContext(place), firstMasterKey)
  }

  /** The look-up hash of a wrapping token. */
  wrappingHash(token: string): string {
    return createHmac('sha256', this.#wrapping).update(token).digest('hex')
  }

  /**
   * Seals an answer that waits to be opened: it may hold values, so that it has the guard of its account too.
   *
   * @throws Refusal `account_key_unavailable`
   */
  sealWrapped(place: WrappingPlace, answer: Uint8Array, guard: string): Buffer {
    if (guard === '') return seal(this.#wrapped, answer, this.#wrappingContext(place, plainAnswer), plainAnswer)
    const context = this.#wrappingContext(place, guardedAnswer)
    const inner = seal(this.guards.keyOf(place.accountId, guard), answer, context, guardedAnswer)
    return seal(this.#wrapped, inner, context, guardedAnswer)
  }

  /**
   * @returns nothing where its account has another guard since, or none: what the server itself sealed nobody has changed
   * @throws Refusal `account_key_unavailable`, `integrity_failure`
   */
  openWrapped(place: WrappingPlace, sealed: Uint8Array): Buffer | undefined {
    const version = keyVersionOf(sealed)
    const context = this.#wrappingContext(place, version)
    const inner = open(this.#wrapped, sealed, context, version)
    if (version === plainAnswer) return inner
    if (this.guards.isKnown(place.accountId, '')) return undefined
    return openedBy(this.guards.currentOf(place.accountId), inner, context, version)
  }

  /** Seals where a webhook leads, and what it signs with. */
  sealWebhook(place: WebhookPlace, content: Uint8Array): Buffer {
    return seal(this.#webhook, content, this.#webhookContext(place), firstMasterKey)
  }

  /** @throws Refusal `integrity_failure` */
  openWebhook(place: WebhookPlace, sealed: Uint8Array): Buffer {
    return open(this.#webhook, sealed, this.#webhookContext(place), firstMasterKey)
  }

  /** Seals what the server shows the provider of a customer's key. */
  sealCredentials(accountId: number, uid: string, credentials: Uint8Array): Buffer {
    return seal(this.#customer, credentials, this.#credentialsContext(accountId, uid), firstMasterKey)
  }

  /** @throws Refusal `integrity_failure` */
  openCredentials(accountId: number, uid: string, sealed: Uint8Array): Buffer {
    return open(this.#customer, sealed, this.#credentialsContext(accountId, uid), firstMasterKey)
  }

  /** The hash of a recovery code of a user; hexadecimal. */
  recoveryHash(userUid: string, code: string): string {
    return createHmac('sha256', this.#recoveryCode).update(`${userUid} ${code}`).digest('hex')
  }

  /** The MAC of something that is handed out to come back, 32 bytes. */
  ticketMac(text: string): Buffer {
    return createHmac('sha256', this.#ticket).update(text).digest()
  }

  /** The MAC of a row's authenticated text, 32 bytes. */
  rowMac(text: string): Buffer {
    return this.#rowMac.of(text)
  }

  /** Whether the MAC is the text's. */
  isRowMac(text: string, mac: Uint8Array): boolean {
    return this.#rowMac.isOf(text, mac)
  }

  /** The MAC of a page cursor, 16 bytes. */
  cursorMac(text: string): Buffer {
    return createHmac('sha256', this.#cursor).update(text).digest().subarray(0, 16)
  }

  /** What an idempotency key, or the request under it, is remembered as: says nothing of either without the keyring. */
  requestHash(text: string): string {
    return createHmac('sha256', this.#idempotency).update(text).digest('hex')
  }

  /** A key of a set of fingerprints: 32 bytes, which whoever is given the set is given too. */
  fingerprintKey(text: string): Buffer {
    return createHmac('sha256', this.#fingerprint).update(text).digest()
  }

  /** Signs a checkpoint of the audit trail: Ed25519 (RFC 8032), 64 bytes. */
  signCheckpoint(text: string): Buffer {
    return sign(null, Buffer.from(text), this.#checkpoint)
  }

  /** The public half of what signs checkpoints, 32 bytes. */
  checkpointKey(): Buffer {
    const der = createPublicKey(this.#checkpoint).export({ format: 'der', type: 'spki' })
    return der.subarray(der.length - keyBytes)
  }

  /**
   * Makes a version of an account's key.
   *
   * @param guard what it is sealed under too, if anything
   * @throws Refusal `account_key_unavailable`
   */
  newAccountKey(accountId: number, version: number, guard = ''): GuardedKey {
    const bytes = randomBytes(keyBytes)
    try {
      const under = guard === '' ? undefined : this.guards.keyOf(accountId, guard)
      return this.#wrapAccountKey(accountId, version, bytes, guard, under)
    } finally {
      bytes.fill(0)
    }
  }

  /**
   * Seals an account's key under another guard, or under none. The key itself stays the same.
   *
   * @param by the guard that it has now, where that is not open to others
   * @throws Refusal `account_key_unavailable`; `integrity_failure` where `by` does not open it
   */
  guardAccountKey(accountId: number, old: VersionedKey, next: OpenGuard | undefined, by?: OpenGuard): GuardedKey {
    const bytes = this.#openAccountKey(accountId, old, by)
    const under = next === undefined ? undefined : createSecretKey(next.bytes)
    try {
      return this.#wrapAccountKey(accountId, old.version, bytes, next?.uid ?? '', under)
    } finally {
      bytes.fill(0)
    }
  }

  /** Whether a guard opens an account's key. */
  isGuardOf(accountId: number, { version, wrapped, guard = '' }: VersionedKey, { uid, bytes }: OpenGuard): boolean {
    if (uid !== guard) return false
    const from = this.masterVersionOf({ wrapped })
    const inner = open(
      this.#masterKey(from),
      wrapped,
      contextOf(this.#accountKeyPlace(accountId, version, from, guard)),
      from,
    )
    try {
      open(createSecretKey(bytes), inner, this.#guardedContext(accountId, version, guard), version).fill(0)
      return true
    } catch (error) {
      if (error instanceof Refusal) return false
      throw error
    }
  }

  /** Wraps an account's key under the newest version of the master key. The key itself stays the same. */
  rewrapAccountKey(accountId: number, old: VersionedKey): GuardedKey {
    const { version, guard = '' } = old
    const [from, to] = [this.masterVersionOf(old), this.masterKeyVersion]
    const place = (master: number) => contextOf(this.#accountKeyPlace(accountId, version, master, guard))
    // With a guard, what is sealed under it: that stays as it is.
    const bytes = open(this.#masterKey(from), old.wrapped, place(from), from)
    const wrapped = seal(this.#masterKey(to), bytes, place(to), to)
    bytes.fill(0)
    return { version, wrapped, guard }
  }

  /** Wraps a secret's key under another version of its account's key. The key itself stays the same. */
  rewrapSecretKey(
    place: Pick<SecretPlace, 'accountId' | 'uid'>,
    old: WrappedKey,
    under: VersionedKey,
    next: VersionedKey,
  ): WrappedKey {
    const { accountId, uid } = place
    const at = (keyVersion: number): SealContext => ({
      purpose: 'secretKey',
      storeId: this.storeId,
      accountId,
      uid,
      keyVersion,
    })
    const bytes = open(this.#accountKey(accountId, under), old.wrapped, contextOf(at(under.version)), under.version)
    const wrapped = seal(this.#accountKey(accountId, next), bytes, contextOf(at(next.version)), next.version)
    bytes.fill(0)
    return { keyVersion: next.version, wrapped }
  }

  /** Makes a secret's own key under its account's key. */
  newSecretKey(
    accountId: number,
    uid: string,
    accountKey: VersionedKey,
  ): { readonly wrappedKey: WrappedKey; readonly key: KeyObject } {
    return wrapNew(this.#accountKey(accountId, accountKey), {
      purpose: 'secretKey',
      storeId: this.storeId,
      accountId,
      uid,
      keyVersion: accountKey.version,
    })
  }

  /** Seals one version of a secret's value. */
  sealValue(place: SecretPlace, key: KeyObject, value: Uint8Array): Buffer {
    return seal(key, value, this.#valueContext(place), secretKeyVersion)
  }

  /** @throws Refusal `integrity_failure` */
  openValue(place: SecretPlace, key: KeyObject, sealed: Uint8Array): Buffer {
    return open(key, sealed, this.#valueContext(place), secretKeyVersion, true)
  }

  /**
   * A secret's key, if it has been unwrapped already.
   *
   * @throws Refusal `account_key_unavailable`
   */
  knownSecretKey({ accountId, uid }: Pick<SecretPlace, 'accountId' | 'uid'>): KeyObject | undefined {
    this.guards.check(accountId)
    return this.#unwrapped.get(`s ${accountId} ${uid}`)
  }

  /**
   * Unwraps a secret's key.
   *
   * @param accountKey the version that it is wrapped under; without it, `undefined` comes back unless that is known
   * @throws Refusal `account_key_unavailable`, `integrity_failure`
   */
  secretKey(place: SecretPlace, wrapped: WrappedKey, accountKey: VersionedKey): KeyObject
  secretKey(place: SecretPlace, wrapped: WrappedKey): KeyObject | undefined
  secretKey({ accountId, uid }: SecretPlace, wrapped: WrappedKey, accountKey?: VersionedKey): KeyObject | undefined {
    this.guards.check(accountId)
    const { keyVersion } = wrapped
    const under =
      accountKey === undefined
        ? this.#unwrapped.get(`a ${accountId} ${keyVersion}`)
        : this.#accountKey(accountId, accountKey)
    if (under === undefined) return undefined
    const place = { purpose: 'secretKey', storeId: this.storeId, accountId, uid, keyVersion } as const
    return this.#keep(`s ${accountId} ${uid}`, () => open(under, wrapped.wrapped, contextOf(place), keyVersion))
  }

  /** Forgets a destroyed secret's key. */
  forgetSecretKey(accountId: number, uid: string): void {
    this.#unwrapped.delete(`s ${accountId} ${uid}`)
  }

  #accountKey(accountId: number, key: VersionedKey): KeyObject {
    this.guards.check(accountId)
    return this.#keep(`a ${accountId} ${key.version}`, () => this.#openAccountKey(accountId, key))
  }

  #openAccountKey(accountId: number, { version, wrapped, guard = '' }: VersionedKey, by?: OpenGuard): Buffer {
    const under = this.masterVersionOf({ wrapped })
    const place = this.#accountKeyPlace(accountId, version, under, guard)
    // A key that says nothing of a guard which there is: it was read before that was set.
    if (guard === '' && !this.guards.isKnown(accountId, '')) throw keyChanged()
    const bytes = open(this.#masterKey(under), wrapped, contextOf(place), under)
    if (guard === '') return bytes
    const guarding = by?.uid === guard ? createSecretKey(by.bytes) : this.guards.keyOf(accountId, guard)
    try {
      return open(guarding, bytes, this.#guardedContext(accountId, version, guard), version)
    } finally {
      bytes.fill(0)
    }
  }

  #wrapAccountKey(
    accountId: number,
    version: number,
    bytes: Uint8Array,
    guard: string,
    guarding: KeyObject | undefined,
  ): GuardedKey {
    const under = this.masterKeyVersion
    const place = contextOf(this.#accountKeyPlace(accountId, version, under, guard))
    const inner =
      guarding === undefined ? bytes : seal(guarding, bytes, this.#guardedContext(accountId, version, guard), version)
    return { version, wrapped: seal(this.#masterKey(under), inner, place, under), guard }
  }

  /** Without a guard, as before there were any. */
  #accountKeyPlace(accountId: number, version: number, keyVersion: number, guard: string): SealContext {
    const place = { purpose: 'accountKey', storeId: this.storeId, accountId, version, keyVersion } as const
    return guard === '' ? place : { ...place, uid: guard }
  }

  #guardedContext(accountId: number, version: number, uid: string): Buffer {
    const { storeId } = this
    return contextOf({ purpose: 'guardedAccountKey', storeId, accountId, uid, version, keyVersion: version })
  }

  #credentialsContext(accountId: number, uid: string): Buffer {
    const { storeId } = this
    return contextOf({ purpose: 'customerCredentials', storeId, accountId, uid, keyVersion: firstMasterKey })
  }

  #masterKey(version: number): KeyObject {
    const key = this.#masters.get(version)
    if (key !== undefined) return key
    throw new Refusal('integrity_failure', 'A key is wrapped under a version of the master key that is not here.')
  }

  #factorContext({ accountId, uid, name }: FactorPlace): Buffer {
    const { storeId } = this
    return contextOf({ purpose: 'factor', storeId, accountId, uid, name, keyVersion: firstMasterKey })
  }

  #webhookContext({ accountId, uid }: WebhookPlace): Buffer {
    const { storeId } = this
    return contextOf({ purpose: 'webhook', storeId, accountId, uid, keyVersion: firstMasterKey })
  }

  #wrappingContext({ accountId, uid, path }: WrappingPlace, keyVersion: number): Buffer {
    const { storeId } = this
    return contextOf({ purpose: 'wrapping', storeId, accountId, uid, name: path, keyVersion })
  }

  #seedContext({ accountId, uid, target }: SeedPlace): Buffer {
    const { storeId } = this
    return contextOf({ purpose: 'seed', storeId, accountId, uid, name: target, keyVersion: firstMasterKey })
  }

  #valueContext({ accountId, uid, name, version }: SecretPlace): Buffer {
    return contextOf({
      purpose: 'value',
      storeId: this.storeId,
      accountId,
      uid,
      name,
      version,
      keyVersion: secretKeyVersion,
    })
  }

  #keep(name: string, unwrap: () => Buffer): KeyObject {
    const known = this.#unwrapped.get(name)
    if (known !== undefined) return known
    const bytes = unwrap()
    const key = createSecretKey(bytes)
    bytes.fill(0)
    if (this.#unwrapped.size >= cachedKeys) this.#dropOldest()
    this.#unwrapped.set(name, key)
    return key
  }

  /** Of all accounts: it is unwrapped again when it is used. */
  forgetUnwrapped(): void {
    this.#unwrapped.clear()
  }

  /** What of an account was unwrapped. */
  #forgetKeys(accountId: number): void {
    const [own, secret] = [`a ${accountId} `, `s ${accountId} `]
    for (const name of this.#unwrapped.keys()) {
      if (name.startsWith(own) || name.startsWith(secret)) this.#unwrapped.delete(name)
    }
  }

  #dropOldest(): void {
    for (const name of this.#unwrapped.keys()) {
      this.#unwrapped.delete(name)
      return
    }
  }
}

function wrapNew(under: KeyObject, place: SealContext): { wrappedKey: WrappedKey; key: KeyObject } {
  const bytes = randomBytes(keyBytes)
  const wrapped = seal(under, bytes, contextOf(place), place.keyVersion)
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return { wrappedKey: { keyVersion: place.keyVersion, wrapped }, key }
}

function derive(master: KeyObject, storeId: string, label: string): KeyObject {
  const bytes = Buffer.from(hkdfSync('sha512', master, Buffer.from(storeId, 'hex'), `strongroom 1 ${label}`, keyBytes))
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return key
}

/** PrivateKeyInfo of an Ed25519 key (RFC 8410), up to the key's 32 bytes. */
const privateKeyPrefix = Buffer.from('302e020100300506032b657004220420', 'hex')

function signingKey(seed: KeyObject): KeyObject {
  const bytes = seed.export()
  const der = Buffer.concat([privateKeyPrefix, bytes])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  bytes.fill(0)
  der.fill(0)
  return key
}

/** @returns nothing where another key has sealed it */
function openedBy(...sealed: Parameters<typeof open>): Buffer | undefined {
  try {
    return open(...sealed)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'integrity_failure') return undefined
    throw error
  }
}
