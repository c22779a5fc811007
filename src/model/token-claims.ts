/**
 * What a trust rule demands of a token: claims that are equal to a text, or that match a pattern in which `*` stands
 * for any run of characters. Whatever tells one owner's jobs from another's holds no `*`.
 */
import { invalid } from '../errors.ts'
import { matches } from './pattern.ts'

export interface ClaimPattern {
  /** A claim's name, or with `/` before it a JSON pointer (RFC 6901) into the claims. */
  readonly name: string
  /** With `*` for any run of characters. */
  readonly pattern: string
}

const maxClaims = 16
const maxNameLength = 128
const maxPatternLength = 512

/** Checked by the rule itself, or by nobody. */
const reserved: ReadonlySet<string> = new Set(['iss', 'aud', 'exp', 'iat', 'nbf', 'jti'])

/** Each tells whose job it is, among all that an issuer signs for: one of them has to be named. */
const owners = [
  ...['sub', 'repository_id', 'repository_owner_id', 'repository', 'repository_owner'],
  ...['project_id', 'namespace_id', 'project_path', 'namespace_path', '/kubernetes.io/serviceaccount/uid'],
]

/** How far the subjects of known issuers go before the first `*`: past whatever says whose they are. */
const anchors: readonly (readonly [form: RegExp, anchor: RegExp])[] = [
  [/^repo:/, /^repo:[^/:*]+\/[^/:*]+:/],
  [/^project_path:/, /^project_path:[^/:*]+(\/[^/:*]+)+:/],
  [/^system:serviceaccount:/, /^system:serviceaccount:[^:*]+:/],
  [/^spiffe:/, /^spiffe:\/\/[^/*]+\/[^*]*[^/*]\//],
  // Whatever else: two parts at least.
  [/^/, /^[^*]*[^:/*][:/]+[^:/*]+[:/]$/],
]

/** @throws Refusal `invalid` naming `claims` */
export function parseClaims(given: Readonly<Record<string, string>>): readonly ClaimPattern[] {
  const claims = Object.entries(given)
    .map(([name, pattern]) => ({ name, pattern }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  if (claims.length > maxClaims) throw invalid('claims', `At most ${maxClaims} claims.`)
  for (const claim of claims) checkClaim(claim)
  if (!claims.some(({ name }) => owners.includes(name))) {
    throw invalid('claims', `Say whose tokens they are: name one of ${owners.join(', ')}.`)
  }
  return claims
}

function checkClaim({ name, pattern }: ClaimPattern): void {
  if (reserved.has(name)) throw invalid('claims', `${name} is checked already, and cannot be named.`)
  if (!isPrintable(name, maxNameLength)) throw invalid('claims', `A name has 1 to ${maxNameLength} characters.`)
  if (!isPrintable(pattern, maxPatternLength)) {
    throw invalid('claims', `A pattern has 1 to ${maxPatternLength} characters.`)
  }
  if (!pattern.includes('*') || !owners.includes(name)) return
  if (name !== 'sub') throw invalid('claims', `${name} says whose the token is: it must not hold "*".`)
  if (!isAnchored(pattern)) {
    const rule = 'the first "*" comes behind what says whose it is, such as repo:OWNER/REPOSITORY:'
    throw invalid('claims', `sub must be exact, or a pattern in which ${rule}.`)
  }
}

function isAnchored(pattern: string): boolean {
  const before = pattern.slice(0, pattern.indexOf('*'))
  const [, anchor] = anchors.find(([form]) => form.test(pattern)) ?? []
  return anchor?.test(before) === true
}

/** Whether a token says all that is demanded. */
export function matchClaims(demanded: readonly ClaimPattern[], claims: Readonly<Record<string, unknown>>): boolean {
  const said = (name: string) => [
    ...textsOf(valueAt(claims, name)),
    ...(name === 'sub' ? subjectWithoutNumbers(demanded, claims) : []),
  ]
  if (!demanded.every(({ name, pattern }) => said(name).some((text) => matches(pattern, text)))) return false
  return !isOfPullRequest(claims) || namesPullRequests(demanded, claims)
}

/**
 * GitHub writes the numbers of owner and repository into the subjects of repositories made, renamed or moved since July
 * 2026: repo:OWNER@7/REPOSITORY@123:… A rule that demands both numbers as claims demands no less with the older subject,
 * so it goes on fitting when a repository changes over.
 */
function subjectWithoutNumbers(
  demanded: readonly ClaimPattern[],
  { sub }: Readonly<Record<string, unknown>>,
): readonly string[] {
  const [, owner, ownerId, repository, repositoryId, rest] =
    /^repo:([^/:@]+)@(\d+)\/([^/:@]+)@(\d+)(:.*)$/su.exec(typeof sub === 'string' ? sub : '') ?? []
  const isDemanded = (name: string, id: string | undefined) =>
    id !== undefined && demanded.some((claim) => claim.name === name && claim.pattern === id)
  const isBound = isDemanded('repository_owner_id', ownerId) && isDemanded('repository_id', repositoryId)
  return isBound ? [`repo:${owner}/${repository}${rest}`] : []
}

/** Whose job a token speaks of, as its issuer writes it. */
export function subjectOf({ sub }: Readonly<Record<string, unknown>>): string {
  return typeof sub === 'string' ? sub.slice(0, 512) : ''
}

/** GitHub runs what strangers propose as jobs of the repository that they propose it to. */
function isOfPullRequest({ event_name: event, sub }: Readonly<Record<string, unknown>>): boolean {
  if (typeof event === 'string' && event.startsWith('pull_request')) return true
  return typeof sub === 'string' && sub.endsWith(':pull_request')
}

function namesPullRequests(
  demanded: readonly ClaimPattern[],
  { event_name: event }: Readonly<Record<string, unknown>>,
): boolean {
  if (demanded.some(({ name, pattern }) => name === 'event_name' && pattern !== '*')) return true
  const isOwn = event === undefined || event === 'pull_request'
  return isOwn && demanded.some(({ name, pattern }) => name === 'sub' && pattern.endsWith(':pull_request'))
}

function valueAt(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (!name.startsWith('/')) return Object.hasOwn(claims, name) ? claims[name] : undefined
  let value: unknown = claims
  for (const part of name.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) {
      return undefined
    }
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}

/** A claim as texts: of a list, each of its members; numbers and truths as JSON writes them; nothing else has one. */
function textsOf(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.flatMap((one) => {
    if (typeof one === 'string') return [one]
    if (typeof one === 'boolean') return [String(one)]
    // Beyond this, two numbers become one when they are read.
    return typeof one === 'number' && Math.abs(one) <= Number.MAX_SAFE_INTEGER ? [JSON.stringify(one)] : []
  })
}

function isPrintable(text: string, maxLength: number): boolean {
  return text.length > 0 && text.length <= maxLength && !/\p{C}/u.test(text)
}
