/** Which target holds which version of which secret, and the seeds that hand them out. */
import type { Migration } from './migration.ts'

const sqlite = `
create table deployments (
  account_id integer not null references accounts,
  id integer not null,
  target text not null,
  principal_kind text not null,
  principal_id integer not null,
  principal_name text not null,
  seed_id integer,
  created_ms integer not null,
  primary key (account_id, id)
) strict, without rowid;
create index deployments_by_target on deployments (account_id, target);

create table deployment_secrets (
  account_id integer not null references accounts,
  deployment_id integer not null,
  secret_id integer not null,
  secret_uid text not null,
  name text not null,
  version integer not null,
  primary key (account_id, deployment_id, secret_id)
) strict, without rowid;
create index deployment_secrets_by_secret on deployment_secrets (account_id, secret_id);

create table seeds (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  token_hash text not null unique,
  target text not null,
  sealed blob not null,
  scopes text not null,
  maker_kind text not null,
  maker_id integer not null,
  maker_name text not null,
  created_ms integer not null,
  expires_ms integer not null,
  max_fetches integer not null,
  fetches text not null,
  used_ms integer,
  returns integer not null,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;

alter table accounts add column next_deployment_id integer not null default 1;
alter table accounts add column next_seed_id integer not null default 1;
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const deployments: Migration = { name: '0005-deployments', sqlite, postgres }
