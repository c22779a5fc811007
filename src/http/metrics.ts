/** What an operator watches, in Prometheus' text format. No label ever holds a name or an id of a caller. */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'strongroom_http_request_duration_seconds',
      help: 'Time to answer a request.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    batchOperations: new Histogram({
      name: 'strongroom_store_batch_operations',
      help: 'Operations that shared one transaction.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'strongroom_store_batch_duration_seconds',
      help: 'Time from sending a batch to the store until it was durable.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    refusedKeys: new Counter({
      name: 'strongroom_authentication_failures_total',
      help: 'Requests refused because their API key was missing, malformed, unknown, expired, revoked or out of its networks.',
      labelNames: ['reason'],
      registers,
    }),
    integrityFailures: new Counter({
      name: 'strongroom_integrity_failures_total',
      help: 'Rows or values that failed their integrity check. Any is an alarm.',
      labelNames: ['object'],
      registers,
    }),
  }
}
