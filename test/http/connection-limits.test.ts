/** The limits on connections: thousands of slow sockets keep nobody out, and nobody who is slow stays for long. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import fastify from 'fastify'
import { type Closing, limitConnections } from '../../src/http/connection-limits.ts'
import { engines } from '../support/engines.ts'
import { sendRaw } from '../support/raw.ts'
import { startServer, type TestOptions } from '../support/server.ts'

const [sqlite] = engines
assert.ok(sqlite)
const engine = sqlite

const maxAtOnce = 200

/** Sockets of strangers, closed when the test ends. */
class Strangers {
  readonly sockets: Socket[] = []
  readonly #port: number

  constructor(t: TestContext, url: string) {
    this.#port = Number(new URL(url).port)
    t.after(() => {
      for (const socket of this.sockets) socket.destroy()
    })
  }

  async come(count: number, text: string, localAddress = '127.0.0.1'): Promise<void> {
    // A listening socket queues a few hundred; the rest would come seconds later.
    if (count > maxAtOnce) {
      for (let left = count; left > 0; left -= maxAtOnce) await this.come(Math.min(left, maxAtOnce), text, localAddress)
      return
    }
    const coming = Array.from({ length: count }, async () => {
      const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress })
      this.sockets.push(socket)
      socket.on('error', () => {})
      socket.resume()
      await Promise.race([once(socket, 'connect'), once(socket, 'close')])
      if (!socket.destroyed) socket.write(text)
    })
    await Promise.all(coming)
  }

  get open(): number {
    return this.sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length
  }

  /** Waits until no more than so many are left. */
  async untilLeft(count: number, meanwhile: () => void = () => {}): Promise<void> {
    const end = performance.now() + 30_000
    while (this.open > count) {
      assert.ok(performance.now() < end, `${this.open} are still there`)
      meanwhile()
      await setTimeout(50)
    }
  }
}

/** A server that looks at its connections, as it does each second, when the test says so: however busy the machine is. */
async function startInTurns(t: TestContext, options: TestOptions = {}) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => t.mock.timers.reset())
  return { ...(await startServer(t, engine, options)), look: () => t.mock.timers.tick(1000) }
}

function count(text: string, name: string): number {
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')
      .at(-1),
  )
}

suite('The limits on connections', () => {
  test('is open for a holder of a key, though thousands of slow sockets stand in it, which are soon gone', async (t) => {
    const { api, url } = await startServer(t, engine, { givesUp: true })
    await api.post('/v3/secrets', { name: 'a', value: 'v' })
    const strangers = new Strangers(t, url)

    const one = sendRaw(url, 'GET /v3/secrets HTTP/1.1\r\nHo')
    for (let from = 1; from <= 5; from++)
      await strangers.come(1000, 'GET /v3/secrets HTTP/1.1\r\nHo', `127.0.0.${from}`)

    for (let at = 0; at < 20; at++) assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')
    await strangers.untilLeft(0)
    const { status, isClosed } = await one
    assert.deepEqual([status, isClosed], [408, true])
  })

  test('is open though thousands of bodies stand in it that never end, with a key and without', async (t) => {
    const { api, url, look } = await startInTurns(t, { givesUp: true })
    await api.post('/v3/secrets', { name: 'a', value: 'v' })
    const strangers = new Strangers(t, url)
    const begun = (head: string) =>
      `POST /v3/secrets HTTP/1.1\r\nHost: x\r\n${head}Content-Type: application/json\r\nContent-Length: 40\r\n\r\n{"name"`

    const one = sendRaw(url, begun(`Authorization: Bearer ${api.key}\r\n`))
    await strangers.come(1000, begun(`Authorization: Bearer ${api.key}\r\n`), '127.0.0.1')
    await strangers.come(1000, begun(`Authorization: Bearer ${api.key}\r\n`), '127.0.0.2')
    await strangers.come(1000, begun(''), '127.0.0.3')

    for (let at = 0; at < 20; at++) assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')
    assert.equal((await api.post('/v3/secrets', { name: 'b', value: 'v' })).status, 201)
    await strangers.untilLeft(0, look)
    const { status, isClosed } = await one
    assert.deepEqual([status, isClosed], [408, true])
    assert.equal((await api.get('/v3/secrets')).body.secrets.length, 2)
  })

  test('lets one address in so often, and closes first who asks for nothing', async (t) => {
    const { api, url } = await startServer(t, engine, { maxConnectionsPerAddress: 50, rateLimit: 100_000 })
    await api.post('/v3/secrets', { name: 'a', value: 'v' })
    const strangers = new Strangers(t, url)

    await strangers.come(200, 'GET /v3/secrets HTTP/1.1\r\nHo')

    await strangers.untilLeft(50)
    assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')
    const other = new Strangers(t, url)
    await other.come(1, 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '127.0.0.9')
    const metrics = (await api.get('/metrics')).text
    assert.ok(count(metrics, 'strongroom_closed_connections_total{reason="replaced"}') >= 150)
  })

  test('counts an IPv6 network as one address', async (t) => {
    const app = fastify()
    let come = 0
    // Loopback has one address of IPv6: where the sockets come from is told otherwise.
    app.server.on('connection', (socket: Socket) => {
      Object.defineProperty(socket, 'remoteAddress', { value: `2001:db8:1:${come < 60 ? 2 : 3}::${come++}` })
    })
    const settings = { maxConnections: 1000, maxPerAddress: 50, isProxy: () => false, answerLate: () => {} }
    const closed: Closing[] = []
    limitConnections(app, { ...settings, onClose: (reason) => closed.push(reason) })
    t.after(() => app.close())
    const strangers = new Strangers(t, await app.listen({ host: '127.0.0.1', port: 0 }))

    await strangers.come(60, '')
    await strangers.come(30, '')

    await strangers.untilLeft(80)
    assert.deepEqual(closed, Array(10).fill('replaced'))
  })

  test('does not count a trusted proxy as one, nor anybody while limits are off', async (t) => {
    for (const more of [{ trustedProxies: ['127.0.0.1'], rateLimit: 100_000 }, { rateLimit: undefined }]) {
      const { url, api } = await startServer(t, engine, { maxConnectionsPerAddress: 10, ...more })
      const strangers = new Strangers(t, url)
      await strangers.come(60, 'GET /v3/secrets HTTP/1.1\r\nHo')
      // Only once they have been let in is it known that none was turned away.
      const letIn = async () => count((await api.get('/metrics')).text, 'strongroom_connections')
      for (const end = performance.now() + 30_000; (await letIn()) < 60; await setTimeout(20)) {
        assert.ok(performance.now() < end, `${strangers.open} are open.`)
      }
      assert.equal(strangers.open, 60)
    }
  })

  test('holds so many connections in all', async (t) => {
    const { api, url } = await startServer(t, engine, { maxConnections: 30 })
    const strangers = new Strangers(t, url)

    await strangers.come(100, '')

    await strangers.untilLeft(30)
    assert.equal((await api.get('/healthz')).status, 200)
  })

  test('closes although somebody stands in it who never comes to an end', async (t) => {
    const { api, url, stop } = await startServer(t, engine)
    const strangers = new Strangers(t, url)
    for (const text of ['', 'GET', 'GET /v3/secrets HTTP/1.1\r\nHo']) await strangers.come(5, text)
    // By then it has read what they sent.
    for (let at = 0; at < 5; at++) await api.get('/healthz')

    const closing = stop()

    await strangers.untilLeft(0)
    await closing
  })

  test('sends away whose body comes too slowly, and waits for whose comes slowly enough', async (t) => {
    const { api, url, scrape, look } = await startInTurns(t)
    const begin = (name: string) => {
      const body = `{"name":"${name}","value":"v"${' '.repeat(30_000)}}`
      const head = [
        'POST /v3/secrets HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${api.key}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Connection: close',
        '\r\n',
      ]
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
      t.after(() => socket.destroy())
      const answer = text(socket)
      socket.write(head.join('\r\n'))
      let sent = 0
      const send = (bytes = body.length) => {
        socket.write(body.slice(sent, sent + bytes))
        sent += bytes
      }
      return { answer, send, sent: () => sent }
    }
    const [slow, steady] = [begin('slow'), begin('steady')]
    /** A second in which each sends something, which has come when it is over. */
    const second = async () => {
      slow.send(900)
      steady.send(2000)
      const held = async () => count(await scrape(), 'strongroom_request_body_bytes{sender="known"}')
      for (const end = performance.now() + 30_000; (await held()) < slow.sent() + steady.sent(); await setTimeout(5)) {
        assert.ok(performance.now() < end, `${await held()} bytes have come`)
      }
      look()
    }
    const sentAway = async () => count(await scrape(), 'strongroom_closed_connections_total{reason="slow_sender"}')

    // The first finds them at it; upon the last of five more, one has sent too little.
    for (let at = 0; at < 5; at++) await second()
    assert.equal(await sentAway(), 0)
    await second()
    assert.equal(await sentAway(), 1)
    steady.send()
    const texts = [await slow.answer, await steady.answer]

    assert.match(texts[0] ?? '', /^HTTP\/1\.1 408 .*"code":"request_timeout"/s)
    assert.match(texts[1] ?? '', /^HTTP\/1\.1 201 /)
    assert.equal(await sentAway(), 1)
  })

  test('sends away who does not take the answer that they asked for', async (t) => {
    const { api, url, look } = await startInTurns(t, { maxFileBytes: 16 * 2 ** 20 })
    const value = Buffer.alloc(12 * 2 ** 20, 1).toString('base64')
    assert.equal((await api.post('/v3/secrets', { name: 'large', type: 'file', value })).status, 201)
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    t.after(() => socket.destroy())
    socket.on('error', () => {})
    socket.pause()
    socket.write(`GET /v3/secrets/1/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\n\r\n`)

    const closed = async () =>
      count((await api.get('/metrics')).text, 'strongroom_closed_connections_total{reason="slow_reader"}')
    for (const end = performance.now() + 30_000; (await closed()) === 0; await setTimeout(20)) {
      assert.ok(performance.now() < end, 'It is still waited for.')
      look()
    }
    assert.equal((await api.get('/v3/secrets/1/content')).status, 200)
  })
})
