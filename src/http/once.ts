/** Requests that come again under the same `Idempotency-Key`: told from others, and answered as the first one was. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { idempotencyKeyOf } from './conditions.ts'

/** In place of an answer that holds what is given out once: a token, a link. */
export const MadeBefore = Type.Object(
  { id: Type.Integer({ minimum: 1 }), message: Type.String({ description: 'how to get one that can be used' }) },
  {
    title: 'MadeBefore',
    description:
      'A repeated request: an earlier one under the same `Idempotency-Key` did it. What was given out then is not given out again.',
  },
)

/** Says of an answer that an earlier request was given it, if one was. */
export function markReplayed(reply: FastifyReply, isReplayed: boolean): FastifyReply {
  return isReplayed ? reply.header('idempotent-replayed', 'true') : reply
}

/**
 * @param what it is, and of which id
 * @param way how to get one that can be used
 */
export function madeBefore(reply: FastifyReply, what: string, id: number, way: string) {
  markReplayed(reply, true).code(200)
  return {
    id,
    message: `${what} ${id} was made by an earlier request under this Idempotency-Key, and given out then. ${way}`,
  }
}

/**
 * From now on what is asked of the vault is asked once.
 *
 * @param operationId of the route: with its path, query and body, all that tells one request from another
 */
export function noteRepeats(operationId: string) {
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    try {
      const key = idempotencyKeyOf(request.headers)
      if (key !== undefined && request.asker !== undefined) {
        const { key: _apiKey, ...query } = Object(request.query)
        const { 'if-match': match = null, 'if-none-match': noneMatch } = request.headers
        const condition = noneMatch === undefined ? [match] : [match, noneMatch]
        const asked = [operationId, request.params, query, request.body ?? null, ...condition]
        request.asker = { ...request.asker, repeat: { key, request: asked } }
      }
      done()
    } catch (error) {
      done(error instanceof Error ? error : new Error('No Idempotency-Key can be read.'))
    }
  }
}
