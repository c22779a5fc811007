/** Which stretches of a segment of an account's trail have what is asked for: one of the rows of the segment. */

export interface IndexRow {
  readonly accountId: number
  /** Which of the rows of the segment. */
  readonly bucket: number
  /** Sequence numbers of the first and the last record of the segment. */
  readonly first: number
  readonly last: number
  /** How `said` is written. */
  readonly format: number
  readonly said: Uint8Array
  readonly mac: Uint8Array
}
