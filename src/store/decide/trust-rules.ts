/** What happens to trust rules and to the tokens that are traded under them: nobody lets others in further than they are. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { type ApiKey, scopesOf } from '../../model/api-key.ts'
import { inNetworks } from '../../model/network.ts'
import { allowsSome, mayManageKey } from '../../model/scope.ts'
import { maxLivingKeys, maxTrustRules, type TrustRule } from '../../model/trust-rule.ts'
import type { Op, Outcome, Refused } from '../operation.ts'
import { ref, usedRef } from '../world.ts'
import { addKey, objectOf as objectOfKey } from './keys.ts'
import {
  type Call,
  done,
  forbid,
  isMadeBy,
  pruneWorkloads,
  putAccount,
  putKey,
  putTrustRule,
  putUsedToken,
  record,
  refuse,
  refuseField,
  removeTrustRule,
  shutOut,
  shutOutOf,
} from './work.ts'

const right = 'keys:manage'

/** Those whose keys the caller may manage. */
export function listTrustRules(call: Call): Outcome<'list_trust_rules'> {
  if (!allowsSome(call.scopes, right)) return forbid(call, null, right)
  const found = rulesOf(call).filter((rule) => mayManageKey(call.scopes, scopesOf(rule)))
  return done<'list_trust_rules'>(call, null, found)
}

export function readTrustRule(call: Call, { id }: Op<'read_trust_rule'>): Outcome<'read_trust_rule'> {
  const found = find(call, id)
  return 'kind' in found ? found : done(call, objectOf(found), found)
}

/** Not recorded: the change that follows refuses and records. */
export function prepareTrustRule(call: Call, { id }: Op<'prepare_trust_rule'>): Outcome<'prepare_trust_rule'> {
  const rule = call.work.world.trustRules.get(ref(call.account.id, id))
  if (rule === undefined) return { kind: 'refused', code: 'not_found', message: '' }
  return { kind: 'done', result: rule }
}

export function createTrustRule(call: Call, { rule }: Op<'create_trust_rule'>): Outcome<'create_trust_rule'> {
  const { work } = call
  const object: AuditObject = {
    kind: 'trust_rule',
    ...{ id: null, uid: rule.uid, name: rule.name, version: null, hash: null },
  }
  if (rule.accountId !== call.account.id || !isMadeBy(call, rule.maker)) return { kind: 'outdated' }
  if (!allowsSome(call.scopes, right)) return forbid(call, object, right)
  const rules = rulesOf(call)
  if (rules.some(({ name }) => name === rule.name)) return refuseTaken(call, object)
  if (rules.length >= maxTrustRules) {
    return refuse(call, object, 'invalid', `An account has at most ${maxTrustRules} trust rules. Delete one first.`)
  }
  const account = work.world.accounts.get(call.account.id) ?? call.account
  putAccount(work, { ...account, nextTrustRuleId: account.nextTrustRuleId + 1 })
  const made = putTrustRule(work, { ...rule, id: account.nextTrustRuleId })
  return done(call, objectOf(made), made)
}

/** Keys that were made under it before keep what they were given, until they end. */
export function updateTrustRule(call: Call, { id, change }: Op<'update_trust_rule'>): Outcome<'update_trust_rule'> {
  const found = find(call, id)
  if ('kind' in found) return found
  if (change === undefined || Buffer.compare(change.rowMac, found.mac) !== 0) return { kind: 'outdated' }
  const { rule } = change
  if (rule.id !== found.id || rule.uid !== found.uid || !isMadeBy(call, rule.maker)) return { kind: 'outdated' }
  if (rulesOf(call).some((other) => other.id !== id && other.name === rule.name)) {
    return refuseTaken(call, objectOf(found))
  }
  const changed = putTrustRule(call.work, rule)
  return done(call, objectOf(changed), changed)
}

export function deleteTrustRule(call: Call, { id }: Op<'delete_trust_rule'>): Outcome<'delete_trust_rule'> {
  const found = find(call, id)
  if ('kind' in found) return found
  for (const key of openKeysOf(call, id)) {
    const revoked = putKey(call.work, { ...key, revokedAt: call.work.world.now })
    record({ ...call, action: 'key.revoke' }, objectOfKey(revoked), 'ok')
  }
  removeTrustRule(call.work, found)
  return done(call, objectOf(found), null)
}

/** By a job whose token the vault has verified. */
export function exchangeToken(call: Call, operation: Op<'exchange_token'>): Outcome<'exchange_token'> {
  const { rule, key, until, usedHash } = operation
  const { work, account } = call
  const { world } = work
  const found = world.trustRules.get(ref(account.id, rule.id))
  if (found === undefined || Buffer.compare(found.mac, rule.mac) !== 0) return { kind: 'outdated' }
  const isOwn = key.accountId === account.id && key.ruleId === found.id && isMadeBy(call, key.maker)
  // By whatever clock, it lives no longer than the rule says.
  const lifetimeMs = (key.expiresAt ?? Number.POSITIVE_INFINITY) - key.createdAt
  if (!isOwn || lifetimeMs > found.keyTtlSeconds * 1000) return { kind: 'outdated' }
  const refuseFor = (fault: 'expired' | 'reused' | 'network'): Outcome<'exchange_token'> => {
    const result = { fault, shutOut: shutOutOf(call, objectOf(found), 'invalid_credentials') }
    return { kind: 'done', result }
  }
  if (!inNetworks(account.networks, call.request.address)) return refuseFor('network')
  if (until <= world.now) return refuseFor('expired')
  if (usedHash !== undefined && world.usedTokens.has(usedRef(account.id, found.id, usedHash))) {
    return refuseFor('reused')
  }
  const living = world.livingKeys.get(ref(account.id, found.id)) ?? 0
  if (living >= maxLivingKeys) {
    const message = `${maxLivingKeys} keys of this trust rule are in use. Wait until some have expired.`
    return shutOut(call, objectOf(found), 'rate_limited', message)
  }
  if (usedHash !== undefined) {
    putUsedToken(work, { accountId: account.id, ruleId: found.id, hash: usedHash, until })
  }
  pruneWorkloads(work, account.id)
  world.livingKeys.set(ref(account.id, found.id), living + 1)
  const made = addKey(call, key)
  record(call, objectOf(found), 'ok')
  return done({ ...call, action: 'key.create' }, objectOfKey(made), { key: made })
}

function find(call: Call, id: number): TrustRule | Refused {
  const unknown: AuditObject = { kind: 'trust_rule', id, uid: null, name: null, version: null, hash: null }
  if (!allowsSome(call.scopes, right)) return forbid(call, unknown, right)
  const found = call.work.world.trustRules.get(ref(call.account.id, id))
  if (found !== undefined && mayManageKey(call.scopes, scopesOf(found))) return found
  return refuse(call, unknown, 'not_found', 'No trust rule with this id.')
}

function rulesOf({ work, account }: Call): TrustRule[] {
  return [...work.world.trustRules.values()].filter(({ accountId }) => accountId === account.id)
}

/** Those that have expired too: seeds that they made may still be open. */
function openKeysOf({ work, account }: Call, ruleId: number): ApiKey[] {
  const keys = [...work.world.keys.values()]
  return keys.filter((key) => key.accountId === account.id && key.ruleId === ruleId && key.revokedAt === null)
}

function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuseField(call, object, 'name_taken', { field: 'name', detail: 'A trust rule has this name already.' })
}

function objectOf({ id, uid, name, mac }: TrustRule): AuditObject {
  return { kind: 'trust_rule', id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}
