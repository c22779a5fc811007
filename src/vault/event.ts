/** An event as it is told to others: by `/v3/events` and to webhooks alike. Nothing of a value, and no address. */
import type { Aside, AuditObject, AuditRecord } from '../audit/record.ts'
import type { Principal } from '../model/principal.ts'
import { placeOf } from './seen.ts'

export interface Event {
  /** The number of the record. */
  readonly id: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly action: AuditRecord['action'] | Aside
  readonly outcome: string
  readonly object: Pick<AuditObject, 'kind' | 'id' | 'name' | 'version'> | null
  /** What the environment is called now that it happened in, for whoever may know of it. */
  readonly environment: string | undefined
  /** Whether the one that is meant inherits what it is about. */
  readonly isInherited: boolean
  /** Who did it, for whoever may see that in the trail. */
  readonly principal: Principal | undefined
}

/**
 * The record as an event for whoever sees it whole.
 *
 * @param nameOf what an environment is called now, if it is still there
 * @param aside what it is besides, for who manages the account
 */
export function eventOf(record: AuditRecord, nameOf: (id: number) => string | undefined, aside?: Aside): Event {
  const { seq: id, time, action, outcome, object, principal } = record
  const at = placeOf(record)
  return {
    ...{ id, time, action: aside ?? action, outcome, principal, isInherited: false },
    object: object === null ? null : { kind: object.kind, id: object.id, name: object.name, version: object.version },
    environment: at === undefined ? undefined : nameOf(at),
  }
}

/** What is written of an event. */
export function shownEvent({ id, action, object, time, outcome, environment, isInherited, principal }: Event) {
  return {
    ...{ id, action, object, time: new Date(time).toISOString(), outcome },
    ...(environment === undefined ? {} : { environment }),
    ...(isInherited ? { inherited: true } : {}),
    ...(principal === undefined ? {} : { principal: { kind: principal.kind, id: principal.id, name: principal.name } }),
  }
}
