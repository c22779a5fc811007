/** Lists of secrets. */
import type { List } from '../../model/list.ts'
import { constant, integer, mac, text } from './field.ts'
import { sealedTable } from './table.ts'

export const lists = sealedTable<List>()({
  name: 'lists',
  key: ['accountId', 'id'],
  unique: [['accountId', 'name']],
  holdsKeys: false,
  called: ({ id, uid, name }) => ({ kind: 'list', id, uid, name }),
  whenMissing: 'the list is not listed; its secrets are refused where their list is asked for',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid', constant),
    name: text('name'),
    createdAt: integer('created_ms', constant),
    updatedAt: integer('updated_ms'),
    mac: mac({ added: { by: '0010-row-macs', value: new Uint8Array() } }),
  },
})
