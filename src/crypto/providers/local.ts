/** A root key of 32 bytes that this process holds: what the setting and the file have in common. */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { Refusal } from '../../errors.ts'
import { open, seal } from '../aead.ts'
import type { RootKeyProvider } from './provider.ts'

export const rootKeyBytes = 32
/** Root keys have no versions: which of them wraps shows by what opens. */
const keyVersion = 0

/** Wraps with AES-256-GCM, as `aead.ts` seals everything. */
export function localKey(key: KeyObject): RootKeyProvider {
  return {
    wrap: async (plain, context) => seal(key, plain, context, keyVersion),
    unwrap: async (wrapped, context) => {
      try {
        return open(key, wrapped, context, keyVersion)
      } catch (error) {
        if (error instanceof Refusal) return undefined
        throw error
      }
    },
  }
}

/**
 * Reads 32 bytes from base64url text.
 *
 * @param origin where the text stands, for the message
 * @throws Refusal `invalid`
 */
export function decodeKey(text: string, origin: string): KeyObject {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, 'base64url')
  if (bytes.length !== rootKeyBytes || bytes.toString('base64url') !== trimmed.replace(/=+$/, '')) {
    throw new Refusal(
      'invalid',
      `The root key in ${origin} must be ${rootKeyBytes} bytes in base64url (43 characters).`,
    )
  }
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return key
}
