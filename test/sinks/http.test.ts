/** The trail by HTTP, as JSON lines and as logs of OpenTelemetry: to receivers that fail, hang, come late, break off and restart. */
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { generateToken } from '../../src/crypto/token.ts'
import { openReceiver } from '../../src/sinks/open.ts'
import { rejectedIn } from '../../src/sinks/otlp.ts'
import { parseSinks } from '../../src/sinks/settings.ts'
import { Authority } from '../support/certificates.ts'
import { chance, rounds } from '../support/chance.ts'
import { runCommand, startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { logsIn } from '../support/otlp-logs.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { firstArrivals, folderOf, freeLeases, isSent, sendTo, trailOf, until, write } from '../support/sinks.ts'

const [sqlite] = engines
assert.ok(sqlite)

interface Received {
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

type Answer = (response: http.ServerResponse, count: number, request: http.IncomingMessage) => void

/** A receiver, which keeps what it takes. */
class Collector {
  readonly received: Received[] = []
  answer: Answer = (response) => void response.writeHead(200).end()
  #count = 0
  #server: http.Server | undefined
  #port = 0
  readonly #tls: https.ServerOptions | undefined

  constructor(t: TestContext, tls?: https.ServerOptions) {
    this.#tls = tls
    t.after(() => this.stop())
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://localhost:${this.#port}`
  }

  async start(): Promise<void> {
    const take: http.RequestListener = async (request, response) => {
      const chunks: Buffer[] = []
      try {
        for await (const chunk of request) chunks.push(chunk)
      } catch {
        return
      }
      this.answer(response, ++this.#count, request)
      // One that is answered late has it already, whatever it says then.
      const { headersSent, destroyed, statusCode } = response
      const isTaken = (headersSent || !destroyed) && statusCode >= 200 && statusCode < 300
      const { url = '', headers } = request
      if (isTaken) this.received.push({ url, headers, body: Buffer.concat(chunks).toString() })
    }
    this.#server = this.#tls === undefined ? http.createServer(take) : https.createServer(this.#tls, take)
    this.#server.listen(this.#port, 'localhost')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
  }

  get lines(): readonly string[] {
    return this.received
      .flatMap(({ body }) => body.split('\n'))
      .filter((line) => line !== '' && !line.startsWith('{"format":"strongroom audit export 1"'))
  }
}

function receiverOf({ vault }: TestServer, url: string) {
  const [sink] = parseSinks(url)
  if (typeof sink !== 'object') throw new Error(String(parseSinks(url)))
  const origin = { storeId: vault.keyring.storeId, version: '1.2.3', serviceName: 'strongroom' }
  return openReceiver(sink.place, origin, vault.now)
}

for (const engine of engines) {
  suite(`${engine.name}: a sink that is reached by HTTP`, { skip: engine.skip }, () => {
    test('is an export, whatever its receiver does meanwhile', async (t) => {
      const server = await startServer(t, engine)
      const collector = new Collector(t)
      await collector.start()
      const bad: readonly Answer[] = [
        (response) => void response.writeHead(503, { 'retry-after': '0' }).end('{"planted":1}'),
        (response) => void response.destroy(),
        (response) => void response.writeHead(302, { location: 'http://localhost:1/' }).end(),
        (response) => {
          response.writeHead(500)
          response.write('half')
          response.destroy()
        },
        (response) => void response.writeHead(401).end(),
        // That it took them is lost on the way.
        (response) => {
          response.writeHead(200, { 'content-length': '100' })
          response.write('half')
          response.destroy()
        },
        (response) => void setTimeout(() => response.writeHead(500).end(), 50),
      ]
      collector.answer = (response, count, request) =>
        (bad[count - 1] ?? ((one) => void one.writeHead(202).end('ok')))(response, count, request)
      const { watched } = sendTo(t, server.vault, receiverOf(server, `${collector.url}/in/put?query=a%3Db`))
      await write(server, 5, 'a')
      await until(() => isSent(server))
      await collector.stop()
      await write(server, 5, 'b')
      await until(() => watched.failures.at(-1)?.includes('ECONNREFUSED') === true)
      await collector.start()
      await until(() => isSent(server))

      assert.deepEqual(firstArrivals(collector.lines), await trailOf(server.vault))
      assert.deepEqual(
        watched.failures.slice(0, 3).map((one) => one.replace(/\(.*\)/, '()')),
        [
          'The receiver answered 503.',
          'The receiver cannot be reached, or broke off ().',
          'The receiver answered 302.',
        ],
      )
      assert.ok(collector.received.every(({ url }) => url === '/in/put?a=b'))
      assert.ok(
        collector.received.every(({ headers }) => headers['content-type'] === 'application/jsonl; charset=utf-8'),
      )
      // Put together, what was received is an export.
      const whole = join(folderOf(t), 'whole')
      writeFileSync(whole, collector.received.map(({ body }) => body).join(''))
      const { code, stdout, stderr } = runCommand(server.place, ['audit', 'verify', '--export', whole])
      assert.equal(code, 3, stderr)
      assert.match(stdout, new RegExp(`account 1: ${await server.vault.store.auditSize(1)} records hold`))
    })

    test('has every record of a server that is killed at any point', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const collector = new Collector(t)
      await collector.start()
      const random = chance(t)
      collector.answer = (response) => {
        const how = random()
        if (how < 0.3) response.writeHead(503).end()
        else if (how < 0.5) setTimeout(() => response.end(), 100)
        else response.writeHead(200).end()
      }
      const key = generateToken()
      const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_AUDIT_SINKS: `${collector.url}/?name=test` }
      for (let round = 0; round < rounds(2, 30); round++) {
        if (round > 0) await freeLeases(place)
        const child = await startChild(t, place, { env })
        const end = performance.now() + 50 + random() * 700
        for (let at = 0; performance.now() < end; at++) {
          await child.api(key).post('/v3/secrets', { name: `r-${round}-${at}`, value: 'v' })
        }
        await child.end('SIGKILL')
      }
      collector.answer = (response) => void response.writeHead(200).end()
      await freeLeases(place)
      const server = await startServer(t, engine, { place })
      sendTo(t, server.vault, receiverOf(server, collector.url))
      await until(() => isSent(server))

      assert.deepEqual(firstArrivals(collector.lines), await trailOf(server.vault))
    })
  })
}

suite('A receiver by HTTP', () => {
  test('is shown headers and a signature from files, which are read anew, and which nothing repeats', async (t) => {
    const server = await startServer(t, sqlite)
    const collector = new Collector(t)
    await collector.start()
    const folder = folderOf(t)
    const [headers, signing] = [join(folder, 'headers'), join(folder, 'signing')]
    const key = randomBytes(32)
    writeFileSync(signing, `whsec_${key.toString('base64')}\n`)
    writeFileSync(headers, 'planted, and no header\n')
    const url = `${collector.url}/?header-file=${headers}&signing-key-file=file:${signing}`
    const { watched } = sendTo(t, server.vault, receiverOf(server, url))
    await until(() => watched.failures.length > 0)
    assert.equal(watched.failures[0], 'The file of header-file must have "Name: value" in each line.')
    writeFileSync(headers, '# for the receiver\nAuthorization: Bearer planted-1\r\nX-Scope: a: b \n\n')
    await until(() => isSent(server))
    writeFileSync(headers, 'Authorization: Bearer planted-2\n')
    await write(server, 1, 'a')
    await until(() => isSent(server))

    const [first] = collector.received
    assert.ok(first !== undefined)
    assert.equal(first.headers.authorization, 'Bearer planted-1')
    assert.equal(first.headers['x-scope'], 'a: b')
    assert.equal(collector.received.at(-1)?.headers.authorization, 'Bearer planted-2')
    for (const { headers: sent, body } of collector.received) {
      const signed = `${sent['webhook-id']}.${sent['webhook-timestamp']}.${body}`
      assert.equal(sent['webhook-signature'], `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
    }
    writeFileSync(signing, 'planted')
    await write(server, 1, 'b')
    await until(() => watched.failures.length > 1)
    assert.doesNotMatch(watched.failures.join('\n'), /planted/)
  })

  test('is trusted by the authorities of the settings, and shown a certificate', async (t) => {
    const server = await startServer(t, sqlite)
    const authority = new Authority(t)
    const [own, pair] = [authority.issue(), authority.issue()]
    const tls = {
      ...{ cert: readFileSync(own.cert), key: readFileSync(own.key), ca: authority.text },
      ...{ requestCert: true, rejectUnauthorized: true },
    }
    const collector = new Collector(t, tls)
    await collector.start()
    for (const url of [collector.url, `${collector.url}?ca=${authority.cert}`]) {
      const { watched, stop } = sendTo(t, server.vault, receiverOf(server, url))
      await until(() => watched.failures.length > 0)
      await stop()
    }
    assert.deepEqual(collector.received, [])

    sendTo(
      t,
      server.vault,
      receiverOf(server, `${collector.url}?ca=${authority.cert}&cert=${pair.cert}&key=${pair.key}`),
    )
    await until(() => isSent(server))
    assert.deepEqual(collector.lines, await trailOf(server.vault))
  })

  test('that says it is too much is sent less, and one that wants to be left alone is', async (t) => {
    const server = await startServer(t, sqlite)
    const collector = new Collector(t)
    await collector.start()
    await write(server, 20, 'a')
    const sizes: number[] = []
    collector.answer = (response, _, request) => {
      const length = Number(request.headers['content-length'])
      sizes.push(length)
      response.writeHead(length > 2000 ? 413 : 200).end()
    }
    sendTo(t, server.vault, receiverOf(server, collector.url))
    await until(() => isSent(server))

    assert.deepEqual(firstArrivals(collector.lines), await trailOf(server.vault))
    assert.ok((sizes[0] ?? 0) > 2000)
  })
})

suite('A collector of OpenTelemetry', () => {
  test('gets logs as the protocol has them, with the record and what is searched for', async (t) => {
    const server = await startServer(t, sqlite)
    const collector = new Collector(t)
    await collector.start()
    await write(server, 3, 'a')
    assert.equal((await server.api.get('/v3/secrets/99')).status, 404)
    sendTo(t, server.vault, receiverOf(server, `otlp+${collector.url}/v1/logs`))
    await until(() => isSent(server))

    assert.equal(collector.received[0]?.url, '/v1/logs')
    assert.equal(collector.received[0]?.headers['content-type'], 'application/json')
    const logs = collector.received.flatMap(({ body }) => logsIn(body))
    assert.deepEqual(
      logs.map(({ body }) => body),
      await trailOf(server.vault),
    )
    const records = await server.vault.store.recordsAfter(1, 0, 100)
    for (const [at, { record, head }] of records.entries()) {
      const found = logs[at]?.attributes ?? {}
      assert.equal(found['log.record.uid'], `${server.vault.keyring.storeId}/1/${record.seq}`)
      assert.equal(found['strongroom.audit.head'], Buffer.from(head).toString('hex'))
      assert.equal(found['strongroom.action'], record.action)
      assert.equal(found['error.type'], record.outcome === 'ok' ? undefined : record.outcome)
      assert.equal(found['strongroom.object.name'], record.object?.name ?? undefined)
    }
  })

  test('that keeps some out is told apart from one that has all, and is not asked again', async (t) => {
    const server = await startServer(t, sqlite)
    const collector = new Collector(t)
    await collector.start()
    const said = { partialSuccess: { rejectedLogRecords: '2', errorMessage: 'planted' } }
    collector.answer = (response, count) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(count === 1 ? JSON.stringify(said) : '{}')
    const { watched } = sendTo(t, server.vault, receiverOf(server, `otlp+${collector.url}/v1/logs`))
    await until(() => isSent(server))
    await write(server, 2, 'a')
    await until(() => isSent(server))

    assert.equal(watched.rejected, 2)
    const bodies = collector.received.flatMap(({ body }) => logsIn(body)).map(({ body }) => body)
    assert.deepEqual(bodies, await trailOf(server.vault))
  })

  test('says how many it keeps out as a text or a number, and anything else means none', () => {
    const of = (rejectedLogRecords: unknown) => rejectedIn(JSON.stringify({ partialSuccess: { rejectedLogRecords } }))
    assert.deepEqual(['3', 3, 0, '0', -1, 'x', null, {}].map(of), [3, 3, 0, 0, 0, 0, 0, 0])
    assert.deepEqual(['', '{}', 'null', '[]', '{"partialSuccess":null}', 'no json'].map(rejectedIn), [0, 0, 0, 0, 0, 0])
  })
})
