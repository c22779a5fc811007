/** Looks for records of a trail, the newest first, within bounds for one page. */
import type { StoredRecord } from '../audit/verify.ts'
import type { AuditSegment } from '../model/audit-segment.ts'
import type { RecordSought } from '../store/store.ts'
import { newestAway, newestBack, oldestAmong } from './archived.ts'
import { type ArchiveTrouble, readArchived } from './archived-records.ts'
import { isMatch } from './record-match.ts'
import { filterInTurns, Pace } from './scan-in-turns.ts'
import { type AuditView, seenOf } from './seen.ts'
import { stretchesWith } from './trail-search.ts'
import type { Span } from './trail-times.ts'
import type { Vault } from './vault.ts'

/** Records looked at in one query, so that a rare match does not hold the store up. */
const lookedAtOnce = 10_000
/** And for one page, and queries; then the caller gets what there is and a cursor. */
const maxLookedAt = 1_000_000
const maxQueries = 1000
/** Until when another file of the archive is begun for one page. */
const maxFilesMs = 3000
/** Archived records that may be looked at in vain: a file has more. */
const filedAtOnce = 1000

/** Records that a page leaves out, as the archive cannot give them: from the first to the last of them. */
export interface Archived {
  readonly first: number
  readonly last: number
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  readonly trouble: ArchiveTrouble
  /** The file that it is of, where it is of one. */
  readonly file: string | undefined
}

interface Found {
  readonly records: readonly StoredRecord[]
  /** Where the next page begins; `undefined` when there is none. */
  readonly next: number | undefined
  /** What was left out, at the end of the page. */
  readonly archived: Archived | undefined
}

/** The newest records of a range that are sought, and that the asker may see: from the database, and from files what is archived. */
export async function findRecords(
  vault: Vault,
  accountId: number,
  sought: RecordSought,
  range: Span,
  view: AuditView,
  limit: number,
): Promise<Found> {
  const look = new Look(vault, accountId, sought, view, limit)
  const next = await look.through(range)
  const { records, archived } = look
  return { records, next: next !== undefined && next > range.first ? next : undefined, archived }
}

/** Looks for the records of a page, in one part of the trail after the other. */
class Look {
  readonly records: StoredRecord[] = []
  archived: Archived | undefined
  readonly #vault: Vault
  readonly #accountId: number
  readonly #sought: RecordSought
  readonly #view: AuditView
  readonly #limit: number
  readonly #pace = new Pace()
  readonly #end = performance.now() + maxFilesMs
  #looked = 0
  #queries = 0
  #filed = 0

  constructor(vault: Vault, accountId: number, sought: RecordSought, view: AuditView, limit: number) {
    this.#vault = vault
    this.#accountId = accountId
    this.#sought = sought
    this.#view = view
    this.#limit = limit
  }

  /** @returns where the next page begins, when it did not come to the end */
  async through({ first, last }: Span): Promise<number | undefined> {
    while (last >= first) {
      const away = await newestAway(this.#vault, this.#accountId, first, last)
      const begin = away === undefined ? first : Math.max(first, away.lastSeq + 1)
      const count = this.records.length
      const next = begin > last ? undefined : await this.#inDatabase({ first: begin, last })
      // What was archived while it was looked for was perhaps not found.
      if (begin <= last && (await newestAway(this.#vault, this.#accountId, begin, last)) !== undefined) {
        this.records.length = count
        continue
      }
      if (next !== undefined || away === undefined) return next
      const run = await this.#runTo(away, first, Math.min(last, away.lastSeq))
      const rest = await this.#inFiles(run)
      if (rest !== undefined) return rest
      if (this.archived !== undefined) return run.first
      last = run.first - 1
    }
    return undefined
  }

  /** Archived records up to one, that follow one another. */
  async #runTo({ firstSeq }: AuditSegment, first: number, last: number): Promise<Span> {
    const back = await newestBack(this.#vault, this.#accountId, firstSeq)
    return { first: Math.max(first, (back?.lastSeq ?? 0) + 1), last }
  }

  async #inDatabase(part: Span): Promise<number | undefined> {
    const { store } = this.#vault
    for await (const { after, upTo } of stretchesWith(this.#vault, this.#accountId, this.#sought, part, lookedAtOnce)) {
      let next = upTo + 1
      for (; next > after + 1 && !this.#isEnough(); this.#queries++) {
        const window = { before: next, window: next - after - 1, limit: this.#limit - this.records.length }
        const page = await store.recordsBefore(this.#accountId, { ...this.#sought, ...window })
        this.records.push(...(await filterInTurns(page.records, (one) => this.#maySee(one), this.#pace)))
        next = page.next
      }
      if (next > after + 1) return next
      this.#looked += upTo - after
    }
    return undefined
  }

  /** @returns where the next page begins: after a file that gave nothing, all that follows is of the next one */
  async #inFiles(run: Span): Promise<number | undefined> {
    if (!this.#vault.archive.isKnown) {
      const newest = await newestAway(this.#vault, this.#accountId, run.first, run.last)
      if (newest !== undefined) await this.#leaveOut('not_configured', newest, run)
      return undefined
    }
    let open = run.last
    for await (const { after, upTo } of stretchesWith(this.#vault, this.#accountId, this.#sought, run, filedAtOnce)) {
      // A file that was read for one stretch was read for all that it has.
      for (open = Math.min(open, upTo); open > after; ) {
        if (this.#isEnough() || performance.now() > this.#end) return open + 1
        const segment = await newestAway(this.#vault, this.#accountId, after + 1, open)
        // It came back into the database meanwhile.
        if (segment === undefined || segment.lastSeq < open) return open + 1
        const part = { first: Math.max(run.first, segment.firstSeq), last: open }
        if (!(await this.#inFile(segment, part))) return open + 1
        if (this.records.length >= this.#limit) return this.records.at(-1)?.record.seq
        open = part.first - 1
      }
    }
    return undefined
  }

  /** @returns whether the page goes on: not behind something that it leaves out, unless that is left out for the same reason */
  async #inFile(segment: AuditSegment, { first, last }: Span): Promise<boolean> {
    const isOfPart = ({ record: { seq } }: StoredRecord) => seq >= first && seq <= last
    const kept: StoredRecord[] = []
    const left = this.#limit - this.records.length
    const trouble = await readArchived(this.#vault, segment, (page) => {
      kept.push(...page.filter((one) => isOfPart(one) && isMatch(one, this.#sought) && this.#maySee(one)))
      // The newest are at the end.
      kept.splice(0, kept.length - left)
    })
    if (trouble !== undefined) {
      if (this.archived !== undefined && this.archived.trouble !== trouble) return false
      await this.#leaveOut(trouble, segment, { first, last })
      return true
    }
    if (this.archived !== undefined) return false
    this.#filed += segment.lastSeq - segment.firstSeq + 1
    this.records.push(...kept.reverse())
    return true
  }

  /** @param newest the newest segment of the part */
  async #leaveOut(trouble: ArchiveTrouble, newest: AuditSegment, { first, last }: Span): Promise<void> {
    const oldest = (await oldestAmong(this.#vault, this.#accountId, first, last)) ?? newest
    const { last: end, to } = this.archived ?? { last, to: last === newest.firstSeq ? newest.firstAt : newest.lastAt }
    const file = trouble === 'not_configured' ? undefined : newest.file
    this.archived = { first, last: end, from: oldest.firstAt, to, trouble, file: this.archived?.file ?? file }
  }

  #maySee({ record }: StoredRecord): boolean {
    return this.#view.maySee(seenOf(record))
  }

  #isEnough(): boolean {
    const isFull = this.records.length >= this.#limit || this.#filed >= this.#vault.archive.recordsForPage
    return isFull || this.#looked >= maxLookedAt || this.#queries >= maxQueries
  }
}
