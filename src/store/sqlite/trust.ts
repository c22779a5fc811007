/** What a batch on SQLite reads and writes of trust rules, used tokens and the keys of jobs. */
import type { ApiKey } from '../../model/api-key.ts'
import type { TrustRule } from '../../model/trust-rule.ts'
import { type ApiKeyRow, toApiKey } from '../key-rows.ts'
import type { Ref, UsedRef } from '../needs.ts'
import { type TrustRuleRow, toTrustRule, trustRuleValues, usedTokenValues } from '../trust-rows.ts'
import { type Changes, workloadKeyLingersMs } from '../world.ts'
import type { Statements } from './statements.ts'

export function trustRulesOf(statements: Statements, accountIds: readonly number[]): TrustRule[] {
  const found = accountIds.flatMap((id) => statements.trustRulesOf.all(id)) as unknown as TrustRuleRow[]
  return found.map(toTrustRule)
}

export function trustRules(statements: Statements, refs: readonly Ref[]): TrustRule[] {
  const found = refs.flatMap(({ accountId, id }) => statements.trustRule.all(accountId, id))
  return (found as unknown as TrustRuleRow[]).map(toTrustRule)
}

export function keysOfRules(statements: Statements, rules: readonly Ref[]): ApiKey[] {
  const found = rules.flatMap(({ accountId, id }) => statements.keysOfRule.all(accountId, id))
  return (found as unknown as ApiKeyRow[]).map(toApiKey)
}

export function livingKeys(statements: Statements, rules: readonly Ref[], now: number): (Ref & { count: number })[] {
  return rules.map((rule) => {
    const found = statements.livingKeys.get(rule.accountId, rule.id, now)
    return { ...rule, count: Number(found?.['count']) }
  })
}

export function usedTokens(statements: Statements, refs: readonly UsedRef[]): UsedRef[] {
  return refs.filter(({ accountId, ruleId, hash }) => statements.usedToken.get(accountId, ruleId, hash) !== undefined)
}

/** What is over goes first. */
export function applyTrust(statements: Statements, changes: Changes, now: number): void {
  const { putTrustRule, deleteTrustRule, pruneWorkloadKeys, pruneUsedTokens, insertUsedToken } = statements
  for (const accountId of changes.workloads) {
    pruneWorkloadKeys.run(accountId, now - workloadKeyLingersMs)
    pruneUsedTokens.run(accountId, now)
  }
  for (const [at, { row }] of changes.trustRules) {
    if (row === null) deleteTrustRule.run(...(at.split(' ').map(Number) as [number, number]))
    else putTrustRule.run(...trustRuleValues(row))
  }
  for (const used of changes.usedTokens) insertUsedToken.run(...usedTokenValues(used))
}
