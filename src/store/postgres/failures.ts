/** What an error of the database or of a connection means: whether to try again, where, and what is said of it. */
import { codeOf } from '../../error-code.ts'
import { Refusal } from '../../errors.ts'
import { Conflicting } from '../conflicting.ts'
import { unrecorded } from '../unrecorded.ts'

/** serialization_failure, deadlock_detected, unique_violation (two nodes made the same row): run again. */
const transient = new Set(['40001', '40P01', '23505'])
/** The connection knows statements as they were before the schema changed, or knows them no more. */
const worn = new Set(['0A000', '26000'])
export function isWorthAnotherTry(error: unknown): boolean {
  return isSpent(error) || isLockTimeout(error) || transient.has(sqlState(error) ?? '')
}

/** Whether another connection may do better. */
export function isSpent(error: unknown): boolean {
  return isConnectionLoss(error) || worn.has(sqlState(error) ?? '')
}

/** Whether it is in question who the primary is: a stale one whose commits wait for standbys that left it holds its locks. */
export function isDoubtful(error: unknown): boolean {
  return isConnectionLoss(error) || isLockTimeout(error)
}

/** lock_not_available */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03'
}

/** A fault of the connection has no SQLSTATE, or one of class 08 (connection) or 57P (shutdown). */
function isConnectionLoss(error: unknown): boolean {
  if (error instanceof Refusal) return false
  const state = sqlState(error)
  return error instanceof Error && (state === undefined || state.startsWith('08') || state.startsWith('57P'))
}

function sqlState(error: unknown): string | undefined {
  const code = codeOf(error)
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const cause = new Error(error instanceof Error ? error.message : 'unknown')
  if (sqlState(error) === '53100') {
    return new Refusal(
      'storage_full',
      'The disk of the database is full: nothing was changed. Free some space, then repeat.',
      { cause },
    )
  }
  // data_exception: such as a NUL, which no text of PostgreSQL holds.
  if (sqlState(error)?.startsWith('22') === true) {
    return new Refusal('invalid', 'The request holds a text that the database does not take.', { cause })
  }
  // integrity_constraint_violation, which another try did not end.
  if (sqlState(error)?.startsWith('23') === true) return new Conflicting(cause)
  return new Refusal('audit_unavailable', unrecorded, { cause, headers: { 'retry-after': '1' } })
}
