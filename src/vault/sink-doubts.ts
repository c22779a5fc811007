/**
 * What the receiver of a sink took not long ago and may lose, as syslog acknowledges nothing: where it breaks off, that is sent
 * again. It is kept with the position of each account, so that a node that leads after another knows of it too.
 */
import { performance } from 'node:perf_hooks'
import type { SinkDoubt } from '../model/sink.ts'
import type { SinkMove } from '../store/followers.ts'

/** What was taken in one such part of time counts as taken at the end of it. */
const togetherMs = 1_000

export class SinkDoubts {
  readonly #now: () => number
  /** By account, those that moved last at the end; of each the oldest first, with times that no clock of the machine moves. */
  readonly #ofAccount = new Map<number, readonly SinkDoubt[]>()

  /** @param now milliseconds since 1970, in which they are kept */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes those that whoever led before has left. */
  load(left: readonly { readonly accountId: number; readonly doubts: readonly SinkDoubt[] }[]): void {
    const ahead = this.#now() - performance.now()
    for (const { accountId, doubts } of left) {
      if (doubts.length > 0)
        this.#ofAccount.set(
          accountId,
          doubts.map(({ seq, at }) => ({ seq, at: at - ahead })),
        )
    }
  }

  /**
   * Notes that the receiver has just taken what comes after a record.
   *
   * @param doubtfulMs for how long it may lose that
   * @returns what is to be kept of the account
   */
  note(accountId: number, seq: number, doubtfulMs: number): readonly SinkDoubt[] {
    const at = performance.now()
    this.#forgetUntil(at - doubtfulMs)
    const before = (this.#ofAccount.get(accountId) ?? []).filter((one) => one.at > at - doubtfulMs)
    const last = before.at(-1)
    const isTogether = last !== undefined && Math.floor(last.at / togetherMs) === Math.floor(at / togetherMs)
    const doubts = isTogether ? [...before.slice(0, -1), { seq: last.seq, at }] : [...before, { seq, at }]
    this.forget(accountId)
    this.#ofAccount.set(accountId, doubts)
    const ahead = this.#now() - at
    return doubts.map((one) => ({ seq: one.seq, at: Math.ceil(one.at + ahead) }))
  }

  forget(accountId: number): void {
    this.#ofAccount.delete(accountId)
  }

  /** Forgets all. @param since a time of `performance` @returns where each account was before what was taken since then */
  takeSince(since: number): readonly SinkMove[] {
    const moves = [...this.#ofAccount].flatMap(([accountId, doubts]) => {
      const first = doubts.find(({ at }) => at >= since)
      return first === undefined ? [] : [{ accountId, seq: first.seq }]
    })
    this.#ofAccount.clear()
    return moves
  }

  #forgetUntil(time: number): void {
    for (const [accountId, doubts] of this.#ofAccount) {
      if ((doubts.at(-1)?.at ?? 0) > time) return
      this.#ofAccount.delete(accountId)
    }
  }
}
