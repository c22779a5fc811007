/** A sink of the trail: follows it under a lease, and moves its position on when its receiver has what it was given. */
import { setTimeout } from 'node:timers/promises'
import type { StoredRecord } from '../audit/verify.ts'
import { NotTaken, type Piece, type Receiver } from '../sinks/receiver.ts'
import type { Behind, SinkMove } from '../store/followers.ts'
import { type Lease, lead, takeOverMs } from './leases.ts'
import { pause } from './pause.ts'
import { SinkDoubts } from './sink-doubts.ts'
import type { Vault } from './vault.ts'

export interface Sink {
  readonly name: string
  /** Where it begins, when it runs for the first time. */
  readonly from: 'start' | 'now'
  /** Whose trails are sent; empty for those of all. */
  readonly accountIds: readonly number[]
  readonly receiver: Receiver
}

/** Told of what becomes of a sink, on the node that sends. */
export interface SinkWatch {
  readonly onTaken: (sink: string, records: number) => void
  /** That the receiver keeps so many out for good. */
  readonly onRejected: (sink: string, records: number) => void
  /** That records which it was to be sent are not in the trail any more, from this one on. */
  readonly onMissing: (sink: string, accountId: number, seq: number) => void
  /** @param reason a sentence without anything secret */
  readonly onFailure: (sink: string, reason: string, pauseMs: number) => void
  /** That it goes on, after a failure. */
  readonly onRecovered: (sink: string) => void
  /** That the store could not be asked, or the like: it begins anew. */
  readonly onError: (sink: string, error: unknown) => void
}

interface Pace {
  /** Records sent at once. */
  readonly batch: number
  /** Between two batches, where nothing more is left: what grew meanwhile goes together. */
  readonly gatherMs: number
  /** How often it is looked at all accounts: whoever made a trail longer may not have been able to say so. */
  readonly lookMs: number
  readonly firstPauseMs: number
  readonly maxPauseMs: number
}

export const sinkPace: Pace = {
  batch: 500,
  gatherMs: 250,
  lookMs: 5_000,
  firstPauseMs: 1_000,
  maxPauseMs: 60_000,
}

/** Accounts in one batch, and those that are remembered as grown: of more, it is looked at all. */
const accountsAtOnce = 100
const maxGrown = 10_000
const closeMs = 1_000

/**
 * Sends whatever trails grow by, on one node at a time.
 *
 * @returns what ends it
 */
export function runSink(
  vault: Pick<Vault, 'store' | 'now'>,
  sink: Sink,
  watch: SinkWatch,
  pace: Pace = sinkPace,
): () => Promise<void> {
  return lead(vault, {
    name: `sink ${sink.name}`,
    work: (lease, signal) => new Following(vault, sink, watch, pace, lease, signal).run(),
    onError: (error) => watch.onError(sink.name, error),
  })
}

class Following {
  readonly #vault: Pick<Vault, 'store' | 'now'>
  readonly #sink: Sink
  readonly #watch: SinkWatch
  readonly #pace: Pace
  readonly #lease: Lease
  readonly #signal: AbortSignal
  /** Accounts whose trails have grown, and how far it looked at all of them. */
  readonly #grown = new Set<number>()
  #isAll = true
  #lookedUpTo = 0
  #lookAt = 0
  #wake = () => {}
  /** Records that go together: fewer, where the receiver says that it was too much. */
  #batch: number
  #failures = 0
  readonly #doubts: SinkDoubts
  /** Whether it has asked the receiver for anything: before, nobody has seen for a while whether it is there. */
  #hasAsked = false

  constructor(
    vault: Pick<Vault, 'store' | 'now'>,
    sink: Sink,
    watch: SinkWatch,
    pace: Pace,
    lease: Lease,
    signal: AbortSignal,
  ) {
    this.#vault = vault
    this.#sink = sink
    this.#watch = watch
    this.#pace = pace
    this.#lease = lease
    this.#signal = signal
    this.#batch = pace.batch
    this.#doubts = new SinkDoubts(vault.now)
  }

  async run(): Promise<void> {
    const { name, from, accountIds, receiver } = this.#sink
    const { store, now } = this.#vault
    const unfollow = store.follow((accountId) => this.#note(accountId))
    try {
      // Without the lease nothing was noted of where it begins.
      if (from === 'now' && !(await store.sinks.begin(this.#lease, name, accountIds, now()))) return
      if (receiver.doubtfulMs !== undefined) {
        this.#doubts.load(await store.sinks.doubts(name, now() - receiver.doubtfulMs - takeOverMs))
      }
      while (!this.#signal.aborted) {
        const pieces = await this.#next()
        if (pieces.length === 0) await this.#rest()
        else if (!(await this.#send(pieces))) return
      }
    } finally {
      unfollow()
      // What hangs is not waited for.
      await Promise.race([this.#sink.receiver.close(), setTimeout(closeMs, undefined, { ref: false })])
    }
  }

  #note(accountId: number): void {
    const { accountIds } = this.#sink
    if (accountIds.length > 0 && !accountIds.includes(accountId)) return
    if (this.#grown.size < maxGrown) this.#grown.add(accountId)
    else this.#isAll = true
    this.#wake()
  }

  /** What goes next: of each account that is behind as much as there is room for. */
  async #next(): Promise<readonly Piece[]> {
    const pieces: Piece[] = []
    let room = this.#batch
    for (const account of await this.#behind()) {
      if (account.seq > account.size) await this.#goBack(account)
      this.#grown.add(account.accountId)
      if (room === 0) continue
      const piece = await this.#piece(account, room)
      if (piece.records.length === 0) continue
      room -= piece.records.length
      pieces.push(piece)
    }
    return pieces
  }

  /** A trail that lost its end is sent on from what is left of it. */
  async #goBack({ accountId, size }: Behind): Promise<void> {
    const { store, now } = this.#vault
    this.#doubts.forget(accountId)
    await store.sinks.move(this.#lease, this.#sink.name, [{ accountId, seq: size }], now())
  }

  async #piece({ accountId, seq, size }: Behind, room: number): Promise<Piece> {
    const after = Math.min(seq, size)
    const records = await this.#vault.store.recordsAfter(accountId, after, Math.min(room, Math.max(1, size - after)))
    const first = records[0]?.record.seq ?? after + 1
    // Somebody took them away: what is left is sent all the same, and the gap shows wherever it goes.
    if (first !== after + 1) this.#watch.onMissing(this.#sink.name, accountId, after + 1)
    return { accountId, after: first - 1, records: withoutGaps(records) }
  }

  /** Those that are known to have grown, and now and then all: some of them at once, each in its turn. */
  async #behind(): Promise<readonly Behind[]> {
    const { name, accountIds } = this.#sink
    const { sinks } = this.#vault.store
    const now = performance.now()
    if (now >= this.#lookAt) this.#isAll = true
    const isAll = this.#isAll
    // What grows while it looks is looked at once more.
    this.#isAll = false
    if (!isAll) {
      const some = [...this.#grown].slice(0, accountsAtOnce)
      for (const one of some) this.#grown.delete(one)
      if (some.length === 0) return []
      return sinks.behind({ name, accountIds: some, after: 0, limit: accountsAtOnce })
    }
    const found = await sinks.behind({ name, accountIds, after: this.#lookedUpTo, limit: accountsAtOnce })
    const isEnd = found.length < accountsAtOnce
    this.#lookedUpTo = isEnd ? 0 : (found.at(-1)?.accountId ?? 0)
    if (isEnd) this.#lookAt = now + this.#pace.lookMs
    else this.#isAll = true
    return found
  }

  /** @returns whether the lease is still held, as far as the store was asked */
  async #send(pieces: readonly Piece[]): Promise<boolean> {
    const { name, receiver } = this.#sink
    const { store, now } = this.#vault
    if (this.#signal.aborted) return false
    const beganAt = performance.now()
    try {
      const { rejected } = await orAborted(receiver.take(pieces, this.#signal), this.#signal)
      this.#hasAsked = true
      if (!(await store.sinks.move(this.#lease, name, this.#movesAfter(pieces), now()))) return false
      this.#took(pieces, rejected)
      return true
    } catch (error) {
      if (this.#signal.aborted) return false
      if (!(error instanceof NotTaken)) throw error
      return this.#failed(error, pieces, beganAt)
    }
  }

  #took(pieces: readonly Piece[], rejected: number): void {
    const { name } = this.#sink
    const count = countOf(pieces)
    this.#watch.onTaken(name, count)
    if (rejected > 0) this.#watch.onRejected(name, rejected)
    if (this.#failures > 0) this.#watch.onRecovered(name)
    this.#failures = 0
    this.#batch = Math.min(this.#pace.batch, this.#batch * 2)
  }

  /** Where it is once the receiver has taken them, and what that may lose. */
  #movesAfter(pieces: readonly Piece[]): readonly SinkMove[] {
    const { doubtfulMs } = this.#sink.receiver
    return pieces.map(({ accountId, after, records }) => {
      const moved = { accountId, seq: after + records.length }
      return doubtfulMs === undefined ? moved : { ...moved, doubts: this.#doubts.note(accountId, after, doubtfulMs) }
    })
  }

  /**
   * What may have been lost with a receiver that broke off is sent again.
   *
   * @param failingFrom when it was given what it did not take: it may have been gone by then, though that was found out much later
   * @returns whether the lease was held
   */
  async #sendAgain(failingFrom: number): Promise<boolean> {
    const { name, receiver } = this.#sink
    const { store, now } = this.#vault
    const since = failingFrom - (receiver.doubtfulMs ?? 0)
    // Whoever led before may have been gone together with the receiver, and nobody has asked it since.
    const moves = this.#doubts.takeSince(this.#hasAsked ? since : since - takeOverMs)
    this.#hasAsked = true
    return moves.length === 0 || (await store.sinks.move(this.#lease, name, moves, now()))
  }

  async #failed(error: NotTaken, pieces: readonly Piece[], beganAt: number): Promise<boolean> {
    const { name } = this.#sink
    const { store, now } = this.#vault
    const count = countOf(pieces)
    const isSmaller = error.isTooLarge && count > 1
    if (isSmaller) this.#batch = Math.max(1, Math.floor(count / 2))
    const pauseMs = isSmaller ? 0 : this.#pauseAfter(error)
    this.#failures++
    this.#watch.onFailure(name, error.message, pauseMs)
    const accountId = pieces[0]?.accountId ?? 0
    if (!(await this.#sendAgain(beganAt))) return false
    if (!(await store.sinks.fail(this.#lease, name, accountId, error.message, now()))) return false
    await pause(pauseMs, this.#signal)
    return true
  }

  /** Longer each time, and never the same for two sinks that failed together. */
  #pauseAfter({ retryAfterMs = 0 }: NotTaken): number {
    const { firstPauseMs, maxPauseMs } = this.#pace
    const grown = Math.min(firstPauseMs * 2 ** Math.min(this.#failures, 30), maxPauseMs)
    return Math.max(grown * (0.5 + Math.random() / 2), retryAfterMs)
  }

  /** Until something grew, or it is time to look. */
  async #rest(): Promise<void> {
    await pause(this.#pace.gatherMs, this.#signal)
    if (this.#grown.size > 0 || this.#isAll) return
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await pause(Math.max(0, this.#lookAt - performance.now()), AbortSignal.any([woken.signal, this.#signal]))
    this.#wake = () => {}
  }
}

/** Those up to the first that does not follow the one before it. */
function withoutGaps(records: readonly StoredRecord[]): readonly StoredRecord[] {
  const first = records[0]?.record.seq ?? 0
  const end = records.findIndex(({ record }, at) => record.seq !== first + at)
  return end === -1 ? records : records.slice(0, end)
}

function countOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { records }) => sum + records.length, 0)
}

/** What hangs is given up with the lease, whatever becomes of it. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
    work.catch(() => {})
  }
}
