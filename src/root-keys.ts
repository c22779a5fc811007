/** What is done with a store's root keys and its master key on the host, beside a running server or without one. */
import type { Action } from './audit/record.ts'
import type { RootFinding, SealedKeyring, SealedMasterKey } from './crypto/master-key.ts'
import * as master from './crypto/master-key.ts'
import {
  makeSealedKey,
  openRootKey,
  openRootKeys,
  providerKinds,
  type RootKeyProvider,
  type RootKeySource,
} from './crypto/providers/open.ts'
import { Refusal } from './errors.ts'
import { existing, keyringOf, makeStore, type Needed, openVault, recordAll } from './open.ts'
import { noStore, storeName } from './store/location.ts'
import { openStore } from './store/open.ts'
import type { HostAsker } from './vault/accounts.ts'
import { rewrapAccountKeys } from './vault/rotation.ts'
import type { Vault } from './vault/vault.ts'

export type { RootKeySource }

export interface AddedRootKey {
  /** What it is called where it is kept, */
  readonly name: string
  /** and by the settings. */
  readonly shown: string
  /** Of one that people are to have: each as it is typed. They are nowhere else. */
  readonly shares: readonly string[]
}

/**
 * Lets another root key open the store as well: the first step of replacing it. The server goes on meanwhile.
 *
 * @throws Refusal when no root key of the settings is the store's, or the new one cannot be used
 */
export async function addRootKey(config: Needed, next: RootKeySource, host: HostAsker): Promise<AddedRootKey> {
  let told: AddedRootKey = { name: '', shown: '', shares: [] }
  await withKeyring(config, 'root_key.add', host, async (roots, sealed) => {
    const shares = next.kind === 'shamir' ? next.shares.make() : []
    // A file is made now, where the folder of the store is there.
    const nextRoot = await openRootKey(next)
    told = { name: master.nameOf(nextRoot), shown: nextRoot.shown, shares }
    return master.addRootKey(roots, sealed, nextRoot)
  })
  return told
}

/**
 * Makes a new store, which the root keys of the settings open, for people to have the shares of one of them. Any other store a
 * server makes by itself.
 *
 * @throws Refusal when there is one, or a root key cannot be used
 */
export async function beginStore(config: Needed): Promise<AddedRootKey & { readonly madeIn: string }> {
  const source = config.rootKeys.find(({ kind }) => kind === 'shamir')
  if (source?.kind !== 'shamir') {
    const why =
      'No root key of the settings has shares: STRONGROOM_ROOT_KEY_URLS names no shamir:. "strongroom serve" makes such a store by itself.'
    throw new Refusal('invalid', why)
  }
  const roots = await openRootKeys(config.rootKeys)
  let shares: readonly string[] = []
  const isMade = await makeStore(config, () => {
    shares = source.shares.make()
    return master.createKeyring(roots)
  })
  const madeIn = storeName(config)
  const root = roots.find(({ kind }) => kind === 'shamir')
  if (isMade && root !== undefined) return { name: master.nameOf(root), shown: root.shown, shares, madeIn }
  throw new Refusal(
    'name_taken',
    `There is a store in ${madeIn} already. "strongroom rewrap --to shamir:…" lets people open it.`,
  )
}

/**
 * Makes a root key that the TPM of this machine seals. No store is needed, and none is changed.
 *
 * @param from the file of a root key that there is, to be sealed in place of a new one
 * @throws Refusal when it cannot be made
 */
export async function makeRootKey(
  source: RootKeySource,
  from: string | undefined,
): Promise<{ readonly name: string; readonly shown: string }> {
  if (source.kind !== 'tpm2') {
    const why =
      'Only a root key of tpm2: is made so. "strongroom rewrap --add file:/path" makes a file; others are made where they are kept.'
    throw new Refusal('invalid', why)
  }
  const root = await makeSealedKey(source, from)
  return { name: master.nameOf(root), shown: root.shown }
}

/**
 * Leaves the root keys of the settings as the only ones that open the store: the last step.
 *
 * @throws Refusal when one of them does not open it
 */
export async function keepRootKeys(config: Needed, host: HostAsker): Promise<void> {
  await withKeyring(config, 'root_key.drop', host, (roots, sealed) => master.keepRootKeys(roots, sealed))
}

/** Whether it is what "root-key check" prints, and no URL: the root key itself may be gone. */
export function isRootKeyName(text: string): boolean {
  return new RegExp(`^(${providerKinds.join('|')}):[^?]+$`).test(text)
}

/**
 * Takes a root key away, which need not be there any more. Those of the settings must open the store without it.
 *
 * @param which a name, as `root-key check` tells it, or where the root key is
 */
export async function removeRootKey(config: Needed, which: string | RootKeySource, host: HostAsker): Promise<void> {
  await withKeyring(config, 'root_key.drop', host, async (roots, sealed) => {
    // By its name, what is gone for good can be taken away.
    const name = typeof which === 'string' ? which : master.nameOf(await openRootKey(existing(which)))
    return master.removeRootKey(roots, sealed, name)
  })
}

export interface RootKeyCheck {
  readonly findings: readonly RootFinding[]
  /** What opens the store too, and is not in the settings, by name. */
  readonly others: readonly string[]
}

/** Asks every root key of the settings to open the store, whether any does or not. */
export async function checkRootKeys(config: Needed): Promise<RootKeyCheck> {
  const roots = await openRootKeys(config.rootKeys.map(existing))
  const { databaseUrl, dataDir, keepVersions, diskReserveBytes, isSynchronousRequired } = config
  const wanted = { databaseUrl, dataDir, keepVersions, diskReserveBytes, isSynchronousRequired }
  const store = await openStore({ ...wanted, mayMake: false })
  try {
    const sealed = await store.keyring(async () => {
      throw noStore(config)
    })
    const findings = await Promise.all(roots.map((root) => master.findRootKey(root, sealed, true)))
    const known = new Set(findings.map(({ name }) => name))
    return { findings, others: namesIn(sealed).filter((name) => !known.has(name)) }
  } finally {
    await store.close()
  }
}

function namesIn({ masterKeys }: SealedKeyring): readonly string[] {
  const newest = masterKeys.at(-1)
  return newest === undefined ? [] : master.rootKeyNames(newest.wrapped, newest.next)
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
    const sealed = await keyringOf(store)
    if (sealed.masterKeys.some(({ next }) => next !== undefined)) {
      throw new Refusal('invalid', 'The root key is being replaced. Finish that first: "strongroom rewrap --finish".')
    }
    const resumed = await isBehind(vault)
    if (!resumed) {
      const roots = await openRootKeys(config.rootKeys.map(existing))
      const made = await master.newMasterKey(roots, sealed, keyring.masterKeyVersion + 1)
      await recordAll(vault, 'master_key.add', host)
      await store.addMasterKey(made)
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

/** Recorded in every account, before it is done: the root key is above them all. */
async function withKeyring(
  config: Needed,
  action: Action,
  host: HostAsker,
  work: (roots: readonly RootKeyProvider[], sealed: SealedKeyring) => Promise<readonly SealedMasterKey[]>,
): Promise<void> {
  const { vault, close } = await openVault(config)
  try {
    const { store } = vault
    const sealed = await keyringOf(store)
    const masterKeys = await work(await openRootKeys(config.rootKeys.map(existing)), sealed)
    await recordAll(vault, action, host)
    if (await store.replaceMasterKeys(sealed.masterKeys, masterKeys)) return
    throw new Refusal('overloaded', 'The wrapped master key was changed meanwhile, by another command. Run this again.')
  } finally {
    await close()
  }
}
