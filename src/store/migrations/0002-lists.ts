/** Lists of secrets, what is known of a secret beside its value, and the name that each version was sealed under. */
import type { Migration } from './migration.ts'

const tables = `
create table lists (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  created_ms integer not null,
  updated_ms integer not null,
  primary key (account_id, id),
  unique (account_id, name)
) strict, without rowid;

alter table accounts add column next_list_id integer not null default 1;
alter table secrets add column list_id integer not null default 1;
alter table secrets add column type text not null default 'text';
alter table secrets add column filename text;
alter table secrets add column description text not null default '';
alter table secrets add column tags text not null default '';
alter table secrets add column expires_ms integer;
alter table versions add column name text not null default '';
create index secrets_by_list on secrets (account_id, list_id, id);

update versions set name = (
  select s.name from secrets s where s.account_id = versions.account_id and s.id = versions.secret_id
);
update accounts set next_list_id = 2 where exists (select 1 from secrets s where s.account_id = accounts.id);
`

/** The secrets that there are go into the list that they would have been made in. */
const fill = (uid: string) => `
insert into lists
select id, 1, ${uid}, 'default', created_ms, created_ms from accounts where next_list_id = 2;
`

const sqlite = tables + fill('lower(hex(randomblob(16)))')

const postgres =
  tables
    .replaceAll(/\) strict(, without rowid)?;/g, ');')
    .replaceAll(/\binteger\b/g, 'bigint')
    .replaceAll(/\btext\b(?!')/g, 'text collate "C"') + fill(`replace(gen_random_uuid()::text, '-', '')`)

export const lists: Migration = { name: '0002-lists', sqlite, postgres }
