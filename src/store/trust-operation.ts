/** The operations on trust rules, and the exchange of a token for a key. */
import type { ShutOut } from '../audit/record.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { Unsealed } from './coverage.ts'

/** A trust rule without what the transaction gives it. */
export type NewTrustRule = Omit<TrustRule, 'id' | 'mac'>

/** A token that is not accepted again. */
export interface UsedToken {
  readonly accountId: number
  readonly ruleId: number
  /** A keyed hash of its `jti`. */
  readonly hash: string
  /** Until when it would be accepted; milliseconds since 1970. */
  readonly until: number
}

export type TrustOperation =
  | { readonly kind: 'list_trust_rules' }
  | { readonly kind: 'read_trust_rule'; readonly id: number }
  /** Loads what a change is made upon. Not recorded. */
  | { readonly kind: 'prepare_trust_rule'; readonly id: number }
  | { readonly kind: 'create_trust_rule'; readonly rule: NewTrustRule }
  | {
      readonly kind: 'update_trust_rule'
      readonly id: number
      /** Upon the row that was prepared; `undefined` when there was none. */
      readonly change: { readonly rowMac: Uint8Array; readonly rule: Unsealed<TrustRule> } | undefined
    }
  /** Every key of it that has not been revoked is. */
  | { readonly kind: 'delete_trust_rule'; readonly id: number }
  | {
      readonly kind: 'exchange_token'
      /** The rule that the token matches, as the vault has verified it; any other row is not acted upon. */
      readonly rule: TrustRule
      readonly key: Omit<ApiKey, 'id' | 'lastUsedAt' | 'mac'>
      /** Until when the token is accepted; milliseconds since 1970. */
      readonly until: number
      /** What the token is known by from now on; `undefined` where it may be traded again. */
      readonly usedHash: string | undefined
    }

export interface TrustResults {
  list_trust_rules: readonly TrustRule[]
  read_trust_rule: TrustRule
  prepare_trust_rule: TrustRule
  create_trust_rule: TrustRule
  update_trust_rule: TrustRule
  delete_trust_rule: null
  exchange_token:
    | { readonly key: ApiKey }
    | { readonly fault: 'expired' | 'reused' | 'network'; readonly shutOut: ShutOut }
}
