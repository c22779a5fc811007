/**
 * A route beside the APIs: health, metrics, seeds, the portal. No key is asked for, and no description has it, but all else
 * of it is said in one place, too.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from './context.ts'
import type { Scrape } from './metrics.ts'

/** What these routes have of the server beside what the APIs have. */
export interface OpenContext extends Context {
  /** Where the built portal is; without it, where the build puts it. */
  readonly portalDir: string | undefined
  readonly scrape: Scrape
  /** Whether the server is about to stop. */
  readonly isDraining: () => boolean
}

interface Asked {
  Params: Readonly<Record<string, string | undefined>>
}

/** With what it needs of the server. */
export interface OpenRoute<Needs = OpenContext> {
  /** As the router takes it; each is a `GET`. */
  readonly path: string
  /** Whether `HEAD` looks at it: not at what that would use up. */
  readonly isHeadServed: boolean
  /** Whether it is answered however much there is to do. */
  readonly isNeverShed: boolean
  /** Called once for each server; what it returns, for each request. */
  readonly use: (context: Needs) => (request: FastifyRequest<Asked>, reply: FastifyReply) => unknown
}

export function serveOpenRoutes<Needs>(
  app: FastifyInstance,
  context: Needs,
  routes: readonly OpenRoute<Needs>[],
): void {
  for (const { path, isHeadServed, isNeverShed, use } of routes) {
    app.route<Asked>({
      method: 'GET',
      url: path,
      exposeHeadRoute: isHeadServed,
      config: isNeverShed ? { isNeverShed } : {},
      handler: use(context),
    })
  }
}
