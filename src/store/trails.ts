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

/** Of each account that a batch has locked. */
export type Locked = readonly Account[]

export class Trails {
  readonly #known = new Map<number, Head>()
  #tell: TellLost = () => {}

  onLost(tell: TellLost): void {
    this.#tell = tell
  }

  /** Those that anything was acknowledged of. */
  get known(): readonly Head[] {
    return [...this.#known.values()]
  }

  /** Holds accounts against what is known, as they were read under their locks. */
  compare(accounts: Iterable<Account>): void {
    for (const { id, auditSize, auditHead } of accounts) {
      const known = this.#known.get(id)
      if (known === undefined || auditSize > known.size) continue
      if (auditSize === known.size && hexOf(auditHead) === known.head) continue
      this.lose(known, auditSize)
    }
  }

  /** Takes note of what a commit made durable, and somebody was told. */
  acknowledge(accounts: Iterable<Account>): void {
    for (const { id, auditSize, auditHead } of accounts) {
      if (auditSize === 0 || auditSize < (this.#known.get(id)?.size ?? 0)) continue
      this.#known.delete(id)
      this.#known.set(id, { accountId: id, size: auditSize, head: hexOf(auditHead) })
    }
    for (const [id] of this.#known) {
      if (this.#known.size <= maxKnown) return
      this.#known.delete(id)
    }
  }

  /** What was lost is told once. */
  lose(known: Head, found: number): void {
    this.#known.delete(known.accountId)
    this.#tell(known, found)
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
