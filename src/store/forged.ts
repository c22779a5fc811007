/** Rows that are not authentic, or that are missing, in the words of the trail. */
import type { AuditObject } from '../audit/record.ts'
import { factorName } from '../model/factor.ts'
import type { SealedRows, SealedTable } from './coverage.ts'

/** A row that is not authentic, or that is missing. */
export interface Forged {
  readonly accountId: number
  readonly object: AuditObject
}

type Described = { readonly [Table in SealedTable]: (row: SealedRows[Table]) => Omit<AuditObject, 'version' | 'hash'> }

/** What the trail calls a row. */
const described: Described = {
  accounts: ({ id, name }) => ({ kind: 'account', id, uid: null, name }),
  account_settings: () => ({ kind: 'settings', id: null, uid: null, name: null }),
  api_keys: ({ id, uid, name, userId }) => ({ kind: userId === null ? 'key' : 'session', id, uid, name }),
  users: ({ id, uid, email }) => ({ kind: 'user', id, uid, name: email }),
  factors: (factor) => ({ kind: 'factor', id: factor.id, uid: factor.uid, name: factorName(factor) }),
  sign_in_rules: () => ({ kind: 'sign_in', id: null, uid: null, name: null }),
  lists: ({ id, uid, name }) => ({ kind: 'list', id, uid, name }),
  secrets: ({ id, uid, name }) => ({ kind: 'secret', id, uid, name }),
  versions: ({ secretId, name }) => ({ kind: 'secret', id: secretId, uid: null, name }),
  machines: ({ id, uid, name }) => ({ kind: 'machine', id, uid, name }),
  deployments: ({ id, target }) => ({ kind: 'target', id, uid: null, name: target }),
  seeds: ({ id, uid, target }) => ({ kind: 'seed', id, uid, name: target }),
  trust_rules: ({ id, uid, name }) => ({ kind: 'trust_rule', id, uid, name }),
  replies: ({ secret: { id, name } }) => ({ kind: 'secret', id, uid: null, name }),
}

export function forgedRow<Table extends SealedTable>(table: Table, row: SealedRows[Table]): Forged {
  const accountId = 'accountId' in row ? row.accountId : row.id
  return { accountId, object: { ...described[table](row), version: null, hash: null } }
}

/** Of rows that an account has one of, from the beginning. */
export function missingRow(accountId: number, kind: 'settings' | 'sign_in'): Forged {
  return { accountId, object: { kind, id: null, uid: null, name: null, version: null, hash: null } }
}
