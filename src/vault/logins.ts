/**
 * `strongroom login` by browser: a command asks for a key, a person confirms it in the portal, and the command fetches it. As
 * RFC 8628 has it; `docs/security.md` says against whom.
 */
import { newUid, randomBytes } from '../crypto/random.ts'
import { generateToken, isToken } from '../crypto/token.ts'
import { invalid, Refusal } from '../errors.ts'
import type { ApiKey } from '../model/api-key.ts'
import { checkKeySeconds, codeLength, codeLetters, type Login, loginLifetimeMs, readUserCode } from '../model/login.ts'
import { checkLabel } from '../model/name.ts'
import { formatScope, parseScopes, type Scope } from '../model/scope.ts'
import { accountCalled } from './accounts.ts'
import type { Stranger } from './sessions.ts'
import { type Asker, ask, authenticate, outdated, tryAsk, type Vault } from './vault.ts'

const maxTries = 5
const maxHostLength = 100

export interface LoginInput {
  /** The account's name; without it, the only one that there is. */
  readonly account: string | undefined
  readonly host: string
  /** None for all that the person may do with secrets. */
  readonly scopes: readonly string[]
  readonly lifetimeSeconds: number
  readonly wantsNetwork: boolean
}

export interface BegunLogin {
  readonly login: Login
  /** What the command asks with: shown to nobody. */
  readonly deviceCode: string
  /** What the person types, or compares. */
  readonly userCode: string
}

/**
 * @throws Refusal `invalid`; `not_found` for an account that is not there, or is not used from here; `rate_limited`
 */
export async function beginLogin(vault: Vault, stranger: Stranger, input: LoginInput): Promise<BegunLogin> {
  const host = checkLabel(input.host, 'host')
  if (host.length > maxHostLength) throw invalid('host', `Must have at most ${maxHostLength} characters.`)
  const scopes = input.scopes.length === 0 ? [] : parseScopes(input.scopes).map(formatScope)
  const lifetimeSeconds = checkKeySeconds(input.lifetimeSeconds)
  const { account, areSeveral } = await accountCalled(vault, stranger, input.account)
  if (input.account === undefined && areSeveral) {
    throw invalid('account', 'Name the account: this server has several.')
  }
  await vault.attempts.beginLogin(account?.id, stranger.address, vault.now())
  if (account === undefined) throw new Refusal('not_found', 'No such account takes a login from here.')
  const accountId = account.id
  const asker: Asker = { ...stranger, caller: { kind: 'stranger', accountId, host } }
  for (let tries = 0; tries < maxTries; tries++) {
    const [deviceCode, userCode] = [generateToken(), newUserCode()]
    const codes = { deviceHash: vault.keyring.deviceHash(deviceCode), codeHash: codeHashOf(vault, accountId, userCode) }
    const rest = { host, scopes, lifetimeSeconds, wantsNetwork: input.wantsNetwork, lifetimeMs: loginLifetimeMs }
    const login = await tryAsk(vault, asker, {
      kind: 'begin_login',
      login: { accountId, uid: newUid(), ...codes, ...rest },
    })
    if (login !== outdated) return { login, deviceCode, userCode }
  }
  throw new Refusal('overloaded', 'Too many logins wait. Try again.', { headers: { 'retry-after': '1' } })
}

/** Each letter alike: what would favour some is drawn again. */
function newUserCode(): string {
  const fair = 256 - (256 % codeLetters.length)
  let code = ''
  while (code.length < codeLength) {
    for (const byte of randomBytes(codeLength)) {
      if (byte < fair && code.length < codeLength) code += codeLetters.charAt(byte % codeLetters.length)
    }
  }
  return code
}

function codeHashOf({ keyring }: Vault, accountId: number, userCode: string): string {
  return keyring.deviceHash(`${accountId} ${userCode}`)
}

export interface ShownLogin {
  readonly login: Login
  /** What the command would get of whoever is shown it. */
  readonly granted: readonly Scope[]
}

/**
 * What waits for an answer under a code, for a person who is signed in.
 *
 * @throws Refusal `not_found`, alike for whatever is wrong with the code; `rate_limited`
 */
export function readLogin(vault: Vault, asker: Asker, text: string): Promise<ShownLogin> {
  return withCode(vault, asker, text, (codeHash) => ask(vault, asker, { kind: 'read_login', codeHash }))
}

/**
 * Gives the command what it asks for. Once more is no fault.
 *
 * @param bindsNetwork whether the key is good from the command's address alone
 * @throws Refusal `not_found`; `forbidden` for more than the person has; `confirmation_required`; `rate_limited`
 */
export function confirmLogin(vault: Vault, asker: Asker, text: string, bindsNetwork: boolean): Promise<ShownLogin> {
  return withCode(vault, asker, text, (codeHash) =>
    ask(vault, asker, { kind: 'confirm_login', codeHash, bindsNetwork }),
  )
}

/** @throws Refusal `not_found`, `rate_limited` */
export function refuseLogin(vault: Vault, asker: Asker, text: string): Promise<Login> {
  return withCode(vault, asker, text, (codeHash) => ask(vault, asker, { kind: 'refuse_login', codeHash }))
}

/** Counts what leads nowhere: so many guesses, and no more for a while, from wherever they are made. */
async function withCode<T>(
  vault: Vault,
  asker: Asker,
  text: string,
  work: (codeHash: string) => Promise<T>,
): Promise<T> {
  const { accountId, key } = await authenticate(vault, asker)
  if (key === undefined || key.userId === null) throw notAPerson()
  const attempt = await vault.attempts.beginLoginCode(`${accountId} ${key.userId}`, vault.now())
  return vault.attempts.make(
    attempt,
    ({ code }) => code === 'not_found',
    // What no code can be is looked for all the same: the trail has each guess.
    () => work(codeHashOf(vault, accountId, readUserCode(text) ?? '')),
  )
}

function notAPerson(): Refusal {
  return new Refusal('not_found', 'A login is confirmed by a person who is signed in to the portal.')
}

export type LoginAnswer =
  | { readonly state: 'pending' | 'slow_down'; readonly intervalSeconds: number }
  | { readonly state: 'refused' | 'expired' | 'used'; readonly intervalSeconds: number }
  | { readonly state: 'granted'; readonly intervalSeconds: number; readonly key: ApiKey; readonly token: string }

/**
 * How it stands, asked by the command; once, the key.
 *
 * @throws Refusal `invalid_credentials` for an unknown device code
 */
export async function pollLogin(vault: Vault, stranger: Stranger, deviceCode: string): Promise<LoginAnswer> {
  const token = generateToken()
  const asked = { kind: 'poll_login', uid: newUid(), tokenHash: vault.keyring.tokenHash(token) } as const
  const answer = await ask(vault, withDevice(vault, stranger, deviceCode), asked)
  const { intervalSeconds } = answer.login
  if (answer.state !== 'granted') return { state: answer.state, intervalSeconds }
  return { state: answer.state, intervalSeconds, key: answer.key, token }
}

/** Once more is no fault. @throws Refusal `invalid_credentials` */
export async function cancelLogin(vault: Vault, stranger: Stranger, deviceCode: string): Promise<void> {
  await ask(vault, withDevice(vault, stranger, deviceCode), { kind: 'cancel_login' })
}

function withDevice({ keyring }: Vault, stranger: Stranger, deviceCode: string): Asker {
  if (!isToken(deviceCode)) throw new Refusal('invalid_credentials', 'The device code is unknown.')
  return { ...stranger, caller: { kind: 'login', hash: keyring.deviceHash(deviceCode) } }
}
