/** A user: a person of an account, with a role. Times are milliseconds since 1970. */
import { invalid } from '../errors.ts'
import { isPattern } from './pattern.ts'
import { allScopes, formatScope, type Right, type Scope } from './scope.ts'

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

/** What a user may do. A narrowed one has only rights that can be narrowed. */
export function scopesOfUser({ role, patterns }: Pick<User, 'role' | 'patterns'>): readonly Scope[] {
  return rightsOf[role].flatMap((right) =>
    right === 'account:manage' && !patterns.includes('*') ? [] : patterns.map((pattern) => ({ right, pattern })),
  )
}

/** The canonical texts of a user's scopes. */
export function scopeTextsOf(user: Pick<User, 'role' | 'patterns'>): readonly string[] {
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
