/** Keys of customers: a provider that an account names, without which its values do not open. */

/** Why it is closed: the provider cannot be reached, refuses, or opens to something else than was wrapped. */
export const closedReasons = ['away', 'denied', 'wrong'] as const
export type ClosedReason = (typeof closedReasons)[number]

export interface CustomerKey {
  readonly accountId: number
  /** Random, and another each time that one is set. */
  readonly uid: string
  /** The provider's URL, without anything secret. */
  readonly provider: string
  /** What the provider is shown, sealed. */
  readonly credentials: Uint8Array
  /** The guard of the account's key, as the provider wrapped it. */
  readonly form: Uint8Array
  readonly createdAt: number
  /** Since when a node found it closed, and why; `null` while it opens. */
  readonly closedAt: number | null
  readonly closedFor: ClosedReason | null
  readonly mac: Uint8Array
}
