/** How many requests per second one key and one address may make. */
import { Refusal } from '../errors.ts'

/** Enough for every address and key that is busy at once; more are forgotten, which is in their favour. */
const maxTracked = 50_000

/**
 * The generic cell rate algorithm: one number for each client, the time at which its allowance is used up. A client
 * may save up one second's worth.
 */
export class RateLimiter {
  readonly #intervalMs: number
  readonly #onLimit: () => void
  readonly #until = new Map<string, number>()

  /** @param onLimit told of each request that is refused */
  constructor(perSecond: number, onLimit: () => void = () => {}) {
    this.#intervalMs = 1000 / perSecond
    this.#onLimit = onLimit
  }

  /**
   * Counts a request.
   *
   * @param now milliseconds of a clock that never steps back
   * @throws Refusal `rate_limited` with `Retry-After`
   */
  take(client: string, now: number): void {
    const until = Math.max(this.#until.get(client) ?? 0, now) + this.#intervalMs
    if (until > now + 1000 + this.#intervalMs / 2) {
      this.#onLimit()
      throw tooMany()
    }
    if (this.#until.size >= maxTracked) this.#forget(now)
    this.#until.set(client, until)
  }

  /** Whether `take` would refuse, without counting. @throws Refusal `rate_limited` with `Retry-After` */
  check(client: string, now: number): void {
    if ((this.#until.get(client) ?? 0) + this.#intervalMs <= now + 1000 + this.#intervalMs / 2) return
    this.#onLimit()
    throw tooMany()
  }

  #forget(now: number): void {
    for (const [client, until] of this.#until) if (until <= now) this.#until.delete(client)
    if (this.#until.size >= maxTracked) this.#until.clear()
  }
}

function tooMany(): Refusal {
  const message = 'Too many requests. Wait as long as Retry-After says.'
  return new Refusal('rate_limited', message, { headers: { 'retry-after': '1' } })
}
