/** The environments of an account, but for `default`. */
import type { Environment } from '../../model/environment.ts'
import { fact, index, plainly } from '../rows.ts'
import { constant, integer, integerOrNull, mac, text } from './field.ts'
import { sealedTable } from './table.ts'

/** What older rows, which are all in `default`, have in its place. */
export const addedEnvironment = { isConstant: true, added: { by: '0025-environments', value: 1 } } as const

export const environments = sealedTable<Environment>()({
  name: 'environments',
  key: ['accountId', 'id'],
  unique: [['accountId', 'name']],
  holdsKeys: false,
  since: '0025-environments',
  writing: { ...plainly, isRenamed: true },
  called: ({ id, uid, name }) => ({ kind: 'environment', id, uid, name }),
  whenMissing: 'the environment is not found, nor is anything that is in it; what has it as its base inherits nothing',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid', constant),
    name: text('name'),
    baseId: integerOrNull('base_id'),
    createdAt: integer('created_ms', constant),
    updatedAt: integer('updated_ms'),
    mac: mac(),
  },
})

export const environmentsByName = index(environments, 'accountId', 'name')

/** What is in environments that are to be deleted, by kinds. */
export const inhabitants = fact<readonly [accountId: number, id: number], readonly string[]>('inhabitants')
