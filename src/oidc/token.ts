/**
 * A signed token of somebody else (RFC 7519), as it is read before anything in it is believed: strictly, and with the
 * advice of RFC 8725. What its header says of keys is never looked at.
 */
import { parseJson } from '../json.ts'

/** Why a token is not accepted. For the log and the metrics: the caller is not told. */
export const faults = [
  'malformed',
  'header',
  'algorithm',
  'no_rule',
  'issuer_unreachable',
  'unknown_key',
  'signature',
  'audience',
  'expired',
  'not_yet_valid',
  'lifetime',
  'claims',
  'reused',
  'network',
] as const

export type Fault = (typeof faults)[number]

export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  readonly fault: Fault

  constructor(fault: Fault, options?: ErrorOptions) {
    super(fault, options)
    this.fault = fault
  }
}

export type Claims = Readonly<Record<string, unknown>>

export interface Token {
  readonly text: string
  readonly algorithm: Algorithm
  readonly keyId: string | undefined
  readonly claims: Claims
  readonly issuer: string
}

/** The asymmetric ones, and the kind of key that each takes (RFC 7518, RFC 8037, RFC 9864). */
export const keyTypeOf = {
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
} as const

export type Algorithm = keyof typeof keyTypeOf

const maxTokenLength = 16 * 1024
const maxHeaderLength = 2048
const maxTextLength = 512
const maxKeys = 128

/** What tells another key, another meaning of the payload, or an extension that we do not know. */
const forbiddenHeaders = ['crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c', 'zip', 'enc', 'cty', 'epk', 'nonce']

/** @throws TokenRefused */
export function readToken(text: string): Token {
  const form = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(text)
  const [, head = '', payload = '', signature = ''] = form ?? []
  if (form === null || text.length > maxTokenLength || head.length > maxHeaderLength) throw malformed()
  decode(signature)
  const { alg, kid, typ, ...rest } = readObject(head)
  if (forbiddenHeaders.some((name) => Object.hasOwn(rest, name))) throw new TokenRefused('header')
  if (typ !== undefined && !isOneOf(typ, ['jwt', 'jose'])) throw new TokenRefused('header')
  if (kid !== undefined && !isText(kid)) throw new TokenRefused('header')
  if (!isAlgorithm(alg)) throw new TokenRefused('algorithm')
  const claims = readObject(payload)
  if (!isText(claims['iss']) || (claims['sub'] !== undefined && !isText(claims['sub']))) throw malformed()
  return { text, algorithm: alg, keyId: kid, claims, issuer: claims['iss'] }
}

export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && Object.hasOwn(keyTypeOf, value)
}

const skewMs = 30_000
/** However long a token says that it lives: so long after it was issued, it is accepted. */
export const maxTokenAgeMs = 60 * 60 * 1000

/**
 * Checks when a token may be used. Every one says until when, and when it was issued; a JWT-SVID of SPIFFE need not say
 * the latter, and must then end within the hour.
 *
 * @param now milliseconds since 1970
 * @returns until when it is accepted, likewise
 * @throws TokenRefused
 */
export function checkTimes({ exp, iat, nbf, sub }: Claims, now: number): number {
  const isSvid = typeof sub === 'string' && sub.startsWith('spiffe://')
  const end = timeOf(exp)
  const start = iat === undefined && isSvid ? undefined : timeOf(iat)
  const from = nbf === undefined ? undefined : timeOf(nbf)
  if (end + skewMs <= now) throw new TokenRefused('expired')
  if (from !== undefined && from - skewMs > now) throw new TokenRefused('not_yet_valid')
  if (start === undefined) {
    if (end > now + maxTokenAgeMs + skewMs) throw new TokenRefused('lifetime')
    return end + skewMs
  }
  if (start - skewMs > now) throw new TokenRefused('not_yet_valid')
  if (end <= start) throw malformed()
  if (start + maxTokenAgeMs + skewMs <= now) throw new TokenRefused('lifetime')
  return Math.min(end, start + maxTokenAgeMs) + skewMs
}

/** Whether a token is for this audience and for nobody else, whom it could be taken from (OpenID Connect Core, 3.1.3.7). */
export function isForAudience({ aud }: Claims, audience: string): boolean {
  const all: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return all.length === 1 && all[0] === audience
}

/** A text of one line that is not too long. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxTextLength && !/\p{C}/u.test(value)
}

function isOneOf(value: unknown, allowed: readonly string[]): boolean {
  return typeof value === 'string' && allowed.includes(value.toLowerCase())
}

/** A NumericDate in milliseconds. @throws TokenRefused */
function timeOf(value: unknown): number {
  if (typeof value !== 'number' || !(value > 0) || value > 1e11) throw malformed()
  return value * 1000
}

function readObject(part: string): Readonly<Record<string, unknown>> {
  const value = parse(decode(part))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
  return value as Readonly<Record<string, unknown>>
}

/** Only what encodes to the same text again: base64url without padding has one form (RFC 7515, 2). */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (bytes.toString('base64url') !== part) throw malformed()
  return bytes
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, maxKeys)
  } catch (error) {
    throw new TokenRefused('malformed', { cause: error })
  }
}

function malformed(): TokenRefused {
  return new TokenRefused('malformed')
}
