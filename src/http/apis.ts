/** Everything that the server serves: the APIs, each with its key check, and what is open to anybody. */
import type { FastifyInstance } from 'fastify'
import { checkKeysOf } from './asker.ts'
import { type OpenContext, serveOpenRoutes } from './open-route.ts'
import { routes } from './routes/all.ts'
import { openRoutes } from './routes/open/all.ts'
import { metricsRoutes } from './routes/open/health.ts'
import { secretListRoutes } from './routes/secret-lists/all.ts'
import { serveLists } from './secret-lists/plugin.ts'
import { serveRoutes } from './serve-routes.ts'

interface Served {
  /** Whether they have no address of their own. */
  readonly hasMetrics: boolean
  readonly isVaultApiServed: boolean
  readonly speaksTls: boolean
}

export async function serveApis(
  app: FastifyInstance,
  context: OpenContext,
  { hasMetrics, isVaultApiServed, speaksTls }: Served,
): Promise<void> {
  serveOpenRoutes(app, context, [...openRoutes, ...(hasMetrics ? metricsRoutes : [])])
  await app.register(async (v3) => {
    checkKeysOf(v3, context, 'v3')
    await serveRoutes(v3, context, routes)
  })
  await serveLists(app, context, secretListRoutes)
  if (!isVaultApiServed) return
  const [{ serveVaultApi }, { vaultRoutes }] = await Promise.all([
    import('./vault-api/plugin.ts'),
    import('./routes/vault-api/all.ts'),
  ])
  await serveVaultApi(app, context, vaultRoutes, speaksTls)
}
