/** What batches look for of logins: by the code of the command, and by the one that a person types. */
import { lookup, sealedRows } from './lookup.ts'
import { logins } from './tables/login.ts'

interface HashRef {
  readonly hash: string
}

interface CodeRef extends HashRef {
  readonly accountId: number
}

/** The account that a login belongs to. */
export const accountsOfLogins = lookup<HashRef, number>(
  'accounts_of_logins',
  logins,
  { select: 't.account_id', by: { hash: 'device_hash' } },
  (rows) => rows.map((row) => Number(row['account_id'])),
  undefined,
  () => undefined,
)
export const loginsByDevice = sealedRows<HashRef>()('logins_by_device', logins, { by: { hash: 'device_hash' } })
/** Of an account; those that are over too. */
export const loginsWithCode = sealedRows<CodeRef>()('logins_with_code', logins, {
  by: { accountId: 'account_id', hash: 'code_hash' },
})
