/** What accounts keep their keys with that have a provider of their own. */
import { hash } from 'node:crypto'
import type { ClosedReason, CustomerKey } from '../../model/customer-key.ts'
import { plainly } from '../rows.ts'
import { bytes, integer, integerOrNull, mac, text, wordOrNull } from './field.ts'
import { sealedTable } from './table.ts'

const covered = { cover: (value: Uint8Array) => hash('sha256', value, 'hex') }

export const customerKeys = sealedTable<CustomerKey>()({
  name: 'customer_keys',
  key: ['accountId'],
  unique: [],
  holdsKeys: true,
  writing: plainly,
  since: '0035-customer-keys',
  called: ({ provider }) => ({ kind: 'customer_key', id: null, uid: null, name: provider }),
  whenMissing: 'the values of the account do not open: 403 `account_key_unavailable`; `audit verify --state` finds it',
  fields: {
    accountId: integer('account_id'),
    uid: text('uid'),
    provider: text('provider'),
    credentials: bytes('credentials', covered),
    form: bytes('form', covered),
    createdAt: integer('created_ms'),
    closedAt: integerOrNull('closed_ms'),
    closedFor: wordOrNull<ClosedReason>('closed_for'),
    mac: mac(),
  },
})
