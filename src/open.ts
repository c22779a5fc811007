/** Composition: Config -> Store + Keyring -> Vault, and close() in reverse. What production, tests and the host commands open. */
import { mkdirSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { Config } from './config.ts'
import { createKeyring, Keyring } from './crypto/keyring.ts'
import { loadRootKey } from './crypto/root-key.ts'
import { Refusal } from './errors.ts'
import { lockDataDir } from './store/lock.ts'
import { openStore } from './store/open.ts'
import { createAccount } from './vault/accounts.ts'
import type { Vault } from './vault/vault.ts'

export interface Opened {
  readonly vault: Vault
  close(): Promise<void>
}

export interface OpenOptions {
  /** Milliseconds since 1970, for tests; without it the store's own clock. */
  readonly now?: (() => number) | undefined
}

type Needed = Pick<Config, 'dataDir' | 'databaseUrl' | 'rootKey' | 'keepVersions' | 'maxValueBytes'>

/**
 * Opens the store that the settings name, and makes it when there is none. Works beside a running server.
 *
 * @throws Refusal when the store cannot be opened, or the root key is not its own
 */
export async function openVault(config: Needed, { now }: OpenOptions = {}): Promise<Opened> {
  makeDataDir(config.dataDir)
  const root = loadRootKey(config.rootKey)
  const { databaseUrl, dataDir, keepVersions, maxValueBytes } = config
  const store = await openStore({ databaseUrl, dataDir, keepVersions, now })
  try {
    const keyring = new Keyring(root, await store.keyring(() => createKeyring(root)))
    const vault: Vault = {
      store,
      keyring,
      now: now ?? Date.now,
      maxValueBytes,
      verifiedCallers: new Map(),
      turns: new Map(),
      onIntegrityFailure: () => {},
    }
    return { vault, close: () => store.close() }
  } catch (error) {
    await store.close()
    throw error
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
