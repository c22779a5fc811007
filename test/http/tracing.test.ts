/** Traces: what a collector gets of each request, and what it never gets. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { suite, type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import type { TraceSettings } from '../../src/config.ts'
import { Tracing } from '../../src/http/tracing.ts'
import { type Child, startChild } from '../support/child.ts'
import { type Collector, type SentSpan, startCollector } from '../support/collector.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
const traceId = '0af7651916cd43dd8448eb211c80319c'
const callerId = 'b7ad6b7169203331'

const settingsFor = ({ url }: Collector, more: Partial<TraceSettings> = {}): TraceSettings => ({
  url,
  headers: {},
  serviceName: 'strongroom',
  ratio: 1,
  ...more,
})

const named = (spans: readonly SentSpan[], name: string) => spans.filter((span) => span.name === name)

for (const engine of engines) {
  suite(`${engine.name}: a trace`, { skip: engine.skip }, () => {
    test('has a span for the request, and below it one for each batch', async (t) => {
      const collector = await startCollector(t, 200)
      const { api, stop } = await startServer(t, engine, { traces: settingsFor(collector) })
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const { headers } = await api.get('/v3/secrets/1')
      await api.get('/v3/secrets/2')
      await api.get('/nothing')
      await stop()

      const spans = collector.spans()
      const [read, missing] = named(spans, 'GET /v3/secrets/:id')
      assert.ok(read && missing)
      assert.deepEqual(read.attributes, {
        'http.request.method': 'GET',
        'http.route': '/v3/secrets/:id',
        'url.path': '/v3/secrets/:id',
        'url.scheme': 'http',
        'http.response.status_code': 200,
        'strongroom.request_id': headers.get('strongroom-request-id'),
      })
      assert.deepEqual([read.kind, read.parentId, read.status], [2, '', 0])
      assert.equal(missing.attributes['http.response.status_code'], 404)
      assert.deepEqual(
        named(spans, 'GET').map(({ attributes }) => attributes['http.response.status_code']),
        [404],
      )

      const batches = named(spans, 'store batch')
      const [batch] = batches.filter(({ parentId }) => parentId === read.spanId)
      assert.ok(batch)
      assert.deepEqual([batch.traceId, batch.kind, batch.status], [read.traceId, 3, 0])
      assert.deepEqual(batch.attributes, {
        'db.system.name': engine.name.toLowerCase(),
        'strongroom.batch.operations': 1,
      })
      assert.ok(read.start <= batch.start && batch.start <= batch.end && batch.end <= read.end)
      // Once to check the key, once to create.
      const [created] = named(spans, 'POST /v3/secrets')
      assert.equal(batches.filter(({ parentId }) => parentId === created?.spanId).length, 2)
      assert.deepEqual(new Set(spans.map(({ resource }) => resource['service.name'])), new Set(['strongroom']))
    })

    test('names every request of a batch that they share', async (t) => {
      const collector = await startCollector(t, 200)
      const { api, stop } = await startServer(t, engine, { traces: settingsFor(collector) })
      await Promise.all(Array.from({ length: 40 }, () => api.get('/v3/secrets/1')))
      await stop()

      const spans = collector.spans()
      const roots = new Set(named(spans, 'GET /v3/secrets/:id').map(({ spanId }) => spanId))
      const batches = named(spans, 'store batch')
      assert.equal(roots.size, 40)
      assert.deepEqual(new Set(batches.map(({ parentId }) => parentId)), roots)
      assert.ok(batches.some(({ attributes }) => Number(attributes['strongroom.batch.operations']) > 1))
    })

    test('holds nothing that the caller wrote', async (t) => {
      const collector = await startCollector(t, 200)
      const { api, url, stop } = await startServer(t, engine, { traces: settingsFor(collector) })
      const context = {
        traceparent: `00-${traceId}-${callerId}-01`,
        tracestate: 'vendor=planted-state',
        baggage: 'a=planted-baggage',
        'user-agent': 'planted-agent',
        'idempotency-key': 'planted-idempotency',
      }
      await api.post('/v3/secrets', { name: 'planted-name', value: 'planted-value' }, context)
      await api.put('/v3/secrets/1', { value: 'planted-value-2' }, context)
      await api.get('/v3/secrets?name=planted-name', context)
      await api.post('/v3/keys', { name: 'planted-key', scopes: ['secrets:read:planted-*'] }, context)
      await api.send('POST', '/v3/secrets', '{"name":"planted-', context)
      await fetch(`${url}/v3/secrets/1?key=${api.key}`)
      await fetch(`${url}/v3/planted-path/${api.key}?key=${api.key}`)
      await fetch(`${url}/planted//path/%2e%2e/${api.key}`)
      await stop()

      assert.ok(collector.spans().length > 10)
      const bytes = Buffer.concat(collector.bodies)
      assert.ok(bytes.includes(Buffer.from(traceId, 'hex')))
      assert.equal(bytes.includes('planted'), false)
      assert.equal(bytes.includes(api.key.slice(3)), false)
      assert.equal(bytes.includes('127.0.0.1'), false)
    })

    test('tells that the store failed', async (t) => {
      const collector = await startCollector(t, 200)
      const { api, vault, stop } = await startServer(t, engine, { traces: settingsFor(collector) })
      await vault.store.close()
      await api.get('/v3/secrets/1')
      await stop()

      const spans = collector.spans()
      const [read] = named(spans, 'GET /v3/secrets/:id')
      const [batch] = named(spans, 'store batch')
      assert.deepEqual([read?.status, read?.attributes['error.type']], [2, '503'])
      assert.deepEqual([batch?.status, batch?.attributes['error.type']], [2, 'audit_unavailable'])
    })
  })
}

suite('Traces', () => {
  test('continue the one that the caller began, as it decided', async (t) => {
    assert.ok(sqlite)
    const collector = await startCollector(t, 200)
    const { api, stop } = await startServer(t, sqlite, { traces: settingsFor(collector, { ratio: 0 }) })
    await api.get('/v3/secrets', { traceparent: `00-${traceId}-${callerId}-01` })
    await api.get('/v3/secrets', { traceparent: `00-${traceId}-${callerId}-00` })
    await api.get('/v3/secrets', { traceparent: 'nonsense' })
    await api.get('/v3/secrets')
    await stop()

    const spans = collector.spans()
    const [root, ...others] = named(spans, 'GET /v3/secrets')
    assert.deepEqual([root?.traceId, root?.parentId, others.length], [traceId, callerId, 0])
    assert.ok(spans.length > 1 && spans.every((span) => span.traceId === traceId))
  })

  test('go out with the headers and the name of the settings', async (t) => {
    assert.ok(sqlite)
    const collector = await startCollector(t, 200)
    const more = { headers: { 'x-collector-key': 'k' }, serviceName: 'vault-west' }
    const { api, stop } = await startServer(t, sqlite, { traces: settingsFor(collector, more) })
    await api.get('/healthz')
    await stop()

    assert.equal(collector.headers[0]?.['x-collector-key'], 'k')
    assert.equal(collector.headers[0]?.['content-type'], 'application/x-protobuf')
    assert.equal(collector.spans()[0]?.resource['service.name'], 'vault-west')
  })

  for (const { status, outcome } of [
    { status: 200, outcome: 'exported' },
    { status: 400, outcome: 'lost' },
  ] as const) {
    test(`are counted as ${outcome} when the collector answers ${status}`, async (t) => {
      const counts: [string, number][] = []
      const tracing = new Tracing('sqlite', settingsFor(await startCollector(t, status)), (...count) => {
        counts.push(count)
      })
      const app = Fastify()
      tracing.follow(app)
      app.get('/', () => 'ok')
      const url = await app.listen({ host: '127.0.0.1', port: 0 })
      for (let at = 0; at < 3; at++) await (await fetch(url)).text()

      await app.close()

      assert.deepEqual(counts, [[outcome, 3]])
    })
  }

  test('end with a caller that hangs up', async (t) => {
    const collector = await startCollector(t, 200)
    const tracing = new Tracing('sqlite', settingsFor(collector), () => {})
    const app = Fastify()
    tracing.follow(app)
    const asked = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    app.get('/', async (_request, reply) => {
      reply.raw.once('close', gone.resolve)
      asked.resolve()
      await gone.promise
      return 'too late'
    })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const call = request(url)
    call.on('error', () => {})
    call.end()
    await asked.promise
    call.destroy()
    await gone.promise
    await app.close()

    const [span] = collector.spans()
    assert.deepEqual([span?.name, span?.attributes['error.type']], ['GET /', 'aborted'])
  })

  test('do not keep a server from answering or stopping when the collector hangs', async (t) => {
    const collector = await startCollector(t)
    const server = await serveTracing(t, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url })
    const api = server.api(server.firstKey ?? '')

    for (let at = 0; at < 20; at++) assert.equal((await api.get('/v3/secrets')).status, 200)

    assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null })
    assert.ok(collector.bodies.length > 0)
  })

  test('do not keep a server from answering or stopping when there is no collector', async (t) => {
    const server = await serveTracing(t, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
    const api = server.api(server.firstKey ?? '')

    assert.equal((await api.get('/v3/secrets')).status, 200)

    assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null })
  })

  test('cost nothing when nobody wants them: what they need is not loaded', async (t) => {
    const collector = await startCollector(t, 200)
    // The interface alone, of a few constants, is loaded by the library of the metrics in any case.
    // Scripts of the build come by the loader, and all else by Node.js.
    const source = `import { registerHooks, syncBuiltinESMExports } from 'node:module'
      import vm from 'node:vm'
      const note = (name) => {
        if (/opentelemetry\\/(?!api$)|tracing/.test(name)) console.error('LOADED', name)
      }
      const resolve = (name, context, next) => {
        note(name)
        return next(name, context)
      }
      registerHooks({ resolve })
      vm.Script = class extends vm.Script {
        constructor(text, options) {
          note(options?.filename ?? '')
          super(text, options)
        }
      }
      syncBuiltinESMExports()`
    const watched = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` }
    const without = await serveTracing(t, watched)
    const wanted = await serveTracing(t, { ...watched, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url })
    for (const server of [without, wanted]) {
      assert.equal((await server.api(server.firstKey ?? '').get('/v3/secrets')).status, 200)
      await server.end('SIGTERM')
    }

    assert.doesNotMatch(without.output(), /LOADED/)
    assert.match(wanted.output(), /LOADED .*tracing/)
    assert.doesNotMatch(without.output() + wanted.output(), /Warning/)
  })
})

/** The real command, as its environment tells it. */
async function serveTracing(t: TestContext, env: Record<string, string>): Promise<Child> {
  assert.ok(sqlite)
  const place = await sqlite.makePlace()
  t.after(() => place.clear())
  return startChild(t, place, { env })
}
