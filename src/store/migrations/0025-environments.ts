/**
 * Environments: name spaces of an account. Whatever there is lies in the first one, `default`, which has no row. Names of
 * secrets, lists and targets are unique in their environment, and every index that a listing goes along begins with account
 * and environment.
 */
import type { Migration } from './migration.ts'

const environments = `
create table environments (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  base_id integer,
  created_ms integer not null,
  updated_ms integer not null,
  mac blob not null,
  primary key (account_id, id),
  unique (account_id, name)
) strict, without rowid;

alter table accounts add column next_environment_id integer not null default 2;
alter table deployments add column environment_id integer not null default 1;
alter table seeds add column environment_id integer not null default 1;
alter table users add column environment_roles text not null default '';
alter table audit add column environment_id integer;
`

const indexes = `
create index secrets_by_list on secrets (account_id, environment_id, list_id, id);
create index secrets_in_order on secrets (account_id, environment_id, id);
create index secrets_by_change on secrets (account_id, environment_id, updated_ms, id);
create index secrets_by_expiry on secrets (account_id, environment_id, expires_ms, id) where expires_ms is not null;
create index secrets_of_files on secrets (account_id, environment_id, name) where type = 'file';
create index lists_by_deleter on lists (account_id, deleter_kind, id) where deleter_kind is not null;
create index lists_in_order on lists (account_id, environment_id, id);
drop index deployments_by_target;
create index deployments_by_target on deployments (account_id, environment_id, target, id);
create index deployments_in_order on deployments (account_id, environment_id, id);
create index seeds_in_order on seeds (account_id, environment_id, id);

create table secret_tags (
  account_id integer not null,
  environment_id integer not null,
  tag text not null,
  secret_id integer not null,
  primary key (account_id, environment_id, tag, secret_id)
) strict, without rowid;
`

/** The tags of a row, which are one text with a blank between two of them; none has a quotation mark or a backslash. */
const tagsOf = (row: string) => `json_each('["' || replace(${row}.tags, ' ', '","') || '"]')`

const come = 'insert or ignore into secret_tags select new.account_id, new.environment_id, value, new.id from'
const go = `delete from secret_tags
  where account_id = old.account_id and environment_id = old.environment_id and secret_id = old.id and tag in (select value from`

/** A table that another unique key belongs to is made anew: SQLite changes none. */
const sqlite = `${environments}
create table secrets_anew (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  version integer not null,
  created_ms integer not null,
  updated_ms integer not null,
  mac blob not null,
  list_id integer not null default 1,
  type text not null default 'text',
  filename text,
  description text not null default '',
  tags text not null default '',
  expires_ms integer,
  environment_id integer not null default 1,
  primary key (account_id, id),
  unique (account_id, environment_id, name)
) strict, without rowid;
insert into secrets_anew
select account_id, id, uid, name, version, created_ms, updated_ms, mac, list_id, type, filename, description, tags,
  expires_ms, 1
from secrets;
drop table secrets;
alter table secrets_anew rename to secrets;

create table lists_anew (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  created_ms integer not null,
  updated_ms integer not null,
  mac blob not null default x'',
  deleter_kind text,
  deleter_id integer,
  deleter_name text,
  environment_id integer not null default 1,
  primary key (account_id, id),
  unique (account_id, environment_id, name)
) strict, without rowid;
insert into lists_anew
select account_id, id, uid, name, created_ms, updated_ms, mac, deleter_kind, deleter_id, deleter_name, 1 from lists;
drop table lists;
alter table lists_anew rename to lists;

drop table secret_tags;
${indexes}
create trigger secret_tags_come after insert on secrets when new.tags <> '' begin
  ${come} ${tagsOf('new')};
end;
create trigger secret_tags_change after update of tags on secrets when new.tags <> old.tags begin
  ${go} ${tagsOf('old')} where old.tags <> '');
  ${come} ${tagsOf('new')} where new.tags <> '';
end;
create trigger secret_tags_go after delete on secrets when old.tags <> '' begin
  ${go} ${tagsOf('old')});
end;
insert into secret_tags select s.account_id, 1, value, s.id from secrets s, ${tagsOf('s')} where s.tags <> '';
`

const postgres = `${inPostgres(environments)}
alter table secrets add column environment_id bigint not null default 1;
alter table secrets drop constraint secrets_account_id_name_key;
alter table secrets add unique (account_id, environment_id, name);
alter table lists add column environment_id bigint not null default 1;
alter table lists drop constraint lists_account_id_name_key;
alter table lists add unique (account_id, environment_id, name);
drop index secrets_by_list;
drop index secrets_by_change;
drop index secrets_by_expiry;
drop index secrets_of_files;
drop index lists_by_deleter;
drop table secret_tags;
${inPostgres(indexes)}
create or replace function keep_secret_tags() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    delete from secret_tags
    where account_id = old.account_id and environment_id = old.environment_id and secret_id = old.id
      and tag = any(string_to_array(old.tags, ' '));
  end if;
  if tg_op <> 'DELETE' then
    insert into secret_tags select new.account_id, new.environment_id, tag, new.id
    from unnest(string_to_array(new.tags, ' ')) tag
    on conflict do nothing;
  end if;
  return null;
end $$;
insert into secret_tags
select distinct account_id, 1, tag, id from secrets, unnest(string_to_array(tags, ' ')) tag where tags <> '';
`

/** `integer` is 64 bits wide in SQLite, and names sort by their bytes in both. */
function inPostgres(text: string): string {
  return text
    .replaceAll(/\) strict(, without rowid)?;/g, ');')
    .replaceAll(/\binteger\b/g, 'bigint')
    .replaceAll(/\bblob\b/g, 'bytea')
    .replaceAll(/\btext\b/g, 'text collate "C"')
}

export const environmentsOfAccounts: Migration = {
  name: '0025-environments',
  sqlite,
  postgres,
  besideOlder:
    'Older nodes know of no environment but the first, where all is that they write. As soon as an account has another, its row and what is there is not authentic to them: they refuse it until they are gone.',
}
