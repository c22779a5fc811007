/** What batches look for of wrapped answers: by the wrapping token. */
import { lookup, sealedRows } from './lookup.ts'
import { wrappings } from './tables/wrapping.ts'

interface HashRef {
  readonly hash: string
}

/** The account that a wrapped answer belongs to. */
export const accountsOfWrappings = lookup<HashRef, number>(
  'accounts_of_wrappings',
  wrappings,
  { select: 't.account_id', by: { hash: 'token_hash' } },
  (rows) => rows.map((row) => Number(row['account_id'])),
  undefined,
  () => undefined,
)
export const wrappingsWithToken = sealedRows<HashRef>()('wrappings_with_token', wrappings, {
  by: { hash: 'token_hash' },
})
