/** Headers that both APIs put to an answer. */
import type { FastifyReply } from 'fastify'
import type { Secret } from '../model/secret.ts'
import type { DeletedAway } from '../vault/deletion.ts'
import { isExpired } from '../vault/secrets.ts'

/** How many deployments hold what a change has made old. */
export function markStale(reply: FastifyReply, count: number): FastifyReply {
  return reply.header('strongroom-stale-deployments', count)
}

/** How many deployments hold something that is deleted now, and by which id that can be restored, if it can. */
export function markDeleted(reply: FastifyReply, { stale, deletedId }: DeletedAway): FastifyReply {
  return markKept(markStale(reply, stale), deletedId)
}

/** By which id what was deleted can be restored, if it can. */
export function markKept(reply: FastifyReply, deletedId: number | null): FastifyReply {
  return deletedId === null ? reply : reply.header('strongroom-deleted', deletedId)
}

/** That the value which is read should have been replaced by now. */
export function markExpired(reply: FastifyReply, { expiresAt }: Secret, now: number): FastifyReply {
  return isExpired(expiresAt, now) ? reply.header('strongroom-expired', 'true') : reply
}
