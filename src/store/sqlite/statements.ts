/** Everything that batches run on SQLite, prepared once for a connection. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

const storedSecret = `select s.*, k.key_version, k.wrapped, v.sealed from secrets s
  left join secret_keys k on k.account_id = s.account_id and k.secret_id = s.id
  left join versions v on v.account_id = s.account_id and v.secret_id = s.id and v.version = s.version`

const deployment = `select d.*, h.secret_id, h.secret_uid, h.name, h.version from deployments d
  left join deployment_secrets h on h.account_id = d.account_id and h.deployment_id = d.id`

export type Statements = ReturnType<typeof prepare>

/** Everything that batches run, prepared once for a connection. */
export function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text)
  return {
    account: sql('select * from accounts where id = ?'),
    accountOfToken: sql('select a.* from api_keys k join accounts a on a.id = k.account_id where k.token_hash = ?'),
    accountNamed: sql('select name from accounts where name = ?'),
    nextAccountId: sql('select coalesce(max(id), 0) + 1 as id from accounts'),
    accountKey: sql('select * from account_keys where account_id = ? order by version desc limit 1'),
    accountKeysInUse: sql('select distinct key_version as version from secret_keys where account_id = ?'),
    dropAccountKey: sql('delete from account_keys where account_id = ? and version = ?'),
    rewrapSecretKey: sql('update secret_keys set key_version = ?, wrapped = ? where account_id = ? and secret_id = ?'),
    keyByToken: sql('select * from api_keys where token_hash = ?'),
    key: sql('select * from api_keys where account_id = ? and id = ?'),
    keysMadeBy: sql('select * from api_keys where account_id = ? and maker_kind = ? and maker_id = ?'),
    users: sql('select * from users where account_id = ? order by id'),
    user: sql('select * from users where account_id = ? and id = ?'),
    userWith: sql('select * from users where account_id = ? and email = ?'),
    sessionsOf: sql('select * from api_keys where account_id = ? and user_id = ? and revoked_ms is null'),
    putUser: sql('insert or replace into users values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    deleteUser: sql('delete from users where account_id = ? and id = ?'),
    factorsOf: sql('select * from factors where account_id = ? and user_id = ? order by id'),
    factorWith: sql('select lookup from factors where lookup = ?'),
    putFactor: sql('insert or replace into factors values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    deleteFactor: sql('delete from factors where account_id = ? and id = ?'),
    spent: sql('select account_id, hash from spent where account_id = ? and hash = ?'),
    insertSpent: sql('insert into spent values (?, ?, ?)'),
    pruneSpent: sql('delete from spent where account_id = ? and expires_ms <= ?'),
    rules: sql('select * from sign_in_rules where account_id = ?'),
    putRules: sql('insert or replace into sign_in_rules values (?, ?, ?, ?)'),
    secret: sql(`${storedSecret} where s.account_id = ? and s.id = ?`),
    secretOfName: sql(`${storedSecret} where s.account_id = ? and s.name = ?`),
    secretsOfList: sql(`${storedSecret} where s.account_id = ? and s.list_id = ? order by s.id`),
    claimsMeeting: sql('select * from machine_addresses where first <= ? and last >= ? order by first'),
    machinesOf: sql('select * from machines where account_id = ? order by id'),
    settings: sql('select * from account_settings where account_id = ?'),
    insertMachine: sql('insert into machines values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    deleteMachine: sql('delete from machines where account_id = ? and id = ?'),
    insertClaim: sql('insert into machine_addresses values (?, ?, ?, ?)'),
    deleteClaims: sql('delete from machine_addresses where account_id = ? and machine_id = ?'),
    putSettings: sql('insert or replace into account_settings values (?, ?, ?)'),
    seedByToken: sql('select * from seeds where token_hash = ?'),
    seed: sql('select * from seeds where account_id = ? and id = ?'),
    deployment: sql(`${deployment} where d.account_id = ? and d.id = ? order by h.secret_id`),
    deploymentTo: sql(`${deployment} where d.account_id = ? and d.target = ? order by d.id, h.secret_id`),
    holders: sql('select count(*) as count from deployment_secrets where account_id = ? and secret_id = ?'),
    holdersOfList: sql(`select count(distinct h.deployment_id) as count from secrets s join deployment_secrets h
      on h.account_id = s.account_id and h.secret_id = s.id where s.account_id = ? and s.list_id = ?`),
    list: sql('select * from lists where account_id = ? and id = ?'),
    listNamed: sql('select * from lists where account_id = ? and name = ?'),
    secretNamed: sql('select id from secrets where account_id = ? and name = ?'),
    versionHeads: sql(
      'select account_id, secret_id, version, created_ms, name, mac from versions where account_id = ? and secret_id = ? order by version',
    ),
    sealedVersion: sql('select sealed, name from versions where account_id = ? and secret_id = ? and version = ?'),
    reply: sql('select * from replies where account_id = ? and key_id = ? and hash = ? and created_ms > ?'),

    insertAccount: sql('insert into accounts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    updateAccount: sql(
      'update accounts set next_secret_id = ?, next_key_id = ?, audit_size = ?, audit_head = ?, audit_ms = ?, next_list_id = ?, next_machine_id = ?, next_user_id = ?, next_deployment_id = ?, next_seed_id = ?, next_trust_rule_id = ?, mac = ?, networks = ?, machine_networks = ? where id = ?',
    ),
    insertAccountKey: sql('insert into account_keys values (?, ?, ?, ?)'),
    updateAccountKey: sql('update account_keys set wrapped = ?, uses = ? where account_id = ? and version = ?'),
    insertKey: sql('insert into api_keys values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    updateKey: sql(
      'update api_keys set expires_ms = ?, revoked_ms = ?, last_used_ms = ?, mac = ?, confirmed_ms = ? where account_id = ? and id = ?',
    ),
    insertSecret: sql('insert into secrets values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    updateSecret: sql(
      `update secrets set name = ?, version = ?, updated_ms = ?, mac = ?, list_id = ?, filename = ?, description = ?,
       tags = ?, expires_ms = ? where account_id = ? and id = ?`,
    ),
    freeSecretName: sql("update secrets set name = ' ' || id where account_id = ? and id = ?"),
    insertList: sql('insert into lists values (?, ?, ?, ?, ?, ?, ?)'),
    updateList: sql('update lists set name = ?, updated_ms = ?, mac = ? where account_id = ? and id = ?'),
    freeListName: sql("update lists set name = ' ' || id where account_id = ? and id = ?"),
    deleteList: sql('delete from lists where account_id = ? and id = ?'),
    deleteSecret: sql('delete from secrets where account_id = ? and id = ?'),
    insertSecretKey: sql('insert into secret_keys values (?, ?, ?, ?)'),
    deleteSecretKey: sql('delete from secret_keys where account_id = ? and secret_id = ?'),
    insertVersion: sql('insert into versions values (?, ?, ?, ?, ?, ?, ?)'),
    pruneVersions: sql('delete from versions where account_id = ? and secret_id = ? and version <= ?'),
    deleteVersions: sql('delete from versions where account_id = ? and secret_id = ?'),
    insertDeployment: sql('insert into deployments values (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    deleteDeployment: sql('delete from deployments where account_id = ? and id = ?'),
    insertHeld: sql('insert into deployment_secrets values (?, ?, ?, ?, ?, ?)'),
    deleteHeld: sql('delete from deployment_secrets where account_id = ? and deployment_id = ?'),
    putSeed: sql('insert or replace into seeds values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    deleteSeed: sql('delete from seeds where account_id = ? and id = ?'),
    trustRulesOf: sql('select * from trust_rules where account_id = ? order by id'),
    trustRule: sql('select * from trust_rules where account_id = ? and id = ?'),
    putTrustRule: sql(
      'insert or replace into trust_rules values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    deleteTrustRule: sql('delete from trust_rules where account_id = ? and id = ?'),
    keysOfRule: sql('select * from api_keys where account_id = ? and rule_id = ? and revoked_ms is null order by id'),
    livingKeys: sql(
      'select count(*) as count from api_keys where account_id = ? and rule_id = ? and expires_ms > ? and revoked_ms is null',
    ),
    pruneWorkloadKeys: sql('delete from api_keys where account_id = ? and rule_id is not null and expires_ms <= ?'),
    usedToken: sql('select 1 from used_tokens where account_id = ? and rule_id = ? and hash = ?'),
    insertUsedToken: sql('insert into used_tokens values (?, ?, ?, ?)'),
    pruneUsedTokens: sql('delete from used_tokens where account_id = ? and until_ms <= ?'),
    insertReply: sql('insert or replace into replies values (?, ?, ?, ?, ?, ?, ?)'),
    pruneReplies: sql('delete from replies where account_id = ? and created_ms <= ?'),
    insertRecord: sql('insert into audit values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  }
}

/** The border where the rows of our own tables get their types. */
export function all<Row>(statement: StatementSync, ...parameters: SQLInputValue[]): Row[] {
  return statement.all(...parameters) as unknown as Row[]
}
