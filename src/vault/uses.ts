/** What was done, by the audit log: counted over a time, and held against other rights and networks. */
import { rightFor } from '../audit/needed.ts'
import { isPlaced } from '../audit/record.ts'
import { inNetworks } from '../model/network.ts'
import { allows, allowsName, allowsSome, anywhere, everywhere, type Right, type Scope } from '../model/scope.ts'
import type { UseCount, UseMatch } from '../store/store.ts'
import { countedOf, rangeOf } from './activity.ts'
import { viewOf } from './audit-view.ts'
import { filterInTurns, Pace } from './scan-in-turns.ts'
import { type AuditView, placeOf } from './seen.ts'
import type { Asker, Vault } from './vault.ts'

const dayMs = 86_400_000

export const maxDays = 30
export const defaultDays = 7

export interface Uses {
  readonly uses: readonly UseCount[]
  readonly view: AuditView
  /** Milliseconds since 1970: back to here it was looked at. */
  readonly from: number
  readonly isComplete: boolean
}

/** What was done in the last days, as far as the asker sees the records. */
export async function usesOf(
  vault: Vault,
  asker: Asker,
  { accountId, scopes }: { readonly accountId: number; readonly scopes: readonly Scope[] },
  match: UseMatch,
  days: number,
): Promise<Uses> {
  const view = await viewOf(vault, asker, accountId, scopes)
  const since = vault.now() - days * dayMs
  const range = await rangeOf(vault, accountId, await vault.store.auditSize(accountId), { from: since, to: undefined })
  const { kind, principalId, secretId: secret } = match
  const { parts, from, isComplete } = await countedOf(vault, accountId, { kind, principalId, secret }, range)
  const uses: UseCount[] = []
  const pace = new Pace()
  for (const { after, upTo } of parts) {
    const found = await vault.store.countUses(accountId, match, after, upTo)
    uses.push(...(await filterInTurns(found, (use) => view.maySee({ ...use, outcome: 'ok' }), pace)))
  }
  return { uses, view, from: range.first > range.last ? since : from, isComplete }
}

/** How many requests that was. */
export function sumOf(uses: readonly UseCount[]): number {
  return uses.reduce((sum, { count }) => sum + count, 0)
}

/** What somebody may do from where. */
export interface Allowance {
  readonly scopes: readonly Scope[]
  /** None for anywhere. */
  readonly networks: readonly string[]
}

/** The environment that something was asked in; nothing where it is gone, and for what is in none. */
export function environmentOf(use: UseCount, view: Pick<AuditView, 'nameOf'>): string | undefined {
  const at = placeOf(use)
  return at === undefined ? undefined : view.nameOf(at)
}

/** Whether what was done would be allowed to somebody. */
export function isAllowed(use: UseCount, { scopes, networks }: Allowance, view: Pick<AuditView, 'nameOf'>): boolean {
  const right = rightFor[use.action]
  if (!inNetworks(networks, use.address)) return false
  if (right === 'none' || right === 'host') return true
  return isWithin(use, right, scopes, view)
}

function isWithin(use: UseCount, right: Right, scopes: readonly Scope[], view: Pick<AuditView, 'nameOf'>): boolean {
  if (!isPlaced(use.action)) {
    return right === 'account:manage' ? allows(scopes, right, everywhere) : allowsSome(scopes, right, anywhere)
  }
  // In one that is gone, whoever may in all of them.
  const environment = environmentOf(use, view) ?? ''
  const { kind, name } = use
  return kind === 'secret' && name !== null
    ? allowsName(scopes, right, environment, name)
    : allowsSome(scopes, right, environment)
}
