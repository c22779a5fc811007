/**
 * What row MACs were made of by the first version, 0.1: some fields of some tables, and no ids. Only for sealing its rows
 * anew, and for its records, which name those MACs. Never changed.
 */
import { hash } from 'node:crypto'
import type { ApiKey } from '../model/api-key.ts'
import type { Factor } from '../model/factor.ts'
import type { AccountSettings, Machine } from '../model/machine.ts'
import type { Secret } from '../model/secret.ts'
import type { Seed } from '../model/seed.ts'
import { type SignInRules, ssoText } from '../model/sign-in.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { User } from '../model/user.ts'

interface FirstRows {
  readonly api_keys: ApiKey
  readonly secrets: Secret
  readonly machines: Machine
  readonly account_settings: AccountSettings
  readonly users: User
  readonly factors: Factor
  readonly sign_in_rules: SignInRules
  readonly seeds: Seed
  readonly trust_rules: TrustRule
}

export type FirstTable = keyof FirstRows

/** By table, the text of a row's MAC as 0.1 made it. Other tables had none. */
export const firstText: { readonly [Table in FirstTable]: (row: Omit<FirstRows[Table], 'mac'>) => string } = {
  api_keys: (key) =>
    JSON.stringify([
      key.userId !== null ? 'session' : key.ruleId !== null ? 'workload' : 'api_key',
      key.accountId,
      key.uid,
      key.name,
      key.tokenHash,
      key.scopes,
      key.networks,
      key.createdAt,
      key.expiresAt,
      key.revokedAt,
      ...(key.userId === null ? [] : [key.userId, key.confirmedAt]),
      ...(key.ruleId === null ? [] : [key.ruleId]),
    ]),
  secrets: ({ accountId, uid, name, version, type, filename, description, tags, expiresAt }) => {
    const isPlain = type === 'text' && filename === null && description === '' && tags.length === 0
    const details = isPlain && expiresAt === null ? [] : [type, filename, description, tags, expiresAt]
    return JSON.stringify(['secret', accountId, uid, name, version, ...details])
  },
  machines: ({ accountId, uid, name, addresses, scopes, createdAt }) =>
    JSON.stringify(['machine', accountId, uid, name, addresses, scopes, createdAt]),
  account_settings: ({ accountId, vmAuth }) => JSON.stringify(['settings', accountId, vmAuth]),
  users: (user) => {
    const { accountId, uid, email, name, role, patterns, password } = user
    const { isDisabled, linkHash, linkExpiresAt, createdAt, hasSecondFactor } = user
    return JSON.stringify([
      ...['user', accountId, uid, email, name, role, patterns, password],
      ...[isDisabled, linkHash, linkExpiresAt, createdAt, ...(hasSecondFactor ? ['second_factor'] : [])],
    ])
  },
  factors: ({ accountId, uid, userId, kind, name, lookup, data, createdAt }) =>
    JSON.stringify(['factor', accountId, uid, userId, kind, name, lookup, data, createdAt]),
  sign_in_rules: ({ accountId, isSecondFactorRequired, sso }) =>
    JSON.stringify(['sign_in', accountId, isSecondFactorRequired, ssoText(sso)]),
  seeds: (seed) => {
    const { accountId, uid, tokenHash, target, sealed, scopes, maker, createdAt, expiresAt, maxFetches } = seed
    const { fetches, usedAt, returns } = seed
    const made = [maker.kind, maker.id, maker.name, createdAt, expiresAt, maxFetches]
    const digest = hash('sha256', sealed, 'hex')
    return JSON.stringify([
      ...['seed', accountId, uid, tokenHash, target, digest],
      ...[scopes, ...made, fetches, usedAt, returns],
    ])
  },
  trust_rules: (rule) => {
    const { accountId, uid, name, issuer, audience, claims, scopes, networks, keyTtlSeconds, isSingleUse } = rule
    const { jwksUrl, jwks, createdAt, updatedAt } = rule
    const pairs = claims.map((claim) => [claim.name, claim.pattern])
    const given = [issuer, audience, pairs, scopes, networks, keyTtlSeconds, isSingleUse, jwksUrl, jwks]
    return JSON.stringify(['trust_rule', accountId, uid, name, ...given, createdAt, updatedAt])
  },
}
