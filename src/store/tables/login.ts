/** Commands that ask for an API key. Rows are here until an hour after their codes have ended. */
import type { Login } from '../../model/login.ts'
import { index, plainly } from '../rows.ts'
import { constant, flag, integer, integerOrNull, mac, text, words } from './field.ts'
import { removal } from './removal.ts'
import { sealedTable } from './table.ts'

export const logins = sealedTable<Login>()({
  name: 'logins',
  key: ['accountId', 'id'],
  unique: [['deviceHash']],
  holdsKeys: false,
  writing: plainly,
  since: '0024-logins',
  called: ({ id, uid, host }) => ({ kind: 'login', id, uid, name: host }),
  whenMissing: 'the codes are unknown: 401 and 404',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid', constant),
    deviceHash: text('device_hash', constant),
    codeHash: text('code_hash', constant),
    host: text('host', constant),
    address: text('address', constant),
    scopes: words('scopes', constant),
    lifetimeSeconds: integer('lifetime_s', constant),
    wantsNetwork: flag('wants_network', constant),
    createdAt: integer('created_ms', constant),
    expiresAt: integer('expires_ms', constant),
    state: text('state'),
    userId: integerOrNull('user_id'),
    userGeneration: integer('user_generation'),
    granted: words('granted'),
    networks: words('networks'),
    polledAt: integer('polled_ms'),
    intervalSeconds: integer('interval_s'),
    mac: mac(),
  },
})

export const loginsByDevice = index(logins, 'deviceHash')

export const overLogins = removal(logins, ['accountId', 'expiresAt'], { isUpTo: true, isSweep: true })
