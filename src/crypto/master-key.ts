/** A store's master key: made with the store, sealed under the root key, proven by a canary. */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { open, seal } from './aead.ts'
import { contextOf, type Place } from './context.ts'

export const masterKeyVersion = 1
const keyBytes = 32
const canaryText = 'strongroom canary'

/** What a store keeps of its keyring: nothing of it opens without the root key. */
export interface SealedKeyring {
  /** Hexadecimal, 16 bytes; random, made with the store. */
  readonly storeId: string
  /** The master key, sealed under the root key. */
  readonly masterKey: Uint8Array
  /** The same master key, sealed under the root key that is to follow; while there are two, either opens the store. */
  readonly nextMasterKey: Uint8Array | undefined
  readonly canary: Uint8Array
}

/** Makes the keys of a new store. */
export function createKeyring(root: KeyObject): SealedKeyring {
  const storeId = randomBytes(16).toString('hex')
  const master = randomBytes(keyBytes)
  const masterKey = seal(root, master, contextOf(masterPlace(storeId)), 0)
  const canary = seal(
    createSecretKey(master),
    Buffer.from(canaryText),
    contextOf(canaryPlace(storeId)),
    masterKeyVersion,
  )
  master.fill(0)
  return { storeId, masterKey, nextMasterKey: undefined, canary }
}

/**
 * Seals the master key under another root key, and makes sure that it opens.
 *
 * @throws Refusal `integrity_failure` when `root` is not this store's
 */
export function sealMasterKey(root: KeyObject, sealed: SealedKeyring, next: KeyObject): Uint8Array {
  const bytes = openMaster(root, sealed)
  const nextMasterKey = seal(next, bytes, contextOf(masterPlace(sealed.storeId)), 0)
  bytes.fill(0)
  openMaster(next, { ...sealed, masterKey: nextMasterKey, nextMasterKey: undefined }).fill(0)
  return nextMasterKey
}

/** Which of the two sealed master keys the root key opens: for a root key that is to stay alone. */
export function masterKeyUnder(root: KeyObject, sealed: SealedKeyring): Uint8Array {
  const { masterKey, nextMasterKey = masterKey } = sealed
  const own = [nextMasterKey, masterKey].find((wrapped) => {
    const bytes = opens(root, sealed.storeId, wrapped)
    bytes?.fill(0)
    return bytes !== undefined
  })
  if (own === undefined) throw wrongRootKey()
  return own
}

/** The master key's bytes, proven by the canary. To be wiped. */
export function openMaster(root: KeyObject, sealed: SealedKeyring): Buffer {
  const bytes = opens(root, sealed.storeId, masterKeyUnder(root, sealed))
  if (bytes === undefined) throw wrongRootKey()
  try {
    const canary = open(createSecretKey(bytes), sealed.canary, contextOf(canaryPlace(sealed.storeId)), masterKeyVersion)
    if (canary.toString() === canaryText) return bytes
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
  bytes.fill(0)
  throw wrongRootKey()
}

function opens(root: KeyObject, storeId: string, wrapped: Uint8Array): Buffer | undefined {
  try {
    return open(root, wrapped, contextOf(masterPlace(storeId)), 0)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

function wrongRootKey(): Refusal {
  return new Refusal(
    'integrity_failure',
    'The root key does not open this store. Set STRONGROOM_ROOT_KEY or STRONGROOM_ROOT_KEY_FILE to the key of the store.',
  )
}

function masterPlace(storeId: string): Place {
  return { purpose: 'masterKey', storeId, version: masterKeyVersion, keyVersion: 0 }
}

function canaryPlace(storeId: string): Place {
  return { purpose: 'canary', storeId, keyVersion: masterKeyVersion }
}
