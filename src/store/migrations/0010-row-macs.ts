/**
 * MACs for the rows that had none, and which factors a user has. The rows are sealed once the keyring is open
 * (`seal-anew.ts`), those of the tables that had a MAC as well.
 */
import type { Migration } from './migration.ts'

const sqlite = ['accounts', 'lists', 'versions', 'deployments', 'replies']
  .map((table) => `alter table ${table} add column mac blob not null default x'';`)
  .concat(`alter table users add column factor_ids text not null default '';`)
  .join('\n')

const postgres = sqlite
  .replaceAll(`blob not null default x''`, `bytea not null default ''`)
  .replaceAll(' text ', ' text collate "C" ')

export const rowMacs: Migration = { name: '0010-row-macs', sqlite, postgres }
