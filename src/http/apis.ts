/** Everything that the server serves beside its health: each API as a plugin, the portal, the reference. */
import type { FastifyInstance } from 'fastify'
import { checkKeysOf } from './asker.ts'
import type { Context } from './context.ts'
import { portal } from './portal.ts'
import { reference } from './reference.ts'
import { routes } from './routes/all.ts'
import { secretListRoutes } from './routes/secret-lists/all.ts'
import { serveLists } from './secret-lists/plugin.ts'
import { seed } from './seed.ts'
import { serveRoutes } from './serve-routes.ts'
import { ssoCallback } from './sso.ts'

export async function serveApis(app: FastifyInstance, context: Context, portalDir: string | undefined): Promise<void> {
  await app.register(reference)
  await app.register(async (v3) => {
    checkKeysOf(v3, context)
    await serveRoutes(v3, context, routes)
  })
  await app.register(seed(context))
  await app.register(ssoCallback(context))
  await app.register(portal(portalDir))
  await serveLists(app, context, secretListRoutes)
}
