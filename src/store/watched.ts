/** What is known of a store beside what it answers. */
import type { Clock } from './clock.ts'
import { type Conditions, conditionNames } from './conditions.ts'
import type { OnGrown } from './growth.ts'
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
   * Tells of every trail that has grown, on whichever node, once what it grew by is durable. It may tell of one for nothing; it
   * tells at once as a rule, and of what is watched within two seconds even when nobody said that it grew.
   *
   * @param onGrown called in the middle of other work: it takes note, and no more
   * @param watched the accounts whose trails are looked at now and then, in case that nobody says so
   * @returns what ends it
   */
  follow(onGrown: OnGrown, watched?: () => Iterable<number>): () => void
  /**
   * Waits until a standby has what can be read by now, where there are any.
   *
   * @throws when that takes too long, or cannot be seen
   */
  replicated(): Promise<void>
}
