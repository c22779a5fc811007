/** What the API says of trust rules, and of the tokens and keys of jobs. */
import type { Principal } from './model.ts'

/** Whose tokens are traded for API keys, and of which scopes. */
export interface TrustRule {
  readonly id: number
  readonly name: string
  /** What its tokens have as `iss` and `aud`. */
  readonly issuer: string
  readonly audience: string
  /** Each an exact text, or a pattern with `*`. */
  readonly claims: Readonly<Record<string, string>>
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
  /** Seconds that a key lives. */
  readonly key_ttl: number
  /** Whether a token with a `jti` is good for one key only. */
  readonly single_use: boolean
  readonly jwks_url: string | null
  readonly jwks: KeySet | null
  readonly created_at: string
  readonly updated_at: string
  /** `null` for one from before this was kept. */
  readonly created_by: Principal | null
}

/** Public keys of an issuer (RFC 7517). */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

export interface NewTrustRule {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly claims: Readonly<Record<string, string>>
  readonly scopes: readonly string[]
  readonly networks?: readonly string[]
  readonly key_ttl?: number
  readonly single_use?: boolean
  readonly jwks_url?: string | null
  readonly jwks?: KeySet | null
}

/** What is left out stays as it is. */
export type TrustRuleChange = Partial<NewTrustRule>

/** A token of a job, and for which account it is. */
export interface JobToken {
  readonly token: string
  /** By name; `default` unless given. */
  readonly account?: string
  /** By name; the first that the token matches unless given. */
  readonly rule?: string
}

/** The API key that a job got for its token. It is not shown again. */
export interface JobKey {
  readonly api_key: string
  readonly key_id: number
  readonly rule: string
  readonly scopes: readonly string[]
  readonly expires_at: string
}
