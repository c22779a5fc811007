/** Sessions of users: begun with a password or a link, confirmed, ended. Kept as API keys, under hashes of their own. */
import { newUid } from '../crypto/random.ts'
import { generateToken } from '../crypto/token.ts'
import { invalid, Refusal } from '../errors.ts'
import { type ApiKey, keyToAuthenticate } from '../model/api-key.ts'
import { checkLabel } from '../model/name.ts'
import { checkEmail, scopeTextsOf, type User } from '../model/user.ts'
import type { Caller, NewKey } from '../store/operation.ts'
import { checkPassword, hashPassword, isPassword } from './passwords.ts'
import { endOf, prepareUser, sealUser, userOfLink, verifyUser } from './users.ts'
import { type Asker, ask, outdated, tryAsk, type Vault } from './vault.ts'

/** Whatever is done with it, a session ends after this. */
const lifetimeMs = 12 * 60 * 60 * 1000
const maxTries = 5

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

type Stranger = Omit<Asker, 'caller'>

/** @throws Refusal `invalid_credentials`, alike for whatever is wrong; `rate_limited` */
export async function signIn(
  vault: Vault,
  stranger: Stranger,
  input: { readonly email: string; readonly password: string },
  agent: Agent,
): Promise<Opened> {
  const email = input.email.trim().toLowerCase()
  vault.attempts.check(email, agent.address, vault.now())
  for (let tries = 0; tries < maxTries; tries++) {
    const user = await vault.store.userWith('email', email)
    if (user !== undefined) await verifyUser(vault, { ...stranger, caller: personOf(user) }, user)
    const isRight = await isPassword(input.password, user?.password ?? null)
    if (user === undefined || !isRight || user.isDisabled) {
      vault.attempts.fail(email, agent.address, vault.now())
      if (user !== undefined) await recordFailure(vault, stranger, user)
      throw new Refusal('invalid_credentials', 'The address or the password is wrong.')
    }
    const opened = await open(vault, stranger, user, user, agent, false)
    if (opened === undefined) continue
    vault.attempts.succeed(email, agent.address)
    return opened
  }
  throw new Refusal('overloaded', 'The user keeps changing. Try again.', { headers: { 'retry-after': '1' } })
}

/**
 * Sets the password that a one-time link is for, and begins a session. Every other session of the user ends.
 *
 * @throws Refusal `not_found`, `weak_password`, `invalid`, `name_taken` for the address
 */
export async function acceptLink(
  vault: Vault,
  stranger: Stranger,
  input: { readonly token: string; readonly name?: string; readonly email?: string; readonly password: string },
  agent: Agent,
): Promise<Opened> {
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
    const password = await hashPassword(input.password)
    const next = { ...user, email, name, password, linkHash: null, linkExpiresAt: null }
    const opened = await open(vault, stranger, user, next, agent, true)
    if (opened !== undefined) return opened
  }
  throw new Refusal('not_found', 'This link was used meanwhile. Sign in, or ask for a new one.')
}

/** Who is signed in. @throws Refusal `invalid` for an API key, `unauthenticated` */
export async function readSession(vault: Vault, asker: Asker): Promise<Omit<Opened, 'token'>> {
  const found = await ask(vault, asker, { kind: 'read_session' })
  await verifyUser(vault, asker, found.user)
  return found
}

/** Proves once more who is signed in. @throws Refusal `invalid_credentials`, `rate_limited` */
export async function confirmSession(vault: Vault, asker: Asker, password: string): Promise<Omit<Opened, 'token'>> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { user, session } = await readSession(vault, asker)
    await provePassword(vault, asker, user, password)
    const confirmedAt = vault.now()
    const mac = vault.keyring.rowMac(keyToAuthenticate({ ...session, confirmedAt }))
    const change = { rowMac: session.mac, confirmedAt, mac }
    const confirmed = await tryAsk(vault, asker, { kind: 'confirm_session', change })
    if (confirmed !== outdated) return { user, session: confirmed }
  }
  throw new Refusal('overloaded', 'The session keeps changing. Try again.', { headers: { 'retry-after': '1' } })
}

/** One's own open sessions, the newest first, and which of them is asking. */
export async function listSessions(
  vault: Vault,
  asker: Asker,
): Promise<{ readonly sessions: readonly ApiKey[]; readonly current: number }> {
  const { user, session } = await readSession(vault, asker)
  const now = vault.now()
  const open = await vault.store.sessionsOf(user.accountId, user.id)
  return { sessions: open.filter((one) => (one.expiresAt ?? 0) > now), current: session.id }
}

/** @param id without it, the session that asks @throws Refusal `not_found` */
export async function endSession(vault: Vault, asker: Asker, id?: number): Promise<void> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { user, session } = await readSession(vault, asker)
    const wanted = id ?? session.id
    const found = (await vault.store.sessionsOf(user.accountId, user.id)).find((one) => one.id === wanted)
    const end = found && endOf(vault, found, vault.now(), false)
    const change = end && found && { ...end, expiresAt: found.expiresAt }
    if ((await tryAsk(vault, asker, { kind: 'end_session', id: wanted, change })) !== outdated) return
  }
}

/** Other sessions end. @throws Refusal `invalid_credentials`, `weak_password` */
export async function changePassword(
  vault: Vault,
  asker: Asker,
  { current, password }: { readonly current: string; readonly password: string },
): Promise<void> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { user, session } = await readSession(vault, asker)
    await provePassword(vault, asker, user, current)
    await checkPassword(password, [user.email ?? '', ...(user.email ?? '').split('@'), user.name])
    const prepared = await prepareUser(vault, asker, user.id, session.id)
    const next = prepared && { ...prepared.user, password: await hashPassword(password) }
    const change = prepared && next && { rowMac: prepared.user.mac, user: sealUser(vault, next), ended: prepared.ended }
    const changed = await tryAsk(vault, asker, { kind: 'update_user', id: user.id, change, isProven: true })
    if (changed !== outdated) return
  }
}

async function open(
  vault: Vault,
  stranger: Stranger,
  user: User,
  next: User,
  agent: Agent,
  isLink: boolean,
): Promise<Opened | undefined> {
  const asker: Asker = { ...stranger, caller: personOf(next) }
  const ended = isLink ? ((await prepareUser(vault, asker, user.id))?.ended ?? []) : []
  const token = generateToken()
  const change = { rowMac: user.mac, user: sealUser(vault, next), ended }
  const session = newSession(vault, next, token, agent)
  const opened = await tryAsk(vault, asker, { kind: 'open_session', change, session, isLink })
  return opened === outdated ? undefined : { ...opened, token }
}

function newSession(vault: Vault, user: User, token: string, agent: Agent): NewKey {
  const now = vault.now()
  const row = {
    accountId: user.accountId,
    uid: newUid(),
    name: user.email ?? user.name,
    tokenHash: vault.keyring.sessionHash(token),
    scopes: scopeTextsOf(user),
    networks: [],
    createdAt: now,
    expiresAt: now + lifetimeMs,
    revokedAt: null,
    userId: user.id,
    confirmedAt: now,
    ruleId: null,
  }
  const { address, userAgent } = agent
  const shown = JSON.stringify({ address, user_agent: userAgent.slice(0, 300) })
  return { ...row, agent: shown, mac: vault.keyring.rowMac(keyToAuthenticate(row)) }
}

async function provePassword(vault: Vault, asker: Asker, user: User, password: string): Promise<void> {
  const email = user.email ?? ''
  vault.attempts.check(email, asker.address, vault.now())
  if (await isPassword(password, user.password)) return
  vault.attempts.fail(email, asker.address, vault.now())
  await recordFailure(vault, asker, user)
  throw new Refusal('invalid_credentials', 'The password is wrong.')
}

async function recordFailure(vault: Vault, { requestId, address }: Stranger, user: User): Promise<void> {
  const { id, uid, email } = user
  const object = { kind: 'user', id, uid, name: email, version: null, hash: null } as const
  const asker: Asker = { requestId, address, caller: personOf(user) }
  await ask(vault, asker, { kind: 'record', action: 'session.open', object, outcome: 'invalid_credentials' })
}

function personOf({ accountId, id, email, name }: User): Extract<Caller, { kind: 'user' }> {
  return { kind: 'user', accountId, userId: id, name: email ?? name }
}
