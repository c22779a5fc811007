/** `/metrics` on an address of its own. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Scrape } from './metrics.ts'
import { serveOpenRoutes } from './open-route.ts'
import { metricsRoutes } from './routes/open/health.ts'

export function createMetricsServer(scrape: Scrape, logger: Logger): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = logger
  const app = Fastify({ loggerInstance, logController: new LogController({ disableRequestLogging: true }) })
  serveOpenRoutes(app, { scrape }, metricsRoutes)
  return app
}
