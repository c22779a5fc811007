/** Composition: Config -> Store + Keyring -> Vault, and close() in reverse. What production, tests and the host commands open. */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { Action } from './audit/record.ts'
import type { Config } from './config.ts'
import { Keyring } from './crypto/keyring.ts'
import { createKeyring, masterKeysUnder, newMasterKey, type SealedKeyring, sealUnderNext } from './crypto/master-key.ts'
import { openRootKey, type RootKeyProvider, type RootKeySource } from './crypto/providers/open.ts'
import { Refusal } from './errors.ts'
import { documentLimits, Issuers } from './oidc/issuers.ts'
import { guardedFetch, postThrough } from './outbound/fetch.ts'
import { noFolder, noStore, storeName } from './store/location.ts'
import { lockDataDir } from './store/lock.ts'
import { openStore, whyAway } from './store/open.ts'
import type { Store } from './store/store.ts'
import { askerOf, createAccount, type HostAsker } from './vault/accounts.ts'
import { Attempts } from './vault/attempts.ts'
import { Listeners } from './vault/listeners.ts'
import { tellLost } from './vault/lost-trail.ts'
import { type PasswordCost, passwordCost } from './vault/passwords.ts'
import { Repeats, recordRepeats } from './vault/repeats.ts'
import { rewrapAccountKeys } from './vault/rotation.ts'
import { ask, type Vault } from './vault/vault.ts'

export interface Opened {
  readonly vault: Vault
  /** Where the store is, for people, when it was made just now. */
  readonly madeIn: string | undefined
  close(): Promise<void>
}

export interface OpenOptions {
  /** Whether a store, and a root key in its data folder, is made where there is none. */
  readonly mayMake?: boolean | undefined
  /** Milliseconds since 1970, for tests; without it the store's own clock. */
  readonly now?: (() => number) | undefined
  /** Told once, when the database is away and the server waits for it. */
  readonly onAway?: ((reason: string) => void) | undefined
  /** What new passwords are hashed with, for tests of anything else; without it `passwordCost`. */
  readonly passwords?: PasswordCost | undefined
}

/** A failover takes less. */
const maxAwayMs = 60_000
const awayPauseMs = 500
/** How often it is looked whether repeated refusals are to be recorded. */
const repeatsMs = 2000

type Needed = Pick<
  Config,
  | 'dataDir'
  | 'databaseUrl'
  | 'rootKey'
  | 'keepVersions'
  | 'maxValueBytes'
  | 'maxFileBytes'
  | 'diskReserveBytes'
  | 'outboundAllowances'
  | 'isSynchronousRequired'
>

/**
 * Opens the store that the settings name. Works beside a running server.
 *
 * @throws Refusal `not_found` when there is none and it may not be made; others when it cannot be opened, or the root key
 *   is not its own
 */
export async function openVault(
  config: Needed,
  { now, mayMake = false, passwords = passwordCost }: OpenOptions = {},
): Promise<Opened> {
  if (mayMake) makeDataDir(config.dataDir)
  // A faulty one is found before anything is made; a missing one is made with a store, and never for one that is there.
  let root = isMissing(config.rootKey) ? undefined : mayMake ? await openRootKey(config.rootKey) : undefined
  const { databaseUrl, dataDir, keepVersions, maxValueBytes, maxFileBytes, diskReserveBytes, outboundAllowances } =
    config
  const { isSynchronousRequired } = config
  const wanted = { databaseUrl, dataDir, keepVersions, diskReserveBytes, isSynchronousRequired }
  const store = await openStore({ ...wanted, mayMake, now })
  try {
    let madeIn: string | undefined
    const sealed = await store.keyring(async () => {
      if (!mayMake) throw noStore(config)
      madeIn = storeName(config)
      root ??= await openRootKey(config.rootKey)
      return createKeyring(root)
    })
    const source = existing(config.rootKey)
    const keyring = await Keyring.open(root ?? (await openRootKey(source)), sealed)
    await store.takeRowKey(keyring.rowMacKey)
    const clock = now ?? (() => store.clock.now())
    const limits = { ...documentLimits, allowances: outboundAllowances }
    const learnMasterKeys = async () => keyring.learn(await openRootKey(source), await keyringOf(store))
    const vault: Vault = {
      store,
      keyring,
      learnMasterKeys,
      now: clock,
      post: postThrough({ allowances: outboundAllowances }),
      issuers: new Issuers((url) => guardedFetch(url, limits), clock),
      maxValueBytes,
      maxFileBytes,
      passwordCost: passwords,
      identities: new Map(),
      attempts: new Attempts(store, (text) => keyring.requestHash(text)),
      repeats: new Repeats(),
      listeners: new Listeners(store, clock),
      turns: new Map(),
      running: new Set(),
      onIntegrityFailure: () => {},
    }
    store.trails.onLost((known, found) => void tellLost(vault, known, found))
    // What could not be recorded stays counted, and is tried again.
    const timer = setInterval(() => recordRepeats(vault).catch(() => {}), repeatsMs).unref()
    const close = async () => {
      clearInterval(timer)
      vault.listeners.stop()
      await recordRepeats(vault, true).finally(() => store.close())
    }
    return { vault, madeIn, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

/**
 * Lets another root key open the store as well: the first step of replacing it. The server goes on meanwhile.
 *
 * @throws Refusal when the root key of the settings is not the store's
 */
export async function addRootKey(config: Needed, next: RootKeySource, host: HostAsker): Promise<void> {
  await withKeyring(config, 'root_key.add', host, async (store, root, sealed, record) => {
    // Before the record: it is made in a folder that may not be there.
    const nextRoot = await openRootKey(next)
    await record()
    await store.keepMasterKeys(await sealUnderNext(root, sealed, nextRoot))
  })
}

/**
 * Leaves the root key of the settings as the only one that opens the store: the last step.
 *
 * @throws Refusal when the root key of the settings is not the store's
 */
export async function keepRootKey(config: Needed, host: HostAsker): Promise<void> {
  await withKeyring(config, 'root_key.drop', host, async (store, root, sealed, record) => {
    await record()
    await store.keepMasterKeys(await masterKeysUnder(root, sealed))
  })
}

/** A root key that is read, and not made. */
export function existing(source: RootKeySource): RootKeySource {
  return source.kind === 'file' ? { ...source, create: false } : source
}

function isMissing(source: RootKeySource): boolean {
  return source.kind === 'file' && source.create && !existsSync(source.path)
}

/** Records in every account what is done to the whole store. */
export async function recordOnAll(config: Needed, action: Action, host: HostAsker): Promise<void> {
  const { vault, close } = await openVault(config)
  try {
    await recordAll(vault, action, host)
  } finally {
    await close()
  }
}

async function recordAll(vault: Vault, action: Action, host: HostAsker): Promise<void> {
  for (const { id } of await vault.store.accounts()) {
    await ask(vault, askerOf(host, id), { kind: 'record', action, object: null, outcome: 'ok' })
  }
}

export interface MasterRotation {
  /** The version of the master key that wraps the keys of all accounts now. */
  readonly version: number
  /** Account keys wrapped anew. */
  readonly rewrapped: number
  /** Whether it finished one that was broken off, instead of making a new version. */
  readonly resumed: boolean
}

/**
 * Replaces the master key as what wraps the keys of accounts, while servers run: they take the new version up when they
 * first meet it.
 *
 * @param onProgress told how many accounts are done, and of how many
 * @throws Refusal `invalid` while the root key is being replaced, or when the settings' root key is not the store's
 */
export async function rotateMasterKey(
  config: Needed,
  host: HostAsker,
  onProgress?: (done: number, all: number) => void,
): Promise<MasterRotation> {
  const { vault, close } = await openVault(config)
  const { store, keyring } = vault
  try {
    const { storeId, masterKeys } = await keyringOf(store)
    if (masterKeys.some(({ next }) => next !== undefined)) {
      throw new Refusal('invalid', 'The root key is being replaced. Finish that first: "strongroom rewrap --finish".')
    }
    const resumed = await isBehind(vault)
    if (!resumed) {
      await recordAll(vault, 'master_key.add', host)
      const root = await openRootKey(existing(config.rootKey))
      await store.addMasterKey(await newMasterKey(root, storeId, keyring.masterKeyVersion + 1))
      await vault.learnMasterKeys()
    }
    const rewrapped = await rewrapAccountKeys(vault, host, onProgress)
    return { version: keyring.masterKeyVersion, rewrapped, resumed }
  } finally {
    await close()
  }
}

/** Whether any account's key is wrapped under an older version of the master key than the newest. */
async function isBehind({ store, keyring }: Vault): Promise<boolean> {
  for (const { id } of await store.accounts()) {
    const newest = (await store.accountKeys(id)).at(-1)
    if (newest !== undefined && keyring.masterVersionOf(newest) < keyring.masterKeyVersion) return true
  }
  return false
}

function keyringOf(store: Store): Promise<SealedKeyring> {
  return store.keyring(async () => {
    throw new Error('A store that was opened has its keyring.')
  })
}

/** Recorded in every account: the root key is above them all. */
async function withKeyring(
  config: Needed,
  action: Action,
  host: HostAsker,
  work: (store: Store, root: RootKeyProvider, sealed: SealedKeyring, record: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { vault, close } = await openVault(config)
  try {
    const { store } = vault
    const sealed = await keyringOf(store)
    await work(store, await openRootKey(existing(config.rootKey)), sealed, () => recordAll(vault, action, host))
  } finally {
    await close()
  }
}

/**
 * Opens the vault as the one server of its data folder (on PostgreSQL any number of servers share a database).
 *
 * @throws Refusal `invalid` when another server has the folder
 */
export async function openServerVault(config: Needed, options: OpenOptions = {}): Promise<Opened> {
  makeDataDir(config.dataDir)
  const unlock = config.databaseUrl === undefined ? lockDataDir(config.dataDir) : () => {}
  try {
    const { close, ...opened } = await openOnceThere(config, { ...options, mayMake: true })
    return { ...opened, close: () => close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

/** Waits for a database that is away: at the start of a machine, or in a failover. */
async function openOnceThere(config: Needed, options: OpenOptions): Promise<Opened> {
  const end = performance.now() + maxAwayMs
  for (let tries = 1; ; tries++) {
    try {
      return await openVault(config, options)
    } catch (error) {
      const reason = whyAway(error)
      if (reason === undefined || performance.now() > end) throw error
      if (tries === 1) options.onAway?.(reason)
      await setTimeout(awayPauseMs)
    }
  }
}

/** The API key of the account `default`, made when the store has no account yet; `undefined` when it has. */
export async function bootstrap(vault: Vault, token: string | undefined): Promise<string | undefined> {
  if ((await vault.store.accounts()).length > 0) return undefined
  try {
    const made = await createAccount(vault, { name: hostName(), requestId: 'bootstrap' }, 'default', token)
    return made.token
  } catch (error) {
    // Another node of the same new store was faster.
    if (error instanceof Refusal && error.code === 'name_taken') return undefined
    throw error
  }
}

/** The user of the operating system who acts on the host, for the audit trail. */
export function hostName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

function makeDataDir(path: string): void {
  if (existsSync(path) && !statSync(path).isDirectory()) throw noFolder(path)
  mkdirSync(path, { recursive: true, mode: 0o700 })
}
