/** A lease: which node does what only one may do, and until when. */

/** A lease as somebody holds it: what they write under it says so, and is not written once they hold it no longer. */
export interface Lease {
  /** What is done under it. */
  readonly name: string
  /** Who has it: another text for each process. */
  readonly holder: string
  /** Counted up whenever somebody takes it. */
  readonly fence: number
}

/** A lease as it is stored. */
export interface StoredLease extends Lease {
  /** Milliseconds since 1970, by the clock of the database. */
  readonly until: number
}
