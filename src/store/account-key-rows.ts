/** The rows of accounts' keys, as the databases hold them. */
import type { AccountKey } from '../model/account.ts'

export interface AccountKeyRow {
  account_id: number
  version: number
  wrapped: Uint8Array
  uses: number
}

export function toAccountKey(row: AccountKeyRow): AccountKey {
  return { accountId: row.account_id, version: row.version, wrapped: row.wrapped, uses: row.uses }
}
