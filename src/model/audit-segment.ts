/** A part of an account's trail that is in a file, and not in the database any more. Times are milliseconds since 1970. */

export interface AuditSegment {
  readonly accountId: number
  /** The last record of it: segments follow one another without gaps, from record 1 on. */
  readonly lastSeq: number
  readonly firstSeq: number
  /** The heads of the chain before the first record, and after the last one; hexadecimal. */
  readonly headBefore: string
  readonly head: string
  readonly firstAt: number
  readonly lastAt: number
  /** Of the file, below the folder of the archive. */
  readonly file: string
  /** SHA-256 of the file, hexadecimal. */
  readonly hash: string
  readonly archivedAt: number
  /** Until when its records are to be in the database as well; `null` when they are not, and none of them is on its way. */
  readonly restoredUntil: number | null
  /** Whether all of them are. */
  readonly isRestored: boolean
  readonly mac: Uint8Array
}

/** Records of one segment: what one transaction deletes. */
export const maxSegmentRecords = 10_000
