/** The clock that lifetimes count by: on SQLite that of the host, on PostgreSQL that of the database. */
import { performance } from 'node:perf_hooks'
import { Refusal } from '../errors.ts'
import type { Conditions } from './conditions.ts'

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** How far this host's clock is ahead of it; negative when it is behind. */
  readonly skewMs: number
}

/** From then on it is said. */
const noticedMs = 5_000
/** From then on one of the two is so wrong that nobody knows which: nothing is decided. */
const refusedMs = 60 * 60 * 1000

export const hostClock: Clock = { now: () => Date.now(), skewMs: 0 }

/**
 * The database's clock: as it was read last, and carried on by a clock that only counts, and nobody sets. So nodes whose
 * clocks are wrong agree on what is over.
 */
export class DatabaseClock implements Clock {
  readonly #conditions: Conditions
  readonly #host: () => number
  readonly #count: () => number
  /** What the database's clock showed when the count was 0. */
  #begin: number | undefined
  skewMs = 0

  /** @param count milliseconds since some moment, which nobody sets */
  constructor(conditions: Conditions, host: () => number = Date.now, count: () => number = () => performance.now()) {
    this.#conditions = conditions
    this.#host = host
    this.#count = count
  }

  now(): number {
    if (this.#begin === undefined) throw new Error('The clock of the database has not been read.')
    return Math.floor(this.#begin + this.#count())
  }

  /**
   * Takes note of what the database's clock shows, in the transaction that is decided by it.
   *
   * @throws Refusal `audit_unavailable` when this host's clock is too far from it
   */
  read(shown: number): number {
    this.#begin = shown - this.#count()
    this.skewMs = Math.round(this.#host() - shown)
    const away = Math.abs(this.skewMs)
    if (away < noticedMs) {
      this.#conditions.end('clock')
      return shown
    }
    const isRefusing = away >= refusedMs
    const apart = `the clock of this host is ${Math.round(away / 1000)} seconds ${this.skewMs > 0 ? 'ahead of' : 'behind'} that of the database`
    const detail = `${apart}: set both by NTP. Lifetimes count by the database's.`
    this.#conditions.begin({ name: 'clock', detail, isRefusing })
    if (!isRefusing) return shown
    throw new Refusal(
      'audit_unavailable',
      'The clocks of the server and of its database are too far apart. Try again later.',
      {
        cause: new Error(apart),
        headers: { 'retry-after': '10' },
      },
    )
  }
}
