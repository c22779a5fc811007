/** The trail in a real rsyslog, by TCP and TLS: what it has is the trail, however often it is stopped and killed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import tls from 'node:tls'
import { generateToken } from '../../src/crypto/token.ts'
import { NotTaken } from '../../src/sinks/receiver.ts'
import { parseSinks, type SinkPlace } from '../../src/sinks/settings.ts'
import { frameOf, SyslogReceiver } from '../../src/sinks/syslog.ts'
import { Authority } from '../support/certificates.ts'
import { chance, rounds } from '../support/chance.ts'
import { startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { Rsyslog, withoutRsyslog, withoutRsyslogTls } from '../support/rsyslog.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { firstArrivals, folderOf, freeLeases, isSent, sendTo, trailOf, until, write } from '../support/sinks.ts'

const [sqlite] = engines
assert.ok(sqlite)

/** As the settings have it. */
function placeOf(url: string): Extract<SinkPlace, { kind: 'syslog' }> {
  const [sink] = parseSinks(url)
  return typeof sink === 'object' && sink.place.kind === 'syslog' ? sink.place : assert.fail(String(parseSinks(url)))
}

const receiverOf = ({ vault }: TestServer, url: string) => new SyslogReceiver(placeOf(url), vault.keyring.storeId)

const bySeq = (one: string, other: string) => JSON.parse(one).seq - JSON.parse(other).seq
const withoutMark = (text: string) => text.replace(/^\uFEFF/, '')
const textsIn = (rsyslog: Rsyslog) => rsyslog.messages.map(({ message }) => withoutMark(message))

suite('A sink that is rsyslog', { skip: withoutRsyslog }, () => {
  test('has every record in the form of RFC 5424, with its fields', async (t) => {
    const server = await startServer(t, sqlite)
    const rsyslog = new Rsyslog(t, folderOf(t), await freePort())
    await rsyslog.start()
    await write(server, 3, 'a')
    assert.equal((await server.api.post('/v3/keys', { name: 'Zoë ]"\\ 💡', scopes: ['secrets:read'] })).status, 201)
    assert.equal((await server.api.get('/v3/secrets/99')).status, 404)
    sendTo(t, server.vault, receiverOf(server, `syslog+tcp://127.0.0.1:${rsyslog.port}?facility=10`))
    await until(async () => (await isSent(server)) && rsyslog.messages.length > 0)
    await until(async () => rsyslog.messages.length === (await server.vault.store.auditSize(1)))

    assert.deepEqual(textsIn(rsyslog), await trailOf(server.vault))
    const records = await server.vault.store.recordsAfter(1, 0, 100)
    for (const [at, { record, head }] of records.entries()) {
      const found = rsyslog.messages[at]
      assert.equal(found?.app, 'strongroom')
      assert.equal(found.facility, '10')
      assert.equal(found.kind, record.action)
      assert.equal(found.severity, record.outcome === 'ok' ? '6' : '4')
      const fields = `store="${server.vault.keyring.storeId}" account="1" seq="${record.seq}" format="1" outcome="${record.outcome}"`
      assert.equal(found.data, `[strongroom@32473 ${fields} head="${Buffer.from(head).toString('hex')}"]`)
    }
  })

  test('that is stopped and started again while records come has every record', async (t) => {
    const server = await startServer(t, sqlite)
    const rsyslog = new Rsyslog(t, folderOf(t), await freePort())
    const { watched } = sendTo(t, server.vault, receiverOf(server, `syslog+tcp://127.0.0.1:${rsyslog.port}`))
    await write(server, 2, 'before')
    await until(() => watched.failures.length > 0)
    assert.match(watched.failures[0] ?? '', /^The receiver cannot be reached, or broke off \(ECONNREFUSED\)\.$/)
    let isDone = false
    const writing = (async () => {
      for (let at = 0; !isDone; at++) await write(server, 1, `w${at}`)
    })()
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGTERM'] as const) {
      await rsyslog.start()
      await setTimeout(300)
      await rsyslog.stop(signal)
    }
    await rsyslog.start()
    isDone = true
    await writing
    await until(() => isSent(server))
    await rsyslog.stop()

    // One that was lost with it comes again later than others.
    assert.deepEqual(firstArrivals(textsIn(rsyslog)).toSorted(bySeq), await trailOf(server.vault))
  })

  test('has every record of a server that is killed at any point', async (t) => {
    const place = await sqlite.makePlace()
    t.after(() => place.clear())
    const rsyslog = new Rsyslog(t, folderOf(t), await freePort())
    await rsyslog.start()
    const random = chance(t)
    const key = generateToken()
    const url = `syslog+tcp://127.0.0.1:${rsyslog.port}`
    const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_AUDIT_SINKS: `${url}?name=test` }
    for (let round = 0; round < rounds(2, 30); round++) {
      if (round > 0) await freeLeases(place)
      const child = await startChild(t, place, { env })
      const end = performance.now() + 50 + random() * 700
      for (let at = 0; performance.now() < end; at++) {
        await child.api(key).post('/v3/secrets', { name: `r-${round}-${at}`, value: 'v' })
      }
      await child.end('SIGKILL')
    }
    await freeLeases(place)
    const server = await startServer(t, sqlite, { place })
    sendTo(t, server.vault, receiverOf(server, url))
    await until(() => isSent(server))
    await rsyslog.stop()

    assert.deepEqual(firstArrivals(textsIn(rsyslog)), await trailOf(server.vault))
  })

  test('is reached by TLS alone, by whom it trusts, and trusted by whoever signed it', {
    skip: withoutRsyslogTls,
  }, async (t) => {
    const server = await startServer(t, sqlite)
    const [authority, stranger] = [new Authority(t), new Authority(t, 'Stranger')]
    const own = authority.issue()
    const rsyslog = new Rsyslog(t, folderOf(t), await freePort(), { ca: authority.cert, own: authority.issue() })
    await rsyslog.start()
    await write(server, 3, 'a')
    const url = `syslog+tls://localhost:${rsyslog.port}`
    const ofStranger = stranger.issue()
    const wrong = [
      [`${url}?ca=${stranger.cert}&cert=${own.cert}&key=${own.key}`, /\((UNABLE_TO|SELF_SIGNED|CERT|DEPTH)/],
      [url, /\((UNABLE_TO|SELF_SIGNED)/],
      [`${url}?ca=file:${authority.cert}&cert=file:${ofStranger.cert}&key=file:${ofStranger.key}`, /broke off/],
      [`${url}?ca=/nowhere/ca.pem`, /^The file of ca cannot be read \(ENOENT\)\.$/],
    ] as const
    for (const [place, words] of wrong) {
      const { watched, stop } = sendTo(t, server.vault, receiverOf(server, place))
      await until(() => watched.failures.length > 0)
      assert.match(watched.failures[0] ?? '', words)
      await stop()
    }
    assert.deepEqual(rsyslog.messages, [])

    sendTo(
      t,
      server.vault,
      receiverOf(server, `${url}?ca=file:${authority.cert}&cert=file:${own.cert}&key=file:${own.key}`),
    )
    await until(() => isSent(server))
    await write(server, 600, 'b')
    await until(() => isSent(server))
    await rsyslog.stop()
    assert.deepEqual(firstArrivals(textsIn(rsyslog)), await trailOf(server.vault))
  })
})

suite('A receiver of syslog', () => {
  /** @param use what it does with a connection */
  async function listener(t: TestContext, use: (socket: net.Socket) => void): Promise<number> {
    const sockets = new Set<net.Socket>()
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      use(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : assert.fail()
  }

  test('that breaks off before it has read everything is sent it again', async (t) => {
    const server = await startServer(t, sqlite)
    let connections = 0
    const frames: Buffer[] = []
    const port = await listener(t, (socket) => {
      const isLast = ++connections > 3
      socket.on('data', (chunk: Buffer) => {
        if (isLast) frames.push(chunk)
        else if (connections === 1) socket.destroy()
        else socket.resetAndDestroy()
      })
      socket.on('end', () => socket.end())
    })
    // More than is read at once.
    for (let at = 0; at < 400; at++) await server.api.get('/v3/secrets')
    const { watched } = sendTo(t, server.vault, receiverOf(server, `syslog+tcp://127.0.0.1:${port}`))
    await until(() => isSent(server))

    assert.ok(watched.failures.length >= 2, watched.failures.join('\n'))
    const texts = messagesIn(Buffer.concat(frames)).map((one) => withoutMark(one.slice(one.indexOf('] ') + 2)))
    assert.deepEqual(texts, await trailOf(server.vault))
  })

  test('that turns its senders away, unread, has taken nothing', async (t) => {
    const server = await startServer(t, sqlite)
    await write(server, 3, 'a')
    const authority = new Authority(t)
    const { cert, key } = authority.issue()
    const turnAway = (socket: net.Socket) =>
      socket
        .on('error', () => {})
        .pause()
        .end(() => socket.destroy())
    const tlsServer = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, turnAway)
    await new Promise<void>((resolve) => tlsServer.listen(0, '127.0.0.1', resolve))
    t.after(() => tlsServer.close())
    const address = tlsServer.address()
    const port = typeof address === 'object' && address !== null ? address.port : assert.fail()
    const records = await server.vault.store.recordsAfter(1, 0, 10)
    const receiver = new SyslogReceiver(placeOf(`syslog+tls://localhost:${port}?ca=${authority.cert}`), 'store')

    const taking = () => receiver.take([{ accountId: 1, after: 0, records }], new AbortController().signal)
    for (let at = 0; at < 10; at++) await assert.rejects(taking(), NotTaken)
  })

  test('that never ends its side is believed only where the settings say so', async (t) => {
    const server = await startServer(t, sqlite)
    await write(server, 2, 'a')
    const received: Buffer[] = []
    const port = await listener(t, (socket) => void socket.on('data', (chunk: Buffer) => received.push(chunk)))
    const url = `syslog+tcp://127.0.0.1:${port}`
    const { stop } = sendTo(t, server.vault, receiverOf(server, url))
    await until(() => received.length > 0)
    await setTimeout(200)
    assert.equal((await server.vault.store.sinks.state('test', [])).taken, 0)
    await stop()

    sendTo(t, server.vault, receiverOf(server, `${url}?confirm=off`))
    await until(() => isSent(server))
  })

  test('gets the length of each message in bytes before it, whatever it holds', async (t) => {
    const server = await startServer(t, sqlite)
    const origin = { storeId: server.vault.keyring.storeId, facility: 13, host: 'host' }
    const [first] = await server.vault.store.recordsAfter(1, 0, 1)
    assert.ok(first !== undefined)
    const names = ['plain', 'Zoë', '💡', 'a"b\\c]d', 'line\nfeed', 'x'.repeat(255), '💡'.repeat(255), '\u2028']
    const records = names.map((name) => ({
      ...first,
      record: { ...first.record, principal: { ...first.record.principal, name }, outcome: 'integrity_failure' },
    }))
    const messages = messagesIn(Buffer.concat(records.map((one) => frameOf(one, origin))))

    assert.equal(messages.length, names.length)
    for (const [at, message] of messages.entries()) {
      assert.match(message, /^<106>1 \d{4}-\d\d-\d\dT[\d:.]+Z host strongroom \d+ \S+ \[strongroom@32473 [^\]]*\] /)
      const text = message.slice(message.indexOf('] ') + 2)
      // What is not ASCII is said to be UTF-8.
      assert.equal(text.startsWith('\uFEFF'), /[^ -~\n]/.test(names[at] ?? ''))
      assert.equal(JSON.parse(withoutMark(text)).principal.name, names[at])
      assert.doesNotMatch(message, /\n/)
      // What every receiver by TLS should take (RFC 5425, section 4.3.1).
      assert.ok(Buffer.byteLength(message) <= 8192)
    }
  })
})

/** By the lengths before them. */
function messagesIn(bytes: Buffer): string[] {
  const found: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(' ', at)
    const length = Number(bytes.subarray(at, blank).toString())
    assert.ok(length > 0 && blank + length < bytes.length + 1)
    found.push(bytes.subarray(blank + 1, blank + 1 + length).toString())
    at = blank + 1 + length
  }
  return found
}
