/** Rows that are not authentic, or that are missing, in the words of the trail. */
import type { AuditObject } from '../audit/record.ts'
import type { SealedRows, SealedTable } from './coverage.ts'
import { sealedTables } from './tables/tables.ts'

/** A row that is not authentic, or that is missing. */
export interface Forged {
  readonly accountId: number
  readonly object: AuditObject
}

type Called = { readonly [Table in SealedTable]: (row: SealedRows[Table]) => Omit<AuditObject, 'version' | 'hash'> }
/** The border between tables by name and their rows. */
const calledBy = Object.fromEntries(Object.entries(sealedTables).map(([name, { called }]) => [name, called])) as Called

export function forgedRow<Table extends SealedTable>(table: Table, row: SealedRows[Table]): Forged {
  const accountId = 'accountId' in row ? row.accountId : row.id
  return { accountId, object: { ...calledBy[table](row), version: null, hash: null } }
}

/** Of rows that an account has one of, from the beginning. */
export function missingRow(accountId: number, kind: 'settings' | 'sign_in'): Forged {
  return { accountId, object: { kind, id: null, uid: null, name: null, version: null, hash: null } }
}
