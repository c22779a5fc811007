/** Who made an API key, a machine or a trust rule, which keys are an owner's, and which seeds of a user still stand. */
import type { Migration } from './migration.ts'

const sqlite = `
alter table api_keys add column maker_kind text;
alter table api_keys add column maker_id integer;
alter table api_keys add column maker_name text;
alter table api_keys add column is_owner integer not null default 0;
create index api_keys_by_maker on api_keys (account_id, maker_kind, maker_id) where maker_kind is not null;
alter table machines add column maker_kind text;
alter table machines add column maker_id integer;
alter table machines add column maker_name text;
alter table trust_rules add column maker_kind text;
alter table trust_rules add column maker_id integer;
alter table trust_rules add column maker_name text;
alter table users add column generation integer not null default 0;
alter table seeds add column maker_generation integer not null default 0;
`

const postgres = sqlite.replaceAll(/\binteger\b/g, 'bigint').replaceAll(/\btext\b/g, 'text collate "C"')

export const makers: Migration = { name: '0011-makers', sqlite, postgres }
