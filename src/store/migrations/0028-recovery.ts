/** What an account deletes can be kept for a while, apart from the tables that are asked for what is there. */
import type { Migration } from './migration.ts'

const sqlite = `
create table deleted (
  account_id integer not null references accounts,
  id integer not null,
  kind text not null,
  thing_id integer not null,
  uid text not null,
  name text not null,
  environment_id integer not null,
  version integer,
  with_id integer,
  deleted_ms integer not null,
  deleter_kind text not null,
  deleter_id integer not null,
  deleter_name text not null,
  state text not null,
  was text not null,
  value_hash text,
  new_name text,
  mac blob not null,
  primary key (account_id, id),
  unique (account_id, kind, thing_id)
) strict, without rowid;
create index deleted_in_order on deleted (account_id, environment_id, id) where with_id is null;
create index deleted_from on deleted (account_id, environment_id, kind, id);
create index deleted_with on deleted (account_id, with_id, id) where with_id is not null;
create index deleted_unsettled on deleted (account_id, id) where state <> 'kept';
create index deleted_by_time on deleted (account_id, deleted_ms, id);

alter table accounts add column next_deleted_id integer not null default 1;
alter table account_settings add column recovery_days integer not null default 0;
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const recovery: Migration = { name: '0028-recovery', sqlite, postgres }
