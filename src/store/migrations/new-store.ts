/**
 * What the migrations make of an empty SQLite store, in one script, as a new store need not go their way. Written by
 * `npm run schema`; a test holds it to them.
 */

/** The newest migration that is in it: a store that it made needs those after it. */
export const newStoreHas = '0039-sink-doubts'

export const newStore = `
CREATE TABLE meta (name text primary key, value blob not null) strict, without rowid;
CREATE TABLE accounts (
  id integer primary key,
  name text not null unique,
  created_ms integer not null,
  next_secret_id integer not null,
  next_key_id integer not null,
  audit_size integer not null,
  audit_head blob not null,
  audit_ms integer not null
, next_list_id integer not null default 1, next_machine_id integer not null default 1, next_user_id integer not null default 1, next_deployment_id integer not null default 1, next_seed_id integer not null default 1, next_trust_rule_id integer not null default 1, mac blob not null default x'', networks text not null default '', machine_networks text not null default '', next_environment_id integer not null default 2, next_deleted_id integer not null default 1, next_webhook_id integer not null default 1) strict;
CREATE TABLE account_keys (
  account_id integer not null references accounts,
  version integer not null,
  wrapped blob not null, uses integer not null default 0, guard text not null default '',
  primary key (account_id, version)
) strict, without rowid;
CREATE TABLE api_keys (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  token_hash text not null,
  scopes text not null,
  networks text not null,
  created_ms integer not null,
  expires_ms integer,
  revoked_ms integer,
  last_used_ms integer,
  mac blob not null, user_id integer, confirmed_ms integer, agent text not null default '', rule_id integer, maker_kind text, maker_id integer, maker_name text, is_owner integer not null default 0, maker_generation integer, last_used_api text,
  primary key (account_id, id)
) strict, without rowid;
CREATE INDEX api_keys_by_token on api_keys (token_hash);
CREATE TABLE secret_keys (
  account_id integer not null,
  secret_id integer not null,
  key_version integer not null,
  wrapped blob not null,
  primary key (account_id, secret_id)
) strict, without rowid;
CREATE TABLE versions (
  account_id integer not null,
  secret_id integer not null,
  version integer not null,
  created_ms integer not null,
  sealed blob not null, name text not null default '', mac blob not null default x'', destroyed_ms integer,
  primary key (account_id, secret_id, version)
) strict;
CREATE TABLE replies (
  account_id integer not null references accounts,
  key_id integer not null,
  hash text not null,
  fingerprint text not null,
  secret text not null,
  created_ms integer not null, mac blob not null default x'', answer text,
  primary key (account_id, key_id, hash)
) strict, without rowid;
CREATE INDEX replies_by_age on replies (account_id, created_ms);
CREATE TABLE audit (
  account_id integer not null references accounts,
  seq integer not null,
  ms integer not null,
  principal_kind text not null,
  principal_id integer not null,
  principal_name text not null,
  action text not null,
  object_kind text,
  object_id integer,
  object_uid text,
  object_name text,
  object_version integer,
  object_hash text,
  outcome text not null,
  request_id text not null,
  address text not null,
  head blob not null, format integer not null default 1, environment_id integer, aside text,
  primary key (account_id, seq)
) strict, without rowid;
CREATE TABLE account_settings (
  account_id integer primary key references accounts,
  vm_auth integer not null,
  mac blob not null
, recovery_days integer not null default 0) strict;
CREATE TABLE machines (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  name text not null,
  addresses text not null,
  scopes text not null,
  created_ms integer not null,
  mac blob not null, maker_kind text, maker_id integer, maker_name text,
  primary key (account_id, id),
  unique (account_id, name)
) strict, without rowid;
CREATE TABLE machine_addresses (
  first text not null primary key,
  last text not null,
  account_id integer not null,
  machine_id integer not null
) strict, without rowid;
CREATE INDEX api_keys_by_user on api_keys (account_id, user_id);
CREATE TABLE deployments (
  account_id integer not null references accounts,
  id integer not null,
  target text not null,
  principal_kind text not null,
  principal_id integer not null,
  principal_name text not null,
  seed_id integer,
  created_ms integer not null, mac blob not null default x'', environment_id integer not null default 1,
  primary key (account_id, id)
) strict, without rowid;
CREATE TABLE deployment_secrets (
  account_id integer not null references accounts,
  deployment_id integer not null,
  secret_id integer not null,
  secret_uid text not null,
  name text not null,
  version integer not null,
  primary key (account_id, deployment_id, secret_id)
) strict, without rowid;
CREATE INDEX deployment_secrets_by_secret on deployment_secrets (account_id, secret_id);
CREATE TABLE seeds (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  token_hash text not null unique,
  target text not null,
  sealed blob not null,
  scopes text not null,
  maker_kind text not null,
  maker_id integer not null,
  maker_name text not null,
  created_ms integer not null,
  expires_ms integer not null,
  max_fetches integer not null,
  fetches text not null,
  used_ms integer,
  returns integer not null,
  mac blob not null, maker_generation integer not null default 0, refetched_ms integer, environment_id integer not null default 1,
  primary key (account_id, id)
) strict, without rowid;
CREATE TABLE trust_rules (
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
  mac blob not null, maker_kind text, maker_id integer, maker_name text,
  primary key (account_id, id)
) strict, without rowid;
CREATE TABLE used_tokens (
  account_id integer not null references accounts,
  rule_id integer not null,
  hash text not null,
  until_ms integer not null,
  primary key (account_id, rule_id, hash)
) strict, without rowid;
CREATE INDEX used_tokens_by_end on used_tokens (account_id, until_ms);
CREATE INDEX api_keys_by_rule on api_keys (account_id, rule_id, expires_ms) where rule_id is not null;
CREATE INDEX seeds_by_maker on seeds (account_id, maker_kind, maker_id);
CREATE TABLE factors (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  user_id integer not null,
  kind text not null,
  name text not null,
  lookup text unique,
  data text not null,
  created_ms integer not null,
  used_ms integer,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
CREATE INDEX factors_by_user on factors (account_id, user_id);
CREATE TABLE spent (
  account_id integer not null references accounts,
  hash text not null,
  expires_ms integer not null,
  primary key (account_id, hash)
) strict, without rowid;
CREATE TABLE sign_in_rules (
  account_id integer not null primary key references accounts,
  second_factor integer not null,
  sso text,
  mac blob not null
) strict, without rowid;
CREATE INDEX api_keys_by_maker on api_keys (account_id, maker_kind, maker_id) where maker_kind is not null;
CREATE TABLE attempts (
  name text not null primary key,
  until_ms integer not null,
  count integer not null
) strict, without rowid;
CREATE INDEX attempts_by_end on attempts (until_ms);
CREATE TABLE "users" (
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
  generation integer not null default 0, environment_roles text not null default '',
  primary key (account_id, id)
) strict, without rowid;
CREATE UNIQUE INDEX users_by_email on users (account_id, email);
CREATE INDEX users_by_link on users (link_hash);
CREATE INDEX secret_keys_by_version on secret_keys (account_id, key_version, secret_id);
CREATE INDEX users_by_role on users (account_id, role, is_disabled);
CREATE INDEX deployment_secrets_by_version on deployment_secrets (account_id, secret_id, version);
CREATE INDEX api_keys_of_sessions on api_keys (account_id, expires_ms) where user_id is not null and revoked_ms is null;
CREATE INDEX machines_by_maker on machines (account_id, maker_kind, maker_id) where maker_kind is not null;
CREATE TABLE logins (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  device_hash text not null unique,
  code_hash text not null,
  host text not null,
  address text not null,
  scopes text not null,
  lifetime_s integer not null,
  wants_network integer not null,
  created_ms integer not null,
  expires_ms integer not null,
  state text not null,
  user_id integer,
  user_generation integer not null,
  granted text not null,
  networks text not null,
  polled_ms integer not null,
  interval_s integer not null,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
CREATE INDEX logins_by_code on logins (account_id, code_hash);
CREATE INDEX logins_by_end on logins (account_id, expires_ms);
CREATE TABLE environments (
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
CREATE TABLE "secrets" (
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
  environment_id integer not null default 1, decoy text, destroyed_ms integer,
  primary key (account_id, id),
  unique (account_id, environment_id, name)
) strict, without rowid;
CREATE TABLE "lists" (
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
CREATE INDEX secrets_by_list on secrets (account_id, environment_id, list_id, id);
CREATE INDEX secrets_in_order on secrets (account_id, environment_id, id);
CREATE INDEX secrets_by_change on secrets (account_id, environment_id, updated_ms, id);
CREATE INDEX secrets_by_expiry on secrets (account_id, environment_id, expires_ms, id) where expires_ms is not null;
CREATE INDEX secrets_of_files on secrets (account_id, environment_id, name) where type = 'file';
CREATE INDEX lists_by_deleter on lists (account_id, deleter_kind, id) where deleter_kind is not null;
CREATE INDEX lists_in_order on lists (account_id, environment_id, id);
CREATE INDEX deployments_by_target on deployments (account_id, environment_id, target, id);
CREATE INDEX deployments_in_order on deployments (account_id, environment_id, id);
CREATE INDEX seeds_in_order on seeds (account_id, environment_id, id);
CREATE TABLE secret_tags (
  account_id integer not null,
  environment_id integer not null,
  tag text not null,
  secret_id integer not null,
  primary key (account_id, environment_id, tag, secret_id)
) strict, without rowid;
CREATE TRIGGER secret_tags_come after insert on secrets when new.tags <> '' begin
  insert or ignore into secret_tags select new.account_id, new.environment_id, value, new.id from json_each('["' || replace(new.tags, ' ', '","') || '"]');
end;
CREATE TRIGGER secret_tags_change after update of tags on secrets when new.tags <> old.tags begin
  delete from secret_tags
  where account_id = old.account_id and environment_id = old.environment_id and secret_id = old.id and tag in (select value from json_each('["' || replace(old.tags, ' ', '","') || '"]') where old.tags <> '');
  insert or ignore into secret_tags select new.account_id, new.environment_id, value, new.id from json_each('["' || replace(new.tags, ' ', '","') || '"]') where new.tags <> '';
end;
CREATE TRIGGER secret_tags_go after delete on secrets when old.tags <> '' begin
  delete from secret_tags
  where account_id = old.account_id and environment_id = old.environment_id and secret_id = old.id and tag in (select value from json_each('["' || replace(old.tags, ' ', '","') || '"]'));
end;
CREATE TABLE leases (
  name text not null primary key,
  holder text not null,
  fence integer not null,
  until_ms integer not null
) strict, without rowid;
CREATE TABLE audit_sinks (
  account_id integer not null references accounts (id),
  name text not null,
  seq integer not null,
  moved_ms integer not null,
  fault text,
  failed_ms integer, doubts text not null default '[]',
  primary key (account_id, name)
) strict, without rowid;
CREATE TABLE deleted (
  account_id integer not null references accounts,
  id integer not null,
  kind text not null,
  thing_id integer not null,
  uid text not null,
  name text not null,
  environment_id integer not null,
  version integer,
  with_id integer,
  deleted_ms integer not null,
  deleter_kind text not null,
  deleter_id integer not null,
  deleter_name text not null,
  state text not null,
  was text not null,
  value_hash text,
  new_name text,
  mac blob not null,
  primary key (account_id, id),
  unique (account_id, kind, thing_id)
) strict, without rowid;
CREATE INDEX deleted_in_order on deleted (account_id, environment_id, id) where with_id is null;
CREATE INDEX deleted_from on deleted (account_id, environment_id, kind, id);
CREATE INDEX deleted_with on deleted (account_id, with_id, id) where with_id is not null;
CREATE INDEX deleted_unsettled on deleted (account_id, id) where state <> 'kept';
CREATE INDEX deleted_by_time on deleted (account_id, deleted_ms, id);
CREATE TABLE webhooks (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  host text not null,
  sealed blob not null,
  actions text not null,
  name text,
  environment_id integer,
  is_enabled integer not null,
  disabled_for text,
  disabled_ms integer,
  previous_until_ms integer,
  scopes text not null,
  maker_kind text not null,
  maker_id integer not null,
  maker_name text not null,
  maker_generation integer not null,
  created_ms integer not null,
  updated_ms integer not null,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
CREATE TABLE webhook_positions (
  account_id integer not null,
  webhook_id integer not null,
  seq integer not null,
  failing_since_ms integer,
  primary key (account_id, webhook_id)
) strict, without rowid;
CREATE TABLE deliveries (
  account_id integer not null,
  webhook_id integer not null,
  id integer not null,
  action text not null,
  state text not null,
  created_ms integer not null,
  attempts integer not null,
  tries integer not null,
  next_ms integer,
  attempted_ms integer,
  status integer,
  fault text,
  took_ms integer,
  primary key (account_id, webhook_id, id)
) strict, without rowid;
CREATE INDEX deliveries_due on deliveries (account_id, webhook_id, next_ms, id) where next_ms is not null;
CREATE INDEX deliveries_by_time on deliveries (created_ms);
CREATE TABLE audit_index (
  account_id integer not null,
  bucket integer not null,
  first_seq integer not null,
  last_seq integer not null,
  format integer not null,
  said blob not null,
  mac blob not null,
  primary key (account_id, bucket, first_seq)
) strict;
CREATE TABLE audit_segments (
  account_id integer not null references accounts (id),
  last_seq integer not null,
  first_seq integer not null,
  head_before text not null,
  head text not null,
  first_ms integer not null,
  last_ms integer not null,
  file text not null,
  hash text not null,
  archived_ms integer not null,
  restored_until_ms integer,
  is_restored integer not null,
  mac blob not null,
  primary key (account_id, last_seq)
) strict, without rowid;
CREATE TABLE wrappings (
  account_id integer not null references accounts,
  id integer not null,
  uid text not null,
  token_hash text not null unique,
  path text not null,
  sealed blob not null,
  key_id integer not null,
  lifetime_s integer not null,
  created_ms integer not null,
  expires_ms integer not null,
  opened_ms integer,
  mac blob not null,
  primary key (account_id, id)
) strict, without rowid;
CREATE INDEX wrappings_by_end on wrappings (account_id, expires_ms);
CREATE TABLE customer_keys (
  account_id integer not null references accounts (id),
  uid text not null,
  provider text not null,
  credentials blob not null,
  form blob not null,
  created_ms integer not null,
  closed_ms integer,
  closed_for text,
  mac blob not null,
  primary key (account_id)
) strict, without rowid;
CREATE INDEX secrets_by_words on secrets (account_id, environment_id, name, description, tags, list_id, id);
`
