/** Who deletes a list whose secrets go in parts; and the keys of secrets by what wraps them, which are wrapped anew in parts. */
import type { Migration } from './migration.ts'

const tables = `
alter table lists add column deleter_kind text;
alter table lists add column deleter_id integer;
alter table lists add column deleter_name text;
create index lists_deleted on lists (account_id, id) where deleter_kind is not null;
create index secret_keys_by_version on secret_keys (account_id, key_version, secret_id);
`

const postgres = tables.replaceAll(/\binteger\b/g, 'bigint').replaceAll(/\btext\b/g, 'text collate "C"')

export const deletionInParts: Migration = { name: '0019-deletion-in-parts', sqlite: tables, postgres }
