/** Leases as the vault sees them. */
import type { Lease } from '../model/lease.ts'
import { dropLease, renewLease, takeLease } from './lease-queries.ts'
import type { Query } from './sql.ts'
import type { NamedRow } from './tables/field.ts'

interface Asked {
  readonly dialect: 'sqlite' | 'postgres'
  query(query: Query): Promise<readonly NamedRow[]>
}

export class Leases {
  readonly #engine: Asked

  constructor(engine: Asked) {
    this.#engine = engine
  }

  /**
   * Takes a lease that nobody has, or nobody any more.
   *
   * @param forMs until it is over, unless it is renewed; by the clock of the database
   * @returns its fence; nothing while somebody else has it
   */
  async take(name: string, holder: string, forMs: number): Promise<number | undefined> {
    const { query, read } = takeLease(this.#engine.dialect, name, holder, forMs)
    const [row] = await this.#engine.query(query)
    return row === undefined ? undefined : read(row).fence
  }

  /** @returns whether it is still held */
  async renew(lease: Lease, forMs: number): Promise<boolean> {
    const { query } = renewLease(this.#engine.dialect, lease, forMs)
    return (await this.#engine.query(query)).length > 0
  }

  /** Gives it back before its end. */
  async drop(lease: Lease): Promise<void> {
    await this.#engine.query(dropLease(this.#engine.dialect, lease))
  }
}
