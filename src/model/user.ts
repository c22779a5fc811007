/** A user: a person of an account, with a role. Times are milliseconds since 1970. */
import { invalid } from '../errors.ts'
import { checkEnvironmentName, maxEnvironments } from './environment.ts'
import { isPattern } from './pattern.ts'
import { allScopes, formatScope, isOverSecrets, type Right, type Scope } from './scope.ts'

export const roles = ['owner', 'admin', 'editor', 'reader', 'auditor'] as const

export type Role = (typeof roles)[number]

export interface User {
  readonly accountId: number
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  /** In lower case, of no other user of any account; `null` until a set-up link is accepted. */
  readonly email: string | null
  readonly name: string
  readonly role: Role
  /** What the role's rights over secrets are narrowed to; `*` for all. Never empty. */
  readonly patterns: readonly string[]
  /** The roles in environments, each as `ROLE@ENVIRONMENT`, sorted; with any, rights over secrets come from these alone. */
  readonly environmentRoles: readonly string[]
  /** A PHC string; `null` until a link is accepted. */
  readonly password: string | null
  readonly isDisabled: boolean
  /** Of the one-time link that sets the password; hexadecimal, 32 bytes. */
  readonly linkHash: string | null
  readonly linkExpiresAt: number | null
  /** Whether a password alone is too little: a passkey or an authenticator app is set up. */
  readonly hasSecondFactor: boolean
  /** Counts what ended their sessions from outside, such as a new password. Seeds of an earlier one are ended too. */
  readonly generation: number
  /** Of all that the user can prove who they are with beside the password, ascending: one that is taken away is missed. */
  readonly factorIds: readonly number[]
  readonly createdAt: number
  /** Not authenticated. */
  readonly lastSignInAt: number | null
  readonly mac: Uint8Array
}

const rightsOf: Readonly<Record<Role, readonly Right[]>> = {
  owner: allScopes.map(({ right }) => right),
  admin: allScopes.map(({ right }) => right),
  editor: ['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete'],
  reader: ['secrets:list', 'secrets:read'],
  auditor: ['audit:read'],
}

/** What makes the rights of a user. */
export type Roles = Pick<User, 'role' | 'patterns' | 'environmentRoles'>

/** A role in one environment: whose it is over the account, nobody is by that. */
export const placedRoles = ['admin', 'editor', 'reader', 'auditor'] as const

export interface PlacedRole {
  readonly environment: string
  readonly role: (typeof placedRoles)[number]
}

/** What a user may do. A narrowed one has only rights that can be narrowed. */
export function scopesOfUser({ role, patterns, environmentRoles }: Roles): readonly Scope[] {
  const placed = placedRolesOf(environmentRoles)
  const ofAccount = rightsOf[role].filter((right) => placed.length === 0 || !isOverSecrets(right))
  const isNarrowed = !patterns.includes('*')
  return [
    ...ofAccount.flatMap((right) => narrowed(right === 'account:manage' && isNarrowed ? [] : patterns, right, null)),
    ...placed.flatMap(({ role: one, environment }) =>
      rightsOf[one]
        .filter((right) => right !== 'account:manage')
        .flatMap((right) => narrowed(patterns, right, environment)),
    ),
  ]
}

function narrowed(patterns: readonly string[], right: Right, environment: string | null): Scope[] {
  return patterns.map((pattern) => ({ right, pattern, environment }))
}

export function placedRolesOf(texts: readonly string[]): readonly PlacedRole[] {
  return texts.flatMap((text) => {
    const [word, environment = ''] = text.split('@')
    const role = placedRoles.find((one) => one === word)
    return role === undefined ? [] : [{ role, environment }]
  })
}

/** As many as an account has environments. */
const maxPlacedRoles = maxEnvironments + 1

/** @throws Refusal `invalid` naming `environment_roles` */
export function checkPlacedRoles(roles: readonly PlacedRole[] | null | undefined): readonly string[] {
  const given = roles ?? []
  for (const { environment } of given) checkEnvironmentName(environment, 'environment_roles')
  if (new Set(given.map(({ environment }) => environment)).size < given.length || given.length > maxPlacedRoles) {
    throw invalid('environment_roles', `Must name each environment once, at most ${maxPlacedRoles}.`)
  }
  return given.map(({ role, environment }) => `${role}@${environment}`).sort()
}

/** More would be held against every name, in each request. */
const maxScopes = 512

/** @throws Refusal `invalid` naming `environment_roles` */
export function checkRoles<Given extends Roles>(given: Given): Given {
  if (scopesOfUser(given).length <= maxScopes) return given
  throw invalid('environment_roles', 'Too many, with so many patterns: use fewer of either.')
}

/** The canonical texts of a user's scopes. */
export function scopeTextsOf(user: Roles): readonly string[] {
  return scopesOfUser(user).map(formatScope).sort()
}

/** The user after their sessions were ended from outside: seeds that they made until now end with them. */
export function nextGeneration(user: User): User {
  return { ...user, generation: user.generation + 1 }
}

/** The user once the one-time link that is out for them leads nowhere: whoever had it made may keep it. */
export function withoutLink<Row extends Pick<User, 'linkHash' | 'linkExpiresAt'>>(user: Row): Row {
  return { ...user, linkHash: null, linkExpiresAt: null }
}

/** Who counts when an account must not be left without an owner. */
export function isActiveOwner({ role, password, isDisabled }: Pick<User, 'role' | 'password' | 'isDisabled'>): boolean {
  return role === 'owner' && password !== null && !isDisabled
}

/** Somebody invited has neither set a password nor come through a provider. */
export function stateOf({ password, isDisabled, lastSignInAt }: User): 'active' | 'invited' | 'disabled' {
  if (isDisabled) return 'disabled'
  return password === null && lastSignInAt === null ? 'invited' : 'active'
}

/** @throws Refusal `invalid` naming `email` */
export function checkEmail(text: string): string {
  const email = text.trim().toLowerCase()
  if (email.length > 254 || !/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(email)) {
    throw invalid('email', 'Must be an email address, such as ada@example.com.')
  }
  return email
}

/** @throws Refusal `invalid` naming `name_patterns` */
export function checkPatterns(patterns: readonly string[] | null | undefined): readonly string[] {
  if (patterns === null || patterns === undefined) return ['*']
  if (patterns.length === 0 || patterns.length > 16 || !patterns.every(isPattern)) {
    throw invalid('name_patterns', 'Must be 1 to 16 names or patterns, such as "prod-*"; null for all secrets.')
  }
  return [...new Set(patterns)].sort()
}
