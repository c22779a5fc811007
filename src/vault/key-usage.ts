/** What an API key used of what it may, and narrower scopes that would have done. */
import { rightFor } from '../audit/needed.ts'
import { type ApiKey, scopesOf } from '../model/api-key.ts'
import { maxNetworks, parseNetworks, withinNetworks } from '../model/network.ts'
import { covers } from '../model/pattern.ts'
import { formatScope, maxScopes, parseScopes, type Right, type Scope, withinScopes } from '../model/scope.ts'
import type { UseCount } from '../store/store.ts'
import type { AuditView } from './seen.ts'
import { environmentOf, isAllowed, sumOf, type Uses, usesOf } from './uses.ts'
import { type Asker, ask, type Vault } from './vault.ts'

export interface Used {
  readonly right: Right
  readonly name: string | null
  readonly environment: string | null
  readonly count: number
  readonly lastAt: number
}

export interface KeyUsage {
  readonly key: ApiKey
  readonly from: number
  readonly isComplete: boolean
  readonly requests: number
  /** Each scope that it has, and how often it was what let it in. */
  readonly scopes: readonly { readonly scope: string; readonly count: number; readonly lastAt: number | null }[]
  readonly used: readonly Used[]
  readonly addresses: readonly { readonly address: string; readonly count: number; readonly lastAt: number }[]
  /** Nothing where it cannot be narrower, or not all of its records were looked at. */
  readonly suggested: { readonly scopes: readonly string[]; readonly networks: readonly string[] } | undefined
}

/** So many of each are told. */
const maxTold = 1000

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export async function readKeyUsage(vault: Vault, asker: Asker, id: number, days: number): Promise<KeyUsage> {
  const { key, scopes, accountId } = await ask(vault, asker, { kind: 'read_key_usage', id })
  const found = await usesOf(vault, asker, { accountId, scopes }, { kind: 'key', principalId: id }, days)
  const { uses, view, from, isComplete } = found
  const own = scopesOf(key)
  const byScope = Map.groupBy(uses, (use) => firstFor(use, own, view))
  return {
    ...{ key, from, isComplete, requests: sumOf(uses) },
    scopes: own.map((scope) => {
      const of = byScope.get(scope) ?? []
      return { scope: formatScope(scope), count: sumOf(of), lastAt: lastOf(of) }
    }),
    used: usedOf(uses, view).slice(0, maxTold),
    addresses: addressesOf(uses).slice(0, maxTold),
    suggested: view.isWhole && isComplete && uses.length > 0 ? suggest(key, found) : undefined,
  }
}

function lastOf(uses: readonly UseCount[]): number | null {
  return uses.length === 0 ? null : uses.reduce((last, one) => Math.max(last, one.lastAt), 0)
}

/** The scope that let something in. */
function firstFor(use: UseCount, scopes: readonly Scope[], view: AuditView): Scope | undefined {
  const right = rightFor[use.action]
  if (right === 'none' || right === 'host') return undefined
  return scopes.find((scope) => isAllowed(use, { scopes: [scope], networks: [] }, view))
}

function usedOf(uses: readonly UseCount[], view: AuditView): readonly Used[] {
  const found = new Map<string, Used>()
  for (const use of uses) {
    const right = rightFor[use.action]
    if (right === 'none' || right === 'host') continue
    const name = use.kind === 'secret' ? use.name : null
    const environment = environmentOf(use, view) ?? null
    const at = JSON.stringify([right, name, environment])
    const { count = 0, lastAt = 0 } = found.get(at) ?? {}
    const of = { right, name, environment }
    found.set(at, { ...of, count: count + use.count, lastAt: Math.max(lastAt, use.lastAt) })
  }
  return [...found.values()].sort((one, other) => other.lastAt - one.lastAt)
}

function addressesOf(uses: readonly UseCount[]): KeyUsage['addresses'] {
  return [...Map.groupBy(uses, ({ address }) => address)]
    .map(([address, of]) => ({ address, count: sumOf(of), lastAt: lastOf(of) ?? 0 }))
    .sort((one, other) => other.lastAt - one.lastAt)
}

/** More names of one scope are told by what they begin with. */
const maxNames = 8

/** What would have done: within what the key has, and enough for all that it did, or it is not suggested. */
export function suggest(key: ApiKey, { uses, view }: Pick<Uses, 'uses' | 'view'>): KeyUsage['suggested'] {
  const own = scopesOf(key)
  const texts = new Set<string>()
  const named = new Map<
    string,
    { readonly scope: Scope; readonly environment: string | null; readonly names: Set<string> }
  >()
  for (const use of uses) {
    const right = rightFor[use.action]
    if (right === 'none' || right === 'host') continue
    const scope = firstFor(use, own, view)
    if (scope === undefined) return undefined
    const environment =
      scope.right === 'account:manage' ? null : (scope.environment ?? environmentOf(use, view) ?? null)
    if (use.kind !== 'secret' || use.name === null) {
      // What is about no one name may need all that there is.
      for (const one of own) if (one.right === scope.right) texts.add(formatScope(one))
      continue
    }
    const at = JSON.stringify([formatScope(scope), environment])
    const group = named.get(at) ?? { scope, environment, names: new Set<string>() }
    named.set(at, group)
    group.names.add(use.name)
  }
  for (const { scope, environment, names } of named.values()) {
    for (const pattern of patternsFor(scope.pattern, [...names]))
      texts.add(formatScope({ ...scope, pattern, environment }))
  }
  const isOwn = texts.size === 0 || texts.size > maxScopes
  const scopes = (isOwn ? own : withoutCovered(parseScopes([...texts].sort()))).map(formatScope)
  const networks = networksFor(key, uses)
  const [narrower, isSame] = [parseScopes(scopes), withinScopes(own, parseScopes(scopes))]
  const isWithin = withinScopes(narrower, own) && withinNetworks(networks, key.networks)
  const isEnough = uses.every((use) => isAllowed(use, { scopes: narrower, networks }, view))
  if (!isWithin || !isEnough) return undefined
  return isSame && withinNetworks(key.networks, networks) ? undefined : { scopes: narrower.map(formatScope), networks }
}

/** None that others of them bring along. */
function withoutCovered(scopes: readonly Scope[]): readonly Scope[] {
  let kept = scopes
  for (const scope of scopes) {
    const others = kept.filter((one) => one !== scope)
    if (withinScopes([scope], others)) kept = others
  }
  return kept
}

/** Names themselves where they are few; else what they begin with, as far as that matches no more than the scope does. */
function patternsFor(pattern: string, names: readonly string[]): readonly string[] {
  if (!pattern.includes('*')) return [pattern]
  if (names.length <= maxNames) return names
  const prefixes = new Set(names.map((name) => /^[^-_./]*[-_./]/.exec(name)?.[0] ?? name))
  const wide = [...prefixes].map((prefix) => (names.includes(prefix) ? prefix : `${prefix}*`))
  return wide.length <= maxNames && wide.every((one) => covers(pattern, one)) ? wide : [pattern]
}

function networksFor(key: ApiKey, uses: readonly UseCount[]): readonly string[] {
  const seen = [...new Set(uses.map(({ address }) => address))]
  if (seen.length > maxNetworks) return key.networks
  const networks = parseNetworks(seen)
  return withinNetworks(networks, key.networks) ? networks : key.networks
}
