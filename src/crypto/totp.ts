/** Codes of authenticator apps: TOTP (RFC 6238) over HMAC-SHA-1, six digits, thirty seconds, as the apps all have it. */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { randomBytes } from './random.ts'

const digits = 6
const stepMs = 30_000
/** RFC 4226, section 4: at least 128 bits, 160 are recommended. */
const secretBytes = 20
/** Steps before and after this one that will do: clocks differ, and typing takes time. */
const window = 1

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function newTotpSecret(): Buffer {
  return randomBytes(secretBytes)
}

/** The time step of a moment, in milliseconds since 1970. */
export function stepAt(now: number): number {
  return Math.floor(now / stepMs)
}

/** The code of one step (RFC 4226, section 5.3). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const number = mac.readUInt32BE((mac[mac.length - 1] ?? 0) & 0x0f) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** The step whose code this is, of those around now that come after the last one used; `undefined` when it is none. */
export function stepOfCode(secret: Uint8Array, code: string, now: number, lastStep: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  let found: number | undefined
  for (let step = stepAt(now) - window; step <= stepAt(now) + window; step++) {
    const isEqual = timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code))
    if (isEqual && step > lastStep) found = step
  }
  return found
}

/** RFC 4648, section 6, without padding. */
export function base32(bytes: Uint8Array): string {
  let bits = 0
  let rest = 0
  let text = ''
  for (const byte of bytes) {
    rest = (rest << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet.charAt((rest >> (bits - 5)) & 31)
    rest &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + alphabet.charAt((rest << (5 - bits)) & 31)
}
