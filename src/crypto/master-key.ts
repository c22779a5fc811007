/**
 * A store's master key, in versions: each sealed under the root key. The newest wraps the accounts' keys; from the first
 * comes what is derived (row MACs, look-up hashes, the key of checkpoints), so that it stays with the store.
 */

import { createSecretKey } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { open, seal } from './aead.ts'
import { contextOf, type SealContext } from './context.ts'
import type { RootKeyProvider } from './providers/provider.ts'
import { randomBytes } from './random.ts'

/** The version that everything derived comes from. */
export const firstMasterKey = 1
const keyBytes = 32
const canaryText = 'strongroom canary'

export interface SealedMasterKey {
  readonly version: number
  /** Sealed under the root key. */
  readonly wrapped: Uint8Array
  /** The same, sealed under the root key that is to follow; while there are two, either opens the store. */
  readonly next: Uint8Array | undefined
}

/** What a store keeps of its keyring: nothing of it opens without the root key. */
export interface SealedKeyring {
  /** Hexadecimal, 16 bytes; random, made with the store. */
  readonly storeId: string
  /** Oldest first; never empty. */
  readonly masterKeys: readonly SealedMasterKey[]
  readonly canary: Uint8Array
}

/** Makes the keys of a new store. */
export async function createKeyring(root: RootKeyProvider): Promise<SealedKeyring> {
  const storeId = randomBytes(16).toString('hex')
  const master = randomBytes(keyBytes)
  const wrapped = await root.wrap(master, contextOf(masterPlace(storeId, firstMasterKey)))
  const canary = seal(createSecretKey(master), Buffer.from(canaryText), contextOf(canaryPlace(storeId)), firstMasterKey)
  master.fill(0)
  return { storeId, masterKeys: [{ version: firstMasterKey, wrapped, next: undefined }], canary }
}

/** Makes another version of the master key, sealed under the root key. */
export async function newMasterKey(root: RootKeyProvider, storeId: string, version: number): Promise<SealedMasterKey> {
  const bytes = randomBytes(keyBytes)
  const wrapped = await root.wrap(bytes, contextOf(masterPlace(storeId, version)))
  bytes.fill(0)
  return { version, wrapped, next: undefined }
}

/**
 * Seals every version of the master key under another root key as well, and makes sure that it opens.
 *
 * @throws Refusal `integrity_failure` when `root` is not this store's
 */
export async function sealUnderNext(
  root: RootKeyProvider,
  sealed: SealedKeyring,
  next: RootKeyProvider,
): Promise<readonly SealedMasterKey[]> {
  const opened = await openMasters(root, sealed)
  try {
    const masterKeys = await Promise.all(
      opened.map(async ({ version, bytes }) => ({
        version,
        wrapped: wrappedOf(sealed, version),
        next: await next.wrap(bytes, contextOf(masterPlace(sealed.storeId, version))),
      })),
    )
    wipe(await openMasters(next, { ...sealed, masterKeys }))
    return masterKeys
  } finally {
    wipe(opened)
  }
}

/**
 * Each version as the root key opens it: for a root key that is to stay alone.
 *
 * @throws Refusal `integrity_failure` when it does not open all of them
 */
export async function masterKeysUnder(
  root: RootKeyProvider,
  sealed: SealedKeyring,
): Promise<readonly SealedMasterKey[]> {
  wipe(await openMasters(root, sealed))
  return Promise.all(
    sealed.masterKeys.map(async (key) => ({
      version: key.version,
      wrapped: await own(root, sealed, key),
      next: undefined,
    })),
  )
}

/** A version of the master key in the clear. To be wiped. */
export interface OpenMaster {
  readonly version: number
  readonly bytes: Buffer
}

/** Every version, oldest first; the first is proven by the canary. */
export async function openMasters(root: RootKeyProvider, sealed: SealedKeyring): Promise<readonly OpenMaster[]> {
  const opened = await Promise.all(
    sealed.masterKeys.map(async ({ version, wrapped, next = wrapped }) => {
      const context = contextOf(masterPlace(sealed.storeId, version))
      const bytes = (await root.unwrap(next, context)) ?? (await root.unwrap(wrapped, context))
      return { version, bytes: bytes ?? Buffer.alloc(0) }
    }),
  )
  const [first] = opened
  const areWhole = opened.every(({ bytes }) => bytes.length === keyBytes)
  if (areWhole && first?.version === firstMasterKey && isProven(first.bytes, sealed)) return opened
  wipe(opened)
  throw wrongRootKey()
}

function wipe(opened: readonly OpenMaster[]): void {
  for (const { bytes } of opened) bytes.fill(0)
}

function isProven(bytes: Buffer, { storeId, canary: sealed }: SealedKeyring): boolean {
  try {
    const canary = open(createSecretKey(bytes), sealed, contextOf(canaryPlace(storeId)), firstMasterKey)
    return canary.toString() === canaryText
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return false
  }
}

/** Which of the two sealed forms the root key opens. */
async function own(
  root: RootKeyProvider,
  { storeId }: SealedKeyring,
  { version, wrapped, next = wrapped }: SealedMasterKey,
): Promise<Uint8Array> {
  for (const one of [next, wrapped]) {
    const bytes = await root.unwrap(one, contextOf(masterPlace(storeId, version)))
    bytes?.fill(0)
    if (bytes !== undefined) return one
  }
  throw wrongRootKey()
}

function wrappedOf({ masterKeys }: SealedKeyring, version: number): Uint8Array {
  const found = masterKeys.find((key) => key.version === version)
  if (found === undefined) throw new Error('Only versions of this keyring have been opened.')
  return found.wrapped
}

function wrongRootKey(): Refusal {
  return new Refusal(
    'integrity_failure',
    'The root key does not open this store. Set STRONGROOM_ROOT_KEY or STRONGROOM_ROOT_KEY_FILE to the key of the store.',
  )
}

function masterPlace(storeId: string, version: number): SealContext {
  return { purpose: 'masterKey', storeId, version, keyVersion: 0 }
}

function canaryPlace(storeId: string): SealContext {
  return { purpose: 'canary', storeId, keyVersion: firstMasterKey }
}
