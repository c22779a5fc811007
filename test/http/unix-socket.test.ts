/** A server on a Unix socket: who may connect, what a killed one leaves behind, and whose word on an address counts. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import { listen } from '../../src/cli/host/listen.ts'
import { runCommand, startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { main } from '../support/main.ts'
import { startServer, type TestOptions } from '../support/server.ts'

/** A folder whose path leaves room for the socket's. */
function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sr-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

interface Answer {
  readonly status: number
  readonly text: string
}

function ask(
  socketPath: string,
  path: string,
  headers: Record<string, string | string[]> = {},
  send: { readonly method?: string; readonly body?: unknown } = {},
): Promise<Answer> {
  const { method = 'GET', body } = send
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method, headers: { ...type, ...headers } }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    asked.once('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** Lets go of a socket as a killed server does: its file stays. */
function leaveBehind(path: string): void {
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', program])
  assert.ok(statSync(path).isSocket())
}

for (const engine of engines) {
  suite(`${engine.name}: behind a Unix socket`, { skip: engine.skip }, () => {
    const start = async (t: TestContext, options: TestOptions = {}) => {
      const path = join(folderOf(t), 'http.sock')
      const server = await startServer(t, engine, { ...options, listen: { path, mode: 0o600 } })
      const auth = { authorization: `Bearer ${server.api.key}` }
      const send = (method: string, where: string, body: unknown) => ask(path, where, auth, { method, body })
      assert.equal((await send('POST', '/v3/secrets', { name: 'prod-db', value: 'v' })).status, 201)
      const from = async (headers: Record<string, string | string[]>) =>
        (await ask(path, '/v3/secrets/1', headers)).status
      return { path, auth, send, from }
    }
    const register = async ({ send }: Awaited<ReturnType<typeof start>>, ...addresses: string[]) => {
      assert.equal((await send('POST', '/v3/machines', { name: 'web', addresses })).status, 201)
      assert.equal((await send('PUT', '/v3/settings', { vm_auth: true })).status, 200)
    }
    const spoofs: readonly Record<string, string | string[]>[] = [
      {},
      { 'x-forwarded-for': '192.0.2.7' },
      { 'x-forwarded-for': '192.0.2.7, 127.0.0.1' },
      { 'x-forwarded-for': ['192.0.2.7', '192.0.2.7'] },
      { 'x-forwarded-for': '::ffff:192.0.2.7' },
      { 'x-forwarded-for': 'unix, 192.0.2.7' },
      { 'x-forwarded-for': 'undefined, 192.0.2.7' },
      { forwarded: 'for=192.0.2.7' },
      { forwarded: 'for="[2001:db8::7]";proto=https, for=unix' },
      { 'x-real-ip': '192.0.2.7' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-for': '::1' },
    ]

    test('no machine is known by anything it says, when the socket is not trusted', async (t) => {
      for (const trustedProxies of [[], ['127.0.0.1', '::1', '192.0.2.0/24', '10.0.0.0/8']]) {
        const server = await start(t, { trustedProxies })
        await register(server, '192.0.2.7', '2001:db8::7', '127.0.0.0/16', '::1')

        for (const headers of spoofs) assert.equal(await server.from(headers), 401, JSON.stringify(headers))
        assert.equal(await server.from(server.auth), 200)
      }
    })

    test('a machine is known by what the trusted socket’s proxy added last, and by no other header', async (t) => {
      const server = await start(t, { trustedProxies: ['unix', '10.1.0.0/16'] })
      await register(server, '192.0.2.7', '2001:db8::7')
      const told = (...chain: string[]) => server.from({ 'x-forwarded-for': chain })

      assert.equal(await told('192.0.2.7'), 200)
      assert.equal(await told('::ffff:192.0.2.7'), 200)
      assert.equal(await told('2001:DB8:0::7'), 200)
      assert.equal(await told('198.51.100.1, 192.0.2.7'), 200)
      assert.equal(await told('198.51.100.1', '192.0.2.7'), 200)
      assert.equal(await told('192.0.2.7, 10.1.2.3'), 200)
      assert.equal(await told('192.0.2.7, ::ffff:10.1.2.3'), 200)
      for (const chain of [
        '192.0.2.7, 198.51.100.1',
        '192.0.2.7, 198.51.100.1, 10.1.2.3',
        '192.0.2.7, unix',
        '192.0.2.7, undefined',
        '192.0.2.7, none',
        '192.0.2.7:443',
        '192.0.2.7%eth0',
        '[2001:db8::7]',
        '10.1.2.3',
        'unknown',
        '',
        ', ,',
      ]) {
        assert.equal(await told(chain), 401, chain)
      }
      for (const headers of [{}, { forwarded: 'for=192.0.2.7' }, { 'x-real-ip': '192.0.2.7' }]) {
        assert.equal(await server.from(headers), 401, JSON.stringify(headers))
      }
    })

    test('a key with networks is refused without an address, and the trail holds no made-up one', async (t) => {
      const server = await start(t)
      const made = await server.send('POST', '/v3/keys', { name: 'k', scopes: ['secrets:read'], networks: ['::/0'] })
      const { api_key: key } = JSON.parse(made.text)
      const junk = `${'9'.repeat(5000)}`

      assert.equal(await server.from({ authorization: `Bearer ${key}`, 'x-forwarded-for': '192.0.2.7' }), 401)
      assert.equal(await server.from({ ...server.auth, 'x-forwarded-for': junk }), 200)

      const { records } = JSON.parse((await ask(server.path, '/v3/audit?action=secret.read', server.auth)).text)
      assert.deepEqual([...new Set(records.map(({ address }: { address: string }) => address))], ['none'])
    })

    test('what a trusted proxy passes on is an address, or nothing', async (t) => {
      const server = await start(t, { trustedProxies: ['unix'] })
      const junk = ['9'.repeat(5000), `fe80::1%${'a'.repeat(5000)}`, 'unknown']

      for (const chain of junk) assert.equal(await server.from({ ...server.auth, 'x-forwarded-for': chain }), 200)
      assert.equal(await server.from({ ...server.auth, 'x-forwarded-for': '198.51.100.9' }), 200)

      const { records } = JSON.parse((await ask(server.path, '/v3/audit?action=secret.read', server.auth)).text)
      assert.deepEqual(
        new Set(records.map(({ address }: { address: string }) => address)),
        new Set(['none', '198.51.100.9']),
      )
    })

    test('the command listens with the mode that is set, over a killed server’s socket, and clears it away', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const folder = folderOf(t)
      const path = join(folder, 'http.sock')
      for (const [mode, killed] of [
        ['600', true],
        ['660', true],
        [undefined, false],
      ] as const) {
        const env = {
          STRONGROOM_LISTEN: `unix:${path}`,
          ...(mode === undefined ? {} : { STRONGROOM_LISTEN_MODE: mode }),
        }
        const child = await startChild(t, place, { env })
        assert.equal((statSync(path).mode & 0o777).toString(8), mode ?? '600')
        assert.equal((await ask(path, '/readyz')).status, 200)
        assert.match(child.output(), new RegExp(`Socket +${path}`))
        await child.end(killed ? 'SIGKILL' : 'SIGTERM')
        assert.deepEqual(readdirSync(folder), killed ? ['http.sock'] : [])
      }
    })

    test('the command takes no socket from a server that lives, and removes nothing else', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const folder = folderOf(t)
      const path = join(folder, 'http.sock')
      const serve = (where: string) => runCommand(place, ['serve'], { STRONGROOM_LISTEN: `unix:${where}` })

      const other = createServer((socket) => socket.on('error', () => {}).end('mine'))
      await new Promise<void>((resolve) => other.listen(path, resolve))
      t.after(() => other.close())
      // Not the synchronous runner: the other server is this process, and has to answer.
      const env = {
        PATH: process.env['PATH'] ?? '',
        STRONGROOM_LISTEN: `unix:${path}`,
        STRONGROOM_DATA_DIR: place.dataDir,
        ...(place.databaseUrl === undefined ? {} : { STRONGROOM_DATABASE_URL: place.databaseUrl }),
      }
      const refused = await new Promise<string>((resolve) =>
        execFile(process.execPath, [main, 'serve'], { env, timeout: 60_000 }, (_error, _out, stderr) =>
          resolve(stderr),
        ),
      )
      assert.match(refused, /Another server listens on/)
      const heard = await new Promise<string>((resolve) =>
        connect(path).once('data', (bytes) => resolve(String(bytes))),
      )
      assert.equal(heard, 'mine')

      const file = join(folder, 'file')
      writeFileSync(file, 'kept')
      symlinkSync(file, join(folder, 'link'))
      for (const where of [file, join(folder, 'link'), folder]) {
        const { code, stderr } = serve(where)
        assert.equal(code, 1, where)
        assert.match(stderr, /is not a socket, and is left alone/)
      }
      assert.deepEqual(readdirSync(folder).sort(), ['file', 'http.sock', 'link'])
    })
  })
}

suite('Listening on a socket', () => {
  test('of several servers that start over one left socket, one listens and the others say so', async (t) => {
    const path = join(folderOf(t), 'http.sock')
    for (let round = 0; round < 10; round++) {
      leaveBehind(path)
      const apps = [Fastify(), Fastify(), Fastify()]
      const ends = await Promise.allSettled(apps.map((app) => listen(app, { path, mode: 0o600 })))
      try {
        assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1)
        assert.equal((await ask(path, '/')).status, 404)
      } finally {
        for (const app of apps) await app.close()
      }
    }
  })
})
