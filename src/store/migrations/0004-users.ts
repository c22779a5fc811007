/** Users of an account; their sessions are kept as API keys are, in the same table. */
import type { Migration } from './migration.ts'

const sqlite = `
create table users (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  email text unique,
  name text not null,
  role text not null,
  patterns text not null,
  password text,
  is_disabled integer not null,
  link_hash text,
  link_expires_ms integer,
  created_ms integer not null,
  last_sign_in_ms integer,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
create index users_by_link on users (link_hash);

alter table accounts add column next_user_id integer not null default 1;
alter table api_keys add column user_id integer;
alter table api_keys add column confirmed_ms integer;
alter table api_keys add column agent text not null default '';
create index api_keys_by_user on api_keys (account_id, user_id);
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const users: Migration = { name: '0004-users', sqlite, postgres }
