/** Looks through a trail for a page of records, and passes over what is archived. */
import type { StoredRecord } from '../audit/verify.ts'
import type { AuditSegment } from '../model/audit-segment.ts'
import type { RecordFilter } from '../store/store.ts'
import { newestAway, newestBack, oldestAmong } from './archived.ts'
import { filterInTurns, Pace } from './scan-in-turns.ts'
import { type AuditView, seenOf } from './seen.ts'
import { stretchesWith } from './trail-search.ts'
import type { Vault } from './vault.ts'

/** Records looked at in one query, so that a rare match does not hold the store up. */
const lookedAtOnce = 10_000
/** And for one page, and queries; then the caller gets what there is and a cursor. */
const maxLookedAt = 1_000_000
const maxQueries = 1000

/** Records that are archived, from the first to the last of them. */
export interface Archived {
  readonly first: number
  readonly last: number
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
}

type Sought = Omit<RecordFilter, 'before' | 'window' | 'limit'>

/** Sequence numbers, both inclusive. */
interface Range {
  readonly first: number
  readonly last: number
}

interface Found {
  readonly records: readonly StoredRecord[]
  /** Where the next page begins; `undefined` when there is none. */
  readonly next: number | undefined
  /** What was passed over, as it is archived. */
  readonly archived: Archived | undefined
}

/** The newest records of a range that are sought, and that the asker may see. */
export async function findRecords(
  vault: Vault,
  accountId: number,
  sought: Sought,
  range: Range,
  view: AuditView,
  limit: number,
): Promise<Found> {
  const look = new Look(vault, sought, view, limit)
  const { first } = range
  let { last } = range
  let archived: Archived | undefined
  for (;;) {
    const gap = last < first ? undefined : await newestAway(vault, accountId, first, last)
    const next = await look.at(accountId, { first: gap === undefined ? first : gap.lastSeq + 1, last })
    if (gap === undefined || next !== undefined) return { records: look.records, next, archived }
    const passed = await passOver(vault, accountId, { first, last: Math.min(last, gap.lastSeq) }, gap)
    archived = archived === undefined ? passed.archived : { ...passed.archived, last: archived.last, to: archived.to }
    last = passed.begin - 1
  }
}

/** Looks for the records of a page, in one part of the trail after the other. */
class Look {
  readonly records: StoredRecord[] = []
  readonly #vault: Vault
  readonly #sought: Sought
  readonly #view: AuditView
  readonly #limit: number
  readonly #pace = new Pace()
  #looked = 0
  #queries = 0

  constructor(vault: Vault, sought: Sought, view: AuditView, limit: number) {
    this.#vault = vault
    this.#sought = sought
    this.#view = view
    this.#limit = limit
  }

  /** @returns where the next page begins, when it did not come to the end of the part */
  async at(accountId: number, part: Range): Promise<number | undefined> {
    for await (const { after, upTo } of stretchesWith(this.#vault, accountId, this.#sought, part, lookedAtOnce)) {
      let next = upTo + 1
      for (; next > after + 1 && !this.#isEnough(); this.#queries++) {
        const window = { before: next, window: next - after - 1, limit: this.#limit - this.records.length }
        const page = await this.#vault.store.recordsBefore(accountId, { ...this.#sought, ...window })
        const maySee = ({ record }: StoredRecord) => this.#view.maySee(seenOf(record))
        this.records.push(...(await filterInTurns(page.records, maySee, this.#pace)))
        next = page.next
      }
      if (next > after + 1) return next
      this.#looked += upTo - after
    }
    return undefined
  }

  #isEnough(): boolean {
    return this.records.length >= this.#limit || this.#looked >= maxLookedAt || this.#queries >= maxQueries
  }
}

/** From the end of a gap to its beginning. @returns what it has, and the first number of it */
async function passOver(vault: Vault, accountId: number, { first, last }: Range, gap: AuditSegment) {
  const back = await newestBack(vault, accountId, gap.firstSeq)
  const begin = Math.max(first, (back?.lastSeq ?? 0) + 1)
  const oldest = (await oldestAmong(vault, accountId, begin, gap.lastSeq)) ?? gap
  const archived: Archived = {
    first: Math.max(begin, oldest.firstSeq),
    last,
    from: oldest.firstAt,
    to: last === gap.firstSeq ? gap.firstAt : gap.lastAt,
  }
  return { archived, begin }
}
