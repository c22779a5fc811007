/** The HTTP server: limits, error answers, health, metrics, and one plugin for each API. */
import { randomBytes } from 'node:crypto'
import { type IncomingMessage, METHODS } from 'node:http'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Logger } from 'pino'
import type { Config, TraceSettings } from '../config.ts'
import { checkCharset, parseJson } from '../json.ts'
import type { Vault } from '../vault/vault.ts'
import { refuseOtherMethods, routeOf } from './allowed-methods.ts'
import { answerErrors } from './answers.ts'
import { answerAt, answerUnmatched, refusedPathsOf } from './api-of-path.ts'
import { serveApis } from './apis.ts'
import { readBody, senders } from './bodies.ts'
import { compileLate } from './compilers.ts'
import { guardConnections } from './connections.ts'
import { RateLimiter } from './limits.ts'
import {
  archiveLooker,
  countBatch,
  createMetrics,
  type Metrics,
  type RootKeyFound,
  type Scrape,
  scrapeOf,
  showAccountKeys,
  showRootKey,
  sinkLooker,
} from './metrics.ts'
import { addressOf, trustOf } from './peer.ts'
import { checkRequests } from './request-rules.ts'
import type { TlsPair } from './serve-tls.ts'
import { shedLoad } from './shedding.ts'
import { knowSite } from './site.ts'
import { providersOf } from './sso.ts'
import type { Tracing } from './tracing.ts'
import { answerUnparsedRequest, maxHeaderBytes } from './unparsed-requests.ts'

export interface ServerOptions {
  readonly vault: Vault
  readonly config: Pick<
    Config,
    | 'listen'
    | 'tls'
    | 'rateLimit'
    | 'maxConnections'
    | 'maxConnectionsPerAddress'
    | 'maxValueBytes'
    | 'maxFileBytes'
    | 'keepVersions'
    | 'isQueryKeyAccepted'
    | 'isVaultApiServed'
    | 'trustedProxies'
    | 'publicUrl'
    | 'outboundAllowances'
    | 'metricsListen'
    | 'traces'
    | 'auditSinks'
  >
  readonly logger: Logger
  /** Where the built portal is; without it, where the build puts it. */
  readonly portalDir?: string | undefined
  /** What `config.tls` names, read before; without it, read now. */
  readonly tlsPair?: TlsPair | undefined
}

export interface Server {
  readonly app: FastifyInstance
  readonly scrape: Scrape
  /** What `/healthz` and `/readyz` need, for another address that serves them too. */
  readonly health: { readonly vault: Vault; readonly isDraining: () => boolean }
  /** Takes what the files of TLS hold now, and logs what became of it; `undefined` where the server does not speak TLS. */
  readonly reloadTls: ((reason: string) => void) | undefined
  /** What is counted of the sinks that this node sends to. */
  readonly sinkMetrics: Metrics['sinks']
  /** Takes down how a root key was found. */
  readonly showRootKey: (finding: RootKeyFound) => void
  /** What is counted of the archive of the trail. */
  readonly archiveMetrics: Metrics['archive']
  /** Counts what became of something that was sent to a webhook. */
  countTry(outcome: 'delivered' | 'again' | 'failed'): void
  /** From now on `/readyz` says no, so that no new work is sent here. */
  drain(): void
}

/** A holder of a key fails by mistake, and seldom. */
const failuresPerSecond = 10
const httpOptions = {
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  // Node would answer with an empty body; checkHeaders refuses it in our shape.
  requireHostHeader: false,
}
/** Of the connections, how many may listen: the others are for those who ask. */
const mostListening = 0.75
/** A browser that has been here by TLS comes by nothing else for a year. */
const strictTransport = 'max-age=31536000'
/** A value's longest JSON form (six characters for one byte of text, `\u0001`; base64 of a file), and the rest of the body. */
const bodyLimitOf = ({ maxValueBytes, maxFileBytes }: Pick<Config, 'maxValueBytes' | 'maxFileBytes'>) =>
  Math.max(6 * maxValueBytes, Math.ceil(maxFileBytes / 3) * 4) + 16 * 1024

export async function createServer(options: ServerOptions): Promise<Server> {
  const { vault, config, logger, portalDir } = options
  const tls = await startTls(config.tls, options.tlsPair)
  const metrics = createMetrics(config.metricsListen === undefined)
  const tracing = await startTracing(vault.store.dialect, config.traces, metrics)
  const state = { isDraining: false }
  const loggerInstance: FastifyBaseLogger = logger
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(),
    requestIdHeader: false,
    bodyLimit: bodyLimitOf(config),
    requestTimeout: httpOptions.requestTimeout,
    connectionTimeout: 0,
    keepAliveTimeout: httpOptions.keepAliveTimeout,
    trustProxy: trustOf(config),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: true,
    // Nothing is longer than the URL, whose own limit answers first.
    routerOptions: { maxParamLength: maxHeaderBytes },
    http: httpOptions,
    ...(tls === undefined ? {} : { serverFactory: tls.serverFactory }),
    // Before routing, such as a path that cannot be decoded.
    frameworkErrors: (error, request, reply) => {
      void answerAt(request.raw.url ?? '')(error, request as FastifyRequest, reply as FastifyReply)
    },
    clientErrorHandler: answerUnparsedRequest,
  })
  vault.onIntegrityFailure = (object) => {
    metrics.integrityFailures.inc({ object })
    logger.error({ object }, 'stored data failed its integrity check')
  }
  const lookAtSinks = sinkLooker(metrics.sinks, vault.store, config.auditSinks, vault.now)
  const lookAtArchive = archiveLooker(metrics.archive, vault.store, vault.now)
  const scrape = scrapeOf(metrics, vault.store, vault.now, async () => {
    metrics.connections.set(open.count())
    metrics.listeners.set(vault.listeners.count)
    showAccountKeys(metrics.rootKeys, vault.customerKeys.states())
    for (const sender of senders) metrics.bodyBytes.set({ sender }, bodies[sender].bytes)
    await Promise.all([lookAtSinks(), lookAtArchive()])
  })
  vault.store.events.onBatch = (batch) => {
    countBatch(metrics, batch)
    tracing?.onBatch(batch)
  }
  vault.store.events.onDecoyRead = ({ accountId: account, secretId: secret, reader, requestId }) => {
    metrics.decoyReads.inc()
    logger.warn({ account, secret, reader, requestId }, 'a decoy was read')
  }
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  const open = guardConnections(app, config, (reason) => metrics.closedConnections.inc({ reason }))
  knowSite(app, config.publicUrl)
  compileLate(app)
  acceptStrictJson(app)
  answerErrors(app, answerUnmatched)
  const limiter = (limit: string, perSecond = config.rateLimit) =>
    config.rateLimit === undefined || perSecond === undefined
      ? undefined
      : new RateLimiter(perSecond, () => metrics.limitedRequests.inc({ limit }))
  tracing?.follow(app)
  vault.listeners.maxInAll = Math.min(vault.listeners.maxInAll, Math.ceil(config.maxConnections * mostListening))
  // Else they would be waited for.
  app.addHook('preClose', (done) => {
    vault.listeners.stop()
    done()
  })
  const bodies = shedLoad(app, {
    backlog: () => vault.store.backlog(),
    onShed: (reason) => metrics.shedRequests.inc({ reason }),
  })
  app.addHook('onRequest', (_request, reply, done) => {
    // Whoever comes again comes over a connection to another node.
    if (state.isDraining) reply.header('connection', 'close')
    if (tls !== undefined) reply.header('strict-transport-security', strictTransport)
    done()
  })
  checkRequests(app, limiter('address'))
  observe(app, metrics, (level) => logger.isLevelEnabled(level))
  refuseOtherMethods(app, refusedPathsOf(config), maxHeaderBytes)
  const keyLimiter = limiter('key')
  const failureLimiter = limiter('failures', failuresPerSecond)
  const { isQueryKeyAccepted, maxFileBytes, publicUrl } = config
  const context = {
    ...{ vault, metrics, isQueryKeyAccepted, maxFileBytes, publicUrl, keyLimiter, failureLimiter },
    limits: config,
    providers: providersOf(config.outboundAllowances, vault.now),
    ...{ portalDir, scrape, isDraining: () => state.isDraining },
  }
  const { metricsListen, isVaultApiServed } = config
  await serveApis(app, context, {
    hasMetrics: metricsListen === undefined,
    isVaultApiServed,
    speaksTls: tls !== undefined,
  })
  return {
    app,
    scrape,
    health: { vault, isDraining: () => state.isDraining },
    reloadTls: tls?.reloaderOf(app, { logger, metrics, now: vault.now }),
    sinkMetrics: metrics.sinks,
    showRootKey: (finding) => showRootKey(metrics.rootKeys, finding),
    archiveMetrics: metrics.archive,
    countTry: (outcome) => metrics.webhookTries.inc({ outcome }),
    drain: () => {
      state.isDraining = true
      vault.listeners.stop()
    },
  }
}

/** Loads what TLS needs only where it is spoken. */
async function startTls(files: Config['tls'], read: TlsPair | undefined) {
  if (files === undefined) return undefined
  const { readTls, reloaderOf, tlsServer } = await import('./serve-tls.ts')
  const pair = read ?? readTls(files)
  return {
    serverFactory: tlsServer(pair, httpOptions),
    reloaderOf: (app: FastifyInstance, told: Parameters<typeof reloaderOf>[3]) => reloaderOf(app, files, pair, told),
  }
}

/** Loads what traces need only when they are wanted: the start takes no longer without. */
async function startTracing(
  dialect: Vault['store']['dialect'],
  settings: TraceSettings | undefined,
  metrics: Metrics,
): Promise<Tracing | undefined> {
  if (settings === undefined) return undefined
  const { Tracing } = await import('./tracing.ts')
  return new Tracing(dialect, settings, (outcome, spans) => metrics.traceSpans.inc({ outcome }, spans))
}

/** Unique over restarts and nodes, without asking the random source for every request. */
function requestIds(): () => string {
  const node = randomBytes(6).toString('base64url')
  let count = 0
  return () => `${node}-${(++count).toString(36)}`
}

function acceptStrictJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const { bodyLimit, config } = request.routeOptions
    const mayBeEmpty = request.is404 || request.method === 'DELETE' || config.isBodyOptional === true
    checkCharset(request.headers['content-type'])
    const body = await readBody(request, payload, bodyLimit)
    return mayBeEmpty && body.length === 0 ? undefined : parseJson(body)
  })
}

/** Routes, not URLs: a path or a query may hold what must not be written down. */
function observe(app: FastifyInstance, metrics: Metrics, isLogged: (level: string) => boolean): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request) ?? 'unknown'
    const { statusCode } = reply
    metrics.requestSeconds.observe({ method: request.method, route, status: statusCode }, reply.elapsedTime / 1000)
    const level = statusCode >= 400 ? 'info' : 'debug'
    if (isLogged(level)) {
      const line = {
        requestId: request.id,
        method: request.method,
        route,
        status: statusCode,
        address: addressOf(request),
      }
      request.log[level]({ ...line, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'request')
    }
    done()
  })
}
