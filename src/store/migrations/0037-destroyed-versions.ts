/** Of a version whose value was destroyed while others stay, when that was; and of a secret, if it is the current one. */
import type { Migration } from './migration.ts'

const sqlite = `
alter table versions add column destroyed_ms integer;
alter table secrets add column destroyed_ms integer;
`

export const destroyedVersions: Migration = {
  name: '0037-destroyed-versions',
  sqlite,
  postgres: sqlite.replaceAll(/\binteger\b/g, 'bigint'),
}
