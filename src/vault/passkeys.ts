/** Passkeys (WebAuthn): set up, and taken for both factors at once, as the authenticator has checked who holds it. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { newUid, randomBytes } from '../crypto/random.ts'
import { invalid, Refusal } from '../errors.ts'
import { type Factor, type PasskeyData, passkeyLookup } from '../model/factor.ts'
import { checkLabel } from '../model/name.ts'
import type { User } from '../model/user.ts'
import type { Proof } from '../store/proof.ts'
import { handOut, type Purpose, type Ticket, takeBack } from './challenge-tickets.ts'
import { type Enrolled, enrol, type Standing } from './factors.ts'
import { type Agent, type Opened, open, personOf, recordFailure, type Stranger } from './sessions.ts'
import { changed, dataOf, factorFailure, isOfKind, rulesOf, verifyFactor } from './sign-in-proofs.ts'
import { keepsChanging, verifyUser } from './users.ts'
import type { Asker, Vault } from './vault.ts'

const challengeBytes = 16
/** COSE: EdDSA, ES256, RS256. */
const algorithms = [-8, -7, -257]
const challengeMs = 5 * 60 * 1000
const maxTries = 5

/** Three hundred modules, which a start does not wait for. */
const webauthn = () => import('@simplewebauthn/server')

/** Where people reach the server: what passkeys are bound to. */
export interface Site {
  readonly origin: string
  /** The relying party's id: the host name of the origin. */
  readonly id: string
}

/** What a browser makes a passkey by, for `navigator.credentials.create`. */
export async function beginPasskey(vault: Vault, { id: rpID }: Site, { user, factors }: Standing) {
  return (await webauthn()).generateRegistrationOptions({
    rpName: 'Strongroom',
    rpID,
    userID: new Uint8Array(handleOf(user)),
    userName: user.email ?? user.name,
    userDisplayName: user.name,
    challenge: challengeOf(vault, 'new passkey', user.uid),
    timeout: challengeMs,
    attestationType: 'none',
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: factors.filter(isOfKind('passkey')).map((factor) => ({
      id: credentialOf(factor),
      transports: [...dataOf(factor).transports],
    })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
}

/** @throws Refusal `invalid` for what no authenticator made for this challenge and this site; `name_taken` */
export async function finishPasskey(
  vault: Vault,
  asker: Asker,
  standing: Standing,
  { site, name, response }: { readonly site: Site; readonly name: string; readonly response: RegistrationResponseJSON },
  agent: Agent,
): Promise<Enrolled> {
  const { user } = standing
  const { ticket, check } = expected(vault, 'new passkey', user.uid)
  const { verifyRegistrationResponse } = await webauthn()
  const { credential } = await verifyRegistrationResponse({
    response,
    expectedChallenge: check,
    expectedOrigin: site.origin,
    expectedRPID: site.id,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  }).then(
    ({ registrationInfo }) => registrationInfo ?? refuseNew(),
    () => refuseNew(),
  )
  const { accountId, id: userId } = user
  const data = JSON.stringify({
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: (credential.transports ?? []).map(String).slice(0, 8),
  } satisfies PasskeyData)
  const made = { accountId, uid: newUid(), userId, createdAt: vault.now(), usedAt: null, data }
  const label = checkLabel(name, 'name')
  const factor = { ...made, kind: 'passkey', name: label, lookup: passkeyLookup(credential.id) } as const
  return enrol(vault, asker, standing, { factor, spend: ticket()?.spend(accountId) }, agent)
}

/** What a browser asks a passkey with, for `navigator.credentials.get`: whoever has one for this site may answer. */
export async function challenge(vault: Vault, { id: rpID }: Site) {
  return (await webauthn()).generateAuthenticationOptions({
    rpID,
    challenge: challengeOf(vault, 'passkey', ''),
    timeout: challengeMs,
    userVerification: 'required',
  })
}

/** @throws Refusal `invalid_credentials`, alike for whatever is wrong; `sso_required`; `rate_limited` */
export async function signInWithPasskey(
  vault: Vault,
  stranger: Stranger,
  { site, response }: { readonly site: Site; readonly response: AuthenticationResponseJSON },
  agent: Agent,
): Promise<Opened> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { user, proof } = await provePasskey(vault, stranger, { site, response })
    const rules = await rulesOf(vault, { ...stranger, caller: personOf(user) }, user.accountId)
    if (rules.sso?.isOnly === true && user.role !== 'owner') {
      await recordFailure(vault, stranger, user, 'sso_required')
      throw new Refusal('sso_required', `This account signs in through ${rules.sso.label}.`)
    }
    const opened = await open(vault, stranger, user, { next: user, agent, rules, method: 'passkey', proof })
    if (opened?.session !== undefined) return opened
  }
  throw keepsChanging()
}

/**
 * Whose passkey this is, and what uses the challenge up.
 *
 * @throws Refusal `invalid_credentials`, `rate_limited`
 */
export async function provePasskey(
  vault: Vault,
  stranger: Stranger,
  { site, response }: { readonly site: Site; readonly response: AuthenticationResponseJSON },
): Promise<{ readonly user: User; readonly proof: Proof }> {
  const attempt = await vault.attempts.beginFrom(stranger.address, vault.now())
  return vault.attempts.make(attempt, isWrong, () => tryPasskey(vault, stranger, { site, response }))
}

function isWrong({ code }: Refusal): boolean {
  return code === 'invalid_credentials'
}

async function tryPasskey(
  vault: Vault,
  stranger: Stranger,
  { site, response }: Parameters<typeof provePasskey>[2],
): ReturnType<typeof provePasskey> {
  const factor = await vault.store.factorWith(passkeyLookup(response.id))
  if (factor === undefined || !isOfKind('passkey')(factor)) throw wrong()
  const user = await vault.store.user(factor.accountId, factor.userId)
  if (user === undefined) throw wrong()
  const asker = { ...stranger, caller: personOf(user) }
  await verifyUser(vault, asker, user)
  await verifyFactor(vault, asker, factor)
  const { ticket, check } = expected(vault, 'passkey', '')
  const counter = await counterOf(factor, { site, response, check })
  if (counter === undefined || user.isDisabled || !isHandleOf(user, response.response.userHandle)) {
    await recordFailure(vault, stranger, user)
    throw wrong()
  }
  const spend = ticket()?.spend(user.accountId)
  const data = dataOf(factor)
  if ((counter > 0 || data.counter > 0) && counter <= data.counter) {
    // An answer that was taken before comes with the count that it had then. Another one: two authenticators count for one
    // passkey, which was copied (WebAuthn, section 6.1.1).
    if (spend !== undefined && (await vault.store.isSpent(spend))) await recordFailure(vault, stranger, user)
    else await factorFailure(vault, asker, factor)
    throw wrong()
  }
  return { user, proof: { use: changed(factor, { ...data, counter }), spend } }
}

/** The signatures that the authenticator has counted, when this one is right. The count itself is judged elsewhere. */
async function counterOf(
  factor: Factor & { readonly kind: 'passkey' },
  given: {
    readonly site: Site
    readonly response: AuthenticationResponseJSON
    readonly check: (text: string) => boolean
  },
): Promise<number | undefined> {
  const { site, response, check } = given
  const publicKey = new Uint8Array(Buffer.from(dataOf(factor).publicKey, 'base64url'))
  const { verifyAuthenticationResponse } = await webauthn()
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: check,
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      credential: { id: credentialOf(factor), publicKey, counter: 0 },
      requireUserVerification: true,
    })
    return verified ? authenticationInfo.newCounter : undefined
  } catch {
    return undefined
  }
}

function challengeOf(vault: Vault, purpose: Purpose, subject: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(handOut(vault, purpose, subject, randomBytes(challengeBytes), challengeMs))
}

/** Recognizes a challenge of ours, and remembers it. */
function expected(vault: Vault, purpose: Purpose, subject: string) {
  let ticket: Ticket | undefined
  const check = (text: string) => {
    ticket = takeBack(vault, purpose, subject, text)
    return ticket !== undefined
  }
  return { check, ticket: () => ticket }
}

function credentialOf({ lookup }: Factor): string {
  return (lookup ?? '').slice(passkeyLookup('').length)
}

/** What the authenticator keeps of the user: nothing that means anything elsewhere. */
function handleOf({ uid }: User): Buffer {
  return Buffer.from(uid, 'hex')
}

/** Nobody has said who they are: then the authenticator must (WebAuthn, section 7.2, step 6). */
function isHandleOf(user: User, handle: string | undefined): boolean {
  return handle === handleOf(user).toString('base64url')
}

function wrong(): Refusal {
  return new Refusal('invalid_credentials', 'This passkey is not known here, or its answer is not right.')
}

function refuseNew(): never {
  throw invalid('response', 'Is not the answer of an authenticator to this challenge on this site. Begin anew.')
}
