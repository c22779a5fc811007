/** Accounts, keys, secrets with their versions, idempotent replies, and the audit trail. */
import type { Migration } from './migration.ts'

const sqlite = `
create table meta (name text primary key, value blob not null) strict, without rowid;

create table accounts (
  id integer primary key,
  name text not null unique,
  created_ms integer not null,
  next_secret_id integer not null,
  next_key_id integer not null,
  audit_size integer not null,
  audit_head blob not null,
  audit_ms integer not null
) strict;

create table account_keys (
  account_id integer not null references accounts,
  version integer not null,
  wrapped blob not null,
  primary key (account_id, version)
) strict, without rowid;

create table api_keys (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  token_hash text not null,
  scopes text not null,
  networks text not null,
  created_ms integer not null,
  expires_ms integer,
  revoked_ms integer,
  last_used_ms integer,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
create index api_keys_by_token on api_keys (token_hash);

create table secrets (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  version integer not null,
  created_ms integer not null,
  updated_ms integer not null,
  mac blob not null,
  primary key (account_id, id),
  unique (account_id, name)
) strict, without rowid;

create table secret_keys (
  account_id integer not null,
  secret_id integer not null,
  key_version integer not null,
  wrapped blob not null,
  primary key (account_id, secret_id)
) strict, without rowid;

create table versions (
  account_id integer not null,
  secret_id integer not null,
  version integer not null,
  created_ms integer not null,
  sealed blob not null,
  primary key (account_id, secret_id, version)
) strict;

create table replies (
  account_id integer not null references accounts,
  key_id integer not null,
  hash text not null,
  fingerprint text not null,
  secret text not null,
  created_ms integer not null,
  primary key (account_id, key_id, hash)
) strict, without rowid;
create index replies_by_age on replies (account_id, created_ms);

create table audit (
  account_id integer not null references accounts,
  seq integer not null,
  ms integer not null,
  principal_kind text not null,
  principal_id integer not null,
  principal_name text not null,
  action text not null,
  object_kind text,
  object_id integer,
  object_uid text,
  object_name text,
  object_version integer,
  object_hash text,
  outcome text not null,
  request_id text not null,
  address text not null,
  head blob not null,
  primary key (account_id, seq)
) strict, without rowid;
`

/** The same tables: `integer` is 64 bits wide in SQLite, and names sort by their bytes in both. */
const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const foundation: Migration = { name: '0001-foundation', sqlite, postgres }
