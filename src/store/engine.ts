/** What a database must do to be a store: run a batch in one durable transaction, and answer plain queries. */

import type { KeyObject } from 'node:crypto'
import type { Lease } from '../model/lease.ts'
import type { Lane } from './batcher.ts'
import type { Setting } from './load.ts'
import type { Batch, Outcome, Request } from './operation.ts'
import type { Query } from './sql.ts'
import type { DecoyRead } from './stored.ts'
import type { NamedRow } from './tables/field.ts'
import type { Watched } from './watched.ts'

/** The one key that the store has: it makes the MACs of rows, and opens nothing. */
export interface RowKey {
  readonly key: KeyObject
  readonly storeId: string
}

export type { Lane }

export interface Engine extends Watched {
  readonly dialect: 'sqlite' | 'postgres'
  /** Requests of one lane may go together. */
  laneOf(request: Request): Lane
  /** Where they go when others of their lane should not wait for them. */
  apartOf?(request: Request): Lane
  /**
   * Runs a batch in one transaction and resolves when it is durable.
   *
   * @throws Refusal `audit_unavailable`, `storage_full`: nothing happened; `invalid`: nothing happened, because of what one
   *   of the requests holds; `outcome_unknown`: it may have happened
   * @throws Crowded in a lane that is not apart
   * @param onDecided told when it is decided, and nothing is left but to make it durable
   */
  run(batch: Batch, setting: Setting, lane: Lane, onDecided: () => void): Promise<Outcome[]>
  /** Told of each read of a decoy, once it is durable. */
  onDecoyRead: (read: DecoyRead) => void
  /** Before the first batch. */
  takeRowKey(rowKey: RowKey): Promise<void>
  /**
   * Seals the next rows that an older version left, in a transaction of its own.
   *
   * @returns whether nothing is left
   */
  sealStep(limit?: number): Promise<boolean>
  /**
   * Runs statements in one transaction, under a lease.
   *
   * @returns whether it was held; else nothing happened
   */
  underLease(lease: Lease, statements: readonly Query[]): Promise<boolean>
  /** Runs one statement, a transaction of its own. */
  query(query: Query): Promise<readonly NamedRow[]>
  /**
   * Makes a change that means nothing durable: whoever can may hope that a batch can be, too.
   *
   * @throws when that cannot be done now
   */
  probe(): Promise<void>
  /** Gives back what memory its opening took beside this thread's. */
  collect(): Promise<void>
  close(): Promise<void>
}
