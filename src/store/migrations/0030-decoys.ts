/** Decoys: the mark of a secret, and what a record is besides to those who manage the account. */
import type { Migration } from './migration.ts'

const sqlite = `
alter table secrets add column decoy text;
alter table audit add column aside text;
`

const postgres = sqlite.replaceAll(/\btext\b/g, 'text collate "C"')

export const decoys: Migration = { name: '0030-decoys', sqlite, postgres }
