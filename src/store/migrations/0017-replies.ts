/** Whatever is made under an idempotency key has its answer kept, and not only secrets. */
import type { Migration } from './migration.ts'

const sql = `
alter table replies add column answer text;
`

export const repliesToAll: Migration = { name: '0017-replies', sqlite: sql, postgres: sql }
