/** Shedding: who comes while there is too much to do is told so at once, and memory does not grow. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { isBehind } from '../../src/http/shedding.ts'
import { Api } from '../support/api.ts'
import { startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
assert.ok(sqlite)
const engine = sqlite

/** What is answered once nothing is shed: a machine with much else to do keeps a server behind for a while. */
async function onceCalm<Found extends { readonly status: number }>(ask: () => Promise<Found>): Promise<Found> {
  let answer = await ask()
  for (let at = 0; at < 200 && answer.status === 503; at++) {
    await setTimeout(50)
    answer = await ask()
  }
  return answer
}

suite('Load', () => {
  test('is shed while the store is behind, but for health and metrics, and no longer', async (t) => {
    const { api, vault } = await startServer(t, engine)
    await api.post('/v3/secrets', { name: 'a', value: 'v' })
    const backlog = vault.store.backlog.bind(vault.store)
    vault.store.backlog = () => ({ ...backlog(), waiting: 10_000 })

    const shed = await api.get('/v3/secrets/1')
    const stranger = await new Api(api.url, 'sr_x').get('/v3/secrets/1')
    const open = await Promise.all(['/healthz', '/readyz', '/metrics'].map((path) => api.get(path)))
    vault.store.backlog = backlog

    assert.deepEqual([shed.status, shed.body.code, shed.headers.get('retry-after')], [503, 'overloaded', '1'])
    assert.equal(stranger.status, 503)
    assert.deepEqual(
      open.map(({ status }) => status),
      [200, 200, 200],
    )
    assert.match((await api.get('/metrics')).text, /^strongroom_requests_shed_total\{reason="backlog"\} 2$/m)
    assert.equal((await onceCalm(() => api.get('/v3/secrets/1'))).status, 200)
  })

  test('is shed while the event loop is behind, and no longer', async (t) => {
    const { api } = await startServer(t, engine)
    let isBusy = true
    const busy = (async () => {
      while (isBusy) {
        const end = performance.now() + 400
        while (performance.now() < end);
        await setTimeout(1)
      }
    })()
    let shed = 0
    for (let at = 0; at < 40 && shed === 0; at++) shed += (await api.get('/v3/secrets')).status === 503 ? 1 : 0
    isBusy = false
    await busy

    assert.equal(shed, 1)
    assert.equal((await onceCalm(() => api.get('/v3/secrets'))).status, 200)
  })

  test('is not taken for too much because of one pause', () => {
    assert.equal(isBehind([0, 2000, 0, 0, 0]), false)
    assert.equal(isBehind([300, 300, 300, 300]), false)
    assert.equal(isBehind([0, 300, 300, 300, 300, 300]), true)
  })

  test('of bodies is held within bounds: a flood leaves memory as it is, and others are answered', async (t) => {
    const place = await engine.makePlace()
    t.after(() => place.clear())
    const key = generateToken()
    const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_RATE_LIMIT: 'off' }
    const server = await startChild(t, place, { env })
    const api = server.api(key)
    await onceCalm(() => api.post('/v3/secrets', { name: 'a', value: 'v' }))
    // The longest body that is taken, and not JSON before its end.
    const body = `{"name":"x","value":"${'v'.repeat(1_400_000)}"`
    const rss = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))?.[1]) * 1024
    let most = 0
    const statuses = new Set<number>()

    const flood = Promise.all(
      Array.from({ length: 300 }, async () => {
        const { status } = await api.send('POST', '/v3/secrets', body)
        statuses.add(status)
        most = Math.max(most, rss())
      }),
    )
    const reads = Array.from({ length: 50 }, () => api.get('/v3/secrets/1'))
    const read = await Promise.all(reads)
    await flood

    const others = read.filter(({ status }) => ![200, 503].includes(status))
    assert.deepEqual(
      others.map(({ text }) => text),
      [],
    )
    assert.ok(
      [...statuses].every((status) => [400, 408, 413, 503].includes(status)),
      [...statuses].join(' '),
    )
    assert.ok(most < 512 * 2 ** 20, `${most} bytes`)
    assert.equal((await onceCalm(() => api.get('/v3/secrets/1'))).body.value, 'v')
    await server.end('SIGTERM')
  })

  const bombs: Readonly<Record<string, string>> = {
    'arrays in arrays': '['.repeat(500_000),
    'objects in objects': '{"a":'.repeat(200_000),
    'a long array': `{"name":"x","value":[${'1,'.repeat(400_000)}1]}`,
    'many fields': `{${Array.from({ length: 60_000 }, (_, at) => `"f${at}":1`).join(',')}}`,
    'a long number': `{"name":"x","value":${'9'.repeat(1_000_000)}}`,
    'a large exponent': '{"name":"x","value":1e999999999}',
    'one field a hundred thousand times': `{${'"name":"x",'.repeat(100_000)}"value":"v"}`,
    'a prototype': '{"__proto__":{"name":"x"},"constructor":{"prototype":{}},"name":"x","value":"v"}',
    escapes: `{"name":"x","value":"${'\\u0041'.repeat(200_000)}"}`,
    'nothing but blanks': ' '.repeat(1_300_000),
  }
  for (const [what, body] of Object.entries(bombs)) {
    test(`of ${what} is refused as what it is`, async (t) => {
      const { api } = await startServer(t, engine)
      const before = process.memoryUsage().heapUsed

      const answers = await Promise.all(
        Array.from({ length: 8 }, () => onceCalm(() => api.send('POST', '/v3/secrets', body))),
      )

      assert.ok(
        answers.every(({ status }) => status === 400 || status === 413),
        answers.map(({ status }) => status).join(),
      )
      assert.deepEqual((await onceCalm(() => api.get('/v3/secrets'))).body, { secrets: [] })
      assert.ok(process.memoryUsage().heapUsed - before < 400 * 2 ** 20)
    })
  }
})
