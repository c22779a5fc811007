/** Everything that the server serves beside its health: each API as a plugin, the portal, the reference. */
import type { FastifyInstance } from 'fastify'
import type { Context } from './context.ts'
import { lists } from './lists/lists.ts'
import { portal } from './portal.ts'
import { reference } from './reference.ts'
import { seed } from './seed.ts'
import { ssoCallback } from './sso.ts'
import { v3 } from './v3/v3.ts'

export async function serveApis(app: FastifyInstance, context: Context, portalDir: string | undefined): Promise<void> {
  await app.register(reference)
  await app.register(v3(context), { prefix: '/v3' })
  await app.register(seed(context))
  await app.register(ssoCallback(context))
  await app.register(portal(portalDir))
  await app.register(lists(context), { prefix: '/api' })
  // Clients resolve relative paths: a base URL without /api/ works too.
  await app.register(lists(context))
}
