/** Whose tokens are traded for API keys, and which were. */
import type { ClaimPattern } from '../../model/token-claims.ts'
import type { TrustRule } from '../../model/trust-rule.ts'
import { fact, plainly } from '../rows.ts'
import type { UsedToken } from '../stored.ts'
import { flag, integer, json, mac, members, principalOrNull, text, textOrNull, words } from './field.ts'
import { removal } from './removal.ts'
import { openTable, sealedTable } from './table.ts'

const pairOf = members<ClaimPattern>()('name', 'pattern')
const pairsOf = (claims: readonly ClaimPattern[]) => claims.map(pairOf)

export const trustRules = sealedTable<TrustRule>()({
  name: 'trust_rules',
  key: ['accountId', 'id'],
  unique: [],
  holdsKeys: false,
  writing: { ...plainly, changed: 'replaced' },
  called: ({ id, uid, name }) => ({ kind: 'trust_rule', id, uid, name }),
  whenMissing: 'no token is traded under it',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid'),
    name: text('name'),
    issuer: text('issuer'),
    audience: text('audience'),
    claims: json('claims', { read: toClaims, write: pairsOf, fallback: [], cover: pairsOf }),
    scopes: words('scopes'),
    networks: words('networks'),
    keyTtlSeconds: integer('key_ttl'),
    isSingleUse: flag('is_single_use'),
    jwksUrl: textOrNull('jwks_url'),
    jwks: textOrNull('jwks'),
    createdAt: integer('created_ms'),
    updatedAt: integer('updated_ms'),
    mac: mac(),
    maker: principalOrNull('maker', { added: { by: '0011-makers', value: null } }),
  },
})

function toClaims(pairs: unknown): readonly ClaimPattern[] {
  if (!Array.isArray(pairs)) return []
  return pairs.map((pair) => ({ name: String(pair?.[0]), pattern: String(pair?.[1]) }))
}

export const usedTokens = openTable<UsedToken>()({
  name: 'used_tokens',
  key: ['accountId', 'ruleId', 'hash'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  unsealed:
    'say that a token was traded: without the mark, whoever has that token trades it again, for the minutes that it lives',
  fields: {
    accountId: integer('account_id'),
    ruleId: integer('rule_id'),
    hash: text('hash'),
    until: integer('until_ms'),
  },
})

/** Of tokens that nobody accepts any more. */
export const overUsedTokens = removal(usedTokens, ['accountId', 'until'], { isUpTo: true, isSweep: true })

/** How many keys of a rule are alive, of the rules that another is asked of. */
export const livingKeys = fact<readonly [accountId: number, ruleId: number], number>('living keys')
