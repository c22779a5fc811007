/** What users prove who they are with, and what of it has been used up. */
import { type Factor, factorName } from '../../model/factor.ts'
import { index, plainly } from '../rows.ts'
import type { Spent } from '../stored.ts'
import { integer, integerOrNull, mac, text, textOrNull } from './field.ts'
import { removal } from './removal.ts'
import { openTable, sealedTable } from './table.ts'

export const factors = sealedTable<Factor>()({
  name: 'factors',
  key: ['accountId', 'id'],
  unique: [['lookup']],
  holdsKeys: false,
  writing: { ...plainly, changed: 'replaced' },
  called: (factor) => ({ kind: 'factor', id: factor.id, uid: factor.uid, name: factorName(factor) }),
  whenMissing: 'refused: the row of the user says which there are',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid'),
    userId: integer('user_id'),
    kind: text('kind'),
    name: text('name'),
    lookup: textOrNull('lookup'),
    data: text('data'),
    createdAt: integer('created_ms'),
    usedAt: integerOrNull('used_ms', { uncovered: 'only shown' }),
    mac: mac(),
  },
})

export const spent = openTable<Spent>()({
  name: 'spent',
  key: ['accountId', 'hash'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  unsealed:
    'say that a challenge was answered: without the mark, whoever has that answer gives it again, for the minutes that it lives',
  fields: {
    accountId: integer('account_id'),
    hash: text('hash'),
    expiresAt: integer('expires_ms'),
  },
})

/** Of whatever account. */
export const factorsByLookup = index(factors, 'lookup')

/** What would have expired. */
export const overSpent = removal(spent, ['accountId', 'expiresAt'], { isUpTo: true, isSweep: true })
