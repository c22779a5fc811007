/**
 * 405 with `Allow` for every method that a path does not take. The router knows the methods that there are; for any other
 * the path is looked up here.
 */
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import findMyWay from 'find-my-way'
import { methodNotAllowed, NoSuchPath } from './problem.ts'

/** A path that is there, as the router writes it, and its methods; none where whatever is not there is refused. */
export interface KnownPath {
  readonly path: string
  readonly allowed: readonly string[]
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The path that a request goes to without taking its method. */
    knownPathOf: (request: FastifyRequest) => KnownPath | undefined
  }
}

/**
 * Refuses methods that a path does not take, and whatever is not there below `refused`, before anything of it is read: of
 * all routes that are registered from here on.
 *
 * @param refused paths of which the clients want to hear by their own form, such as `/secrets/*`
 */
export function refuseOtherMethods(app: FastifyInstance, refused: readonly string[], maxParamLength: number): void {
  const methods = new Map<string, string[]>(refused.map((path) => [path, []]))
  app.addHook('onRoute', ({ method, url }: RouteOptions) => {
    methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()])
  })
  let find: ((url: string) => KnownPath | undefined) | undefined
  app.decorate('knownPathOf', ({ is404, raw, params, routeOptions: { url } }) => {
    // A path that lacks the method may lie below another's star, or be what stands where another has an id: the router
    // then turns to that one.
    if (!is404 && url?.endsWith('*') !== true && hasOnlyIds(params)) return undefined
    find ??= finderOf(methods, maxParamLength)
    const known = find(raw.url ?? '')
    return known?.path === url ? undefined : known
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const known = app.knownPathOf(request)
    if (known === undefined) return done()
    done(known.allowed.length === 0 ? new NoSuchPath() : methodNotAllowed(known.allowed))
  })
}

function hasOnlyIds(params: unknown): boolean {
  return Object.values(Object(params)).every((one) => /^\d*$/.test(String(one)))
}

/** The path of a request as the routes write it, for the log, the metrics and the traces. */
export function routeOf(request: FastifyRequest): string | undefined {
  return request.routeOptions.url ?? request.server.knownPathOf(request)?.path
}

/** Made when somebody first asks: by the same router, which has each path once. */
function finderOf(methods: ReadonlyMap<string, readonly string[]>, maxParamLength: number) {
  const router = findMyWay({ maxParamLength })
  const known = new Map<unknown, KnownPath>()
  for (const [path, allowed] of methods) {
    const handler = () => {}
    known.set(handler, { path, allowed })
    router.on('GET', path, handler)
  }
  return (url: string) => known.get(router.find('GET', url)?.handler)
}
