/** What a route of the Vault API is, and how it is served: one definition, as of the other APIs, of what its clients ask for. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { VaultRefusal } from './answers.ts'
import { listMethod } from './list-method.ts'
import { keepAnswer, wrapSecondsOf } from './wrapped.ts'

/** As its clients send them: `PUT` is `POST`, everywhere. */
export type VaultMethod = 'GET' | 'LIST' | 'POST' | 'PATCH' | 'DELETE'

export interface VaultRoute {
  readonly method: VaultMethod
  /** Below `/v1`, as the router takes it. */
  readonly path: string
  /** What it does, without a period. */
  readonly summary: string
  /** Who may ask: an API key, or anybody. */
  readonly scope: 'key' | 'open'
  /** Whether its answer cannot be wrapped (`X-Vault-Wrap-TTL`). */
  readonly isSentPlain?: boolean
  /** Called once for each server; what it returns, for each request: it gives the body of the answer, or none, which is 204. */
  readonly use: (context: Context) => (request: VaultRequest, reply: FastifyReply) => Promise<object | undefined>
}

export type VaultRequest = FastifyRequest<{
  Params: Readonly<Record<string, string | undefined>>
  Querystring: Readonly<Record<string, unknown>>
}>

const methods: Readonly<Record<VaultMethod, readonly string[]>> = {
  GET: ['GET'],
  LIST: [listMethod],
  POST: ['POST', 'PUT'],
  PATCH: ['PATCH'],
  DELETE: ['DELETE'],
}

export function serveVaultRoutes(app: FastifyInstance, context: Context, routes: readonly VaultRoute[]): void {
  for (const { method, path, scope, isSentPlain = false, use } of routes) {
    const handle = use(context)
    app.route<{ Params: VaultRequest['params']; Querystring: VaultRequest['query'] }>({
      method: [...methods[method]],
      url: path,
      exposeHeadRoute: false,
      config: {
        ...(scope === 'open' ? { isOpen: true } : { isKeyOnly: true }),
        ...{ isAcceptIgnored: true, isBodyOptional: true },
      },
      handler: async (request, reply) => {
        const kept = wrapSecondsOf(request)
        if (kept > 0 && isSentPlain)
          throw new VaultRefusal(400, 'this is not wrapped again: leave out X-Vault-Wrap-TTL')
        const body = await handle(request, reply)
        if (body === undefined) return reply.code(204).send()
        return kept > 0 && 'wrap_info' in body ? keepAnswer(context, request, body, kept) : body
      },
    })
  }
}
