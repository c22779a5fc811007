/** Counted records as the columns of a plot. */
import type { Activity, ActivityStep } from '../api/client.ts'
import { type Kind, kindOf, kinds } from './actions.ts'

const maxColumns = 60
/** Fewer would be a wall. */
const minColumns = 24
const stepMs: Readonly<Record<ActivityStep, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
}

export interface Column {
  readonly start: number
  readonly counts: Record<Kind, number>
  total: number
}

/** The time that a plot is of: what was asked for, as far as it was counted, by the clock of the server. */
export interface Span {
  readonly from: number
  readonly to: number
}

export function spanOf({ from, to, complete }: Activity, asked: Partial<Span>): Span {
  const counted = Date.parse(from)
  const end = Math.max(asked.to ?? 0, Date.parse(to))
  return { from: complete ? Math.min(asked.from ?? counted, end) : counted, to: end }
}

/** Neighbouring steps are put together where there are many. */
export function columnsOf(
  { by, steps }: Activity,
  { from, to }: Span,
  isShown: (action: string) => boolean,
): readonly Column[] {
  const step = stepMs[by]
  // Steps are counted from one that is known to begin: weeks do not from 1970.
  const anchor = Date.parse(steps[0]?.start ?? new Date(Math.floor(from / step) * step).toISOString())
  const numberOf = (time: number) => Math.floor((time - anchor) / step)
  const wide = Math.max(1, Math.ceil((numberOf(to) - numberOf(from) + 1) / maxColumns))
  const columnOf = (time: number) => Math.floor(numberOf(time) / wide)
  const last = columnOf(to)
  const first = Math.min(columnOf(from), last - minColumns + 1)
  const all = Array.from({ length: last - first + 1 }, (_, at) => emptyColumn(anchor + (first + at) * wide * step))
  for (const { start, actions } of steps) {
    const column = all[columnOf(Date.parse(start)) - first]
    for (const { action, ok, refused } of column === undefined ? [] : actions.filter((one) => isShown(one.action))) {
      if (column === undefined) continue
      column.counts[kindOf(action, 'ok')] += ok
      column.counts.Refused += refused
      column.total += ok + refused
    }
  }
  return all
}

function emptyColumn(start: number): Column {
  return { start, counts: Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>, total: 0 }
}
