/** `/healthz`, `/readyz` and `/metrics`: what whoever operates the server asks it. */
import { Registry } from 'prom-client'
import type { OpenContext, OpenRoute } from '../../open-route.ts'
import { type Readiness, ReadinessProbe } from '../../readiness.ts'

export type HealthContext = Pick<OpenContext, 'vault' | 'isDraining'>

export const healthRoutes: readonly OpenRoute<HealthContext>[] = [
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
    use: ({ vault, isDraining }) => {
      const probe = new ReadinessProbe(vault.store)
      return async (_request, reply) => {
        const status: Readiness = isDraining() ? 'draining' : await probe.find()
        const conditions = vault.store.conditions.all.map(({ name, detail }) => ({ name, detail }))
        return reply
          .code(status === 'ready' ? 200 : 503)
          .send({ status, ...(conditions.length === 0 ? {} : { conditions }) })
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
