/** What happens to users and to their sessions. A session is kept as an API key of its user. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { unreachable } from '../../errors.ts'
import type { ApiKey } from '../../model/api-key.ts'
import { inNetworks } from '../../model/network.ts'
import { allows } from '../../model/scope.ts'
import { isActiveOwner, type User, withoutLink } from '../../model/user.ts'
import type { SessionEnds } from '../factor-operation.ts'
import type { Kind, Op, Operation, Outcome, Refused } from '../operation.ts'
import { ref } from '../world.ts'
import { isDelicate, isWider } from './grants.ts'
import { addKey } from './keys.ts'
import { endMade, madeBy } from './made.ts'
import { addFactor, factorsOf, isUpon, prove, takeAllFactors } from './proof.ts'
import {
  type Call,
  done,
  forbid,
  putAccount,
  putKey,
  putUser,
  record,
  refuse,
  refuseField,
  removeUser,
  shutOut,
} from './work.ts'

const right = 'account:manage'
/** For so long after proving who they are, a user may do what is delicate. */
const confirmedMs = 15 * 60 * 1000

/** What somebody may do whose sign-in is not finished: set up a second factor, and leave. */
const unfinished: ReadonlySet<Kind> = new Set([
  ...(['authenticate', 'read_session', 'prepare_user', 'change_factors', 'end_session'] as const),
])

/** Refuses whoever must set up a second factor first: a session without any scope. */
export function incomplete(call: Call, operation: Operation): Refused | undefined {
  if (call.key === undefined || call.key.userId === null || call.key.scopes.length > 0) return undefined
  const isOthers = operation.kind === 'end_session' && operation.id !== call.key.id
  const isManaging = operation.kind === 'change_factors' && !operation.isOwn
  if (unfinished.has(operation.kind) && !isOthers && !isManaging) return undefined
  return refuse(call, null, 'enrolment_required', 'Set up a passkey or an authenticator app first.')
}

/** Refuses what needs its user to prove who they are once more. */
export function unconfirmed(call: Call, operation: Operation): Refused | undefined {
  if (call.key === undefined || call.key.userId === null) return undefined
  // Their own password and name are proven by the old password.
  const isOwn = operation.kind === 'update_user' && operation.id === call.key.userId && operation.isProven
  if (!isDelicate(operation) || isOwn) return undefined
  if ((call.key.confirmedAt ?? 0) + confirmedMs > call.work.world.now) return undefined
  return refuse(call, null, 'confirmation_required', 'Confirm that it is you, then repeat this.')
}

export function listUsers(call: Call): Outcome<'list_users'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  return done<'list_users'>(call, null, usersOf(call))
}

export function readUser(call: Call, { id }: Op<'read_user'>): Outcome<'read_user'> {
  const found = find(call, id)
  return 'kind' in found ? found : done(call, objectOf(found), found)
}

/** By whoever may manage users. */
export function listMadeByUser(call: Call, { maker }: Op<'list_made'>): Outcome<'list_made'> {
  const asReader = { ...call, action: 'user.read' } as const
  const found = find(asReader, maker.id)
  return 'kind' in found ? found : done<'list_made'>(asReader, objectOf(found), madeBy(call, maker))
}

/** What a change is made upon. Not recorded: the change that follows refuses and records. */
export function prepareUser(call: Call, { id }: Op<'prepare_user'>): Outcome<'prepare_user'> {
  const user = call.work.world.users.get(ref(call.account.id, id))
  if (user === undefined) return { kind: 'refused', code: 'not_found', message: '' }
  return { kind: 'done', result: { user, sessions: sessionsOf(call, id) } }
}

export function createUser(call: Call, { user }: Op<'create_user'>): Outcome<'create_user'> {
  const { work } = call
  const object: AuditObject = { kind: 'user', id: null, uid: user.uid, name: user.email, version: null, hash: null }
  if (!allows(call.scopes, right)) return forbid(call, object, right)
  if (user.accountId !== call.account.id) return { kind: 'outdated' }
  if (idWith(call, user.email) !== undefined) return refuseTaken(call, object)
  const account = work.world.accounts.get(call.account.id) ?? call.account
  putAccount(work, { ...account, nextUserId: account.nextUserId + 1 })
  const made = putUser(work, { ...user, id: account.nextUserId, factorIds: [], lastSignInAt: null })
  return done(call, objectOf(made), made)
}

export function updateUser(call: Call, operation: Op<'update_user'>): Outcome<'update_user'> {
  const { id, change, isProven } = operation
  const isOwn = call.key?.userId === id && isProven
  const found = isOwn ? call.work.world.users.get(ref(call.account.id, id)) : find(call, id)
  if (found === undefined) return { kind: 'outdated' }
  if ('kind' in found) return found
  if (change === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
  const wanted = { ...change.user, lastSignInAt: found.lastSignInAt }
  // A link that is out was made by somebody who could give what the user had then, and no more.
  const isOutgrown = wanted.linkHash === found.linkHash && isWider(wanted, found)
  const next = isOutgrown ? withoutLink(wanted) : wanted
  if (isActiveOwner(found) && !isActiveOwner(next) && isLastOwner(call, found)) return refuseLast(call, found)
  endSessions(call, id, change.ends)
  const made = endMade(call, { kind: 'user', id }, operation.isWhole)
  const changed = putUser(call.work, next)
  return done(call, objectOf(changed), { user: changed, made })
}

export function deleteUser(call: Call, { id, isWhole }: Op<'delete_user'>): Outcome<'delete_user'> {
  const found = find(call, id)
  if ('kind' in found) return found
  if (isActiveOwner(found) && isLastOwner(call, found)) return refuseLast(call, found)
  endSessions(call, id, 'all')
  const made = endMade(call, { kind: 'user', id }, isWhole)
  takeAllFactors(call, id)
  removeUser(call.work, found)
  return done(call, objectOf(found), made)
}

/** By a user whom the vault has recognized: by what is taken as proof, or by a one-time link that is thereby used up. */
export function openSession(call: Call, operation: Op<'open_session'>): Outcome<'open_session'> {
  const { change, session, isLink, proof, add } = operation
  const { world } = call.work
  const found = world.users.get(ref(call.account.id, change.user.id))
  if (found === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
  if (found.isDisabled || !isJudgedByRules(call, operation)) return { kind: 'outdated' }
  if ((idWith(call, change.user.email) ?? found.id) !== found.id) return refuseTaken(call, objectOf(found))
  if (add.some(({ lookup }) => lookup !== null && world.factorLookups.has(lookup))) return { kind: 'outdated' }
  const unproven = prove(call, proof)
  if (unproven !== undefined) return unproven
  if (!inNetworks(call.account.networks, call.request.address)) {
    return shutOut(call, objectOf(found), 'forbidden', 'Sign in from one of the networks that this account allows.')
  }
  endSessions(call, found.id, isLink ? 'all' : 'none')
  for (const factor of add) addFactor(call, factor)
  const factorIds = factorsOf(call, found.id).map(({ id }) => id)
  const user = putUser(call.work, { ...change.user, factorIds, lastSignInAt: world.now })
  if (!isUpon(found.mac, user.mac)) record({ ...call, action: 'user.accept' }, objectOf(user), 'ok')
  if (session === undefined) return { kind: 'done', result: { user, session: undefined } }
  const made = addKey(call, session)
  return done(call, { ...objectOfSession(made), name: operation.method }, { user, session: made })
}

/** Whether the account's rules for signing in are still those that the session was judged by. */
function isJudgedByRules(call: Call, { rulesMac }: Op<'open_session'>): boolean {
  return isUpon(call.work.world.rules.get(call.account.id)?.mac, rulesMac)
}

/** Not recorded: nobody learns anything but of themselves. */
export function readSession(call: Call): Outcome<'read_session'> {
  const { key, account, work } = call
  const user = work.world.users.get(ref(account.id, key?.userId ?? 0))
  if (key === undefined || user === undefined) return noSession()
  return { kind: 'done', result: { user, session: key } }
}

export function confirmSession(call: Call, operation: Op<'confirm_session'>): Outcome<'confirm_session'> {
  const { key } = call
  const { change, proof } = operation
  if (key === undefined || key.userId === null) return noSession()
  if (!isUpon(change.rowMac, key.mac)) return { kind: 'outdated' }
  const unproven = prove(call, proof)
  if (unproven !== undefined) return unproven
  const confirmed = putKey(call.work, { ...key, confirmedAt: change.confirmedAt })
  return done(call, objectOfSession(confirmed), confirmed)
}

/** One's own, this one or another: which may have been somebody else's doing, so what was made until now ends too. */
export function endSession(call: Call, { id, change, user }: Op<'end_session'>): Outcome<'end_session'> {
  if (call.key === undefined || call.key.userId === null) return noSession()
  const found = call.work.world.keys.get(ref(call.account.id, id))
  const unknown: AuditObject = { kind: 'session', id, uid: null, name: null, version: null, hash: null }
  if (found === undefined || found.userId !== call.key.userId) {
    return refuse(call, unknown, 'not_found', 'No session of yours with this id.')
  }
  if (found.revokedAt !== null) return done(call, objectOfSession(found), null)
  if (change === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
  if (id !== call.key.id) {
    const own = call.work.world.users.get(ref(call.account.id, call.key.userId))
    if (own === undefined || user?.user.id !== own.id || !isUpon(own.mac, user.rowMac)) return { kind: 'outdated' }
    const changed = putUser(call.work, { ...user.user, lastSignInAt: own.lastSignInAt })
    record({ ...call, action: 'user.update' }, objectOf(changed), 'ok')
  }
  putKey(call.work, { ...found, revokedAt: change.revokedAt })
  return done(call, objectOfSession(found), null)
}

export function noSession(): Refused {
  return { kind: 'refused', code: 'not_found', message: 'An API key has no session: only a user who is signed in has.' }
}

/** Ends open sessions of a user: of those that there are now, so that nobody stays in by going on signing in. */
export function endSessions(call: Call, userId: number, ends: SessionEnds): void {
  for (const key of sessionsOf(call, userId)) {
    if (!isEnded(key, ends)) continue
    putKey(call.work, { ...key, revokedAt: call.work.world.now })
    record({ ...call, action: 'session.end' }, objectOfSession(key), 'ok')
  }
}

function isEnded({ scopes }: ApiKey, ends: SessionEnds): boolean {
  switch (ends) {
    case 'none':
      return false
    case 'all':
      return true
    case 'unfinished':
      return scopes.length === 0
    default:
      return unreachable(ends)
  }
}

function sessionsOf({ work, account }: Call, userId: number): ApiKey[] {
  const keys = [...work.world.keys.values()]
  return keys.filter((key) => key.accountId === account.id && key.userId === userId && key.revokedAt === null)
}

function usersOf({ work, account }: Call): User[] {
  return [...work.world.users.values()].filter(({ accountId }) => accountId === account.id)
}

export function find(call: Call, id: number): User | Refused {
  const unknown: AuditObject = { kind: 'user', id, uid: null, name: null, version: null, hash: null }
  if (!allows(call.scopes, right)) return forbid(call, unknown, right)
  const found = call.work.world.users.get(ref(call.account.id, id))
  return found ?? refuse(call, unknown, 'not_found', 'No user with this id.')
}

function isLastOwner(call: Call, user: User): boolean {
  return usersOf(call).filter(isActiveOwner).length === 1 && isActiveOwner(user)
}

function refuseLast(call: Call, user: User): Refused {
  const message = 'The account would be left without an owner. Make another user the owner first.'
  return refuse(call, objectOf(user), 'last_owner', message)
}

/** Who of the account has an address: of another's users nobody learns. */
function idWith({ work, account }: Call, email: string | null): number | undefined {
  return email === null ? undefined : work.world.emails.get(ref(account.id, email))
}

function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuseField(call, object, 'name_taken', { field: 'email', detail: 'A user has this address already.' })
}

export function objectOf({ id, uid, email, mac }: User): AuditObject {
  return { kind: 'user', id, uid, name: email, version: null, hash: hash('sha256', mac, 'hex') }
}

function objectOfSession({ id, uid, mac }: ApiKey): AuditObject {
  return { kind: 'session', id, uid, name: null, version: null, hash: hash('sha256', mac, 'hex') }
}
