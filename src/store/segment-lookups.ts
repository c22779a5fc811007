/** What batches look for of the archive: segments, and the record that one ends with. */
import { openRows, sealedRows } from './lookup.ts'
import type { Ref } from './refs.ts'
import { auditSegments } from './tables/audit-segment.ts'
import { audit } from './tables/record.ts'

/** The one after which the chain goes on in the database. */
export const newestSegments = sealedRows<{ readonly accountId: number }>()('newest_segments', auditSegments, {
  by: { accountId: 'account_id' },
  where: 't.last_seq = (select max(s.last_seq) from audit_segments s where s.account_id = t.account_id)',
})

/** By their last record. */
export const segmentsById = sealedRows<Ref>()('audit_segments', auditSegments, {
  by: { accountId: 'account_id', id: 'last_seq' },
})

export const recordsBySeq = openRows<Ref>()('audit_records', audit, { by: { accountId: 'account_id', id: 'seq' } })
