/**
 * Slows down who guesses passwords, codes and links. Each attempt is counted in the store before it is made, so that of
 * sixty at once, on however many nodes, no more are made than of sixty in a row; one that was right is given back.
 *
 * Counted for each address and user together, and for each address: others who fail under a user's name do not lock that
 * user out. An address of IPv6 counts as its network. The six digits of an authenticator app are few enough to be guessed
 * from many addresses, by somebody who has the password: they are counted for the user alone too, whom a passkey or a
 * recovery code still lets in. The codes of logins are counted for whoever is signed in and types them, and what begins one for
 * its address and for its account.
 */
import { Refusal } from '../errors.ts'
import { clientNetwork } from '../model/client-network.ts'
import type { Store } from '../store/store.ts'

/** So many within the window, and no more until its end. */
const windowMs = 15 * 60 * 1000
const maxForBoth = 5
const maxForAddress = 30
const maxForCodes = 10
const maxForLoginCodes = 10
const maxLoginsFromAddress = 20
const maxLoginsToAccount = 300
/** How often what has ended is removed, on each node. */
const pruneMs = 60 * 1000

type Counts = Pick<Store, 'takeAttempt' | 'giveBackAttempt' | 'forgetAttempts' | 'pruneAttempts'>

/** What an attempt counts for. */
interface Limit {
  readonly name: string
  readonly max: number
}

/** An attempt that was counted. */
export interface Attempt {
  /** It was right, or was none. */
  giveBack(): Promise<void>
  /** It was right: what its user failed before, from there, is forgotten. */
  succeed(): Promise<void>
}

export class Attempts {
  readonly #counts: Counts
  readonly #hash: (text: string) => string
  #prunedAt = 0

  /** @param hash hides whom they are of from whoever reads the database */
  constructor(counts: Counts, hash: (text: string) => string) {
    this.#counts = counts
    this.#hash = hash
  }

  /**
   * Of a user's password, from an address. The same address of a person in two accounts is two users, or whoever has one
   * account could sign in there to be forgiven what they guessed of another.
   *
   * @param account its id; of one that is not there, the name that was given, which is counted alike
   * @throws Refusal `rate_limited` with `Retry-After`
   */
  begin(account: number | string, email: string, address: string, now: number): Promise<Attempt> {
    const client = clientNetwork(address)
    const both = { name: `${client} ${JSON.stringify([account, email])}`, max: maxForBoth }
    return this.#begin([{ name: client, max: maxForAddress }, both], now, both)
  }

  /** Of somebody who has not said who they are. @throws Refusal `rate_limited` with `Retry-After` */
  beginFrom(address: string, now: number): Promise<Attempt> {
    return this.#begin([{ name: clientNetwork(address), max: maxForAddress }], now)
  }

  /** Of the codes of one user, from wherever. @throws Refusal `rate_limited` with `Retry-After` */
  beginCode(userUid: string, now: number): Promise<Attempt> {
    return this.#begin([{ name: `codes ${userUid}`, max: maxForCodes }], now)
  }

  /** Of codes of logins, typed by a person from wherever. @throws Refusal `rate_limited` with `Retry-After` */
  beginLoginCode(person: string, now: number): Promise<Attempt> {
    return this.#begin([{ name: `login codes ${person}`, max: maxForLoginCodes }], now)
  }

  /**
   * Of logins that a command begins, which are never given back: each leaves a record, and a code that could be guessed.
   *
   * @param accountId none where there is no such account
   * @throws Refusal `rate_limited` with `Retry-After`
   */
  beginLogin(accountId: number | undefined, address: string, now: number): Promise<Attempt> {
    const limits = [{ name: `logins from ${clientNetwork(address)}`, max: maxLoginsFromAddress }]
    if (accountId !== undefined) limits.push({ name: `logins to ${accountId}`, max: maxLoginsToAccount })
    return this.#begin(limits, now)
  }

  /**
   * Makes an attempt, and gives it back when it was right.
   *
   * @param isWrong whether what was thrown says that it was wrong; whatever else came between is no guess
   */
  async make<T>(attempt: Attempt, isWrong: (refusal: Refusal) => boolean, work: () => Promise<T>): Promise<T> {
    try {
      const done = await work()
      // What was done is done: an attempt that cannot be given back slows down, and nothing else.
      await attempt.succeed().catch(() => {})
      return done
    } catch (error) {
      if (error instanceof Refusal && !isWrong(error)) await attempt.giveBack()
      throw error
    }
  }

  async #begin(limits: readonly Limit[], now: number, own?: Limit): Promise<Attempt> {
    await this.#prune(now)
    const taken: { readonly name: string; readonly until: number }[] = []
    const giveBack = async () => {
      for (const { name, until } of taken) await this.#counts.giveBackAttempt(name, until)
    }
    for (const limit of limits) {
      const name = this.#hash(`attempts ${limit.name}`)
      const { until, isTaken } = await this.#counts.takeAttempt(name, limit.max, now, now + windowMs)
      if (!isTaken) {
        await giveBack()
        throw tooMany(until - now)
      }
      taken.push({ name, until })
    }
    const succeed = async () => {
      await giveBack()
      if (own !== undefined) await this.#counts.forgetAttempts(this.#hash(`attempts ${own.name}`))
    }
    return { giveBack, succeed }
  }

  async #prune(now: number): Promise<void> {
    if (now - this.#prunedAt < pruneMs) return
    this.#prunedAt = now
    await this.#counts.pruneAttempts(now)
  }
}

function tooMany(waitMs: number): Refusal {
  return new Refusal('rate_limited', 'Too many failed attempts. Wait as long as Retry-After says.', {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  })
}
