/** Trust rules, and the tokens that are traded under them: nobody lets others in further than they are. */
import { hash } from 'node:crypto'
import type { AuditObject, ShutOut } from '../../audit/record.ts'
import { type ApiKey, scopesOf } from '../../model/api-key.ts'
import { inNetworks } from '../../model/network.ts'
import { mayManageKey } from '../../model/scope.ts'
import { maxLivingKeys, maxTrustRules, type TrustRule } from '../../model/trust-rule.ts'
import type { Unsealed } from '../coverage.ts'
import { type Handed, noVersion } from '../decide/grants.ts'
import { objectOfKey } from '../decide/key-objects.ts'
import { keptRow, objectAgain, onceOf } from '../decide/once.ts'
import { isUpon } from '../decide/proof.ts'
import {
  authorizeListing,
  type Call,
  done,
  isMadeBy,
  type Listing,
  put,
  putAccount,
  record,
  refuse,
  refuseField,
  shutOut,
  shutOutOf,
} from '../decide/work.ts'
import type { Outcome, Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { apiKeys, overWorkloadKeys, workloadKeyLingersMs } from '../tables/api-key.ts'
import { livingKeys, overUsedTokens, trustRules, usedTokens } from '../tables/trust-rule.ts'
import { defineOnce, defineOperation, free, overSome, type WithRight } from './define.ts'
import { addKey, keyHanded, type NewKey } from './keys.ts'

/** A trust rule without what the transaction gives it. */
type NewTrustRule = Omit<TrustRule, 'id' | 'mac'>

interface ById {
  readonly id: number
}

const right = 'keys:manage'

/** A rule whose keys the caller may manage. */
const aRule: WithRight<ById, TrustRule> = {
  right,
  over: 'some',
  object: (_call, { id }) => unknownRule(id),
  subject: (call, { id }) => {
    const found = ruleOf(call, id)
    if (found !== undefined && mayManageKey(call.scopes, scopesOf(found))) return found
    return refuse(call, unknownRule(id), 'not_found', 'No trust rule with this id.')
  },
}

/** Those whose keys the caller may manage. */
const listTrustRules = defineOperation<object, Listing>()({
  kind: 'list_trust_rules',
  action: 'trust_rule.list',
  scope: overSome(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: authorizeListing,
})

const readTrustRule = defineOperation<ById, TrustRule, TrustRule>()({
  kind: 'read_trust_rule',
  action: 'trust_rule.read',
  scope: aRule,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.everyTrustRule(),
  decide: (call, _operation, found) => done(call, objectOf(found), found),
})

/** Loads what a change is made upon. Not recorded: the change that follows refuses and records. */
const prepareTrustRule = defineOperation<ById, TrustRule>()({
  kind: 'prepare_trust_rule',
  action: 'trust_rule.update',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.trustRule(id),
  decide: (call, { id }) => {
    const rule = ruleOf(call, id)
    if (rule === undefined) return { kind: 'refused', code: 'not_found', message: '' }
    return { kind: 'done', result: rule }
  },
})

const createTrustRule = defineOnce<{ readonly rule: NewTrustRule }, TrustRule>()({
  kind: 'create_trust_rule',
  action: 'trust_rule.create',
  scope: overSome(right, (_call, { rule }) => objectOfNew(rule)),
  environment: 'none',
  delicate: true,
  grants: (_call, { rule }) => [ruleHanded(rule, { field: 'scopes', before: [] })],
  needs: (needs) => needs.everyTrustRule(),
  decide: (call, { rule }) => {
    const { work } = call
    const object = objectOfNew(rule)
    if (rule.accountId !== call.account.id || !isMadeBy(call, rule.maker)) return { kind: 'outdated' }
    const rules = rulesOf(call)
    if (rules.some(({ name }) => name === rule.name)) return refuseTaken(call, object)
    if (rules.length >= maxTrustRules) {
      return refuse(call, object, 'invalid', `An account has at most ${maxTrustRules} trust rules. Delete one first.`)
    }
    const account = work.world.get(accounts, call.account.id) ?? call.account
    putAccount(work, { ...account, nextTrustRuleId: account.nextTrustRuleId + 1 })
    const made = put(work, trustRules, { ...rule, id: account.nextTrustRuleId })
    return done(call, objectOf(made), made)
  },
  once: onceOf(keptRow<TrustRule>()({ mac: new Uint8Array() }), (rule) => objectAgain('trust_rule', rule, rule.name)),
})

interface Update extends ById {
  /** Upon the row that was prepared; `undefined` when there was none. */
  readonly change: { readonly rowMac: Uint8Array; readonly rule: Unsealed<TrustRule> } | undefined
}

/** Keys that were made under it before keep what they were given, until they end. */
const updateTrustRule = defineOperation<Update, TrustRule, TrustRule>()({
  kind: 'update_trust_rule',
  action: 'trust_rule.update',
  scope: aRule,
  environment: 'none',
  delicate: true,
  grants: handedByChange,
  needs: (needs) => needs.everyTrustRule(),
  decide: (call, { id, change }, found) => {
    if (change === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
    const { rule } = change
    if (rule.id !== found.id || rule.uid !== found.uid || !isMadeBy(call, rule.maker)) return { kind: 'outdated' }
    if (rulesOf(call).some((other) => other.id !== id && other.name === rule.name)) {
      return refuseTaken(call, objectOf(found))
    }
    const changed = put(call.work, trustRules, rule)
    return done(call, objectOf(changed), changed)
  },
})

/** Every key of it that has not been revoked is. */
const deleteTrustRule = defineOperation<ById, null, TrustRule>()({
  kind: 'delete_trust_rule',
  action: 'trust_rule.delete',
  scope: aRule,
  environment: 'none',
  delicate: true,
  grants: 'nothing',
  needs: (needs, { id }) => {
    needs.trustRule(id)
    needs.keysOfTrustRule(id)
  },
  decide: (call, { id }, found) => {
    for (const key of openKeysOf(call, id)) {
      const revoked = put(call.work, apiKeys, { ...key, revokedAt: call.work.world.now })
      record({ ...call, action: 'key.revoke' }, objectOfKey(revoked), 'ok')
    }
    call.work.world.remove(trustRules, found)
    return done(call, objectOf(found), null)
  },
})

interface Exchange {
  /** The rule that the token matches, as the vault has verified it; any other row is not acted upon. */
  readonly rule: TrustRule
  readonly key: NewKey
  /** Until when the token is accepted; milliseconds since 1970. */
  readonly until: number
  /** What the token is known by from now on; `undefined` where it may be traded again. */
  readonly usedHash: string | undefined
}

type Exchanged =
  | { readonly key: ApiKey }
  | { readonly fault: 'expired' | 'reused' | 'network'; readonly shutOut: ShutOut }

/** By a job whose token the vault has verified. */
const exchangeToken = defineOperation<Exchange, Exchanged>()({
  kind: 'exchange_token',
  action: 'auth.oidc',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: handedByExchange,
  needs: (needs, { rule, usedHash }) => {
    needs.trustRule(rule.id)
    needs.livingKeysOf(rule.id)
    needs.usedToken(rule.id, usedHash)
  },
  decide: (call, operation) => {
    const { rule, key, until, usedHash } = operation
    const { work, account } = call
    const { world } = work
    const found = world.get(trustRules, account.id, rule.id)
    if (found === undefined || Buffer.compare(found.mac, rule.mac) !== 0) return { kind: 'outdated' }
    const isOwn = key.accountId === account.id && key.ruleId === found.id && isMadeBy(call, key.maker)
    // By whatever clock, it lives no longer than the rule says.
    const lifetimeMs = (key.expiresAt ?? Number.POSITIVE_INFINITY) - key.createdAt
    if (!isOwn || lifetimeMs > found.keyTtlSeconds * 1000) return { kind: 'outdated' }
    const refuseFor = (fault: 'expired' | 'reused' | 'network'): Outcome<Exchanged> => {
      const result = { fault, shutOut: shutOutOf(call, objectOf(found), 'invalid_credentials') }
      return { kind: 'done', result }
    }
    if (!inNetworks(account.networks, call.request.address)) return refuseFor('network')
    if (until <= world.now) return refuseFor('expired')
    if (usedHash !== undefined && world.get(usedTokens, account.id, found.id, usedHash) !== undefined) {
      return refuseFor('reused')
    }
    const living = world.fact(livingKeys, account.id, found.id) ?? 0
    if (living >= maxLivingKeys) {
      const message = `${maxLivingKeys} keys of this trust rule are in use. Wait until some have expired.`
      return shutOut(call, objectOf(found), 'rate_limited', message)
    }
    if (usedHash !== undefined) {
      world.put(usedTokens, { accountId: account.id, ruleId: found.id, hash: usedHash, until })
    }
    // What jobs have left behind is cleared away: keys long expired, tokens that nobody accepts any more.
    world.changes.drop(overWorkloadKeys, { accountId: account.id, expiresAt: world.now - workloadKeyLingersMs })
    world.changes.drop(overUsedTokens, { accountId: account.id, until: world.now })
    world.setFact(livingKeys, living + 1, account.id, found.id)
    const made = addKey(call, key)
    record(call, objectOf(found), 'ok')
    return done({ ...call, action: 'key.create' }, objectOfKey(made), { key: made })
  },
})

export const trustRuleOperations = {
  [listTrustRules.kind]: listTrustRules,
  [readTrustRule.kind]: readTrustRule,
  [prepareTrustRule.kind]: prepareTrustRule,
  [createTrustRule.kind]: createTrustRule,
  [updateTrustRule.kind]: updateTrustRule,
  [deleteTrustRule.kind]: deleteTrustRule,
  [exchangeToken.kind]: exchangeToken,
}

function ruleOf({ work, account }: Call, id: number): TrustRule | undefined {
  return work.world.get(trustRules, account.id, id)
}

function rulesOf({ work, account }: Call): TrustRule[] {
  return [...work.world.all(trustRules)].filter(({ accountId }) => accountId === account.id)
}

/** Those that have expired too: seeds that they made may still be open. */
function openKeysOf({ work, account }: Call, ruleId: number): ApiKey[] {
  const keys = [...work.world.all(apiKeys)]
  return keys.filter((key) => key.accountId === account.id && key.ruleId === ruleId && key.revokedAt === null)
}

function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuseField(call, object, 'name_taken', { field: 'name', detail: 'A trust rule has this name already.' })
}

function ruleHanded(rule: NewTrustRule & { readonly id?: number }, written: Handed['written']): Handed {
  const { uid, name, networks, id = null } = rule
  return {
    thing: 'trust_rule',
    object: { kind: 'trust_rule', id, uid, name, ...noVersion },
    written,
    scopes: scopesOf(rule),
    ...{ networks, until: null, isOwner: false },
  }
}

function handedByChange(call: Call, { id, change }: Update): readonly Handed[] {
  const found = ruleOf(call, id)
  if (found === undefined || change === undefined || !mayManageKey(call.scopes, scopesOf(found))) return []
  return [ruleHanded(change.rule, { field: 'scopes', before: scopesOf(found) })]
}

/** Upon the rule as it is: else it is asked again. */
function handedByExchange(call: Call, { rule, key }: Exchange): readonly Handed[] {
  return isUpon(ruleOf(call, rule.id)?.mac, rule.mac) ? [keyHanded(key, null)] : []
}

function unknownRule(id: number): AuditObject {
  return { kind: 'trust_rule', id, uid: null, name: null, ...noVersion }
}

function objectOfNew({ uid, name }: NewTrustRule): AuditObject {
  return { kind: 'trust_rule', id: null, uid, name, ...noVersion }
}

function objectOf({ id, uid, name, mac }: TrustRule): AuditObject {
  return { kind: 'trust_rule', id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}
