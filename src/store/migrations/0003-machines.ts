/** Machines that read without a key, and the switch of each account that lets them. */
import type { Migration } from './migration.ts'

const sqlite = `
create table account_settings (
  account_id integer primary key references accounts,
  vm_auth integer not null,
  mac blob not null
) strict;

create table machines (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  addresses text not null,
  scopes text not null,
  created_ms integer not null,
  mac blob not null,
  primary key (account_id, id),
  unique (account_id, name)
) strict, without rowid;

create table machine_addresses (
  first text not null primary key,
  last text not null,
  account_id integer not null,
  machine_id integer not null
) strict, without rowid;

alter table accounts add column next_machine_id integer not null default 1;
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const machines: Migration = { name: '0003-machines', sqlite, postgres }
