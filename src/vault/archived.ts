/** What of a trail is not in the database, for whoever reads it there. A row that is not authentic would hide records: it is refused. */
import type { AuditSegment } from '../model/audit-segment.ts'
import { type Vault, verify } from './vault.ts'

const looking = { requestId: 'audit-archive', address: 'host' }

/** The newest segment of which some records are among these, and not in the database. @throws Refusal `integrity_failure` */
export function newestAway(vault: Vault, accountId: number, first: number, last: number) {
  return authentic(vault, vault.store.segments.newestAway(accountId, first, last))
}

/** The newest that ends before a record, and is in the database again. @throws Refusal `integrity_failure` */
export function newestBack(vault: Vault, accountId: number, before: number) {
  return authentic(vault, vault.store.segments.newestBack(accountId, before))
}

/** The oldest that has some of these records. @throws Refusal `integrity_failure` */
export function oldestAmong(vault: Vault, accountId: number, first: number, last: number) {
  return authentic(vault, vault.store.segments.oldestAmong(accountId, first, last))
}

async function authentic(vault: Vault, found: Promise<AuditSegment | undefined>): Promise<AuditSegment | undefined> {
  const segment = await found
  if (segment !== undefined) await verify(vault, looking, 'audit_segments', segment, 'audit.read')
  return segment
}
