/** Operations on the keys that wrap others, and what they answer. */
import type { AccountKey } from '../model/account.ts'
import type { SecretKey } from '../model/secret.ts'

export type RotationOperation =
  /** Adds a version of the account's key, upon the newest. */
  | { readonly kind: 'add_account_key'; readonly accountKey: AccountKey }
  /** Puts newly wrapped keys in place of those that they were made of; what has changed since is left. Not recorded. */
  | { readonly kind: 'rewrap_secret_keys'; readonly keys: readonly Rewrapped[] }
  /** Puts the account's newest key, wrapped under another version of the master key, in place of what it was made of. */
  | { readonly kind: 'rewrap_account_key'; readonly from: Uint8Array; readonly to: AccountKey }
  /** Destroys a version of the account's key that wraps nothing any more. */
  | { readonly kind: 'drop_account_key'; readonly version: number }

export interface Rewrapped {
  /** The secret's id. */
  readonly id: number
  readonly from: SecretKey
  readonly to: SecretKey
}

export interface RotationResults {
  add_account_key: null
  /** How many were put in place. */
  rewrap_secret_keys: number
  rewrap_account_key: null
  drop_account_key: null
}
