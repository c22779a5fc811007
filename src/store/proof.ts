/** What users sign in with and prove who they are by, as a change of it is asked for. */
import type { Factor } from '../model/factor.ts'
import type { User } from '../model/user.ts'
import type { Unsealed } from './coverage.ts'
import type { Spent } from './stored.ts'

/** A factor without what the transaction gives it. */
export type NewFactor = Omit<Factor, 'id' | 'mac'>

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
