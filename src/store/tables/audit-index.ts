/** Where in the trails of accounts there is something of what is asked for. */
import { hash } from 'node:crypto'
import type { IndexRow } from '../../model/audit-index.ts'
import { plainly } from '../rows.ts'
import { bytes, constant, integer, mac } from './field.ts'
import { sealedTable } from './table.ts'

export const auditIndex = sealedTable<IndexRow>()({
  name: 'audit_index',
  key: ['accountId', 'bucket', 'first'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  since: '0032-audit-index',
  called: ({ accountId }) => ({ kind: 'account', id: accountId, uid: null, name: null }),
  whenMissing: 'the records of its segment are looked at one by one, until it is made again',
  fields: {
    accountId: integer('account_id'),
    bucket: integer('bucket'),
    first: integer('first_seq'),
    last: integer('last_seq', constant),
    format: integer('format', constant),
    said: bytes('said', { cover: (said) => hash('sha256', said, 'hex') }),
    mac: mac(),
  },
})
