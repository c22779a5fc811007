/** API keys, and sessions in the form of one. */
import type { ApiKey } from '../../model/api-key.ts'
import { index, plainly } from '../rows.ts'
import { constant, flag, integer, integerOrNull, mac, principalOrNull, text, wordOrNull, words } from './field.ts'
import { removal } from './removal.ts'
import { sealedTable } from './table.ts'

/** For so long after its end a job's key is still shown. */
export const workloadKeyLingersMs = 60 * 60 * 1000

/** Nobody knows who made the older ones. */
const made = { by: '0011-makers', value: null }

/** Nor through which API they were used. */
const noApi = { by: '0036-key-apis', value: null }

export const apiKeys = sealedTable<ApiKey>()({
  name: 'api_keys',
  key: ['accountId', 'id'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  called: ({ id, uid, name, userId }) => ({ kind: userId === null ? 'key' : 'session', id, uid, name }),
  whenMissing: 'the key or session is unknown: 401',
  textBegins: [
    ...(['accountId', 'id', 'uid', 'name', 'tokenHash', 'scopes', 'networks', 'createdAt', 'expiresAt'] as const),
    ...(['revokedAt', 'userId', 'confirmedAt', 'ruleId', 'maker', 'isOwner', 'agent'] as const),
  ],
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid', constant),
    name: text('name', constant),
    tokenHash: text('token_hash', constant),
    scopes: words('scopes', constant),
    networks: words('networks', constant),
    createdAt: integer('created_ms', constant),
    expiresAt: integerOrNull('expires_ms'),
    revokedAt: integerOrNull('revoked_ms'),
    lastUsedAt: integerOrNull('last_used_ms', {
      uncovered:
        'written as keys are used, without a record; it keeps an idle session open, at most to its end after 12 hours',
    }),
    mac: mac(),
    userId: integerOrNull('user_id', constant),
    confirmedAt: integerOrNull('confirmed_ms'),
    agent: text('agent', constant),
    ruleId: integerOrNull('rule_id', constant),
    maker: principalOrNull('maker', { ...constant, added: made }),
    isOwner: flag('is_owner', { ...constant, added: { ...made, value: 0 } }),
    makerGeneration: integerOrNull('maker_generation', { ...constant, added: { by: '0024-logins', value: null } }),
    lastUsedApi: wordOrNull('last_used_api', { added: noApi, uncovered: 'as `last_used_ms`; it is only shown' }),
  },
})

export const apiKeysByToken = index(apiKeys, 'tokenHash')

/** Keys that were traded for tokens, and are shown no longer. */
export const overWorkloadKeys = removal(apiKeys, ['accountId', 'expiresAt'], {
  isUpTo: true,
  isSweep: true,
  where: 'rule_id is not null',
})
