/** An event as it is told to others: by `/v3/events` and to webhooks alike. Nothing of a value, and no address. */
import { type AuditRecord, isPlaced } from '../audit/record.ts'
import { defaultEnvironment } from '../model/environment.ts'
import type { Event } from './event-view.ts'

/** The record as an event for whoever sees it whole. @param nameOf what an environment is called now, if it is still there */
export function eventOf(record: AuditRecord, nameOf: (id: number) => string | undefined): Event {
  const { seq: id, time, action, outcome, object, principal, environmentId } = record
  return {
    ...{ id, time, action, outcome, principal, isInherited: false },
    object: object === null ? null : { kind: object.kind, id: object.id, name: object.name, version: object.version },
    environment: isPlaced(action) ? nameOf(environmentId ?? defaultEnvironment.id) : undefined,
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
