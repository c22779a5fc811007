/** What was answered to requests that may be repeated. */

import { noSecret, type Reply, type SecretHead } from '../reply.ts'
import { plainly } from '../rows.ts'
import { integer, json, mac, members, text, textOrNull } from './field.ts'
import { removal } from './removal.ts'
import { sealedTable } from './table.ts'

/** For how long a reply is remembered. */
export const replyLifetimeMs = 24 * 60 * 60 * 1000

/** One that is remembered no longer is not looked for, and may be there until it is swept: another one takes its place. */
export const replies = sealedTable<Reply>()({
  name: 'replies',
  key: ['accountId', 'keyId', 'hash'],
  unique: [],
  holdsKeys: false,
  writing: { ...plainly, changed: 'put' },
  called: ({ secret: { id, name } }) => ({ kind: 'secret', id, uid: null, name }),
  whenMissing: 'a request that is repeated is carried out again, as after a day',
  fields: {
    accountId: integer('account_id'),
    keyId: integer('key_id'),
    hash: text('hash'),
    fingerprint: text('fingerprint'),
    secret: json('secret', {
      fallback: noSecret,
      cover: members<SecretHead>()('id', 'name', 'version', 'createdAt', 'updatedAt', 'listId'),
    }),
    createdAt: integer('created_ms'),
    mac: mac({ added: { by: '0010-row-macs', value: new Uint8Array() } }),
    answer: textOrNull('answer', { added: { by: '0017-replies', value: null } }),
  },
})

/** What is remembered no longer. */
export const overReplies = removal(replies, ['accountId', 'createdAt'], { isUpTo: true, isSweep: true })
