/** 405 with `Allow` for every method that a path does not take. */
import type { FastifyInstance, RouteOptions } from 'fastify'
import { methodNotAllowed } from './problem.ts'

/** Takes down which methods the routes of the plugin have, from here on. */
export function collectMethods(app: FastifyInstance): ReadonlyMap<string, string[]> {
  const methods = new Map<string, string[]>()
  app.addHook('onRoute', ({ method, url }: RouteOptions) => {
    methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()])
  })
  return methods
}

/** Refuses all others; of the whole server, where a plugin has not done so for its own. */
export function refuseOtherMethods(app: FastifyInstance, methods: ReadonlyMap<string, string[]>): void {
  for (const [url, allowed] of [...methods]) {
    const others = app.supportedMethods.filter((method) => !allowed.includes(method))
    if (others.length === 0) continue
    app.route({
      method: others,
      url: url.slice(app.prefix.length),
      exposeHeadRoute: false,
      schema: { hide: true },
      config: { isOpen: true },
      onRequest: (_request, _reply, done) => done(methodNotAllowed(allowed)),
      handler: () => null,
    })
  }
}
