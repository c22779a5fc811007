/** One batch's transaction on PostgreSQL: each step is one statement over arrays, however many rows it is about. */
import type { Client, QueryResultRow } from 'pg'
import type { Account, AccountKey } from '../../model/account.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { List } from '../../model/list.ts'
import type { NameRef, Ref, ReplyRef, Transaction, VersionRef } from '../load.ts'
import type { StoredSecret, VersionHead } from '../operation.ts'
import * as rows from '../rows.ts'
import { type Changes, type NewVersion, type Reply, ref, replyLifetimeMs, type SealedVersion } from '../world.ts'
import {
  accountColumns,
  accountValues,
  auditColumns,
  type Column,
  keyColumns,
  keyValues,
  listColumns,
  listValues,
  recordValues,
  secretColumns,
  secretKeyColumns,
  secretKeyValues,
  secretValues,
  versionColumns,
  versionValues,
} from './values.ts'

/** Serializes the making of accounts: their ids are counted over the whole store. */
const accountLock = 7_305_610_113

export class PostgresTransaction implements Transaction {
  readonly #client: Client
  readonly #sent: Promise<unknown>[] = []

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
    return (await this.#all<rows.AccountKeyRow>('account_keys', text, [ids])).map(rows.toAccountKey)
  }

  async accountKeysInUse(accountId: number): Promise<number[]> {
    const text = 'select distinct key_version as version from secret_keys where account_id = $1'
    return (await this.#all<{ version: number }>('account_keys_in_use', text, [accountId])).map(
      ({ version }) => version,
    )
  }

  async keys(refs: readonly Ref[]): Promise<ApiKey[]> {
    const text =
      'select k.* from unnest($1::bigint[], $2::bigint[]) r (a, i) join api_keys k on k.account_id = r.a and k.id = r.i'
    return (await this.#all<rows.ApiKeyRow>('keys', text, columnsOf(refs, 'accountId', 'id'))).map(rows.toApiKey)
  }

  async secrets(refs: readonly Ref[]): Promise<StoredSecret[]> {
    const text = storedSecrets('unnest($1::bigint[], $2::bigint[]) r (a, i)', 's.account_id = r.a and s.id = r.i')
    return this.#secrets('secrets', text, columnsOf(refs, 'accountId', 'id'))
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

  async versions(refs: readonly Ref[]): Promise<(Ref & VersionHead)[]> {
    const text = `select v.account_id, v.secret_id, v.version, v.created_ms from unnest($1::bigint[], $2::bigint[]) r (a, i)
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

  async apply(changes: Changes, keepVersions: number): Promise<void> {
    this.#applyAccounts(changes)
    this.#applyKeys(changes)
    this.#freeNames(changes)
    this.#applyLists(changes)
    this.#applySecrets(changes, keepVersions)
    this.#applyReplies(changes)
    this.#insert('audit', auditColumns, changes.records.map(recordValues))
    await Promise.all(this.#sent)
  }

  #applyAccounts({ accounts, accountKeys, droppedAccountKeys }: Changes): void {
    const fates = [...accounts.values()]
    const made = fates.flatMap(({ existed, row }) => (existed || row === null ? [] : [accountValues(row)]))
    const changed = fates.flatMap(({ existed, row }) => (existed && row !== null ? [accountValues(row)] : []))
    this.#insert('accounts', accountColumns, made)
    this.#insert(
      'account_keys',
      ['bigint', 'bigint', 'bytea'],
      accountKeys.map((key) => [key.accountId, key.version, key.wrapped]),
    )
    this.#delete(
      'account_keys',
      'version',
      droppedAccountKeys.map(({ accountId, version }) => [accountId, version]),
    )
    this.#run(
      'update_accounts',
      `update accounts set next_secret_id = r.s, next_key_id = r.k, audit_size = r.z, audit_head = r.h, audit_ms = r.m,
       next_list_id = r.l
       from ${unnest(accountColumns)} r (id, n, c, s, k, z, h, m, l) where accounts.id = r.id`,
      changed,
      accountColumns.length,
    )
  }

  #applyKeys({ keys }: Changes): void {
    const fates = [...keys.values()]
    const made = fates.flatMap(({ existed, row }) => (existed || row === null ? [] : [keyValues(row)]))
    const changed = fates.flatMap(({ existed, row }) =>
      existed && row !== null ? [[row.accountId, row.id, row.expiresAt, row.revokedAt, row.lastUsedAt, row.mac]] : [],
    )
    const columns: Column[] = ['bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'bytea']
    this.#insert('api_keys', keyColumns, made)
    this.#run(
      'update_keys',
      `update api_keys set expires_ms = r.e, revoked_ms = r.v, last_used_ms = r.l, mac = r.m
       from ${unnest(columns)} r (a, i, e, v, l, m) where api_keys.account_id = r.a and api_keys.id = r.i`,
      changed,
      columns.length,
    )
  }

  /** Nothing is called by a name with a blank: then the rows can get their new names in any order. */
  #freeNames({ renamed }: Changes): void {
    for (const table of ['secrets', 'lists'] as const) {
      this.#run(
        `free_${table}`,
        `update ${table} set name = ' ' || id from ${unnest(['bigint', 'bigint'])} r (a, i)
         where ${table}.account_id = r.a and ${table}.id = r.i`,
        renamed.filter((one) => one.table === table).map(({ accountId, id }) => [accountId, id]),
        2,
      )
    }
  }

  #applyLists({ lists }: Changes): void {
    const fates = [...lists]
    const gone = fates.flatMap(([at, { existed, row }]) => (row === null && existed ? [at.split(' ').map(Number)] : []))
    const valuesOf = (has: boolean) =>
      fates.flatMap(([, { existed, row }]) => (row === null || existed !== has ? [] : [listValues(row)]))
    this.#delete('lists', 'id', gone)
    this.#insert('lists', listColumns, valuesOf(false))
    this.#run(
      'update_lists',
      `update lists set name = r.n, updated_ms = r.w from ${unnest(listColumns)} r (a, i, u, n, c, w)
       where lists.account_id = r.a and lists.id = r.i`,
      valuesOf(true),
      listColumns.length,
    )
  }

  /** What is deleted goes first: its name may be taken again in the same batch. */
  #applySecrets({ secrets, versions, rewrapped }: Changes, keepVersions: number): void {
    this.#run(
      'rewrap_secret_keys',
      `update secret_keys set key_version = r.v, wrapped = r.w
       from ${unnest(['bigint', 'bigint', 'bigint', 'bytea'])} r (a, i, v, w)
       where secret_keys.account_id = r.a and secret_keys.secret_id = r.i`,
      rewrapped.map(({ accountId, id, key }) => [accountId, id, key.keyVersion, key.wrapped]),
      4,
    )
    if (secrets.size === 0) return
    const gone: unknown[][] = []
    const made: StoredSecret[] = []
    const changed: StoredSecret[] = []
    for (const [at, { existed, row }] of secrets) {
      if (row !== null) (existed ? changed : made).push(row)
      else if (existed) gone.push(at.split(' ').map(Number))
    }
    const newestOf = ({ accountId, secretId }: NewVersion) => secrets.get(ref(accountId, secretId))?.row?.secret.version
    const kept = versions.filter(
      (version) => version.version > (newestOf(version) ?? Number.POSITIVE_INFINITY) - keepVersions,
    )
    this.#delete('versions', 'secret_id', gone)
    this.#delete('secret_keys', 'secret_id', gone)
    this.#delete('secrets', 'id', gone)
    this.#insert('secrets', secretColumns, made.map(secretValues))
    this.#insert('secret_keys', secretKeyColumns, made.map(secretKeyValues))
    this.#updateSecrets(changed, keepVersions)
    this.#insert('versions', versionColumns, kept.map(versionValues))
  }

  #updateSecrets(changed: readonly StoredSecret[], keepVersions: number): void {
    this.#run(
      'update_secrets',
      `update secrets set name = r.n, version = r.v, updated_ms = r.w, mac = r.m, list_id = r.l, filename = r.f,
       description = r.d, tags = r.t, expires_ms = r.e
       from ${unnest(secretColumns)} r (a, i, u, n, v, c, w, m, l, y, f, d, t, e)
       where secrets.account_id = r.a and secrets.id = r.i`,
      changed.map(secretValues),
      secretColumns.length,
    )
    this.#run(
      'prune_versions',
      `delete from versions using ${unnest(['bigint', 'bigint', 'bigint'])} r (a, i, v)
       where versions.account_id = r.a and versions.secret_id = r.i and versions.version <= r.v`,
      changed.map(({ secret }) => [secret.accountId, secret.id, secret.version - keepVersions]),
      3,
    )
  }

  #applyReplies({ replies }: Changes): void {
    const [first] = replies
    if (first === undefined) return
    const accountIds = [...new Set(replies.map(({ accountId }) => accountId))]
    this.#send('prune_replies', 'delete from replies where account_id = any($1::bigint[]) and created_ms <= $2', [
      accountIds,
      first.createdAt - replyLifetimeMs,
    ])
    this.#insert(
      'replies',
      ['bigint', 'bigint', 'text', 'text', 'text', 'bigint'],
      replies.map((reply) => [
        reply.accountId,
        reply.keyId,
        reply.hash,
        reply.fingerprint,
        JSON.stringify(reply.secret),
        reply.createdAt,
      ]),
    )
  }

  #insert(table: string, columns: readonly Column[], values: readonly (readonly unknown[])[]): void {
    this.#run(`insert_${table}`, `insert into ${table} select * from ${unnest(columns)}`, values, columns.length)
  }

  #delete(table: string, column: string, values: readonly (readonly unknown[])[]): void {
    const text = `delete from ${table} using ${unnest(['bigint', 'bigint'])} r (a, i)
      where ${table}.account_id = r.a and ${table}.${column} = r.i`
    this.#run(`delete_${table}`, text, values, 2)
  }

  /** Runs a statement over rows, given as one array for each column. */
  #run(name: string, text: string, values: readonly (readonly unknown[])[], width: number): void {
    if (values.length === 0) return
    this.#send(
      name,
      text,
      Array.from({ length: width }, (_, column) => values.map((row) => row[column])),
    )
  }

  /** Not waited for: `apply` sends everything at once, and the connection carries it out in order. */
  #send(name: string, text: string, values: readonly unknown[]): void {
    this.#sent.push(this.#all(name, text, values))
  }

  async #secrets(name: string, text: string, values: readonly unknown[]): Promise<StoredSecret[]> {
    return (await this.#all<rows.StoredSecretRow>(name, text, values)).map(rows.toStoredSecret)
  }

  async #all<Row extends QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#client.query<Row>({ name, text, values: [...values] })).rows
  }
}

function storedSecrets(from: string, on: string): string {
  return `select s.*, k.key_version, k.wrapped, v.sealed from ${from} join secrets s on ${on}
    join secret_keys k on k.account_id = s.account_id and k.secret_id = s.id
    join versions v on v.account_id = s.account_id and v.secret_id = s.id and v.version = s.version`
}

function unnest(columns: readonly Column[]): string {
  return `unnest(${columns.map((type, at) => `$${at + 1}::${type}[]`).join(', ')})`
}

/** The named members of every row, as one array each. */
function columnsOf<Row>(rowsOf: readonly Row[], ...names: (keyof Row)[]): unknown[] {
  return names.map((name) => rowsOf.map((row) => row[name]))
}
