/**
 * The Secret Lists API, as the vendor's published clients and Terraform provider call it: the same secrets as `/v3`,
 * in lists. Its envelope and its traps: docs/netactuate.md.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { checkCharset } from '../../json.ts'
import { checkKeysOf } from '../asker.ts'
import { readBody } from '../bodies.ts'
import type { Context } from '../context.ts'
import { NoSuchPath } from '../problem.ts'
import type { Route } from '../route.ts'
import { serveRoutes } from '../serve-routes.ts'
import { answerInEnvelope } from './envelope.ts'
import { parseForm } from './form.ts'

/** Where the API is, and what its routes' paths begin with. */
const prefix = '/api'

/** Whatever is not there below these is refused in the envelope, wherever the API is. */
export const refusedPaths = ['/secrets', '/secrets/*', '/cloud', '/cloud/*'].flatMap((path) => [prefix + path, path])

/** Whether a client of this API asks for the path: any below `/api`, and at the root those that its calls begin with. */
export function isListsPath(path: string): boolean {
  return /^\/(api|secrets|cloud)(\/|$)/.test(path)
}

/** Answers in the envelope. */
export function answerListsError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return answerInEnvelope(error, request, reply, isAboutValue(request) ? 'secret_key' : 'name')
}

/** Serves the routes below `/api`, and at the root too: clients resolve relative paths, so a base URL without it works. */
export async function serveLists(app: FastifyInstance, context: Context, routes: readonly Route[]): Promise<void> {
  for (const at of [prefix, '']) {
    await app.register(
      async (api) => {
        checkKeysOf(api, context, 'lists', answerListsError)
        acceptForms(api, context)
        if (at !== '') api.setNotFoundHandler(refuse)
        await serveRoutes(api, context, routes, prefix)
      },
      { prefix: at },
    )
  }
}

function refuse(): never {
  throw new NoSuchPath()
}

/** Of the longest value, with three characters for each byte of its text. */
function acceptForms(app: FastifyInstance, { vault }: Context): void {
  const longest = Math.max(vault.maxValueBytes, Math.ceil(vault.maxFileBytes / 3) * 4)
  const bodyLimit = 3 * longest + 16 * 1024
  const type = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(type, async (request: FastifyRequest, payload: IncomingMessage) => {
    checkCharset(request.headers['content-type'])
    return parseForm(await readBody(request, payload, bodyLimit))
  })
}

function isAboutValue({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url?.includes('/values') ?? false
}
