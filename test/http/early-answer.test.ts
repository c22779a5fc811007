/** An answer that comes before the end of a body: real clients, of which some send everything first, read it. */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { before, suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { stillTime } from '../support/still-time.ts'

const [engine] = engines
assert.ok(engine)
const sqlite = engine
const folder = join(import.meta.dirname, 'uploaders')
const MiB = 2 ** 20

interface Upload {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly size: number
  readonly isChunked: boolean
}

interface Client {
  readonly name: string
  readonly command: readonly string[]
  readonly skip: string | false
}

const isThere = (program: string) => spawnSync(program, ['version']).error === undefined
const goProgram = join(makeFolder(), 'upload')
const clients: readonly Client[] = [
  { name: "Python's http.client", command: ['/usr/bin/python3', join(folder, 'upload.py')], skip: false },
  { name: "Node.js' fetch", command: [process.execPath, join(folder, 'upload.mjs')], skip: false },
  { name: "Go's net/http", command: [goProgram], skip: isThere('go') ? false : 'Go is not installed' },
]

/** @returns of each upload the status of its answer, and whether that had a body */
async function send({ command }: Client, uploads: readonly Upload[]): Promise<unknown> {
  const [program = '', ...parameters] = command
  const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(JSON.stringify(uploads))
  const [out, errors] = await Promise.all([text(child.stdout), buffer(child.stderr)])
  assert.equal(errors.toString(), '')
  return JSON.parse(out)
}

function uploadsTo({ api }: TestServer, key = api.key): readonly Upload[] {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return [2 * MiB, 8 * MiB, 32 * MiB].flatMap((size) =>
    [false, true].map((isChunked) => ({ url: `${api.url}/v3/secrets`, method: 'POST', headers, size, isChunked })),
  )
}

for (const client of clients) {
  suite(`${client.name} reads`, { skip: client.skip }, () => {
    before(() => {
      if (client.command[0] !== goProgram) return
      execFileSync('go', ['build', '-o', goProgram, join(folder, 'upload.go')], {
        env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '' },
      })
    })

    test('that its body is too large', async (t) => {
      const server = await startServer(t, sqlite)
      const uploads = uploadsTo(server)
      assert.deepEqual(await send(client, uploads), Array(uploads.length).fill([413, true]))
      assert.deepEqual((await server.api.get('/v3/secrets')).body, { secrets: [] })
    })

    test('what is refused before the body, whatever the reason', async (t) => {
      const server = await startServer(t, sqlite)
      const [large] = uploadsTo(server).slice(2)
      assert.ok(large)
      const { url, headers } = large
      const change = (more: Partial<Upload>) => ({ ...large, ...more })
      const expected: readonly (readonly [number, Upload])[] = [
        [401, change({ headers: { ...headers, authorization: `Bearer ${generateToken()}` } })],
        [401, change({ headers: { ...headers, authorization: 'Bearer sr_short' } })],
        [401, change({ headers: {}, isChunked: true })],
        [415, change({ headers: { ...headers, 'content-type': 'text/plain' } })],
        [415, change({ headers: { ...headers, 'content-encoding': 'gzip' }, isChunked: true })],
        [405, change({ method: 'PUT' })],
        [404, change({ url: url.replace('/secrets', '/nothing') })],
        [404, change({ url: url.replace('/v3/secrets', '/nothing'), isChunked: true })],
        [413, change({ url: `${url}/1`, method: 'DELETE' })],
        [403, change({ url: url.replace('/secrets', '/session') })],
        [413, change({ url: url.replace('/secrets', '/auth/oidc'), isChunked: true })],
        [401, change({ url: url.replace('/v3/secrets', '/api/secrets/lists'), headers: {} })],
        [413, change({ url: url.replace('/v3/secrets', '/api/secrets/lists') })],
      ]

      const answers = await send(
        client,
        expected.map(([, upload]) => upload),
      )

      assert.deepEqual(
        answers,
        expected.map(([status]) => [status, true]),
      )
    })

    test('that it asks too often', async (t) => {
      const server = await startServer(t, sqlite, { rateLimit: 1 })
      stillTime(t)
      const uploads = uploadsTo(server)
      const answers = await send(client, uploads)
      assert.deepEqual(answers, [[413, true], ...Array(uploads.length - 1).fill([429, true])])
    })

    test('that there is too much to do', async (t) => {
      const server = await startServer(t, sqlite)
      const backlog = server.vault.store.backlog.bind(server.vault.store)
      server.vault.store.backlog = () => ({ ...backlog(), waiting: 10_000 })
      const uploads = uploadsTo(server)
      assert.deepEqual(await send(client, uploads), Array(uploads.length).fill([503, true]))
    })
  })
}

suite('A connection whose last answer came early', () => {
  for (const [status, key] of [
    [413, undefined],
    [401, generateToken()],
  ] as const) {
    test(`(${status}) is closed before long, however long the other side goes on`, async (t) => {
      const { api, url } = await startServer(t, sqlite, { givesUp: true })
      const { socket, received } = open(t, url)
      socket.write(
        `POST /v3/secrets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key ?? api.key}\r\nContent-Type: application/json\r\nContent-Length: 900000000000\r\n\r\n`,
      )
      const end = performance.now() + 60_000
      let sent = 0
      while (!socket.destroyed && performance.now() < end) {
        const piece = Buffer.alloc(2 ** 20)
        if (!socket.write(piece)) await Promise.race([setTimeout(100), new Promise((go) => socket.once('drain', go))])
        sent += piece.length
      }
      assert.ok(socket.destroyed, `${sent} bytes were taken`)
      assert.match(received(), new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(received(), /^connection: close\r$/im)
      assert.equal(received().split('HTTP/1.1').length, 2)
    })
  }

  test('that stays good for the next request has no second answer to the first', async (t) => {
    const { url } = await startServer(t, sqlite, { givesUp: true })
    const { socket, received } = open(t, url)

    // The rest, which is short, never comes.
    socket.write(
      'POST /v3/secrets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"',
    )
    await new Promise((resolve) => socket.once('close', resolve))

    assert.match(received(), /^HTTP\/1\.1 401 /)
    assert.equal(received().split('HTTP/1.1').length, 2)
  })
})

function open(t: TestContext, url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  let text = ''
  socket.on('data', (data) => {
    text += data.toString()
  })
  return { socket, received: () => text }
}
