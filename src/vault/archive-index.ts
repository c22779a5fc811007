/** The index of what is archived, from its files: so that a search opens those alone that may have what is sought. */
import { setImmediate } from 'node:timers/promises'
import { SegmentFault, type SegmentFiles } from '../audit/segment.ts'
import { buckets, indexedOf, SegmentIndex, trailShape } from '../audit/trail-index.ts'
import type { AuditSegment } from '../model/audit-segment.ts'
import type { IndexedSegment } from '../store/followers.ts'
import { isAuthentic, recordsIn, recordsInTurn } from './archived-trail.ts'
import type { Lease } from './leases.ts'
import { sealedRows } from './trail-indexing.ts'
import type { Vault } from './vault.ts'

type Made = Pick<Vault, 'store' | 'keyring'>

/** Segments of an account in one round: to read one takes about a tenth of a second. */
const maxMade = 50
/** Of fewer records the rows of an index take more than to read them. */
const minRecords = 1024

/** Makes the index of segments whose records left the database before there was one. What cannot be read is left to whoever verifies. */
export async function indexSegments(
  vault: Made,
  files: SegmentFiles,
  lease: Lease,
  accountId: number,
  signal: AbortSignal,
): Promise<void> {
  const known = (await vault.store.trailIndex.segments(accountId)).filter(({ rows }) => rows === buckets)
  let made = 0
  for (let after = 0; made < maxMade; ) {
    const segments = await vault.store.segments.after(accountId, after)
    for (const segment of segments.filter((one) => !isCovered(one, known))) {
      const index = made < maxMade ? await indexOf(vault, files, segment, signal) : undefined
      if (signal.aborted) return
      if (index === undefined) continue
      made++
      if (!(await vault.store.trailIndex.put(lease, await sealedRows(vault, accountId, index)))) return
    }
    const last = segments.at(-1)
    if (last === undefined) return
    after = last.lastSeq
  }
}

/** Whether it needs no index, or has one: what is known leaves out none of its records. @param known by ascending numbers */
function isCovered({ firstSeq, lastSeq }: AuditSegment, known: readonly IndexedSegment[]): boolean {
  if (lastSeq - firstSeq + 1 < minRecords) return true
  let next = firstSeq
  for (const { first, last } of known) if (first <= next && last >= next) next = last + 1
  return next > lastSeq
}

async function indexOf(
  vault: Made,
  files: SegmentFiles,
  segment: AuditSegment,
  signal: AbortSignal,
): Promise<SegmentIndex | undefined> {
  const { firstSeq, lastSeq, file } = segment
  try {
    const source = isAuthentic(vault, segment) ? await files.open(file) : undefined
    if (source === undefined) return undefined
    const index = new SegmentIndex({ segment: lastSeq - firstSeq + 1, stretch: trailShape.stretch }, firstSeq)
    for await (const page of recordsIn(vault, segment, source, recordsInTurn)) {
      for (const { record } of page) index.take(indexedOf(record))
      await setImmediate()
      if (signal.aborted) return undefined
    }
    return index.isWhole ? index : undefined
  } catch (error) {
    if (error instanceof SegmentFault) return undefined
    throw error
  }
}
