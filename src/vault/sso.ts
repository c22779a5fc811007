/**
 * Single sign-on by OpenID Connect: the authorization code flow with PKCE, state and nonce, all three derived from one
 * ticket that the browser keeps in a cookie, so that nothing of a flow is kept here until it ends well.
 */
import type * as oidc from 'openid-client'
import { newUid, randomBytes } from '../crypto/random.ts'
import { Refusal } from '../errors.ts'
import type { ApiKey } from '../model/api-key.ts'
import { type SubjectData, subjectLookup } from '../model/factor.ts'
import type { SignInRules, SsoSettings } from '../model/sign-in.ts'
import { checkEmail, type User } from '../model/user.ts'
import type { NewFactor } from '../store/proof.ts'
import { handOut, takeBack } from './challenge-tickets.ts'
import { oidcClient, type Providers } from './identity-providers.ts'
import { recordShutOut } from './repeats.ts'
import { type Agent, type Opened, open, openSession, personOf, recordFailure, type Stranger } from './sessions.ts'
import { dataOf, factorsOf, isOfKind, rulesOf, secretPlace, verifyFactor } from './sign-in-proofs.ts'
import { addUser, keepsChanging, verifyUser } from './users.ts'
import { outdated, type Vault } from './vault.ts'

/** What a flow needs to know of where it runs. */
export interface SsoPlace {
  readonly providers: Providers
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string
}

export interface SsoStart {
  readonly accountId: number
  /** The path of the portal where it ends. */
  readonly returnTo: string
  /** Whether the provider is to ask the person, even if it knows them already. */
  readonly isFresh: boolean
  /** Of whoever is signed in and lets the provider speak for them; `null` for somebody who signs in. */
  readonly userId: number | null
  /** In which session they say so: once it was ended, they say it no more. */
  readonly sessionId?: number
}

const flowMs = 10 * 60 * 1000
/** How long ago, in seconds, the provider may have asked the person, where it is to ask. */
const freshSeconds = 120
const confirmedMs = 15 * 60 * 1000
const maxTries = 5

/** Which provider an account's people come through. */
export async function ssoOf(vault: Vault, stranger: Stranger, accountId: number): Promise<SsoSettings | null> {
  return (await strangersRules(vault, stranger, accountId)).sso
}

function strangersRules(vault: Vault, stranger: Stranger, accountId: number): Promise<SignInRules> {
  const caller = { kind: 'user', accountId, userId: 0, name: '' } as const
  return rulesOf(vault, { ...stranger, caller }, accountId)
}

/** @returns where the browser goes, and what it keeps meanwhile @throws Refusal `not_found`, `unavailable` */
export async function beginSso(
  vault: Vault,
  stranger: Stranger,
  { providers, redirectUri }: SsoPlace,
  start: SsoStart,
): Promise<{ readonly url: string; readonly ticket: string }> {
  const sso = await ssoOf(vault, stranger, start.accountId)
  if (sso === null) throw new Refusal('not_found', 'This account has no single sign-on.')
  const secret = secretOf(vault, start.accountId, sso)
  const config = await providers.configuration(sso, secret).catch(unreachableProvider)
  const payload = Buffer.from(JSON.stringify({ ...start, sso: sso.uid, random: randomBytes(16).toString('base64url') }))
  const ticket = handOut(vault, 'sso', '', payload, flowMs).toString('base64url')
  const { state, nonce, verifier } = partsOf(vault, ticket)
  const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await oidcClient()
  const url = buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid email profile',
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(start.isFresh ? { prompt: 'login', max_age: String(freshSeconds) } : {}),
  })
  return { url: url.href, ticket }
}

/** For whoever is signed in, to let the provider speak for them from now on. */
export function linkStart(
  vault: Vault,
  { user, session }: { readonly user: User; readonly session: ApiKey },
  returnTo: string,
): SsoStart {
  if (session.scopes.length === 0) throw new Refusal('enrolment_required', 'Set up a second factor first.')
  if ((session.confirmedAt ?? 0) + confirmedMs <= vault.now()) {
    throw new Refusal('confirmation_required', 'Confirm that it is you, then repeat this.')
  }
  return { accountId: user.accountId, returnTo, isFresh: false, userId: user.id, sessionId: session.id }
}

/**
 * The end of a flow, when the provider has sent the browser back.
 *
 * @param answer the whole URL that the browser was sent to
 * @throws Refusal `invalid_credentials` for what is not the end of a flow of this browser, or not from the provider;
 *   `forbidden` for somebody who may not come
 */
export async function finishSso(
  vault: Vault,
  stranger: Stranger,
  place: SsoPlace,
  { ticket, answer }: { readonly ticket: string; readonly answer: URL },
  agent: Agent,
): Promise<{ readonly opened: Opened; readonly returnTo: string }> {
  const attempt = await vault.attempts.beginFrom(agent.address, vault.now())
  const isWrong = ({ code }: Refusal) => code === 'invalid_credentials'
  return vault.attempts.make(attempt, isWrong, () => tryFinish(vault, stranger, place, { ticket, answer }, agent))
}

async function tryFinish(
  vault: Vault,
  stranger: Stranger,
  place: SsoPlace,
  { ticket, answer }: { readonly ticket: string; readonly answer: URL },
  agent: Agent,
): ReturnType<typeof finishSso> {
  const taken = takeBack(vault, 'sso', '', ticket)
  if (taken === undefined) throw failed()
  const start = JSON.parse(taken.payload.toString()) as SsoStart & { readonly sso: string }
  const { accountId, returnTo } = start
  const sso = await ssoOf(vault, stranger, accountId)
  if (sso === null || sso.uid !== start.sso) throw failed()
  const person = await exchange(vault, place, { sso, start, ticket, answer }).catch(async () => {
    await recordRefusal(vault, stranger, accountId, 'invalid_credentials')
    throw failed()
  })
  for (let tries = 0; tries < maxTries; tries++) {
    // To be asked took a while: who may come is judged by the rules that the session is begun under.
    const rules = await strangersRules(vault, stranger, accountId)
    if (rules.sso?.uid !== sso.uid) throw failed()
    const recognized = await recognize(vault, stranger, { sso: rules.sso, rulesMac: rules.mac, start, person })
    if (recognized === outdated) continue
    const { user, add } = recognized
    const next = user.password === null ? { ...user, linkHash: null, linkExpiresAt: null } : user
    const proof = { spend: taken.spend(accountId) }
    const { confirmedAt } = person
    const opened = await open(vault, stranger, user, { next, agent, rules, method: 'sso', proof, add, confirmedAt })
    if (opened?.session !== undefined) return { opened, returnTo }
  }
  throw keepsChanging()
}

/** Where a flow was to end, which may have gone wrong; `undefined` for a ticket that is none, or no longer. */
export function returnOf(vault: Vault, ticket: string): string | undefined {
  const taken = takeBack(vault, 'sso', '', ticket)
  return taken === undefined ? undefined : (JSON.parse(taken.payload.toString()) as SsoStart).returnTo
}

interface Known {
  readonly subject: string
  /** In lower case, if the provider has verified it. */
  readonly email: string | undefined
  readonly name: string | undefined
  /** When the provider asked the person who they are, if it says so. */
  readonly confirmedAt: number | null
}

interface Flow {
  readonly sso: SsoSettings
  readonly start: SsoStart
  readonly ticket: string
  readonly answer: URL
}

async function exchange(vault: Vault, place: SsoPlace, { sso, start, ticket, answer }: Flow): Promise<Known> {
  const config = await place.providers.configuration(sso, secretOf(vault, start.accountId, sso))
  const { state, nonce, verifier } = partsOf(vault, ticket)
  const { authorizationCodeGrant } = await oidcClient()
  const tokens = await authorizationCodeGrant(config, answer, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
    ...(start.isFresh ? { maxAge: freshSeconds } : {}),
  })
  const claims = tokens.claims()
  if (claims === undefined) throw new Error('No ID token.')
  const said: Readonly<Record<string, unknown>> = { ...claims, ...(await moreOf(config, tokens)) }
  const { email, email_verified: isVerified, name } = said
  const { auth_time: time } = claims
  const asked = typeof time === 'number' ? Math.min(time * 1000, vault.now()) : null
  return {
    subject: claims.sub,
    email: isVerified === true && typeof email === 'string' ? email.trim().toLowerCase() : undefined,
    name: typeof name === 'string' ? name : undefined,
    confirmedAt: asked,
  }
}

/** Some providers say the address only when they are asked for it. */
async function moreOf(
  config: oidc.Configuration,
  tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers,
) {
  const claims = tokens.claims()
  if (claims === undefined || claims['email'] !== undefined) return {}
  if (config.serverMetadata().userinfo_endpoint === undefined) return {}
  const { fetchUserInfo } = await oidcClient()
  return fetchUserInfo(config, tokens.access_token, claims.sub)
}

interface Recognition {
  readonly sso: SsoSettings
  /** Of the rules that have these settings. */
  readonly rulesMac: Uint8Array
  readonly start: SsoStart
  readonly person: Known
}

/**
 * The user, and the link to the provider where there is none yet.
 *
 * @returns `outdated` when others came in between
 * @throws Refusal `forbidden`
 */
async function recognize(
  vault: Vault,
  stranger: Stranger,
  recognition: Recognition,
): Promise<{ readonly user: User; readonly add: readonly NewFactor[] } | typeof outdated> {
  const { sso, start, person } = recognition
  const lookup = subjectLookup(start.accountId, sso.issuer, person.subject)
  const known = await vault.store.factorWith(lookup)
  const user =
    known === undefined
      ? await userToLink(vault, stranger, recognition)
      : await vault.store.user(known.accountId, known.userId)
  if (user === outdated) return outdated
  if (user === undefined || user.accountId !== start.accountId) throw await refused(vault, stranger, start.accountId)
  const asker = { ...stranger, caller: personOf(user) }
  await verifyUser(vault, asker, user)
  if (known !== undefined) await verifyFactor(vault, asker, known)
  const isOther = start.userId !== null && start.userId !== user.id
  if (user.isDisabled || isOther) throw await refused(vault, stranger, start.accountId, user)
  if (known !== undefined) return { user, add: [] }
  // The provider gave the address to somebody else since.
  const linked = (await factorsOf(vault, asker, user)).filter(isOfKind('subject'))
  if (linked.some((factor) => dataOf(factor).issuer === sso.issuer)) {
    throw await refused(vault, stranger, start.accountId, user)
  }
  return { user, add: [linkOf(vault, user, { issuer: sso.issuer, subject: person.subject }, lookup)] }
}

/**
 * Whom somebody is who comes for the first time. An address is enough for whoever was invited and has set no password, and
 * where nobody can sign in otherwise; an owner says so while signed in.
 */
async function userToLink(
  vault: Vault,
  stranger: Stranger,
  { sso, rulesMac, start, person: { email, name } }: Recognition,
): Promise<User | undefined | typeof outdated> {
  const { accountId, userId, sessionId } = start
  if (userId !== null) {
    const isOpen = sessionId !== undefined && (await openSession(vault, accountId, userId, sessionId)) !== undefined
    return isOpen ? vault.store.user(accountId, userId) : undefined
  }
  if (email === undefined) return undefined
  const found = await vault.store.userWithEmail(accountId, email)
  const mayLink = (user: User) => user.password === null || (sso.isOnly && user.role !== 'owner')
  if (found !== undefined) return mayLink(found) ? found : undefined
  const isExpected = sso.role !== null && sso.domains.includes(email.slice(email.lastIndexOf('@') + 1))
  if (!isExpected || sso.role === null) return undefined
  const given = { accountId, email: checkEmail(email), name: name ?? email, role: sso.role }
  return addUser(vault, stranger, given, rulesMac)
}

function linkOf(vault: Vault, { accountId, id: userId }: User, data: SubjectData, lookup: string): NewFactor {
  const made = { accountId, uid: newUid(), userId, createdAt: vault.now(), usedAt: null }
  return { ...made, kind: 'subject', name: '', lookup, data: JSON.stringify(data) }
}

async function refused(vault: Vault, stranger: Stranger, accountId: number, user?: User): Promise<Refusal> {
  if (user === undefined) await recordRefusal(vault, stranger, accountId, 'forbidden')
  else await recordFailure(vault, stranger, user, 'forbidden')
  return new Refusal('forbidden', 'You are not expected here. Ask an owner of the account to invite your address.')
}

/** Of somebody whom nobody knows. */
function recordRefusal(
  vault: Vault,
  stranger: Stranger,
  accountId: number,
  outcome: 'forbidden' | 'invalid_credentials',
): Promise<void> {
  const principal = { kind: 'system', id: 0, name: 'strongroom' } as const
  return recordShutOut(vault, stranger, { accountId, principal, action: 'session.open', object: null, outcome })
}

function secretOf(vault: Vault, accountId: number, sso: SsoSettings): string {
  return vault.keyring.openFactor(secretPlace(accountId, sso), Buffer.from(sso.clientSecret, 'base64')).toString()
}

/** What the ticket stands for on its way: nobody who sees the one can tell the other. */
function partsOf({ keyring }: Vault, ticket: string) {
  const part = (name: string) => keyring.ticketMac(`${name} ${ticket}`).toString('base64url')
  return { state: part('state'), nonce: part('nonce'), verifier: part('verifier') }
}

function failed(): Refusal {
  return new Refusal('invalid_credentials', 'The sign-in was broken off, took too long, or was not right. Try again.')
}

function unreachableProvider(): never {
  throw new Refusal('overloaded', 'The identity provider does not answer as it should. Try again shortly.')
}
