/** An address is one user's of its account, and not of all accounts: nobody learns whom another account has. */
import type { Migration } from './migration.ts'

/** SQLite drops no constraint of a column: the table is made anew, its columns in the same order. */
const sqlite = `
create table users_anew (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  email text,
  name text not null,
  role text not null,
  patterns text not null,
  password text,
  is_disabled integer not null,
  link_hash text,
  link_expires_ms integer,
  created_ms integer not null,
  last_sign_in_ms integer,
  mac blob not null,
  has_second_factor integer not null default 0,
  factor_ids text not null default '',
  generation integer not null default 0,
  primary key (account_id, id)
) strict, without rowid;
insert into users_anew select * from users;
drop table users;
alter table users_anew rename to users;
create unique index users_by_email on users (account_id, email);
create index users_by_link on users (link_hash);
`

const postgres = `
alter table users drop constraint users_email_key;
create unique index users_by_email on users (account_id, email);
`

export const addressesWithinAccounts: Migration = { name: '0015-addresses-within-accounts', sqlite, postgres }
