/** Sessions of users: begun, shown, confirmed, ended. A session is kept as an API key of its user. */
import type { AuditObject } from '../../audit/record.ts'
import type { ApiKey } from '../../model/api-key.ts'
import { inNetworks } from '../../model/network.ts'
import type { User } from '../../model/user.ts'
import { type Handed, noVersion } from '../decide/grants.ts'
import { objectOfSession } from '../decide/key-objects.ts'
import { addFactor, factorsOf, isUpon, needProof, prove } from '../decide/proof.ts'
import { areRules, endSessions, noSession } from '../decide/sessions.ts'
import { type Call, done, put, record, refuse, shutOut } from '../decide/work.ts'
import type { NewFactor, Proof } from '../proof.ts'
import { apiKeys } from '../tables/api-key.ts'
import { factorsByLookup } from '../tables/factor.ts'
import { users } from '../tables/user.ts'
import { defineOperation, free, freeUnfinished } from './define.ts'
import { addKey, type KeyChange, keyHanded, type NewKey } from './keys.ts'
import { idWith, objectOf, refuseTaken, type UserChange, userHanded, userOf } from './users.ts'

interface Opening {
  readonly change: UserChange
  /** `undefined` when the user is to sign in by other means. */
  readonly session: NewKey | undefined
  /** Whether a one-time link is accepted, which ends all other sessions. */
  readonly isLink: boolean
  /** How, for the trail: such as `password` or `passkey`. */
  readonly method: string
  readonly proof: Proof
  /** What the user can be recognized by from now on. */
  readonly add: readonly NewFactor[]
  /** Of the account's rules by which the session was judged. */
  readonly rulesMac: Uint8Array
}

/** By a user whom the vault has recognized: by what is taken as proof, or by a one-time link that is thereby used up. */
const openSession = defineOperation<Opening, { readonly user: User; readonly session: ApiKey | undefined }>()({
  kind: 'open_session',
  action: 'session.open',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: handedBySession,
  needs: (needs, { change, proof, add }) => {
    needs.userAndSessions(change.user.id)
    needs.email(change.user.email)
    needProof(needs, change.user.id, proof, add)
    needs.signInRules()
  },
  decide: (call, operation) => {
    const { change, session, isLink, proof, add, rulesMac } = operation
    const { world } = call.work
    const found = userOf(call, change.user.id)
    if (found === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
    if (found.isDisabled || !areRules(call, rulesMac)) return { kind: 'outdated' }
    if ((idWith(call, change.user.email) ?? found.id) !== found.id) return refuseTaken(call, objectOf(found))
    if (add.some(({ lookup }) => lookup !== null && world.has(factorsByLookup, lookup))) return { kind: 'outdated' }
    const unproven = prove(call, proof)
    if (unproven !== undefined) return unproven
    if (!inNetworks(call.account.networks, call.request.address)) {
      return shutOut(call, objectOf(found), 'forbidden', 'Sign in from one of the networks that this account allows.')
    }
    endSessions(call, found.id, isLink ? 'all' : 'none')
    for (const factor of add) addFactor(call, factor)
    const factorIds = factorsOf(call, found.id).map(({ id }) => id)
    const user = put(call.work, users, { ...change.user, factorIds, lastSignInAt: world.now })
    if (!isUpon(found.mac, user.mac)) record({ ...call, action: 'user.accept' }, objectOf(user), 'ok')
    if (session === undefined) return { kind: 'done', result: { user, session: undefined } }
    const made = addKey(call, session)
    return done(call, { ...objectOfSession(made), name: operation.method }, { user, session: made })
  },
})

/** Not recorded: nobody learns anything but of themselves. */
const readSession = defineOperation<object, { readonly user: User; readonly session: ApiKey }>()({
  kind: 'read_session',
  action: 'session.read',
  scope: freeUnfinished,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call) => {
    const { key } = call
    const user = userOf(call, key?.userId ?? 0)
    if (key === undefined || user === undefined) return noSession()
    return { kind: 'done', result: { user, session: key } }
  },
})

interface Confirmation {
  readonly change: { readonly rowMac: Uint8Array; readonly confirmedAt: number }
  readonly proof: Proof
}

const confirmSession = defineOperation<Confirmation, ApiKey>()({
  kind: 'confirm_session',
  action: 'session.confirm',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { proof }) => {
    if (proof.use !== undefined) needProof(needs, proof.use.factor.userId, proof, [])
    else if (proof.spend !== undefined) needs.spending(proof.spend.hash)
  },
  decide: (call, { change, proof }) => {
    const { key } = call
    if (key === undefined || key.userId === null) return noSession()
    if (!isUpon(change.rowMac, key.mac)) return { kind: 'outdated' }
    const unproven = prove(call, proof)
    if (unproven !== undefined) return unproven
    const confirmed = put(call.work, apiKeys, { ...key, confirmedAt: change.confirmedAt })
    return done(call, objectOfSession(confirmed), confirmed)
  },
})

interface Ending {
  readonly id: number
  readonly change: KeyChange | undefined
  /** The user's row as it will be, where it is another session than the one that asks. */
  readonly user: { readonly rowMac: Uint8Array; readonly user: User } | undefined
}

/** One's own, this one or another: which may have been somebody else's doing, so what was made until now ends too. */
const endSession = defineOperation<Ending, null>()({
  kind: 'end_session',
  action: 'session.end',
  scope: (call, { id }) => (id === call.key?.id ? freeUnfinished : free),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.key(id),
  decide: (call, { id, change, user }) => {
    if (call.key === undefined || call.key.userId === null) return noSession()
    const found = call.work.world.get(apiKeys, call.account.id, id)
    if (found === undefined || found.userId !== call.key.userId) {
      const unknown: AuditObject = { kind: 'session', id, uid: null, name: null, ...noVersion }
      return refuse(call, unknown, 'not_found', 'No session of yours with this id.')
    }
    if (found.revokedAt !== null) return done(call, objectOfSession(found), null)
    if (change === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
    if (id !== call.key.id) {
      const own = userOf(call, call.key.userId)
      if (own === undefined || user?.user.id !== own.id || !isUpon(own.mac, user.rowMac)) return { kind: 'outdated' }
      const changed = put(call.work, users, { ...user.user, lastSignInAt: own.lastSignInAt })
      record({ ...call, action: 'user.update' }, objectOf(changed), 'ok')
    }
    put(call.work, apiKeys, { ...found, revokedAt: change.revokedAt })
    return done(call, objectOfSession(found), null)
  },
})

export const sessionOperations = {
  [openSession.kind]: openSession,
  [readSession.kind]: readSession,
  [confirmSession.kind]: confirmSession,
  [endSession.kind]: endSession,
}

function handedBySession(call: Call, { session, change }: Opening): readonly Handed[] {
  if (!isUpon(userOf(call, change.user.id)?.mac, change.rowMac)) return []
  return [
    userHanded(change.user, null),
    ...(session === undefined ? [] : [{ ...keyHanded(session, null), thing: 'session' } as const]),
  ]
}
