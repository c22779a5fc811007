/** Who can read a secret, and who did: who may be told, and of which environments. */
import type { Account } from '../../model/account.ts'
import type { ApiKey } from '../../model/api-key.ts'
import { chainOf, defaultEnvironment, type Environment, type EnvironmentRef } from '../../model/environment.ts'
import { allowsName, allowsSome, anywhere, type Scope } from '../../model/scope.ts'
import type { Secret } from '../../model/secret.ts'
import { environmentsOf } from '../decide/environment.ts'
import { objectOfKey } from '../decide/key-objects.ts'
import { type Call, done, doneIn, forbid, refuse } from '../decide/work.ts'
import type { Ended } from '../outcome.ts'
import { environments } from '../tables/environment.ts'
import { storedSecrets } from '../tables/secret.ts'
import { defineOperation, overSome, type WithRight } from './define.ts'
import { findKey, unknownKey } from './keys.ts'
import { isGoing, objectOf, unknownSecret } from './secrets.ts'

interface Wanted {
  readonly id: number
}

/** What is told of, to whom. */
export interface AccessGrounds {
  readonly account: Account
  readonly scopes: readonly Scope[]
  readonly secret: Secret
  /** All of the account, but for `default`. */
  readonly environments: readonly Environment[]
  /** Where the secret is or could be inherited, and the caller may read its records: nothing is told of others. */
  readonly audited: readonly EnvironmentRef[]
}

interface Found {
  readonly stored: Parameters<typeof objectOf>[0]
  readonly audited: readonly EnvironmentRef[]
}

/** A secret whose records the caller may read in some environment: in the one that is named, if one is. */
const audited: WithRight<Wanted, Found> = {
  right: 'audit:read',
  over: 'some',
  object: (_call, { id }) => unknownSecret(id),
  subject: findAudited,
}

function findAudited(call: Call, { id }: Wanted): Found | Ended {
  const stored = call.work.world.get(storedSecrets, call.account.id, id)
  if (stored === undefined || isGoing(call.work.world, stored)) {
    return refuse(call, unknownSecret(id), 'not_found', noSecret)
  }
  const { secret } = stored
  const all = [defaultEnvironment, ...environmentsOf(call)]
  const named = call.request.environment?.name
  const holding = all.filter((one) => reaches(call, one, secret) && (named === undefined || one.name === named))
  const seen = holding.filter(({ name }) => allowsName(call.scopes, 'audit:read', name, secret.name))
  if (seen.length > 0) return { stored, audited: seen }
  const isListed = holding.some(({ name }) => allowsName(call.scopes, 'secrets:list', name, secret.name))
  const there = inOwn(call, secret)
  return isListed
    ? forbid(there, objectOf(stored), 'audit:read')
    : refuse(there, objectOf(stored), 'not_found', noSecret)
}

const noSecret = 'No secret with this id.'

/** Whether a name is looked up where the secret is. */
function reaches({ account, work }: Call, { id }: EnvironmentRef, { environmentId }: Secret): boolean {
  return chainOf(id, (one) => work.world.get(environments, account.id, one)).includes(environmentId)
}

/** As what is asked where the secret is: the record says so. */
function inOwn(call: Call, { environmentId }: Secret, environment = ownOf(call, environmentId)): Call {
  return { ...call, environment, isPlaced: true }
}

function ownOf({ account, work }: Call, id: number): EnvironmentRef {
  return id === defaultEnvironment.id
    ? defaultEnvironment
    : (work.world.get(environments, account.id, id) ?? { id, name: '' })
}

const readAccess = defineOperation<Wanted, AccessGrounds, Found>()({
  kind: 'read_access',
  action: 'secret.access',
  scope: audited,
  // Whoever reads records of an environment need not have a right over secrets in it: it is found out above.
  environment: 'found',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.secret(id),
  sharing: true,
  decide: (call, _operation, { stored, audited: seen }) => {
    const { secret } = stored
    const own = seen.find(({ id }) => id === secret.environmentId) ?? seen[0]
    const { account, scopes } = call
    const told = { account, scopes, secret, environments: environmentsOf(call), audited: seen }
    const there = inOwn(call, secret, own)
    return doneIn(there, done(there, objectOf(stored), told))
  },
})

interface Reading {
  readonly accountId: number
  readonly scopes: readonly Scope[]
}

/** What a key has used, for whoever manages it and reads the trail: its pages are read by the vault. */
const readKeyUsage = defineOperation<Wanted, Reading & { readonly key: ApiKey }, ApiKey>()({
  kind: 'read_key_usage',
  action: 'key.usage',
  scope: { right: 'keys:manage', over: 'some', object: (_call, { id }) => unknownKey(id), subject: findKeyOf },
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.key(id),
  sharing: true,
  decide: (call, _operation, key) => {
    if (!allowsSome(call.scopes, 'audit:read', anywhere)) return forbid(call, objectOfKey(key), 'audit:read')
    return done(call, objectOfKey(key), { accountId: call.account.id, scopes: call.scopes, key })
  },
})

function findKeyOf(call: Call, { id }: Wanted): ApiKey | Ended {
  return findKey(call, id)
}

/** Lets a change be held against the trail. */
const tryChange = defineOperation<object, Reading>()({
  kind: 'try_change',
  action: 'audit.what_if',
  scope: overSome('audit:read'),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: (call) => done(call, null, { accountId: call.account.id, scopes: call.scopes }),
})

export const accessOperations = {
  [readAccess.kind]: readAccess,
  [readKeyUsage.kind]: readKeyUsage,
  [tryChange.kind]: tryChange,
}
