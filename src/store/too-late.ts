/** How long one waits for the store behind others to whom it does not answer. */
import { Refusal } from '../errors.ts'

/** Of the ten seconds or so that a request waits for the store in all. */
const maxWaitMs = 2_000

/**
 * Whoever would wait twice, for those before and then by themselves, which fares no better for all that is known.
 *
 * @param error how it ended for those before
 * @returns what to refuse with who has waited behind them for so long; nothing where it is their turn
 */
export function tooLateBehind(error: unknown, waitedMs: number, most = maxWaitMs): Refusal | undefined {
  return isOfStore(error) && waitedMs > most ? notAsked() : undefined
}

/** Whether the store did not answer, or not in time. */
function isOfStore(error: unknown): boolean {
  return error instanceof Refusal && (error.code === 'audit_unavailable' || error.code === 'outcome_unknown')
}

function notAsked(): Refusal {
  const message = 'The database did not answer in time: nothing was changed. Try again shortly.'
  return new Refusal('audit_unavailable', message, { headers: { 'retry-after': '1' } })
}
