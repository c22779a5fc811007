/** What the API says of the account itself: its key, what the server allows, and whether its trail holds. */

/** A record of the trail, and the head of the chain there. */
export interface ChainPoint {
  readonly seq: number
  readonly head: string
}

/** What a verification of the trail came to. */
export interface Verified {
  /** Up to here it was looked at, and holds. */
  readonly records: number
  /** Records in the trail. */
  readonly total: number
  readonly head: string
  /** The first record that does not hold. */
  readonly fault: { readonly seq: number; readonly reason: string } | null
}

/** The key that wraps the keys of an account's secrets. */
export interface AccountKey {
  /** The newest version. */
  readonly version: number
  /** Whether older versions are there still. */
  readonly rotating: boolean
  /** Secrets whose keys an older version wraps. */
  readonly outdated: number
}

export interface AccountInfo {
  readonly id: number
  readonly name: string
  readonly created_at: string
  readonly key: AccountKey
  /** Settings of the server. */
  readonly limits: {
    readonly keep_versions: number
    readonly max_value_bytes: number
    readonly max_file_bytes: number
    readonly requests_per_second: number | null
  }
}
