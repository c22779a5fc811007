/**
 * Some request of a batch cannot be decided, or what it leaves cannot be together with what is in the store. Nothing of the batch was
 * done, and each is to be carried out by itself, so that one does not sink its neighbours.
 */
import { Refusal } from '../errors.ts'
import { unrecorded } from './unrecorded.ts'

export class Conflicting extends Refusal {
  /** @param cause for the log */
  constructor(cause: unknown) {
    super('audit_unavailable', unrecorded, { cause, headers: { 'retry-after': '1' } })
  }
}
