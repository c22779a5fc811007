/** Which parts of the trail are in files of the archive. */
import type { Migration } from './migration.ts'

const sqlite = `
create table audit_segments (
  account_id integer not null references accounts (id),
  last_seq integer not null,
  first_seq integer not null,
  head_before text not null,
  head text not null,
  first_ms integer not null,
  last_ms integer not null,
  file text not null,
  hash text not null,
  archived_ms integer not null,
  restored_until_ms integer,
  is_restored integer not null,
  mac blob not null,
  primary key (account_id, last_seq)
) strict, without rowid;
`

const postgres = `
create table audit_segments (
  account_id bigint not null references accounts (id),
  last_seq bigint not null,
  first_seq bigint not null,
  head_before text collate "C" not null,
  head text collate "C" not null,
  first_ms bigint not null,
  last_ms bigint not null,
  file text collate "C" not null,
  hash text collate "C" not null,
  archived_ms bigint not null,
  restored_until_ms bigint,
  is_restored bigint not null,
  mac bytea not null,
  primary key (account_id, last_seq)
);
`

export const archive: Migration = { name: '0033-archive', sqlite, postgres }
