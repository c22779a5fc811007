/** Which versions of a secret are held, and the lists that are being deleted, each from one index without its table. */
import type { Migration } from './migration.ts'

const indexes = `
create index deployment_secrets_by_version on deployment_secrets (account_id, secret_id, version);
create index lists_by_deleter on lists (account_id, deleter_kind, id) where deleter_kind is not null;
`

export const heldVersions: Migration = { name: '0022-held-versions', sqlite: indexes, postgres: indexes }
