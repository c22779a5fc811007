/** Trust rules: whose tokens are traded for API keys. Changed only by who could make such keys. */
import { newUid } from '../crypto/random.ts'
import { invalid, Refusal } from '../errors.ts'
import { scopesOf } from '../model/api-key.ts'
import { checkName } from '../model/name.ts'
import { parseNetworks } from '../model/network.ts'
import { mayManageKey } from '../model/scope.ts'
import { parseClaims } from '../model/token-claims.ts'
import {
  checkAudience,
  checkIssuer,
  checkJwksUrl,
  checkKeyTtl,
  defaultKeyTtlSeconds,
  maxRuleNameLength,
  parseTrustScopes,
  type TrustRule,
} from '../model/trust-rule.ts'
import { isUsable, readKeySet, writeKeySet } from '../oidc/keys.ts'
import { trustRuleListing } from '../store/listings.ts'
import { type Found, find, type Wanted } from './pages.ts'
import {
  type Asker,
  ask,
  askOnce,
  type Identity,
  type MadeOnce,
  outdated,
  tryAsk,
  unlessMissing,
  type Vault,
} from './vault.ts'

const maxTries = 20
/** Pasted into a rule. */
const maxPastedKeys = 20
const maxKeySetLength = 16 * 1024

export interface TrustRuleInput {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly claims: Readonly<Record<string, string>>
  readonly scopes: readonly string[]
  readonly networks?: readonly string[] | undefined
  readonly keyTtlSeconds?: number | undefined
  readonly isSingleUse?: boolean | undefined
  readonly jwksUrl?: string | null | undefined
  /** A set of keys (RFC 7517), as it was sent. */
  readonly jwks?: unknown
}

/** What changes of a rule; what is left out stays. */
export type TrustRuleParts = { readonly [part in keyof TrustRuleInput]?: TrustRuleInput[part] | undefined }

/** Those that the asker may manage, by ascending id. @throws Refusal `forbidden`, `integrity_failure` */
export async function listTrustRules(vault: Vault, asker: Asker, wanted: Wanted): Promise<Found<TrustRule>> {
  const { accountId, scopes } = await ask(vault, asker, { kind: 'list_trust_rules' })
  const isSeen = (rule: TrustRule) => mayManageKey(scopes, scopesOf(rule))
  const source = { table: 'trust_rules', action: 'trust_rule.list', rows: trustRuleListing, isSeen } as const
  return find(vault, asker, accountId, source, wanted)
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export function readTrustRule(vault: Vault, asker: Asker, id: number): Promise<TrustRule> {
  return ask(vault, asker, { kind: 'read_trust_rule', id })
}

/** @throws Refusal `invalid`, `forbidden`, `name_taken` */
export async function createTrustRule(
  vault: Vault,
  asker: Asker,
  { accountId, maker }: Identity,
  input: TrustRuleInput,
): Promise<MadeOnce<TrustRule>> {
  const now = vault.now()
  const row = { accountId, uid: newUid(), ...(await read(input)), createdAt: now, updatedAt: now, maker }
  return askOnce(vault, asker, { kind: 'create_trust_rule', rule: row })
}

/**
 * Keys that were made under the rule before keep what they were given, until they end. Its maker is from now on whoever
 * changes it: they say whom it lets in.
 *
 * @throws Refusal `invalid`, `not_found`, `forbidden`, `name_taken`
 */
export async function updateTrustRule(
  vault: Vault,
  asker: Asker,
  { maker }: Identity,
  id: number,
  parts: TrustRuleParts,
): Promise<TrustRule> {
  for (let tries = 0; tries < maxTries; tries++) {
    const old = await prepare(vault, asker, id)
    const rule = old && { ...old, ...(await read(merged(old, parts))), updatedAt: vault.now(), maker }
    const change = old && rule && { rowMac: old.mac, rule }
    const changed = await tryAsk(vault, asker, { kind: 'update_trust_rule', id, change })
    if (changed !== outdated) return changed
  }
  throw keepsChanging()
}

/**
 * No token is traded under it any more, and every key that was made under it is revoked.
 *
 * @throws Refusal `not_found`, `forbidden`
 */
export async function deleteTrustRule(vault: Vault, asker: Asker, id: number): Promise<void> {
  await ask(vault, asker, { kind: 'delete_trust_rule', id })
}

function prepare(vault: Vault, asker: Asker, id: number) {
  return unlessMissing(ask(vault, asker, { kind: 'prepare_trust_rule', id }))
}

/** @throws Refusal `invalid` */
async function read(input: TrustRuleInput) {
  const name = checkName(input.name, 'name')
  if (name.length > maxRuleNameLength) throw invalid('name', `Must have at most ${maxRuleNameLength} characters.`)
  if (input.jwks && input.jwksUrl) throw invalid('jwks', 'Give jwks or jwks_url, not both.')
  return {
    name,
    issuer: checkIssuer(input.issuer),
    audience: checkAudience(input.audience),
    claims: parseClaims(input.claims),
    scopes: parseTrustScopes(input.scopes),
    networks: parseNetworks(input.networks ?? []),
    keyTtlSeconds: checkKeyTtl(input.keyTtlSeconds ?? defaultKeyTtlSeconds),
    isSingleUse: input.isSingleUse ?? true,
    jwksUrl: input.jwksUrl ? checkJwksUrl(input.jwksUrl) : null,
    jwks: input.jwks ? await readPasted(input.jwks) : null,
  }
}

/** @throws Refusal `invalid` naming `jwks` */
async function readPasted(value: unknown): Promise<string> {
  const keys = readKeySet(value, maxPastedKeys)
  if (keys === undefined) {
    throw invalid('jwks', `Must be {"keys":[…]} with at most ${maxPastedKeys} keys, all of them public.`)
  }
  const usable = await Promise.all(keys.map(isUsable))
  if (keys.length === 0 || usable.includes(false)) {
    throw invalid('jwks', 'Must hold RSA keys of 2048 to 8192 bits, or P-256, P-384, P-521 or Ed25519 keys.')
  }
  const text = writeKeySet(keys)
  if (text.length > maxKeySetLength) throw invalid('jwks', `Must have at most ${maxKeySetLength} characters.`)
  return text
}

function merged(old: TrustRule, parts: TrustRuleParts): TrustRuleInput {
  const before: TrustRuleInput = {
    ...old,
    claims: Object.fromEntries(old.claims.map(({ name, pattern }) => [name, pattern])),
    // Where its keys are is one thing: whoever gives one way takes the other away.
    jwks: old.jwks === null || parts.jwksUrl ? null : JSON.parse(old.jwks),
    jwksUrl: parts.jwks ? null : old.jwksUrl,
  }
  return { ...before, ...Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) }
}

function keepsChanging(): Refusal {
  return new Refusal('overloaded', 'The trust rule keeps changing. Try again.', { headers: { 'retry-after': '1' } })
}
