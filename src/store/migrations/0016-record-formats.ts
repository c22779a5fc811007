/** How the canonical text of a record is written: another way is another format, and what was written stays verifiable. */
import type { Migration } from './migration.ts'

const sqlite = `
alter table audit add column format integer not null default 1;
`

const postgres = `
alter table audit add column format bigint not null default 1;
`

export const recordFormats: Migration = { name: '0016-record-formats', sqlite, postgres }
