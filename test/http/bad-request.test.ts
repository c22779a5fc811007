/** Requests that are malformed before their body: paths, methods, headers, keys, framing. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { engines } from '../support/engines.ts'
import { type RawAnswer, sendRaw } from '../support/raw.ts'
import { startServer, type TestServer } from '../support/server.ts'

const [sqlite] = engines
if (sqlite === undefined) throw new Error('There is always SQLite.')

const jsonFromPortal = { 'content-type': 'application/json', 'strongroom-portal': '1' }
const unknownKey = 'sr_00000000000000000000000000000000000000000002CZclj'

for (const engine of engines) {
  test(`${engine.name}: a NUL in what is a name of nothing is 400 naming it`, { skip: engine.skip }, async (t) => {
    const { api } = await startServer(t, engine)
    const answers = [
      ['list', await api.get('/v3/secrets?list=a%00')],
      ['list', await api.post('/v3/secrets', { name: 'a', value: 'v', list: 'a\0' })],
      ['target', await api.get('/v3/deployments?target=a%00')],
      ['principal', await api.get('/v3/audit?principal=%00')],
      ['email', await api.send('POST', '/v3/session', '{"email":"a\\u0000@b.c","password":"x"}', jsonFromPortal)],
    ] as const

    for (const [field, { status, body }] of answers) {
      assert.deepEqual([status, body.errors?.[0]?.field], [400, field], JSON.stringify(body))
    }
  })
}

suite('A query', () => {
  test('that gives a parameter twice is 400 saying so', async (t) => {
    const server = await startWithOne(t)

    for (const path of ['/v3/secrets?limit=1&limit=2', '/v3/audit?limit=5&limit=5', '/v3/deployments?limit=&limit=']) {
      const answer = await get(server, path)
      assertProblem(answer, 400, 'invalid')
      assert.deepEqual(JSON.parse(answer.body).errors, [{ field: 'limit', detail: 'Must be given once.' }], path)
    }
  })
})

suite('A path', () => {
  test('with a malformed id is 400 naming it', async (t) => {
    const server = await startWithOne(t)

    const ids = [
      '0',
      '-1',
      '01',
      '+1',
      '1e3',
      '1.0',
      '0x1',
      '%201',
      '1%00',
      'one',
      '1;2',
      '9007199254740993',
      '1'.repeat(40),
    ]
    for (const id of ids) {
      for (const method of ['GET', 'DELETE']) {
        const answer = await get(server, `/v3/secrets/${id}`, method)
        assertProblem(answer, 400, 'invalid')
        assert.deepEqual(JSON.parse(answer.body).errors, [{ field: 'id', detail: 'Must be a positive integer.' }], id)
      }
    }
    assert.equal((await server.api.get('/v3/secrets/1')).status, 200)
  })

  test('that only a sloppy router would match is 404', async (t) => {
    const server = await startWithOne(t)

    for (const path of [
      '/v3/secrets/1/',
      '//v3/secrets',
      '/v3//secrets',
      '/v3/./secrets',
      '/v3/x/../secrets',
      '/v3/%2e%2e/v3/secrets',
      '/v3%2Fsecrets',
      '/v3/secrets%2F1',
      '/v3/secrets/1%2F',
      '/v3\\secrets',
      '/V3/secrets',
      '/v3/Secrets',
      '/v3/secret',
      '/v3',
      '/v3/',
      '/nothing',
      '/v3/secrets/1/versions/',
      '/v3/secrets/',
      '/v3/keys/',
      '/v3/secrets/%zz',
      '/v3/secrets/%C3',
    ]) {
      assertProblem(await get(server, path), 404, 'not_found')
    }
  })

  test('that is too long is 414', async (t) => {
    const server = await startWithOne(t)

    assertProblem(await get(server, `/v3/secrets?name=${'x'.repeat(8192)}`), 414, 'uri_too_long')
    assertProblem(await get(server, `/v3/secrets/${'1'.repeat(9000)}`), 414, 'uri_too_long')
  })
})

suite('A method', () => {
  test('that a path does not take is 405 and says what it takes', async (t) => {
    const server = await startWithOne(t)
    const allowed = {
      '/v3/secrets': 'GET, HEAD, POST',
      '/v3/secrets/1': 'GET, HEAD, PUT, DELETE',
      '/v3/audit': 'GET, HEAD',
      '/api/secrets/lists': 'GET, HEAD, POST',
      '/api/secrets/lists/default': 'GET, HEAD, POST, DELETE',
      '/secrets/lists/1': 'GET, HEAD, POST, DELETE',
      '/api/secrets/lists/1/values/1': 'GET, HEAD, POST, DELETE',
      '/api/cloud/locations': 'GET, HEAD',
      '/healthz': 'GET, HEAD',
      '/metrics': 'GET, HEAD',
      '/openapi.json': 'GET, HEAD',
      '/docs': 'GET, HEAD',
      '/portal/': 'GET, HEAD',
      '/': 'GET, HEAD',
      '/seed/x/user-data': 'GET, HEAD',
      '/portal/sso/callback': 'GET',
    }

    for (const [path, allow] of Object.entries(allowed)) {
      for (const method of ['PATCH', 'TRACE', 'OPTIONS', 'HEAD', 'POST', 'PUT', 'DELETE', 'PROPFIND', 'QUERY']) {
        if (allow.split(', ').includes(method)) continue
        const answer = await get(server, path, method)
        assert.equal(answer.status, 405, `${method} ${path}: ${answer.head}`)
        const stated = /^allow: (.*)$/im.exec(answer.head)?.[1]?.trim().split(', ').sort()
        assert.deepEqual(stated, allow.split(', ').sort())
      }
    }
    assert.equal((await server.api.get('/v3/secrets/1')).body.value, 'first')
  })

  test('that makes tunnels or is none at all is refused', async (t) => {
    const { url } = await startWithOne(t)

    const tunnel = await sendRaw(url, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n')
    assertProblem(tunnel, 405, 'method_not_allowed')
    assert.equal(tunnel.isClosed, true)
    assert.equal((await sendRaw(url, 'STEAL /v3/secrets HTTP/1.1\r\nHost: x\r\n\r\n')).status, 400)
  })
})

suite('An API key', () => {
  test('that is missing, malformed, unknown or doubled is 401, the same for all', async (t) => {
    const { url, api } = await startWithOne(t)
    const good = `Authorization: Bearer ${api.key}`
    const sent = [
      '',
      'Authorization: Basic dXNlcjpwYXNz',
      'Authorization: Bearer',
      'Authorization: Bearer ',
      `Authorization: ${api.key}`,
      'Authorization: Bearer sr_short',
      `Authorization: Bearer ${api.key.slice(0, -1)}${api.key.endsWith('A') ? 'B' : 'A'}`,
      `Authorization: Bearer ${unknownKey}`,
      `Authorization: Bearer ${api.key} ${api.key}`,
      'Authorization: Bearer sr_\u00e4',
      `${good}\r\n${good}`,
      `${good}\r\nauthorization: Bearer ${unknownKey}`,
    ]

    const answers: RawAnswer[] = []
    for (const header of sent) {
      const lines = ['GET /v3/secrets/1 HTTP/1.1', 'Host: x', header].filter((line) => line !== '')
      answers.push(await sendRaw(url, Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')))
    }

    for (const [at, answer] of answers.entries()) {
      assertProblem(answer, 401, 'unauthenticated')
      assert.match(answer.head, /^www-authenticate: Bearer/im)
      assert.equal(withoutId(answer.body), withoutId(answers[0]?.body ?? ''), `header ${at}`)
    }
    const control = await sendRaw(url, `GET /v3/secrets/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \u0000\r\n\r\n`)
    assert.equal(control.status, 400)
  })

  test('may be in any case of the scheme, or in the query unless that is turned off', async (t) => {
    const { url, api } = await startWithOne(t)
    const strict = await startServer(t, sqlite, { isQueryKeyAccepted: false })

    assert.equal((await sendRaw(url, request('GET', '/v3/secrets', `authorization: bearer ${api.key}`))).status, 200)
    assert.equal((await sendRaw(url, request('GET', `/v3/secrets?key=${api.key}`, 'X: y'))).status, 200)
    assert.equal((await sendRaw(url, request('GET', `/v3/secrets/1?key=${api.key}`, 'X: y'))).status, 200)
    assert.equal((await sendRaw(url, request('GET', `/v3/secrets?key=${unknownKey}`, 'X: y'))).status, 401)
    assert.equal((await sendRaw(url, request('GET', `/v3/secrets?key=${api.key}&key=${api.key}`, 'X: y'))).status, 401)
    const refused = await sendRaw(strict.url, request('GET', `/v3/secrets?key=${strict.api.key}`, 'X: y'))
    assertProblem(refused, 401, 'unauthenticated')
  })

  test('is asked for before a fault of the request is told', async (t) => {
    const { url } = await startWithOne(t)

    for (const key of [unknownKey, 'sr_short']) {
      for (const path of ['/v3/secrets/0', '/v3/secrets?limit=0', '/v3/secrets?colour=blue', '/v3/audit?from=x']) {
        assertProblem(await sendRaw(url, request('GET', path, `Authorization: Bearer ${key}`)), 401, 'unauthenticated')
      }
    }
  })
})

suite('Headers', () => {
  test('that are too long or too many are 431', async (t) => {
    const { url, api } = await startWithOne(t)
    const good = `Authorization: Bearer ${api.key}`

    const long = await sendRaw(url, request('GET', '/v3/secrets', `${good}\r\nX: ${'x'.repeat(17_000)}`))
    assertProblem(long, 431, 'headers_too_large')
    assert.equal(long.isClosed, true)
    const many = Array.from({ length: 150 }, (_, at) => `X-${at}: y`).join('\r\n')
    assertProblem(await sendRaw(url, request('GET', '/v3/secrets', `${good}\r\n${many}`)), 431, 'headers_too_large')
  })

  test('that exclude JSON are 406, and any other Accept is not minded', async (t) => {
    const { api } = await startWithOne(t)

    assert.equal((await api.get('/v3/secrets', { accept: 'application/json;q=0' })).status, 406)
    for (const accept of ['text/html', '*/*', 'application/xml', 'text/html, application/json;q=0.1']) {
      assert.equal((await api.get('/v3/secrets', { accept })).status, 200, accept)
    }
  })
})

suite('Framing', () => {
  test('that two readers could read in two ways is 400 and ends the connection', async (t) => {
    const { url, api } = await startWithOne(t)
    const head = `POST /v3/secrets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\nContent-Type: application/json\r\n`
    const body = '{"name":"smuggled","value":"x"}'

    for (const bytes of [
      `${head}Transfer-Encoding: chunked\r\nContent-Length: ${body.length}\r\n\r\n0\r\n\r\n`,
      `${head}Content-Length: ${body.length}\r\nContent-Length: 5\r\n\r\n${body}`,
      `${head}Content-Length: +${body.length}\r\n\r\n${body}`,
      `${head}Content-Length: -1\r\n\r\n${body}`,
      `${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n${body}`,
      `${head}Transfer-Encoding: identity, chunked, x\r\n\r\n${body}`,
      `${head}X: a\r\n b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      `${head}X : y\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      `${head}X: a\rb\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      'nonsense\r\n\r\n',
      'GET /v3/secrets HTTP/9.9\r\nHost: x\r\n\r\n',
    ]) {
      const answer = await sendRaw(url, bytes)
      assert.equal(answer.status, 400, `${bytes.slice(0, 200)}: ${answer.head}`)
      assert.equal(answer.isClosed, true)
    }
    assert.deepEqual((await api.get('/v3/secrets?name=smuggled')).body.secrets, [])
  })

  test('of requests sent without waiting gives the answers in order', async (t) => {
    const { url, api } = await startWithOne(t)
    await api.post('/v3/secrets', { name: 'second', value: 'second' })
    const one = (id: number, extra = '') =>
      `GET /v3/secrets/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\n${extra}\r\n`

    const { head, body } = await sendRaw(url, one(2) + one(1) + one(9, 'Connection: close\r\n'), 3)

    const text = head + body
    assert.deepEqual(
      [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status),
      ['200', '200', '404'],
    )
    assert.ok(text.indexOf('"id":2') < text.indexOf('"id":1'))
  })
})

async function startWithOne(t: Parameters<typeof startServer>[0]): Promise<TestServer> {
  if (sqlite === undefined) throw new Error('There is always SQLite.')
  const server = await startServer(t, sqlite)
  await server.api.post('/v3/secrets', { name: 'db-password', value: 'first' })
  return server
}

function get({ url, api }: TestServer, path: string, method = 'GET'): Promise<RawAnswer> {
  return sendRaw(url, request(method, path, `Authorization: Bearer ${api.key}\r\nConnection: close`))
}

function request(method: string, path: string, headers: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`
}

function withoutId(body: string): string {
  return body.replace(/"request_id":"[^"]*"/, '')
}

function assertProblem({ status, head, body }: RawAnswer, wanted: number, code: string): void {
  assert.equal(status, wanted, `${head}\n${body}`)
  assert.match(head, /^content-type: application\/problem\+json/im)
  assert.equal(JSON.parse(body).code, code)
}
