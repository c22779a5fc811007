/** Which node does what only one may do at a time, and until when. */
import type { Migration } from './migration.ts'

const sqlite = `
create table leases (
  name text not null primary key,
  holder text not null,
  fence integer not null,
  until_ms integer not null
) strict, without rowid;
`

const postgres = `
create table leases (
  name text collate "C" not null primary key,
  holder text collate "C" not null,
  fence bigint not null,
  until_ms bigint not null
);
`

export const leases: Migration = { name: '0026-leases', sqlite, postgres }
