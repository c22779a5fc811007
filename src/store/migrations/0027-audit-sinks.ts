/** How far each sink of the trail has come, in each account. */
import type { Migration } from './migration.ts'

const sqlite = `
create table audit_sinks (
  account_id integer not null references accounts (id),
  name text not null,
  seq integer not null,
  moved_ms integer not null,
  fault text,
  failed_ms integer,
  primary key (account_id, name)
) strict, without rowid;
`

const postgres = `
create table audit_sinks (
  account_id bigint not null references accounts (id),
  name text collate "C" not null,
  seq bigint not null,
  moved_ms bigint not null,
  fault text collate "C",
  failed_ms bigint,
  primary key (account_id, name)
);
`

export const auditSinks: Migration = { name: '0027-audit-sinks', sqlite, postgres }
