/**
 * Traces, exported to a collector: one span for each request, and one below it for each batch that carried it out.
 * Loaded only when traces are wanted. What the caller wrote (URL, headers, names) is in no span, but for the ids of
 * `traceparent`.
 *
 * All times are by one monotonic clock: left to itself each span would have its own, up to a millisecond apart.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { type Attributes, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { ExportResultCode, hrTime, parseTraceParent } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TraceSettings } from '../config.ts'
import type { BatchReport, Store } from '../store/store.ts'
import { routeOf } from './allowed-methods.ts'
import { whenOver } from './bodies.ts'

/** A collector that takes longer is given up on, at the end of the process too. */
const exportTimeoutMs = 5_000

const systems = { sqlite: 'sqlite', postgres: 'postgresql' } as const

/** Told of spans that the collector took, or did not. */
type OnExport = (outcome: 'exported' | 'lost', spans: number) => void

export class Tracing {
  readonly #system: string
  readonly #agent: HttpAgent | HttpsAgent
  readonly #provider: TracerProvider
  readonly #tracer
  /** Of the requests that are being answered, by request id. */
  readonly #open = new Map<string, Span>()

  constructor(dialect: Store['dialect'], settings: TraceSettings, onExport: OnExport) {
    this.#system = systems[dialect]
    this.#agent = new (settings.url.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true })
    const { url, headers, serviceName, ratio } = settings
    const exporter = new OTLPTraceExporter({
      url,
      headers: { ...headers },
      timeoutMillis: exportTimeoutMs,
      httpAgentOptions: () => this.#agent,
    })
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName }),
      sampler: new ParentBasedSampler({
        root: ratio === 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio),
      }),
      spanProcessors: [
        new BatchSpanProcessor({ exporter: counted(exporter, onExport), exportTimeoutMillis: 2 * exportTimeoutMs }),
      ],
    })
    this.#tracer = this.#provider.getTracer('strongroom')
  }

  /** Makes a span of every request of the server from here on, and ends with it. */
  follow(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => {
      this.#begin(request, reply)
      done()
    })
    app.addHook('onClose', () => this.stop())
  }

  /** Adds the batch to the trace of every request in it. */
  onBatch({ requests, sentAt, backAt, failure }: BatchReport): void {
    const attributes = { 'db.system.name': this.#system, 'strongroom.batch.operations': requests.length }
    for (const { requestId } of requests) {
      const parent = this.#open.get(requestId)
      if (parent?.isRecording() !== true) continue
      const options = { kind: SpanKind.CLIENT, startTime: hrTime(sentAt), attributes }
      const span = this.#tracer.startSpan('store batch', options, trace.setSpan(ROOT_CONTEXT, parent))
      if (failure !== undefined) span.setAttribute('error.type', failure).setStatus({ code: SpanStatusCode.ERROR })
      span.end(hrTime(backAt))
    }
  }

  /** Sends what is left, and lets go of a collector that does not take it in time. */
  async stop(): Promise<void> {
    const timer = Promise.withResolvers<void>()
    const timeout = setTimeout(timer.resolve, exportTimeoutMs)
    await Promise.race([this.#provider.shutdown().catch(() => {}), timer.promise])
    clearTimeout(timeout)
    this.#agent.destroy()
  }

  #begin(request: FastifyRequest, reply: FastifyReply): void {
    const { id, method, headers } = request
    const route = routeOf(request)
    const attributes: Attributes = {
      'http.request.method': method,
      'url.scheme': 'http',
      'strongroom.request_id': id,
      // The template for the path too: what stands in its place may be anything.
      ...(route === undefined ? {} : { 'http.route': route, 'url.path': route }),
    }
    const name = route === undefined ? method : `${method} ${route}`
    const startTime = hrTime()
    const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER, startTime, attributes }, parentOf(headers))
    if (!span.isRecording()) return
    this.#open.set(id, span)
    whenOver(reply, () => {
      this.#open.delete(id)
      end(span, reply)
    })
  }
}

/** `tracestate` is left out: anything may stand in it. */
function parentOf({ traceparent }: FastifyRequest['headers']) {
  const parent = typeof traceparent === 'string' ? parseTraceParent(traceparent) : null
  return parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true })
}

function end(span: Span, { raw }: FastifyReply): void {
  if (raw.headersSent) span.setAttribute('http.response.status_code', raw.statusCode)
  if (!raw.writableFinished) span.setAttribute('error.type', 'aborted')
  else if (raw.statusCode >= 500) {
    span.setAttribute('error.type', String(raw.statusCode)).setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end(hrTime())
}

function counted(exporter: OTLPTraceExporter, onExport: OnExport): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        onExport(result.code === ExportResultCode.SUCCESS ? 'exported' : 'lost', spans.length)
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
  }
}
