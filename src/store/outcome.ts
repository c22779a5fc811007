/** How operations end. */
import type { Action, ShutOut } from '../audit/record.ts'
import type { Code, FieldFault } from '../errors.ts'
import type { Right } from '../model/scope.ts'
import type { Forged } from './forged.ts'

/** How an operation ended. Refusals are values here, so that one does not sink its neighbours in a batch. */
export type Outcome<Result> = Done<Result> | Ended

export interface Done<Result> {
  readonly kind: 'done'
  readonly result: Result
  /** Whether it is the answer to an earlier request under the same `Idempotency-Key`. */
  readonly isReplayed?: true
  /** The name of the environment that it was carried out in, if another than `default`. */
  readonly environment?: string
}

/** How an operation ends without a result. */
export type Ended =
  | Refused
  /** A row that the operation rests upon is not authentic, or is missing. Nothing was done, and nothing recorded yet. */
  | ForgedFor
  /** The row changed since it was prepared: prepare again. Nothing was done. */
  | { readonly kind: 'outdated' }

interface ForgedFor extends Forged {
  readonly kind: 'forged'
  /** What it was asked for. */
  readonly action: Action
}

export interface Refused {
  readonly kind: 'refused'
  readonly code: Code
  readonly message: string
  /** The missing right, when that is why. */
  readonly right?: Right
  /** What of the request is at fault. */
  readonly fields?: readonly FieldFault[]
  /** There is no record of it yet. Whoever is not let in may repeat that for nothing: the vault records it, or counts it. */
  readonly shutOut?: ShutOut
}
