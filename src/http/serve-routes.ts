/** Serves routes by their definitions: what the router checks and writes, who is let in, how long a body may be. */
import type { IncomingMessage } from 'node:http'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import { readBody } from './bodies.ts'
import type { Context } from './context.ts'
import { noteRepeats } from './once.ts'
import { toRefusal } from './problem.ts'
import { type Facts, hasFields, type Route, type Served, takesEnvironment } from './route.ts'
import { checkFromPortal } from './session-cookie.ts'

/**
 * @param app a plugin whose key check stands before the routes
 * @param prefix of the paths, which the plugin has
 */
export async function serveRoutes(
  app: FastifyInstance,
  context: Context,
  routes: readonly Route[],
  prefix = '',
): Promise<void> {
  for (const route of routes) {
    if (!takesBytes(route)) route.serve(app, context, servedBy(route, prefix))
  }
  const ofBytes = routes.filter(takesBytes)
  if (ofBytes.length === 0) return
  // In a plugin of its own: here a body of any type is a value.
  await app.register(async (inner) => {
    inner.removeAllContentTypeParsers()
    inner.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
      readBody(request, payload, request.routeOptions.bodyLimit),
    )
    for (const route of ofBytes) {
      route.serve(inner, context, { ...servedBy(route, prefix), bodyLimit: context.maxFileBytes })
    }
  })
}

function takesBytes({ schemas }: Facts): boolean {
  return schemas.body.kind === 'bytes'
}

function servedBy(route: Facts, prefix: string): Served {
  const { method, path, scope, schemas, repeat, operationId } = route
  const bodyLimit = schemas.body.kind === 'json' ? schemas.body.maxBytes : undefined
  return {
    method,
    url: path.slice(prefix.length),
    schema: checkedBy(route),
    config: configOf(route),
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    ...(scope === 'portal' ? { onRequest: refuseOtherSites } : {}),
    ...(repeat === 'keyed' ? { preHandler: noteRepeats(operationId) } : {}),
  }
}

/** What a request is checked by, and an answer is written by. A success that is no JSON is sent as it is. */
function checkedBy({ api, schemas: { params, query, body, answers } }: Facts): FastifySchema {
  // Its clients send what they like: its routes check by hand.
  if (api === 'lists') return {}
  const written = Object.entries(answers).filter(([, answer]) => !('content' in answer))
  return {
    ...(hasFields(params) ? { params } : {}),
    querystring: query,
    ...(body.kind === 'json' ? { body: body.schema } : {}),
    ...(written.length === 0 ? {} : { response: Object.fromEntries(written) }),
  }
}

function configOf(route: Facts): FastifyContextConfig {
  const { api, scope, schemas } = route
  const { body } = schemas
  return {
    ...(takesEnvironment(route) ? { environment: api === 'lists' ? 'strict' : 'meant' } : {}),
    ...(scope === 'portal' || scope === 'open' ? { isOpen: true } : {}),
    // Clients ask for all sorts of types, and read JSON.
    ...(api === 'lists' ? { isAcceptIgnored: true } : {}),
    // As an empty form is: HTTP libraries name a type for a body that they then leave empty.
    ...(body.kind === 'form' ? { isBodyOptional: true } : {}),
  }
}

/** Refuses what does not come from the portal, before anything of it is read. */
function refuseOtherSites(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  try {
    checkFromPortal(request)
    done()
  } catch (error) {
    done(toRefusal(error))
  }
}
