/**
 * What a word is looked for in, in the order of names, so that SQLite reads no rows for it. PostgreSQL has none: an entry of
 * its indexes has 2,704 bytes at most, and a description with its tags may have more.
 */
import type { Migration } from './migration.ts'

export const words: Migration = {
  name: '0038-words',
  // With the id by its name: SQLite overlooks what each index of such a table has of its primary key.
  sqlite: `
create index secrets_by_words on secrets (account_id, environment_id, name, description, tags, list_id, id);
`,
  postgres: '',
}
