/** Where records are told of as they come, and what became of each. */
import type { Migration } from './migration.ts'

// Deliveries refer to no account: who writes them under a lease does not wait for batches.
const sqlite = `
create table webhooks (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  host text not null,
  sealed blob not null,
  actions text not null,
  name text,
  environment_id integer,
  is_enabled integer not null,
  disabled_for text,
  disabled_ms integer,
  previous_until_ms integer,
  scopes text not null,
  maker_kind text not null,
  maker_id integer not null,
  maker_name text not null,
  maker_generation integer not null,
  created_ms integer not null,
  updated_ms integer not null,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;

create table webhook_positions (
  account_id integer not null,
  webhook_id integer not null,
  seq integer not null,
  failing_since_ms integer,
  primary key (account_id, webhook_id)
) strict, without rowid;

create table deliveries (
  account_id integer not null,
  webhook_id integer not null,
  id integer not null,
  action text not null,
  state text not null,
  created_ms integer not null,
  attempts integer not null,
  tries integer not null,
  next_ms integer,
  attempted_ms integer,
  status integer,
  fault text,
  took_ms integer,
  primary key (account_id, webhook_id, id)
) strict, without rowid;
create index deliveries_due on deliveries (account_id, webhook_id, next_ms, id) where next_ms is not null;
create index deliveries_by_time on deliveries (created_ms);

alter table accounts add column next_webhook_id integer not null default 1;
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const webhooks: Migration = { name: '0029-webhooks', sqlite, postgres }
