/** What the store is asked and answers: the words that the vault and the engines speak, taken from its operations. */
import type { Asked } from './caller.ts'
import type { Kind, Op, Results } from './operations/registry.ts'
import type { Outcome as OutcomeWith } from './outcome.ts'

export type { Listing } from './decide/work.ts'
export type { IdOrName, Known, Match, MetadataMatch } from './naming.ts'
export type { Kind, OnceKind, Op, Operation, Results } from './operations/registry.ts'
export { isPlaced } from './operations/registry.ts'
export type { Changed } from './operations/secrets.ts'
export type { Settings } from './operations/settings.ts'

export interface Request<K extends Kind = Kind> extends Asked {
  readonly operation: Op<K>
}

/** How an operation of one kind ended. */
export type Outcome<K extends Kind = Kind> = OutcomeWith<Results[K]>

/** Everything that arrived while the store was busy; one transaction. */
export interface Batch {
  readonly requests: readonly Request[]
  /** Milliseconds since 1970 to take as now; `undefined` for the store's own clock. */
  readonly now: number | undefined
}
