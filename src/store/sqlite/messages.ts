/** What the SQLite engine and the keeper of its connection say to each other, most often from thread to thread. */
import { type Code, Refusal } from '../../errors.ts'
import type { Lease } from '../../model/lease.ts'
import { Conflicting } from '../conflicting.ts'
import type { RowKey } from '../engine.ts'
import type { Setting } from '../load.ts'
import type { Batch } from '../operation.ts'
import type { Query } from '../sql.ts'
import { unrecorded } from '../unrecorded.ts'
import { resultCodeOf, sqliteConstraint, sqliteFull } from './result-codes.ts'

/** What a thread is asked first. Another store may follow when one is closed. */
export interface Start {
  readonly kind: 'open'
  readonly id: number
  readonly opening: Opening
}

export type Task =
  | { readonly kind: 'batch'; readonly id: number; readonly batch: Batch; readonly setting: Setting }
  | {
      /** Of `texts`, each row is one (`Query.inTexts`). */
      readonly kind: 'query' | 'texts'
      readonly id: number
      readonly sql: string
      readonly parameters: readonly unknown[]
    }
  | {
      readonly kind: 'under_lease'
      readonly id: number
      readonly lease: Lease
      readonly statements: readonly Query[]
    }
  | { readonly kind: 'row_key'; readonly id: number; readonly rowKey: RowKey }
  | { readonly kind: 'seal_step'; readonly id: number; readonly limit: number | undefined }
  | { readonly kind: 'collect'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number }

/** What a keeper is given when it begins. */
export interface Opening {
  readonly path: string
  readonly mayMake: boolean
  /** Whether the data folder is the caller's alone (`lock.ts`). */
  readonly isOwner: boolean
}

/** An error that crosses threads, where classes do not. */
export interface Failure {
  readonly code: Code
  readonly message: string
  /** For the log. */
  readonly cause: string | undefined
  /** Whether a batch leaves what cannot be together with what is there. */
  readonly isConflicting?: boolean
}

export type Answer =
  | { readonly id: number; readonly value: unknown; readonly failure?: undefined }
  | { readonly id: number; readonly failure: Failure }

/** The way to a keeper. */
export interface Link {
  readonly send: (task: Task) => void
  readonly end: () => Promise<unknown>
}

/** The way back. */
export interface Told {
  readonly answer: (answer: Answer) => void
  /** It is gone, and answers nothing more. */
  readonly gone: (error: Error) => void
}

export function toFailure(error: unknown): Failure {
  if (error instanceof Conflicting) return { ...toFailure(error.cause), isConflicting: true }
  if (error instanceof Refusal) return { code: error.code, message: error.message, cause: undefined }
  const cause = error instanceof Error ? `${error.name}: ${error.message}` : 'not an error'
  const result = resultCodeOf(error)
  if (result === sqliteFull) {
    return {
      code: 'storage_full',
      message: 'The disk is full: nothing was changed. Free some space, then repeat.',
      cause,
    }
  }
  return { code: 'audit_unavailable', message: unrecorded, cause, isConflicting: result === sqliteConstraint }
}

export function toRefusal({ code, message, cause, isConflicting = false }: Failure): Refusal {
  if (isConflicting) return new Conflicting(new Error(cause))
  return new Refusal(code, message, cause === undefined ? {} : { cause: new Error(cause) })
}
