/** Rows of users, of their factors, of what has been used up, and of the rules for signing in, and what they mean. */
import type { Factor, FactorKind } from '../model/factor.ts'
import { type SignInRules, type SsoSettings, ssoText } from '../model/sign-in.ts'
import type { Role, User } from '../model/user.ts'
import type { Spent } from './stored.ts'

export type { Factor, SignInRules, User }

export interface UserRow {
  account_id: number
  id: number
  uid: string
  email: string | null
  name: string
  role: string
  patterns: string
  password: string | null
  is_disabled: number
  link_hash: string | null
  link_expires_ms: number | null
  created_ms: number
  last_sign_in_ms: number | null
  mac: Uint8Array
  has_second_factor: number
  factor_ids: string
  generation: number
}

export interface FactorRow {
  account_id: number
  id: number
  uid: string
  user_id: number
  kind: string
  name: string
  lookup: string | null
  data: string
  created_ms: number
  used_ms: number | null
  mac: Uint8Array
}

export interface SpentRow {
  account_id: number
  hash: string
  expires_ms: number
}

export interface RulesRow {
  account_id: number
  second_factor: number
  sso: string | null
  mac: Uint8Array
}

export interface UserTables {
  users: UserRow
  factors: FactorRow
  spent: SpentRow
  sign_in_rules: RulesRow
}

export function toUser(row: UserRow): User {
  return {
    accountId: row.account_id,
    id: row.id,
    uid: row.uid,
    email: row.email,
    name: row.name,
    role: row.role as Role,
    patterns: row.patterns === '' ? [] : row.patterns.split(' '),
    password: row.password,
    isDisabled: row.is_disabled === 1,
    linkHash: row.link_hash,
    linkExpiresAt: row.link_expires_ms,
    createdAt: row.created_ms,
    lastSignInAt: row.last_sign_in_ms,
    hasSecondFactor: row.has_second_factor === 1,
    factorIds: row.factor_ids === '' ? [] : row.factor_ids.split(' ').map(Number),
    generation: row.generation,
    mac: row.mac,
  }
}

export function toFactor(row: FactorRow): Factor {
  return {
    accountId: row.account_id,
    id: row.id,
    uid: row.uid,
    userId: row.user_id,
    kind: row.kind as FactorKind,
    name: row.name,
    lookup: row.lookup,
    data: row.data,
    createdAt: row.created_ms,
    usedAt: row.used_ms,
    mac: row.mac,
  }
}

export function toRules({ account_id, second_factor, sso, mac }: RulesRow): SignInRules {
  return { accountId: account_id, isSecondFactorRequired: second_factor === 1, sso: toSso(sso), mac }
}

/** What is no JSON stands for nothing that has a MAC: the row's does not hold then. */
function toSso(text: string | null): SsoSettings | null {
  if (text === null) return null
  try {
    return JSON.parse(text) as SsoSettings
  } catch {
    return { uid: '', label: '', issuer: '', clientId: '', clientSecret: '', domains: [], role: null, isOnly: true }
  }
}

/** A user's row: its values in the order of the table's columns. */
export function userValues(user: User): (string | number | Uint8Array | null)[] {
  return [
    user.accountId,
    user.id,
    user.uid,
    user.email,
    user.name,
    user.role,
    user.patterns.join(' '),
    user.password,
    user.isDisabled ? 1 : 0,
    user.linkHash,
    user.linkExpiresAt,
    user.createdAt,
    user.lastSignInAt,
    user.mac,
    user.hasSecondFactor ? 1 : 0,
    user.factorIds.join(' '),
    user.generation,
  ]
}

/** A factor's row: its values in the order of the table's columns. */
export function factorValues(factor: Factor): (string | number | Uint8Array | null)[] {
  const { accountId, id, uid, userId, kind, name, lookup, data, createdAt, usedAt, mac } = factor
  return [accountId, id, uid, userId, kind, name, lookup, data, createdAt, usedAt, mac]
}

export function spentValues({ accountId, hash, expiresAt }: Spent): [number, string, number] {
  return [accountId, hash, expiresAt]
}

export function rulesValues({ accountId, isSecondFactorRequired, sso, mac }: SignInRules) {
  return [accountId, isSecondFactorRequired ? 1 : 0, ssoText(sso), mac] as const
}
