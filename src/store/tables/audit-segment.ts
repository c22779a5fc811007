/** The parts of the trail that are in files of the archive. */
import type { AuditSegment } from '../../model/audit-segment.ts'
import { plainly } from '../rows.ts'
import { constant, flag, integer, integerOrNull, mac, text } from './field.ts'
import { sealedTable } from './table.ts'

export const auditSegments = sealedTable<AuditSegment>()({
  name: 'audit_segments',
  key: ['accountId', 'lastSeq'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  since: '0033-archive',
  called: ({ lastSeq, file }) => ({ kind: 'segment', id: lastSeq, uid: null, name: file }),
  whenMissing: 'the chain has a gap; `audit verify` finds it',
  fields: {
    accountId: integer('account_id'),
    lastSeq: integer('last_seq'),
    firstSeq: integer('first_seq', constant),
    headBefore: text('head_before', constant),
    head: text('head', constant),
    firstAt: integer('first_ms', constant),
    lastAt: integer('last_ms', constant),
    file: text('file', constant),
    hash: text('hash', constant),
    archivedAt: integer('archived_ms', constant),
    restoredUntil: integerOrNull('restored_until_ms'),
    isRestored: flag('is_restored'),
    mac: mac(),
  },
})
