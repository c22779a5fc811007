/** What an engine loads and writes within one transaction. */
import type { Account } from '../model/account.ts'
import type { AddressRange } from '../model/address.ts'
import type { Lease } from '../model/lease.ts'
import type { Lookup } from './lookup.ts'
import type { Claim } from './tables/machine.ts'
import type { Step } from './writes.ts'

/** What an engine can do within one open transaction. Nothing is asked for an empty list. */
export interface Transaction {
  /** The accounts with these ids and of these API keys, locked until the transaction ends. */
  lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): Result<readonly Account[]>
  /** Milliseconds since 1970, taken under the locks. */
  now(): Result<number>
  find<Ref extends object, Found>(lookup: Lookup<Ref, Found>, refs: readonly Ref[]): Result<readonly Found[]>
  /** The claims that meet any of these ranges. With `lock`, nobody else claims anything until the transaction ends. */
  claims(ranges: readonly AddressRange[], lock: boolean): Result<readonly Claim[]>
  /** Locks the making of accounts, and says which of the names are taken and what the next id is. */
  newAccounts(names: readonly string[]): Result<{ readonly taken: readonly string[]; readonly nextId: number }>
  /** Whether a lease is held, by whoever says so, with this fence: and stays so until the transaction ends. */
  holds(lease: Lease): Result<boolean>
  /** Carries the steps out in their order. */
  write(steps: readonly Step[]): Result<void>
  /**
   * As `find`, of an engine that knows what some rows mean: only what it does not know is given to be checked.
   *
   * @param isAuthentic notes what is not
   */
  findChecked?<Ref extends object, Found>(
    lookup: Lookup<Ref, Found>,
    refs: readonly Ref[],
    isAuthentic: (found: readonly Found[]) => boolean,
  ): readonly Found[]
}

export type Result<T> = T | Promise<T>
