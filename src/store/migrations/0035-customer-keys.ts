/** Which accounts keep their keys with providers of their own. */
import type { Migration } from './migration.ts'

const sqlite = `
create table customer_keys (
  account_id integer not null references accounts (id),
  uid text not null,
  provider text not null,
  credentials blob not null,
  form blob not null,
  created_ms integer not null,
  closed_ms integer,
  closed_for text,
  mac blob not null,
  primary key (account_id)
) strict, without rowid;

alter table account_keys add column guard text not null default '';
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const customerKeys: Migration = { name: '0035-customer-keys', sqlite, postgres }
