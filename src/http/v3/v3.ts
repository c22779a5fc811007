/** The v3 API as one plugin: its key check, its routes, and 405 for every other method. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { checkKeysOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { methodNotAllowed } from '../problem.ts'
import { accountRoutes } from './account.ts'
import { auditRoutes } from './audit.ts'
import { deploymentRoutes } from './deployments.ts'
import { fingerprintRoutes } from './fingerprints.ts'
import { keyRoutes } from './keys.ts'
import { contentsOfListRoutes, listRoutes } from './lists.ts'
import { machineRoutes, settingsRoutes } from './machines.ts'
import { contentRoutes, metadataRoutes } from './metadata.ts'
import { peopleRoutes } from './people-routes.ts'
import { renderRoutes } from './render.ts'
import { secretRoutes } from './secrets.ts'
import { seedRoutes } from './seeds.ts'
import { versionRoutes } from './versions.ts'

export function v3(context: Context) {
  return async (app: FastifyInstance) => {
    checkKeysOf(app, context)
    const methods = collectMethods(app)
    const typed = app.withTypeProvider<TypeBoxTypeProvider>()
    secretRoutes(typed, context)
    versionRoutes(typed, context)
    metadataRoutes(typed, context)
    await typed.register(contentRoutes(context))
    listRoutes(typed, context)
    contentsOfListRoutes(typed, context)
    renderRoutes(typed, context)
    seedRoutes(typed, context)
    deploymentRoutes(typed, context)
    fingerprintRoutes(typed, context)
    keyRoutes(typed, context)
    machineRoutes(typed, context)
    settingsRoutes(typed, context)
    accountRoutes(typed, context)
    peopleRoutes(typed, context)
    auditRoutes(typed, context)
    refuseOtherMethods(app, methods)
  }
}

function collectMethods(app: FastifyInstance): Map<string, string[]> {
  const methods = new Map<string, string[]>()
  app.addHook('onRoute', ({ method, url }: RouteOptions) => {
    methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()])
  })
  return methods
}

/** 405 with `Allow` for every method that a path does not take. */
function refuseOtherMethods(app: FastifyInstance, methods: ReadonlyMap<string, string[]>): void {
  for (const [url, allowed] of [...methods]) {
    const others = app.supportedMethods.filter((method) => !allowed.includes(method))
    app.route({
      method: others,
      url: url.slice(app.prefix.length),
      schema: { hide: true },
      config: { isOpen: true },
      onRequest: (_request, _reply, done) => done(methodNotAllowed(allowed)),
      handler: () => null,
    })
  }
}
