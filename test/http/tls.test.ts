/** TLS in the server itself: who gets in, what a browser is told, and certificates that change while it runs. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type ConnectionOptions, connect } from 'node:tls'
import { pino } from 'pino'
import { readTls } from '../../src/http/tls.ts'
import { Authority, type Pair, replacePair } from '../support/certificates.ts'
import { runCommand, startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestOptions } from '../support/server.ts'

const [sqlite] = engines
assert.ok(sqlite)
const engine = sqlite

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** One request on a connection of its own. */
function get(
  url: string,
  path: string,
  options: ConnectionOptions,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL(path, url),
      { ...options, headers, agent: new Agent({ maxCachedSessions: 0 }) },
      (answer) => {
        let text = ''
        answer.on('data', (part) => {
          text += part
        })
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }))
      },
    )
    asked.once('error', reject)
    asked.end()
  })
}

/** The number of the certificate that a new connection gets. */
async function servedBy(url: string, ca: string): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: 'localhost', ca })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

async function start(t: TestContext, options: TestOptions & { readonly pair?: Pair; readonly clientCa?: string } = {}) {
  const authority = new Authority(t)
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) })
  const { pair = authority.issue(), clientCa, ...more } = options
  const tls = { certPath: pair.cert, keyPath: pair.key, clientCaPath: clientCa }
  const server = await startServer(t, engine, { logger, ...more, tls })
  return { server, authority, pair, ca: authority.text, lines, url: server.url.replace('127.0.0.1', 'localhost') }
}

suite('TLS in the server', () => {
  test('answers whoever trusts its issuer, by 1.2 and 1.3 and by nothing older', async (t) => {
    const { url, ca, server } = await start(t)
    assert.match(server.url, /^https:/)

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { status } = await get(url, '/healthz', { ca, minVersion: version, maxVersion: version })
      assert.equal(status, 200)
    }
    const old = { ca, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await assert.rejects(get(url, '/healthz', old))
    await assert.rejects(get(url, '/healthz', {}), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  test('tells browsers to come by nothing else, and takes passwords and cookies for TLS alone', async (t) => {
    const { url, ca } = await start(t)

    const page = await get(url, '/portal/', { ca })
    const refused = await get(url, '/v3/secrets', { ca })

    for (const { headers } of [page, refused]) assert.equal(headers['strict-transport-security'], 'max-age=31536000')
    const plain = await startServer(t, engine)
    assert.equal((await fetch(`${plain.url}/healthz`)).headers.get('strict-transport-security'), null)
  })

  test('takes a new certificate without a stop, while requests go on', async (t) => {
    const { url, ca, authority, pair, server, lines } = await start(t)
    const agent = new Agent({ keepAlive: true, ca })
    const ask = () =>
      new Promise<boolean>((resolve, reject) => {
        request(new URL('/healthz', url), { agent }, (answer) =>
          answer.resume().once('end', () => resolve(asked.reusedSocket)),
        )
          .once('error', reject)
          .end()
        const asked = { reusedSocket: false }
      })
    await ask()
    const [socket] = Object.values(agent.freeSockets).flat()

    replacePair(pair, authority.issue())
    server.reloadTls()

    assert.equal(await servedBy(url, ca), 'leaf-2')
    await ask()
    assert.equal(Object.values(agent.freeSockets).flat()[0], socket, 'the connection of before goes on')
    agent.destroy()
    assert.ok(lines.some(({ msg }) => msg === 'new connections get another certificate'))
  })

  test('keeps the pair that it has when the new one is broken, and says so', async (t) => {
    const { url, ca, authority, pair, server, lines } = await start(t)
    const other = authority.issue()
    const expired = authority.issue({ days: -1 })
    const breaks: readonly [() => void, RegExp][] = [
      [() => copyFileSync(other.cert, pair.cert), /STRONGROOM_TLS_KEY is not the key/],
      [() => writeFileSync(pair.cert, 'nonsense'), /STRONGROOM_TLS_CERT must be/],
      [() => writeFileSync(pair.key, readFileSync(other.key, 'utf8').slice(0, 60)), /STRONGROOM_TLS_KEY must be/],
      [() => replacePair(pair, expired), /time is over/],
    ]
    const before = { cert: readFileSync(pair.cert), key: readFileSync(pair.key) }
    for (const [spoil, reason] of breaks) {
      writeFileSync(pair.cert, before.cert)
      writeFileSync(pair.key, before.key)
      spoil()
      server.reloadTls()

      assert.equal(await servedBy(url, ca), 'leaf-1')
      assert.match(String(lines.at(-1)?.['reason']), reason)
      assert.equal(lines.at(-1)?.['level'], 50)
    }
    const key = readFileSync(pair.key, 'utf8').split('\n')[1] ?? ''
    assert.ok(key.length > 20 && !JSON.stringify(lines).includes(key))
    replacePair(pair, authority.issue())
    server.reloadTls()
    assert.equal(await servedBy(url, ca), 'leaf-4')
  })

  test('lets in only who shows a certificate of the authority that is asked for, and one of before no more', async (t) => {
    const clients = new Authority(t, 'Clients')
    const others = new Authority(t, 'Others')
    const { url, ca, server } = await start(t, { clientCa: clients.cert })
    const as = ({ cert, key }: Pair) => ({ ca, cert: readFileSync(cert), key: readFileSync(key) })
    const [known, stranger] = [as(clients.issue()), as(others.issue())]

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      assert.equal((await get(url, '/healthz', { ...known, maxVersion })).status, 200)
      await assert.rejects(get(url, '/healthz', { ...stranger, maxVersion }))
      await assert.rejects(get(url, '/healthz', { ca, maxVersion }))
    }
    const session = await sessionOf(url, known)
    assert.equal(await isResumed(url, { ...known, session }), true)
    copyFileSync(others.cert, clients.cert)
    server.reloadTls()

    await assert.rejects(isResumed(url, { ...known, session }))
    await assert.rejects(get(url, '/healthz', known))
    assert.equal((await get(url, '/healthz', stranger)).status, 200)
  })

  test('ends handshakes that do not go on, and what is no TLS, and counts both', async (t) => {
    const { url, ca } = await start(t, { maxConnections: 3 })
    const port = Number(new URL(url).port)
    const silent = connectPlain(port, 'localhost').on('error', () => {})
    const plain = connectPlain(port, 'localhost', () => plain.write('GET / HTTP/1.1\r\n\r\n')).on('error', () => {})

    await once(plain.resume(), 'close')
    assert.equal((await get(url, '/healthz', { ca })).status, 200)
    await once(silent.resume(), 'close')

    const { text } = await get(url, '/metrics', { ca })
    assert.match(text, /closed_connections_total\{reason="handshake"\} 2/)
    assert.match(text, /strongroom_connections 1\n/)
    assert.match(text, /strongroom_tls_certificate_end_seconds [1-9]/)
  })

  test('makes room for whoever comes when handshakes stand in the way', async (t) => {
    const { url, ca } = await start(t, { maxConnections: 5 })
    const port = Number(new URL(url).port)
    const slow = Array.from({ length: 20 }, () => connectPlain(port, 'localhost').on('error', () => {}))
    t.after(() => {
      for (const socket of slow) socket.destroy()
    })
    await Promise.all(slow.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])))

    for (let at = 0; at < 10; at++) assert.equal((await get(url, '/healthz', { ca })).status, 200)
  })

  test('cuts off a body that does not go on, and answers what is no request', async (t) => {
    const { url, ca } = await start(t, { givesUp: true })
    const send = async (text: string): Promise<string> => {
      const socket = connect({ port: Number(new URL(url).port), host: 'localhost', ca })
      socket.on('error', () => {})
      await once(socket, 'secureConnect')
      socket.write(text)
      let answer = ''
      socket.on('data', (part) => {
        answer += part
      })
      await once(socket, 'close')
      return answer
    }

    assert.match(await send('nonsense\r\n\r\n'), /^HTTP\/1.1 400/)
    assert.match(
      await send(
        'POST /v3/exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
      ),
      /^HTTP\/1.1 4\d\d/,
    )
    assert.equal((await get(url, '/healthz', { ca })).status, 200)
  })

  test('does not start with files that do not fit, and says which', async (t) => {
    const authority = new Authority(t)
    const [one, two] = [authority.issue(), authority.issue()]
    const encrypted = join(authority.folder, 'encrypted.key')
    writeFileSync(encrypted, '-----BEGIN ENCRYPTED PRIVATE KEY-----\n')
    const read = (certPath: string, keyPath: string, clientCaPath?: string) => () =>
      readTls({ certPath, keyPath, clientCaPath })

    assert.throws(read(one.cert, two.key), /STRONGROOM_TLS_KEY is not the key of/)
    assert.throws(read('/nowhere', one.key), /STRONGROOM_TLS_CERT names a file that is not there/)
    assert.throws(read(one.cert, encrypted), /STRONGROOM_TLS_KEY is encrypted/)
    assert.throws(read(one.cert, one.key, one.key), /STRONGROOM_TLS_CLIENT_CA must be a file with certificates/)
    chmodSync(one.key, 0o644)
    assert.equal(read(one.cert, one.key)().isKeyOpen, true)
    appendFileSync(one.cert, authority.text)
    assert.equal(read(one.cert, one.key)().certificate.subject, 'CN=leaf-1')
  })
})

suite('The server as a process that speaks TLS', () => {
  test('reads its files anew upon SIGHUP, goes on, and is asked for its health by its settings', async (t) => {
    const place = await engine.makePlace()
    t.after(() => place.clear())
    const authority = new Authority(t)
    const pair = authority.issue()
    const env = { STRONGROOM_TLS_CERT: pair.cert, STRONGROOM_TLS_KEY: pair.key, NODE_EXTRA_CA_CERTS: authority.cert }
    const server = await startChild(t, place, { env })
    const url = server.url.replace('127.0.0.1', 'localhost')
    await server.says(/https:\/\/127.0.0.1:\d+\/portal\/welcome#/)

    replacePair(pair, authority.issue())
    server.process.kill('SIGHUP')
    while ((await servedBy(url, authority.text)) !== 'leaf-2') await setTimeout(20)

    const asHost = { ...env, STRONGROOM_LISTEN: `127.0.0.1:${new URL(url).port}` }
    const health = await runCommand(place, ['health'], asHost)
    assert.deepEqual([health.code, health.stdout], [0, 'ready\n'], health.stderr)
    const client = { STRONGROOM_URL: url, STRONGROOM_API_KEY: server.firstKey ?? '' }
    const trusting = await runCommand(place, ['secrets', 'list'], { ...env, ...client })
    const wary = await runCommand(place, ['secrets', 'list'], client)
    assert.deepEqual([trusting.code, wary.code !== 0], [0, true], trusting.stderr)
    assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null })
    assert.notEqual((await runCommand(place, ['health'], asHost)).code, 0)
  })
})

/** What a connection is taken up again with. */
async function sessionOf(url: string, options: ConnectionOptions): Promise<Buffer> {
  const { session } = await talk(url, options)
  assert.ok(session)
  return session
}

async function isResumed(url: string, options: ConnectionOptions): Promise<boolean> {
  return (await talk(url, options)).isReused
}

/** One request. @throws when no answer comes */
function talk(url: string, options: ConnectionOptions) {
  return new Promise<{ session: Buffer | undefined; isReused: boolean }>((resolve, reject) => {
    const socket = connect({ port: Number(new URL(url).port), host: 'localhost', ...options })
    let session: Buffer | undefined
    let text = ''
    let isReused = false
    socket.on('session', (found) => {
      session = found
    })
    socket.on('data', (part) => {
      text += part
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      isReused = socket.isSessionReused()
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    })
    socket.once('close', () => {
      if (text.startsWith('HTTP/1.1 200')) resolve({ session, isReused })
      else reject(new Error('No answer came.'))
    })
  })
}
