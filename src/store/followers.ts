/** What follows the trails of a store, and which node does. */
import { Leases } from './lease-store.ts'
import { AuditSegments } from './segments.ts'
import { Sinks } from './sinks.ts'
import { TrailIndex } from './trail-index.ts'
import { WebhookTrails } from './webhook-store.ts'

export type { ArchiveCounts, DueRecords, Follower, HeldBack } from './segments.ts'
export type { Behind, SinkAccounts, SinkLook, SinkMove, SinkState } from './sinks.ts'
export type { IndexedSegment, LongTrail, Segment } from './trail-index.ts'
export { type Standing, standingsAtOnce } from './webhook-store.ts'

export interface Followers {
  /** Which node does what only one may do. */
  readonly leases: Leases
  /** Which parts of the trail are archived. */
  readonly segments: Pick<AuditSegments, keyof AuditSegments>
  /** How far sinks of the trail have come. */
  readonly sinks: Pick<Sinks, keyof Sinks>
  /** Where in trails there is something of what is asked for. */
  readonly trailIndex: Pick<TrailIndex, keyof TrailIndex>
  /** How webhooks go along the trail. */
  readonly webhooks: WebhookTrails
}

type Database = ConstructorParameters<typeof Leases>[0] & ConstructorParameters<typeof WebhookTrails>[0]

export function followersOf(database: Database): Followers {
  return {
    leases: new Leases(database),
    segments: new AuditSegments(database),
    sinks: new Sinks(database),
    trailIndex: new TrailIndex(database),
    webhooks: new WebhookTrails(database),
  }
}
