/** What happens in an account, as it is counted. */
import type { AuditFilter } from './model.ts'

export type ActivityStep = 'minute' | 'hour' | 'day' | 'week'

export interface ActivityFilter extends AuditFilter {
  /** The step of time, in UTC; without it, the shortest that gives at most 400. */
  readonly by?: ActivityStep
}

export interface Activity {
  readonly by: ActivityStep
  /** The times of the oldest and the newest record that was looked at. */
  readonly from: string
  readonly to: string
  /** Whether that is all that was asked for. If not, what is before `from` is left out. */
  readonly complete: boolean
  /** How many match. */
  readonly records: number
  /** Oldest first; steps without a record are left out. */
  readonly steps: readonly StepCount[]
  /** The 20 who were handed out most values, most first. */
  readonly readers: readonly Reader[]
}

export interface StepCount {
  readonly start: string
  readonly actions: readonly ActionCount[]
}

export interface ActionCount {
  readonly action: string
  /** With the outcome `ok` or `replayed`. */
  readonly ok: number
  /** With any other. */
  readonly refused: number
}

export interface Reader {
  readonly principal: { readonly kind: string; readonly id: number; readonly name: string }
  readonly reads: number
}
