/** The users of an account. */
import type { User } from '../../model/user.ts'
import { index, plainly } from '../rows.ts'
import { flag, integer, integerOrNull, mac, numbers, text, textOrNull, words } from './field.ts'
import { sealedTable } from './table.ts'

export const users = sealedTable<User>()({
  name: 'users',
  key: ['accountId', 'id'],
  unique: [['accountId', 'email']],
  holdsKeys: false,
  writing: { ...plainly, changed: 'replaced' },
  called: ({ id, uid, email }) => ({ kind: 'user', id, uid, name: email }),
  whenMissing: 'the user cannot sign in, and their sessions end',
  textBegins: [
    ...(['accountId', 'id', 'uid', 'email', 'name', 'role', 'patterns', 'password', 'isDisabled'] as const),
    ...(['linkHash', 'linkExpiresAt', 'hasSecondFactor', 'generation', 'factorIds', 'createdAt'] as const),
  ],
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid'),
    email: textOrNull('email'),
    name: text('name'),
    role: text('role'),
    patterns: words('patterns'),
    password: textOrNull('password'),
    isDisabled: flag('is_disabled'),
    linkHash: textOrNull('link_hash'),
    linkExpiresAt: integerOrNull('link_expires_ms'),
    createdAt: integer('created_ms'),
    lastSignInAt: integerOrNull('last_sign_in_ms', {
      uncovered: 'only shown: when somebody came last, and whether they have come yet',
    }),
    mac: mac(),
    hasSecondFactor: flag('has_second_factor'),
    factorIds: numbers('factor_ids', { added: { by: '0010-row-macs', value: '' } }),
    generation: integer('generation', { added: { by: '0011-makers', value: 0 } }),
    environmentRoles: words('environment_roles', { added: { by: '0025-environments', value: '' } }),
  },
})

export const usersByEmail = index(users, 'accountId', 'email')
