/** Trust rules as the API speaks of them, and what a token is traded for. */

/** Public keys (RFC 7517). */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** Whose tokens are traded for API keys, and of which scopes. */
export interface TrustRule {
  readonly id: number
  readonly name: string
  /** What its tokens have as `iss`. */
  readonly issuer: string
  /** What its tokens have as `aud`. */
  readonly audience: string
  /** What its tokens say besides, each an exact text or a pattern with `*`. */
  readonly claims: Readonly<Record<string, string>>
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
  /** How many seconds a key lives. */
  readonly key_ttl: number
  /** Whether a token with a `jti` is good for one key only. */
  readonly single_use: boolean
  /** Where the issuer's keys are, if not where the issuer says. */
  readonly jwks_url: string | null
  /** The issuer's keys themselves. */
  readonly jwks: KeySet | null
  readonly created_at: string
  readonly updated_at: string
}

type TrustRuleFields = Omit<TrustRule, 'id' | 'created_at' | 'updated_at'>
type TrustRuleDefaults = 'networks' | 'key_ttl' | 'single_use' | 'jwks_url' | 'jwks'

export type NewTrustRule = Omit<TrustRuleFields, TrustRuleDefaults> & Partial<Pick<TrustRuleFields, TrustRuleDefaults>>
export type TrustRuleChange = Partial<TrustRuleFields>

/** The token of a job. */
export interface TokenToTrade {
  readonly token: string
  /** The account's name, unless it is `default`. */
  readonly account?: string
  /** The trust rule's name; without it the first one that lets the job in. */
  readonly rule?: string
}

/** An API key that lives minutes. */
export interface JobKey {
  readonly api_key: string
  readonly key_id: number
  readonly rule: string
  readonly scopes: readonly string[]
  readonly expires_at: string
}
