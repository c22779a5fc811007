/** Where in the trails of accounts there is something of what is asked for. */
import type { Migration } from './migration.ts'

// Rows refer to no account: who writes them under a lease does not wait for batches.
const sqlite = `
create table audit_index (
  account_id integer not null,
  bucket integer not null,
  first_seq integer not null,
  last_seq integer not null,
  format integer not null,
  said blob not null,
  mac blob not null,
  primary key (account_id, bucket, first_seq)
) strict;
`

const postgres = `
create table audit_index (
  account_id bigint not null,
  bucket bigint not null,
  first_seq bigint not null,
  last_seq bigint not null,
  format bigint not null,
  said bytea not null,
  mac bytea not null,
  primary key (account_id, bucket, first_seq)
);
`

export const auditIndex: Migration = { name: '0032-audit-index', sqlite, postgres }
