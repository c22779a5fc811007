/** Headers that both APIs put to an answer. */
import type { FastifyReply } from 'fastify'
import type { Secret } from '../model/secret.ts'
import { isExpired } from '../vault/secrets.ts'

/** How many deployments hold what a change has made old. */
export function markStale(reply: FastifyReply, count: number): FastifyReply {
  return reply.header('strongroom-stale-deployments', count)
}

/** That the value which is read should have been replaced by now. */
export function markExpired(reply: FastifyReply, { expiresAt }: Secret, now: number): FastifyReply {
  return isExpired(expiresAt, now) ? reply.header('strongroom-expired', 'true') : reply
}
