/** Makes values: by the browser's own source of randomness alone, each with how hard it is to guess. */
import { wordCount, words } from '../../../src/model/word-list.ts'

export const alphabets = {
  symbols: {
    label: 'Letters, digits, symbols',
    text: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#%*+-.:=?@^_~',
  },
  letters: { label: 'Letters and digits', text: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789' },
  plain: { label: 'Without look-alikes', text: 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789' },
  hex: { label: 'Hexadecimal', text: '0123456789abcdef' },
  digits: { label: 'Digits', text: '0123456789' },
} as const
export type Alphabet = keyof typeof alphabets

export const kinds = {
  text: 'Random text',
  words: 'Words',
  uuid: 'UUID',
  ed25519: 'Ed25519 key pair',
  rsa: 'RSA 4096 key pair',
} as const
export type Kind = keyof typeof kinds

export interface Wanted {
  readonly kind: Kind
  readonly alphabet: Alphabet
  /** Characters, or words. */
  readonly length: number
}

export interface Generated {
  readonly value: string
  /** Of a key pair: what others may know. */
  readonly publicKey?: string
}

/** How many bits of chance are in it: each doubles the guesses. */
export function bitsOf({ kind, alphabet, length }: Wanted): number {
  switch (kind) {
    case 'text':
      return Math.floor(length * Math.log2(alphabets[alphabet].text.length))
    case 'words':
      return Math.floor(length * Math.log2(wordCount))
    case 'uuid':
      return 122
    case 'ed25519':
      return 128
    case 'rsa':
      return 140
  }
}

export function strengthOf(bits: number): 'Weak' | 'Fair' | 'Strong' | 'Very strong' {
  if (bits < 50) return 'Weak'
  if (bits < 80) return 'Fair'
  return bits < 128 ? 'Strong' : 'Very strong'
}

export async function generate(wanted: Wanted): Promise<Generated> {
  const { kind, alphabet, length } = wanted
  switch (kind) {
    case 'text':
      return { value: drawn([...alphabets[alphabet].text], length).join('') }
    case 'words':
      return { value: drawn(await words(), length).join('-') }
    case 'uuid':
      return { value: uuid() }
    case 'ed25519':
      return keyPair({ name: 'Ed25519' }, ['sign', 'verify'])
    case 'rsa':
      return keyPair(
        { name: 'RSASSA-PKCS1-v1_5', modulusLength: 4096, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
        ['sign', 'verify'],
      )
  }
}

/** Each as likely as any other: numbers beyond the last whole multiple are drawn again. */
function drawn<T>(from: readonly T[], count: number): readonly T[] {
  const found: T[] = []
  const end = 2 ** 32 - (2 ** 32 % from.length)
  while (found.length < count) {
    for (const number of crypto.getRandomValues(new Uint32Array(count))) {
      const one = from[number % from.length]
      if (number < end && one !== undefined && found.length < count) found.push(one)
    }
  }
  return found
}

/** Version 4. Not `randomUUID`, which pages without TLS do not have. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

async function keyPair(
  algorithm: RsaHashedKeyGenParams | { readonly name: string },
  uses: readonly KeyUsage[],
): Promise<Generated> {
  if (crypto.subtle === undefined) throw new Error('Key pairs can only be generated over HTTPS or on localhost.')
  const pair = await crypto.subtle.generateKey(algorithm, true, [...uses])
  if (!('privateKey' in pair)) throw new Error('This browser cannot generate such a key pair.')
  const [secret, open] = await Promise.all([
    crypto.subtle.exportKey('pkcs8', pair.privateKey),
    crypto.subtle.exportKey('spki', pair.publicKey),
  ])
  return { value: pem('PRIVATE KEY', secret), publicKey: pem('PUBLIC KEY', open) }
}

function pem(label: string, bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return `-----BEGIN ${label}-----\n${text.replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
}
