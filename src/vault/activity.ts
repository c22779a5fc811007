/** What happens in an account, counted from its audit trail: by time and action, and who reads most. */

import { type Action, valueReads } from '../audit/record.ts'
import type { Sought } from '../audit/trail-index.ts'
import { invalid } from '../errors.ts'
import type { Principal } from '../model/principal.ts'
import { managesAccount } from '../model/scope.ts'
import type { RecordCount } from '../store/store.ts'
import { newestAway } from './archived.ts'
import type { AuditFilter } from './audit.ts'
import { actionFor } from './audit.ts'
import { viewOf } from './audit-view.ts'
import { filterInTurns, Pace } from './scan-in-turns.ts'
import { type Stretch, stretchesWith } from './trail-search.ts'
import { firstAt, spanOf, timeAfter } from './trail-times.ts'
import { type Asker, ask, type Vault } from './vault.ts'

const dayMs = 86_400_000

/** Steps of time, shortest first. */
export const steps = ['minute', 'hour', 'day', 'week'] as const
export type Step = (typeof steps)[number]

const stepMs: Readonly<Record<Step, number>> = { minute: 60_000, hour: 3_600_000, day: dayMs, week: 7 * dayMs }
/** Weeks begin on Mondays; 1970 began on a Thursday. */
const shiftMs: Readonly<Record<Step, number>> = { minute: 0, hour: 0, day: 0, week: 4 * dayMs }

export const maxSteps = 400
const maxReaders = 20
/** Sequence numbers counted in one query: some milliseconds, in which the store does nothing else. */
const countedAtOnce = 5000
/** And in one request; of a longer range, the newest are counted. */
export const maxCounted = 250_000

export interface ActionCount {
  readonly action: Action
  ok: number
  refused: number
}

export interface Activity {
  readonly by: Step
  /** Milliseconds since 1970: nothing of this time on was left out. */
  readonly from: number
  readonly to: number
  /** Whether that is all that was asked for. */
  readonly isComplete: boolean
  readonly records: number
  /** Oldest first, without steps in which nothing happened. */
  readonly steps: readonly { readonly start: number; readonly actions: readonly ActionCount[] }[]
  /** Who was handed out most values, most first. */
  readonly readers: readonly { readonly principal: Principal; readonly reads: number }[]
}

/** Sequence numbers, both inclusive, and the times of the first and the last of their records. */
export interface Range {
  readonly first: number
  readonly last: number
  readonly from: number
  readonly to: number
}

/**
 * Counts the records that the asker may see and that pass the filter. Like reading them it is recorded, before anything
 * is counted.
 *
 * @param by the step of time; without it, the shortest that is not too short for the range
 * @throws Refusal `forbidden`, `invalid` for a step that is too short for the range
 */
export async function countActivity(
  vault: Vault,
  asker: Asker,
  filter: AuditFilter,
  by: Step | undefined,
): Promise<Activity> {
  const { accountId, scopes } = await ask(vault, asker, { kind: 'read_audit' })
  const size = await vault.store.auditSize(accountId)
  const view = await viewOf(vault, asker, accountId, scopes)
  const range = await rangeOf(vault, accountId, size, filter)
  const step = by ?? stepFor(range)
  if (by !== undefined && by !== 'week' && countSteps(range, by) > maxSteps) {
    throw invalid('by', `Gives more than ${maxSteps} steps: choose a longer one, or a shorter time.`)
  }
  const { action, outcome, secret, principal, kind, environment } = filter
  // Of one that is not there, nothing.
  const environmentId = environment === undefined ? undefined : (view.idOf(environment) ?? 0)
  const match = { ...actionFor(managesAccount(scopes), action), outcome, secret, principal, kind, environmentId }
  const counting = { ...match, stepMs: stepMs[step], shiftMs: shiftMs[step] }
  const isNarrowed = !view.isWhole
  const maySee = ({ action: done, about }: RecordCount) =>
    view.isWhole || (about !== undefined && view.maySee({ ...about, action: done }))
  const { parts, from, isComplete } = await countedOf(vault, accountId, match, range)
  const tally = new Tally()
  const pace = new Pace()
  for (const { after, upTo } of parts) {
    const counts = await vault.store.countRecords(accountId, { ...counting, after, upTo, isNarrowed })
    for (const count of await filterInTurns(counts, maySee, pace)) tally.add(count)
  }
  return { by: step, from, to: range.to, isComplete, ...tally.result() }
}

class Tally {
  #records = 0
  readonly #steps = new Map<number, Map<Action, ActionCount>>()
  readonly #readers = new Map<string, { readonly principal: Principal; reads: number }>()

  /** Newest first, so that somebody is called what they are called now. */
  add({ start, action, isOk, principal, count }: RecordCount): void {
    this.#records += count
    const actions = this.#steps.get(start) ?? new Map<Action, ActionCount>()
    this.#steps.set(start, actions)
    const found = actions.get(action) ?? { action, ok: 0, refused: 0 }
    actions.set(action, found)
    found[isOk ? 'ok' : 'refused'] += count
    if (!isOk || !valueReads.has(action)) return
    const key = `${principal.kind} ${principal.id}`
    const reader = this.#readers.get(key) ?? { principal, reads: 0 }
    this.#readers.set(key, reader)
    reader.reads += count
  }

  result(): Pick<Activity, 'records' | 'steps' | 'readers'> {
    const inOrder = ([one]: readonly [number, unknown], [other]: readonly [number, unknown]) => one - other
    return {
      records: this.#records,
      steps: [...this.#steps].sort(inOrder).map(([start, actions]) => ({
        start,
        actions: [...actions.values()].sort((one, other) => (one.action < other.action ? -1 : 1)),
      })),
      readers: [...this.#readers.values()].sort((one, other) => other.reads - one.reads).slice(0, maxReaders),
    }
  }
}

/** The records of the times that are asked for. */
export async function rangeOf(
  vault: Vault,
  accountId: number,
  size: number,
  { from, to }: Pick<AuditFilter, 'from' | 'to'>,
): Promise<Range> {
  const { first, last } = await spanOf(vault, accountId, size, { from, to })
  // Nothing is in it: one of the two was given.
  if (first > last) return { first, last, from: from ?? to ?? 0, to: to ?? from ?? 0 }
  const [oldest, newest] = [await timeAfter(vault, accountId, first), await timeAfter(vault, accountId, last)]
  return { first, last, from: oldest, to: newest }
}

/** What is counted of a range. */
export interface Counted {
  /** Where something of what is sought may be, the newest first: each is counted in one query. */
  readonly parts: readonly Stretch[]
  /** Nothing of this time on is left out. */
  readonly from: number
  readonly isComplete: boolean
}

/**
 * Of what is sought in a range, as much as is counted at once: the newest, from the first record of a millisecond on. It begins
 * after what is archived.
 */
export async function countedOf(vault: Vault, accountId: number, sought: Sought, range: Range): Promise<Counted> {
  const away = range.first > range.last ? undefined : await newestAway(vault, accountId, range.first, range.last)
  const within = away === undefined ? range : { ...range, first: away.lastSeq + 1 }
  const parts: Stretch[] = []
  let left = maxCounted
  for await (const part of stretchesWith(vault, accountId, sought, within, countedAtOnce)) {
    parts.push(part)
    const size = part.upTo - part.after
    if (size > left) return { ...(await cut(vault, accountId, range, parts, part.upTo - left)), isComplete: false }
    left -= size
  }
  if (away !== undefined) {
    return { ...(await cut(vault, accountId, range, parts, away.lastSeq)), isComplete: false }
  }
  return { parts, from: range.from, isComplete: true }
}

/** @param last the newest record that is not counted any more */
async function cut(vault: Vault, accountId: number, range: Range, parts: readonly Stretch[], last: number) {
  const first = await firstAt(vault, accountId, range.last, (await timeAfter(vault, accountId, last)) + 1)
  // A clock that was set back gives one time to many.
  if (first > range.last) return { parts: partsAfter(parts, last), from: range.to }
  return { parts: partsAfter(parts, first - 1), from: await timeAfter(vault, accountId, first) }
}

function partsAfter(parts: readonly Stretch[], least: number): readonly Stretch[] {
  return parts.flatMap(({ after, upTo }) => (upTo > least ? [{ after: Math.max(after, least), upTo }] : []))
}

function countSteps({ from, to }: Range, step: Step): number {
  const numberOf = (time: number) => Math.floor((time - shiftMs[step]) / stepMs[step])
  return numberOf(to) - numberOf(from) + 1
}

function stepFor(range: Range): Step {
  return steps.find((step) => countSteps(range, step) <= maxSteps) ?? 'week'
}
