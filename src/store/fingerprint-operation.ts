/** Operations on fingerprints of values, and what they answer. */
import type { Scope } from '../model/scope.ts'

export type FingerprintOperation =
  /** Authorizes the making of them. Recorded when it is refused. */
  | { readonly kind: 'list_fingerprints' }
  /** Records them before they are handed out, if they still may be. */
  | {
      readonly kind: 'hand_out_fingerprints'
      /** Of the secrets whose values they are of. */
      readonly names: readonly string[]
      /** Those that the names were held against. */
      readonly scopes: readonly Scope[]
      /** How many values. */
      readonly versions: number
      /** Of which versions of which secrets: SHA-256, hexadecimal. */
      readonly hash: string
    }

export interface FingerprintResults {
  list_fingerprints: { readonly accountId: number; readonly scopes: readonly Scope[] }
  hand_out_fingerprints: null
}
