/** Which node does what only one may do. */
import type { StoredLease } from '../../model/lease.ts'
import { plainly } from '../rows.ts'
import { integer, text } from './field.ts'
import { openTable } from './table.ts'

export const leases = openTable<StoredLease>()({
  name: 'leases',
  key: ['name'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  since: '0026-leases',
  unsealed:
    'say which node does what only one may do: whoever writes them can keep all from it, or have two do it at once, as whoever stops nodes or starts them can',
  fields: {
    name: text('name'),
    holder: text('holder'),
    fence: integer('fence'),
    until: integer('until_ms'),
  },
})
