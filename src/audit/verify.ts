/** The offline verifier: recomputes a chain from its records and names the first that does not hold. */
import { emptyHead, nextHead } from './chain.ts'
import { type Aside, type AuditRecord, isKnownFormat, isWholeOf } from './record.ts'

/** The last moment that a date can stand for (ECMA-262, section 21.4.1.1). */
const lastTime = 8.64e15

/** A record as it is stored, with the head that was written beside it. */
export interface StoredRecord {
  readonly record: AuditRecord
  readonly head: Uint8Array
  /** What it is besides, for who manages the account alone: no part of what the chain covers. */
  readonly aside?: Aside
}

export interface Verdict {
  readonly accountId: number
  /** Records that hold, from the first on. */
  readonly size: number
  readonly head: Uint8Array
  /** What does not hold, or `undefined` when everything does. */
  readonly fault: { readonly seq: number; readonly reason: string } | undefined
}

/** What the chain was at a size. */
export interface Anchor {
  readonly size: number
  readonly head: Uint8Array
}

/** Where a verification begins, with the time of the record there. */
export interface Start extends Anchor {
  readonly time: number
}

/**
 * Verifies one account's chain.
 *
 * @param pages the account's records, oldest first, many at a time: to wait for each alone takes longer than hashing it
 * @param expected the size and head that the account itself states
 * @param anchors what others say that it was, each at its size
 * @param start where to begin, when what is before is known to hold
 */
export async function verifyChain(
  storeId: string,
  accountId: number,
  pages: AsyncIterable<readonly StoredRecord[]>,
  expected: Anchor,
  anchors: readonly Anchor[] = [],
  start: Start = { size: 0, head: emptyHead(storeId, accountId), time: 0 },
): Promise<Verdict> {
  let { head, size, time } = start
  const verdict = (reason?: string, seq = size + 1): Verdict => ({
    accountId,
    size,
    head,
    fault: reason === undefined ? undefined : { seq, reason },
  })
  const contradicts = () => anchors.some((anchor) => anchor.size === size && !Buffer.from(anchor.head).equals(head))
  const last = Math.max(0, ...anchors.map((anchor) => anchor.size))
  if (contradicts()) return verdict('A checkpoint is of another store.')
  for await (const page of pages) {
    for (const { record, head: stated } of page) {
      if (record.accountId !== accountId) return verdict('The record belongs to another account.')
      if (record.seq !== size + 1) return verdict(`The record is missing; ${record.seq} comes next.`)
      if (record.time < time) return verdict('The record is older than the one before it.')
      if (!(record.time <= lastTime)) return verdict('The record was changed: its time is none.')
      if (!isKnownFormat(record.format)) return verdict(unknownFormat(record.format))
      if (!isWholeOf(record)) return verdict('The record was changed: its environment is not of its format.')
      const next = nextHead(head, record)
      if (!next.equals(stated)) return verdict('The record was changed: its hash does not continue the chain.')
      head = next
      size = record.seq
      time = record.time
      if (contradicts()) return verdict('The chain up to here is not the one of a checkpoint.', size)
    }
  }
  if (size < last) return verdict(`The record is missing: a checkpoint states ${last} records.`)
  if (size < expected.size) return verdict(`The record is missing: the account states ${expected.size} records.`)
  if (size > expected.size || !Buffer.from(expected.head).equals(head)) {
    return verdict('The account states another size or head than its records give.')
  }
  return verdict()
}

/** Said of a record that a later version wrote, or somebody else. */
export function unknownFormat(format: unknown): string {
  return `The record is of the format ${JSON.stringify(format)}, which this version does not know. If a newer one wrote it, verify it with that.`
}
