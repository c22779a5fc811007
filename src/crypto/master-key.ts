/**
 * A store's master key, in versions: each sealed under the root key. The newest wraps the accounts' keys; from the first
 * comes what is derived (row MACs, look-up hashes, the key of checkpoints), so that it stays with the store.
 */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { open, seal } from './aead.ts'
import { contextOf, type Place } from './context.ts'

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
export function createKeyring(root: KeyObject): SealedKeyring {
  const storeId = randomBytes(16).toString('hex')
  const master = randomBytes(keyBytes)
  const wrapped = seal(root, master, contextOf(masterPlace(storeId, firstMasterKey)), 0)
  const canary = seal(createSecretKey(master), Buffer.from(canaryText), contextOf(canaryPlace(storeId)), firstMasterKey)
  master.fill(0)
  return { storeId, masterKeys: [{ version: firstMasterKey, wrapped, next: undefined }], canary }
}

/** Makes another version of the master key, sealed under the root key. */
export function newMasterKey(root: KeyObject, storeId: string, version: number): SealedMasterKey {
  const bytes = randomBytes(keyBytes)
  const wrapped = seal(root, bytes, contextOf(masterPlace(storeId, version)), 0)
  bytes.fill(0)
  return { version, wrapped, next: undefined }
}

/**
 * Seals every version of the master key under another root key as well, and makes sure that it opens.
 *
 * @throws Refusal `integrity_failure` when `root` is not this store's
 */
export function sealUnderNext(root: KeyObject, sealed: SealedKeyring, next: KeyObject): readonly SealedMasterKey[] {
  const masterKeys = openMasters(root, sealed).map(({ version, bytes }) => {
    const under = seal(next, bytes, contextOf(masterPlace(sealed.storeId, version)), 0)
    bytes.fill(0)
    return { version, wrapped: wrappedOf(sealed, version), next: under }
  })
  for (const { bytes } of openMasters(next, { ...sealed, masterKeys })) bytes.fill(0)
  return masterKeys
}

/**
 * Each version as the root key opens it: for a root key that is to stay alone.
 *
 * @throws Refusal `integrity_failure` when it does not open all of them
 */
export function masterKeysUnder(root: KeyObject, sealed: SealedKeyring): readonly SealedMasterKey[] {
  for (const { bytes } of openMasters(root, sealed)) bytes.fill(0)
  return sealed.masterKeys.map((key) => ({ version: key.version, wrapped: own(root, sealed, key), next: undefined }))
}

/** The bytes of every version, oldest first; the first is proven by the canary. To be wiped. */
export function openMasters(
  root: KeyObject,
  sealed: SealedKeyring,
): readonly { readonly version: number; readonly bytes: Buffer }[] {
  const opened = sealed.masterKeys.map(({ version, wrapped, next = wrapped }) => {
    const place = masterPlace(sealed.storeId, version)
    return { version, bytes: opens(root, place, next) ?? opens(root, place, wrapped) ?? Buffer.alloc(0) }
  })
  const [first] = opened
  const areWhole = opened.every(({ bytes }) => bytes.length === keyBytes)
  if (areWhole && first?.version === firstMasterKey && isProven(first.bytes, sealed)) return opened
  for (const { bytes } of opened) bytes.fill(0)
  throw wrongRootKey()
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
function own(root: KeyObject, { storeId }: SealedKeyring, { version, wrapped, next = wrapped }: SealedMasterKey) {
  const found = [next, wrapped].find((one) => {
    const bytes = opens(root, masterPlace(storeId, version), one)
    bytes?.fill(0)
    return bytes !== undefined
  })
  if (found === undefined) throw wrongRootKey()
  return found
}

function opens(root: KeyObject, place: Place, wrapped: Uint8Array): Buffer | undefined {
  try {
    return open(root, wrapped, contextOf(place), 0)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
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

function masterPlace(storeId: string, version: number): Place {
  return { purpose: 'masterKey', storeId, version, keyVersion: 0 }
}

function canaryPlace(storeId: string): Place {
  return { purpose: 'canary', storeId, keyVersion: firstMasterKey }
}
