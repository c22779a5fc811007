/** What an operator watches, in Prometheus' text format. No label ever holds a name or an id of a caller. */
import { performance } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { faults } from '../oidc/token.ts'
import type { BatchReport, ObjectCounts, Store } from '../store/store.ts'
import { conditionNames } from '../store/watched.ts'
import { archiveLooker, createArchiveMetrics } from './archive-metrics.ts'
import { ObjectCounter } from './object-counts.ts'
import { createRootKeyMetrics, type RootKeyFound, showAccountKeys, showRootKey } from './root-key-metrics.ts'
import { createSinkMetrics, sinkLooker } from './sink-metrics.ts'

export { archiveLooker, type RootKeyFound, showAccountKeys, showRootKey, sinkLooker }

export type Metrics = ReturnType<typeof createMetrics>

const storeBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

/** @param isOpen whether anybody may ask for them: they have no address of their own */
export function createMetrics(isOpen = false) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const metrics = {
    registry,
    requestSeconds: new Histogram({
      name: 'strongroom_http_request_duration_seconds',
      help: 'Time to answer a request.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    limitedRequests: new Counter({
      name: 'strongroom_limited_requests_total',
      help: 'Requests answered with 429: too many from one address, from one API key, or from one address without a usable key.',
      labelNames: ['limit'],
      registers,
    }),
    closedConnections: new Counter({
      name: 'strongroom_closed_connections_total',
      help: 'Connections closed at the door: too many of one address or of all, one that asked for nothing while there were too many, one that sent or read too slowly, or one that did not come to speak TLS.',
      labelNames: ['reason'],
      registers,
    }),
    certificateEnd: new Gauge({
      name: 'strongroom_tls_certificate_end_seconds',
      help: 'When the certificate that is served ends, in seconds since 1970; 0 without TLS.',
      registers,
    }),
    connections: new Gauge({
      name: 'strongroom_connections',
      help: 'Connections that are open, on the main address.',
      registers,
    }),
    listeners: new Gauge({
      name: 'strongroom_event_listeners',
      help: 'Who listens to events on this server, by streams and by requests that wait.',
      registers,
    }),
    bodyBytes: new Gauge({
      name: 'strongroom_request_body_bytes',
      help: 'Held of bodies of requests: of callers whose API key or session was checked (known), and of anybody (stranger). Of each kind there is room for so much; beyond, requests are answered with 503.',
      labelNames: ['sender'],
      registers,
    }),
    shedRequests: new Counter({
      name: 'strongroom_requests_shed_total',
      help: 'Requests answered with 503 at once, because the event loop or the store was behind, or the bodies being read took too much.',
      labelNames: ['reason'],
      registers,
    }),
    refusedKeys: new Counter({
      name: 'strongroom_authentication_failures_total',
      help: 'Requests refused because their API key was missing, malformed, unknown, expired, revoked or out of its networks.',
      labelNames: ['reason'],
      registers,
    }),
    seedFetches: new Counter({
      name: 'strongroom_seed_fetches_total',
      help: 'Documents asked for with the token of a seed: served, lost on their way, refetched (asked for again at a later boot, and answered without a value), or the code of the refusal (not_found for a token that is wrong, expired or revoked).',
      labelNames: ['outcome'],
      registers,
    }),
    tokenExchanges: new Counter({
      name: 'strongroom_token_exchanges_total',
      help: 'Tokens of jobs that were traded for an API key (issued), or why not: what is wrong with the token, or the code of the refusal.',
      labelNames: ['outcome'],
      registers,
    }),
    webhookTries: new Counter({
      name: 'strongroom_webhook_tries_total',
      help: 'Events that this node sent to webhooks: delivered, to be sent again, or given up (failed).',
      labelNames: ['outcome'],
      registers,
    }),
    webhookDeliveries: new Gauge({
      name: 'strongroom_webhook_deliveries',
      help: 'Events of webhooks, of all nodes: those that wait to be sent or sent again, and those of the last 30 days that were given up (failed).',
      labelNames: ['state'],
      registers,
    }),
    webhookOldest: new Gauge({
      name: 'strongroom_webhook_oldest_waiting_seconds',
      help: 'How long the oldest event waits that is to be sent to a webhook; 0 when none does.',
      registers,
    }),
    decoyReads: new Counter({
      name: 'strongroom_decoy_reads_total',
      help: 'Values of decoys that this node handed out: any is an alarm. Only where metrics have an address of their own, as whoever may ask before a read and after would know by it.',
      registers: isOpen ? [] : registers,
    }),
    auditIndexLag: new Gauge({
      name: 'strongroom_audit_index_lag_records',
      help: 'Audit records of whole segments (65,536 records of an account) that have no index yet: to find something in them takes longer.',
      registers,
    }),
    integrityFailures: new Counter({
      name: 'strongroom_integrity_failures_total',
      help: 'Rows or values that failed their integrity check. Any is an alarm.',
      labelNames: ['object'],
      registers,
    }),
    backlog: new Gauge({
      name: 'strongroom_audit_backlog_operations',
      help: 'Operations without a durable record, so unanswered: waiting for a batch, or sent to the store. More than 20000 that wait are refused.',
      labelNames: ['state'],
      registers,
    }),
    oldestBatch: new Gauge({
      name: 'strongroom_store_oldest_batch_seconds',
      help: 'How long the oldest batch is on its way to the store; 0 when none is.',
      registers,
    }),
    waitSeconds: new Histogram({
      name: 'strongroom_store_wait_duration_seconds',
      help: 'Time that the first operation of a batch waited until the batch was sent.',
      buckets: storeBuckets,
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'strongroom_store_batch_duration_seconds',
      help: 'Time from sending a batch to the store until it was durable.',
      buckets: storeBuckets,
      registers,
    }),
    batchOperations: new Histogram({
      name: 'strongroom_store_batch_operations',
      help: 'Operations that shared one transaction.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    }),
    failedBatches: new Counter({
      name: 'strongroom_store_failed_batches_total',
      help: 'Batches that the store did not make durable, or may not have; everybody in them got this error code.',
      labelNames: ['code'],
      registers,
    }),
    storeUp: new Gauge({
      name: 'strongroom_store_up',
      help: 'Whether the store answered when its rows were last to be counted; when not, the counts below are left out.',
      registers,
    }),
    diskNearlyFull: new Gauge({
      name: 'strongroom_disk_nearly_full',
      help: 'Whether changes are refused because the reserve of the disk is reached. Always 0 on PostgreSQL.',
      registers,
    }),
    clockSkew: new Gauge({
      name: 'strongroom_clock_skew_seconds',
      help: "How far the clock of this host is ahead of the database's, by which lifetimes count; negative when it is behind. Always 0 on SQLite.",
      registers,
    }),
    storeConditions: new Gauge({
      name: 'strongroom_store_condition',
      help: '1 while something is amiss with the store, as the log and /readyz say in words.',
      labelNames: ['condition'],
      registers,
    }),
    accounts: new Gauge({ name: 'strongroom_accounts', help: 'Accounts.', registers }),
    apiKeys: new Gauge({
      name: 'strongroom_api_keys',
      help: 'API keys that are active, expired or revoked.',
      labelNames: ['state'],
      registers,
    }),
    apiKeysExpiring: new Gauge({
      name: 'strongroom_api_keys_expiring',
      help: 'Active API keys that expire within so many days.',
      labelNames: ['days'],
      registers,
    }),
    secrets: new Gauge({ name: 'strongroom_secrets', help: 'Secrets.', registers }),
    secretsUnchanged: new Gauge({
      name: 'strongroom_secrets_unchanged',
      help: 'Secrets of which nothing has been changed for more than so many days.',
      labelNames: ['days'],
      registers,
    }),
    secretsExpired: new Gauge({
      name: 'strongroom_secrets_expired',
      help: 'Secrets whose expires_at is past. They can still be read.',
      registers,
    }),
    secretsExpiring: new Gauge({
      name: 'strongroom_secrets_expiring',
      help: 'Secrets, not yet expired, that expire within so many days.',
      labelNames: ['days'],
      registers,
    }),
    deployments: new Gauge({
      name: 'strongroom_deployments',
      help: 'Targets that hold the newest versions, or something that is stale: an old version, or a secret that was deleted.',
      labelNames: ['state'],
      registers,
    }),
    keyWraps: new Gauge({
      name: 'strongroom_key_wraps',
      help: 'How often a key that wraps others has been used, at the most: that of one account, and a version of the master key. 2^30 is the end, 2^28 time to replace it.',
      labelNames: ['key'],
      registers,
    }),
    sinks: createSinkMetrics(registers),
    rootKeys: createRootKeyMetrics(registers),
    archive: createArchiveMetrics(registers),
    traceSpans: new Counter({
      name: 'strongroom_trace_spans_total',
      help: 'Spans that the collector of traces took, or that were given up because it did not.',
      labelNames: ['outcome'],
      registers,
    }),
  }
  startAtZero(metrics.limitedRequests, ['address', 'key', 'failures'])
  startAtZero(metrics.closedConnections, ['address', 'all', 'replaced', 'slow_sender', 'slow_reader', 'handshake'])
  startAtZero(metrics.shedRequests, ['delay', 'backlog', 'bytes'])
  startAtZero(metrics.refusedKeys, ['missing', 'malformed', 'refused'])
  startAtZero(metrics.seedFetches, ['served', 'lost', 'refetched', 'not_found'])
  startAtZero(metrics.tokenExchanges, ['issued', ...faults])
  startAtZero(metrics.webhookTries, ['delivered', 'again', 'failed'])
  startAtZero(metrics.integrityFailures, ['secret', 'key'])
  startAtZero(metrics.failedBatches, ['audit_unavailable', 'outcome_unknown', 'storage_full', 'internal'])
  startAtZero(metrics.traceSpans, ['exported', 'lost'])
  return metrics
}

/** A count that is first seen as 1 is no increase to Prometheus, and the first may be the one that matters. */
function startAtZero(counter: Counter, values: readonly string[]): void {
  for (const value of values) counter.labels(value).inc(0)
}

/** What `/metrics` answers. */
export type Scrape = () => Promise<string>

/**
 * With the state of the store as it is when it is asked.
 *
 * @param look takes down what else is to be seen now
 */
export function scrapeOf(
  metrics: Metrics,
  store: Pick<Store, 'backlog' | 'objectCounts' | 'isNearlyFull' | 'clock' | 'conditions'>,
  now: () => number,
  look: () => void | Promise<void> = () => {},
): Scrape {
  const counter = new ObjectCounter(() => store.objectCounts(now()))
  return async () => {
    await look()
    const { waiting, sent, oldestMs } = store.backlog()
    metrics.oldestBatch.set(oldestMs / 1000)
    metrics.backlog.set({ state: 'waiting' }, waiting)
    metrics.backlog.set({ state: 'sent' }, sent)
    metrics.diskNearlyFull.set(store.isNearlyFull() ? 1 : 0)
    metrics.clockSkew.set(store.clock.skewMs / 1000)
    for (const condition of conditionNames) {
      metrics.storeConditions.set({ condition }, store.conditions.all.some(({ name }) => name === condition) ? 1 : 0)
    }
    showObjectCounts(metrics, await counter.take(() => performance.now()))
    return metrics.registry.metrics()
  }
}

/** Numbers that are not known are not shown, rather than the last ones that were. */
function showObjectCounts(metrics: Metrics, objectCounts: ObjectCounts | undefined): void {
  const { storeUp, accounts, apiKeys, apiKeysExpiring } = metrics
  const { secrets, secretsUnchanged, secretsExpired, secretsExpiring, deployments, keyWraps } = metrics
  const { webhookDeliveries, webhookOldest, auditIndexLag } = metrics
  storeUp.set(objectCounts === undefined ? 0 : 1)
  if (objectCounts === undefined) {
    for (const gauge of [accounts, secrets, secretsExpired, webhookOldest, auditIndexLag]) gauge.remove()
    const labelled = [apiKeys, apiKeysExpiring, secretsUnchanged, secretsExpiring, deployments, keyWraps]
    for (const gauge of [...labelled, webhookDeliveries]) gauge.reset()
    return
  }
  accounts.set(objectCounts.accounts)
  auditIndexLag.set(objectCounts.notIndexed)
  apiKeys.set({ state: 'active' }, objectCounts.keys.active)
  apiKeys.set({ state: 'expired' }, objectCounts.keys.expired)
  apiKeys.set({ state: 'revoked' }, objectCounts.keys.revoked)
  apiKeysExpiring.set({ days: 7 }, objectCounts.keys.within7Days)
  apiKeysExpiring.set({ days: 30 }, objectCounts.keys.within30Days)
  secrets.set(objectCounts.secrets.all)
  secretsUnchanged.set({ days: 90 }, objectCounts.secrets.over90Days)
  secretsUnchanged.set({ days: 365 }, objectCounts.secrets.over365Days)
  secretsExpired.set(objectCounts.secrets.expired)
  secretsExpiring.set({ days: 7 }, objectCounts.secrets.within7Days)
  secretsExpiring.set({ days: 30 }, objectCounts.secrets.within30Days)
  deployments.set({ state: 'current' }, objectCounts.deployments.all - objectCounts.deployments.stale)
  deployments.set({ state: 'stale' }, objectCounts.deployments.stale)
  webhookDeliveries.set({ state: 'waiting' }, objectCounts.webhooks.waiting)
  webhookDeliveries.set({ state: 'failed' }, objectCounts.webhooks.failed)
  webhookOldest.set(objectCounts.webhooks.oldestMs / 1000)
  keyWraps.set({ key: 'account' }, objectCounts.wraps.account)
  keyWraps.set({ key: 'master' }, objectCounts.wraps.master)
}

export function countBatch(metrics: Metrics, { requests, waitingSince, sentAt, backAt, failure }: BatchReport): void {
  metrics.waitSeconds.observe((sentAt - waitingSince) / 1000)
  if (failure !== undefined) {
    metrics.failedBatches.inc({ code: failure })
    return
  }
  metrics.batchOperations.observe(requests.length)
  metrics.batchSeconds.observe((backAt - sentAt) / 1000)
}
