/** What a change would have refused in the last days, tried against the audit log: nothing is changed. */
import type { Action } from '../audit/record.ts'
import { Refusal } from '../errors.ts'
import { parseNetworks } from '../model/network.ts'
import type { Principal } from '../model/principal.ts'
import { allows, everywhere, parseScopes } from '../model/scope.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import { checkPatterns, checkPlacedRoles, type PlacedRole, type Role, scopesOfUser } from '../model/user.ts'
import type { UseCount, UseMatch } from '../store/store.ts'
import { consequencesOf, type Holder, ruleOf, rulesAmong, type Through } from './access.ts'
import { actingNamed } from './acting.ts'
import { type Allowance, environmentOf, isAllowed, sumOf, type Uses, usesOf } from './uses.ts'
import { type Asker, ask, type Vault, verifyAll } from './vault.ts'

/** What would be different; `remove`: it would be revoked, disabled or deleted. */
export type Change =
  | { readonly kind: 'key' | 'trust_rule' | 'machine' | 'user'; readonly id: number; readonly way: 'remove' }
  | {
      readonly kind: 'key' | 'trust_rule' | 'machine'
      readonly id: number
      readonly way: 'narrow'
      readonly scopes: readonly string[]
      readonly networks: readonly string[]
    }
  | {
      readonly kind: 'user'
      readonly id: number
      readonly way: 'narrow'
      readonly role: Role
      readonly patterns: readonly string[] | null
      readonly environmentRoles: readonly PlacedRole[]
    }
  /** Of one secret or several. */
  | { readonly kind: 'secret'; readonly ids: readonly number[]; readonly way: 'remove' | 'rotate' | 'rename' }

/** What somebody did, and would have been refused. */
export interface Missed {
  readonly principal: Principal
  readonly action: Action
  readonly name: string | null
  readonly environment: string | null
  readonly count: number
  /** Milliseconds since 1970. */
  readonly lastAt: number
}

export interface Tried {
  readonly from: number
  readonly isComplete: boolean
  /** Requests that were done, and tried. */
  readonly requests: number
  readonly refusedRequests: number
  /** The last first. */
  readonly refused: readonly Missed[]
  /** Targets that would hold an old version, or one of a secret that is gone. */
  readonly stale: readonly Holder[]
  /** Templates that would not resolve. */
  readonly templates: readonly Through[]
}

/** So much of each is told. */
const maxTold = 1000

/** @throws Refusal `forbidden`, `invalid`, `not_found` for a secret or a trust rule that is not there */
export async function tryChange(vault: Vault, asker: Asker, change: Change, days: number): Promise<Tried> {
  const after = allowanceAfter(change)
  const told = change.kind === 'secret' ? await consequencesOf(vault, asker, change.ids) : undefined
  const reading = await ask(vault, asker, { kind: 'try_change' })
  const found = await usesOfAll(vault, asker, reading, matchesOf(change), days)
  const uses = change.kind === 'trust_rule' ? await ofRule(vault, asker, reading, change.id, found) : found.uses
  const refused = uses.filter((use) => after !== undefined && !isAllowed(use, after, found.view))
  return {
    ...{ from: found.from, isComplete: found.isComplete },
    ...{ requests: sumOf(uses), refusedRequests: sumOf(refused) },
    refused: missedOf(refused, found).slice(0, maxTold),
    stale: told?.holders ?? [],
    templates: (told?.templates ?? []).filter(({ id }) => isLost(change, id)),
  }
}

/** Whether a template that leads to what is changed does not resolve any more: one that is gone too is no matter. */
function isLost(change: Change, id: number): boolean {
  if (change.kind !== 'secret' || change.way === 'rotate') return false
  return change.way === 'rename' || !change.ids.includes(id)
}

/** What they may from then on; nothing where that stays. */
function allowanceAfter(change: Change): Allowance | undefined {
  if (change.kind === 'secret' && change.way !== 'remove') return undefined
  if (change.kind === 'secret' || change.way === 'remove') return { scopes: [], networks: [] }
  if (change.kind !== 'user') return { scopes: parseScopes(change.scopes), networks: parseNetworks(change.networks) }
  const { role, patterns, environmentRoles } = change
  const roles = { role, patterns: checkPatterns(patterns), environmentRoles: checkPlacedRoles(environmentRoles) }
  return { scopes: scopesOfUser(roles), networks: [] }
}

function matchesOf(change: Change): readonly UseMatch[] {
  if (change.kind === 'secret') return change.ids.map((secretId) => ({ secretId }))
  const { kind, id } = change
  return [kind === 'trust_rule' ? { kind: 'key' } : { kind, principalId: id }]
}

/** What was done that fits any of these: back to where all of them were looked at. */
async function usesOfAll(
  vault: Vault,
  asker: Asker,
  reading: Parameters<typeof usesOf>[2],
  matches: readonly UseMatch[],
  days: number,
): Promise<Uses> {
  const [first = {}, ...others] = matches
  let found = await usesOf(vault, asker, reading, first, days)
  for (const match of others) {
    const { uses, from, isComplete } = await usesOf(vault, asker, reading, match, days)
    found = {
      ...{ view: found.view, uses: [...found.uses, ...uses] },
      ...{ from: Math.max(found.from, from), isComplete: found.isComplete && isComplete },
    }
  }
  return found
}

/** Of the keys that a trust rule gave, those that are gone too. */
async function ofRule(
  vault: Vault,
  asker: Asker,
  { accountId, scopes }: Parameters<typeof usesOf>[2],
  id: number,
  { uses }: Uses,
): Promise<readonly UseCount[]> {
  const rules: readonly TrustRule[] = await vault.store.trustRules(accountId)
  await verifyAll(vault, asker, 'trust_rules', rules, 'audit.what_if')
  // Whoever reads only a part of the trail need not know which rules there are: for them, one of which they see nothing is as none.
  const isThere = rules.some((rule) => rule.id === id)
  if (!isThere && allows(scopes, 'audit:read', everywhere))
    throw new Refusal('not_found', 'No trust rule with this id.')
  const ids = [...new Set(uses.map(({ principal }) => principal.id))]
  const keys = await actingNamed(vault, asker, accountId, 'key', ids)
  const known = rulesAmong(rules)
  return uses.filter(({ principal }) => ruleOf(principal, keys.get(principal.id), known)?.id === id)
}

function missedOf(uses: readonly UseCount[], { view }: Pick<Uses, 'view'>): readonly Missed[] {
  const found = new Map<string, Missed>()
  for (const use of uses) {
    const { principal, action, name, count, lastAt } = use
    const environment = environmentOf(use, view) ?? null
    const at = JSON.stringify([principal.kind, principal.id, action, name, environment])
    const known = found.get(at)
    const of = known === undefined || known.lastAt < lastAt ? { principal, action, name, environment } : known
    found.set(at, { ...of, count: (known?.count ?? 0) + count, lastAt: Math.max(known?.lastAt ?? 0, lastAt) })
  }
  return [...found.values()].sort((one, other) => other.lastAt - one.lastAt)
}
