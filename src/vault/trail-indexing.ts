/** Makes the index of trails: afterwards, in whole segments, on one node at a time, and slowly. */
import { setImmediate } from 'node:timers/promises'
import { buckets, indexFormat, SegmentIndex, type Shape, trailShape } from '../audit/trail-index.ts'
import type { IndexRow } from '../model/audit-index.ts'
import { rowText } from '../store/coverage.ts'
import type { LongTrail, Segment } from '../store/followers.ts'
import { type Lease, leadOnce } from './leases.ts'
import { pause } from './pause.ts'
import type { Vault } from './vault.ts'

type Made = Pick<Vault, 'store' | 'keyring'>

export interface Indexing {
  readonly onError: (error: unknown) => void
  /** Told of a segment that is made, with what it took of the clock. */
  readonly onSegment?: (accountId: number, segment: Segment) => void
  /** Told once of a segment whose records are not all there: it is left out. */
  readonly onGap?: (accountId: number, segment: Segment) => void
  readonly shape?: Shape
  readonly pace?: Pace
}

export interface Pace {
  /** Whoever has grown is looked at so often, */
  readonly lookMs: number
  /** and all, in case that nobody said so, or that something was taken away. */
  readonly lookAtAllMs: number
  /** Between two parts of a segment: so many times as long as the part took. */
  readonly rest: number
}

export const indexPace: Pace = { lookMs: 30_000, lookAtAllMs: 3_600_000, rest: 3 }

/** Records that are read at once: some milliseconds. */
const recordsAtOnce = 1000
const accountsAtOnce = 100
/** Of more, it is looked at all. */
const maxGrown = 10_000

/** @returns what ends it */
export function indexTrails(vault: Made, indexing: Indexing): () => Promise<void> {
  const stopping = new AbortController()
  const ended = new Indexer(vault, indexing, stopping.signal).run()
  return () => {
    stopping.abort()
    return ended
  }
}

class Indexer {
  readonly #vault: Made
  readonly #indexing: Indexing
  readonly #shape: Shape
  readonly #pace: Pace
  readonly #signal: AbortSignal
  readonly #grown = new Set<number>()
  #isAll = true
  /** Segments that cannot be made. */
  readonly #gaps = new Set<string>()

  constructor(vault: Made, indexing: Indexing, signal: AbortSignal) {
    this.#vault = vault
    this.#indexing = indexing
    this.#shape = indexing.shape ?? trailShape
    this.#pace = indexing.pace ?? indexPace
    this.#signal = signal
  }

  async run(): Promise<void> {
    const unfollow = this.#vault.store.follow((accountId) => this.#note(accountId))
    try {
      let lookAtAllAt = 0
      while (!this.#signal.aborted) {
        if (performance.now() >= lookAtAllAt) {
          this.#isAll = true
          lookAtAllAt = performance.now() + this.#pace.lookAtAllMs
        }
        await this.#look().catch((error: unknown) => {
          this.#isAll = true
          this.#indexing.onError(error)
        })
        await this.#wait(this.#pace.lookMs)
      }
    } finally {
      unfollow()
    }
  }

  #note(accountId: number): void {
    if (this.#grown.size < maxGrown) this.#grown.add(accountId)
    else this.#isAll = true
  }

  /** Nothing is written, and no lease is taken, unless something is to be made. */
  async #look(): Promise<void> {
    for await (const trail of this.#long()) {
      const missing = await this.#missingOf(trail)
      if (missing.length === 0) continue
      const work = (lease: Lease, signal: AbortSignal) => this.#make(trail, lease, signal)
      await leadOnce(this.#vault, { name: 'audit index', work }, this.#signal)
      // Another node may have it, and stop halfway.
      this.#note(trail.accountId)
      if (this.#signal.aborted) return
    }
  }

  async *#long(): AsyncGenerator<LongTrail> {
    const { trailIndex } = this.#vault.store
    const { segment } = this.#shape
    const grown = this.#isAll ? undefined : [...this.#grown]
    this.#isAll = false
    this.#grown.clear()
    for (let at = 0; grown !== undefined && at < grown.length; at += accountsAtOnce) {
      yield* await trailIndex.long(segment, 0, accountsAtOnce, grown.slice(at, at + accountsAtOnce))
    }
    for (let after: number | undefined = grown === undefined ? 0 : undefined; after !== undefined; ) {
      const page: readonly LongTrail[] = await trailIndex.long(segment, after, accountsAtOnce)
      yield* page
      after = page.length === accountsAtOnce ? page.at(-1)?.accountId : undefined
    }
  }

  /** Newest first: what is new is looked for most. Of what is archived nothing is made, nor of what is older. */
  async #missingOf({ accountId, size }: LongTrail): Promise<readonly Segment[]> {
    const { segment } = this.#shape
    const away = await this.#awayUpTo(accountId, size)
    const known = await this.#vault.store.trailIndex.segments(accountId)
    // Those of the archive are shorter.
    const whole = known.filter(({ first, last, rows }) => rows === buckets && last - first + 1 >= segment)
    const made = new Set(whole.map(({ first }) => first))
    const missing: Segment[] = []
    for (let last = size - (size % segment); last - segment >= away; last -= segment) {
      const first = last - segment + 1
      if (!made.has(first) && !this.#gaps.has(`${accountId} ${first}`)) missing.push({ first, last })
    }
    return missing
  }

  /** The last record that is in a file and not in the database; 0 for none. */
  async #awayUpTo(accountId: number, size: number): Promise<number> {
    return (await this.#vault.store.segments.newestAway(accountId, 1, size))?.lastSeq ?? 0
  }

  /** Looks again under the lease: another node may just have made it. */
  async #make(trail: LongTrail, lease: Lease, signal: AbortSignal): Promise<void> {
    const { accountId } = trail
    for (const segment of await this.#missingOf(trail)) {
      const rows = await this.#rowsOf(accountId, segment, signal)
      if (signal.aborted) return
      if (rows === undefined) {
        // It may have been archived while it was read.
        if ((await this.#awayUpTo(accountId, trail.size)) >= segment.first) continue
        this.#gaps.add(`${accountId} ${segment.first}`)
        this.#indexing.onGap?.(accountId, segment)
      } else {
        if (!(await this.#vault.store.trailIndex.put(lease, rows))) return
        this.#indexing.onSegment?.(accountId, segment)
      }
    }
  }

  /** @returns nothing where records are missing, or the work is to end */
  async #rowsOf(accountId: number, { first, last }: Segment, signal: AbortSignal) {
    const index = new SegmentIndex(this.#shape, first)
    for (let at = first; at <= last && !signal.aborted; at += recordsAtOnce) {
      const began = performance.now()
      const part = { first: at, last: Math.min(last, at + recordsAtOnce - 1) }
      for (const record of await this.#vault.store.trailIndex.records(accountId, part)) index.take(record)
      await this.#wait(this.#pace.rest * (performance.now() - began))
    }
    return index.isWhole ? sealedRows(this.#vault, accountId, index) : undefined
  }

  #wait(ms: number): Promise<void> {
    return pause(ms, this.#signal)
  }
}

/** The rows of a segment, with their MACs. Others have their turn in between. */
export async function sealedRows(
  { keyring }: Pick<Vault, 'keyring'>,
  accountId: number,
  index: SegmentIndex,
): Promise<IndexRow[]> {
  const { first, last } = index
  const rows: IndexRow[] = []
  for (let bucket = 0; bucket < buckets; bucket++) {
    const row = { accountId, bucket, first, last, format: indexFormat, said: index.row(bucket) }
    rows.push({ ...row, mac: keyring.rowMac(rowText('audit_index', row)) })
    await setImmediate()
  }
  return rows
}
