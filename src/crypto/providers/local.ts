/** A root key of 32 bytes that this process reads: what the setting and the file have in common. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { Refusal } from '../../errors.ts'
import { open, seal } from '../aead.ts'
import type { RootKeyProvider } from './provider.ts'

export const rootKeyBytes = 32
/** Root keys have no versions: which of them wraps shows by what opens. */
const keyVersion = 0
const idBytes = 8

/**
 * Wraps with AES-256-GCM, as `aead.ts` seals everything.
 *
 * @param read gives the key each time that it is used, so that it need not stay in memory
 */
export function localKey(read: () => KeyObject, shown = 'local'): RootKeyProvider {
  return keptElsewhere(async () => read(), idOf(read()), shown)
}

/**
 * The same for a key that takes time to read.
 *
 * @param id what `idOf` makes of it
 */
export function keptElsewhere(read: () => Promise<KeyObject>, id: string, shown: string): RootKeyProvider {
  return {
    kind: 'local',
    id,
    shown,
    wrap: async (plain, context) => seal(await read(), plain, context, keyVersion),
    unwrap: async (wrapped, context) => {
      const key = await read()
      try {
        return open(key, wrapped, context, keyVersion)
      } catch (error) {
        if (error instanceof Refusal) return undefined
        throw error
      }
    },
  }
}

/** Tells keys apart, and nothing about them: they are random. */
export function idOf(key: KeyObject): string {
  return createHmac('sha256', key).update('strongroom root key id').digest().subarray(0, idBytes).toString('hex')
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
