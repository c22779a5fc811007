/** Rows of trust rules and of used tokens, and what they mean. */
import type { ClaimPattern } from '../model/token-claims.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import { type MakerRow, makerValues, toMaker } from './maker-rows.ts'
import type { UsedToken } from './stored.ts'

export interface TrustRuleRow extends MakerRow {
  account_id: number
  id: number
  uid: string
  name: string
  issuer: string
  audience: string
  claims: string
  scopes: string
  networks: string
  key_ttl: number
  is_single_use: number
  jwks_url: string | null
  jwks: string | null
  created_ms: number
  updated_ms: number
  mac: Uint8Array
}

interface UsedTokenRow {
  account_id: number
  rule_id: number
  hash: string
  until_ms: number
}

export interface TrustTables {
  trust_rules: TrustRuleRow
  used_tokens: UsedTokenRow
}

export function toTrustRule(row: TrustRuleRow): TrustRule {
  return {
    accountId: row.account_id,
    id: row.id,
    uid: row.uid,
    name: row.name,
    issuer: row.issuer,
    audience: row.audience,
    claims: toClaims(row.claims),
    scopes: row.scopes.split(' '),
    networks: row.networks === '' ? [] : row.networks.split(' '),
    keyTtlSeconds: row.key_ttl,
    isSingleUse: row.is_single_use === 1,
    jwksUrl: row.jwks_url,
    jwks: row.jwks,
    createdAt: row.created_ms,
    updatedAt: row.updated_ms,
    maker: toMaker(row),
    mac: row.mac,
  }
}

/** What is no list of pairs is none: the row's MAC then does not hold, and its neighbours in a batch do. */
function toClaims(text: string): readonly ClaimPattern[] {
  try {
    const pairs: unknown = JSON.parse(text)
    if (!Array.isArray(pairs)) return []
    return pairs.map((pair) => ({ name: String(pair?.[0]), pattern: String(pair?.[1]) }))
  } catch {
    return []
  }
}

/** A trust rule's row: its values in the order of the table's columns. */
export function trustRuleValues(rule: TrustRule): (string | number | Uint8Array | null)[] {
  return [
    rule.accountId,
    rule.id,
    rule.uid,
    rule.name,
    rule.issuer,
    rule.audience,
    JSON.stringify(rule.claims.map(({ name, pattern }) => [name, pattern])),
    rule.scopes.join(' '),
    rule.networks.join(' '),
    rule.keyTtlSeconds,
    rule.isSingleUse ? 1 : 0,
    rule.jwksUrl,
    rule.jwks,
    rule.createdAt,
    rule.updatedAt,
    rule.mac,
    ...makerValues(rule.maker),
  ]
}

/** A used token's row, likewise. */
export function usedTokenValues({ accountId, ruleId, hash, until }: UsedToken): (string | number)[] {
  return [accountId, ruleId, hash, until]
}
