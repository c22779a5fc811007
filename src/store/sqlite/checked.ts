/** One batch's transaction with what it gives checked, as `verified` checks it; the same rows are checked once. */
import type { Account } from '../../model/account.ts'
import type { AddressRange } from '../../model/address.ts'
import type { Lease } from '../../model/lease.ts'
import type { Forged } from '../forged.ts'
import { authentic, type Lookup, type Question } from '../lookup.ts'
import type { RowMacs } from '../row-macs.ts'
import type { At } from '../rows.ts'
import type { NamedRow } from '../tables/field.ts'
import type { Claim } from '../tables/machine.ts'
import type { Result, Transaction } from '../transaction.ts'
import { forgedOf } from '../verified.ts'
import type { Step } from '../writes.ts'
import { isKept, type KnownRows } from './known-rows.ts'

const checkAccount = authentic('accounts')

/** One that answers at once. */
interface Direct extends Transaction {
  lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): readonly Account[]
  find<Ref extends object, Found>(lookup: Lookup<Ref, Found>, refs: readonly Ref[]): readonly Found[]
  rowsOf(question: Question, ref: object): readonly NamedRow[]
}

export class CheckedTransaction implements Transaction {
  readonly #tx: Direct
  readonly #known: KnownRows
  readonly #macs: RowMacs
  readonly #forged: Forged[]

  constructor(tx: Direct, known: KnownRows, macs: RowMacs, forged: Forged[]) {
    this.#tx = tx
    this.#known = known
    this.#macs = macs
    this.#forged = forged
  }

  lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): readonly Account[] {
    const found = this.#tx.lockAccounts(ids, tokenHashes)
    this.#isAuthentic(found, checkAccount)
    return found
  }

  find<Ref extends object, Found>(lookup: Lookup<Ref, Found>, refs: readonly Ref[]): readonly Found[] {
    if (!isKept(lookup)) {
      const found = this.#tx.find(lookup, refs)
      this.#isAuthentic(found, lookup.check)
      return found
    }
    return refs.flatMap((ref) => {
      const rows = this.#tx.rowsOf(lookup, ref)
      const at = lookup.atOf(ref)
      return this.#known.meaning(lookup, at, rows) ?? this.#read(lookup, at, rows)
    })
  }

  now(): Result<number> {
    return this.#tx.now()
  }

  claims(ranges: readonly AddressRange[], lock: boolean): Result<readonly Claim[]> {
    return this.#tx.claims(ranges, lock)
  }

  newAccounts(names: readonly string[]): ReturnType<Transaction['newAccounts']> {
    return this.#tx.newAccounts(names)
  }

  holds(lease: Lease): Result<boolean> {
    return this.#tx.holds(lease)
  }

  write(steps: readonly Step[]): Result<void> {
    return this.#tx.write(steps)
  }

  #read<Ref, Found>(lookup: Lookup<Ref, Found>, at: At, rows: readonly NamedRow[]): readonly Found[] {
    const found = lookup.read(rows)
    if (this.#isAuthentic(found, lookup.check)) this.#known.keep(lookup, at, rows, found)
    return found
  }

  /** Notes what is not. */
  #isAuthentic<Found>(found: readonly Found[], check: Lookup<never, Found>['check']): boolean {
    const forged = forgedOf(found, check, this.#macs)
    this.#forged.push(...forged)
    return forged.length === 0
  }
}
