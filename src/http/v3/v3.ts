/** The v3 API as one plugin: its key check, its routes, and 405 for every other method. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { checkKeysOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { collectMethods, refuseOtherMethods } from '../methods.ts'
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
