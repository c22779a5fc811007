/** Whose tokens are traded for API keys, the tokens that were, and which rule a key came from. */
import type { Migration } from './migration.ts'

const sqlite = `
create table trust_rules (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  issuer text not null,
  audience text not null,
  claims text not null,
  scopes text not null,
  networks text not null,
  key_ttl integer not null,
  is_single_use integer not null,
  jwks_url text,
  jwks text,
  created_ms integer not null,
  updated_ms integer not null,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;

create table used_tokens (
  account_id integer not null references accounts,
  rule_id integer not null,
  hash text not null,
  until_ms integer not null,
  primary key (account_id, rule_id, hash)
) strict, without rowid;
create index used_tokens_by_end on used_tokens (account_id, until_ms);

alter table accounts add column next_trust_rule_id integer not null default 1;
alter table api_keys add column rule_id integer;
create index api_keys_by_rule on api_keys (account_id, rule_id, expires_ms) where rule_id is not null;
create index seeds_by_maker on seeds (account_id, maker_kind, maker_id);
`

const postgres = sqlite
  .replaceAll(/\) strict(, without rowid)?;/g, ');')
  .replaceAll(/\binteger\b/g, 'bigint')
  .replaceAll(/\bblob\b/g, 'bytea')
  .replaceAll(/\btext\b/g, 'text collate "C"')

export const trustRules: Migration = { name: '0006-trust-rules', sqlite, postgres }
