/**
 * What listings go along: keys apart from sessions, sessions that can be used, seeds and machines by who made them. Of two
 * indexes of the lists that are being deleted, the wider one stays.
 */
import type { Migration } from './migration.ts'

const indexes = `
create index api_keys_of_sessions on api_keys (account_id, expires_ms) where user_id is not null and revoked_ms is null;
create index machines_by_maker on machines (account_id, maker_kind, maker_id) where maker_kind is not null;
drop index lists_deleted;
`

export const listings: Migration = {
  name: '0023-listings',
  // There, what belongs to the primary key is at the end of each index.
  sqlite: indexes,
  postgres: `${indexes}
drop index api_keys_by_user;
create index api_keys_by_user on api_keys (account_id, user_id, id);
drop index seeds_by_maker;
create index seeds_by_maker on seeds (account_id, maker_kind, maker_id, id);
`,
  besideOlder:
    'Two indexes come anew with one more column and one of two goes, in the transaction of the step: older nodes wait for it, and ask as before.',
}
