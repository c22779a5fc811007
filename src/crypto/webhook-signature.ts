/** Signatures of webhooks, as Standard Webhooks has them: HMAC-SHA-256 over id, time and body. https://www.standardwebhooks.com */
import { createHmac } from 'node:crypto'
import { randomBytes } from './random.ts'

const prefix = 'whsec_'
const secretBytes = 32

/** A new key to sign with. */
export function newSigningKey(): Buffer {
  return randomBytes(secretBytes)
}

/** As receivers are given it. */
export function signingSecretText(key: Uint8Array): string {
  return prefix + Buffer.from(key).toString('base64')
}

/**
 * The header `webhook-signature`: one signature for each key.
 *
 * @param seconds since 1970, as `webhook-timestamp` has them
 */
export function signatures(keys: readonly Uint8Array[], id: string, seconds: number, body: string): string {
  return keys
    .map((key) => `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`)
    .join(' ')
}
