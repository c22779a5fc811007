/** Shedding: who comes while there is too much to do is told so at once, and memory does not grow. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { isBehind } from '../../src/http/shedding.ts'
import { type Answer, Api } from '../support/api.ts'
import { startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { stillTime } from '../support/still-time.ts'

const [sqlite] = engines
assert.ok(sqlite)
const engine = sqlite

suite('Load', () => {
  test('is shed while the store is behind, but for health and metrics, and no longer', async (t) => {
    stillTime(t)
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
    assert.equal((await api.get('/v3/secrets/1')).status, 200)
  })

  test('is shed while the event loop is behind, and no longer', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    t.after(() => t.mock.timers.reset())
    const time = stillTime(t)
    const { api } = await startServer(t, engine)
    /** The server looks each 50 ms whether its turn came in time. */
    const look = async (lateMs: number) => {
      time.pass(50 + lateMs)
      t.mock.timers.tick(50)
      return (await api.get('/v3/secrets')).status
    }

    const statuses: number[] = []
    for (const lateMs of [250, 250, 250, 250, 250, 300, 249, 250]) statuses.push(await look(lateMs))

    assert.deepEqual(statuses, [200, 200, 200, 200, 503, 503, 200, 200])
    assert.match((await api.get('/metrics')).text, /^strongroom_requests_shed_total\{reason="delay"\} 2$/m)
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
    // A machine with much else to do keeps the server behind for a while: then it says so.
    const read = async () => {
      const answer = await until(
        () => api.get('/v3/secrets/1'),
        ({ status }) => status !== 503,
      )
      return answer.body.value
    }
    const made = await until(
      () => api.post('/v3/secrets', { name: 'a', value: 'v' }),
      ({ status }) => status !== 503,
    )
    assert.equal(made.status, 201)
    // The longest body that is taken, all of it but its end.
    const body = Buffer.from(`{"name":"x","value":"${'v'.repeat(1_400_000)}`)
    const head = [
      'POST /v3/secrets HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${key}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length + 2}`,
      '\r\n',
    ].join('\r\n')
    const megabytes = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))?.[1]) / 1024
    let most = 0

    for (let at = 0; at < 300; at++) {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
      t.after(() => socket.destroy())
      socket.on('error', () => {})
      socket.resume()
      socket.write(head)
      socket.write(body)
    }
    // There is room for eleven.
    const refused = /^strongroom_requests_shed_total\{reason="bytes"\} [1-9]\d\d$/m
    await until(
      () => api.get('/metrics'),
      ({ text }) => {
        most = Math.max(most, megabytes())
        return refused.test(text)
      },
    )
    for (let at = 0; at < 50; at++) {
      assert.equal(await read(), 'v')
      most = Math.max(most, megabytes())
    }

    assert.ok(most < 512, `${most} MiB`)
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
      stillTime(t)
      const { api } = await startServer(t, engine)
      const before = process.memoryUsage().heapUsed

      const answers = await Promise.all(Array.from({ length: 8 }, () => api.send('POST', '/v3/secrets', body)))

      assert.ok(
        answers.every(({ status }) => status === 400 || status === 413),
        answers.map(({ status }) => status).join(),
      )
      assert.deepEqual((await api.get('/v3/secrets')).body, { secrets: [] })
      assert.ok(process.memoryUsage().heapUsed - before < 400 * 2 ** 20)
    })
  }
})

/** Asks until the answer is as it should be. */
async function until(ask: () => Promise<Answer>, isSo: (answer: Answer) => boolean): Promise<Answer> {
  for (const end = performance.now() + 60_000; ; await setTimeout(20)) {
    const answer = await ask()
    if (isSo(answer)) return answer
    assert.ok(performance.now() < end, `Still ${answer.status} ${answer.text.slice(0, 200)}`)
  }
}
