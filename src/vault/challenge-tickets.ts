/**
 * What is handed out to come back soon: challenges, states, half-done enrolments. A ticket carries its own proof, so that
 * strangers who ask for any number of them make nothing be kept; that it came back is kept (`spent`), so that it is good
 * once.
 *
 *   payload | end in milliseconds since 1970 u48 | HMAC-SHA-256 over purpose, subject, payload and end
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Spent } from '../store/stored.ts'
import type { Vault } from './vault.ts'

export type Purpose = 'passkey' | 'new passkey' | 'totp' | 'sso'

const endBytes = 6
const macBytes = 32

export interface Ticket {
  readonly payload: Buffer
  /** Uses it up, in the account where it comes back. */
  spend(accountId: number): Spent
}

/** @param subject whom or what it is bound to; it comes back for the same alone */
export function handOut(
  { keyring, now }: Pick<Vault, 'keyring' | 'now'>,
  purpose: Purpose,
  subject: string,
  payload: Uint8Array,
  lifetimeMs: number,
): Buffer {
  const end = Buffer.alloc(endBytes)
  end.writeUIntBE(now() + lifetimeMs, 0, endBytes)
  return Buffer.concat([payload, end, keyring.ticketMac(textOf(purpose, subject, payload, end))])
}

/** `undefined` for what was not handed out for this, or too long ago. */
export function takeBack(
  { keyring, now }: Pick<Vault, 'keyring' | 'now'>,
  purpose: Purpose,
  subject: string,
  text: string,
): Ticket | undefined {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < endBytes + macBytes || bytes.toString('base64url') !== text) return undefined
  const payload = bytes.subarray(0, bytes.length - endBytes - macBytes)
  const end = bytes.subarray(payload.length, payload.length + endBytes)
  const mac = bytes.subarray(payload.length + endBytes)
  if (!timingSafeEqual(mac, keyring.ticketMac(textOf(purpose, subject, payload, end)))) return undefined
  const expiresAt = end.readUIntBE(0, endBytes)
  if (expiresAt <= now()) return undefined
  return { payload, spend: (accountId) => ({ accountId, hash: hash('sha256', mac, 'hex'), expiresAt }) }
}

function textOf(purpose: Purpose, subject: string, payload: Uint8Array, end: Uint8Array): string {
  return JSON.stringify([purpose, subject, Buffer.from(payload).toString('hex'), Buffer.from(end).toString('hex')])
}
