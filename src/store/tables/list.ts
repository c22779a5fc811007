/** Lists of secrets. */
import type { List } from '../../model/list.ts'
import { fact, index, plainly } from '../rows.ts'
import { addedEnvironment } from './environment.ts'
import { constant, integer, mac, principalOrNull, text } from './field.ts'
import { sealedTable } from './table.ts'

export const lists = sealedTable<List>()({
  name: 'lists',
  key: ['accountId', 'id'],
  unique: [['accountId', 'environmentId', 'name']],
  holdsKeys: false,
  writing: { ...plainly, isRenamed: true },
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
    deleter: principalOrNull('deleter', { added: { by: '0019-deletion-in-parts', value: null } }),
    environmentId: integer('environment_id', addedEnvironment),
  },
})

export const listsByName = index(lists, 'accountId', 'environmentId', 'name')

/** The ids of what is in a list: all of them, or a few more than go in one part. */
export const contents = fact<readonly [accountId: number, listId: number], readonly number[]>('contents of lists')

/** The lists whose secrets are all here: how many deployments of an environment hold something of each. */
export const wholeLists = fact<readonly [accountId: number, listId: number, environmentId: number], number>(
  'whole lists',
)
