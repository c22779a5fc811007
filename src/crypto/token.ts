/**
 * API keys as text: `sr_`, 43 base62 characters (32 random bytes as a number, most significant digit first), then the
 * CRC-32 (zlib's) of those 43 characters as 6 base62 digits. The digits are 0-9, A-Z, a-z.
 *
 * The form is GitHub's (https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/): scanners find
 * it, and a mistyped key is refused without a look-up.
 */

import { crc32 } from 'node:zlib'
import { randomBytes } from './random.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const prefix = 'sr_'
const bodyLength = 43
const checksumLength = 6
const form = /^sr_[0-9A-Za-z]{49}$/

export const tokenLength = prefix.length + bodyLength + checksumLength

/** A new API key of 256 random bits. */
export function generateToken(): string {
  return tokenOf(randomBytes(32))
}

/** The API key that 32 bytes of randomness give. */
export function tokenOf(random: Uint8Array): string {
  const body = base62(BigInt(`0x${Buffer.from(random).toString('hex')}`), bodyLength)
  return prefix + body + checksum(body)
}

/** Whether the text has the form and the checksum of an API key. */
export function isToken(text: string): boolean {
  if (text.length !== tokenLength || !form.test(text)) return false
  const body = text.slice(prefix.length, prefix.length + bodyLength)
  return text.endsWith(checksum(body))
}

function checksum(body: string): string {
  let rest = crc32(body)
  let text = ''
  for (let i = 0; i < checksumLength; i++) {
    text = digits.charAt(rest % 62) + text
    rest = Math.floor(rest / 62)
  }
  return text
}

function base62(number: bigint, length: number): string {
  let rest = number
  let text = ''
  while (text.length < length) {
    text = digits.charAt(Number(rest % 62n)) + text
    rest /= 62n
  }
  return text
}
