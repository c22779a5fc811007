/**
 * Sealing once more, from docs/formats.md alone: HKDF by hand upon HMAC, GCM by hand upon the bare block cipher. Shares no
 * code with src/crypto.
 */
import { createCipheriv, createHmac } from 'node:crypto'

/** RFC 5869, with any hash of node:crypto. */
export function hkdf(hash: string, key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Buffer {
  const pseudoRandomKey = createHmac(hash, salt).update(key).digest()
  let block = Buffer.alloc(0)
  let out = Buffer.alloc(0)
  for (let count = 1; out.length < length; count++) {
    block = createHmac(hash, pseudoRandomKey).update(block).update(info).update(Uint8Array.of(count)).digest()
    out = Buffer.concat([out, block])
  }
  return out.subarray(0, length)
}

/** NIST SP 800-38D, for a nonce of 12 bytes: ciphertext and 16-byte tag. */
export function gcm(key: Uint8Array, nonce: Uint8Array, message: Uint8Array, data: Uint8Array): Buffer {
  const counter = (count: number) => Buffer.concat([nonce, Uint8Array.of(0, 0, 0, count)])
  const keystream = Buffer.concat(
    Array.from({ length: Math.ceil(message.length / 16) }, (_, at) => block(key, counter(at + 2))),
  )
  const text = xor(message, keystream)
  const lengths = Buffer.alloc(16)
  lengths.writeUInt32BE(data.length * 8, 4)
  lengths.writeUInt32BE(text.length * 8, 12)
  const hashed = ghash(block(key, Buffer.alloc(16)), Buffer.concat([padded(data), padded(text), lengths]))
  return Buffer.concat([text, xor(hashed, block(key, counter(1)))])
}

/** A blob as docs/formats.md describes it. */
export function seal(options: {
  readonly key: Uint8Array
  readonly keyVersion: number
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  readonly context: Uint8Array
  readonly message: Uint8Array
}): Buffer {
  const { key, keyVersion, salt, nonce, context, message } = options
  const keys = hkdf('sha512', key, salt, context, 64)
  const head = Buffer.alloc(5)
  head[0] = 1
  head.writeUInt32BE(keyVersion, 1)
  return Buffer.concat([head, salt, nonce, keys.subarray(32), gcm(keys.subarray(0, 32), nonce, message, context)])
}

/** The context as docs/formats.md describes it: all numbers big-endian, the name last with its length. */
export function context(place: {
  readonly purpose: number
  readonly storeId: string
  readonly accountId: number
  readonly uid: string
  readonly version: number
  readonly keyVersion: number
  readonly name: string
}): Buffer {
  const name = Buffer.from(place.name)
  const numbers = Buffer.alloc(8 + 4 + 1 + 4)
  numbers.writeBigUInt64BE(BigInt(place.version), 0)
  numbers.writeUInt32BE(place.keyVersion, 8)
  numbers[12] = 1
  numbers.writeUInt32BE(name.length, 13)
  const account = Buffer.alloc(8)
  account.writeBigUInt64BE(BigInt(place.accountId))
  return Buffer.concat([
    Buffer.from('SR1'),
    Uint8Array.of(place.purpose),
    Buffer.from(place.storeId, 'hex'),
    account,
    Buffer.from(place.uid, 'hex'),
    numbers,
    name,
  ])
}

function block(key: Uint8Array, input: Uint8Array): Buffer {
  return createCipheriv('aes-256-ecb', key, null).update(input)
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16)])
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)))
}

function ghash(subkey: Uint8Array, blocks: Uint8Array): Buffer {
  const toNumber = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let sum = 0n
  for (let at = 0; at < blocks.length; at += 16) {
    sum = multiply(sum ^ toNumber(blocks.subarray(at, at + 16)), toNumber(subkey))
  }
  return Buffer.from(sum.toString(16).padStart(32, '0'), 'hex')
}

/** In GF(2^128), the first bit being the highest. */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n
  let factor = y
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= factor
    factor = factor & 1n ? (factor >> 1n) ^ (0xe1n << 120n) : factor >> 1n
  }
  return product
}

/** Opens by making the keystream again; the tag is checked by sealing once more. */
export function gcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, data: Uint8Array): Buffer {
  const text = sealed.subarray(0, -16)
  const message = gcm(key, nonce, text, data).subarray(0, text.length)
  if (!gcm(key, nonce, message, data).equals(sealed)) throw new Error('The tag is another one.')
  return message
}
