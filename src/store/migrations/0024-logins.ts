/** Commands that ask a person for an API key, and keys that stand only as long as the person who gave them. */
import type { Migration } from './migration.ts'

const sqlite = `
create table logins (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  device_hash text not null unique,
  code_hash text not null,
  host text not null,
  address text not null,
  scopes text not null,
  lifetime_s integer not null,
  wants_network integer not null,
  created_ms integer not null,
  expires_ms integer not null,
  state text not null,
  user_id integer,
  user_generation integer not null,
  granted text not null,
  networks text not null,
  polled_ms integer not null,
  interval_s integer not null,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
create index logins_by_code on logins (account_id, code_hash);
create index logins_by_end on logins (account_id, expires_ms);

alter table api_keys add column maker_generation integer;
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const logins: Migration = { name: '0024-logins', sqlite, postgres }
