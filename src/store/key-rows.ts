/** Rows of API keys and of sessions, and what they mean. */
import type { ApiKey } from '../model/api-key.ts'
import { type MakerRow, toMaker } from './maker-rows.ts'

export interface ApiKeyRow extends MakerRow {
  account_id: number
  id: number
  uid: string
  name: string
  token_hash: string
  scopes: string
  networks: string
  created_ms: number
  expires_ms: number | null
  revoked_ms: number | null
  last_used_ms: number | null
  mac: Uint8Array
  user_id: number | null
  confirmed_ms: number | null
  agent: string
  rule_id: number | null
  is_owner: number
}

export function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    accountId: row.account_id,
    id: row.id,
    uid: row.uid,
    name: row.name,
    tokenHash: row.token_hash,
    scopes: words(row.scopes),
    networks: words(row.networks),
    createdAt: row.created_ms,
    expiresAt: row.expires_ms,
    revokedAt: row.revoked_ms,
    lastUsedAt: row.last_used_ms,
    userId: row.user_id,
    confirmedAt: row.confirmed_ms,
    agent: row.agent,
    ruleId: row.rule_id,
    maker: toMaker(row),
    isOwner: row.is_owner === 1,
    mac: row.mac,
  }
}

/** A list of words without blanks is stored as one text. */
export function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ')
}
