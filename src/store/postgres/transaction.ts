/** One batch's transaction on PostgreSQL: each step is one statement over arrays, however many rows it is about. */
import type { Client, QueryResultRow } from 'pg'
import type { Account, AccountKey } from '../../model/account.ts'
import type { AddressRange } from '../../model/address.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { Deployment } from '../../model/deployment.ts'
import type { List } from '../../model/list.ts'
import type { AccountSettings, Machine } from '../../model/machine.ts'
import type { Seed } from '../../model/seed.ts'
import type { TrustRule } from '../../model/trust-rule.ts'
import { type AccountKeyRow, toAccountKey } from '../account-key-rows.ts'
import { type JoinedRow, type SeedRow, toDeployments, toSeed } from '../deployment-rows.ts'
import type { KeyMaker, Transaction } from '../loaders.ts'
import type { EmailRef, NameRef, Ref, ReplyRef, SpentRef, UsedRef, VersionRef } from '../needs.ts'
import type { Reply, VersionRowHead } from '../reply.ts'
import * as rows from '../rows.ts'
import type { StoredSecret } from '../stored.ts'
import { type TrustRuleRow, toTrustRule } from '../trust-rows.ts'
import * as people from '../user-rows.ts'
import type { Changes, Claim, SealedVersion } from '../world.ts'
import { PostgresChanges } from './changes.ts'
import { columnsOf } from './values.ts'

/** Serializes the making of accounts: their ids are counted over the whole store. */
const accountLock = 7_305_610_113
/** Serializes the claiming of addresses: no two accounts may hold the same. */
const claimLock = 7_305_610_114

export class PostgresTransaction implements Transaction {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** In the order of their ids, so that two batches never wait for each other. */
  async lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): Promise<Account[]> {
    const found = await this.#all<rows.AccountRow>(
      'lock_accounts',
      `select * from accounts
       where id = any($1::bigint[]) or id in (select account_id from api_keys where token_hash = any($2::text[]))
       order by id for update`,
      [ids, tokenHashes],
    )
    return found.map(rows.toAccount)
  }

  async now(): Promise<number> {
    const [row] = await this.#all<{ ms: number }>(
      'now',
      'select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms',
      [],
    )
    return row?.ms ?? Date.now()
  }

  async keysByToken(tokenHashes: readonly string[]): Promise<ApiKey[]> {
    const text = 'select * from api_keys where token_hash = any($1::text[])'
    return (await this.#all<rows.ApiKeyRow>('keys_by_token', text, [tokenHashes])).map(rows.toApiKey)
  }

  async accountKeys(ids: readonly number[]): Promise<AccountKey[]> {
    const text =
      'select distinct on (account_id) * from account_keys where account_id = any($1::bigint[]) order by account_id, version desc'
    return (await this.#all<AccountKeyRow>('account_keys', text, [ids])).map(toAccountKey)
  }

  async accountKeysInUse(accountId: number): Promise<number[]> {
    const text = 'select distinct key_version as version from secret_keys where account_id = $1'
    return (await this.#all<{ version: number }>('account_keys_in_use', text, [accountId])).map(
      ({ version }) => version,
    )
  }

  async users(accountIds: readonly number[]): Promise<people.User[]> {
    const text = 'select * from users where account_id = any($1::bigint[]) order by account_id, id'
    return (await this.#all<people.UserRow>('users', text, [accountIds])).map(people.toUser)
  }

  async usersOfRefs(refs: readonly Ref[]): Promise<people.User[]> {
    const text =
      'select u.* from unnest($1::bigint[], $2::bigint[]) r (a, i) join users u on u.account_id = r.a and u.id = r.i'
    return (await this.#all<people.UserRow>('users_of_refs', text, columnsOf(refs, 'accountId', 'id'))).map(
      people.toUser,
    )
  }

  async usersWith(emails: readonly EmailRef[]): Promise<people.User[]> {
    const text =
      'select u.* from unnest($1::bigint[], $2::text[]) r (a, e) join users u on u.account_id = r.a and u.email = r.e'
    return (await this.#all<people.UserRow>('users_with', text, columnsOf(emails, 'accountId', 'email'))).map(
      people.toUser,
    )
  }

  async sessionsOf(users: readonly Ref[]): Promise<ApiKey[]> {
    const text = `select k.* from unnest($1::bigint[], $2::bigint[]) r (a, i)
      join api_keys k on k.account_id = r.a and k.user_id = r.i and k.revoked_ms is null`
    return (await this.#all<rows.ApiKeyRow>('sessions_of', text, columnsOf(users, 'accountId', 'id'))).map(
      rows.toApiKey,
    )
  }

  async factorsOf(users: readonly Ref[]): Promise<people.Factor[]> {
    const text = `select f.* from unnest($1::bigint[], $2::bigint[]) r (a, i)
      join factors f on f.account_id = r.a and f.user_id = r.i order by f.account_id, f.id`
    const found = await this.#all<people.FactorRow>('factors_of', text, columnsOf(users, 'accountId', 'id'))
    return found.map(people.toFactor)
  }

  async takenLookups(lookups: readonly string[]): Promise<string[]> {
    const text = 'select lookup from factors where lookup = any($1::text[])'
    return (await this.#all<{ lookup: string }>('taken_lookups', text, [lookups])).map(({ lookup }) => lookup)
  }

  async spent(refs: readonly SpentRef[]): Promise<SpentRef[]> {
    const text = `select s.account_id as "accountId", s.hash from unnest($1::bigint[], $2::text[]) r (a, h)
      join spent s on s.account_id = r.a and s.hash = r.h`
    return this.#all('spent', text, columnsOf(refs, 'accountId', 'hash'))
  }

  async rules(accountIds: readonly number[]): Promise<people.SignInRules[]> {
    const text = 'select * from sign_in_rules where account_id = any($1::bigint[])'
    return (await this.#all<people.RulesRow>('rules', text, [accountIds])).map(people.toRules)
  }

  async keys(refs: readonly Ref[]): Promise<ApiKey[]> {
    const text =
      'select k.* from unnest($1::bigint[], $2::bigint[]) r (a, i) join api_keys k on k.account_id = r.a and k.id = r.i'
    return (await this.#all<rows.ApiKeyRow>('keys', text, columnsOf(refs, 'accountId', 'id'))).map(rows.toApiKey)
  }

  async keysMadeBy(makers: readonly KeyMaker[]): Promise<ApiKey[]> {
    const text = `select k.* from unnest($1::bigint[], $2::text[], $3::bigint[]) r (a, m, i)
      join api_keys k on k.account_id = r.a and k.maker_kind = r.m and k.maker_id = r.i`
    const found = await this.#all<rows.ApiKeyRow>('keys_made_by', text, columnsOf(makers, 'accountId', 'kind', 'id'))
    return found.map(rows.toApiKey)
  }

  async secrets(refs: readonly Ref[]): Promise<StoredSecret[]> {
    const text = storedSecrets('unnest($1::bigint[], $2::bigint[]) r (a, i)', 's.account_id = r.a and s.id = r.i')
    return this.#secrets('secrets', text, columnsOf(refs, 'accountId', 'id'))
  }

  async accountsAt(addresses: readonly string[]): Promise<number[]> {
    const ranges = addresses.map((address) => ({ first: address, last: address }))
    return (await this.claims(ranges, false)).map(({ accountId }) => accountId)
  }

  async claims(ranges: readonly AddressRange[], lock: boolean): Promise<Claim[]> {
    if (lock) await this.#client.query('select pg_advisory_xact_lock($1)', [claimLock])
    const text = `select distinct m.* from unnest($1::text[], $2::text[]) r (f, l)
      join machine_addresses m on m.first <= r.l collate "C" and m.last >= r.f collate "C"`
    return (await this.#all<rows.ClaimRow>('claims', text, columnsOf(ranges, 'first', 'last'))).map(rows.toClaim)
  }

  async machinesOf(accountId: number): Promise<Machine[]> {
    const text = 'select * from machines where account_id = $1 order by id'
    return (await this.#all<rows.MachineRow>('machines_of', text, [accountId])).map(rows.toMachine)
  }

  async settings(accountIds: readonly number[]): Promise<AccountSettings[]> {
    const text = 'select * from account_settings where account_id = any($1::bigint[])'
    return (await this.#all<rows.SettingsRow>('settings', text, [accountIds])).map(rows.toSettings)
  }

  async accountsOfSeeds(tokenHashes: readonly string[]): Promise<number[]> {
    return (await this.seedsByToken(tokenHashes)).map(({ accountId }) => accountId)
  }

  async seedsByToken(tokenHashes: readonly string[]): Promise<Seed[]> {
    const text = 'select * from seeds where token_hash = any($1::text[])'
    return (await this.#all<SeedRow>('seeds_by_token', text, [tokenHashes])).map(toSeed)
  }

  async seeds(refs: readonly Ref[]): Promise<Seed[]> {
    const text =
      'select s.* from unnest($1::bigint[], $2::bigint[]) r (a, i) join seeds s on s.account_id = r.a and s.id = r.i'
    return (await this.#all<SeedRow>('seeds', text, columnsOf(refs, 'accountId', 'id'))).map(toSeed)
  }

  async trustRulesOf(accountIds: readonly number[]): Promise<TrustRule[]> {
    const text = 'select * from trust_rules where account_id = any($1::bigint[]) order by account_id, id'
    return (await this.#all<TrustRuleRow>('trust_rules_of', text, [accountIds])).map(toTrustRule)
  }

  async trustRules(refs: readonly Ref[]): Promise<TrustRule[]> {
    const text = `select t.* from unnest($1::bigint[], $2::bigint[]) r (a, i)
      join trust_rules t on t.account_id = r.a and t.id = r.i`
    return (await this.#all<TrustRuleRow>('trust_rules', text, columnsOf(refs, 'accountId', 'id'))).map(toTrustRule)
  }

  async keysOfRules(rules: readonly Ref[]): Promise<ApiKey[]> {
    const text = `select k.* from unnest($1::bigint[], $2::bigint[]) r (a, i)
      join api_keys k on k.account_id = r.a and k.rule_id = r.i and k.revoked_ms is null order by k.account_id, k.id`
    const found = await this.#all<rows.ApiKeyRow>('keys_of_rules', text, columnsOf(rules, 'accountId', 'id'))
    return found.map(rows.toApiKey)
  }

  async livingKeys(rules: readonly Ref[], now: number): Promise<(Ref & { count: number })[]> {
    const text = `select k.account_id as "accountId", k.rule_id as id, count(*) as count
      from unnest($1::bigint[], $2::bigint[]) r (a, i)
      join api_keys k on k.account_id = r.a and k.rule_id = r.i and k.expires_ms > $3 and k.revoked_ms is null
      group by 1, 2`
    return this.#all('living_keys', text, [...columnsOf(rules, 'accountId', 'id'), now])
  }

  async usedTokens(refs: readonly UsedRef[]): Promise<UsedRef[]> {
    const text = `select u.account_id as "accountId", u.rule_id as "ruleId", u.hash
      from unnest($1::bigint[], $2::bigint[], $3::text[]) r (a, i, h)
      join used_tokens u on u.account_id = r.a and u.rule_id = r.i and u.hash = r.h`
    return this.#all('used_tokens', text, columnsOf(refs, 'accountId', 'ruleId', 'hash'))
  }

  async deployments(refs: readonly Ref[]): Promise<Deployment[]> {
    const text = deployments('unnest($1::bigint[], $2::bigint[]) r (a, i)', 'd.account_id = r.a and d.id = r.i')
    return toDeployments(await this.#all<JoinedRow>('deployments', text, columnsOf(refs, 'accountId', 'id')))
  }

  async deploymentsTo(targets: readonly NameRef[]): Promise<Deployment[]> {
    const text = deployments('unnest($1::bigint[], $2::text[]) r (a, n)', 'd.account_id = r.a and d.target = r.n')
    return toDeployments(await this.#all<JoinedRow>('deployments_to', text, columnsOf(targets, 'accountId', 'name')))
  }

  async holders(secrets: readonly Ref[]): Promise<(Ref & { count: number })[]> {
    const text = `select h.account_id as "accountId", h.secret_id as id, count(*) as count
      from unnest($1::bigint[], $2::bigint[]) r (a, i)
      join deployment_secrets h on h.account_id = r.a and h.secret_id = r.i group by 1, 2`
    return this.#all('holders', text, columnsOf(secrets, 'accountId', 'id'))
  }

  async holdersOfList({ accountId, id }: Ref): Promise<number> {
    const text = `select count(distinct h.deployment_id) as count from secrets s join deployment_secrets h
      on h.account_id = s.account_id and h.secret_id = s.id where s.account_id = $1 and s.list_id = $2`
    const [found] = await this.#all<{ count: number }>('holders_of_list', text, [accountId, id])
    return found?.count ?? 0
  }

  async secretsNamed(refs: readonly NameRef[]): Promise<StoredSecret[]> {
    const text = storedSecrets('unnest($1::bigint[], $2::text[]) r (a, n)', 's.account_id = r.a and s.name = r.n')
    return this.#secrets('secrets_named', text, columnsOf(refs, 'accountId', 'name'))
  }

  async secretsOfList({ accountId, id }: Ref): Promise<StoredSecret[]> {
    const text = storedSecrets('(select $1::bigint as a, $2::bigint as l) r', 's.account_id = r.a and s.list_id = r.l')
    return this.#secrets('secrets_of_list', `${text} order by s.id`, [accountId, id])
  }

  async lists(refs: readonly Ref[]): Promise<List[]> {
    const text =
      'select l.* from unnest($1::bigint[], $2::bigint[]) r (a, i) join lists l on l.account_id = r.a and l.id = r.i'
    return (await this.#all<rows.ListRow>('lists', text, columnsOf(refs, 'accountId', 'id'))).map(rows.toList)
  }

  async listsNamed(refs: readonly NameRef[]): Promise<List[]> {
    const text =
      'select l.* from unnest($1::bigint[], $2::text[]) r (a, n) join lists l on l.account_id = r.a and l.name = r.n'
    return (await this.#all<rows.ListRow>('lists_named', text, columnsOf(refs, 'accountId', 'name'))).map(rows.toList)
  }

  async named(refs: readonly NameRef[]): Promise<(NameRef & Ref)[]> {
    const text = `select s.account_id, s.id, s.name from unnest($1::bigint[], $2::text[]) r (a, n)
      join secrets s on s.account_id = r.a and s.name = r.n`
    const found = await this.#all<rows.SecretRow>('named', text, columnsOf(refs, 'accountId', 'name'))
    return found.map(({ account_id, id, name }) => ({ accountId: account_id, id, name }))
  }

  async versions(refs: readonly Ref[]): Promise<VersionRowHead[]> {
    const text = `select v.account_id, v.secret_id, v.version, v.created_ms, v.name, v.mac from unnest($1::bigint[], $2::bigint[]) r (a, i)
      join versions v on v.account_id = r.a and v.secret_id = r.i order by v.version`
    const found = await this.#all<rows.VersionHeadRow>('versions', text, columnsOf(refs, 'accountId', 'id'))
    return found.map(rows.toVersionHead)
  }

  async sealed(refs: readonly VersionRef[]): Promise<(VersionRef & SealedVersion)[]> {
    const text = `select v.account_id as "accountId", v.secret_id as id, v.version, v.sealed, v.name
      from unnest($1::bigint[], $2::bigint[], $3::bigint[]) r (a, i, n)
      join versions v on v.account_id = r.a and v.secret_id = r.i and v.version = r.n`
    return this.#all('sealed', text, columnsOf(refs, 'accountId', 'id', 'version'))
  }

  async replies(refs: readonly ReplyRef[], since: number): Promise<Reply[]> {
    const text = `select p.* from unnest($1::bigint[], $2::bigint[], $3::text[]) r (a, k, h)
      join replies p on p.account_id = r.a and p.key_id = r.k and p.hash = r.h and p.created_ms > $4`
    const values = [...columnsOf(refs, 'accountId', 'keyId', 'hash'), since]
    return (await this.#all<rows.ReplyRow>('replies', text, values)).map(rows.toReply)
  }

  async newAccounts(names: readonly string[]): Promise<{ taken: string[]; nextId: number }> {
    await this.#client.query('select pg_advisory_xact_lock($1)', [accountLock])
    const taken = await this.#all<{ name: string }>(
      'account_names',
      'select name from accounts where name = any($1::text[])',
      [names],
    )
    const [next] = await this.#all<{ id: number }>(
      'next_account',
      'select coalesce(max(id), 0) + 1 as id from accounts',
      [],
    )
    return { taken: taken.map(({ name }) => name), nextId: next?.id ?? 1 }
  }

  async apply(changes: Changes, keepVersions: number, now: number): Promise<void> {
    await new PostgresChanges(this.#client).write(changes, keepVersions, now)
  }

  async #secrets(name: string, text: string, values: readonly unknown[]): Promise<StoredSecret[]> {
    return (await this.#all<rows.StoredSecretRow>(name, text, values)).map(rows.toStoredSecret)
  }

  async #all<Row extends QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#client.query<Row>({ name, text, values: [...values] })).rows
  }
}

function deployments(from: string, on: string): string {
  return `select d.*, h.secret_id, h.secret_uid, h.name, h.version from ${from} join deployments d on ${on}
    left join deployment_secrets h on h.account_id = d.account_id and h.deployment_id = d.id
    order by d.id, h.secret_id`
}

function storedSecrets(from: string, on: string): string {
  return `select s.*, k.key_version, k.wrapped, v.sealed from ${from} join secrets s on ${on}
    left join secret_keys k on k.account_id = s.account_id and k.secret_id = s.id
    left join versions v on v.account_id = s.account_id and v.secret_id = s.id and v.version = s.version`
}
