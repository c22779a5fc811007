/** How the people of an account must sign in, and how often somebody has tried to. */

import { type SignInRules, type SsoSettings, ssoText } from '../../model/sign-in.ts'
import { plainly } from '../rows.ts'
import { coded, flag, integer, mac, text } from './field.ts'
import { openTable, sealedTable } from './table.ts'

export const signInRules = sealedTable<SignInRules>()({
  name: 'sign_in_rules',
  key: ['accountId'],
  unique: [],
  holdsKeys: false,
  writing: { ...plainly, changed: 'put' },
  called: () => ({ kind: 'sign_in', id: null, uid: null, name: null }),
  whenMissing: 'refused: every account has its row',
  fields: {
    accountId: integer('account_id'),
    isSecondFactorRequired: flag('second_factor'),
    sso: coded('sso', 'text?', {
      read: (value) => toSso(value === null ? null : String(value)),
      write: ssoText,
      cover: ssoText,
    }),
    mac: mac(),
  },
})

/** What is no JSON stands for nothing that has a MAC: the row's does not hold then. */
function toSso(stored: string | null): SsoSettings | null {
  if (stored === null) return null
  try {
    return JSON.parse(stored) as SsoSettings
  } catch {
    return { uid: '', label: '', issuer: '', clientId: '', clientSecret: '', domains: [], role: null, isOnly: true }
  }
}

/** Attempts that were made in the window that ends then. */
export interface Attempts {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly until: number
  readonly count: number
}

export const attempts = openTable<Attempts>()({
  name: 'attempts',
  key: ['name'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  since: '0013-attempts',
  unsealed:
    'count guesses: without them, guessing is as slow as the passwords are, the six digits of an app too, for who has the password',
  fields: {
    name: text('name'),
    until: integer('until_ms'),
    count: integer('count'),
  },
})
