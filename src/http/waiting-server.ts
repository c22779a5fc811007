/** What answers while the store is not there yet: that the process is up, and not ready. */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Refusal } from '../errors.ts'
import { answerError } from './answers.ts'
import type { Readiness } from './readiness.ts'
import { answerListsError, isListsPath } from './secret-lists/plugin.ts'
import type { TlsPair } from './tls.ts'

/** @param tls what `config.tls` names, where the server speaks TLS */
export async function createWaitingServer(tls: TlsPair | undefined): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: true,
    forceCloseConnections: true,
    ...(tls === undefined ? {} : { serverFactory: (await import('./serve-tls.ts')).tlsServer(tls, {}) }),
  })
  // The server that comes takes the address over: nobody stays with this one.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('connection', 'close')
    done()
  })
  const status: Readiness = 'starting'
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => reply.code(503).send({ status }))
  app.setErrorHandler(answer)
  app.setNotFoundHandler(() => {
    throw new Refusal('overloaded', 'The server is starting, and waits for its store. Try again shortly.', {
      headers: { 'retry-after': '1' },
    })
  })
  return app
}

function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return isListsPath(request.url) ? answerListsError(error, request, reply) : answerError(error, request, reply)
}
