/** Answers of the Vault API that wait to be opened, once. */
import type { Migration } from './migration.ts'

const sqlite = `
create table wrappings (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  token_hash text not null unique,
  path text not null,
  sealed blob not null,
  key_id integer not null,
  lifetime_s integer not null,
  created_ms integer not null,
  expires_ms integer not null,
  opened_ms integer,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
create index wrappings_by_end on wrappings (account_id, expires_ms);
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const wrappings: Migration = { name: '0034-wrappings', sqlite, postgres }
