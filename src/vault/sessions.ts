/** Sessions of users: begun with a password, a link or a proof, confirmed, ended. Kept as API keys, under hashes of their own. */
import { setTimeout } from 'node:timers/promises'
import type { RecordedCode } from '../audit/record.ts'
import { newUid } from '../crypto/random.ts'
import { generateToken } from '../crypto/token.ts'
import { invalid, Refusal } from '../errors.ts'
import { type ApiKey, idleEndOf } from '../model/api-key.ts'
import { checkLabel } from '../model/name.ts'
import type { SignInRules } from '../model/sign-in.ts'
import { checkEmail, nextGeneration, scopeTextsOf, type User, withoutLink } from '../model/user.ts'
import type { Caller } from '../store/caller.ts'
import { sessionListing } from '../store/listings.ts'
import type { NewKey } from '../store/operations/keys.ts'
import type { NewFactor, Proof } from '../store/proof.ts'
import { accountCalled } from './accounts.ts'
import { type Found, find, mapped, type Wanted } from './pages.ts'
import { checkPassword, hashPassword, isPassword } from './passwords.ts'
import { recordShutOut } from './repeats.ts'
import { factorsOf, needsSecondFactor, proveCode, rulesOf } from './sign-in-proofs.ts'
import { keepsChanging, prepareUser, userOfLink, verifyUser } from './users.ts'
import { type Asker, ask, outdated, tryAsk, tryAskOnce, type Vault, verify } from './vault.ts'

/** Whatever is done with it, a session ends after this. */
const lifetimeMs = 12 * 60 * 60 * 1000
/** For setting up a second factor, and nothing else. */
const unfinishedMs = 15 * 60 * 1000
const maxTries = 5
/** Longer than an account and a user are looked for, a password is hashed and a failure is recorded. */
const wrongMs = 250

/** A session with the token of its cookie. */
export interface Opened {
  readonly user: User
  readonly session: ApiKey
  readonly token: string
}

/** Where somebody signs in, for the list of their sessions. */
export interface Agent {
  readonly address: string
  readonly userAgent: string
}

export type Stranger = Omit<Asker, 'caller'>

/** What somebody signs in with. */
export interface SignIn {
  /** The account's name; without it, the only one that there is. */
  readonly account?: string
  readonly email: string
  readonly password: string
  readonly code?: string
}

/** No account has this id. */
const noAccount = 0

/**
 * With the password, and with a code where there is a second factor. Where there must be one and is none, the session may
 * set it up and do nothing else: it has no scope. An address is one user's of its account, which is therefore named.
 *
 * @throws Refusal `invalid` without an account where there are several, whoever asks; `invalid_credentials`, alike for
 *   whatever is wrong, an account that is not there included; `second_factor_required` and `sso_required`, for whoever
 *   knows the password; `rate_limited`
 */
export async function signIn(vault: Vault, stranger: Stranger, input: SignIn, agent: Agent): Promise<Opened> {
  const { account, areSeveral } = await accountCalled(vault, stranger, input.account)
  if (input.account === undefined && areSeveral) {
    throw invalid('account', 'Name the account: this server has several.')
  }
  const email = input.email.trim().toLowerCase()
  const attempt = await vault.attempts.begin(account?.id ?? input.account ?? '', email, agent.address, vault.now())
  const work = () => trySignIn(vault, stranger, { ...input, email }, account?.id ?? noAccount, agent)
  return vault.attempts.make(attempt, isWrong, () => atLeast(wrongMs, work))
}

/** What is wrong is answered after so long at the earliest: the time does not tell what it was. */
async function atLeast<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal && isWrong(error)) await setTimeout(Math.max(0, begun + ms - performance.now()))
    throw error
  }
}

/** A password that is right without a code, or not the way to sign in, was no guess. */
function isWrong({ code }: Refusal): boolean {
  return code === 'invalid_credentials'
}

async function trySignIn(
  vault: Vault,
  stranger: Stranger,
  input: SignIn,
  accountId: number,
  agent: Agent,
): Promise<Opened> {
  for (let tries = 0; tries < maxTries; tries++) {
    const user = await vault.store.userWithEmail(accountId, input.email)
    if (user !== undefined) await verifyUser(vault, { ...stranger, caller: personOf(user) }, user)
    const isRight = await isPassword(input.password, user?.password ?? null, vault.passwordCost)
    if (user === undefined || !isRight || user.isDisabled) {
      if (user !== undefined) await recordFailure(vault, stranger, user)
      throw new Refusal('invalid_credentials', 'The address or the password is wrong.')
    }
    const begin = await provenBy(vault, stranger, user, input.code)
    const opened = await open(vault, stranger, user, { next: user, agent, ...begin })
    if (opened?.session !== undefined) return opened
  }
  throw keepsChanging()
}

/** Others come through the account's provider alone. */
function isByPassword({ role }: Pick<User, 'role'>, { sso }: Pick<SignInRules, 'sso'>): boolean {
  return sso?.isOnly !== true || role === 'owner'
}

/** Refuses whoever may come through the account's provider alone. */
async function refuseUnlessByPassword(vault: Vault, stranger: Stranger, user: User, rules: SignInRules): Promise<void> {
  if (isByPassword(user, rules)) return
  await recordFailure(vault, stranger, user, 'sso_required')
  throw new Refusal('sso_required', `This account signs in through ${rules.sso?.label}.`)
}

/** What somebody who gave the right password begins a session with. @throws Refusal as `signIn` */
async function provenBy(vault: Vault, stranger: Stranger, user: User, code: string | undefined) {
  const asker = { ...stranger, caller: personOf(user) }
  const rules = await rulesOf(vault, asker, user.accountId)
  await refuseUnlessByPassword(vault, stranger, user, rules)
  if (!user.hasSecondFactor) return { rules, method: 'password', isUnfinished: needsSecondFactor(rules, user) }
  if (code === undefined || code.trim() === '') {
    await recordFailure(vault, stranger, user, 'second_factor_required')
    const message = 'Give a code of the authenticator app or a recovery code too, or sign in with a passkey.'
    throw new Refusal('second_factor_required', message)
  }
  const proven = await proveCode(vault, user, await factorsOf(vault, asker, user), code)
  if (proven !== undefined) return { rules, ...proven }
  await recordFailure(vault, stranger, user)
  throw new Refusal('invalid_credentials', 'The code is wrong, or was used already.')
}

/**
 * Sets the password that a one-time link is for, and begins a session; not where the user has a second factor, which the
 * link does not stand for. Every other session of the user ends.
 *
 * @throws Refusal `not_found`, `weak_password`, `invalid`; `name_taken` when another user of the account has the address
 */
export async function acceptLink(
  vault: Vault,
  stranger: Stranger,
  input: { readonly token: string; readonly name?: string; readonly email?: string; readonly password: string },
  agent: Agent,
): Promise<Opened | undefined> {
  for (let tries = 0; tries < maxTries; tries++) {
    const user = await userOfLink(
      vault,
      { ...stranger, caller: { kind: 'user', accountId: 0, userId: 0, name: '' } },
      input.token,
    )
    if (user.email !== null && input.email !== undefined && checkEmail(input.email) !== user.email) {
      throw invalid('email', 'The link is for another address. Leave it out.')
    }
    if (user.email === null && input.email === undefined) throw invalid('email', 'Say which address you sign in with.')
    const email = user.email ?? checkEmail(input.email ?? '')
    const name = input.name === undefined ? user.name : checkLabel(input.name, 'name')
    await checkPassword(input.password, [email, ...email.split('@'), name])
    const password = await hashPassword(input.password, vault.passwordCost)
    const next = { ...withoutLink(nextGeneration(user)), email, name, password }
    const rules = await rulesOf(vault, { ...stranger, caller: personOf(next) }, user.accountId)
    const isOther = !isByPassword(user, rules)
    const beginning = {
      ...{ next, agent, rules, method: 'link', isLink: true },
      isUnfinished: needsSecondFactor(rules, user),
      isWithoutSession: user.hasSecondFactor || isOther,
    }
    const opened = await open(vault, stranger, user, beginning)
    if (opened !== undefined) return opened.session === undefined ? undefined : opened
  }
  throw new Refusal('not_found', 'This link was used meanwhile. Sign in, or ask for a new one.')
}

/** Who is signed in. @throws Refusal `invalid` for an API key, `unauthenticated` */
export function readSession(vault: Vault, asker: Asker): Promise<Omit<Opened, 'token'>> {
  return ask(vault, asker, { kind: 'read_session' })
}

/**
 * Proves once more who is signed in.
 *
 * @param prove throws for what proves nothing
 * @throws Refusal `invalid_credentials`, `rate_limited`
 */
export async function confirmSession(
  vault: Vault,
  asker: Asker,
  prove: (user: User) => Promise<Proof>,
): Promise<Omit<Opened, 'token'>> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { user, session } = await readSession(vault, asker)
    const proof = await prove(user)
    const change = { rowMac: session.mac, confirmedAt: vault.now() }
    const confirmed = await tryAsk(vault, asker, { kind: 'confirm_session', change, proof })
    if (confirmed !== outdated) return { user, session: confirmed }
  }
  throw new Refusal('overloaded', 'The session keeps changing. Try again.', { headers: { 'retry-after': '1' } })
}

/** A session of whoever asks, and whether they ask with it. */
export interface OwnSession extends ApiKey {
  readonly isCurrent: boolean
}

/** One's own open sessions, the newest first. */
export async function listSessions(vault: Vault, asker: Asker, wanted: Wanted): Promise<Found<OwnSession>> {
  const { user, session } = await readSession(vault, asker)
  if (session.scopes.length === 0) throw new Refusal('enrolment_required', 'Set up a second factor first.')
  const now = vault.now()
  const isSeen = (one: ApiKey) => Math.min(one.expiresAt ?? 0, idleEndOf(one)) > now
  const source = { table: 'api_keys', action: 'session.read', rows: sessionListing(user.id), isSeen } as const
  const found = find(vault, asker, user.accountId, source, wanted)
  return mapped(found, (one) => ({ ...one, isCurrent: one.id === session.id }))
}

/** One of somebody's sessions, if it has not been ended. */
async function sessionOf(vault: Vault, asker: Asker, { accountId, id: userId }: User, id: number) {
  const found = await openSession(vault, accountId, userId, id)
  if (found !== undefined) await verify(vault, asker, 'api_keys', found, 'session.read')
  return found
}

/** As the store has it. */
export async function openSession({ store }: Vault, accountId: number, userId: number, id: number) {
  const [found] = await store.rowsOf(accountId, sessionListing(userId), { after: id + 1, limit: 1 })
  return found?.id === id ? found : undefined
}

/** @param id without it, the session that asks @throws Refusal `not_found` */
export async function endSession(vault: Vault, asker: Asker, id?: number): Promise<void> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { user, session } = await readSession(vault, asker)
    const wanted = id ?? session.id
    const found = await sessionOf(vault, asker, user, wanted)
    const change = found && { rowMac: found.mac, expiresAt: found.expiresAt, revokedAt: vault.now() }
    const isOther = wanted !== session.id
    const next = isOther ? { rowMac: user.mac, user: withoutLink(nextGeneration(user)) } : undefined
    if ((await tryAsk(vault, asker, { kind: 'end_session', id: wanted, change, user: next })) !== outdated) return
  }
  throw keepsChanging()
}

/**
 * Every session ends, and another one takes the place of this, until when this would have ended: whoever had its token
 * has it in vain.
 *
 * @throws Refusal `invalid_credentials`, `weak_password`
 */
export async function changePassword(
  vault: Vault,
  asker: Asker,
  { current, password }: { readonly current: string; readonly password: string },
  agent: Agent,
): Promise<Opened> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { user, session } = await readSession(vault, asker)
    await provePassword(vault, asker, user, current)
    await checkPassword(password, [user.email ?? '', ...(user.email ?? '').split('@'), user.name])
    const prepared = await prepareUser(vault, asker, user.id)
    const next = prepared && {
      ...withoutLink(nextGeneration(prepared.user)),
      password: await hashPassword(password, vault.passwordCost),
    }
    const change = prepared && next && ({ rowMac: prepared.user.mac, user: next, ends: 'all' } as const)
    const token = generateToken()
    // With the change: were it begun afterwards, whoever is signed out in between would be in again.
    const begun = newSession(vault, token, { next: user, agent, method: 'new password', expiresAt: session.expiresAt })
    const operation = { kind: 'update_user', id: user.id, change, isProven: true, isWhole: false } as const
    const changed = await tryAskOnce(vault, asker, { ...operation, session: begun })
    if (changed === outdated || changed.result.session === undefined) continue
    return { user: changed.result.user, session: changed.result.session, token }
  }
  throw keepsChanging()
}

interface Beginning {
  /** The user's row as it is to be. */
  readonly next: User
  readonly agent: Agent
  /** What was looked at to let the user in; the session is not begun when they have changed. */
  readonly rules: Pick<SignInRules, 'mac'>
  readonly method: string
  readonly proof?: Proof
  readonly add?: readonly NewFactor[]
  readonly isLink?: boolean
  /** Whether a second factor must be set up first. */
  readonly isUnfinished?: boolean
  /** Whether the user is to sign in by other means. */
  readonly isWithoutSession?: boolean
  /** When its identity provider asked the person; without it, now. */
  readonly confirmedAt?: number | null
  /** When it ends; without it, as any other. */
  readonly expiresAt?: number | null
}

type Begun = Opened | (Omit<Opened, 'session'> & { readonly session: undefined })

/** @returns `undefined` when the user's row, or what proves it, was changed meanwhile */
export async function open(
  vault: Vault,
  stranger: Stranger,
  user: User,
  beginning: Beginning,
): Promise<Begun | undefined> {
  const { next, rules, method, proof = {}, add = [], isLink = false, isWithoutSession = false } = beginning
  const asker: Asker = { ...stranger, caller: personOf(next) }
  const token = generateToken()
  const change = { rowMac: user.mac, user: next, ends: isLink ? 'all' : 'none' } as const
  const session = isWithoutSession ? undefined : newSession(vault, token, beginning)
  const operation = { kind: 'open_session', change, session, isLink, method, proof, add, rulesMac: rules.mac } as const
  const opened = await tryAsk(vault, asker, operation)
  if (opened === outdated) return undefined
  return opened.session === undefined
    ? { user: opened.user, session: undefined, token }
    : { user: opened.user, session: opened.session, token }
}

/**
 * A whole session, for whoever has just set up what was missing for one.
 *
 * @param user as that left them: who was signed out, or shut out, since then does not come in again
 * @returns `undefined` where they sign in anew
 */
export async function openFinished(
  vault: Vault,
  stranger: Stranger,
  user: User,
  agent: Agent,
): Promise<Opened | undefined> {
  const rules = await rulesOf(vault, { ...stranger, caller: personOf(user) }, user.accountId)
  if (!isByPassword(user, rules)) return undefined
  const opened = await open(vault, stranger, user, { next: user, agent, rules, method: 'password, new factor' })
  return opened?.session === undefined ? undefined : opened
}

function newSession(vault: Vault, token: string, beginning: Omit<Beginning, 'rules'>): NewKey {
  const { next: user, agent, method, isUnfinished = false } = beginning
  const now = vault.now()
  const { address, userAgent } = agent
  return {
    accountId: user.accountId,
    uid: newUid(),
    name: user.email ?? user.name,
    tokenHash: vault.keyring.sessionHash(token),
    scopes: isUnfinished ? [] : scopeTextsOf(user),
    networks: [],
    createdAt: now,
    expiresAt: beginning.expiresAt ?? now + (isUnfinished ? unfinishedMs : lifetimeMs),
    revokedAt: null,
    userId: user.id,
    confirmedAt: beginning.confirmedAt === undefined ? now : beginning.confirmedAt,
    ruleId: null,
    maker: null,
    makerGeneration: null,
    isOwner: false,
    agent: JSON.stringify({ address, user_agent: userAgent.slice(0, 300), method }),
  }
}

/** @throws Refusal `invalid_credentials`, `rate_limited` */
export async function provePassword(vault: Vault, asker: Asker, user: User, password: string): Promise<void> {
  const attempt = await vault.attempts.begin(user.accountId, user.email ?? '', asker.address, vault.now())
  await vault.attempts.make(attempt, isWrong, async () => {
    if (await isPassword(password, user.password, vault.passwordCost)) return
    await recordFailure(vault, asker, user)
    throw new Refusal('invalid_credentials', 'The password is wrong.')
  })
}

export async function recordFailure(
  vault: Vault,
  { requestId, address }: Stranger,
  user: User,
  outcome: RecordedCode = 'invalid_credentials',
): Promise<void> {
  const { id, uid, email } = user
  const object = { kind: 'user', id, uid, name: email, version: null, hash: null } as const
  const principal = { kind: 'user', id, name: email ?? user.name } as const
  const refusal = { accountId: user.accountId, principal, action: 'session.open', object, outcome } as const
  await recordShutOut(vault, { requestId, address }, refusal)
}

export function personOf({ accountId, id, email, name }: User): Extract<Caller, { kind: 'user' }> {
  return { kind: 'user', accountId, userId: id, name: email ?? name }
}
