/** The chain of the trail, as PostgreSQL hashes it: so that no node holds a chain's head while it computes. */
import type { Migration } from './migration.ts'

/** Nothing: a SQLite store is one process's, which hashes itself. */
const sqlite = ''

/** As `audit/chain.ts` has it. Strict: the first value, a head, is where it begins; leaves follow. */
const postgres = `
create function audit_chain_next(head bytea, leaf bytea) returns bytea
  language plpgsql immutable strict parallel safe
  as $$ begin return sha256('\\x01'::bytea || head || leaf); end $$;
create aggregate audit_chain(bytea) (sfunc = audit_chain_next, stype = bytea);
`

export const chain: Migration = {
  name: '0021-chain',
  sqlite,
  postgres,
  besideOlder: 'Older nodes hash what they leave themselves, and lock the rows that newer ones lock too.',
}
