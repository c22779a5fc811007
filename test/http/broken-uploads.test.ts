/** What a request takes is given back, however it ends: uploads that break off leave nothing taken. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { Refusal } from '../../src/errors.ts'
import { Budget, Hold } from '../../src/http/bodies.ts'
import type { Api } from '../support/api.ts'
import { chance, rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { startServer } from '../support/server.ts'

const uploads = rounds(1200, 20_000)
const atOnce = 100

interface Upload {
  readonly path:
    | '/v3/secrets'
    | '/v3/session'
    | '/v3/auth/oidc'
    | '/api/secrets/lists'
    | '/v3/secrets/1/content'
    | '/no'
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly key: 'valid' | 'unknown' | 'none'
  readonly framing: 'chunked' | 'length'
  readonly announced: number
  /** Bytes of the body that are sent, in pieces of so many, and after how many milliseconds it breaks off. */
  readonly sent: number
  readonly piece: number
  readonly pause: number
  /** Reset rather than ended. */
  readonly isReset: boolean
  /** A request before it, on the same connection, that is not waited for. */
  readonly isPipelined: boolean
}

const upload: fc.Arbitrary<Upload> = fc.record({
  path: fc.constantFrom(
    '/v3/secrets',
    '/v3/session',
    '/v3/auth/oidc',
    '/api/secrets/lists',
    '/v3/secrets/1/content',
    '/no',
  ),
  method: fc.constantFrom('POST', 'POST', 'PUT', 'DELETE'),
  key: fc.constantFrom('valid', 'valid', 'unknown', 'none'),
  framing: fc.constantFrom('chunked', 'length'),
  announced: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 3_000_000 })),
  sent: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 40_000 })),
  piece: fc.integer({ min: 1, max: 5000 }),
  pause: fc.integer({ min: 0, max: 8 }),
  isReset: fc.boolean(),
  isPipelined: fc.boolean(),
})

function headOf({ path, method, key, framing, announced, isPipelined }: Upload, valid: string): string {
  const text = { valid, unknown: generateToken(), none: '' }[key]
  const before = isPipelined ? `GET /v3/secrets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${valid}\r\n\r\n` : ''
  const form = path.startsWith('/api') ? 'application/x-www-form-urlencoded' : 'application/json'
  return [
    `${before}${method} ${path} HTTP/1.1`,
    'Host: x',
    ...(text === '' ? [] : [`Authorization: Bearer ${text}`]),
    'Strongroom-Portal: 1',
    `Content-Type: ${form}`,
    framing === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${announced}`,
    '\r\n',
  ].join('\r\n')
}

/** Sends a part of a body, and breaks off. */
async function breakOff(url: string, key: string, one: Upload): Promise<void> {
  const socket = open(url)
  socket.write(headOf(one, key))
  for (let sent = 0; sent < one.sent; sent += one.piece) {
    const text = 'x'.repeat(Math.min(one.piece, one.sent - sent))
    socket.write(one.framing === 'chunked' ? `${text.length.toString(16)}\r\n${text}\r\n` : text)
  }
  await setTimeout(one.pause)
  if (one.isReset) socket.resetAndDestroy()
  else socket.destroy()
}

function open(url: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.resume()
  return socket
}

async function held(api: Api, name: string): Promise<number> {
  const { text } = await api.get('/metrics')
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  assert.ok(line !== undefined, name)
  return Number(line.split(' ')[1])
}

/** Exactly nothing, once the server has taken note of the last break. */
async function untilNothingIsHeld(api: Api): Promise<void> {
  const end = performance.now() + 20_000
  for (const sender of ['known', 'stranger']) {
    const name = `strongroom_request_body_bytes{sender="${sender}"}`
    for (let bytes = await held(api, name); bytes !== 0; bytes = await held(api, name)) {
      assert.ok(performance.now() < end, `${name} is ${bytes}`)
      await setTimeout(20)
    }
  }
}

const chunk = (length: number) => `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`
const request = (path: string, ...headers: readonly string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...headers, '\r\n'].join('\r\n')

for (const engine of engines) {
  suite(`${engine.name}: uploads`, { skip: engine.skip }, () => {
    test('that break off at random, by the thousand, leave nothing taken, and others write as before', async (t) => {
      const { api, url } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      const seed = Math.floor(chance(t)() * 2 ** 31)
      const cases = fc.sample(upload, { numRuns: uploads, seed })

      for (let at = 0; at < cases.length; at += atOnce) {
        await Promise.all(cases.slice(at, at + atOnce).map((one) => breakOff(url, api.key, one)))
      }

      await untilNothingIsHeld(api)
      assert.ok((await held(api, 'strongroom_connections')) <= 20)
      const large = { name: 'large', value: 'v'.repeat(60_000) }
      assert.equal((await api.post('/v3/secrets', large)).status, 201)
      const file = { name: 'file', type: 'file', value: Buffer.alloc(1_000_000).toString('base64') }
      assert.equal((await api.post('/v3/secrets', file)).status, 201)
      assert.equal((await api.post('/v3/session', { email: 'a@b.example', password: 'x' })).status, 403)
      await untilNothingIsHeld(api)
    })
  })
}

suite('A body', () => {
  const [engine] = engines
  assert.ok(engine)
  /** A server that sends nobody away for being slow, however long the machine takes. */
  const start = async (t: TestContext) => {
    const sockets: Socket[] = []
    t.mock.timers.enable({ apis: ['setInterval'] })
    // Before the server stops, which would wait for them.
    t.after(() => {
      t.mock.timers.reset()
      for (const socket of sockets) socket.destroy()
    })
    const server = await startServer(t, engine)
    /** That many bodies, each begun and never ended, until the test is over. */
    const begin = (count: number, head: string, part: string) => {
      for (let at = 0; at < count; at++) {
        const socket = open(server.url)
        sockets.push(socket)
        socket.write(head + part)
      }
    }
    return { ...server, begin }
  }

  test('that is announced takes nothing before it comes', async (t) => {
    const { api, begin } = await start(t)
    await api.post('/v3/secrets', { name: 'a', value: 'v' })
    const key = `Authorization: Bearer ${api.key}`

    begin(100, request('/v3/secrets', key, 'Content-Length: 1300000'), '')
    begin(100, request('/v3/secrets', key, 'Transfer-Encoding: chunked'), '')
    begin(100, request('/v3/session', 'Strongroom-Portal: 1', 'Transfer-Encoding: chunked'), '')

    for (
      const end = performance.now() + 60_000;
      (await held(api, 'strongroom_connections')) < 300;
      await setTimeout(20)
    ) {
      assert.ok(performance.now() < end, 'Not all of them have come.')
    }
    for (const sender of ['known', 'stranger']) {
      assert.equal(await held(api, `strongroom_request_body_bytes{sender="${sender}"}`), 0)
    }
    assert.equal((await api.post('/v3/secrets', { name: 'b', value: 'v' })).status, 201)
  })

  test('of strangers takes no room of those with a key, though thousands of them stand open', async (t) => {
    const { api, begin } = await start(t)
    const head = request('/v3/session', 'Strongroom-Portal: 1', 'Transfer-Encoding: chunked')

    begin(1500, head, chunk(7000))

    const name = 'strongroom_request_body_bytes{sender="stranger"}'
    for (const end = performance.now() + 60_000; (await held(api, name)) === 0; await setTimeout(20)) {
      assert.ok(performance.now() < end, 'None of them has arrived.')
    }
    assert.ok((await held(api, name)) <= 8 * 2 ** 20)
    const file = { name: 'file', type: 'file', value: Buffer.alloc(1_000_000).toString('base64') }
    assert.equal((await api.post('/v3/secrets', file)).status, 201)
    assert.equal(await held(api, 'strongroom_request_body_bytes{sender="known"}'), 0)
  })

  test('of one account leaves room for those of the others', async (t) => {
    const { api, begin, otherAccount } = await start(t)
    const other = await otherAccount()
    const head = request('/v3/secrets', `Authorization: Bearer ${api.key}`, 'Content-Length: 1400000')
    await api.post('/v3/secrets', { name: 'a', value: 'v' })

    begin(80, head, `{"name":"x","value":"${'v'.repeat(1_300_000)}`)

    const name = 'strongroom_request_body_bytes{sender="known"}'
    for (const end = performance.now() + 60_000; (await held(api, name)) < 14 * 2 ** 20; await setTimeout(20)) {
      assert.ok(performance.now() < end, `${await held(api, name)} have arrived.`)
    }
    assert.ok((await held(api, name)) <= 16 * 2 ** 20)
    const file = { name: 'file', type: 'file', value: Buffer.alloc(1_000_000).toString('base64') }
    assert.equal((await other.post('/v3/secrets', file)).status, 201)
    assert.match((await api.get('/metrics')).text, /^strongroom_requests_shed_total\{reason="bytes"\} [1-9]/m)
  })

  test('in the smallest of pieces counts what it costs to keep them', async (t) => {
    const { api, begin } = await start(t)
    const head = request('/v3/secrets', `Authorization: Bearer ${api.key}`, 'Transfer-Encoding: chunked')
    const sent = 1000

    begin(1, head, chunk(1).repeat(sent))

    const name = 'strongroom_request_body_bytes{sender="known"}'
    for (const end = performance.now() + 60_000; (await held(api, name)) < 100 * sent; await setTimeout(20)) {
      assert.ok(performance.now() < end, `${await held(api, name)} for ${sent} pieces`)
    }
  })
})

suite('A budget', () => {
  const refuse = () => assert.fail('never made')

  test('is exactly what the holds together hold, whatever they take and give back', () => {
    const step = fc.record({ hold: fc.nat(9), bytes: fc.nat(400), isEnd: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new Budget(1000)
        const makeHold = (at: number) => ({
          hold: new Hold(budget, `holder ${at % 3}`, () => new Refusal('overloaded', 'Full.')),
          bytes: 0,
        })
        const holds = Array.from({ length: 10 }, (_, at) => makeHold(at))
        for (const { hold: at, bytes, isEnd } of steps) {
          const one = holds[at] ?? assert.fail()
          if (isEnd) {
            one.hold.giveBack()
            holds[at] = makeHold(at)
          } else if (one.hold.take(bytes) === undefined) one.bytes += bytes
          const sum = holds.reduce((total, { bytes: own }) => total + own, 0)
          assert.equal(budget.bytes, sum)
          assert.ok(sum <= 1000 || holds.filter(({ bytes: own }) => own > 0).length === 1)
        }
        for (const { hold } of holds) hold.giveBack()
        assert.equal(budget.bytes, 0)
      }),
    )
  })

  test('gives nothing to a request that is over', () => {
    const budget = new Budget(1000)
    const hold = new Hold(budget, 'a', refuse)

    hold.giveBack()

    assert.equal(hold.take(10)?.code, 'request_timeout')
    assert.equal(budget.bytes, 0)
  })

  test('has room for one long body alone', () => {
    const budget = new Budget(1000)
    assert.equal(new Hold(budget, 'a', refuse).take(5000), undefined)
  })
})
