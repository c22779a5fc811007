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

/** The key in what receivers are given; `undefined` where there is none of 24 to 64 bytes. */
export function signingKeyIn(text: string): Buffer | undefined {
  const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text.trim()) ?? []
  const key = Buffer.from(encoded, 'base64')
  return key.length >= 24 && key.length <= 64 ? key : undefined
}

/**
 * The headers of a message that is signed with each of the keys.
 *
 * @param id the same when it comes again
 * @param now milliseconds since 1970
 */
export function signedHeaders(keys: readonly Uint8Array[], id: string, now: number, body: string | Uint8Array) {
  const timestamp = String(Math.floor(now / 1000))
  const signatures = keys.map((key) => {
    const signed = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
    return `v1,${signed}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
