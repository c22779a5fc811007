/** `/metrics` on an address of its own, with `/healthz` and `/readyz`: whoever asks there has no certificate to show. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Scrape } from './metrics.ts'
import { serveOpenRoutes } from './open-route.ts'
import { type HealthContext, healthRoutes, metricsRoutes } from './routes/open/health.ts'

export function createMetricsServer(scrape: Scrape, health: HealthContext, logger: Logger): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = logger
  const app = Fastify({ loggerInstance, logController: new LogController({ disableRequestLogging: true }) })
  serveOpenRoutes(app, { scrape }, metricsRoutes)
  serveOpenRoutes(app, health, healthRoutes)
  return app
}
