/** `/healthz`, `/readyz` and `/metrics`: what whoever operates the server asks it. */
import { Registry } from 'prom-client'
import type { OpenContext, OpenRoute } from '../../open-route.ts'

export const healthRoutes: readonly OpenRoute[] = [
  {
    path: '/healthz',
    isHeadServed: true,
    isNeverShed: true,
    use: () => () => ({ status: 'ok' }),
  },
  {
    path: '/readyz',
    isHeadServed: true,
    isNeverShed: true,
    use:
      ({ vault, isDraining }) =>
      async (_request, reply) => {
        if (isDraining()) return reply.code(503).send({ status: 'draining' })
        try {
          await vault.store.ping()
          return { status: 'ready' }
        } catch {
          return reply.code(503).send({ status: 'store unavailable' })
        }
      },
  },
]

/** Served with the API, or on an address of their own. */
export const metricsRoutes: readonly OpenRoute<Pick<OpenContext, 'scrape'>>[] = [
  {
    path: '/metrics',
    isHeadServed: true,
    isNeverShed: true,
    use:
      ({ scrape }) =>
      async (_request, reply) =>
        reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await scrape()),
  },
]
