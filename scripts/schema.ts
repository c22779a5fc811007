/** `npm run schema`: writes the script that makes a new SQLite store, of what the migrations make of an empty one. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { migrations, schema } from '../src/store/migrations/migrations.ts'

const database = new DatabaseSync(':memory:')
for (const { sqlite } of migrations) database.exec(sqlite)
const made = database
  .prepare(`select sql from sqlite_schema where sql is not null and name not like 'sqlite_%' order by rowid`)
  .all()
const script = made.map(
  ({ sql }) => `${String(sql).replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')};`,
)
writeFileSync(
  join(import.meta.dirname, '..', 'src/store/migrations/new-store.ts'),
  `/**
 * What the migrations make of an empty SQLite store, in one script, as a new store need not go their way. Written by
 * \`npm run schema\`; a test holds it to them.
 */

/** The newest migration that is in it: a store that it made needs those after it. */
export const newStoreHas = '${schema}'

export const newStore = \`
${script.join('\n')}
\`
`,
)
