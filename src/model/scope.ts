/**
 * Scopes: what an API key may do, each optionally narrowed to secrets whose names match a pattern, and to one environment.
 * An environment is named, as secrets are by patterns: nothing here knows which there are.
 */
import { invalid } from '../errors.ts'
import { environmentRule, isEnvironmentName } from './environment.ts'
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

/**
 * A right, the names it is narrowed to (`*` for all), and the environment (`null` for all). Written `secrets:read`,
 * `secrets:read:db-*`, `secrets:read@prod` or `secrets:read:db-*@prod`.
 */
export interface Scope {
  readonly right: Right
  readonly pattern: string
  readonly environment: string | null
}

/** In which environment something is asked for, by its name; `everywhere` for all of them. */
export type Where = string | typeof everywhere

/** Of a right over all names: in every environment. */
export const everywhere = null
/** Of a right over any name: in whichever environment. */
export const anywhere = null

/** Everything an account's owner may do. */
export const allScopes: readonly Scope[] = rights.map((right) => ({ right, pattern: '*', environment: null }))

/** The most scopes that one key may carry. */
export const maxScopes = 64

/** @throws Refusal `invalid` naming `field` */
export function parseScope(text: string, field = 'scopes'): Scope {
  const end = text.indexOf('@')
  const narrowed = end < 0 ? text : text.slice(0, end)
  const environment = end < 0 ? null : text.slice(end + 1)
  const right = rights.find((known) => narrowed === known || narrowed.startsWith(`${known}:`))
  if (right === undefined) {
    throw invalid(field, `Must be one of ${rights.join(', ')}, each optionally with ":PATTERN" and "@ENVIRONMENT".`)
  }
  const pattern = narrowed === right ? '*' : narrowed.slice(right.length + 1)
  if (!isPattern(pattern)) {
    throw invalid(field, 'A pattern is 1 to 255 letters, digits, "_", ".", "-", "/" or "*" (any characters).')
  }
  if (environment === null) return { right, pattern, environment }
  if (!isEnvironmentName(environment)) throw invalid(field, `An environment is ${environmentRule}.`)
  if (right === 'account:manage') throw invalid(field, 'account:manage is over the whole account: leave "@" out.')
  return { right, pattern, environment }
}

/** The canonical text. */
export function formatScope({ right, pattern, environment }: Scope): string {
  const narrowed = pattern === '*' ? right : `${right}:${pattern}`
  return environment === null ? narrowed : `${narrowed}@${environment}`
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

function isIn(scope: Scope, where: Where): boolean {
  return scope.environment === null || scope.environment === where
}

/** Whether the scopes give the right for every name of the environment; or of the account, `everywhere`. */
export function allows(scopes: readonly Scope[], right: Right, where: Where): boolean {
  return scopes.some((scope) => brings(scope.right, right) && scope.pattern === '*' && isIn(scope, where))
}

/** Whether the scopes are over the account as a whole: who may know of what is kept from all others. */
export function managesAccount(scopes: readonly Scope[]): boolean {
  return allows(scopes, 'account:manage', everywhere)
}

/** Whether the scopes give the right for the secret of this name in the environment. */
export function allowsName(scopes: readonly Scope[], right: Right, environment: string, name: string): boolean {
  return scopes.some((scope) => brings(scope.right, right) && isIn(scope, environment) && matches(scope.pattern, name))
}

/** The patterns of the names that the scopes give the right for in the environment; nothing where that is every name. */
export function namesOf(scopes: readonly Scope[], right: Right, environment: string): readonly string[] | undefined {
  const patterns = scopes
    .filter((scope) => brings(scope.right, right) && isIn(scope, environment))
    .map(({ pattern }) => pattern)
  return patterns.includes('*') ? undefined : [...new Set(patterns)]
}

/** Whether the scopes give the right for anything in the environment; or in whichever, `anywhere`. */
export function allowsSome(scopes: readonly Scope[], right: Right, where: Where): boolean {
  return scopes.some((scope) => brings(scope.right, right) && (where === anywhere || isIn(scope, where)))
}

/** Whether a right is over secrets, and so of an environment. */
export function isOverSecrets(right: string): boolean {
  return right.startsWith('secrets:')
}

/**
 * Whether somebody knows of an environment: by a right over secrets in it, or as they manage the account. For all others
 * it does not exist.
 */
export function seesEnvironment(scopes: readonly Scope[], environment: string): boolean {
  return scopes.some(
    (scope) => (isOverSecrets(scope.right) && isIn(scope, environment)) || scope.right === 'account:manage',
  )
}

/** By the lists themselves, which never change. */
const bounds = new WeakMap<readonly Scope[], string | false>()

/**
 * The one environment that all scopes over secrets name, if they do; of somebody who has none, all of their scopes. That
 * is the one which they mean when they name none.
 */
export function boundTo(scopes: readonly Scope[]): string | undefined {
  const known = bounds.get(scopes)
  if (known !== undefined) return known === false ? undefined : known
  const overSecrets = scopes.filter(({ right }) => isOverSecrets(right))
  const named = new Set((overSecrets.length > 0 ? overSecrets : scopes).map(({ environment }) => environment))
  const [only = null] = named
  const bound = named.size === 1 && only !== null ? only : undefined
  bounds.set(scopes, bound ?? false)
  return bound
}

/** Whether a scope holds wherever another one does, whatever the rights. */
function reaches(has: Scope, want: Scope): boolean {
  return isIn(has, want.environment) && covers(has.pattern, want.pattern)
}

/** Whether each of `wanted` lies within one of `own`: what a key may hand on. */
export function withinScopes(wanted: readonly Scope[], own: readonly Scope[]): boolean {
  return wanted.every((want) => own.some((has) => brings(has.right, want.right) && reaches(has, want)))
}

/** The rights that lie within both. Of two patterns that only overlap, none. */
export function meet(some: readonly Scope[], others: readonly Scope[]): readonly Scope[] {
  return some.flatMap((one) =>
    others.flatMap((other) => {
      if (other.right !== one.right || !(isIn(one, other.environment) || isIn(other, one.environment))) return []
      const environment = one.environment ?? other.environment
      if (covers(other.pattern, one.pattern)) return [{ ...one, environment }]
      return covers(one.pattern, other.pattern) ? [{ ...other, environment }] : []
    }),
  )
}

/** Whether the scopes are all that there is. */
export function isWhole(scopes: readonly Scope[]): boolean {
  return withinScopes(allScopes, scopes)
}

/** By the lists themselves, which never change: one key is held against many others, and against them again and again. */
const manageable = new WeakMap<readonly Scope[], WeakMap<readonly Scope[], boolean>>()

/** Whether a holder of `own` may manage a key with `scopes`: `keys:manage` must reach every pattern the key has, where it has it. */
export function mayManageKey(own: readonly Scope[], scopes: readonly Scope[]): boolean {
  const known = manageable.get(own) ?? new WeakMap<readonly Scope[], boolean>()
  manageable.set(own, known)
  const found = known.get(scopes)
  if (found !== undefined) return found
  const managed = own.filter(({ right }) => right === 'keys:manage')
  const isManageable = scopes.every((scope) => managed.some((has) => reaches(has, scope)))
  known.set(scopes, isManageable)
  return isManageable
}
