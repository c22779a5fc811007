/**
 * Trades the token of a job for an API key that lives minutes, under a trust rule of the account. Whoever is refused
 * learns nothing of which rules there are.
 */
import { hash } from 'node:crypto'
import { generateToken } from '../crypto/token.ts'
import { Refusal } from '../errors.ts'
import type { ApiKey } from '../model/api-key.ts'
import { inNetworks } from '../model/network.ts'
import { matchClaims, subjectOf } from '../model/token-claims.ts'
import { keyNameOf, type TrustRule, workloadName } from '../model/trust-rule.ts'
import { checkSignature, keyFor, type PublicKey, readKeySet } from '../oidc/keys.ts'
import { checkTimes, type Fault, isForAudience, isText, readToken, type Token, TokenRefused } from '../oidc/token.ts'
import { newKey } from './keys.ts'
import { recordShutOut } from './repeats.ts'
import { Pace } from './scan-in-turns.ts'
import { type Asker, outdated, tryAsk, type Vault, verify, verifyAll } from './vault.ts'

const maxTries = 5
/** What a rule costs, in rows of a scan: a signature, and patterns over claims that may be long. */
const rowsOfRule = 25

export interface ExchangeInput {
  readonly token: string
  /** The account's name. */
  readonly account: string
  /** The rule's name; without it the first one that the token matches. */
  readonly rule: string | undefined
}

export interface Exchanged {
  readonly rule: TrustRule
  readonly key: ApiKey
  /** The API key itself: shown now or never. */
  readonly token: string
}

type Stranger = Omit<Asker, 'caller'>
type Job = Stranger & { readonly caller: Extract<Asker['caller'], { kind: 'workload' }> }

/** A token that a rule accepts. */
interface Match {
  readonly rule: TrustRule
  /** Until when the token is accepted; milliseconds since 1970. */
  readonly until: number
}

/**
 * @throws Refusal `invalid_credentials`, alike for whatever is wrong, with a `TokenRefused` as its cause;
 *   `rate_limited` when too many keys of the rule are alive; `integrity_failure`
 */
export async function exchangeToken(vault: Vault, stranger: Stranger, input: ExchangeInput): Promise<Exchanged> {
  try {
    return await exchange(vault, stranger, input)
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error
    throw new Refusal('invalid_credentials', 'The token is not accepted.', { cause: error })
  }
}

/** @throws TokenRefused */
async function exchange(vault: Vault, stranger: Stranger, input: ExchangeInput): Promise<Exchanged> {
  const token = readToken(input.token)
  const account = await vault.store.accountNamed(input.account)
  if (account === undefined) throw new TokenRefused('no_rule')
  // Tokens of one account's jobs must not be traded for what another has.
  await verify(vault, askerOf(stranger, account.id, token, 0), 'accounts', account, 'auth.oidc')
  for (let tries = 0; tries < maxTries; tries++) {
    const asker = askerOf(stranger, account.id, token, 0)
    const rules = (await vault.store.trustRules(account.id, token.issuer)).filter(
      ({ name }) => input.rule === undefined || name === input.rule,
    )
    await verifyAll(vault, asker, 'trust_rules', rules, 'trust_rule.read')
    const { rule, until } = await matchOf(vault, asker, token, rules)
    const made = await trade(vault, askerOf(stranger, account.id, token, rule.id), token, rule, until)
    if (made !== outdated) return made
  }
  throw new Refusal('overloaded', 'The trust rules keep changing. Try again.', { headers: { 'retry-after': '1' } })
}

/** The first rule that a token matches. What somebody signed and no rule lets in is recorded. @throws TokenRefused */
async function matchOf(vault: Vault, asker: Job, token: Token, rules: readonly TrustRule[]): Promise<Match> {
  const refusals: TokenRefused[] = []
  const pace = new Pace()
  for (const rule of rules) {
    await pace.after(rowsOfRule)
    try {
      await checkSignature(token, await keyOf(vault, rule, token))
      return { rule, until: check(rule, token, asker.address, vault.now()) }
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error
      refusals.push(error)
    }
  }
  const signed = refusals.find(({ fault }) => !unsigned.has(fault))
  if (signed !== undefined) {
    const { accountId, ruleId: id, name } = asker.caller
    const principal = { kind: 'workload', id, name } as const
    const refusal = { accountId, principal, action: 'auth.oidc', object: null, outcome: 'invalid_credentials' } as const
    await recordShutOut(vault, asker, refusal)
  }
  throw signed ?? refusals[0] ?? new TokenRefused('no_rule')
}

/** Nobody knows whose these are: a stranger must not be able to fill the trail. */
const unsigned: ReadonlySet<Fault> = new Set(['issuer_unreachable', 'unknown_key', 'signature'])

/** @throws TokenRefused */
async function keyOf(vault: Vault, { issuer, jwksUrl, jwks }: TrustRule, token: Token): Promise<PublicKey> {
  if (jwks === null) return vault.issuers.keyFor({ issuer, jwksUrl }, token)
  const keys = readKeySet(JSON.parse(jwks), Number.POSITIVE_INFINITY) ?? []
  const found = keyFor(keys, token)
  if (found === undefined) throw new TokenRefused('unknown_key')
  return found
}

/** @throws TokenRefused */
function check(rule: TrustRule, { claims }: Token, address: string, now: number): number {
  if (!isForAudience(claims, rule.audience)) throw new TokenRefused('audience')
  const until = checkTimes(claims, now)
  if (claims['jti'] !== undefined && !isText(claims['jti'])) throw new TokenRefused('malformed')
  if (!matchClaims(rule.claims, claims)) throw new TokenRefused('claims')
  if (!inNetworks(rule.networks, address)) throw new TokenRefused('network')
  return until
}

/** @throws TokenRefused when the token was traded before, or expires just now */
async function trade(
  vault: Vault,
  asker: Asker,
  { claims }: Token,
  rule: TrustRule,
  until: number,
): Promise<Exchanged | typeof outdated> {
  const token = generateToken()
  const { scopes, networks, keyTtlSeconds } = rule
  const name = keyNameOf(rule, subjectOf(claims))
  const expiresAt = vault.now() + keyTtlSeconds * 1000
  const maker = { kind: 'workload', id: rule.id, name: workloadName(rule.issuer, subjectOf(claims)) } as const
  const given = { name, scopes, networks, expiresAt, ruleId: rule.id, maker, isOwner: false }
  const key = newKey(vault, rule.accountId, token, given)
  const { jti } = claims
  const usedHash = rule.isSingleUse && isText(jti) ? hash('sha256', JSON.stringify([rule.uid, jti]), 'hex') : undefined
  const made = await tryAsk(vault, asker, { kind: 'exchange_token', rule, key, until, usedHash })
  if (made === outdated) return outdated
  if ('fault' in made) {
    await recordShutOut(vault, asker, made.shutOut)
    throw new TokenRefused(made.fault)
  }
  return { rule, key: made.key, token }
}

function askerOf(stranger: Stranger, accountId: number, { issuer, claims }: Token, ruleId: number): Job {
  return {
    ...stranger,
    caller: { kind: 'workload', accountId, ruleId, name: workloadName(issuer, subjectOf(claims)) },
  }
}
