/** What answers while the store is not there yet: that the process is up, and not ready. */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Refusal } from '../errors.ts'
import { answerAt } from './api-of-path.ts'
import type { Readiness } from './readiness.ts'
import type { TlsPair } from './tls.ts'

/**
 * @param tls what `config.tls` names, where the server speaks TLS
 * @param isSealed whether it is a root key that is waited for
 */
export async function createWaitingServer(
  tls: TlsPair | undefined,
  isSealed: () => boolean = () => false,
): Promise<FastifyInstance> {
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
  const status = (): Readiness => (isSealed() ? 'sealed' : 'starting')
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => reply.code(503).send({ status: status() }))
  app.setErrorHandler(answer)
  app.setNotFoundHandler(() => {
    if (isSealed()) throw sealed()
    throw new Refusal('overloaded', 'The server is starting, and waits for its store. Try again shortly.', {
      headers: { 'retry-after': '1' },
    })
  })
  return app
}

function sealed(): Refusal {
  return new Refusal(
    'sealed',
    'The server has no root key yet: none of those in its settings can be used now. Try again later.',
    {
      headers: { 'retry-after': '5' },
    },
  )
}

function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return answerAt(request.url)(error, request, reply)
}
