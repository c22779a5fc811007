/** What happens to what somebody made: it goes on without them, unless it is ended with them. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { Principal } from '../../model/principal.ts'
import type { Made, MakerRef } from '../made.ts'
import { apiKeys } from '../tables/api-key.ts'
import { machines } from '../tables/machine.ts'
import { trustRules } from '../tables/trust-rule.ts'
import { type Call, put, record } from './work.ts'

export const nothingMade: Made = { keys: [], trustRules: [], machines: [] }

/**
 * Ends what somebody made, each with its record: all that is there now. Were it to be as it was seen before, whoever goes
 * on making would never be stopped.
 *
 * @param isWhole whether that is asked for
 * @returns what it was
 */
export function endMade(call: Call, maker: MakerRef, isWhole: boolean): Made {
  if (!isWhole) return nothingMade
  const made = madeBy(call, maker)
  for (const key of made.keys) {
    const revoked = put(call.work, apiKeys, { ...key, revokedAt: call.work.world.now })
    record({ ...call, action: 'key.revoke' }, objectOf('key', revoked), 'ok')
  }
  for (const rule of made.trustRules) {
    call.work.world.remove(trustRules, rule)
    record({ ...call, action: 'trust_rule.delete' }, objectOf('trust_rule', rule), 'ok')
  }
  for (const machine of made.machines) {
    call.work.world.remove(machines, machine)
    record({ ...call, action: 'machine.delete' }, objectOf('machine', machine), 'ok')
  }
  return made
}

/** What a maker made, and what that made in turn, as deep as it goes. */
export function madeBy({ work, account }: Call, root: MakerRef): Made {
  const ofAccount = <Row extends { readonly accountId: number; readonly maker: Principal | null }>(
    rows: Iterable<Row>,
  ) => [...rows].filter(({ accountId }) => accountId === account.id)
  const keys = ofAccount(work.world.all(apiKeys)).filter(({ userId }) => userId === null)
  const byMaker = {
    keys: Map.groupBy(keys, ({ maker }) => nameOf(maker)),
    keysOfRule: Map.groupBy(keys, ({ ruleId }) => ruleId),
    trustRules: Map.groupBy(ofAccount(work.world.all(trustRules)), ({ maker }) => nameOf(maker)),
    machines: Map.groupBy(ofAccount(work.world.all(machines)), ({ maker }) => nameOf(maker)),
  }
  const made = {
    keys: new Set<ApiKey>(),
    trustRules: new Set<Made['trustRules'][number]>(),
    machines: new Set<Made['machines'][number]>(),
  }
  const makers: Pick<Principal, 'kind' | 'id'>[] = [root]
  for (let maker = makers.pop(); maker !== undefined; maker = makers.pop()) {
    const name = nameOf(maker)
    const traded = maker.kind === 'workload' ? byMaker.keysOfRule.get(maker.id) : undefined
    for (const key of [...(byMaker.keys.get(name) ?? []), ...(traded ?? [])]) {
      if (made.keys.has(key) || (root.kind === 'key' && key.id === root.id)) continue
      made.keys.add(key)
      makers.push({ kind: 'key', id: key.id })
    }
    for (const rule of byMaker.trustRules.get(name) ?? []) {
      if (made.trustRules.has(rule)) continue
      made.trustRules.add(rule)
      makers.push({ kind: 'workload', id: rule.id })
    }
    for (const machine of byMaker.machines.get(name) ?? []) made.machines.add(machine)
  }
  return {
    keys: [...made.keys].filter(({ revokedAt }) => revokedAt === null),
    trustRules: [...made.trustRules],
    machines: [...made.machines],
  }
}

function nameOf(maker: Pick<Principal, 'kind' | 'id'> | null): string | undefined {
  return maker === null ? undefined : `${maker.kind} ${maker.id}`
}

function objectOf(
  kind: 'key' | 'trust_rule' | 'machine',
  { id, uid, name, mac }: Pick<ApiKey, 'id' | 'uid' | 'name' | 'mac'>,
): AuditObject {
  return { kind, id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}
