/** What happens to what users sign in with, and to the rules by which they must. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { isSecondFactor } from '../../model/factor.ts'
import { allows } from '../../model/scope.ts'
import type { User } from '../../model/user.ts'
import type { Op, Outcome, Refused } from '../operation.ts'
import { ref } from '../world.ts'
import { addFactor, factorsOf, isUpon, prove, renameFactor, takeAway } from './proof.ts'
import { endSessions, find, noSession, objectOf } from './users.ts'
import { type Call, done, forbid, putRules, putUser, record, refuse } from './work.ts'

const right = 'account:manage'

/** Adds, removes and renames at once; the user's row says afterwards whether there is a second factor. */
export function changeFactors(call: Call, operation: Op<'change_factors'>): Outcome<'change_factors'> {
  const { userId, change } = operation
  const found = subjectOf(call, operation)
  if ('kind' in found) return found
  if (change === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
  const taken = change.add.some(({ lookup }) => lookup !== null && call.work.world.factorLookups.has(lookup))
  if (taken) return refuse(call, objectOf(found), 'name_taken', 'This is in use already, by you or by another user.')
  const factors = factorsOf(call, userId)
  const going = new Map(change.remove.map(({ id, rowMac }) => [id, rowMac]))
  const gone = factors.filter(({ id, mac }) => isUpon(going.get(id), mac))
  const isWhole = gone.length === going.size
  const left = [...factors.filter((factor) => !gone.includes(factor)), ...change.add]
  if (!isWhole || left.some(isSecondFactor) !== change.user.hasSecondFactor) return { kind: 'outdated' }
  const unproven = prove(call, { spend: change.spend })
  if (unproven !== undefined) return unproven
  if (change.rename !== undefined && !renameFactor(call, userId, change.rename)) return { kind: 'outdated' }
  endSessions(call, userId, change.ends)
  for (const factor of gone) takeAway(call, factor)
  const made = change.add.map((factor) => addFactor(call, factor))
  const factorIds = factorsOf(call, userId).map(({ id }) => id)
  const user = putUser(call.work, { ...change.user, factorIds, lastSignInAt: found.lastSignInAt })
  if (!isUpon(found.mac, user.mac)) record({ ...call, action: 'user.update' }, objectOf(user), 'ok')
  return { kind: 'done', result: made }
}

export function readRules(call: Call): Outcome<'read_rules'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  const rules = call.work.world.rules.get(call.account.id)
  if (rules === undefined) return refuse(call, null, 'integrity_failure', 'The rules for signing in are gone.')
  return done(call, null, rules)
}

/** Whoever may say who signs in may become anybody: owners alone, and keys that may do everything. */
export function updateRules(call: Call, operation: Op<'update_rules'>): Outcome<'update_rules'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  if (operation.rules.accountId !== call.account.id) return { kind: 'outdated' }
  const rules = putRules(call.work, operation.rules)
  const digest = hash('sha256', rules.mac, 'hex')
  const object: AuditObject = { kind: 'sign_in', id: null, uid: null, name: null, version: null, hash: digest }
  return done(call, object, rules)
}

/** Whose factors change: one's own, or those of somebody whom the caller may manage. */
function subjectOf(call: Call, { userId, isOwn }: Op<'change_factors'>): User | Refused {
  if (isOwn) {
    const own = call.work.world.users.get(ref(call.account.id, userId))
    return own === undefined || call.key?.userId !== userId ? noSession() : own
  }
  return find(call, userId)
}
