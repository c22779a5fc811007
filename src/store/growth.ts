/** That trails grow: a node tells its followers of its own batches, of what other nodes say, and of what it finds by looking. */
import { among, type Query, sql } from './sql.ts'
import type { NamedRow } from './tables/field.ts'

/** Told that the trail of an account has records up to this number, or that it may have. */
export type OnGrown = (accountId: number, size: number) => void

/** How far the trail of an account goes. */
export interface Grown {
  readonly id: number
  readonly auditSize: number
}

interface Follower {
  readonly onGrown: OnGrown
  readonly watched: () => Iterable<number>
}

/** How often it is looked at what followers watch: whoever appends may not be able to say so. */
const lookMs = 1000
/** While other nodes are heard, each time of so many. */
const looksHearing = 2
/** Accounts of which one statement asks. */
const askedAtOnce = 1000
/** More than that are forgotten, those first that were told first: they are told again for nothing. */
const maxTold = 10_000

export class Growth {
  readonly #ask: (query: Query) => Promise<readonly NamedRow[]>
  readonly #followers = new Set<Follower>()
  /** How far the trails went that were told last. */
  readonly #told = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #looks = 0
  /** Whether other nodes are heard. */
  isHearing = false

  constructor(ask: (query: Query) => Promise<readonly NamedRow[]>) {
    this.#ask = ask
  }

  /** @see Store.follow */
  follow(onGrown: OnGrown, watched: () => Iterable<number> = () => []): () => void {
    const follower = { onGrown, watched }
    this.#followers.add(follower)
    this.#timer ??= setInterval(() => void this.#lookAgain(), lookMs).unref()
    return () => {
      this.#followers.delete(follower)
      if (this.#followers.size === 0) this.stop()
    }
  }

  /**
   * Takes note of trails as a commit left them, or as another node says.
   *
   * @returns those that have grown
   */
  note(trails: Iterable<Grown>): readonly Grown[] {
    const grown = [...trails].filter(({ id, auditSize }) => auditSize > (this.#told.get(id) ?? 0))
    for (const one of grown) this.#tell(one)
    return grown
  }

  /** Looks at all that is watched: something may have been missed. */
  async look(): Promise<void> {
    const watched = [...new Set([...this.#followers].flatMap((one) => [...one.watched()]))]
    for (let from = 0; from < watched.length; from += askedAtOnce) {
      const ids = watched.slice(from, from + askedAtOnce)
      const rows = await this.#ask(sql`select id, audit_size from accounts where id in (${among(ids)})`)
      for (const row of rows) {
        const found = { id: Number(row['id']), auditSize: Number(row['audit_size']) }
        // One that is shorter has lost its end: it is told of from there on.
        if (this.#told.get(found.id) !== found.auditSize) this.#tell(found)
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #lookAgain(): Promise<void> {
    this.#looks++
    if (this.#isLooking || (this.isHearing && this.#looks % looksHearing !== 0)) return
    this.#isLooking = true
    // A database that is away is looked at the next time.
    await this.look().catch(() => {})
    this.#isLooking = false
  }

  #tell({ id, auditSize }: Grown): void {
    // To the end, where somebody may soon have to go; else a map that one leaves and enters makes garbage that lives long.
    if (this.#told.size > maxTold / 2) this.#told.delete(id)
    this.#told.set(id, auditSize)
    const [oldest] = this.#told.keys()
    if (this.#told.size > maxTold && oldest !== undefined) this.#told.delete(oldest)
    for (const { onGrown } of this.#followers) onGrown(id, auditSize)
  }
}
