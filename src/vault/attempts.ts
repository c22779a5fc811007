/**
 * Slows down who guesses passwords, on this node. Counted for each address and user together, and for each address:
 * others who fail under a user's name do not lock that user out.
 */
import { Refusal } from '../errors.ts'

/** Failures within the window, after which it takes until its end. */
const window = 15 * 60 * 1000
const maxForBoth = 5
const maxForAddress = 30
const maxTracked = 50_000

interface Count {
  readonly until: number
  count: number
}

export class Attempts {
  readonly #counts = new Map<string, Count>()

  /** @throws Refusal `rate_limited` with `Retry-After` */
  check(email: string, address: string, now: number): void {
    for (const [name, max] of keysOf(email, address)) {
      const found = this.#counts.get(name)
      if (found === undefined || found.until <= now || found.count < max) continue
      const seconds = Math.ceil((found.until - now) / 1000)
      throw new Refusal('rate_limited', 'Too many failed attempts. Wait as long as Retry-After says.', {
        headers: { 'retry-after': String(seconds) },
      })
    }
  }

  fail(email: string, address: string, now: number): void {
    if (this.#counts.size >= maxTracked) this.#forget(now)
    for (const [name] of keysOf(email, address)) {
      const found = this.#counts.get(name)
      if (found === undefined || found.until <= now) this.#counts.set(name, { until: now + window, count: 1 })
      else found.count++
    }
  }

  succeed(email: string, address: string): void {
    this.#counts.delete(keysOf(email, address)[0][0])
  }

  #forget(now: number): void {
    for (const [name, { until }] of this.#counts) if (until <= now) this.#counts.delete(name)
    if (this.#counts.size >= maxTracked) this.#counts.clear()
  }
}

function keysOf(email: string, address: string): readonly [readonly [string, number], readonly [string, number]] {
  return [
    [`${address} ${email}`, maxForBoth],
    [address, maxForAddress],
  ]
}
