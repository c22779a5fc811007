/** Composition: Config -> Store + Keyring -> Vault, and close() in reverse. What production, tests and the host commands open. */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { openArchive } from './archive/place.ts'
import type { Action } from './audit/record.ts'
import type { Config } from './config.ts'
import { Keyring } from './crypto/keyring.ts'
import { createKeyring, findRootKey, type SealedKeyring } from './crypto/master-key.ts'
import { openRootKeys, type RootKeySource } from './crypto/providers/open.ts'
import { Refusal } from './errors.ts'
import { documentLimits, Issuers } from './oidc/issuers.ts'
import { barrierThrough, doorThrough, guardedFetch, postThrough } from './outbound/fetch.ts'
import { noFolder, noStore, storeName } from './store/location.ts'
import { lockDataDir } from './store/lock.ts'
import { openStore, whyAway } from './store/open.ts'
import type { Store } from './store/store.ts'
import { askerOf, createAccount, type HostAsker } from './vault/accounts.ts'
import { customerKeyEvents, runInBackground } from './vault/background.ts'
import { CustomerGuards } from './vault/customer-guards.ts'
import { nodeMemory } from './vault/node-memory.ts'
import { type PasswordCost, passwordCost } from './vault/passwords.ts'
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
  /** Whether a SQLite store gets a thread of its own: whoever serves goes on while the disk is slow. */
  readonly hasThread?: boolean | undefined
  /** Whether a server opens it, which brings an older store up to date. */
  readonly isServer?: boolean | undefined
  /** Milliseconds since 1970, for tests; without it the store's own clock. */
  readonly now?: (() => number) | undefined
  /** Told why the database cannot be used, when the server waits for it, and when that is for another reason than before. */
  readonly onAway?: ((reason: string) => void) | undefined
  /** Told each time that no root key can be used, and the server waits for one. */
  readonly onSealed?: ((reason: string) => void) | undefined
  /** What new passwords are hashed with, for tests of anything else; without it `passwordCost`. */
  readonly passwords?: PasswordCost | undefined
}

/** A failover takes less. */
const maxAwayMs = 60_000
const awayPauseMs = 500
/** Between two times that root keys are asked for which the server waits. */
const sealedPauseMs = { first: 500, most: 15_000 } as const

/** The settings that a store is opened with. */
export type Needed = Pick<
  Config,
  | 'dataDir'
  | 'databaseUrl'
  | 'rootKeys'
  | 'keepVersions'
  | 'maxValueBytes'
  | 'maxFileBytes'
  | 'diskReserveBytes'
  | 'outboundAllowances'
  | 'auditArchive'
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
  { now, mayMake = false, hasThread, isServer, passwords = passwordCost }: OpenOptions = {},
): Promise<Opened> {
  if (mayMake) makeDataDir(config.dataDir)
  // A faulty one is found before anything is made; a missing one is made with a store, and never for one that is there.
  let roots = mayMake && !config.rootKeys.some(isMissing) ? await openRootKeys(config.rootKeys) : undefined
  const { maxValueBytes, maxFileBytes, outboundAllowances, auditArchive } = config
  const store = await openStore({ ...ofStore(config), mayMake, hasThread, isServer, now })
  try {
    let madeIn: string | undefined
    const sealed = await store.keyring(async () => {
      if (!mayMake) throw noStore(config)
      madeIn = storeName(config)
      if (config.rootKeys.some(isUnshared)) throw notBegun(config)
      roots ??= await openRootKeys(config.rootKeys)
      return createKeyring(roots)
    })
    const opening = roots ?? (await openRootKeys(config.rootKeys.map(existing)))
    const keyring = await Keyring.open(opening, sealed)
    await store.takeRowKey(keyring.rowMacKey)
    const clock = now ?? (() => store.clock.now())
    const limits = { ...documentLimits, allowances: outboundAllowances }
    const learnMasterKeys = async () => keyring.learn(opening, await keyringOf(store))
    const findRootKeys = async () => {
      const now = await keyringOf(store)
      return Promise.all(opening.map((root) => findRootKey(root, now)))
    }
    const vault: Vault = {
      customerKeys: new CustomerGuards({
        store,
        keyring,
        door: doorThrough({ allowances: outboundAllowances }),
        events: customerKeyEvents(() => vault, mayMake),
      }),
      store,
      keyring,
      learnMasterKeys,
      findRootKeys,
      now: clock,
      post: postThrough({ allowances: outboundAllowances }),
      barrierOf: barrierThrough({ allowances: outboundAllowances }),
      issuers: new Issuers((url) => guardedFetch(url, limits), clock),
      maxValueBytes,
      maxFileBytes,
      passwordCost: passwords,
      ...nodeMemory(
        { store, keyring, now: clock },
        auditArchive === undefined ? undefined : () => openArchive(auditArchive),
      ),
      onIntegrityFailure: () => {},
    }
    const stop = runInBackground(vault)
    return { vault, madeIn, close: () => stop().finally(() => store.close()) }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** A root key that is read, and not made. */
export function existing(source: RootKeySource): RootKeySource {
  return source.kind === 'file' ? { ...source, create: false } : source
}

/** The settings that the store itself needs. */
function ofStore({ databaseUrl, dataDir, keepVersions, diskReserveBytes, isSynchronousRequired }: Needed) {
  return { databaseUrl, dataDir, keepVersions, diskReserveBytes, isSynchronousRequired }
}

function isMissing(source: RootKeySource): boolean {
  return source.kind === 'file' && source.create && !existsSync(source.path)
}

/** Whether people are to have it, and nobody has a share of it yet. */
function isUnshared(source: RootKeySource): boolean {
  return source.kind === 'shamir' && source.shares.id === undefined
}

/** It may be over at any time: whoever makes the store does that beside this process. */
function notBegun(config: Needed): Refusal {
  return new Refusal(
    'sealed',
    `There is no store in ${storeName(config)} yet, and a server shows nobody the shares of its root key. Make both: "strongroom root-key init", with the settings of the server.`,
  )
}

/**
 * Makes a new store, and nothing in it.
 *
 * @param makeKeys makes its keys, when there is none
 * @returns whether it was made; in place of another one, it is not
 */
export async function makeStore(config: Needed, makeKeys: () => Promise<SealedKeyring>): Promise<boolean> {
  makeDataDir(config.dataDir)
  const store = await openStore({ ...ofStore(config), mayMake: true })
  try {
    let mine: SealedKeyring | undefined
    const kept = await store.keyring(async () => {
      mine = await makeKeys()
      return mine
    })
    return kept.storeId === mine?.storeId
  } finally {
    await store.close()
  }
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

export async function recordAll(vault: Vault, action: Action, host: HostAsker): Promise<void> {
  for (const { id } of await vault.store.accounts()) {
    await ask(vault, askerOf(host, id), { kind: 'record', action, object: null, outcome: 'ok' })
  }
}

/** What a store that was opened keeps of its keyring. */
export function keyringOf(store: Store): Promise<SealedKeyring> {
  return store.keyring(async () => {
    throw new Error('A store that was opened has its keyring.')
  })
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
    const { close, ...opened } = await openOnceThere(config, {
      ...options,
      mayMake: true,
      hasThread: true,
      isServer: true,
    })
    return { ...opened, close: () => close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

/** Whether people have given enough shares of a root key. */
function isAnyWhole(sources: readonly RootKeySource[]): boolean {
  return sources.some((source) => source.kind === 'shamir' && source.shares.progress.isOpen)
}

/** Ends before its time when the last share comes. */
async function pauseUntilWhole(milliseconds: number, sources: readonly RootKeySource[]): Promise<void> {
  const whole = new AbortController()
  const stops = sources.flatMap((source) =>
    source.kind === 'shamir' ? [source.shares.onOpen(() => whole.abort())] : [],
  )
  await setTimeout(milliseconds, undefined, whole).catch(() => {})
  for (const stop of stops) stop()
}

/**
 * Waits for a database that is away (at the start of a machine, or in a failover) for a while; for a root key that cannot be
 * used now as long as it takes, as nothing would be gained by starting the process anew.
 */
async function openOnceThere(config: Needed, options: OpenOptions): Promise<Opened> {
  let end = performance.now() + maxAwayMs
  let sealedPause: number = sealedPauseMs.first
  let awayFor: string | undefined
  for (;;) {
    const isWholeBefore = isAnyWhole(config.rootKeys)
    try {
      return await openVault(config, options)
    } catch (error) {
      if (error instanceof Refusal && error.code === 'sealed' && options.onSealed !== undefined) {
        options.onSealed(error.message)
        // Shares that have come are asked for once: a database that goes away for a while must not cost them.
        end = performance.now() + maxAwayMs
        if (isWholeBefore || !isAnyWhole(config.rootKeys)) await pauseUntilWhole(sealedPause, config.rootKeys)
        sealedPause = Math.min(sealedPauseMs.most, sealedPause * 2)
        continue
      }
      const reason = whyAway(error)
      if (reason === undefined || performance.now() > end) throw error
      // Who waits for a database that starts may find then that something else is to be done.
      if (reason !== awayFor) options.onAway?.(reason)
      awayFor = reason
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
