/**
 * Slows down who guesses passwords and codes, on this node. Counted for each address and user together, and for each
 * address: others who fail under a user's name do not lock that user out. An address of IPv6 counts as its network. The six digits of an authenticator app are few
 * enough to be guessed from many addresses, by somebody who has the password: they are counted for the user alone too,
 * whom a passkey or a recovery code still lets in.
 */
import { Refusal } from '../errors.ts'
import { clientNetwork } from '../model/client-network.ts'

/** Failures within the window, after which it takes until its end. */
const window = 15 * 60 * 1000
const maxForBoth = 5
const maxForAddress = 30
const maxForCodes = 10
const maxTracked = 50_000

interface Count {
  readonly until: number
  count: number
}

export class Attempts {
  readonly #counts = new Map<string, Count>()

  /** @throws Refusal `rate_limited` with `Retry-After` */
  check(email: string, address: string, now: number): void {
    this.#check(keysOf(email, address), now)
  }

  /** Of somebody who has not said who they are. @throws Refusal `rate_limited` with `Retry-After` */
  checkAddress(address: string, now: number): void {
    this.#check([[clientNetwork(address), maxForAddress]], now)
  }

  failAddress(address: string, now: number): void {
    this.#fail(clientNetwork(address), now)
  }

  /** Of the codes of one user, from wherever. @throws Refusal `rate_limited` with `Retry-After` */
  checkCodes(userUid: string, now: number): void {
    this.#check([[`codes ${userUid}`, maxForCodes]], now)
  }

  failCode(userUid: string, now: number): void {
    this.#fail(`codes ${userUid}`, now)
  }

  #check(keys: readonly (readonly [string, number])[], now: number): void {
    for (const [name, max] of keys) {
      const found = this.#counts.get(name)
      if (found === undefined || found.until <= now || found.count < max) continue
      const seconds = Math.ceil((found.until - now) / 1000)
      throw new Refusal('rate_limited', 'Too many failed attempts. Wait as long as Retry-After says.', {
        headers: { 'retry-after': String(seconds) },
      })
    }
  }

  fail(email: string, address: string, now: number): void {
    for (const [name] of keysOf(email, address)) this.#fail(name, now)
  }

  succeed(email: string, address: string): void {
    this.#counts.delete(keysOf(email, address)[0][0])
  }

  #fail(name: string, now: number): void {
    if (this.#counts.size >= maxTracked) this.#forget(now)
    const found = this.#counts.get(name)
    if (found === undefined || found.until <= now) this.#counts.set(name, { until: now + window, count: 1 })
    else found.count++
  }

  #forget(now: number): void {
    for (const [name, { until }] of this.#counts) if (until <= now) this.#counts.delete(name)
    if (this.#counts.size >= maxTracked) this.#counts.clear()
  }
}

function keysOf(email: string, address: string): readonly [readonly [string, number], readonly [string, number]] {
  const client = clientNetwork(address)
  return [
    [`${client} ${email}`, maxForBoth],
    [client, maxForAddress],
  ]
}
