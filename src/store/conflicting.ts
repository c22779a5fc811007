/**
 * Some request of a batch cannot be decided, or what it leaves cannot be together with what is in the store. Nothing of the batch was
 * done, and each is to be carried out by itself, so that one does not sink its neighbours.
 */
import { Refusal } from '../errors.ts'

export class Conflicting extends Refusal {
  /** @param cause for the log */
  constructor(cause: unknown) {
    const message = 'The request could not be recorded in the audit trail, so it was not answered. Try again shortly.'
    super('audit_unavailable', message, { cause, headers: { 'retry-after': '1' } })
  }
}
