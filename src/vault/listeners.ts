/** Everybody who listens to events on this node: how many there may be, who is woken when, and how they end. */
import { Refusal } from '../errors.ts'
import type { Listener } from '../store/operations/events.ts'
import type { Store } from '../store/store.ts'
import { Feed, type Member, type Trail } from './feed.ts'

/** How many may listen at once: with one key or as one person, in one account, on this node. */
const maxOfOne = 250
const maxOfAccount = 2500
const maxInAll = 3000

export class Listeners {
  /** For a node that takes few connections. */
  maxInAll = maxInAll
  readonly #store: Trail & Pick<Store, 'follow'>
  readonly #now: () => number
  readonly #feeds = new Map<number, Feed>()
  readonly #counts = new Map<string, number>()
  readonly #members = new Set<Member>()
  #count = 0
  #isStopping = false
  #unfollow: (() => void) | undefined

  /** @param now milliseconds since 1970, as keys end */
  constructor(store: Trail & Pick<Store, 'follow'>, now: () => number) {
    this.#store = store
    this.#now = now
  }

  /** How many listen now. */
  get count(): number {
    return this.#count
  }

  /**
   * Takes a place.
   *
   * @returns what gives it back
   * @throws Refusal `rate_limited` of one key or account, `overloaded` of all
   */
  take({ accountId, principal }: Listener): () => void {
    if (this.#isStopping) throw full('This server is stopping. Connect again: another one answers.')
    if (this.#count >= this.maxInAll) throw full('As many listen as this server takes. Try again later.')
    const names = [`one ${accountId} ${principal.kind} ${principal.id}`, `account ${accountId}`]
    for (const [at, most] of [maxOfOne, maxOfAccount].entries()) {
      if ((this.#counts.get(names[at] ?? '') ?? 0) < most) continue
      const whose = at === 0 ? 'With this key, or as this person' : 'In this account'
      const message = `${whose}, ${most} listen to events already. End one, or share one among programs.`
      throw new Refusal('rate_limited', message, { headers: { 'retry-after': '10' } })
    }
    const count = (by: number) => {
      this.#count += by
      for (const name of names) {
        const left = (this.#counts.get(name) ?? 0) + by
        if (left > 0) this.#counts.set(name, left)
        else this.#counts.delete(name)
      }
    }
    count(1)
    let isTaken = true
    return () => {
      if (isTaken) count(-1)
      isTaken = false
    }
  }

  /** Tells somebody of what comes, until they are at an end. Resolves when they have what was there: records up to `size`. */
  async add(accountId: number, member: Member, size: number): Promise<void> {
    // Whoever took a place before, and begins only now, would be waited for.
    if (this.#isStopping) return this.#end(member)
    this.#unfollow ??= this.#store.follow(
      (grown) => this.#feeds.get(grown)?.wake(),
      () => this.#feeds.keys(),
    )
    const feed = this.#feeds.get(accountId) ?? new Feed(this.#store, accountId, this.#now)
    this.#feeds.set(accountId, feed)
    this.#members.add(member)
    // Whoever cannot be told what was missed is to come again.
    await feed.join(member, size).catch(() => this.#end(member))
  }

  remove(accountId: number, member: Member): void {
    member.isOver = true
    this.#members.delete(member)
    const feed = this.#feeds.get(accountId)
    feed?.leave(member)
    if (feed?.isIdle === true && ![...this.#members].some((one) => one.viewer.listener.accountId === accountId)) {
      this.#feeds.delete(accountId)
    }
  }

  /** Ends all of them, so that they go on elsewhere, and takes no others. */
  stop(): void {
    this.#isStopping = true
    for (const member of [...this.#members]) this.#end(member)
    this.#feeds.clear()
    this.#unfollow?.()
    this.#unfollow = undefined
  }

  #end(member: Member): void {
    this.#members.delete(member)
    if (member.isOver) return
    member.isOver = true
    member.sink.end('stopping')
  }
}

function full(message: string): Refusal {
  return new Refusal('overloaded', message, { headers: { 'retry-after': '5' } })
}
