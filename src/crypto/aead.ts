/**
 * Sealing: authenticated encryption of one message under a key of its own. The only user of the cipher calls.
 *
 *   K_enc ‖ K_commit = HKDF-SHA-512(key, salt, info = context), 32 bytes each          (RFC 5869)
 *   blob = algorithm 0x01 | key version u32 | salt 16 | nonce 12 | commitment 32 | ciphertext | tag 16
 *
 * AES-256-GCM with a 16-byte tag, the context as associated data. The commitment is K_commit itself: GCM alone lets
 * one ciphertext open under two keys, so it is compared first. A fresh salt gives every message a fresh key, which
 * leaves a repeated nonce harmless.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { Refusal } from '../errors.ts'
import { fillRandom } from './random.ts'

const algorithm = 0x01
const keyVersionAt = 1
const saltAt = 5
const nonceAt = 21
const commitmentAt = 33
const ciphertextAt = 65
const keyBytes = 32
const tagBytes = 16

/** Bytes that sealing adds to a message. */
export const overheadBytes = ciphertextAt + tagBytes

/** The algorithm byte, which contexts bind too. */
export const sealAlgorithm = algorithm

/**
 * Seals a message.
 *
 * @param context where the message belongs (see context.ts); opening it anywhere else fails
 * @param keyVersion the version of `key`, kept in the blob for rotation
 */
export function seal(key: KeyObject, message: Uint8Array, context: Uint8Array, keyVersion: number): Buffer {
  const blob = Buffer.allocUnsafeSlow(overheadBytes + message.length)
  blob[0] = algorithm
  blob.writeUInt32BE(keyVersion, keyVersionAt)
  fillRandom(blob.subarray(saltAt, commitmentAt))
  const keys = deriveKeys(key, blob.subarray(saltAt, nonceAt), context)
  keys.copy(blob, commitmentAt, keyBytes)
  const cipher = createCipheriv('aes-256-gcm', keys.subarray(0, keyBytes), blob.subarray(nonceAt, commitmentAt), {
    authTagLength: tagBytes,
  })
  cipher.setAAD(context)
  cipher.update(message).copy(blob, ciphertextAt)
  cipher.final()
  cipher.getAuthTag().copy(blob, blob.length - tagBytes)
  keys.fill(0)
  return blob
}

/**
 * Opens a sealed message.
 *
 * @param isAgain whether this message is likely to be opened again under this key before any other
 * @throws Refusal `integrity_failure` for anything but this very blob, key and context; it does not say which
 */
export function open(
  key: KeyObject,
  sealed: Uint8Array,
  context: Uint8Array,
  keyVersion: number,
  isAgain = false,
): Buffer {
  const blob = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (blob.length < overheadBytes || blob[0] !== algorithm) throw broken()
  if (blob.readUInt32BE(keyVersionAt) !== keyVersion) throw broken()
  const keys = keysToOpen(key, blob.subarray(saltAt, nonceAt), context, isAgain)
  if (!timingSafeEqual(keys.commitment, blob.subarray(commitmentAt, ciphertextAt))) throw broken()
  const decipher = createDecipheriv('aes-256-gcm', keys.encryption, blob.subarray(nonceAt, commitmentAt), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(context)
  decipher.setAuthTag(blob.subarray(blob.length - tagBytes))
  const message = decipher.update(blob.subarray(ciphertextAt, blob.length - tagBytes))
  finish(decipher, message)
  return message
}

/** The version of the key that a message was sealed under, as the blob states it: to be proven by opening it. */
export function keyVersionOf(sealed: Uint8Array): number {
  if (sealed.length < overheadBytes) throw broken()
  return Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).readUInt32BE(keyVersionAt)
}

interface OpeningKeys {
  readonly salt: Uint8Array
  readonly context: Uint8Array
  readonly encryption: KeyObject
  readonly commitment: Uint8Array
}

/** What each key last opened: a secret's current version is read again and again, and goes when its key goes. */
const lastOpened = new WeakMap<KeyObject, OpeningKeys>()

function keysToOpen(key: KeyObject, salt: Buffer, context: Uint8Array, isAgain: boolean): OpeningKeys {
  const last = isAgain ? lastOpened.get(key) : undefined
  if (last !== undefined && salt.equals(last.salt) && Buffer.compare(context, last.context) === 0) return last
  const bytes = deriveKeys(key, salt, context)
  const keys = {
    salt: Uint8Array.from(salt),
    context: Uint8Array.from(context),
    encryption: createSecretKey(bytes.subarray(0, keyBytes)),
    commitment: Uint8Array.from(bytes.subarray(keyBytes)),
  }
  bytes.fill(0)
  if (isAgain) lastOpened.set(key, keys)
  return keys
}

/** `update` has already deciphered; nobody sees that before `final` has checked the tag. */
function finish(decipher: { final(): Buffer }, message: Buffer): void {
  try {
    decipher.final()
  } catch {
    message.fill(0)
    throw broken()
  }
}

function deriveKeys(key: KeyObject, salt: Uint8Array, context: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha512', key, salt, context, 2 * keyBytes))
}

function broken(): Refusal {
  return new Refusal(
    'integrity_failure',
    'Stored data failed its integrity check. Ask the operator to run "strongroom audit verify".',
  )
}
