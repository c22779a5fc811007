/** Everything that the server serves: both APIs, each with its key check, and what is open to anybody. */
import type { FastifyInstance } from 'fastify'
import { checkKeysOf } from './asker.ts'
import { type OpenContext, serveOpenRoutes } from './open-route.ts'
import { routes } from './routes/all.ts'
import { openRoutes } from './routes/open/all.ts'
import { metricsRoutes } from './routes/open/health.ts'
import { secretListRoutes } from './routes/secret-lists/all.ts'
import { serveLists } from './secret-lists/plugin.ts'
import { serveRoutes } from './serve-routes.ts'

/** @param hasMetrics whether they have no address of their own */
export async function serveApis(app: FastifyInstance, context: OpenContext, hasMetrics: boolean): Promise<void> {
  serveOpenRoutes(app, context, [...openRoutes, ...(hasMetrics ? metricsRoutes : [])])
  await app.register(async (v3) => {
    checkKeysOf(v3, context)
    await serveRoutes(v3, context, routes)
  })
  await serveLists(app, context, secretListRoutes)
}
