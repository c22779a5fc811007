/**
 * The networks of an account, and those that the host gave it for its machines. Ranges of machines that held IPv4 and other
 * addresses at once are nobody's any more.
 */
import type { Migration } from './migration.ts'

const sqlite = `
alter table accounts add column networks text not null default '';
alter table accounts add column machine_networks text not null default '';
delete from machine_addresses where first < '00000000000000000000ffff00000000' and last >= '00000000000000000000ffff00000000';
`

const postgres = sqlite.replaceAll(/\btext\b/g, 'text collate "C"')

export const networks: Migration = { name: '0012-networks', sqlite, postgres }
