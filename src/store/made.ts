/** What somebody has made: shown, and ended with them. */
import type { ApiKey } from '../model/api-key.ts'
import type { Machine } from '../model/machine.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { Webhook } from '../model/webhook.ts'

/** An API key or a user, of whom it is asked what they made. */
export interface MakerRef {
  readonly kind: 'key' | 'user'
  readonly id: number
}

/** What was ended part by part before the rest is, in one transaction: what is younger than that is all that is left to end. */
export interface Before {
  /** The lowest ids that nothing had when it was looked for what there is. */
  readonly nextKeyId: number
  readonly nextMachineId: number
  readonly nextTrustRuleId: number
  /** The trust rules that were gone through, by their MACs: hexadecimal. */
  readonly rules: readonly string[]
}

/** What goes on when its maker is gone: what they made, and what that made in turn. Keys that are revoked are left out. */
export interface Made {
  readonly keys: readonly ApiKey[]
  readonly trustRules: readonly TrustRule[]
  readonly machines: readonly Machine[]
  readonly webhooks: readonly Webhook[]
}
