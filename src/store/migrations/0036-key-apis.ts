/** Of keys, the API that they were used through last. */
import type { Migration } from './migration.ts'

const sqlite = 'alter table api_keys add column last_used_api text;'

export const keyApis: Migration = {
  name: '0036-key-apis',
  sqlite,
  postgres: sqlite.replace('text', 'text collate "C"'),
}
