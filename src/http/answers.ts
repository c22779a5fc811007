/** What a request that failed is answered, where no API has a shape of its own, and what the log says of it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Refusal } from '../errors.ts'
import { headersOf, NoSuchPath, problemOf, toRefusal } from './problem.ts'

/** From now on every failure, and every path that is not there, is answered so, where no API has a form of its own. */
export function answerErrors(app: FastifyInstance, answer: typeof answerError): void {
  app.setErrorHandler(answer)
  app.setNotFoundHandler(() => {
    throw new NoSuchPath()
  })
}

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = toRefusal(error)
  const problem = problemOf(refusal, request.id)
  if (problem.status >= 500) logFault(request, refusal)
  return reply
    .code(problem.status)
    .headers(headersOf(refusal))
    .type('application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problem)
}

/** A stranger's message might quote what it worked on: its kind and its stack tell where to look. */
function logFault(request: FastifyRequest, { code, cause }: Refusal): void {
  const error = cause instanceof Error ? cause : undefined
  const stack = error?.stack?.split('\n').filter((line) => /^\s+at /.test(line))
  const reason = code === 'internal' ? undefined : error?.message
  request.log.error({ requestId: request.id, code, kind: error?.name, reason, stack }, 'request failed')
}
