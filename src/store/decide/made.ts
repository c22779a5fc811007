/** What happens to what somebody made: it goes on without them, unless it is ended with them. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { Principal } from '../../model/principal.ts'
import type { Before, Made, MakerRef } from '../made.ts'
import { apiKeys } from '../tables/api-key.ts'
import { machines } from '../tables/machine.ts'
import { trustRules } from '../tables/trust-rule.ts'
import { webhooks } from '../tables/webhook.ts'
import { type Call, put, record } from './work.ts'

export const nothingMade: Made = { keys: [], trustRules: [], machines: [], webhooks: [] }

/**
 * Ends what somebody made, each with its record: all that is there now. Were it to be as it was seen before, whoever goes
 * on making would never be stopped.
 *
 * @param isWhole whether that is asked for
 * @param before what was ended already
 * @returns what it was
 */
export function endMade(call: Call, maker: MakerRef, isWhole: boolean, before?: Before): Made {
  if (!isWhole) return nothingMade
  return ended(call, madeBy(call, maker, before))
}

function ended(call: Call, made: Made): Made {
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
  for (const webhook of made.webhooks) {
    call.work.world.remove(webhooks, webhook)
    record({ ...call, action: 'webhook.delete' }, objectOf('webhook', { ...webhook, name: webhook.host }), 'ok')
  }
  return made
}

/** Ends some of what somebody made, as far as it is theirs and goes on. */
export function endPart(call: Call, root: MakerRef, { keys, machines: ids }: MadePart): Made {
  const { world } = call.work
  const { id: accountId } = call.account
  const isTheirs = leadingTo(call, root)
  const made = {
    keys: keys
      .flatMap((id) => world.get(apiKeys, accountId, id) ?? [])
      .filter((key) => key.revokedAt === null && key.userId === null && isTheirs(key)),
    trustRules: [],
    machines: ids.flatMap((id) => world.get(machines, accountId, id) ?? []).filter(isTheirs),
    webhooks: [],
  }
  return ended(call, made)
}

/** Some of what somebody made, by ids. */
export interface MadePart {
  readonly keys: readonly number[]
  readonly machines: readonly number[]
}

/** Whether all that was ended part by part is all that there was: else some trust rule became theirs meanwhile. */
export function isAllBefore(call: Call, root: MakerRef, before: Before | undefined): boolean {
  if (before === undefined) return true
  const isTheirs = leadingTo(call, root)
  const rules = [...call.work.world.all(trustRules)].filter(({ accountId }) => accountId === call.account.id)
  return rules.every(
    (rule) =>
      !isTheirs(rule) ||
      rule.id >= before.nextTrustRuleId ||
      before.rules.includes(Buffer.from(rule.mac).toString('hex')),
  )
}

interface Thing {
  readonly maker: Principal | null
  readonly id: number
  readonly ruleId?: number | null
}

/** Tells whether a maker made something, however many were in between. */
function leadingTo({ work, account }: Call, root: MakerRef): (thing: Thing) => boolean {
  return (thing) => {
    const seen = new Set<string>()
    const waiting: Thing[] = [thing]
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      const { maker, ruleId = null } = one
      const makers = [
        ...(maker === null ? [] : [maker]),
        ...(ruleId === null ? [] : [{ kind: 'workload', id: ruleId }]),
      ]
      for (const { kind, id } of makers) {
        if (kind === root.kind && id === root.id) return true
        if (seen.has(`${kind} ${id}`)) continue
        seen.add(`${kind} ${id}`)
        const next =
          kind === 'key'
            ? work.world.get(apiKeys, account.id, id)
            : kind === 'workload'
              ? work.world.get(trustRules, account.id, id)
              : undefined
        if (next !== undefined) waiting.push(next)
      }
    }
    return false
  }
}

/** Of what was not ended before: what is younger, and all trust rules with the keys that were traded under them. */
function madeSince(call: Call, root: MakerRef, before: Before): Made {
  const { world } = call.work
  const isTheirs = leadingTo(call, root)
  const ofAccount = <Row extends Thing & { readonly accountId: number }>(rows: Iterable<Row>) =>
    [...rows].filter((row) => row.accountId === call.account.id && isTheirs(row))
  const isRoot = ({ id }: ApiKey) => root.kind === 'key' && id === root.id
  return {
    keys: ofAccount(world.all(apiKeys)).filter(
      (key) =>
        key.userId === null &&
        key.revokedAt === null &&
        !isRoot(key) &&
        (key.id >= before.nextKeyId || key.ruleId !== null),
    ),
    trustRules: ofAccount(world.all(trustRules)),
    machines: ofAccount(world.all(machines)).filter(({ id }) => id >= before.nextMachineId),
    webhooks: ofAccount(world.all(webhooks)),
  }
}

/** What a maker made, and what that made in turn, as deep as it goes; or what is left of it. */
export function madeBy(call: Call, root: MakerRef, before?: Before): Made {
  if (before !== undefined) return madeSince(call, root, before)
  const { work, account } = call
  const ofAccount = <Row extends { readonly accountId: number; readonly maker: Principal | null }>(
    rows: Iterable<Row>,
  ) => [...rows].filter(({ accountId }) => accountId === account.id)
  const keys = ofAccount(work.world.all(apiKeys)).filter(({ userId }) => userId === null)
  const byMaker = {
    keys: Map.groupBy(keys, ({ maker }) => nameOf(maker)),
    keysOfRule: Map.groupBy(keys, ({ ruleId }) => ruleId),
    trustRules: Map.groupBy(ofAccount(work.world.all(trustRules)), ({ maker }) => nameOf(maker)),
    machines: Map.groupBy(ofAccount(work.world.all(machines)), ({ maker }) => nameOf(maker)),
    webhooks: Map.groupBy(ofAccount(work.world.all(webhooks)), ({ maker }) => nameOf(maker)),
  }
  const made = {
    keys: new Set<ApiKey>(),
    trustRules: new Set<Made['trustRules'][number]>(),
    machines: new Set<Made['machines'][number]>(),
    webhooks: new Set<Made['webhooks'][number]>(),
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
    for (const webhook of byMaker.webhooks.get(name) ?? []) made.webhooks.add(webhook)
  }
  return {
    keys: [...made.keys].filter(({ revokedAt }) => revokedAt === null),
    trustRules: [...made.trustRules],
    machines: [...made.machines],
    webhooks: [...made.webhooks],
  }
}

function nameOf(maker: Pick<Principal, 'kind' | 'id'> | null): string | undefined {
  return maker === null ? undefined : `${maker.kind} ${maker.id}`
}

function objectOf(
  kind: 'key' | 'trust_rule' | 'machine' | 'webhook',
  { id, uid, name, mac }: Pick<ApiKey, 'id' | 'uid' | 'name' | 'mac'>,
): AuditObject {
  return { kind, id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}
