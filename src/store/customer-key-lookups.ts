/** How the row of what an account keeps its key with is found. */
import { sealedRows } from './lookup.ts'
import { customerKeys } from './tables/customer-key.ts'

/** Where it has a provider of its own. */
export const customerKeyOf = sealedRows<{ readonly accountId: number }>()('customer_key', customerKeys, {
  by: { accountId: 'account_id' },
})
