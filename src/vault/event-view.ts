/** What of the trail is an event for whom: records, as far as a listener may see what they say. */
import { type Aside, type AuditRecord, changeActions } from '../audit/record.ts'
import { namesEither } from '../audit/subscription.ts'
import { matches } from '../model/pattern.ts'
import { allowsName, allowsSome, managesAccount, type Right, seesEnvironment } from '../model/scope.ts'
import type { Listener } from '../store/operations/events.ts'
import { type Event, eventOf } from './event.ts'
import { type AuditView, placeOf, seenOf, viewAmong } from './seen.ts'

/** Which events somebody wants, of those that they may see. */
export interface EventFilter {
  /** A pattern of the name of what it is about. */
  readonly name?: string | undefined
  /** `secret.update`, or `secret.*` for all that happens to secrets. */
  readonly actions?: readonly string[] | undefined
  /** Of other environments too, what they see in the trail. */
  readonly isEverywhere?: boolean | undefined
}

/** Somebody who is told of events, by the rights that they have now. */
export interface Viewer {
  readonly listener: Listener
  readonly view: AuditView
  readonly filter: EventFilter
  /** Whether any record that is no change may be for them. */
  readonly isAuditor: boolean
}

export function viewerOf(listener: Listener, filter: EventFilter): Viewer {
  const { environments, scopes } = listener
  const isAuditor = scopes.some(({ right }) => right === 'audit:read')
  return { listener, view: viewAmong(environments, scopes), filter, isAuditor }
}

const changes: ReadonlySet<string> = new Set(changeActions)

/** Whether there is a secret of the name in an environment: it hides one of a base. */
export type HasName = (environmentId: number, name: string) => boolean

/** A record as it is followed, with what it is besides. */
export interface FollowedRecord extends AuditRecord {
  readonly aside?: Aside
}

/** The record as an event, or `undefined` where the viewer does not see it or does not want it. */
export function eventFor(viewer: Viewer, record: FollowedRecord, hasName: HasName): Event | undefined {
  const { listener, view, filter } = viewer
  const aside = managesAccount(listener.scopes) ? record.aside : undefined
  if (!isWanted(filter, record, aside)) return undefined
  const at = placeOf(record)
  const isElsewhere = at !== undefined && at !== listener.environment.id
  const isSeen = view.maySee(seenOf(record))
  const isKnown = mayKnow(listener, record, at, hasName)
  if (!isKnown && !(isSeen && (!isElsewhere || filter.isEverywhere === true))) return undefined
  const { principal } = record
  const nameOf = isSeen ? view.nameOf : (id: number) => nameKnown(viewer, id)
  return {
    ...eventOf(record, nameOf, aside),
    isInherited: isElsewhere && isKnown,
    principal: isSeen ? principal : undefined,
  }
}

/** Of an environment that is inherited from, somebody need not know. */
function nameKnown({ listener: { scopes }, view }: Viewer, id: number): string | undefined {
  const name = view.nameOf(id)
  return name !== undefined && seesEnvironment(scopes, name) ? name : undefined
}

/** The environments, nearer to a viewer than a change, in which something of the same name would hide it. */
export function hidingPlaces({ listener }: Viewer, record: AuditRecord): readonly number[] {
  const at = placeOf(record)
  const depth = at === undefined ? -1 : listener.chain.indexOf(at)
  return isChange(record) && record.object?.kind === 'secret' && depth > 0 ? listener.chain.slice(0, depth) : []
}

function isChange({ action, outcome }: AuditRecord): boolean {
  return outcome === 'ok' && changes.has(action)
}

const rights: readonly Right[] = ['secrets:list', 'secrets:read']

/** Whether somebody could find out by looking, without the trail, that this has changed. */
function mayKnow(
  { scopes, environment, chain }: Listener,
  record: AuditRecord,
  at: number | undefined,
  hasName: HasName,
): boolean {
  const { object } = record
  if (!isChange(record) || object === null || object.name === null) return false
  const { kind, name } = object
  if (kind === 'environment') return seesEnvironment(scopes, name)
  const depth = at === undefined ? -1 : chain.indexOf(at)
  if (depth < 0) return false
  if (kind === 'list') return depth === 0 && rights.some((right) => allowsSome(scopes, right, environment.name))
  if (kind !== 'secret' || !rights.some((right) => allowsName(scopes, right, environment.name, name))) return false
  return !chain.slice(0, depth).some((nearer) => hasName(nearer, name))
}

function isWanted({ name, actions }: EventFilter, { action, object }: AuditRecord, aside?: Aside): boolean {
  if (name !== undefined && !(object?.name != null && matches(name, object.name))) return false
  return actions === undefined || namesEither(actions, action, aside)
}
