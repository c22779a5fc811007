/** Scopes: what an API key may do, each optionally narrowed to secrets whose names match a pattern. */
import { invalid } from '../errors.ts'
import { covers, isPattern, matches } from './pattern.ts'

export const rights = [
  'secrets:list',
  'secrets:read',
  'secrets:scan',
  'secrets:write',
  'secrets:delete',
  'keys:manage',
  'audit:read',
  'account:manage',
] as const

export type Right = (typeof rights)[number]

/** A right, and the names it is narrowed to (`*` for all). Written `secrets:read` or `secrets:read:prod-*`. */
export interface Scope {
  readonly right: Right
  readonly pattern: string
}

/** Everything an account's owner may do. */
export const allScopes: readonly Scope[] = rights.map((right) => ({ right, pattern: '*' }))

/** The most scopes that one key may carry. */
export const maxScopes = 64

/** @throws Refusal `invalid` naming `field` */
export function parseScope(text: string, field = 'scopes'): Scope {
  const right = rights.find((known) => text === known || text.startsWith(`${known}:`))
  if (right === undefined) throw invalid(field, `Must be one of ${rights.join(', ')}, each optionally with ":PATTERN".`)
  const pattern = text === right ? '*' : text.slice(right.length + 1)
  if (!isPattern(pattern)) {
    throw invalid(field, 'A pattern is 1 to 255 letters, digits, "_", ".", "-", "/" or "*" (any characters).')
  }
  return { right, pattern }
}

export function formatScope({ right, pattern }: Scope): string {
  return pattern === '*' ? right : `${right}:${pattern}`
}

/** Reads a list of scopes: without doubles, in a fixed order, so that equal rights have one form. */
export function parseScopes(texts: readonly string[]): readonly Scope[] {
  if (texts.length === 0) throw invalid('scopes', 'Name at least one scope.')
  if (texts.length > maxScopes) throw invalid('scopes', `At most ${maxScopes} scopes.`)
  const unique = new Map(texts.map((text) => parseScope(text)).map((scope) => [formatScope(scope), scope]))
  return [...unique.keys()].sort().flatMap((text) => unique.get(text) ?? [])
}

/** Whether one right is enough for another: whoever may read a value can make its fingerprint. */
function brings(has: Right, want: Right): boolean {
  return has === want || (has === 'secrets:read' && want === 'secrets:scan')
}

/** Whether the scopes give the right for every name of the account. */
export function allows(scopes: readonly Scope[], right: Right): boolean {
  return scopes.some((scope) => brings(scope.right, right) && scope.pattern === '*')
}

/** Whether the scopes give the right for the secret of this name. */
export function allowsName(scopes: readonly Scope[], right: Right, name: string): boolean {
  return scopes.some((scope) => brings(scope.right, right) && matches(scope.pattern, name))
}

/** The patterns of the names that the scopes give the right for; nothing where that is every name. */
export function namesOf(scopes: readonly Scope[], right: Right): readonly string[] | undefined {
  const patterns = scopes.filter((scope) => brings(scope.right, right)).map(({ pattern }) => pattern)
  return patterns.includes('*') ? undefined : [...new Set(patterns)]
}

/** Whether the scopes give the right for anything at all. */
export function allowsSome(scopes: readonly Scope[], right: Right): boolean {
  return scopes.some((scope) => brings(scope.right, right))
}

/** Whether each of `wanted` lies within one of `own`: what a key may hand on. */
export function withinScopes(wanted: readonly Scope[], own: readonly Scope[]): boolean {
  return wanted.every((want) => own.some((has) => brings(has.right, want.right) && covers(has.pattern, want.pattern)))
}

/** The rights that lie within both. Of two patterns that only overlap, none. */
export function meet(some: readonly Scope[], others: readonly Scope[]): readonly Scope[] {
  return some.flatMap((one) =>
    others
      .filter(({ right }) => right === one.right)
      .flatMap((other) => {
        if (covers(other.pattern, one.pattern)) return [one]
        return covers(one.pattern, other.pattern) ? [other] : []
      }),
  )
}

/** Whether the scopes are all that there is. */
export function isWhole(scopes: readonly Scope[]): boolean {
  return withinScopes(allScopes, scopes)
}

/** By the lists themselves, which never change: one key is held against many others, and against them again and again. */
const manageable = new WeakMap<readonly Scope[], WeakMap<readonly Scope[], boolean>>()

/** Whether a holder of `own` may manage a key with `scopes`: `keys:manage` must reach every pattern the key has. */
export function mayManageKey(own: readonly Scope[], scopes: readonly Scope[]): boolean {
  const known = manageable.get(own) ?? new WeakMap<readonly Scope[], boolean>()
  manageable.set(own, known)
  const found = known.get(scopes)
  if (found !== undefined) return found
  const managed = own.filter(({ right }) => right === 'keys:manage')
  const isManageable = scopes.every((scope) => managed.some((has) => covers(has.pattern, scope.pattern)))
  known.set(scopes, isManageable)
  return isManageable
}
