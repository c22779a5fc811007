/** The operations on what users sign in with, and on how they must. */
import type { Factor } from '../model/factor.ts'
import type { SignInRules } from '../model/sign-in.ts'
import type { User } from '../model/user.ts'
import type { Unsealed } from './coverage.ts'

/** A factor without what the transaction gives it. */
export type NewFactor = Omit<Factor, 'id' | 'mac'>

/** A challenge or a code that is good once: kept until it would have expired anyway. */
export interface Spent {
  readonly accountId: number
  readonly hash: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** What somebody proves who they are with, taken together with what they do thereby. */
export interface Proof {
  /** The factor as it is after its use, upon the row that was read. */
  readonly use?: { readonly rowMac: Uint8Array; readonly factor: Unsealed<Factor> } | undefined
  readonly spend?: Spent | undefined
}

/** Which open sessions end with a change of their user: all, or those that are not finished. */
export type SessionEnds = 'none' | 'all' | 'unfinished'

export interface FactorsChange {
  /** The row of the user, upon the one that was read, and which sessions end. */
  readonly rowMac: Uint8Array
  readonly user: Unsealed<User>
  readonly ends: SessionEnds
  readonly add: readonly NewFactor[]
  /** Upon the rows that were read. */
  readonly remove: readonly { readonly id: number; readonly rowMac: Uint8Array }[]
  /** One that has another name from now on, upon the row that was read. */
  readonly rename?: { readonly rowMac: Uint8Array; readonly factor: Unsealed<Factor> } | undefined
  readonly spend?: Spent | undefined
}

export type FactorOperation =
  | {
      readonly kind: 'change_factors'
      readonly userId: number
      /** Whether it is the user's own doing, who then needs no right. */
      readonly isOwn: boolean
      /** `undefined` when there is no such user. */
      readonly change: FactorsChange | undefined
    }
  | { readonly kind: 'read_rules' }
  | { readonly kind: 'update_rules'; readonly rules: Unsealed<SignInRules> }

export interface FactorResults {
  /** What was added. */
  change_factors: readonly Factor[]
  read_rules: SignInRules
  update_rules: SignInRules
}
