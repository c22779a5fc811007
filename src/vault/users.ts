/** Users: made by a one-time link, changed, disabled, deleted. */

import { newUid } from '../crypto/random.ts'
import { generateToken, isToken } from '../crypto/token.ts'
import { invalid, Refusal } from '../errors.ts'
import type { ApiKey } from '../model/api-key.ts'
import { checkLabel } from '../model/name.ts'
import {
  checkEmail,
  checkPatterns,
  checkPlacedRoles,
  checkRoles,
  nextGeneration,
  type PlacedRole,
  type Role,
  scopeTextsOf,
  type User,
  withoutLink,
} from '../model/user.ts'
import { userListing } from '../store/listings.ts'
import type { NewUser, UserChange } from '../store/operations/users.ts'
import { endBefore, type Made, together } from './made.ts'
import { type Found, find, type Wanted } from './pages.ts'
import {
  type Asker,
  ask,
  askOnce,
  integrityFailure,
  outdated,
  tryAsk,
  tryAskOnce,
  unlessMissing,
  type Vault,
  verify,
} from './vault.ts'

const dayMs = 24 * 60 * 60 * 1000
const linkMs = { setup: dayMs, invitation: 7 * dayMs, reset: dayMs }
const maxTries = 5

export interface NewUserInput {
  readonly email: string
  readonly name: string | undefined
  readonly role: Role
  readonly patterns: readonly string[] | null | undefined
  /** In environments: with any, the rights over secrets come from these alone. */
  readonly placedRoles?: readonly PlacedRole[] | null | undefined
}

/** A user with the token of their one-time link, which is shown now or never: `undefined` when an earlier request was given it. */
export interface Invited {
  readonly user: User
  readonly token: string | undefined
}

/** By ascending id. @throws Refusal `forbidden`, `integrity_failure` */
export async function listUsers(vault: Vault, asker: Asker, wanted: Wanted): Promise<Found<User>> {
  const { accountId } = await ask(vault, asker, { kind: 'list_users' })
  return find(vault, asker, accountId, { table: 'users', action: 'user.list', rows: userListing }, wanted)
}

/** @throws Refusal `not_found`, `forbidden` */
export function readUser(vault: Vault, asker: Asker, id: number): Promise<User> {
  return ask(vault, asker, { kind: 'read_user', id })
}

/** @throws Refusal `invalid`, `forbidden`; `name_taken` when a user of the account has the address */
export async function inviteUser(vault: Vault, asker: Asker, accountId: number, input: NewUserInput): Promise<Invited> {
  const email = checkEmail(input.email)
  const name = input.name === undefined || input.name === '' ? (email.split('@')[0] ?? email) : input.name
  const { role, patterns, placedRoles } = input
  const roles = checkRoles({ role, patterns: checkPatterns(patterns), environmentRoles: checkPlacedRoles(placedRoles) })
  return make(vault, asker, { accountId, email, name, ...roles }, 'invitation')
}

/** The link that makes the owner of an account: who opens it says who they are. */
export function inviteOwner(vault: Vault, asker: Asker, accountId: number): Promise<Invited> {
  return make(
    vault,
    asker,
    { accountId, email: null, name: 'owner', role: 'owner', patterns: ['*'], environmentRoles: [] },
    'setup',
  )
}

/**
 * @param isWhole whether what the user made ends, when they are disabled
 * @returns with the user, what ended
 * @throws Refusal `not_found`, `forbidden`, `last_owner`, `invalid`
 */
export function updateUser(
  vault: Vault,
  asker: Asker,
  id: number,
  parts: {
    readonly name?: string | undefined
    readonly role?: Role | undefined
    readonly patterns?: readonly string[] | null | undefined
    readonly placedRoles?: readonly PlacedRole[] | null | undefined
    readonly isDisabled?: boolean | undefined
  },
  isWhole = false,
): Promise<{ readonly user: User; readonly made: Made }> {
  if (isWhole && parts.isDisabled !== true) throw invalid('cascade', 'Only for a user who is disabled.')
  const { name, role, patterns, placedRoles, isDisabled } = parts
  const next = (user: User) =>
    checkRoles({
      ...user,
      ...(name === undefined ? {} : { name: checkLabel(name, 'name') }),
      ...(role === undefined ? {} : { role }),
      ...(patterns === undefined ? {} : { patterns: checkPatterns(patterns) }),
      ...(placedRoles === undefined ? {} : { environmentRoles: checkPlacedRoles(placedRoles) }),
      ...(isDisabled === undefined ? {} : { isDisabled }),
    })
  return change(vault, asker, id, next, isWhole)
}

/** A link that sets a new password. The old one, and every session, goes on until it is accepted. */
export async function resetUser(vault: Vault, asker: Asker, id: number): Promise<Invited> {
  const token = generateToken()
  const linkHash = vault.keyring.linkHash(token)
  const linkExpiresAt = vault.now() + linkMs.reset
  const { user, isReplayed } = await change(vault, asker, id, (old) => ({ ...old, linkHash, linkExpiresAt }))
  return { user, token: isReplayed ? undefined : token }
}

/**
 * @param isWhole whether what the user made ends with them
 * @returns what ended
 * @throws Refusal `not_found`, `forbidden`, `last_owner`
 */
export async function deleteUser(vault: Vault, asker: Asker, id: number, isWhole = false): Promise<Made> {
  const ended: Made[] = []
  for (let tries = 0; tries < maxTries; tries++) {
    const prepared = isWhole ? await prepareUser(vault, asker, id) : undefined
    const maker = { kind: 'user', id } as const
    const before = prepared && (await endBefore(vault, asker, prepared.user.accountId, maker, ended))
    const deleted = await tryAsk(vault, asker, { kind: 'delete_user', id, isWhole, before })
    if (deleted !== outdated) return together([...ended, deleted])
  }
  throw keepsChanging()
}

/** The user whom a one-time link is for, as long as it can be accepted. @throws Refusal `not_found` */
export async function userOfLink(vault: Vault, asker: Asker, token: string): Promise<User> {
  const attempt = await vault.attempts.beginFrom(asker.address, vault.now())
  return vault.attempts.make(
    attempt,
    ({ code }) => code === 'not_found',
    () => findOfLink(vault, asker, token),
  )
}

async function findOfLink(vault: Vault, asker: Asker, token: string): Promise<User> {
  const user = isToken(token) ? await vault.store.userWithLink(vault.keyring.linkHash(token)) : undefined
  if (user === undefined || user.isDisabled || (user.linkExpiresAt ?? 0) <= vault.now()) {
    throw new Refusal('not_found', 'This link was used, has expired, or is no link of ours. Ask for a new one.')
  }
  await verifyUser(vault, asker, user)
  return user
}

/** One that was read outside of an operation. @throws Refusal `integrity_failure` */
export function verifyUser(vault: Vault, asker: Asker, user: User): Promise<void> {
  return verify(vault, asker, 'users', user, 'user.read')
}

/** The row that a change is made upon, and the open sessions. */
export function prepareUser(
  vault: Vault,
  asker: Asker,
  id: number,
): Promise<{ readonly user: User; readonly sessions: readonly ApiKey[] } | undefined> {
  return unlessMissing(ask(vault, asker, { kind: 'prepare_user', id }))
}

/** Sessions end when what they may do changes, or who may begin them. */
async function change(
  vault: Vault,
  asker: Asker,
  id: number,
  next: (user: User) => User,
  isWhole = false,
): Promise<{ readonly user: User; readonly made: Made; readonly isReplayed: boolean }> {
  const ended: Made[] = []
  for (let tries = 0; tries < maxTries; tries++) {
    const prepared = await prepareUser(vault, asker, id)
    const wanted = prepared && changeOf(prepared.user, next(prepared.user))
    const maker = { kind: 'user', id } as const
    const before =
      prepared && isWhole ? await endBefore(vault, asker, prepared.user.accountId, maker, ended) : undefined
    const operation = { kind: 'update_user', id, change: wanted, isProven: false, isWhole, before } as const
    const changed = await tryAskOnce(vault, asker, operation)
    if (changed === outdated) continue
    const { user, made } = changed.result
    return { user, made: together([...ended, made]), isReplayed: changed.isReplayed }
  }
  throw keepsChanging()
}

function changeOf(user: User, next: User): UserChange {
  const isShutOut = next.isDisabled && !user.isDisabled
  const isAsBefore =
    next.role === user.role &&
    next.isDisabled === user.isDisabled &&
    next.password === user.password &&
    JSON.stringify(scopeTextsOf(next)) === JSON.stringify(scopeTextsOf(user))
  return {
    rowMac: user.mac,
    user: isShutOut ? withoutLink(nextGeneration(next)) : next,
    ends: isAsBefore ? 'none' : 'all',
  }
}

/** What a new user is told by. */
type Given = Pick<User, 'accountId' | 'email' | 'name' | 'role' | 'patterns' | 'environmentRoles'>

/**
 * Somebody whom the account's identity provider sent, and whom its owner lets come uninvited.
 *
 * @param rulesMac of the account's rules for signing in, which say so
 * @returns `outdated` when the rules were changed since, or somebody has the address by now
 */
export async function addUser(
  vault: Vault,
  { requestId, address }: Omit<Asker, 'caller'>,
  given: Pick<User, 'accountId' | 'email' | 'name' | 'role'>,
  rulesMac: Uint8Array,
): Promise<User | typeof outdated> {
  // Whatever the provider says: somebody is not kept out for how they are called there.
  const name = given.name.replaceAll(/\p{C}/gu, '').trim().slice(0, 128)
  const row = rowOf(vault, {
    ...given,
    name: name === '' ? (given.email ?? '') : name,
    patterns: ['*'],
    environmentRoles: [],
  })
  const user: NewUser = { ...row, linkHash: null, linkExpiresAt: null }
  const caller = { kind: 'system', accountId: given.accountId } as const
  const operation = { kind: 'create_user', user, rulesMac } as const
  const outcome = await vault.store.submit<'create_user'>({ caller, requestId, address, operation })
  if (outcome.kind === 'done') return outcome.result
  if (outcome.kind === 'forged') {
    throw await integrityFailure(vault, { requestId, address }, outcome.accountId, outcome.action, outcome.object)
  }
  return outdated
}

async function make(vault: Vault, asker: Asker, given: Given, kind: 'setup' | 'invitation'): Promise<Invited> {
  const token = generateToken()
  const linkHash = vault.keyring.linkHash(token)
  const linkExpiresAt = vault.now() + linkMs[kind]
  const user: NewUser = { ...rowOf(vault, given), linkHash, linkExpiresAt }
  const { result, isReplayed } = await askOnce(vault, asker, { kind: 'create_user', user })
  return { user: result, token: isReplayed ? undefined : token }
}

function rowOf(vault: Vault, given: Given) {
  return {
    ...given,
    name: checkLabel(given.name, 'name'),
    uid: newUid(),
    password: null,
    isDisabled: false,
    hasSecondFactor: false,
    generation: 0,
    createdAt: vault.now(),
  } as const
}

export function keepsChanging(): Refusal {
  return new Refusal('overloaded', 'The user keeps changing. Try again.', { headers: { 'retry-after': '1' } })
}
