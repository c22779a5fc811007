/** Values that nobody can guess: made here, of the randomness of the operating system alone, and how much of it they have. */
import { generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { usualWords, wordCount, words } from '../model/word-list.ts'
import { Fault } from './output.ts'
import type { Kind } from './value-kinds.ts'

export interface Wish {
  readonly kind: Kind
  readonly length: number | undefined
  readonly alphabet: string | undefined
}

export interface Generated {
  readonly value: string
  /** Of a key pair: who has it can do nothing but check, or encrypt. */
  readonly publicKey?: string
  /** Bits of randomness; of a key pair its strength. */
  readonly bits: number
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const digits = '0123456789'

/** Sets of characters by name. */
export const alphabets: Readonly<Record<string, string>> = {
  alnum: letters + digits,
  // Without those that people take for one another.
  readable: [...(letters + digits)].filter((one) => !'0Oo1lI5S2Z8B'.includes(one)).join(''),
  symbols: `${letters}${digits}!#$%&()*+,-./:;<=>?@[]^_{|}~`,
  digits,
}

interface Lengths {
  readonly usual: number
  readonly least: number
  readonly most: number
}

/** In characters, bytes, words and bits. */
const lengths: Partial<Record<Kind, Lengths>> = {
  password: { usual: 32, least: 1, most: 4096 },
  hex: { usual: 32, least: 1, most: 4096 },
  base64: { usual: 32, least: 1, most: 4096 },
  words: { usual: usualWords, least: 1, most: 64 },
  rsa: { usual: 3072, least: 2048, most: 8192 },
}

/** @throws Fault `usage` for a length or an alphabet that the kind does not have */
export async function generateValue({ kind, length: wanted, alphabet }: Wish): Promise<Generated> {
  const length = lengthOf(kind, wanted)
  if (alphabet !== undefined && kind !== 'password') throw new Fault('usage', '--alphabet goes with --kind password.')
  switch (kind) {
    case 'password':
      return password(length, alphabet)
    case 'hex':
    case 'base64':
      return { value: randomBytes(length).toString(kind), bits: length * 8 }
    case 'words':
      return { value: pick(length, await words()).join('-'), bits: bitsOf(length, wordCount) }
    case 'uuid':
      return { value: randomUUID(), bits: 122 }
    case 'ed25519':
      return { ...pems(generateKeyPairSync('ed25519', pem)), bits: 128 }
    case 'rsa':
      return { ...pems(generateKeyPairSync('rsa', { modulusLength: length, ...pem })), bits: strengthOfRsa(length) }
    case 'age':
      return ageKey()
  }
}

function lengthOf(kind: Kind, wanted: number | undefined): number {
  const range = lengths[kind]
  if (range === undefined) {
    if (wanted !== undefined) throw new Fault('usage', `A value of kind ${kind} has the length that it has.`)
    return 0
  }
  const { usual, least, most } = range
  if (wanted === undefined) return usual
  if (wanted >= least && wanted <= most && (kind !== 'rsa' || wanted % 8 === 0)) return wanted
  throw new Fault('usage', `--length must be from ${least} to ${most} for ${kind}.`)
}

function password(length: number, alphabet = 'alnum'): Generated {
  const characters = [...new Set(alphabets[alphabet] ?? alphabet)]
  const isPlain = characters.every((one) => /^[\p{L}\p{N}\p{P}\p{S} ]$/u.test(one))
  if (characters.length < 2 || !isPlain) {
    throw new Fault('usage', `--alphabet must be ${Object.keys(alphabets).join(', ')}, or two characters and more.`)
  }
  return { value: pick(length, characters).join(''), bits: bitsOf(length, characters.length) }
}

/** Each as likely as any other: `randomInt` has no bias. */
function pick(count: number, from: readonly string[]): readonly string[] {
  return Array.from({ length: count }, () => from[randomInt(from.length)] ?? '')
}

function bitsOf(count: number, choices: number): number {
  return Math.floor(count * Math.log2(choices))
}

const pem = {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
} as const

function pems({ privateKey, publicKey }: { readonly privateKey: string; readonly publicKey: string }) {
  return { value: privateKey, publicKey }
}

/** As NIST SP 800-57 part 1 compares keys. */
function strengthOfRsa(length: number): number {
  return length >= 7680 ? 192 : length >= 3072 ? 128 : 112
}

async function ageKey(): Promise<Generated> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption')
  const value = await generateX25519Identity()
  return { value, publicKey: await identityToRecipient(value), bits: 128 }
}
