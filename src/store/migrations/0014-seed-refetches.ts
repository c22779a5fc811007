/** When a seed was last asked for what it gives no more. */
import type { Migration } from './migration.ts'

const add = `
alter table seeds add column refetched_ms integer;
`

export const seedRefetches: Migration = {
  name: '0014-seed-refetches',
  sqlite: add,
  postgres: add.replace('integer', 'bigint'),
}
