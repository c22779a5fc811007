/** What is known of a store beside what it answers. */
import type { Clock } from './clock.ts'
import { type Conditions, conditionNames } from './conditions.ts'
import type { Trails } from './trails.ts'

export { conditionNames }

export interface Watched {
  /** The clock that everything counts by. */
  readonly clock: Clock
  /** What is amiss with it. */
  readonly conditions: Conditions
  /** What was acknowledged of the trails of accounts. */
  readonly trails: Trails
  /**
   * Waits until a standby has what can be read by now, where there are any.
   *
   * @throws when that takes too long, or cannot be seen
   */
  replicated(): Promise<void>
}
