/** What an operator watches of the sinks of the audit trail. Each has the name that the settings give it. */
import { performance } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { SinkState } from '../store/followers.ts'
import type { Store } from '../store/store.ts'
import { ObjectCounter } from './object-counts.ts'

/** Lags are looked at anew after so long. */
const minAgeMs = 5_000

interface Sink {
  readonly name: string
  readonly accountIds: readonly number[]
}

export type SinkMetrics = ReturnType<typeof createSinkMetrics>

export function createSinkMetrics(registers: Registry[]) {
  const labelNames = ['sink'] as const
  return {
    position: new Gauge({
      name: 'strongroom_audit_sink_position_records',
      help: 'Records that the receiver of a sink of the audit trail has, over all accounts.',
      labelNames,
      registers,
    }),
    lag: new Gauge({
      name: 'strongroom_audit_sink_lag_records',
      help: 'Records that the receiver of a sink does not have yet.',
      labelNames,
      registers,
    }),
    lagSeconds: new Gauge({
      name: 'strongroom_audit_sink_lag_seconds',
      help: 'How old the oldest record is that the receiver of a sink does not have; 0 when it has all.',
      labelNames,
      registers,
    }),
    sent: new Counter({
      name: 'strongroom_audit_sink_records_total',
      help: 'Records that this node sent to a sink, and that its receiver took; those that came again too.',
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: 'strongroom_audit_sink_failures_total',
      help: 'Times that the receiver of a sink did not take what this node sent. It is sent again.',
      labelNames,
      registers,
    }),
    rejected: new Counter({
      name: 'strongroom_audit_sink_rejected_records_total',
      help: 'Records that a collector of OpenTelemetry said it keeps out for good (partial success). They are not sent again.',
      labelNames,
      registers,
    }),
  }
}

/** @returns what takes down how far each has come, as every node sees it in the store */
export function sinkLooker(
  metrics: SinkMetrics,
  store: Pick<Store, 'sinks'>,
  sinks: readonly Sink[],
  now: () => number,
): () => Promise<void> {
  const looks = sinks.map(({ name, accountIds }) => ({
    name,
    counter: new ObjectCounter(() => store.sinks.state(name, accountIds), minAgeMs),
  }))
  for (const { name } of sinks) {
    for (const counter of [metrics.sent, metrics.failures, metrics.rejected]) counter.labels(name).inc(0)
  }
  return async () => {
    const found = looks.map(async ({ name, counter }) => ({ name, state: await counter.take(() => performance.now()) }))
    for (const { name, state } of await Promise.all(found)) show(metrics, name, state, now())
  }
}

/** Numbers that are not known are not shown, rather than the last ones that were. */
function show(metrics: SinkMetrics, sink: string, state: SinkState | undefined, now: number): void {
  const { position, lag, lagSeconds } = metrics
  if (state === undefined) {
    for (const gauge of [position, lag, lagSeconds]) gauge.remove({ sink })
    return
  }
  position.set({ sink }, state.taken)
  lag.set({ sink }, state.left)
  lagSeconds.set({ sink }, state.oldestAt === undefined ? 0 : Math.max(0, now - state.oldestAt) / 1000)
}
