/** The trail as one: what is archived, from files, and after it what is in the database. */
import { encodeRecord } from '../audit/record.ts'
import { readSegment, SegmentFault, type SegmentFiles, type SegmentSource } from '../audit/segment.ts'
import type { Start, StoredRecord } from '../audit/verify.ts'
import { invalid, Refusal } from '../errors.ts'
import type { AuditSegment } from '../model/audit-segment.ts'
import { rowText } from '../store/coverage.ts'
import { verifierKeyOf } from './checkpoints.ts'
import type { Vault } from './vault.ts'

/**
 * Records that are read of a database and hashed at once: each page keeps the store's worker, and then this thread, for some
 * five milliseconds. More of them at once take as much in all.
 */
export const pageRecords = 500
/** Records of a file that are read and hashed before others have their turn: nothing is waited for in between. */
export const recordsInTurn = 200

type Reader = Pick<Vault, 'store' | 'keyring'>

/** A stretch of a trail: after a record, up to another one. */
interface Wanted {
  readonly accountId: number
  readonly after: number
  readonly upTo: number
}

/**
 * Records in their order, many at a time. Segments are read to their ends, and held against their rows and what the database has
 * of the same records.
 *
 * @throws SegmentFault for a file that is missing, or not as it was
 * @throws Refusal `invalid` where something is archived and no folder is known
 */
export async function* wholeTrail(
  vault: Reader,
  wanted: Wanted,
  files: SegmentFiles | undefined,
): AsyncGenerator<readonly StoredRecord[]> {
  const { accountId, upTo } = wanted
  let last = wanted.after
  while (last < upTo) {
    for (const segment of await vault.store.segments.after(accountId, last)) {
      if (segment.firstSeq > upTo) return
      if (files === undefined) throw unknownFolder(segment)
      for await (const page of archived(vault, files, segment, segment.firstSeq <= last ? undefined : last)) {
        const some = page.filter(({ record: { seq } }) => seq > last && seq <= upTo)
        if (some.length > 0) yield some
      }
      last = segment.lastSeq
    }
    // Records may be archived while they are read.
    const isFiled = async (first: StoredRecord | undefined) =>
      first?.record.seq !== last + 1 && (await vault.store.segments.after(accountId, last)).length > 0
    const read = () => (last < upTo ? vault.store.recordsAfter(accountId, last, pageRecords) : undefined)
    let next = read()
    while (next !== undefined) {
      const page = await next
      if (await isFiled(page[0])) break
      const previous = last
      last = page.at(-1)?.record.seq ?? upTo
      // The store finds the next page while this one is hashed.
      next = read()
      next?.catch(() => {})
      yield previous < upTo && last > upTo ? page.filter(({ record }) => record.seq <= upTo) : page
    }
    if (next === undefined) return
  }
}

/** @param last the record before, where the segment must go on with the next one */
async function* archived(
  vault: Reader,
  files: SegmentFiles,
  segment: AuditSegment,
  last: number | undefined,
): AsyncGenerator<readonly StoredRecord[]> {
  const { file, firstSeq } = segment
  if (!isAuthentic(vault, segment)) throw new SegmentFault(firstSeq, `The row of the segment ${file} is not authentic.`)
  if (last !== undefined && firstSeq !== last + 1) {
    throw new SegmentFault(last + 1, `The record is missing: the next segment begins with ${firstSeq}.`)
  }
  const source = await files.open(file)
  if (source === undefined) throw new SegmentFault(firstSeq, `The file ${file} is missing from the archive.`)
  if (segment.restoredUntil === null) await refuseRows(vault, segment)
  for await (const page of recordsIn(vault, segment, source)) {
    if (segment.restoredUntil !== null) await compareRows(vault, segment, page)
    yield page
  }
}

/**
 * The records of a segment from its file, which must be the one that was archived: that all of them are, is known at the end.
 *
 * @param pageRecords records that are given at once
 * @throws SegmentFault
 */
export async function* recordsIn(
  vault: Pick<Vault, 'keyring'>,
  segment: AuditSegment,
  source: SegmentSource,
  pageRecords?: number,
): AsyncGenerator<readonly StoredRecord[]> {
  const { file, firstSeq, lastSeq, hash } = segment
  const other = () => new SegmentFault(firstSeq, `The file ${file} of the archive is not the one that was archived.`)
  if (source.hash !== hash) throw other()
  const pages = readSegment(source.lines, verifierKeyOf(vault), firstSeq, pageRecords)
  let next = await pages.next()
  for (; next.done !== true; next = await pages.next()) yield next.value
  const { storeId, accountId, ...whole } = next.value
  const isOfIt = storeId === vault.keyring.storeId && accountId === segment.accountId
  const isSame = whole.firstSeq === firstSeq && whole.lastSeq === lastSeq && whole.head === segment.head
  if (!isOfIt || !isSame || whole.headBefore !== segment.headBefore) throw other()
}

/** What is archived is not in the database: whoever writes it there would have it read. */
async function refuseRows(vault: Reader, segment: AuditSegment): Promise<void> {
  const { accountId, firstSeq, lastSeq: upTo, file } = segment
  const [found] = await vault.store.recordsAmong(accountId, { after: firstSeq - 1, upTo, limit: 1 })
  if (found === undefined || (await isOtherwise(vault, segment))) return
  throw new SegmentFault(
    found.record.seq,
    `The record is in ${file} of the archive, and was written into the database.`,
  )
}

/** What came back is what is in the file. */
async function compareRows(vault: Reader, segment: AuditSegment, page: readonly StoredRecord[]): Promise<void> {
  const first = page[0]?.record.seq ?? 0
  const upTo = page.at(-1)?.record.seq ?? 0
  const stretch = { after: first - 1, upTo, limit: page.length }
  const found = await vault.store.recordsAmong(segment.accountId, stretch)
  const there = new Map(found.map((one) => [one.record.seq, one]))
  const wrong = page.find(({ record, head, aside }) => {
    const row = there.get(record.seq)
    if (row === undefined) return segment.isRestored
    return !Buffer.from(row.head).equals(head) || textOf(row) !== encodeRecord(record) || row.aside !== aside
  })
  if (wrong === undefined || (await isOtherwise(vault, segment))) return
  throw new SegmentFault(wrong.record.seq, `The record that was restored from ${segment.file} is not as it is there.`)
}

function textOf({ record }: StoredRecord): string {
  try {
    return encodeRecord(record)
  } catch {
    // Of a format that is none.
    return ''
  }
}

/** Whether it was restored, or taken out again, while it was looked at. */
async function isOtherwise({ store }: Reader, { accountId, lastSeq, restoredUntil, isRestored }: AuditSegment) {
  const [now] = await store.segments.after(accountId, lastSeq - 1)
  return now?.lastSeq !== lastSeq || now.restoredUntil !== restoredUntil || now.isRestored !== isRestored
}

function unknownFolder({ firstSeq, lastSeq, file }: AuditSegment) {
  return invalid(
    '--archive',
    `Records ${firstSeq} to ${lastSeq} are archived in ${file}: name the folder (STRONGROOM_AUDIT_ARCHIVE).`,
  )
}

/** Where the database begins, by the row of the newest segment. */
export async function startOf(vault: Pick<Vault, 'store' | 'keyring'>, accountId: number): Promise<Start | undefined> {
  const newest = await vault.store.segments.newest(accountId)
  if (newest === undefined) return undefined
  if (!isAuthentic(vault, newest)) {
    throw new Refusal('integrity_failure', `The row of the segment ${newest.file} of the archive is not authentic.`)
  }
  return { size: newest.lastSeq, head: Buffer.from(newest.head, 'hex'), time: newest.lastAt }
}

/** Whether the row of a segment was written by whoever has the key. */
export function isAuthentic({ keyring }: Pick<Vault, 'keyring'>, segment: AuditSegment): boolean {
  return keyring.isRowMac(rowText('audit_segments', segment), segment.mac)
}
