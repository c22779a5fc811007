/** What answers while the store is not there yet: that the process is up, and not ready. */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Registry } from 'prom-client'
import type { Way } from '../crypto/providers/shares.ts'
import { Refusal } from '../errors.ts'
import { answerAt } from './api-of-path.ts'
import type { Readiness } from './readiness.ts'
import { createSealedGauge } from './root-key-metrics.ts'
import { sealedPage, sealedRefusal, serveUnsealing, serveVaultHealth, type Unsealing } from './sealed.ts'
import type { TlsPair } from './tls.ts'

export interface WaitingOptions {
  /** What `config.tls` names, where the server speaks TLS. */
  readonly tls?: TlsPair | undefined
  /** Whether it is a root key that is waited for. */
  readonly isSealed?: () => boolean
  /** Of a root key that people have the shares of. */
  readonly unsealing?: Unsealing | undefined
  /** By which way those come who ask here for it; `undefined` where no shares are taken. */
  readonly way?: Way | undefined
  readonly isVaultApiServed?: boolean
  /** Whether `/metrics` is here. */
  readonly hasMetrics?: boolean
}

/** Nobody keeps it waiting: it may have to wait long. */
const limits = { connections: 512, headersMs: 5_000, requestMs: 10_000 } as const
/** Of a page that holds nothing but words. */
const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

export async function createWaitingServer({
  tls,
  isSealed = () => false,
  unsealing,
  way,
  isVaultApiServed = false,
  hasMetrics = false,
}: WaitingOptions): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: true,
    forceCloseConnections: true,
    requestTimeout: limits.requestMs,
    http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: 1000 },
    frameworkErrors: (error, request, reply) => {
      // What cannot be routed is no different from what is not there.
      reply.header('connection', 'close')
      void answer(
        isSealed() ? sealedRefusal(unsealing?.shares) : error,
        request as FastifyRequest,
        reply as FastifyReply,
      )
    },
    ...(tls === undefined ? {} : { serverFactory: (await import('./serve-tls.ts')).tlsServer(tls, {}) }),
  })
  app.server.maxConnections = limits.connections
  app.addHook('onRequest', (request, reply, done) => {
    // The server that comes takes the address over: nobody stays with this one.
    reply.header('connection', 'close')
    // Whatever the body would be: it is not read.
    if (request.is404) throw refusalNow()
    done()
  })
  const refusalNow = () =>
    isSealed()
      ? sealedRefusal(unsealing?.shares)
      : new Refusal('overloaded', 'The server is starting, and waits for its store. Try again shortly.', {
          headers: { 'retry-after': '1' },
        })
  const status = (): Readiness => (isSealed() ? 'sealed' : 'starting')
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) =>
    reply.code(503).send({ status: status(), ...sharesShown(unsealing, isSealed()) }),
  )
  for (const path of ['/', '/portal', '/portal/*']) {
    app.get(path, (_request, reply) => {
      if (!isSealed()) throw refusalNow()
      return reply
        .code(503)
        .headers({ 'retry-after': '5', 'cache-control': 'no-store', 'content-security-policy': pagePolicy })
        .type('text/html; charset=utf-8')
        .send(sealedPage(unsealing?.shares))
    })
  }
  if (hasMetrics) {
    const registry = new Registry()
    createSealedGauge([registry]).set(1)
    app.get('/metrics', async (_request, reply) => {
      if (!isSealed()) throw refusalNow()
      return reply.type(registry.contentType).send(await registry.metrics())
    })
  }
  if (isVaultApiServed) serveVaultHealth(app, isSealed, unsealing?.shares)
  if (unsealing !== undefined && way !== undefined) serveUnsealing(app, unsealing, way)
  app.setErrorHandler(answer)
  app.setNotFoundHandler(() => {
    throw refusalNow()
  })
  return app
}

function sharesShown(unsealing: Unsealing | undefined, isSealed: boolean) {
  if (unsealing === undefined || !isSealed) return {}
  const { threshold, count, have } = unsealing.shares.progress
  return { unseal: { threshold, shares: count, have } }
}

function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return answerAt(request.url)(error, request, reply)
}
