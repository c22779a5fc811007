/** Whoever fails too often is put off: guessing keys, codes and tokens takes long. */
import type { FastifyRequest } from 'fastify'
import type { Refusal } from '../errors.ts'
import type { Context } from './context.ts'
import { clientOf } from './peer.ts'
import { toRefusal } from './problem.ts'

/**
 * Counts a failure. Whoever has what they need never fails, and so is never put off by others of their address.
 *
 * @returns the refusal, or `rate_limited` in its place: who asks too often learns only that
 */
export function putOff(
  { failureLimiter }: Pick<Context, 'failureLimiter'>,
  request: Pick<FastifyRequest, 'ip'>,
  refusal: Refusal,
): Refusal {
  try {
    failureLimiter?.take(clientOf(request), performance.now())
    return refusal
  } catch (limited) {
    return toRefusal(limited)
  }
}
