/** Composition: Config -> Store + Keyring -> Vault, and close() in reverse. What production, tests and the host commands open. */
import type { KeyObject } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { Action } from './audit/record.ts'
import type { Config } from './config.ts'
import { Keyring } from './crypto/keyring.ts'
import { createKeyring, masterKeyUnder, type SealedKeyring, sealMasterKey } from './crypto/master-key.ts'
import { loadRootKey, type RootKeySource } from './crypto/root-key.ts'
import { Refusal } from './errors.ts'
import { lockDataDir } from './store/lock.ts'
import { openStore } from './store/open.ts'
import type { Store } from './store/store.ts'
import { askerOf, createAccount, type HostAsker } from './vault/accounts.ts'
import { Attempts } from './vault/attempts.ts'
import { ask, type Vault } from './vault/vault.ts'

export interface Opened {
  readonly vault: Vault
  close(): Promise<void>
}

export interface OpenOptions {
  /** Milliseconds since 1970, for tests; without it the store's own clock. */
  readonly now?: (() => number) | undefined
}

type Needed = Pick<
  Config,
  'dataDir' | 'databaseUrl' | 'rootKey' | 'keepVersions' | 'maxValueBytes' | 'maxFileBytes' | 'diskReserveBytes'
>

/**
 * Opens the store that the settings name, and makes it when there is none. Works beside a running server.
 *
 * @throws Refusal when the store cannot be opened, or the root key is not its own
 */
export async function openVault(config: Needed, { now }: OpenOptions = {}): Promise<Opened> {
  makeDataDir(config.dataDir)
  const root = loadRootKey(config.rootKey)
  const { databaseUrl, dataDir, keepVersions, maxValueBytes, maxFileBytes, diskReserveBytes } = config
  const store = await openStore({ databaseUrl, dataDir, keepVersions, diskReserveBytes, now })
  try {
    const keyring = new Keyring(root, await store.keyring(() => createKeyring(root)))
    const vault: Vault = {
      store,
      keyring,
      now: now ?? Date.now,
      maxValueBytes,
      maxFileBytes,
      verifiedCallers: new Map(),
      identities: new Map(),
      attempts: new Attempts(),
      turns: new Map(),
      running: new Set(),
      onIntegrityFailure: () => {},
    }
    return { vault, close: () => store.close() }
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
  await withKeyring(config, 'root_key.add', host, async (store, root, sealed) => {
    await store.addMasterKey(sealMasterKey(root, sealed, loadRootKey(next)))
  })
}

/**
 * Leaves the root key of the settings as the only one that opens the store: the last step.
 *
 * @throws Refusal when the root key of the settings is not the store's
 */
export async function keepRootKey(config: Needed, host: HostAsker): Promise<void> {
  await withKeyring(config, 'root_key.drop', host, async (store, root, sealed) => {
    await store.keepMasterKey(masterKeyUnder(root, sealed))
  })
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

/** Recorded in every account: the root key is above them all. */
async function withKeyring(
  config: Needed,
  action: Action,
  host: HostAsker,
  work: (store: Store, root: KeyObject, sealed: SealedKeyring) => Promise<void>,
): Promise<void> {
  const { vault, close } = await openVault(config)
  try {
    const { store } = vault
    const sealed = await store.keyring(() => {
      throw new Error('A store that was opened has its keyring.')
    })
    await recordAll(vault, action, host)
    await work(store, loadRootKey(config.rootKey), sealed)
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
    const { vault, close } = await openVault(config, options)
    return { vault, close: () => close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
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
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (!statSync(path).isDirectory()) throw new Refusal('invalid', `STRONGROOM_DATA_DIR ${path} must be a folder.`)
}
