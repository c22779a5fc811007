/** What people prove who they are with, read from its rows and held against what they give. */
import { randomBytes } from '../crypto/random.ts'
import { base32, stepOfCode } from '../crypto/totp.ts'
import { Refusal } from '../errors.ts'
import {
  type Factor,
  hasFactors,
  isSecondFactor,
  type PasskeyData,
  type RecoveryData,
  type SubjectData,
  type TotpData,
} from '../model/factor.ts'
import type { SignInRules, SsoSettings } from '../model/sign-in.ts'
import type { User } from '../model/user.ts'
import { missingRow } from '../store/forged.ts'
import type { NewFactor, Proof } from '../store/proof.ts'
import { type Asker, integrityFailure, type Vault, verify } from './vault.ts'

/** So often somebody may change them while they are read. */
const maxTries = 8
const codeCount = 10
/** As base32 60 bits and three groups: more than anybody guesses, though the hash is a quick one. */
const codeBytes = 8
const codeLength = 12

interface DataOf {
  readonly passkey: PasskeyData
  readonly totp: TotpData
  readonly recovery_codes: RecoveryData
  readonly subject: SubjectData
}

/** What a factor's row holds, once its MAC was checked. */
export function dataOf<K extends keyof DataOf>(factor: Factor & { readonly kind: K }): DataOf[K] {
  return JSON.parse(factor.data) as DataOf[K]
}

export function isOfKind<K extends keyof DataOf>(kind: K) {
  return (factor: Factor): factor is Factor & { readonly kind: K } => factor.kind === kind
}

/**
 * All factors of a user, as they are now: whoever changes something upon them says which row of the user it was.
 *
 * @throws Refusal `integrity_failure`, `overloaded` when somebody changes them again and again
 */
export async function factorsOf(vault: Vault, asker: Asker, user: User): Promise<readonly Factor[]> {
  let upon: User | undefined = user
  for (let tries = 0; tries < maxTries && upon !== undefined; tries++) {
    const factors = await vault.store.factorsOf(user.accountId, user.id)
    for (const factor of factors) await verifyFactor(vault, asker, factor)
    if (factors.some(isSecondFactor) === upon.hasSecondFactor && hasFactors(upon, factors)) return factors
    const now = await vault.store.user(user.accountId, user.id)
    // A row that was taken away behind the server's back would make a password alone enough.
    if (now !== undefined && Buffer.from(now.mac).equals(upon.mac)) throw await lostFactors(vault, asker, upon)
    // They were read after somebody had changed them: with the row that goes with them, they are looked at once more.
    if (now !== undefined) await verify(vault, asker, 'users', now, 'user.read')
    upon = now
  }
  throw new Refusal('overloaded', 'How this user signs in keeps changing. Try again.')
}

async function lostFactors(vault: Vault, asker: Asker, { id, uid, email, accountId }: User): Promise<Refusal> {
  const object = { kind: 'user', id, uid, name: email, version: null, hash: null } as const
  return integrityFailure(vault, asker, accountId, 'user.read', object)
}

/** One that was read outside of an operation. @throws Refusal `integrity_failure` */
export function verifyFactor(vault: Vault, asker: Asker, factor: Factor): Promise<void> {
  return verify(vault, asker, 'factors', factor, 'factor.use')
}

/** Records that something about a factor cannot be right. */
export function factorFailure(vault: Vault, asker: Asker, { id, uid, kind, accountId }: Factor) {
  const object = { kind: 'factor', id, uid, name: kind, version: null, hash: null } as const
  return integrityFailure(vault, asker, accountId, 'factor.use', object)
}

/** How the account's people must sign in. @throws Refusal `integrity_failure` */
export async function rulesOf(vault: Vault, asker: Asker, accountId: number): Promise<SignInRules> {
  const rules = await vault.store.rules(accountId)
  // Without its rules, an account would let in whoever has a password.
  if (rules === undefined) {
    throw await integrityFailure(vault, asker, accountId, 'sign_in.read', missingRow(accountId, 'sign_in').object)
  }
  await verify(vault, asker, 'sign_in_rules', rules, 'sign_in.read')
  return rules
}

/** Where the client secret of a provider is sealed for: of no other issuer and client. */
export function secretPlace(accountId: number, sso: Pick<SsoSettings, 'uid' | 'issuer' | 'clientId'>) {
  return { accountId, uid: sso.uid, name: `sso ${sso.issuer} ${sso.clientId}` }
}

/** Whether a password alone is too little for a user, whatever they have set up. */
export function needsSecondFactor(
  rules: Pick<SignInRules, 'isSecondFactorRequired' | 'sso'>,
  { role }: Pick<User, 'role'>,
): boolean {
  return rules.isSecondFactorRequired || (rules.sso?.isOnly === true && role === 'owner')
}

/**
 * Takes a code of the authenticator app, or a recovery code.
 *
 * @returns what uses it up, and what it is called; `undefined` when it is wrong, or was used
 * @throws Refusal `rate_limited` when too many were wrong
 */
export async function proveCode(
  vault: Vault,
  user: User,
  factors: readonly Factor[],
  given: string,
): Promise<{ readonly proof: Proof; readonly method: string } | undefined> {
  const code = given.replaceAll(/[\s-]/g, '')
  if (!/^\d{6}$/.test(code)) return proveRecoveryCode(vault, user, factors, code)
  const attempt = await vault.attempts.beginCode(user.uid, vault.now())
  const factor = factors.find(isOfKind('totp'))
  const step = factor && stepOf(vault, factor, code)
  if (factor === undefined || step === undefined) return undefined
  await attempt.giveBack()
  return { proof: { use: changed(factor, { ...dataOf(factor), step }) }, method: 'password, totp' }
}

function stepOf(vault: Vault, factor: Factor & { readonly kind: 'totp' }, code: string): number | undefined {
  const { sealed, step } = dataOf(factor)
  const { accountId, uid } = factor
  const secret = vault.keyring.openFactor({ accountId, uid, name: 'totp' }, Buffer.from(sealed, 'base64'))
  const found = stepOfCode(secret, code, vault.now(), step)
  secret.fill(0)
  return found
}

function proveRecoveryCode(vault: Vault, user: User, factors: readonly Factor[], code: string) {
  const factor = factors.find(isOfKind('recovery_codes'))
  if (factor === undefined) return undefined
  const { hashes } = dataOf(factor)
  const wanted = vault.keyring.recoveryHash(user.uid, code.toLowerCase())
  if (!hashes.includes(wanted)) return undefined
  const use = changed(factor, { hashes: hashes.filter((one) => one !== wanted) })
  return { proof: { use }, method: 'password, recovery code' }
}

/** New recovery codes, and the row that knows them. */
export function newRecoveryCodes(
  vault: Vault,
  user: User,
  made: Omit<NewFactor, 'kind' | 'data' | 'name' | 'lookup'>,
): { readonly codes: readonly string[]; readonly factor: NewFactor } {
  const codes = Array.from({ length: codeCount }, () => {
    const code = base32(randomBytes(codeBytes)).toLowerCase().slice(0, codeLength)
    return code.replaceAll(/.{4}(?=.)/g, '$&-')
  })
  const hashes = codes.map((code) => vault.keyring.recoveryHash(user.uid, code.replaceAll('-', '')))
  const data = JSON.stringify({ hashes } satisfies RecoveryData)
  return { codes, factor: { ...made, kind: 'recovery_codes', name: '', lookup: null, data } }
}

/** A factor with other data, upon the row that was read. */
export function changed<K extends keyof DataOf>(
  factor: Factor & { readonly kind: K },
  data: DataOf[K],
): NonNullable<Proof['use']> {
  return { rowMac: factor.mac, factor: { ...factor, data: JSON.stringify(data) } }
}
