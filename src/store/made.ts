/** What somebody has made: shown, and ended with them. */
import type { ApiKey } from '../model/api-key.ts'
import type { Machine } from '../model/machine.ts'
import type { TrustRule } from '../model/trust-rule.ts'

/** An API key or a user, of whom it is asked what they made. */
export interface MakerRef {
  readonly kind: 'key' | 'user'
  readonly id: number
}

/** What goes on when its maker is gone: what they made, and what that made in turn. Keys that are revoked are left out. */
export interface Made {
  readonly keys: readonly ApiKey[]
  readonly trustRules: readonly TrustRule[]
  readonly machines: readonly Machine[]
}
