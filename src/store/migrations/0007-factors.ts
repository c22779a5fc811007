/** What users sign in with beside their passwords, how they must, and what has been used up. */
import type { Migration } from './migration.ts'

const sqlite = `
create table factors (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  user_id integer not null,
  kind text not null,
  name text not null,
  lookup text unique,
  data text not null,
  created_ms integer not null,
  used_ms integer,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
create index factors_by_user on factors (account_id, user_id);

create table spent (
  account_id integer not null references accounts,
  hash text not null,
  expires_ms integer not null,
  primary key (account_id, hash)
) strict, without rowid;

create table sign_in_rules (
  account_id integer not null primary key references accounts,
  second_factor integer not null,
  sso text,
  mac blob not null
) strict, without rowid;

alter table users add column has_second_factor integer not null default 0;
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const factors: Migration = { name: '0007-factors', sqlite, postgres }
