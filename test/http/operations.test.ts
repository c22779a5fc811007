/** What the operator sees: health, metrics, limits, headers and logs. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { suite, test } from 'node:test'
import { pino } from 'pino'
import { createMetricsServer } from '../../src/http/metrics-server.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { stillTime } from '../support/still-time.ts'

for (const engine of engines) {
  suite(`${engine.name}: the server`, { skip: engine.skip }, () => {
    test('is healthy while it runs, and ready while its store answers', async (t) => {
      const { api, vault } = await startServer(t, engine)
      const open = new Api(api.url, 'none')

      assert.deepEqual([(await open.get('/healthz')).status, (await open.get('/readyz')).status], [200, 200])
      await vault.store.close()
      const closedAt = performance.now()
      while ((await open.get('/readyz')).status === 200) assert.ok(performance.now() - closedAt < 3_000)
      assert.deepEqual([(await open.get('/healthz')).status, (await open.get('/readyz')).status], [200, 503])
    })

    test('answers 503 and nothing else once its store is gone', async (t) => {
      const { api, vault } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'db-password', value: 'planted' })

      await vault.store.close()

      for (const path of ['/v3/secrets/1', '/v3/secrets', '/v3/keys', '/v3/audit']) {
        const answer = await api.get(path)
        assert.deepEqual([answer.status, answer.body.code], [503, 'audit_unavailable'])
      }
    })

    test('counts what it does, without a name or a value in a label', async (t) => {
      const { api } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'planted-name', value: 'planted-value' })
      await api.get('/v3/secrets/1')
      await api.get('/v3/secrets/2')

      const { status, text, headers } = await api.get('/metrics')

      assert.equal(status, 200)
      assert.match(headers.get('content-type') ?? '', /^text\/plain/)
      assert.match(
        text,
        /strongroom_http_request_duration_seconds_count\{method="GET",route="\/v3\/secrets\/:id",status="200"\} 1/,
      )
      assert.match(
        text,
        /strongroom_http_request_duration_seconds_count\{method="GET",route="\/v3\/secrets\/:id",status="404"\} 1/,
      )
      assert.match(text, /strongroom_store_batch_operations_count [1-9]/)
      assert.match(text, /strongroom_store_batch_duration_seconds_sum 0\.\d+/)
      assert.match(text, /nodejs_eventloop_lag_seconds/)
      assert.doesNotMatch(text, /planted|sr_/)
    })

    test('says on every answer that it is not to be kept, and which request it was', async (t) => {
      const { api } = await startServer(t, engine)
      const ids = new Set<string>()

      for (const path of ['/v3/secrets', '/v3/secrets/1', '/nothing', '/healthz', '/metrics', '/openapi.json']) {
        const { headers } = await api.get(path)
        assert.equal(headers.get('cache-control'), 'no-store', path)
        assert.equal(headers.get('x-content-type-options'), 'nosniff')
        assert.deepEqual([headers.get('server'), headers.get('x-powered-by')], [null, null])
        ids.add(headers.get('strongroom-request-id') ?? '')
      }
      assert.equal(ids.size, 6)
      assert.notEqual(
        (await api.get('/healthz', { 'x-request-id': 'mine' })).headers.get('strongroom-request-id'),
        'mine',
      )
    })

    test('logs requests with their id and route, and nothing that is secret', async (t) => {
      const lines: string[] = []
      const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
      const { api, url, place } = await startServer(t, engine, { logger })
      await api.post('/v3/secrets', { name: 'db-password', value: 'planted-value' })
      await api.send('POST', '/v3/secrets', '{"name":"x","value":"planted-value"')
      await api.get('/v3/secrets/1')
      await fetch(`${url}/v3/secrets/1?key=${api.key}`)
      await fetch(`${url}/v3/planted-path?key=${api.key}`)
      await query(place, `update versions set sealed = ? where version = 1`, new Uint8Array(100))
      const broken = await api.get('/v3/secrets/1')
      assert.equal(broken.status, 500)

      const log = lines.join('')
      assert.match(log, /"route":"\/v3\/secrets\/:id","status":200/)
      assert.match(log, /"code":"integrity_failure"/)
      assert.ok(log.includes(String(broken.body.request_id)))
      assert.doesNotMatch(log, /planted/)
      assert.ok(!log.includes(api.key.slice(3)))
    })
  })
}

suite('The rate limit', () => {
  const [sqlite] = engines

  test('answers 429 with Retry-After to a key, and lets others and later requests pass', async (t) => {
    assert.ok(sqlite)
    const { api } = await startServer(t, sqlite, { rateLimit: 20 })
    const time = stillTime(t)

    const answers = await Promise.all(Array.from({ length: 60 }, () => api.get('/v3/secrets')))
    time.pass(1000)
    const later = await api.get('/v3/secrets')

    const refused = answers.filter(({ status }) => status === 429)
    // A second's worth is saved up.
    assert.equal(refused.length, 40)
    assert.equal(refused[0]?.body.code, 'rate_limited')
    assert.equal(refused[0]?.headers.get('retry-after'), '1')
    assert.equal(later.status, 200)
  })

  test('puts off an address that asks without a key too often, and never the holder of one', async (t) => {
    assert.ok(sqlite)
    const { api, url } = await startServer(t, sqlite, { rateLimit: 1000 })
    const strangers = ['sr_mistyped', 'sr_00000000000000000000000000000000000000000002CZclj'].map(
      (key) => new Api(url, key),
    )

    stillTime(t)

    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => (strangers[at % 2] ?? api).get('/v3/secrets')),
    )
    const own = await Promise.all(Array.from({ length: 30 }, () => api.get('/v3/secrets')))

    const putOff = answers.filter(({ status }) => status === 429)
    assert.equal(putOff.length, 50)
    assert.ok(answers.every(({ status }) => status === 429 || status === 401))
    assert.ok(Number(putOff[0]?.headers.get('retry-after')) >= 1)
    assert.ok(own.every(({ status }) => status === 200))
  })

  test('counts an IPv6 network as one address, with a key and without', async (t) => {
    assert.ok(sqlite)
    const { url, api } = await startServer(t, sqlite, { rateLimit: 5, trustedProxies: ['127.0.0.1'] })
    const ask = (network: string, key: string) => (_: unknown, at: number) =>
      new Api(url, key).get('/v3/secrets', { 'x-forwarded-for': `2001:db8:1:${network}::${at}` })
    stillTime(t)

    const strangers = await Promise.all(Array.from({ length: 40 }, ask('2', 'sr_mistyped')))
    const own = await Promise.all(Array.from({ length: 3 }, ask('3', api.key)))

    assert.equal(strangers.filter(({ status }) => status === 429).length, 35)
    assert.ok(own.every(({ status }) => status === 200))
  })

  test('of off limits nobody', async (t) => {
    assert.ok(sqlite)
    const { api } = await startServer(t, sqlite)

    const answers = await Promise.all(Array.from({ length: 300 }, () => api.get('/healthz')))

    assert.ok(answers.every(({ status }) => status === 200))
  })
})

suite('Metrics on an address of their own', () => {
  test('are served there, with the health of the server', async (t) => {
    const [sqlite] = engines
    assert.ok(sqlite)
    const { vault } = await startServer(t, sqlite)
    const state = { isDraining: false }
    const health = { vault, isDraining: () => state.isDraining }
    const app = createMetricsServer(async () => 'planted 1\n', health, pino({ level: 'silent' }))
    t.after(() => app.close())
    const url = await app.listen({ host: '127.0.0.1', port: 0 })

    assert.equal(await (await fetch(`${url}/metrics`)).text(), 'planted 1\n')
    assert.equal((await fetch(`${url}/v3/secrets`)).status, 404)
    assert.deepEqual(
      await Promise.all(['healthz', 'readyz'].map(async (at) => (await fetch(`${url}/${at}`)).status)),
      [200, 200],
    )
    state.isDraining = true
    assert.equal((await fetch(`${url}/readyz`)).status, 503)
  })

  test('are not served with the API', async (t) => {
    const [sqlite] = engines
    assert.ok(sqlite)
    const { api } = await startServer(t, sqlite, { metricsListen: { host: '127.0.0.1', port: 0 } })

    assert.equal((await api.get('/metrics')).status, 404)
  })
})
