/** Users, managed by others and by themselves. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import type { ApiKey } from '../../model/api-key.ts'
import { partBeyond } from '../../model/grant.ts'
import { allows, everywhere } from '../../model/scope.ts'
import { isActiveOwner, type Roles, type User, withoutLink } from '../../model/user.ts'
import type { Unsealed } from '../coverage.ts'
import { type Handed, noVersion, reachOf, userReach } from '../decide/grants.ts'
import { objectOfSession } from '../decide/key-objects.ts'
import { endMade, isAllBefore, nothingMade } from '../decide/made.ts'
import { keptRow, objectAgain, onceOf } from '../decide/once.ts'
import { isUpon, takeAllFactors } from '../decide/proof.ts'
import { areRules, endSessions, sessionsOf } from '../decide/sessions.ts'
import {
  authorizeListing,
  type Call,
  done,
  type Listing,
  put,
  putAccount,
  record,
  refuse,
  refuseField,
} from '../decide/work.ts'
import type { Before, Made } from '../made.ts'
import type { Refused } from '../outcome.ts'
import type { SessionEnds } from '../proof.ts'
import { accounts } from '../tables/account.ts'
import { users, usersByEmail } from '../tables/user.ts'
import { defineOnce, defineOperation, freeUnfinished, overAll, type WithoutRight, type WithRight } from './define.ts'
import { addKey, keyHanded, type NewKey } from './keys.ts'

/** A user without what the transaction gives it. */
export type NewUser = Omit<User, 'id' | 'lastSignInAt' | 'factorIds' | 'mac'>

export interface UserChange {
  /** The row that it was made upon. */
  readonly rowMac: Uint8Array
  readonly user: Unsealed<User>
  readonly ends: SessionEnds
}

interface ById {
  readonly id: number
}

const right = 'account:manage'

const aUser: WithRight<ById, User> = {
  right,
  over: 'all',
  object: (_call, { id }) => unknownUser(id),
  subject: (call, { id }) => findUser(call, id),
}

/** Whoever is signed in. */
const oneself: WithoutRight<ById, User> = {
  right: 'none',
  unfinished: false,
  subject: (call, { id }) => userOf(call, id) ?? { kind: 'outdated' },
}

const listUsers = defineOperation<object, Listing>()({
  kind: 'list_users',
  action: 'user.list',
  scope: overAll(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: authorizeListing,
})

const readUser = defineOperation<ById, User, User>()({
  kind: 'read_user',
  action: 'user.read',
  scope: aUser,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.user(id),
  decide: (call, _operation, found) => done(call, objectOf(found), found),
})

/** Loads what is needed to authenticate a changed row. Not recorded: the change that follows refuses and records. */
const prepareUser = defineOperation<ById, { readonly user: User; readonly sessions: readonly ApiKey[] }>()({
  kind: 'prepare_user',
  action: 'user.update',
  scope: freeUnfinished,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.userAndSessions(id),
  decide: (call, { id }) => {
    const user = userOf(call, id)
    if (user === undefined) return { kind: 'refused', code: 'not_found', message: '' }
    return { kind: 'done', result: { user, sessions: sessionsOf(call, id) } }
  },
})

/** Neither a password nor a link. */
const userAnswer = keptRow<User>()({ password: null, linkHash: null, mac: new Uint8Array() })

interface Creation {
  readonly user: NewUser
  /** Of the account's rules for signing in, where these let the user come. */
  readonly rulesMac?: Uint8Array
}

const createUser = defineOnce<Creation, User>()({
  kind: 'create_user',
  action: 'user.create',
  scope: overAll(right, (_call, { user }) => objectOfNew(user)),
  environment: 'none',
  delicate: true,
  grants: (_call, { user }) => [userHanded(user, { field: 'environment_roles', before: [] })],
  needs: (needs, { user, rulesMac }) => {
    needs.email(user.email)
    if (rulesMac !== undefined) needs.signInRules()
  },
  decide: (call, { user, rulesMac }) => {
    const { work } = call
    if (user.accountId !== call.account.id) return { kind: 'outdated' }
    if (rulesMac !== undefined && !areRules(call, rulesMac)) return { kind: 'outdated' }
    if (idWith(call, user.email) !== undefined) return refuseTaken(call, objectOfNew(user))
    const account = work.world.get(accounts, call.account.id) ?? call.account
    putAccount(work, { ...account, nextUserId: account.nextUserId + 1 })
    const made = put(work, users, { ...user, id: account.nextUserId, factorIds: [], lastSignInAt: null })
    return done(call, objectOf(made), made)
  },
  once: onceOf(userAnswer, (user) => objectAgain('user', user, user.email)),
})

interface Update extends ById {
  /** Upon the row that was prepared; `undefined` when there was none. */
  readonly change: UserChange | undefined
  /** Whether it is the user's own password, changed by whoever knows the old one. */
  readonly isProven: boolean
  /** Whether what a user made ends, who is disabled. */
  readonly isWhole: boolean
  /** What of that was ended already. */
  readonly before?: Before | undefined
  /** Begun in place of all that end, by whoever proves their own password. */
  readonly session?: NewKey | undefined
}

interface Updated {
  readonly user: User
  readonly made: Made
  readonly session: ApiKey | undefined
}

const updateUser = defineOnce<Update, Updated, User>()({
  kind: 'update_user',
  action: 'user.update',
  scope: (call, operation) => (isOwn(call, operation) ? oneself : aUser),
  environment: 'none',
  // Their own password and name are proven by the old password.
  delicate: (call, operation) => !isOwn(call, operation),
  grants: handedByUser,
  needs: (needs, { id, isWhole, before }) => {
    needs.userAndSessions(id)
    // The last owner stays.
    needs.owners()
    if (isWhole) needs.made({ kind: 'user', id }, before)
  },
  decide: (call, { id, change, isWhole, before, session }, found) => {
    if (change === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
    if (session !== undefined && !isOfUser(session, found)) return { kind: 'outdated' }
    const wanted = { ...change.user, lastSignInAt: found.lastSignInAt }
    // A link that is out was made by somebody who could give what the user had then, and no more.
    const isOutgrown = wanted.linkHash === found.linkHash && isWider(wanted, found)
    const next = isOutgrown ? withoutLink(wanted) : wanted
    if (isActiveOwner(found) && !isActiveOwner(next) && isLastOwner(call, found)) return refuseLast(call, found)
    if (!isAllBefore(call, { kind: 'user', id }, before)) return { kind: 'outdated' }
    endSessions(call, id, change.ends)
    const made = endMade(call, { kind: 'user', id }, isWhole, before)
    const changed = put(call.work, users, next)
    const begun = session && beginSession(call, session)
    return done(call, objectOf(changed), { user: changed, made, session: begun })
  },
  once: {
    keep: ({ user }) => userAnswer.keep(user),
    give: (_call, kept) => {
      const user = userAnswer.give(kept)
      return { object: objectAgain('user', user, user.email), result: { user, made: nothingMade, session: undefined } }
    },
  },
})

/** With all their sessions, and what they made if that is to end too. */
const deleteUser = defineOperation<
  ById & { readonly isWhole: boolean; readonly before?: Before | undefined },
  Made,
  User
>()({
  kind: 'delete_user',
  action: 'user.delete',
  scope: aUser,
  environment: 'none',
  delicate: true,
  grants: (call, { id }) => managed(call, id),
  needs: (needs, { id, isWhole, before }) => {
    needs.userAndSessions(id)
    needs.owners()
    if (isWhole) needs.made({ kind: 'user', id }, before)
    needs.factors(id)
  },
  decide: (call, { id, isWhole, before }, found) => {
    if (isActiveOwner(found) && isLastOwner(call, found)) return refuseLast(call, found)
    if (!isAllBefore(call, { kind: 'user', id }, before)) return { kind: 'outdated' }
    endSessions(call, id, 'all')
    const made = endMade(call, { kind: 'user', id }, isWhole, before)
    takeAllFactors(call, id)
    call.work.world.remove(users, found)
    return done(call, objectOf(found), made)
  },
})

export const userOperations = {
  [listUsers.kind]: listUsers,
  [readUser.kind]: readUser,
  [prepareUser.kind]: prepareUser,
  [createUser.kind]: createUser,
  [updateUser.kind]: updateUser,
  [deleteUser.kind]: deleteUser,
}

function isOfUser({ accountId, userId }: NewKey, user: User): boolean {
  return accountId === user.accountId && userId === user.id
}

function beginSession(call: Call, session: NewKey): ApiKey {
  const begun = addKey(call, session)
  record({ ...call, action: 'session.open' }, { ...objectOfSession(begun), name: 'new password' }, 'ok')
  return begun
}

function isOwn({ key }: Call, { id, isProven }: Update): boolean {
  return key?.userId === id && isProven
}

export function usersOf({ work, account }: Call): User[] {
  return [...work.world.all(users)].filter(({ accountId }) => accountId === account.id)
}

export function userOf({ work, account }: Call, id: number): User | undefined {
  return work.world.get(users, account.id, id)
}

/** For whoever may manage users. */
export function findUser(call: Call, id: number): User | Refused {
  return userOf(call, id) ?? refuse(call, unknownUser(id), 'not_found', 'No user with this id.')
}

function isLastOwner(call: Call, user: User): boolean {
  return usersOf(call).filter(isActiveOwner).length === 1 && isActiveOwner(user)
}

function refuseLast(call: Call, user: User): Refused {
  const message = 'The account would be left without an owner. Make another user the owner first.'
  return refuse(call, objectOf(user), 'last_owner', message)
}

/** Who of the account has an address: of another's users nobody learns. */
export function idWith({ work, account }: Call, email: string | null): number | undefined {
  return email === null ? undefined : work.world.known(usersByEmail, account.id, email)?.id
}

export function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuseField(call, object, 'name_taken', { field: 'email', detail: 'A user has this address already.' })
}

export function userHanded(
  user: Roles & Pick<User, 'uid' | 'email'> & { readonly id?: number },
  written: Handed['written'],
): Handed {
  const { uid, email, id = null } = user
  return { thing: 'user', object: { kind: 'user', id, uid, name: email, ...noVersion }, written, ...userReach(user) }
}

export function usersHanded(call: Call, id: number): readonly Handed[] {
  const found = allows(call.scopes, right, everywhere) ? userOf(call, id) : undefined
  return found === undefined ? [] : [userHanded(found, null)]
}

/** For taking something from a user: nobody takes what they could not give; from where and until when does not count. */
export function managed(call: Call, id: number): readonly Handed[] {
  const { networks, until } = reachOf(call)
  return usersHanded(call, id).map((handed) => ({ ...handed, networks, until }))
}

/** A change hands on all that the user may do from now on, when it lets somebody in who could not come before. */
function handedByUser(call: Call, operation: Update): readonly Handed[] {
  const { id, change, session } = operation
  const found = userOf(call, id)
  const next = change?.user
  const isSelf = isOwn(call, operation)
  const begun = session === undefined ? [] : [{ ...keyHanded(session, null), thing: 'session' } as const]
  if (found === undefined) return []
  if (next === undefined) return isSelf ? [] : managed(call, id)
  const { networks, until } = reachOf(call)
  const written = { field: 'environment_roles', before: userReach(found).scopes } as const
  const handed = userHanded(next, written)
  const isLetIn = !next.isDisabled && (found.isDisabled || isWider(next, found) || isOtherWayIn(found, next))
  return [...(isSelf ? [] : managed(call, id)), isLetIn ? handed : { ...handed, networks, until }, ...begun]
}

/** Whether a user may do more than before. */
function isWider(next: Roles, before: Roles): boolean {
  return partBeyond(userReach(next), userReach(before)) !== undefined
}

function isOtherWayIn(found: User, next: Unsealed<User>): boolean {
  const isLink = next.linkHash !== null && next.linkHash !== found.linkHash
  return isLink || next.password !== found.password || next.email !== found.email
}

export function unknownUser(id: number): AuditObject {
  return { kind: 'user', id, uid: null, name: null, ...noVersion }
}

function objectOfNew({ uid, email }: NewUser): AuditObject {
  return { kind: 'user', id: null, uid, name: email, ...noVersion }
}

export function objectOf({ id, uid, email, mac }: User): AuditObject {
  return { kind: 'user', id, uid, name: email, version: null, hash: hash('sha256', mac, 'hex') }
}
