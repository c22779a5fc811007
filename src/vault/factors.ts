/** What users set up to sign in with beside the password, and what becomes of it: authenticator app, recovery codes. */
import { newUid } from '../crypto/random.ts'
import { base32, newTotpSecret, stepOfCode } from '../crypto/totp.ts'
import { invalid, Refusal } from '../errors.ts'
import type { ApiKey } from '../model/api-key.ts'
import { type Factor, isSecondFactor, type TotpData } from '../model/factor.ts'
import { checkLabel } from '../model/name.ts'
import { nextGeneration, type User } from '../model/user.ts'
import type { FactorsChange, NewFactor, SessionEnds } from '../store/proof.ts'
import { handOut, takeBack } from './challenge-tickets.ts'
import { type Agent, type Opened, openFinished, readSession } from './sessions.ts'
import { factorsOf, newRecoveryCodes } from './sign-in-proofs.ts'
import { keepsChanging, prepareUser } from './users.ts'
import { type Asker, type MadeOnce, outdated, tryAskOnce, type Vault } from './vault.ts'

const enrolmentMs = 15 * 60 * 1000
const maxTries = 5
const maxPasskeys = 20

/** Where somebody stands who sets up a factor. */
export interface Standing {
  readonly user: User
  readonly session: ApiKey
  readonly factors: readonly Factor[]
}

/**
 * What was set up: recovery codes that are shown this once, and a session in place of one that was not finished; none where
 * whoever set it up was signed out meanwhile.
 */
export interface Enrolled {
  readonly factor: Factor | undefined
  readonly codes: readonly string[] | undefined
  readonly opened: Opened | undefined
  /** Whether an earlier request had set it up. */
  readonly isReplayed: boolean
}

/** @throws Refusal `not_found` for an API key */
export async function standingOf(vault: Vault, asker: Asker): Promise<Standing> {
  const { user, session } = await readSession(vault, asker)
  return { user, session, factors: await factorsOf(vault, asker, user) }
}

/** A shared secret for an authenticator app: nothing is kept until its first code comes back. */
export function beginTotp(vault: Vault, { user, factors }: Standing) {
  if (factors.some(isTotp)) throw haveTotp()
  const bytes = newTotpSecret()
  const enrolment = handOut(vault, 'totp', user.uid, bytes, enrolmentMs).toString('base64url')
  const secret = base32(bytes)
  const label = encodeURIComponent(`Strongroom:${user.email ?? user.name}`)
  const uri = `otpauth://totp/${label}?secret=${secret}&issuer=Strongroom&algorithm=SHA1&digits=6&period=30`
  return { enrolment, secret, uri }
}

/** @throws Refusal `invalid` for a code that is not the secret's, or an enrolment that took too long */
export async function finishTotp(
  vault: Vault,
  asker: Asker,
  standing: Standing,
  { enrolment, code }: { readonly enrolment: string; readonly code: string },
  agent: Agent,
): Promise<Enrolled> {
  const { user, factors } = standing
  const ticket = takeBack(vault, 'totp', user.uid, enrolment)
  if (ticket === undefined) throw invalid('enrolment', 'It took too long, or is not yours. Begin anew.')
  if (factors.some(isTotp)) throw haveTotp()
  const attempt = await vault.attempts.beginCode(user.uid, vault.now())
  const step = stepOfCode(ticket.payload, code.replaceAll(/\s/g, ''), vault.now(), 0)
  if (step === undefined) {
    throw invalid('code', 'Is not the code that the app should show now. Is the clock of the device right?')
  }
  await attempt.giveBack()
  const { accountId } = user
  const uid = newUid()
  const sealed = vault.keyring.sealFactor({ accountId, uid, name: 'totp' }, ticket.payload).toString('base64')
  const data = JSON.stringify({ sealed, step } satisfies TotpData)
  const made = { accountId, uid, userId: user.id, createdAt: vault.now(), usedAt: null }
  const factor = { ...made, kind: 'totp', name: '', lookup: null, data } as const
  return enrol(vault, asker, standing, { factor, spend: ticket.spend(accountId) }, agent)
}

/** Adds a second factor; with the first one come recovery codes. */
export async function enrol(
  vault: Vault,
  asker: Asker,
  standing: Standing,
  { factor, spend }: { readonly factor: NewFactor; readonly spend: FactorsChange['spend'] },
  agent: Agent,
): Promise<Enrolled> {
  const { user, session } = standing
  let codes: readonly string[] | undefined
  const { result, isReplayed } = await change(vault, asker, user.id, true, ({ factors }) => {
    checkRoom(factors, factor)
    const isFirst = !factors.some(({ kind }) => kind === 'recovery_codes')
    const recovery = isFirst ? newRecoveryCodes(vault, user, newRow(vault, user)) : undefined
    codes = recovery?.codes
    // What was begun before there was a second factor is not finished by somebody else's.
    const ends = 'unfinished'
    return { add: [factor, ...(recovery === undefined ? [] : [recovery.factor])], remove: [], spend, ends }
  })
  const isUnfinished = session.scopes.length === 0 && result.user !== undefined
  const opened = isUnfinished ? await openFinished(vault, asker, result.user, agent) : undefined
  return { factor: result.added[0], codes: isReplayed ? undefined : codes, opened, isReplayed }
}

/** By what there is when it is added: others may be set up at the same time. */
function checkRoom(factors: readonly Factor[], factor: NewFactor): void {
  if (isTotp(factor) && factors.some(isTotp)) throw haveTotp()
  if (factors.filter(isSecondFactor).length < maxPasskeys) return
  throw invalid('passkeys', `A user may have ${maxPasskeys} of them. Remove one first.`)
}

function isTotp({ kind }: Pick<Factor, 'kind'>): boolean {
  return kind === 'totp'
}

/** Ten new ones, in place of those that there were; `undefined` when an earlier request was given them. @throws Refusal `invalid` without a second factor */
export async function replaceRecoveryCodes(
  vault: Vault,
  asker: Asker,
  { user }: Standing,
): Promise<readonly string[] | undefined> {
  let codes: readonly string[] = []
  const { isReplayed } = await change(vault, asker, user.id, true, ({ factors }) => {
    if (!factors.some(isSecondFactor))
      throw invalid('recovery_codes', 'Set up a passkey or an authenticator app first.')
    const made = newRecoveryCodes(vault, user, newRow(vault, user))
    codes = made.codes
    return { add: [made.factor], remove: factors.filter(({ kind }) => kind === 'recovery_codes') }
  })
  return isReplayed ? undefined : codes
}

/** One's own. Recovery codes go with the last second factor. @throws Refusal `not_found` */
export async function removeFactor(vault: Vault, asker: Asker, { user }: Standing, id: number): Promise<void> {
  await change(vault, asker, user.id, true, ({ factors }) => {
    const wanted = factors.find((factor) => factor.id === id && isSecondFactor(factor))
    if (wanted === undefined) throw new Refusal('not_found', 'You have no passkey or authenticator app with this id.')
    const left = factors.filter((factor) => factor !== wanted)
    const isLast = !left.some(isSecondFactor)
    return { add: [], remove: [wanted, ...(isLast ? left.filter(({ kind }) => kind === 'recovery_codes') : [])] }
  })
}

/** One's own passkey. @throws Refusal `not_found`, `invalid` */
export async function renamePasskey(
  vault: Vault,
  asker: Asker,
  { user }: Standing,
  id: number,
  name: string,
): Promise<Factor> {
  const label = checkLabel(name, 'name')
  let renamed: Factor | undefined
  await change(vault, asker, user.id, true, ({ factors }) => {
    const wanted = factors.find((factor) => factor.id === id && factor.kind === 'passkey')
    if (wanted === undefined) throw new Refusal('not_found', 'You have no passkey with this id.')
    renamed = { ...wanted, name: label }
    return { add: [], remove: [], rename: { rowMac: wanted.mac, factor: renamed } }
  })
  if (renamed === undefined) throw keepsChanging()
  return renamed
}

/** Everything that a user signs in with beside the password, for somebody who lost it; their sessions end. */
export async function resetFactors(vault: Vault, asker: Asker, id: number): Promise<void> {
  await change(vault, asker, id, false, ({ factors }) => ({
    ...{ add: [], remove: factors, isReset: true },
    ends: 'all',
  }))
}

interface Plan {
  readonly add: readonly NewFactor[]
  readonly remove: readonly Factor[]
  readonly rename?: FactorsChange['rename']
  readonly spend?: FactorsChange['spend']
  /** Which sessions end; without it, none. */
  readonly ends?: SessionEnds
  /** Whether seeds that the user made end too. */
  readonly isReset?: boolean
}

async function change(
  vault: Vault,
  asker: Asker,
  userId: number,
  isOwn: boolean,
  plan: (state: { readonly factors: readonly Factor[] }) => Plan,
): Promise<MadeOnce<{ readonly added: readonly Factor[]; readonly user: User | undefined }>> {
  for (let tries = 0; tries < maxTries; tries++) {
    const prepared = await prepareUser(vault, asker, userId)
    const wanted = prepared && (await planned(vault, asker, prepared, plan))
    const made = await tryAskOnce(vault, asker, { kind: 'change_factors', userId, isOwn, change: wanted })
    if (made !== outdated) return made
  }
  throw keepsChanging()
}

async function planned(
  vault: Vault,
  asker: Asker,
  { user }: NonNullable<Awaited<ReturnType<typeof prepareUser>>>,
  plan: (state: { readonly factors: readonly Factor[] }) => Plan,
): Promise<FactorsChange> {
  const factors = await factorsOf(vault, asker, user)
  const { add, remove, rename, spend, ends = 'none', isReset = false } = plan({ factors })
  const left = [...factors.filter((factor) => !remove.includes(factor)), ...add]
  return {
    rowMac: user.mac,
    user: { ...(isReset ? nextGeneration(user) : user), hasSecondFactor: left.some(isSecondFactor) },
    ends,
    add,
    remove: remove.map(({ id, mac }) => ({ id, rowMac: mac })),
    rename,
    spend,
  }
}

function newRow(vault: Vault, { accountId, id }: User) {
  return { accountId, uid: newUid(), userId: id, createdAt: vault.now(), usedAt: null }
}

function haveTotp(): Refusal {
  return new Refusal('name_taken', 'You have an authenticator app already. Remove it first.')
}
