/** How the people of an account must sign in: whether a password alone will do, and through which provider they come. */
import { newUid } from '../crypto/random.ts'
import { invalid, Refusal } from '../errors.ts'
import { checkLabel } from '../model/name.ts'
import type { SignInRules, SsoRole, SsoSettings } from '../model/sign-in.ts'
import { readSession } from './sessions.ts'
import { secretPlace } from './sign-in-proofs.ts'
import { type Asker, ask, authenticate, outdated, tryAsk, type Vault } from './vault.ts'

type Rules = Omit<SignInRules, 'mac'>

export interface SsoInput {
  readonly label: string
  readonly issuer: string
  readonly clientId: string
  /** Without it, the one that is there stays. */
  readonly clientSecret: string | undefined
  readonly domains: readonly string[]
  readonly role: SsoRole | null
  readonly isOnly: boolean
}

const maxDomains = 16
const maxTries = 5

/** @throws Refusal `forbidden`, `integrity_failure` */
export function readRules(vault: Vault, asker: Asker): Promise<SignInRules> {
  return ask(vault, asker, { kind: 'read_rules' })
}

/**
 * With a second factor required, whoever has none sets one up when they sign in next, which is at once.
 *
 * @throws Refusal `forbidden`; `enrolment_required` for a user without one
 */
export async function requireSecondFactor(vault: Vault, asker: Asker, isSecondFactorRequired: boolean): Promise<Rules> {
  if (isSecondFactorRequired && (await isWithoutFactor(vault, asker))) {
    throw new Refusal('enrolment_required', 'Set up a second factor of your own first.')
  }
  return put(vault, asker, (rules) => ({ ...rules, isSecondFactorRequired }))
}

/** Of a user who is signed in; never of an API key. */
async function isWithoutFactor(vault: Vault, asker: Asker): Promise<boolean> {
  const { key } = await authenticate(vault, asker)
  if (key === undefined || key.userId === null) return false
  return !(await readSession(vault, asker)).user.hasSecondFactor
}

/**
 * Where the provider becomes the only way in, whoever is no owner is signed out, and comes back through it.
 *
 * @throws Refusal `invalid`, `forbidden`
 */
export async function putSso(vault: Vault, asker: Asker, input: SsoInput): Promise<Rules> {
  return put(vault, asker, (rules) => ({ ...rules, sso: settingsOf(vault, rules, input) }))
}

/** Nobody comes through the provider any more; who has only come so far through it needs a link to set a password. */
export async function removeSso(vault: Vault, asker: Asker): Promise<void> {
  await put(vault, asker, (rules) => ({ ...rules, sso: null }))
}

function settingsOf(vault: Vault, { accountId, sso: known }: Rules, input: SsoInput): SsoSettings {
  const { issuer, clientId, clientSecret, role, isOnly } = input
  const isSame = known !== null && known.issuer === issuer && known.clientId === clientId
  if (clientSecret === undefined && !isSame) throw invalid('client_secret', 'Is required for a new issuer or client.')
  const domains = checkDomains(input.domains)
  if (role !== null && domains.length === 0) throw invalid('domains', 'Say whose addresses may come uninvited.')
  if (clientId === '' || clientId.length > 300) throw invalid('client_id', 'Is required.')
  const rest = { label: checkLabel(input.label, 'label'), issuer, clientId, domains, role, isOnly }
  if (clientSecret === undefined && known !== null) {
    return { ...rest, uid: known.uid, clientSecret: known.clientSecret }
  }
  const uid = newUid()
  const place = secretPlace(accountId, { uid, issuer, clientId })
  const sealed = vault.keyring.sealFactor(place, Buffer.from(clientSecret ?? ''))
  return { ...rest, uid, clientSecret: sealed.toString('base64') }
}

function checkDomains(texts: readonly string[]): readonly string[] {
  const domains = texts.map((text) => text.trim().toLowerCase())
  const isDomain = (text: string) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/.test(text)
  if (domains.length > maxDomains || !domains.every(isDomain)) {
    throw invalid('domains', `Must be at most ${maxDomains} domains, such as example.com.`)
  }
  return [...new Set(domains)].sort()
}

/** Upon the rules as they are. Whoever could not sign in so any more is signed out with it. */
async function put(vault: Vault, asker: Asker, next: (rules: SignInRules) => Rules): Promise<SignInRules> {
  for (let tries = 0; tries < maxTries; tries++) {
    const before = await readRules(vault, asker)
    const { accountId, isSecondFactorRequired, sso } = next(before)
    const rules = { accountId, isSecondFactorRequired, sso }
    const changed = await tryAsk(vault, asker, { kind: 'update_rules', rowMac: before.mac, rules })
    if (changed !== outdated) return changed
  }
  throw new Refusal('overloaded', 'How to sign in keeps changing. Try again.', { headers: { 'retry-after': '1' } })
}
