/** What a batch writes of users and of what they sign in with, to SQLite. */
import { factorValues, rulesValues, spentValues, userValues } from '../user-rows.ts'
import type { Changes } from '../world.ts'
import type { Statements } from './statements.ts'

export function applyUsers({ putUser, deleteUser }: Statements, { users }: Changes): void {
  for (const [at, { row }] of users) {
    if (row === null) deleteUser.run(...idOf(at))
    else putUser.run(...userValues(row))
  }
}

/** What is used up and would have expired goes, whenever something is. */
export function applyFactors(statements: Statements, { factors, spent, rules }: Changes): void {
  const { putFactor, deleteFactor, pruneSpent, insertSpent, putRules } = statements
  // First what goes: it may be found by what another is to be found by.
  for (const [at, { row }] of factors) if (row === null) deleteFactor.run(...idOf(at))
  for (const { row } of factors.values()) if (row !== null) putFactor.run(...factorValues(row))
  for (const one of spent) {
    pruneSpent.run(one.accountId, one.now)
    insertSpent.run(...spentValues(one))
  }
  for (const one of rules.values()) putRules.run(...rulesValues(one))
}

function idOf(at: string): [number, number] {
  const [accountId = 0, id = 0] = at.split(' ').map(Number)
  return [accountId, id]
}
