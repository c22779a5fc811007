/** The rules by which an account's users sign in. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { wholeReach } from '../../model/grant.ts'
import type { SignInRules } from '../../model/sign-in.ts'
import type { Unsealed } from '../coverage.ts'
import { done, putRules, refuse } from '../decide/work.ts'
import { defineOperation, overAll } from './define.ts'

const right = 'account:manage'

const readRules = defineOperation<object, SignInRules>()({
  kind: 'read_rules',
  action: 'sign_in.read',
  scope: overAll(right),
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.signInRules(),
  decide: (call) => {
    const rules = call.work.world.rules.get(call.account.id)
    if (rules === undefined) return refuse(call, null, 'integrity_failure', 'The rules for signing in are gone.')
    return done(call, null, rules)
  },
})

/** Whoever may say who signs in may become anybody: owners alone, and keys that may do everything. */
const updateRules = defineOperation<{ readonly rules: Unsealed<SignInRules> }, SignInRules>()({
  kind: 'update_rules',
  action: 'sign_in.update',
  scope: overAll(right),
  delicate: true,
  grants: () => [{ thing: 'sign_in', object: null, ...wholeReach }],
  needs: (needs) => needs.signInRules(),
  decide: (call, operation) => {
    if (operation.rules.accountId !== call.account.id) return { kind: 'outdated' }
    const rules = putRules(call.work, operation.rules)
    const digest = hash('sha256', rules.mac, 'hex')
    const object: AuditObject = { kind: 'sign_in', id: null, uid: null, name: null, version: null, hash: digest }
    return done(call, object, rules)
  },
})

export const signInOperations = {
  [readRules.kind]: readRules,
  [updateRules.kind]: updateRules,
}
