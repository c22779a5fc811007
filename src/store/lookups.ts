/** What batches look for, each described once. */
import type { AccountKey } from '../model/account.ts'
import type { Deployment } from '../model/deployment.ts'
import { forgedRow } from './forged.ts'
import {
  authentic,
  type Counted,
  countAs,
  listed,
  lookup,
  noteBy,
  type Options,
  openRows,
  sealedRows,
  takeInto,
} from './lookup.ts'
import type { NameRef, PlacedRef, Ref, ReplyRef, SpentRef, UsedRef, VersionRef } from './refs.ts'
import type { StoredSecret } from './stored.ts'
import { accountKeys, accountKeysInUse as keysInUse } from './tables/account.ts'
import { apiKeys } from './tables/api-key.ts'
import { deploymentSecrets, deployments, held, holders as holdersKnown, toDeployments } from './tables/deployment.ts'
import { factors, factorsByLookup, spent } from './tables/factor.ts'
import type { NamedRow } from './tables/field.ts'
import { lists, wholeLists } from './tables/list.ts'
import { accountSettings, machines } from './tables/machine.ts'
import { audit, isChangeSql } from './tables/record.ts'
import { replies, replyLifetimeMs } from './tables/reply.ts'
import {
  histories,
  sealedVersions as sealedKnown,
  secrets,
  secretsByName,
  storedSecrets,
  toStoredSecret,
  type VersionHead,
  versionHeads,
  versions,
} from './tables/secret.ts'
import { seeds } from './tables/seed.ts'
import { signInRules } from './tables/sign-in.ts'
import { livingKeys as living, trustRules, usedTokens } from './tables/trust-rule.ts'
import { users, usersByEmail } from './tables/user.ts'

export { trustRules }

/** Of an account. */
interface Within {
  readonly accountId: number
}

/** Of a list, which is in an environment. */
interface OfList extends Ref {
  readonly environmentId: number
}

/** By a look-up hash, of whatever account. */
interface HashRef {
  readonly hash: string
}

/** Who made something, in an account. */
export interface Maker extends Ref {
  readonly kind: string
}

const sealedOf = versions.part('accountId', 'secretId', 'version', 'name', 'sealed', 'destroyedAt')
type SealedOf = ReturnType<typeof sealedOf.read>
const lookupOf = factors.part('accountId', 'id', 'lookup')
type LookupOf = ReturnType<typeof lookupOf.read>

/** Secrets that go in one transaction: a few milliseconds, for which all others wait. */
export const partSize = 100

const byId = { accountId: 'account_id', id: 'id' }
const ofAccount = { accountId: 'account_id' }
const byMaker = { accountId: 'account_id', kind: 'maker_kind', id: 'maker_id' }
const inEnvironment = { accountId: 'account_id', environmentId: 'environment_id', name: 'name' }

export const keysByToken = sealedRows<HashRef>()('keys_by_token', apiKeys, {
  by: { hash: 'token_hash' },
  isPlannedOnce: true,
})
export const keys = sealedRows<Ref>()('keys', apiKeys, { by: byId })
/** Revoked ones too. */
export const keysMadeBy = sealedRows<Maker>()('keys_made_by', apiKeys, { by: byMaker })
/** Keys beyond an id. */
export const keysBeyond = sealedRows<Within & { readonly after: number }>()('keys_beyond', apiKeys, {
  by: ofAccount,
  beyond: { after: 'id' },
})
/** The sessions of a user that have not been ended. */
export const sessionsOf = sealedRows<Ref>()('sessions_of', apiKeys, {
  by: { accountId: 'account_id', id: 'user_id' },
  where: 't.revoked_ms is null',
})
/** The sessions of everybody in an account that can still be used, if nothing else stands before that. */
export const livingSessions = sealedRows<Within & { readonly now?: number }>()('living_sessions', apiKeys, {
  by: ofAccount,
  beyond: { now: 'expires_ms' },
  beside: (now) => ({ now }),
  where: 't.user_id is not null and t.revoked_ms is null',
})
/** The keys of a rule that have not been revoked, expired ones too. */
export const keysOfRule = sealedRows<Ref>()('keys_of_rule', apiKeys, {
  by: { accountId: 'account_id', id: 'rule_id' },
  where: 't.revoked_ms is null',
  ending: 'order by t.account_id, t.id',
})
/** How many keys of a rule can be used, if any. */
export const livingKeys = lookup<Ref & { readonly now?: number }, Counted>(
  'living_keys',
  apiKeys,
  {
    select: 't.account_id, t.rule_id as id, count(*) as count',
    by: { accountId: 'account_id', id: 'rule_id' },
    beyond: { now: 'expires_ms' },
    beside: (now) => ({ now }),
    where: 't.revoked_ms is null',
    ending: 'group by t.account_id, t.rule_id',
  },
  toCounted,
  undefined,
  countAs(living),
)

/** The current key of an account. */
export const newestAccountKey = openRows<Within>()('newest_account_key', accountKeys, {
  by: ofAccount,
  where: 't.version = (select max(k.version) from account_keys k where k.account_id = t.account_id)',
})
/** Versions of the account's key that wrap secret keys: of each, one look for one of those. */
export const accountKeysInUse = lookup<Within, Pick<AccountKey, 'accountId' | 'version'>>(
  'account_keys_in_use',
  accountKeys,
  {
    select: 't.account_id, t.version',
    by: ofAccount,
    where: 'exists (select 1 from secret_keys k where k.account_id = t.account_id and k.key_version = t.version)',
  },
  (rows) => rows.map(accountKeys.part('accountId', 'version').read),
  undefined,
  (world, found) => {
    for (const { accountId, version } of found) world.fact(keysInUse, accountId)?.add(version)
  },
)

/** Who owns an account and can sign in. */
export const ownersOf = sealedRows<Within>()('owners_of', users, {
  by: ofAccount,
  where: `t.role = 'owner' and t.is_disabled = 0`,
  ending: 'order by t.account_id, t.id',
})
export const usersById = sealedRows<Ref>()('users', users, { by: byId })
export const usersWith = sealedRows<Within & { readonly email: string }>()(
  'users_with',
  users,
  {
    by: { accountId: 'account_id', email: 'email' },
  },
  noteBy(usersByEmail),
)

export const factorsOf = sealedRows<Ref>()('factors_of', factors, {
  by: { accountId: 'account_id', id: 'user_id' },
  ending: 'order by t.account_id, t.id',
})
/** Whether somebody has a look-up. */
export const takenLookups = lookup<{ readonly lookup: string }, LookupOf>(
  'taken_lookups',
  factors,
  { select: 't.account_id, t.id, t.lookup', by: { lookup: 'lookup' } },
  (rows) => rows.map(lookupOf.read),
  undefined,
  noteBy(factorsByLookup),
)
/** What has been used up. */
export const spentOnes = openRows<SpentRef>()('spent', spent, { by: { accountId: 'account_id', hash: 'hash' } })
export const rules = sealedRows<Within>()('rules', signInRules, { by: ofAccount })

/** Whether the list of a secret is deleted, and what is in it goes in parts. */
const isGoing = `(select 1 from lists d where d.account_id = t.account_id and d.id = t.list_id and d.deleter_kind is not null)`

/**
 * A query of its own, as it is found by its whole key then: joined to one secret that is asked for by its id, it may be picked
 * out of all versions of that.
 */
const currentValue = `(select v.sealed from versions v
  where v.account_id = t.account_id and v.secret_id = t.id and v.version = t.version)`

export const secretsById = wholeSecrets<Ref>('secrets', { by: byId, isPlannedOnce: true })
export const secretsNamed = wholeSecrets<PlacedRef>('secrets_named', { by: inEnvironment })
/** The secrets of a list beyond an id: a few more than go in one part. */
export const contentsOfList = lookup<OfList & { readonly after: number }, Ref>(
  'contents_of_list',
  secrets,
  {
    select: 't.account_id, t.id',
    by: { accountId: 'account_id', environmentId: 'environment_id', id: 'list_id' },
    beyond: { after: 'id' },
    ending: `limit ${partSize + 1}`,
  },
  (rows) => rows.map(secrets.part('accountId', 'id').read),
  undefined,
  () => undefined,
)
/** The id of the secret of a name. */
export const named = lookup<PlacedRef, PlacedRef & Ref>(
  'named',
  secrets,
  { select: 't.account_id, t.id, t.environment_id, t.name', by: inEnvironment },
  (rows) => rows.map(secrets.part('accountId', 'id', 'environmentId', 'name').read),
  undefined,
  noteBy(secretsByName),
)

/** So many secrets that have changed are looked at. */
export const maxChanges = 1000

/** What secrets are called that have changed since so many records. */
export const changesSince = lookup<Within & { readonly since: number }, string>(
  'changes_since',
  audit,
  {
    select: 't.object_name as name',
    by: ofAccount,
    beyond: { since: 'seq' },
    where: isChangeSql,
    ending: `limit ${maxChanges + 1}`,
  },
  (rows) => rows.map((row) => String(row['name'])),
  undefined,
  () => undefined,
)

/** With their keys and current values. */
function wholeSecrets<Asked>(name: string, options: Pick<Options<Asked>, 'by' | 'isPlannedOnce'>) {
  const isForged = authentic('secrets')
  return lookup<Asked, StoredSecret>(
    name,
    secrets,
    {
      select: `${listed(secrets)}, k.key_version, k.wrapped, ${currentValue} as sealed, ${isGoing} as is_going`,
      ...options,
      joins: 'left join secret_keys k on k.account_id = t.account_id and k.secret_id = t.id',
      ending: 'order by t.id',
    },
    (rows) => rows.map(toStoredSecret),
    ({ secret, key, sealed }, macs) => {
      // That its value was destroyed, its own row says.
      const isWhole = key.wrapped.length > 0 && (sealed.length > 0 || secret.destroyedAt !== null)
      return isWhole ? isForged(secret, macs) : forgedRow('secrets', secret)
    },
    takeInto(storedSecrets),
  )
}

/** All versions of a secret, oldest first, without their values. */
export const versionsOf = lookup<Ref, VersionHead>(
  'versions',
  versions,
  {
    select: listed(versionHeads),
    by: { accountId: 'account_id', id: 'secret_id' },
    ending: 'order by t.version',
  },
  (rows) => rows.map(versionHeads.read),
  authentic('versions'),
  (world, found) => {
    for (const { accountId, secretId, version, createdAt, name, destroyedAt } of found) {
      const before = world.fact(histories, accountId, secretId) ?? []
      world.setFact(histories, [...before, { version, createdAt, name, destroyedAt }], accountId, secretId)
    }
  },
)
/** The value of a version, and the name that it was sealed under. */
export const sealedVersions = lookup<VersionRef, SealedOf>(
  'sealed',
  versions,
  { select: listed(sealedOf), by: { accountId: 'account_id', id: 'secret_id', version: 'version' } },
  (rows) => rows.map(sealedOf.read),
  undefined,
  (world, found) => {
    for (const { accountId, secretId, version, sealed, name, destroyedAt } of found) {
      world.setFact(sealedKnown, { sealed, name, destroyedAt }, accountId, secretId, version)
    }
  },
)

export const listsById = sealedRows<Ref>()('lists', lists, { by: byId })
export const listsNamed = sealedRows<PlacedRef>()('lists_named', lists, { by: inEnvironment })

export const machinesById = sealedRows<Ref>()('machines', machines, { by: byId })
export const machinesMadeBy = sealedRows<Maker>()('machines_made_by', machines, { by: byMaker })
/** Machines beyond an id. */
export const machinesBeyond = sealedRows<Within & { readonly after: number }>()('machines_beyond', machines, {
  by: ofAccount,
  beyond: { after: 'id' },
})
export const machinesNamed = sealedRows<NameRef>()('machines_named', machines, {
  by: { accountId: 'account_id', name: 'name' },
})
export const settings = sealedRows<Within>()('settings', accountSettings, { by: ofAccount })

/** The account that a seed belongs to. */
export const accountsOfSeeds = lookup<HashRef, number>(
  'accounts_of_seeds',
  seeds,
  { select: 't.account_id', by: { hash: 'token_hash' } },
  (rows) => rows.map((row) => Number(row['account_id'])),
  undefined,
  () => undefined,
)
export const seedsByToken = sealedRows<HashRef>()('seeds_by_token', seeds, { by: { hash: 'token_hash' } })
export const seedsById = sealedRows<Ref>()('seeds', seeds, { by: byId })

export const deploymentsById = wholeDeployments<Ref>('deployments', byId)
export const deploymentsTo = wholeDeployments<PlacedRef>('deployments_to', { ...inEnvironment, name: 'target' })

/** With what they hold. */
function wholeDeployments<Asked>(name: string, by: { readonly [Member in keyof Asked & string]?: string }) {
  return lookup<Asked, Deployment>(
    name,
    deployments,
    {
      select: `${listed(deployments)}, ${held.columns.map((column) => `h.${column.name}`).join(', ')}`,
      by,
      joins: 'left join deployment_secrets h on h.account_id = t.account_id and h.deployment_id = t.id',
      ending: 'order by t.id, h.secret_id',
    },
    toDeployments,
    authentic('deployments'),
    takeInto(deployments),
  )
}

/** How many deployments hold a secret, if any: of each environment. */
export const holders = lookup<Ref, CountedIn>(
  'holders',
  deploymentSecrets,
  {
    select: 't.account_id, t.secret_id as id, d.environment_id, count(*) as count',
    by: { accountId: 'account_id', id: 'secret_id' },
    joins: 'join deployments d on d.account_id = t.account_id and d.id = t.deployment_id',
    ending: 'group by t.account_id, t.secret_id, d.environment_id',
  },
  toCountedIn,
  undefined,
  (world, found) => {
    for (const { accountId, id, environmentId, count } of found) {
      world.setFact(holdersKnown, count, accountId, id, environmentId)
    }
  },
)
/** How many deployments hold any secret of a list, if any: of each environment. */
export const holdersOfList = lookup<OfList, CountedIn>(
  'holders_of_list',
  secrets,
  {
    select: 't.account_id, t.list_id as id, d.environment_id, count(distinct h.deployment_id) as count',
    by: { accountId: 'account_id', environmentId: 'environment_id', id: 'list_id' },
    joins: `join deployment_secrets h on h.account_id = t.account_id and h.secret_id = t.id
      join deployments d on d.account_id = h.account_id and d.id = h.deployment_id`,
    ending: 'group by t.account_id, t.list_id, d.environment_id',
  },
  toCountedIn,
  undefined,
  (world, found) => {
    for (const { accountId, id, environmentId, count } of found) {
      world.setFact(wholeLists, count, accountId, id, environmentId)
    }
  },
)

export const trustRulesOf = sealedRows<Within>()('trust_rules_of', trustRules, {
  by: ofAccount,
  ending: 'order by t.account_id, t.id',
})
export const trustRulesById = sealedRows<Ref>()('trust_rules', trustRules, { by: byId })
/** Whether a token is used already. */
export const usedOnes = openRows<UsedRef>()('used_tokens', usedTokens, {
  by: { accountId: 'account_id', ruleId: 'rule_id', hash: 'hash' },
})

export const repliesTo = sealedRows<ReplyRef & { readonly since?: number }>()('replies', replies, {
  by: { accountId: 'account_id', keyId: 'key_id', hash: 'hash' },
  beyond: { since: 'created_ms' },
  beside: (now) => ({ since: now - replyLifetimeMs }),
})

/** The same of one environment. */
interface CountedIn extends Counted {
  readonly environmentId: number
}

function toCountedIn(rows: readonly NamedRow[]): CountedIn[] {
  return rows.map((row) => ({
    accountId: Number(row['account_id']),
    id: Number(row['id']),
    environmentId: Number(row['environment_id']),
    count: Number(row['count']),
  }))
}

function toCounted(rows: readonly NamedRow[]): Counted[] {
  return rows.map((row) => ({
    accountId: Number(row['account_id']),
    id: Number(row['id']),
    count: Number(row['count']),
  }))
}
