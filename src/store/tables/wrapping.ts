/** Answers that wait to be opened, once. Rows are here until they end, without the answer from when it was opened. */
import { hash } from 'node:crypto'
import type { Wrapping } from '../../model/wrapping.ts'
import { index, plainly } from '../rows.ts'
import { bytes, constant, integer, integerOrNull, mac, text } from './field.ts'
import { removal } from './removal.ts'
import { sealedTable } from './table.ts'

export const wrappings = sealedTable<Wrapping>()({
  name: 'wrappings',
  key: ['accountId', 'id'],
  unique: [['tokenHash']],
  holdsKeys: false,
  writing: { ...plainly, changed: 'replaced' },
  since: '0034-wrappings',
  called: ({ id, uid, path }) => ({ kind: 'wrapping', id, uid, name: path }),
  whenMissing: 'the wrapping token is unknown: 400',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid', constant),
    tokenHash: text('token_hash'),
    path: text('path', constant),
    sealed: bytes('sealed', { cover: (sealed) => hash('sha256', sealed, 'hex') }),
    keyId: integer('key_id', constant),
    lifetimeSeconds: integer('lifetime_s', constant),
    createdAt: integer('created_ms'),
    expiresAt: integer('expires_ms'),
    openedAt: integerOrNull('opened_ms'),
    mac: mac(),
  },
})

export const wrappingsByToken = index(wrappings, 'tokenHash')

export const overWrappings = removal(wrappings, ['accountId', 'expiresAt'], { isUpTo: true, isSweep: true })
