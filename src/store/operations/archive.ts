/** The archive of the trail: records that go to a file, come back for a time, and go again. All of it by the server, or on its host. */
import { emptyHead } from '../../audit/chain.ts'
import type { AuditObject } from '../../audit/record.ts'
import { type AuditSegment, maxSegmentRecords } from '../../model/audit-segment.ts'
import type { Unsealed } from '../coverage.ts'
import { type Call, done, put } from '../decide/work.ts'
import { newestSegments, recordsBySeq, segmentsById } from '../segment-lookups.ts'
import { auditSegments } from '../tables/audit-segment.ts'
import { audit } from '../tables/record.ts'
import { defineOperation, free } from './define.ts'

interface Archive {
  readonly segment: Unsealed<AuditSegment>
}

/** Records that are in a file go from the database, with the row that says so. */
const archiveRecords = defineOperation<Archive, null>()({
  kind: 'archive_records',
  action: 'audit.archive',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { segment }) => {
    needs.ofAccount(newestSegments)
    needs.row(recordsBySeq, segment.lastSeq)
  },
  decide: (call, { segment }) => {
    if (!isByHost(call) || !isNext(call, segment)) return { kind: 'outdated' }
    take(call, segment)
    return done(call, objectOf(put(call.work, auditSegments, segment)), null)
  },
})

interface Restore {
  readonly lastSeq: number
  /** Of the file that the records are read from. */
  readonly hash: string
  readonly until: number
  /** Whether all of them are there. */
  readonly isWhole: boolean
}

/** Says until when records of a segment are in the database as well: before the first of them comes, and when all are there. */
const restoreSegment = defineOperation<Restore, null>()({
  kind: 'restore_segment',
  action: 'audit.restore',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { lastSeq }) => needs.row(segmentsById, lastSeq),
  decide: (call, { lastSeq, hash, until, isWhole }) => {
    const found = call.work.world.get(auditSegments, call.account.id, lastSeq)
    if (!isByHost(call) || found === undefined || found.hash !== hash) return { kind: 'outdated' }
    const isRestored = isWhole || found.isRestored
    const segment = put(call.work, auditSegments, { ...found, restoredUntil: until, isRestored })
    return isWhole ? done(call, objectOf(segment), null) : { kind: 'done', result: null }
  },
})

/** What was restored goes again. */
const endRestoring = defineOperation<Pick<Restore, 'lastSeq'> & { readonly now: number }, null>()({
  kind: 'end_restoring',
  action: 'audit.archive',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { lastSeq }) => needs.row(segmentsById, lastSeq),
  decide: (call, { lastSeq, now }) => {
    const found = call.work.world.get(auditSegments, call.account.id, lastSeq)
    const isOver = found !== undefined && found.restoredUntil !== null && found.restoredUntil <= now
    if (!isByHost(call) || !isOver) return { kind: 'outdated' }
    take(call, found)
    const segment = put(call.work, auditSegments, { ...found, restoredUntil: null, isRestored: false })
    return done(call, objectOf(segment), null)
  },
})

export const archiveOperations = {
  [archiveRecords.kind]: archiveRecords,
  [restoreSegment.kind]: restoreSegment,
  [endRestoring.kind]: endRestoring,
}

function isByHost({ principal }: Call): boolean {
  return principal.kind === 'system' || principal.kind === 'host'
}

/** Whether it goes on where the newest one ends, and ends with the record that the database has there. */
function isNext({ work, account }: Call, segment: Unsealed<AuditSegment>): boolean {
  const { accountId, firstSeq, lastSeq, headBefore, head } = segment
  const count = lastSeq - firstSeq + 1
  // The newest record stays: what comes is no older.
  if (accountId !== account.id || count < 1 || count > maxSegmentRecords || lastSeq >= account.auditSize) return false
  const newest = [...work.world.all(auditSegments)]
    .filter((one) => one.accountId === account.id)
    .sort((one, other) => other.lastSeq - one.lastSeq)[0]
  const before = newest?.head ?? emptyHead(work.world.storeId, account.id).toString('hex')
  const last = work.world.get(audit, account.id, lastSeq)
  const isContinued = firstSeq === (newest?.lastSeq ?? 0) + 1 && headBefore === before
  return isContinued && last !== undefined && Buffer.from(last.head).toString('hex') === head
}

function take({ work }: Call, { accountId, firstSeq, lastSeq }: Unsealed<AuditSegment>): void {
  for (let seq = firstSeq; seq <= lastSeq; seq++) work.world.removeKey(audit, { accountId, seq })
}

function objectOf({ firstSeq, lastSeq, file, hash }: AuditSegment): AuditObject {
  return { kind: 'segment', id: lastSeq, uid: null, name: file, version: firstSeq, hash }
}
