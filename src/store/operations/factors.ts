/** What users sign in with, beside their password. */
import { type Factor, factorName, isSecondFactor } from '../../model/factor.ts'
import type { User } from '../../model/user.ts'
import { keptRow, objectAgain } from '../decide/once.ts'
import { addFactor, factorsOf, isUpon, needProof, prove, renameFactor, takeAway } from '../decide/proof.ts'
import { endSessions, noSession } from '../decide/sessions.ts'
import { put, record, refuse } from '../decide/work.ts'
import type { FactorsChange } from '../proof.ts'
import { factorsByLookup } from '../tables/factor.ts'
import { users } from '../tables/user.ts'
import { defineOnce, type WithoutRight, type WithRight } from './define.ts'
import { findUser, objectOf, unknownUser, userOf, usersHanded } from './users.ts'

interface Change {
  readonly userId: number
  /** Whether it is the user's own doing, who then needs no right. */
  readonly isOwn: boolean
  /** `undefined` when there is no such user. */
  readonly change: FactorsChange | undefined
}

interface Changed {
  readonly added: readonly Factor[]
  /** As the change left them; `undefined` when an earlier request made it. */
  readonly user: User | undefined
}

const oneself: WithoutRight<Change, User> = {
  right: 'none',
  unfinished: true,
  subject: (call, { userId }) => {
    const own = userOf(call, userId)
    return own === undefined || call.key?.userId !== userId ? noSession() : own
  },
}

const another: WithRight<Change, User> = {
  right: 'account:manage',
  over: 'all',
  object: (_call, { userId }) => unknownUser(userId),
  subject: (call, { userId }) => findUser(call, userId),
}

/** Not what it proves somebody by. */
const factorAnswer = keptRow<Factor>()({ data: '', lookup: null, mac: new Uint8Array() })

/** Adds, removes and renames at once; the user's row says afterwards whether there is a second factor. */
const changeFactors = defineOnce<Change, Changed, User>()({
  kind: 'change_factors',
  action: 'factor.change',
  scope: (_call, { isOwn }) => (isOwn ? oneself : another),
  environment: 'none',
  delicate: true,
  // What one signs in with oneself is no more than oneself.
  grants: (call, { userId, isOwn }) => (isOwn ? [] : usersHanded(call, userId)),
  needs: (needs, { userId, change }) => {
    needs.userAndSessions(userId)
    needProof(needs, userId, { spend: change?.spend }, change?.add ?? [])
  },
  decide: (call, { userId, change }, found) => {
    if (change === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
    const taken = change.add.some(({ lookup }) => lookup !== null && call.work.world.has(factorsByLookup, lookup))
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
    const user = put(call.work, users, { ...change.user, factorIds, lastSignInAt: found.lastSignInAt })
    if (!isUpon(found.mac, user.mac)) record({ ...call, action: 'user.update' }, objectOf(user), 'ok')
    return { kind: 'done', result: { added: made, user } }
  },
  once: {
    keep: ({ added: [factor] }) => (factor === undefined ? undefined : factorAnswer.keep(factor)),
    give: (_call, kept) => {
      const factor = factorAnswer.give(kept)
      const object = objectAgain('factor', factor, factorName(factor))
      return { object, result: { added: [factor], user: undefined } }
    },
  },
})

export const factorOperations = {
  [changeFactors.kind]: changeFactors,
}
