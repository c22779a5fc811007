/** Attempts to sign in, counted for all nodes together before they are made. */
import type { Migration } from './migration.ts'

const sqlite = `
create table attempts (
  name text not null primary key,
  until_ms integer not null,
  count integer not null
) strict, without rowid;
create index attempts_by_end on attempts (until_ms);
`

const postgres = `
create table attempts (
  name text not null primary key,
  until_ms bigint not null,
  count integer not null
);
create index attempts_by_end on attempts (until_ms);
`

export const attempts: Migration = { name: '0013-attempts', sqlite, postgres }
