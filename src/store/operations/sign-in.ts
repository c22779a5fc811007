/** The rules by which an account's users sign in. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { wholeReach } from '../../model/grant.ts'
import type { SignInRules } from '../../model/sign-in.ts'
import type { User } from '../../model/user.ts'
import type { Unsealed } from '../coverage.ts'
import { isUpon } from '../decide/proof.ts'
import { endSessions } from '../decide/sessions.ts'
import { done, put, refuse } from '../decide/work.ts'
import { signInRules } from '../tables/sign-in.ts'
import { defineOperation, overAll } from './define.ts'
import { usersOf } from './users.ts'

const right = 'account:manage'

const readRules = defineOperation<object, SignInRules>()({
  kind: 'read_rules',
  action: 'sign_in.read',
  scope: overAll(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.signInRules(),
  decide: (call) => {
    const rules = call.work.world.get(signInRules, call.account.id)
    if (rules === undefined) return refuse(call, null, 'integrity_failure', 'The rules for signing in are gone.')
    return done(call, null, rules)
  },
})

/** Whoever may say who signs in may become anybody: owners alone, and keys that may do everything. */
interface Update {
  /** Upon which rules: of two changes at once, neither undoes the other. */
  readonly rowMac: Uint8Array
  readonly rules: Unsealed<SignInRules>
}

/** Whoever could not sign in so any more is signed out in the same breath. */
const updateRules = defineOperation<Update, SignInRules>()({
  kind: 'update_rules',
  action: 'sign_in.update',
  scope: overAll(right),
  environment: 'none',
  delicate: true,
  grants: () => [{ thing: 'sign_in', object: null, written: null, ...wholeReach }],
  needs: (needs) => {
    needs.signInRules()
    needs.signedIn()
  },
  decide: (call, operation) => {
    const before = call.work.world.get(signInRules, call.account.id)
    if (operation.rules.accountId !== call.account.id) return { kind: 'outdated' }
    if (before === undefined || !isUpon(operation.rowMac, before.mac)) return { kind: 'outdated' }
    const ending = usersOf(call).filter((user) => isSignedOut(user, before, operation.rules))
    const rules = put(call.work, signInRules, operation.rules)
    for (const { id } of ending) endSessions(call, id, 'all')
    const digest = hash('sha256', rules.mac, 'hex')
    const object: AuditObject = { kind: 'sign_in', id: null, uid: null, name: null, version: null, hash: digest }
    return done(call, object, rules)
  },
})

type Rules = Pick<SignInRules, 'isSecondFactorRequired' | 'sso'>

function isSignedOut({ role, hasSecondFactor }: User, before: Rules, rules: Rules): boolean {
  const isRequired = rules.isSecondFactorRequired && !before.isSecondFactorRequired
  const isOnly = rules.sso?.isOnly === true && before.sso?.isOnly !== true
  return (isRequired && !hasSecondFactor) || (isOnly && role !== 'owner')
}

export const signInOperations = {
  [readRules.kind]: readRules,
  [updateRules.kind]: updateRules,
}
