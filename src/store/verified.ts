/** Loads only what is authentic: every row that has a MAC is checked as it comes, and what is not its own is noted. */
import type { Forged } from './forged.ts'
import { authentic, type Lookup } from './lookup.ts'
import type { RowMacs } from './row-macs.ts'
import type { Result, Transaction } from './transaction.ts'

/**
 * A transaction that checks what it gives, as each look-up says.
 *
 * @param forged where what is not authentic, or lacks a part, is noted
 */
export function verified(tx: Transaction, macs: RowMacs, forged: Forged[]): Transaction {
  const areAuthentic = <Found>(rows: readonly Found[], check: Lookup<never, Found>['check']): boolean => {
    const before = forged.length
    if (check !== undefined) forged.push(...rows.flatMap((row) => check(row, macs) ?? []))
    return forged.length === before
  }
  const checked = <Found>(
    found: Result<readonly Found[]>,
    check: Lookup<never, Found>['check'],
  ): Result<readonly Found[]> => {
    const checkAll = (rows: readonly Found[]) => {
      areAuthentic(rows, check)
      return rows
    }
    return found instanceof Promise ? found.then(checkAll) : checkAll(found)
  }
  const checkAccount = authentic('accounts')
  return {
    lockAccounts: (ids, tokenHashes) => checked(tx.lockAccounts(ids, tokenHashes), checkAccount),
    now: () => tx.now(),
    find: (lookup, refs) =>
      tx.findChecked?.(lookup, refs, (found) => areAuthentic(found, lookup.check)) ??
      checked(tx.find(lookup, refs), lookup.check),
    claims: (ranges, lock) => tx.claims(ranges, lock),
    newAccounts: (names) => tx.newAccounts(names),
    holds: (lease) => tx.holds(lease),
    write: (steps) => tx.write(steps),
  }
}
