/** The queries that are not one secret's read or write. */
import { type Deleted, dayMs } from '../model/deleted.ts'
import type { Secret } from '../model/secret.ts'
import { nextAccountSql } from './next-account.ts'
import { inStandingList } from './secret-search.ts'
import { all, among, eachByItself, none, type Query, reading, settled, sql } from './sql.ts'
import type { DeploymentFilter, StoredDeployment } from './store.ts'
import type { KeptVersion, StoredVersion, Within } from './stored.ts'
import { accounts } from './tables/account.ts'
import { deleted, toStoredDeleted } from './tables/deleted.ts'
import { deployments, toDeployments } from './tables/deployment.ts'
import { environments } from './tables/environment.ts'
import type { NamedRow } from './tables/field.ts'
import { lists } from './tables/list.ts'
import { accountSettings, machineAddresses } from './tables/machine.ts'
import { secrets, toStoredSecret, versionHeads } from './tables/secret.ts'
import { trustRules } from './tables/trust-rule.ts'

/** A secret with its current value, sealed, and the uid of its list, as far as they are there. */
const standing = {
  read: (row: NamedRow): { secret: Secret; sealed: Uint8Array | null; listUid: string | null } => {
    const { sealed, list_uid: listUid } = row
    return {
      secret: secrets.read(row),
      sealed: sealed instanceof Uint8Array ? sealed : null,
      listUid: typeof listUid === 'string' ? listUid : null,
    }
  },
}

const storedVersion = {
  read: (row: NamedRow): StoredVersion & Pick<KeptVersion, 'mac'> => ({
    ...toStoredSecret(row),
    version: Number(row['sealed_version']),
    name: String(row['sealed_name']),
    createdAt: Number(row['sealed_ms']),
    destroyedAt: row['sealed_destroyed_ms'] === null ? null : Number(row['sealed_destroyed_ms']),
    mac: row['sealed_mac'] instanceof Uint8Array ? row['sealed_mac'] : new Uint8Array(),
  }),
}

export const allAccounts = (limit: number | undefined) => {
  const atMost = limit === undefined ? none : sql` limit ${limit}`
  return reading(accounts, settled(sql`select ${all(accounts)} from accounts order by id${atMost}`))
}

export const accountOf = (id: number) => reading(accounts, sql`select ${all(accounts)} from accounts where id = ${id}`)

export const accountNamed = (name: string) =>
  reading(accounts, sql`select ${all(accounts)} from accounts where name = ${name}`)

/** The id of an account that is made now. */
export const nextAccountId: Query = { sql: nextAccountSql, parameters: [] }

/** Each with its current value, and the uid of its list. */
export const storedSecretsAfter = (accountId: number, after: number, limit: number) =>
  reading(
    standing,
    sql`
  select ${all(secrets, 's')}, v.sealed, l.uid as list_uid from secrets s
  left join versions v on v.account_id = s.account_id and v.secret_id = s.id and v.version = s.version
  left join lists l on l.account_id = s.account_id and l.id = s.list_id
  where s.account_id = ${accountId} and s.id > ${after} order by s.id limit ${limit}`,
  )

/** Secrets with their keys and current values: nothing stands for one that is missing, and then it does not open. */
export const storedOf = (accountId: number, ids: readonly number[]) =>
  reading(
    { read: toStoredSecret },
    sql`
  select ${all(secrets, 's')}, k.key_version, k.wrapped, v.sealed
  from secrets s
  left join secret_keys k on k.account_id = s.account_id and k.secret_id = s.id
  left join versions v on v.account_id = s.account_id and v.secret_id = s.id and v.version = s.version
  where s.account_id = ${accountId} and s.id in (${among(ids)}) and ${inStandingList}
  order by s.id`,
  )

/** All stored versions of these secrets, with the secret and its key. */
export const versionsOf = (accountId: number, ids: readonly number[]) =>
  reading(
    storedVersion,
    sql`
  select ${all(secrets, 's')}, k.key_version, k.wrapped, v.sealed, v.version as sealed_version, v.name as sealed_name,
    v.created_ms as sealed_ms, v.destroyed_ms as sealed_destroyed_ms, v.mac as sealed_mac
  from secrets s
  join secret_keys k on k.account_id = s.account_id and k.secret_id = s.id
  join versions v on v.account_id = s.account_id and v.secret_id = s.id
  where s.account_id = ${accountId} and s.id in (${among(ids)})
  order by s.id, v.version`,
  )

export const secretsAfter = ({ accountId, environmentId }: Within, after: number, limit: number) =>
  reading(
    secrets,
    sql`
  select ${all(secrets, 's')} from secrets s
  where s.account_id = ${accountId} and s.environment_id = ${environmentId} and s.id > ${after} and ${inStandingList}
  order by s.id limit ${limit}`,
  )

export const secretNamed = ({ accountId, environmentId }: Within, name: string) =>
  reading(
    secrets,
    sql`
  select ${all(secrets)} from secrets
  where account_id = ${accountId} and environment_id = ${environmentId} and name = ${name}`,
  )

export const secretsOfListAfter = (
  { accountId, environmentId }: Within,
  listId: number,
  after: number,
  limit: number,
) =>
  reading(
    secrets,
    sql`
  select ${all(secrets)} from secrets
  where account_id = ${accountId} and environment_id = ${environmentId} and list_id = ${listId} and id > ${after}
  order by id limit ${limit}`,
  )

export const environmentsOf = (accountId: number) =>
  reading(environments, sql`select ${all(environments)} from environments where account_id = ${accountId} order by id`)

export const listsOfIds = (accountId: number, ids: readonly number[]) =>
  reading(
    lists,
    sql`select ${all(lists)} from lists where account_id = ${accountId} and id in (${among(ids)}) order by id`,
  )

/** Those that are deleted, while some of what is in them is still to go: of all accounts. */
export const deletedLists = () =>
  reading(
    lists.part('accountId', 'id'),
    sql`select account_id, id from lists where deleter_kind is not null order by account_id, id limit 100`,
  )

/** The versions that are stored of these secrets, oldest first, without their values: of what was deleted and is kept, too. */
export const versionHeadsOf = (accountId: number, ids: readonly number[]) =>
  reading(
    versionHeads,
    sql`
  select account_id, secret_id, version, created_ms, name, mac, destroyed_ms from versions
  where account_id = ${accountId} and secret_id in (${among(ids)}) order by secret_id, version`,
  )

/** Each with its current value, as far as it is there. */
export const storedDeletedAfter = (accountId: number, after: number, limit: number) =>
  reading(
    { read: toStoredDeleted },
    sql`
  select ${all(deleted, 'd')}, k.key_version, k.wrapped, v.sealed from deleted d
  left join secret_keys k on d.kind = 'secret' and k.account_id = d.account_id and k.secret_id = d.thing_id
  left join versions v on d.kind = 'secret' and v.account_id = d.account_id and v.secret_id = d.thing_id
    and v.version = d.version
  where d.account_id = ${accountId} and d.id > ${after} order by d.id limit ${limit}`,
  )

/** What is kept past its end, or is being put back or destroyed by somebody who may be gone: of all accounts, after one. */
export const overDeleted = (now: number, after: Pick<Deleted, 'accountId' | 'id'>, limit: number) => {
  const beyond = sql`(d.account_id > ${after.accountId} or (d.account_id = ${after.accountId} and d.id > ${after.id}))`
  const over = sql`
    select d.account_id, d.id, d.kind, d.state from account_settings s
    join deleted d on d.account_id = s.account_id and d.deleted_ms <= ${now} - s.recovery_days * ${dayMs}
    where d.state = 'kept' and ${beyond}`
  const unsettled = sql`
    select d.account_id, d.id, d.kind, d.state from deleted d
    where d.state <> 'kept' and d.state <> 'going' and ${beyond}`
  return reading(
    deleted.part('accountId', 'id', 'kind', 'state'),
    sql`select account_id, id, kind, state from (${over} union all ${unsettled}) o order by account_id, id limit ${limit}`,
  )
}

/** Ids of deployments after one, and whether they hold anything of a list. */
export const holdersOfListAfter = (accountId: number, listId: number, after: number, limit: number) =>
  reading(
    {
      read: (row: NamedRow) => ({
        id: Number(row['id']),
        environmentId: Number(row['environment_id']),
        isHolding: Number(row['is_holding'] ?? 0) === 1,
      }),
    },
    sql`
    select d.id, d.environment_id, (select 1 from deployment_secrets h
        join secrets s on s.account_id = h.account_id and s.id = h.secret_id and s.list_id = ${listId}
        where h.account_id = d.account_id and h.deployment_id = d.id limit 1) as is_holding
    from deployments d where d.account_id = ${accountId} and d.id > ${after} order by d.id limit ${limit}`,
  )

export const trustRulesOf = (accountId: number, issuer: string | undefined) => {
  const ofIssuer = issuer === undefined ? none : sql` and issuer = ${issuer}`
  return reading(
    trustRules,
    sql`select ${all(trustRules)} from trust_rules where account_id = ${accountId}${ofIssuer} order by id`,
  )
}

export const claimsOf = (accountId: number) =>
  reading(machineAddresses, sql`select ${all(machineAddresses)} from machine_addresses where account_id = ${accountId}`)

export const settingsOf = (accountId: number) =>
  reading(accountSettings, sql`select ${all(accountSettings)} from account_settings where account_id = ${accountId}`)

/** A row for each secret that a deployment of the page holds, or one; with the version that the secret has now. */
export const deploymentsAfter = (
  accountId: number,
  filter: DeploymentFilter,
  after: number,
  upTo: number | undefined,
  limit: number,
): Query => sql`
    select ${all(deployments, 'd')}, h.secret_id, h.secret_uid, h.name, h.version, s.version as current_version, s.list_id
    from (
      select ${all(deployments)} from deployments d where account_id = ${accountId} and id > ${after}
      ${upTo === undefined ? none : sql` and id <= ${upTo}`} ${matching(accountId, filter, after, limit)}
      order by id limit ${limit}
    ) d
    left join deployment_secrets h on h.account_id = d.account_id and h.deployment_id = d.id
    left join secrets s on s.account_id = h.account_id and s.id = h.secret_id
    order by d.id, h.secret_id`

/** What its rows mean. */
export function storedDeployments(rows: readonly NamedRow[]): readonly StoredDeployment[] {
  const now = (column: string) =>
    new Map(
      rows.flatMap((row) => {
        const value = row[column]
        return typeof value === 'number' ? [[Number(row['secret_id']), value] as const] : []
      }),
    )
  const [current, inLists] = [now('current_version'), now('list_id')]
  return toDeployments(rows).map((deployment) => ({ deployment, current, lists: inLists }))
}

/** The id of the last one of the next so many deployments; no row where there are fewer. */
export const endOfDeployments = (
  accountId: number,
  { environmentId }: DeploymentFilter,
  after: number,
  count: number,
): Query => {
  const also = environmentId === undefined ? none : sql` and environment_id = ${environmentId}`
  return sql`
    select id from deployments where account_id = ${accountId}${also} and id > ${after}
    order by id limit 1 offset ${count - 1}`
}

function matching(
  accountId: number,
  { target, secret, listId, isStale, environmentId }: DeploymentFilter,
  after: number,
  limit: number,
): Query {
  const holds = (which: Query) => sql` and exists (
    select 1 from deployment_secrets h
    left join secrets s on s.account_id = h.account_id and s.id = h.secret_id
    where h.account_id = d.account_id and h.deployment_id = d.id and ${which} ${eachByItself})`
  // Where nothing else is asked for, the index of what is held has the next ones.
  const isOnly = target === undefined && listId === undefined && isStale !== true
  const next = isOnly ? sql` and deployment_id > ${after} order by deployment_id limit ${limit}` : none
  return sql`
    ${environmentId === undefined ? none : sql` and environment_id = ${environmentId}`}
    ${target === undefined ? none : sql` and target = ${target}`}
    ${
      typeof secret === 'number'
        ? sql` and id in (
      select deployment_id from deployment_secrets where account_id = ${accountId} and secret_id = ${secret}${next})`
        : none
    }
    ${typeof secret === 'string' ? holds(sql`(h.name = ${secret} or s.name = ${secret})`) : none}
    ${listId === undefined ? none : holds(sql`s.list_id = ${listId}`)}
    ${isStale === true ? holds(old) : none}`
}

/** What is held of a secret that is gone, or has a newer version. */
const old = sql`(s.id is null or s.version > h.version)`
