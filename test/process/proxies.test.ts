/** Behind nginx, HAProxy and Caddy, as the files in `deploy/` set them up: people sign in, and programs notice nothing. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { certificateFor } from '../support/certificate.ts'
import { startChild } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { pythonBeside } from '../support/python.ts'

const [sqlite] = engines
assert.ok(sqlite)
const engine = sqlite
const name = 'strongroom.example'

interface Proxy {
  readonly program: string
  readonly file: string
  /** What of the file is another here: each is in it once. */
  readonly changes: (place: Place) => Readonly<Record<string, string>>
  /** The file around it, where it is only a part. */
  readonly whole?: (config: string, place: Place) => string
  readonly parameters: (path: string) => readonly string[]
  /** Two nodes in place of one. */
  readonly both: (first: string, second: string) => string
  /** Whether it sends what has a body to another node, if that may be repeated. */
  readonly repeatsBodies: boolean
  /** Sizes of bodies, in MiB, of which everybody reads that they are too long. */
  readonly tooLong: readonly number[]
}

interface Place {
  readonly folder: string
  readonly port: number
  readonly upstream: string
}

const proxies: readonly Proxy[] = [
  {
    program: 'nginx',
    file: 'nginx.conf',
    changes: ({ folder, port, upstream }) => ({
      'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
      'listen [::]:443 ssl': `listen [::1]:${port} ssl`,
      'server 127.0.0.1:4600': `server ${upstream}`,
      '/etc/ssl/strongroom/cert.pem': `${folder}/cert.pem`,
      '/etc/ssl/strongroom/key.pem': `${folder}/key.pem`,
      '/var/log/nginx/strongroom.log': `${folder}/access.log`,
    }),
    whole: (config, { folder }) =>
      [
        `daemon off; master_process off; pid ${folder}/pid; error_log stderr;`,
        'events {}',
        `http { ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`).join(' ')}`,
        config,
        '}',
      ].join('\n'),
    parameters: (path) => ['-c', path],
    both: (first, second) => `${first} fail_timeout=2s; server ${second}`,
    repeatsBodies: true,
    tooLong: [2, 4, 8, 32],
  },
  {
    program: 'haproxy',
    file: 'haproxy.cfg',
    changes: ({ folder, port, upstream }) => ({
      'bind :::443 v4v6 ssl': `bind 127.0.0.1:${port},[::1]:${port} ssl`,
      '127.0.0.1:4600': upstream,
      '/etc/ssl/strongroom/both.pem': `${folder}/both.pem`,
    }),
    parameters: (path) => ['-f', path],
    both: (first, second) => `${first} check\n    server another ${second}`,
    repeatsBodies: true,
    tooLong: [2, 4, 8, 32],
  },
  {
    program: 'caddy',
    file: 'Caddyfile',
    changes: ({ folder, port, upstream }) => ({
      '\tadmin off': '\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust',
      'strongroom.example {': `https://strongroom.example:${port} {\n\tbind 127.0.0.1 [::1]`,
      '127.0.0.1:4600': upstream,
      '/etc/ssl/strongroom/cert.pem': `${folder}/cert.pem`,
      '/etc/ssl/strongroom/key.pem': `${folder}/key.pem`,
    }),
    parameters: (path) => ['run', '--adapter', 'caddyfile', '--config', path],
    both: (first, second) => `${first} ${second}`,
    repeatsBodies: false,
    // It does not wait for more of a body that was answered early: its file says so.
    tooLong: [2],
  },
]

for (const proxy of proxies) {
  const isThere = spawnSync(proxy.program, ['-v']).error === undefined
  suite(`Behind ${proxy.program}`, { skip: isThere ? false : `${proxy.program} is not installed` }, () => {
    test('the set-up link, a sign-in and a session work, in a cookie for TLS alone', async (t) => {
      const { ask, origin, output } = await start(t, proxy)
      const [, path = '', token = ''] = new RegExp(`${origin}(/portal/welcome)#(\\w+)`).exec(output()) ?? []
      const page = await ask('GET', path)
      const portal = { 'strongroom-portal': '1', origin, 'sec-fetch-site': 'same-origin' }
      const who = { email: 'ada@example.com', password: 'four unrelated words, honestly' }

      const accepted = await ask('POST', '/v3/invitations/accept', { token, name: 'Ada', ...who }, portal)
      const signedIn = await ask('POST', '/v3/session', who, portal)

      assert.deepEqual([page.status, accepted.status, signedIn.status], [200, 201, 201], accepted.text + signedIn.text)
      const cookie = String(signedIn.headers['set-cookie'])
      assert.match(cookie, /^__Host-strongroom=\S+; Path=\/; HttpOnly; SameSite=Strict; Secure/)
      const session = { 'strongroom-portal': '1', cookie: cookie.slice(0, cookie.indexOf(';')) }
      assert.equal((await ask('GET', '/v3/session', undefined, session)).body.user.email, who.email)
      assert.equal((await ask('POST', '/v3/secrets', { name: 'a', value: 'v' }, { ...session, origin })).status, 201)
      const strange = await ask('POST', '/v3/session', who, { ...portal, origin: 'https://evil.example' })
      assert.deepEqual([strange.status, strange.body.code], [403, 'cross_site_request'])
    })

    test('values come and go as they are, with their headers, and HEAD has no body', async (t) => {
      const { ask, key } = await start(t, proxy)
      const value = `${'long '.repeat(12_000)}\r\n\tÄ 🔑`

      const made = await ask('POST', '/v3/secrets', { name: 'a', value }, key)
      const read = await ask('GET', '/v3/secrets/1', undefined, key)
      const head = await ask('HEAD', '/v3/secrets/1', undefined, key)
      const list = await ask('POST', '/api/secrets/lists', { name: 'a/b' }, key)
      const byName = await ask('GET', '/api/secrets/lists/a%2Fb', undefined, key)

      assert.deepEqual([made.status, read.status, head.status, list.status, byName.status], [201, 200, 200, 200, 200])
      assert.equal(read.body.value, value)
      assert.equal(byName.body.data.name, 'a/b')
      assert.deepEqual([head.text, head.headers['etag'], head.headers['cache-control']], ['', '"1"', 'no-store'])
      // Folders of a name stay one part of the path.
      assert.equal((await ask('PUT', '/v3/secrets/by-name/web%2Fdb', { value: 'x' }, key)).status, 201)
      assert.equal((await ask('GET', '/v3/secrets/by-name/web%2Fdb', undefined, key)).status, 200)
      const changed = await ask('PUT', '/v3/secrets/1', { value: 'w' }, { ...key, 'if-match': '"7"' })
      assert.equal(changed.status, 412)
    })

    test('the longest file passes, and of what is too long everybody reads so', async (t) => {
      const { ask, key, port, folder } = await start(t, proxy)
      const file = { name: 'file', type: 'file', value: Buffer.alloc(2 ** 20, 1).toString('base64') }
      assert.equal((await ask('POST', '/v3/secrets', file, key)).status, 201)
      const repeatable = { ...key, 'idempotency-key': randomUUID() }
      assert.equal((await ask('POST', '/v3/secrets', { ...file, name: 'another' }, repeatable)).status, 201)

      const program = `
import http.client, itertools, socket, ssl
context = ssl.create_default_context(cafile=data['cert'])
out = []
for size in data['sizes']:
    for chunked, own in itertools.product((False, True), data['headers']):
        connection = http.client.HTTPSConnection('${name}', data['port'], timeout=60, context=context)
        connection._create_connection = lambda *_: socket.create_connection(('127.0.0.1', data['port']), 60)
        body = b'x' * size
        pieces = (body[at:at + 65536] for at in range(0, size, 65536)) if chunked else body
        headers = {**own, 'Content-Type': 'application/json'}
        try:
            connection.request('POST', '/v3/secrets', pieces, headers, encode_chunked=chunked)
            came = connection.getresponse()
            out.append([size, chunked, 'Idempotency-Key' in own, came.status, json.loads(came.read()).get('code')])
        except (OSError, ValueError, http.client.HTTPException) as error:
            out.append([size, chunked, 'Idempotency-Key' in own, repr(error), None])
        connection.close()
`
      const sizes = proxy.tooLong.map((mebibytes) => mebibytes * 2 ** 20)

      const headers = [key, { ...key, 'Idempotency-Key': randomUUID() }]
      const answers = await pythonBeside(program, { port, cert: join(folder, 'cert.pem'), headers, sizes })

      const both = [false, true]
      const expected = sizes.flatMap((size) =>
        both.flatMap((isChunked) => both.map((isKeyed) => [size, isChunked, isKeyed, 413, 'too_large'])),
      )
      assert.deepEqual(answers, expected)
    })

    test('what may be repeated goes to another node when one goes away without an answer', async (t) => {
      const broken = await startBroken(t)
      const { ask, key } = await start(t, proxy, (node) => proxy.both(broken.address, node))
      const calls = [() => ask('GET', '/v3/secrets', undefined, key)]
      const repeatable = () => ({ ...key, 'idempotency-key': randomUUID() })
      if (proxy.repeatsBodies)
        calls.push(() => ask('POST', '/v3/secrets', { name: randomUUID(), value: 'v' }, repeatable()))

      for (const call of calls) {
        const before = broken.count()
        // A while after it has failed, it is asked again.
        for (const end = performance.now() + 60_000; broken.count() === before; await setTimeout(20)) {
          assert.ok(performance.now() < end, 'It is not asked.')
          const { status, text: answer } = await call()
          assert.ok(status === 200 || status === 201, `${status} ${answer}`)
        }
      }
    })

    test('the audit trail has the address of the caller, whatever they say it is', async (t) => {
      const { ask, key } = await start(t, proxy)
      await ask('POST', '/v3/secrets', { name: 'a', value: 'v' }, key)

      await ask('GET', '/v3/secrets/1', undefined, { ...key, 'x-forwarded-for': '203.0.113.7' }, '127.0.0.1')
      await ask('GET', '/v3/secrets/1', undefined, { ...key, 'x-forwarded-for': '2001:db8::7' }, '::1')

      const { records } = (await ask('GET', '/v3/audit?action=secret.read', undefined, key)).body
      assert.deepEqual(
        records.map(({ address }: { address: string }) => address),
        ['::1', '127.0.0.1'],
      )
    })

    test('no key that is sent in the query is in the log of the proxy', async (t) => {
      const { ask, key, folder, proxyOutput } = await start(t, proxy)
      const sent = key.authorization.slice('Bearer '.length)

      assert.equal((await ask('GET', `/v3/secrets?key=${sent}`)).status, 200)
      const log = () => (proxy.program === 'nginx' ? readFileSync(join(folder, 'access.log'), 'utf8') : proxyOutput())
      const isLogged = () => proxy.program === 'caddy' || /GET \/v3\/secrets/.test(log())
      for (const end = performance.now() + 30_000; !isLogged(); await setTimeout(50)) {
        assert.ok(performance.now() < end, 'It is not logged.')
      }
      assert.ok(!log().includes(sent))
    })
  })
}

/** Something that seems to be a node that is ready, and resets who asks it for anything else. */
async function startBroken(t: TestContext): Promise<{ address: string; count: () => number }> {
  let count = 0
  const ready = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      if (data.toString('latin1').startsWith('GET /readyz ')) return void socket.end(ready)
      count++
      socket.resetAndDestroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, count: () => count }
}

/** A server behind a proxy, both until the test ends. */
async function start(t: TestContext, proxy: Proxy, nodes = (node: string) => node) {
  const [folder, port] = [makeFolder(), await freePort()]
  const { key, cert } = certificateFor(t, name)
  writeFileSync(join(folder, 'key.pem'), key)
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'both.pem'), cert + key)
  const origin = `https://${name}:${port}`
  const server = await startServerFor(t, origin)
  const running = startProxy(t, proxy, { folder, port, upstream: nodes(new URL(server.url).host) })
  const ask = caller(port, cert)
  const firstKey = server.firstKey
  assert.ok(firstKey)
  for (const end = performance.now() + 30_000; ; await setTimeout(100)) {
    const isReady = await ask('GET', '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    )
    if (isReady) break
    assert.ok(performance.now() < end && running.child.exitCode === null, running.output())
  }
  const headers = { authorization: `Bearer ${firstKey}` }
  return { ask, origin, port, folder, key: headers, output: server.output, proxyOutput: running.output }
}

async function startServerFor(t: TestContext, origin: string) {
  const place = await engine.makeMigratedPlace()
  t.after(() => place.clear())
  const env = { STRONGROOM_PUBLIC_URL: origin, STRONGROOM_TRUSTED_PROXIES: '127.0.0.1' }
  const server = await startChild(t, place, { env })
  // It is printed with the rest, which comes in one piece.
  await server.says(/\/portal\/welcome#/)
  return server
}

function startProxy(t: TestContext, proxy: Proxy, place: Place): { child: ChildProcess; output: () => string } {
  const file = readFileSync(join(import.meta.dirname, '..', '..', 'deploy', proxy.file), 'utf8')
  const whole = file.replaceAll(/^\s*#.*$/gm, '')
  const changes = proxy.changes(place)
  for (const own of Object.keys(changes)) assert.equal(whole.split(own).length, 2, `${proxy.file}: ${own}`)
  // All at once: a free port may begin with the digits of the one that is to be replaced.
  const owns = new RegExp(Object.keys(changes).map(RegExp.escape).join('|'), 'g')
  const config = whole.replaceAll(owns, (own) => changes[own] ?? own)
  const path = join(place.folder, proxy.file)
  writeFileSync(path, proxy.whole?.(config, place) ?? config)
  const child = spawn(proxy.program, proxy.parameters(path), {
    env: { PATH: process.env['PATH'], HOME: place.folder, XDG_DATA_HOME: place.folder, XDG_CONFIG_HOME: place.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const take = (data: Buffer) => {
    output += data
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  })
  return { child, output: () => output }
}

/** As a client that trusts the certificate, to an address of this machine. */
function caller(port: number, ca: string) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    address = '127.0.0.1',
  ) => {
    const sent = request({
      ...{ host: address, port, servername: name, ca, method, path, agent: false },
      headers: {
        host: `${name}:${port}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    })
    const answered = once(sent, 'response')
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    const [answer] = await answered
    const came = await text(answer)
    return { status: Number(answer.statusCode), headers: answer.headers, text: came, body: parse(came) }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
function parse(came: string): any {
  try {
    return JSON.parse(came)
  } catch {
    return undefined
  }
}
