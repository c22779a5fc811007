/** What receivers of the trail took not long ago and may have lost, for whoever sends to them next. */
import type { Migration } from './migration.ts'

export const sinkDoubts: Migration = {
  name: '0039-sink-doubts',
  sqlite: `
alter table audit_sinks add column doubts text not null default '[]';
`,
  postgres: `
alter table audit_sinks add column doubts text collate "C" not null default '[]';
`,
}
