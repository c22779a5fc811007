/** What an operator watches of the archive of the audit trail. */
import { performance } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Store } from '../store/store.ts'
import { ObjectCounter } from './object-counts.ts'

export type ArchiveMetrics = ReturnType<typeof createArchiveMetrics>

export function createArchiveMetrics(registers: Registry[]) {
  return {
    segments: new Gauge({
      name: 'strongroom_audit_archive_segments',
      help: 'Segments of the audit trail in the archive, over all accounts.',
      registers,
    }),
    oldest: new Gauge({
      name: 'strongroom_audit_oldest_record_seconds',
      help: 'How old the oldest record of the audit trail is that is in the database and not in the archive.',
      registers,
    }),
    archived: new Counter({
      name: 'strongroom_audit_archived_records_total',
      help: 'Records of the audit trail that this node moved to the archive.',
      registers,
    }),
    failures: new Counter({
      name: 'strongroom_audit_archive_failures_total',
      help: 'Times that this node could not archive what was due. It tries again.',
      registers,
    }),
  }
}

/** @returns what takes down what is archived, as every node sees it in the store */
export function archiveLooker(
  { segments, oldest }: ArchiveMetrics,
  store: Pick<Store, 'segments'>,
  now: () => number,
): () => Promise<void> {
  const counter = new ObjectCounter(() => store.segments.counts())
  return async () => {
    const counts = await counter.take(() => performance.now())
    // Numbers that are not known are not shown, rather than the last ones that were.
    if (counts === undefined) {
      segments.remove()
      oldest.remove()
      return
    }
    segments.set(counts.segments)
    oldest.set(counts.oldestAt === undefined ? 0 : Math.max(0, now() - counts.oldestAt) / 1000)
  }
}
