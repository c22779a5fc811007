/** What a node acknowledged of each account's trail, to be held against what the database has: a failover may have lost it. */
import type { Account } from '../model/account.ts'

/** How far a trail goes, and what its records come to. */
export interface Head {
  readonly accountId: number
  readonly size: number
  /** Hexadecimal. */
  readonly head: string
}

/** @param found how far the trail goes now; as far as it was known, or farther, where another one is in its place */
export type TellLost = (known: Head, found: number) => void

/** So many accounts are remembered, those that were used last. */
const maxKnown = 10_000

/** How far the trail of an account goes. */
type Trail = Pick<Account, 'id' | 'auditSize' | 'auditHead'>

/** Of each account that a batch has locked. */
export type Locked = readonly Trail[]

interface Known extends Head {
  readonly moment: number
}

export class Trails {
  readonly #known = new Map<number, Known>()
  /** What others took the place of since a standby may have taken over. */
  #before: Map<number, Known> | undefined
  #moment = 0
  #tell: TellLost = () => {}

  onLost(tell: TellLost): void {
    this.#tell = tell
  }

  /** Those that anything was acknowledged of; of an account two, where it was in doubt before the newer one. */
  get known(): readonly Head[] {
    return [...(this.#before?.values() ?? []), ...this.#known.values()]
  }

  /** A standby may have taken over: what was acknowledged until now is kept until it was held against the database. */
  doubt(): void {
    this.#before ??= new Map()
  }

  /** All that is known was held against the database. */
  settle(): void {
    this.#before = undefined
  }

  /** Counts what was acknowledged: what comes later was not there yet for whoever has begun to read. */
  get moment(): number {
    return this.#moment
  }

  /**
   * Holds accounts against what is known.
   *
   * @param since a moment before they were read: others may append to their trails meanwhile
   */
  compare(accounts: Iterable<Trail>, since: number): void {
    for (const { id, auditSize, auditHead } of accounts) {
      const known = this.#known.get(id)
      if (known === undefined || known.moment > since || auditSize > known.size) continue
      if (auditSize === known.size && hexOf(auditHead) === known.head) continue
      this.lose(known, auditSize)
    }
  }

  /** Takes note of what a commit made durable, and somebody was told. */
  acknowledge(accounts: Iterable<Trail>): void {
    this.#moment++
    for (const { id, auditSize, auditHead } of accounts) {
      const known = this.#known.get(id)
      if (auditSize === 0 || auditSize < (known?.size ?? 0)) continue
      if (known !== undefined && this.#before?.has(id) === false) this.#before.set(id, known)
      // To the end, where somebody may soon have to go; else a map that one leaves and enters makes garbage that lives long.
      if (this.#known.size > maxKnown / 2) this.#known.delete(id)
      this.#known.set(id, { accountId: id, size: auditSize, head: hexOf(auditHead), moment: this.#moment })
    }
    for (const [id] of this.#known) {
      if (this.#known.size <= maxKnown) return
      this.#known.delete(id)
    }
  }

  /** What was lost is told once, though a batch and the watch over the database may come upon it at a time. */
  lose(known: Head, found: number): void {
    const held = [this.#known, this.#before].find((one) => one?.get(known.accountId) === known)
    if (held?.delete(known.accountId)) this.#tell(known, found)
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
