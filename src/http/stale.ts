/** The header of an answer that says how many deployments hold what a change has made old. */
import type { FastifyReply } from 'fastify'

export function markStale(reply: FastifyReply, count: number): FastifyReply {
  return reply.header('strongroom-stale-deployments', count)
}
