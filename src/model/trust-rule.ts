/** A trust rule: which tokens of whose issuer are traded for an API key of which scopes, and for how long. */
import { invalid } from '../errors.ts'
import type { Principal } from './principal.ts'
import { formatScope, parseScopes } from './scope.ts'
import type { ClaimPattern } from './token-claims.ts'

export interface TrustRule {
  readonly accountId: number
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly name: string
  /** What `iss` is, exactly. */
  readonly issuer: string
  /** What `aud` is, exactly. */
  readonly audience: string
  /** What the token must say besides; all of it. In the order of their names. */
  readonly claims: readonly ClaimPattern[]
  /** Of the keys. Canonical texts, as `formatScope` writes them. */
  readonly scopes: readonly string[]
  /** Where the keys may be used from, and the exchange may be asked for from. */
  readonly networks: readonly string[]
  readonly keyTtlSeconds: number
  /** Whether a token with a `jti` is good for one key only. */
  readonly isSingleUse: boolean
  /** Where the issuer's keys are; `null` to look for them at the issuer. */
  readonly jwksUrl: string | null
  /** The issuer's keys themselves, as JSON: then nothing is fetched. */
  readonly jwks: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
  /** `null` for one from before this was kept. */
  readonly maker: Principal | null
  readonly mac: Uint8Array
}

/** What an account may have. */
export const maxTrustRules = 100
/** How many keys of a rule may be alive: more tokens than that in so short a time are no jobs. */
export const maxLivingKeys = 2000

export const defaultKeyTtlSeconds = 900
export const minKeyTtlSeconds = 60
export const maxKeyTtlSeconds = 3600

/** A trust rule's name begins the names of its keys. */
export const maxRuleNameLength = 64

/** @throws Refusal `invalid` naming `issuer` */
export function checkIssuer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
  const isSame = url !== undefined && (url.href === text || url.href === `${text}/`)
  if (!isPlain || !isSame || url.username !== '' || url.password !== '' || text.length > 255) {
    throw invalid('issuer', 'Must be the URL that tokens have as iss, such as https://gitlab.example.com.')
  }
  return text
}

/** @throws Refusal `invalid` naming `jwks_url` */
export function checkJwksUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  if (!isPlain || url.hash !== '' || url.href.length > 512) {
    throw invalid('jwks_url', 'Must be an https URL without credentials, at most 512 characters.')
  }
  return url.href
}

/** @throws Refusal `invalid` naming `audience` */
export function checkAudience(text: string): string {
  if (/^[^\s\p{C}][^\p{C}]{0,254}$/u.test(text)) return text
  throw invalid('audience', 'Must be what tokens for this server have as aud: 1 to 255 characters.')
}

/** @throws Refusal `invalid` naming `scopes` */
export function parseTrustScopes(texts: readonly string[]): readonly string[] {
  const scopes = parseScopes(texts)
  if (scopes.some(({ right }) => right === 'keys:manage' || right === 'account:manage')) {
    throw invalid('scopes', 'What a job makes would outlive it: neither keys:manage nor account:manage.')
  }
  return scopes.map(formatScope)
}

/** @throws Refusal `invalid` naming `key_ttl` */
export function checkKeyTtl(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= minKeyTtlSeconds && seconds <= maxKeyTtlSeconds) return seconds
  throw invalid('key_ttl', `Must be a whole number of seconds from ${minKeyTtlSeconds} to ${maxKeyTtlSeconds}.`)
}

const maxLabelLength = 128

/** What a key is called that was made for a subject: the rule's name, and as much of the subject as there is room for. */
export function keyNameOf({ name }: Pick<TrustRule, 'name'>, subject: string): string {
  const characters = [...onOneLine(`${name}: ${subject}`).trim()]
  let length = 0
  const kept = characters.filter((character) => {
    length += character.length
    return length <= maxLabelLength
  })
  return kept.join('').trim()
}

/** Whom the trail names: the issuer and, after a blank, its subject. No issuer has a blank in it. */
export function workloadName(issuer: string, subject: string): string {
  return onOneLine(`${issuer} ${subject}`).trim()
}

function onOneLine(text: string): string {
  return text.normalize('NFC').replaceAll(/\p{C}/gu, '?')
}
