/** How often the key of an account has wrapped another. */
import type { Migration } from './migration.ts'

const add = `
alter table account_keys add column uses integer not null default 0;
update account_keys set uses = (
  select count(*) from secret_keys k where k.account_id = account_keys.account_id and k.key_version = account_keys.version
);
`

export const keyUses: Migration = {
  name: '0009-key-uses',
  sqlite: add,
  postgres: add.replace('uses integer', 'uses bigint'),
}
