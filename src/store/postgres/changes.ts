/** What a batch writes to PostgreSQL: one statement over arrays for each table and kind of change. */
import type { Client } from 'pg'
import { rangesOf } from '../../model/machine.ts'
import { deploymentValues, heldValues, seedValues } from '../deployment-rows.ts'
import { recordValues } from '../rows.ts'
import type { StoredSecret } from '../stored.ts'
import { trustRuleValues, usedTokenValues } from '../trust-rows.ts'
import { factorValues, rulesValues, spentValues, userValues } from '../user-rows.ts'
import { type Changes, type NewVersion, ref, replyLifetimeMs, workloadKeyLingersMs } from '../world.ts'
import {
  accountColumns,
  accountKeyColumns,
  accountKeyValues,
  accountValues,
  auditColumns,
  type Column,
  deploymentColumns,
  factorColumns,
  heldColumns,
  keyColumns,
  keyValues,
  listColumns,
  listValues,
  machineColumns,
  machineValues,
  rulesColumns,
  secretColumns,
  secretKeyColumns,
  secretKeyValues,
  secretValues,
  seedColumns,
  spentColumns,
  trustRuleColumns,
  unnest,
  usedTokenColumns,
  userColumns,
  versionColumns,
  versionValues,
} from './values.ts'

export class PostgresChanges {
  readonly #client: Client
  readonly #sent: Promise<unknown>[] = []

  constructor(client: Client) {
    this.#client = client
  }

  /** Sends everything at once, and resolves when all of it is done. */
  async write(changes: Changes, keepVersions: number, now: number): Promise<void> {
    this.#applyAccounts(changes)
    this.#applyTrust(changes, now)
    this.#applyKeys(changes)
    this.#freeNames(changes)
    this.#applyLists(changes)
    this.#applyMachines(changes)
    this.#applyUsers(changes)
    this.#applyFactors(changes)
    this.#applyDeployments(changes)
    this.#applySecrets(changes, keepVersions)
    this.#applyReplies(changes)
    this.#insert('audit', auditColumns, changes.records.map(recordValues))
    await Promise.all(this.#sent)
  }

  #applyAccounts({ accounts, accountKeys, changedAccountKeys, droppedAccountKeys }: Changes): void {
    const fates = [...accounts.values()]
    const made = fates.flatMap(({ existed, row }) => (existed || row === null ? [] : [accountValues(row)]))
    const changed = fates.flatMap(({ existed, row }) => (existed && row !== null ? [accountValues(row)] : []))
    this.#insert('accounts', accountColumns, made)
    this.#insert('account_keys', accountKeyColumns, accountKeys.map(accountKeyValues))
    this.#run(
      'update_account_keys',
      `update account_keys set wrapped = r.w, uses = r.u from ${unnest(accountKeyColumns)} r (a, v, w, u)
       where account_keys.account_id = r.a and account_keys.version = r.v`,
      [...changedAccountKeys.values()].map(accountKeyValues),
      accountKeyColumns.length,
    )
    this.#delete(
      'account_keys',
      'version',
      droppedAccountKeys.map(({ accountId, version }) => [accountId, version]),
    )
    this.#run(
      'update_accounts',
      `update accounts set next_secret_id = r.s, next_key_id = r.k, audit_size = r.z, audit_head = r.h, audit_ms = r.m,
       next_list_id = r.l, next_machine_id = r.i, next_user_id = r.u,
       next_deployment_id = r.d, next_seed_id = r.e, next_trust_rule_id = r.t, mac = r.c2,
       networks = r.n1, machine_networks = r.n2
       from ${unnest(accountColumns)} r (id, n, c, s, k, z, h, m, l, i, u, d, e, t, c2, n1, n2) where accounts.id = r.id`,
      changed,
      accountColumns.length,
    )
  }

  #applyKeys({ keys }: Changes): void {
    const fates = [...keys.values()]
    const made = fates.flatMap(({ existed, row }) => (existed || row === null ? [] : [keyValues(row)]))
    const changed = fates.flatMap(({ existed, row }) =>
      existed && row !== null
        ? [[row.accountId, row.id, row.expiresAt, row.revokedAt, row.lastUsedAt, row.mac, row.confirmedAt]]
        : [],
    )
    const columns: Column[] = ['bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'bytea', 'bigint']
    this.#insert('api_keys', keyColumns, made)
    this.#run(
      'update_keys',
      `update api_keys set expires_ms = r.e, revoked_ms = r.v, last_used_ms = r.l, mac = r.m, confirmed_ms = r.c
       from ${unnest(columns)} r (a, i, e, v, l, m, c) where api_keys.account_id = r.a and api_keys.id = r.i`,
      changed,
      columns.length,
    )
  }

  /** What is over goes first. */
  #applyTrust({ trustRules, usedTokens, workloads }: Changes, now: number): void {
    if (workloads.size > 0) {
      const text = `delete from api_keys k where k.account_id = any($1::bigint[]) and k.rule_id is not null
        and k.expires_ms <= $2`
      this.#send('prune_workload_keys', text, [[...workloads], now - workloadKeyLingersMs])
      const used = 'delete from used_tokens where account_id = any($1::bigint[]) and until_ms <= $2'
      this.#send('prune_used_tokens', used, [[...workloads], now])
    }
    const changed = [...trustRules].flatMap(([at, { existed }]) => (existed ? [at.split(' ').map(Number)] : []))
    const kept = [...trustRules.values()].flatMap(({ row }) => (row === null ? [] : [trustRuleValues(row)]))
    this.#delete('trust_rules', 'id', changed)
    this.#insert('trust_rules', trustRuleColumns, kept)
    this.#insert('used_tokens', usedTokenColumns, usedTokens.map(usedTokenValues))
  }

  /** A changed row takes the place of the one that was. */
  #applyUsers({ users }: Changes): void {
    const fates = [...users]
    this.#delete(
      'users',
      'id',
      fates.flatMap(([at, { existed }]) => (existed ? [at.split(' ').map(Number)] : [])),
    )
    this.#insert(
      'users',
      userColumns,
      fates.flatMap(([, { row }]) => (row === null ? [] : [userValues(row)])),
    )
  }

  /** As of users; what is used up and would have expired goes, whenever something is. */
  #applyFactors({ factors, spent, rules }: Changes): void {
    const fates = [...factors]
    this.#delete(
      'factors',
      'id',
      fates.flatMap(([at, { existed }]) => (existed ? [at.split(' ').map(Number)] : [])),
    )
    this.#insert(
      'factors',
      factorColumns,
      fates.flatMap(([, { row }]) => (row === null ? [] : [factorValues(row)])),
    )
    this.#run(
      'prune_spent',
      `delete from spent using ${unnest(['bigint', 'bigint'])} r (a, n)
       where spent.account_id = r.a and spent.expires_ms <= r.n`,
      spent.map(({ accountId, now }) => [accountId, now]),
      2,
    )
    this.#insert('spent', spentColumns, spent.map(spentValues))
    this.#run(
      'put_rules',
      `insert into sign_in_rules select * from ${unnest(rulesColumns)} on conflict (account_id)
       do update set second_factor = excluded.second_factor, sso = excluded.sso, mac = excluded.mac`,
      [...rules.values()].map(rulesValues),
      rulesColumns.length,
    )
  }

  #applyDeployments({ deployments, seeds }: Changes): void {
    const fates = [...deployments]
    const gone = fates.flatMap(([at, { existed, row }]) => (row === null && existed ? [at.split(' ').map(Number)] : []))
    const made = fates.flatMap(([, { row }]) => (row === null ? [] : [row]))
    this.#delete('deployment_secrets', 'deployment_id', gone)
    this.#delete('deployments', 'id', gone)
    this.#insert('deployments', deploymentColumns, made.map(deploymentValues))
    this.#insert('deployment_secrets', heldColumns, made.flatMap(heldValues))
    const changed = [...seeds].flatMap(([at, { existed }]) => (existed ? [at.split(' ').map(Number)] : []))
    this.#delete('seeds', 'id', changed)
    this.#insert(
      'seeds',
      seedColumns,
      [...seeds.values()].flatMap(({ row }) => (row === null ? [] : [seedValues(row)])),
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

  #applyMachines({ machines, settings }: Changes): void {
    const fates = [...machines]
    const gone = fates.flatMap(([at, { existed, row }]) => (row === null && existed ? [at.split(' ').map(Number)] : []))
    const made = fates.flatMap(([, { existed, row }]) => (row === null || existed ? [] : [row]))
    this.#delete('machine_addresses', 'machine_id', gone)
    this.#delete('machines', 'id', gone)
    this.#insert('machines', machineColumns, made.map(machineValues))
    const claims = made.flatMap((machine) =>
      rangesOf(machine).map(({ first, last }) => [first, last, machine.accountId, machine.id]),
    )
    this.#insert('machine_addresses', ['text', 'text', 'bigint', 'bigint'], claims)
    this.#run(
      'put_settings',
      `insert into account_settings select * from ${unnest(['bigint', 'bigint', 'bytea'])}
       on conflict (account_id) do update set vm_auth = excluded.vm_auth, mac = excluded.mac`,
      [...settings.values()].map(({ accountId, vmAuth, mac }) => [accountId, vmAuth ? 1 : 0, mac]),
      3,
    )
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
      `update lists set name = r.n, updated_ms = r.w, mac = r.m from ${unnest(listColumns)} r (a, i, u, n, c, w, m)
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
      ['bigint', 'bigint', 'text', 'text', 'text', 'bigint', 'bytea'],
      replies.map((reply) => [
        reply.accountId,
        reply.keyId,
        reply.hash,
        reply.fingerprint,
        JSON.stringify(reply.secret),
        reply.createdAt,
        reply.mac,
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
    this.#sent.push(this.#client.query({ name, text, values: [...values] }))
  }
}
