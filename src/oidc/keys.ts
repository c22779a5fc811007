/** The public keys of an issuer (RFC 7517), and whether one of them signed a token. */
import { type Algorithm, isAlgorithm, keyTypeOf, type Token, TokenRefused } from './token.ts'

/** Only what a public key needs; nothing else of a key is kept. */
const members = ['kty', 'crv', 'n', 'e', 'x', 'y', 'kid', 'alg', 'use', 'key_ops'] as const
/** That a private or a shared key has. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
/** 2048 bits in base64url, which is what RSA takes (RFC 7518, 3.3), and 8192: more would only cost time. */
const minModulusLength = 342
const maxModulusLength = 1366
/** 32 bits, likewise. */
const maxExponentLength = 6

/** A start does not wait for it. */
const jose = () => import('jose')

export interface PublicKey {
  readonly jwk: Readonly<Record<string, string | readonly string[]>>
  readonly keyId: string | undefined
  /** `RSA`, or the curve. */
  readonly type: string
  /** The only algorithm that it is for, if it says so. */
  readonly algorithm: Algorithm | undefined
}

/**
 * Reads a set of keys, leaving out those that are not for signatures or of a kind that is not known.
 *
 * @returns `undefined` when it is no set of keys, or when one of them is not public
 */
export function readKeySet(value: unknown, maxKeys: number): readonly PublicKey[] | undefined {
  const { keys } = (typeof value === 'object' && value !== null ? value : {}) as { readonly keys?: unknown }
  if (!Array.isArray(keys) || keys.length > maxKeys) return undefined
  if (keys.some((key) => typeof key !== 'object' || key === null || secretMembers.some((name) => name in key))) {
    return undefined
  }
  return keys.flatMap((key) => readKey(key as Readonly<Record<string, unknown>>) ?? [])
}

/** The set as it is kept: what each key is, and nothing beside. */
export function writeKeySet(keys: readonly PublicKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
}

/** Whether a key can be used at all. */
export async function isUsable(key: PublicKey): Promise<boolean> {
  const algorithm = key.algorithm ?? Object.entries(keyTypeOf).find(([, type]) => type === key.type)?.[0]
  const { importJWK } = await jose()
  try {
    await importJWK({ ...key.jwk, kty: String(key.jwk['kty']) }, algorithm)
    return true
  } catch {
    return false
  }
}

/** The one key that a token can be signed with: its own, or the only one of its kind when it names none. */
export function keyFor(keys: readonly PublicKey[], { algorithm, keyId }: Token): PublicKey | undefined {
  const type = keyTypeOf[algorithm]
  const isSame = (own: Algorithm) => own === algorithm || (type === 'Ed25519' && keyTypeOf[own] === type)
  const named = keyId === undefined ? keys : keys.filter((key) => key.keyId === keyId)
  const fitting = named.filter((key) => key.type === type && (key.algorithm === undefined || isSame(key.algorithm)))
  return fitting.length === 1 ? fitting[0] : undefined
}

/** @throws TokenRefused unless this key signed the token */
export async function checkSignature(token: Token, key: PublicKey): Promise<void> {
  const { compactVerify, importJWK } = await jose()
  try {
    const imported = await importJWK({ ...key.jwk, kty: String(key.jwk['kty']) }, token.algorithm)
    await compactVerify(token.text, imported, { algorithms: [token.algorithm] })
  } catch (error) {
    throw new TokenRefused('signature', { cause: error })
  }
}

function readKey(key: Readonly<Record<string, unknown>>): PublicKey | undefined {
  const { kty, crv, kid, alg, use, key_ops: uses, n, e } = key
  if (use !== undefined && use !== 'sig' && use !== 'jwt-svid') return undefined
  if (uses !== undefined && !(isTexts(uses) && uses.includes('verify'))) return undefined
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 512)) return undefined
  if (alg !== undefined && !isAlgorithm(alg)) return undefined
  const type = kty === 'RSA' ? kty : kty === (crv === 'Ed25519' ? 'OKP' : 'EC') ? crv : undefined
  if (typeof type !== 'string' || !Object.values(keyTypeOf).some((known) => known === type)) return undefined
  if (alg !== undefined && keyTypeOf[alg] !== type) return undefined
  if (type === 'RSA' && !(isLong(n, minModulusLength, maxModulusLength) && isLong(e, 1, maxExponentLength)))
    return undefined
  const kept = members.flatMap((name) => (isValue(key[name]) ? [[name, key[name]] as const] : []))
  return { jwk: Object.fromEntries(kept), keyId: kid, type, algorithm: alg }
}

function isLong(value: unknown, least: number, most: number): boolean {
  return typeof value === 'string' && value.length >= least && value.length <= most
}

function isValue(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' || isTexts(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
