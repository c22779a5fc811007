/**
 * What listings seek by: when a secret changed and when it expires, which secrets are files, and which have a tag. The
 * database itself keeps the tags in step with the rows, whoever writes them: a node of the version before, too.
 */
import type { Migration } from './migration.ts'

const indexes = `
create index secrets_by_change on secrets (account_id, updated_ms, id);
create index secrets_by_expiry on secrets (account_id, expires_ms, id) where expires_ms is not null;
create index secrets_of_files on secrets (account_id, name) where type = 'file';

create table secret_tags (
  account_id integer not null,
  tag text not null,
  secret_id integer not null,
  primary key (account_id, tag, secret_id)
) strict, without rowid;
`

/** The tags of a row, which are one text with a blank between two of them; none has a quotation mark or a backslash. */
const tagsOf = (row: string) => `json_each('["' || replace(${row}.tags, ' ', '","') || '"]')`

const come = 'insert or ignore into secret_tags select new.account_id, value, new.id from'
const go =
  'delete from secret_tags where account_id = old.account_id and secret_id = old.id and tag in (select value from'

const sqlite = `${indexes}
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
insert into secret_tags select s.account_id, value, s.id from secrets s, ${tagsOf('s')} where s.tags <> '';
`

const postgres = `${indexes
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\btext\b/g, 'text collate "C"')}
create function keep_secret_tags() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    delete from secret_tags
    where account_id = old.account_id and secret_id = old.id and tag = any(string_to_array(old.tags, ' '));
  end if;
  if tg_op <> 'DELETE' then
    insert into secret_tags select new.account_id, tag, new.id from unnest(string_to_array(new.tags, ' ')) tag
    on conflict do nothing;
  end if;
  return null;
end $$;
create trigger secret_tags_come after insert on secrets
  for each row when (new.tags <> '') execute function keep_secret_tags();
create trigger secret_tags_change after update of tags on secrets
  for each row when (new.tags <> old.tags) execute function keep_secret_tags();
create trigger secret_tags_go after delete on secrets
  for each row when (old.tags <> '') execute function keep_secret_tags();
insert into secret_tags
select distinct account_id, tag, id from secrets, unnest(string_to_array(tags, ' ')) tag where tags <> '';
`

export const seeking: Migration = {
  name: '0018-seeking',
  sqlite,
  postgres,
  besideOlder: 'The database itself keeps the tags in step with what older nodes write.',
}
