/** Rare but legal turns of HTTP, and the few answers that Node would give by itself: the same rules hold for them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { engines } from '../support/engines.ts'
import { type RawAnswer, sendRaw } from '../support/raw.ts'
import { startServer, type TestServer } from '../support/server.ts'

const [sqlite] = engines

suite('A request', () => {
  test('without Host is refused in the common shape', async (t) => {
    const { url, api } = await startWithOne(t)

    const answer = await sendRaw(url, `GET /v3/secrets HTTP/1.1\r\nAuthorization: Bearer ${api.key}\r\n\r\n`)

    assertProblem(answer, 400)
  })

  test('with two Hosts, or one that is none, is refused in the common shape', async (t) => {
    const { url, api } = await startWithOne(t)
    const ask = (...hosts: readonly string[]) =>
      sendRaw(
        url,
        `GET /v3/secrets HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join('')}Authorization: Bearer ${api.key}\r\nConnection: close\r\n\r\n`,
      )

    assertProblem(await ask('a.example', 'b.example'), 400)
    assertProblem(await ask('a.example', 'a.example'), 400)
    for (const host of ['', 'a b', 'a/b', 'a@b', 'a,b', 'a:b', 'a:65536', '[::1', '::1', '[g::]', 'a\u00e4']) {
      assertProblem(await ask(host), 400)
    }
    for (const host of ['a', 'A.example:443', '127.0.0.1:4600', '[::1]:4600', '[2001:db8::1]', 'a_b.example.', 'a:']) {
      assert.equal((await ask(host)).status, 200, host)
    }
  })

  test('with a header twice that is good once is refused, naming it', async (t) => {
    const { url, api } = await startWithOne(t)
    for (const name of ['Content-Type', 'Origin', 'Idempotency-Key', 'Strongroom-Portal']) {
      const head = `GET /v3/secrets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\nConnection: close\r\n`
      const answer = await sendRaw(url, `${head}${name}: a\r\n${name.toLowerCase()}: b\r\n\r\n`)
      assertProblem(answer, 400)
      assert.equal(JSON.parse(answer.body).errors[0].field, name)
    }
  })

  test('with an expectation that nobody knows is refused in the common shape', async (t) => {
    const { url } = await startWithOne(t)

    const answer = await sendRaw(url, 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nConnection: close\r\n\r\n')

    assertProblem(answer, 417)
  })

  test('refused before it is understood is not to be kept either', async (t) => {
    const { url } = await startWithOne(t)

    for (const bytes of ['nonsense\r\n\r\n', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n']) {
      const { head } = await sendRaw(url, bytes)
      assert.match(head, /^cache-control: no-store\r?$/im)
      assert.match(head, /^x-content-type-options: nosniff\r?$/im)
    }
  })

  test('with a query parameter that the path does not know is 400 naming it', async (t) => {
    const { api } = await startWithOne(t)

    for (const [method, path, body] of [
      ['GET', '/v3/secrets?colour=blue', undefined],
      ['GET', '/v3/secrets/1?colour=blue', undefined],
      ['POST', '/v3/secrets?colour=blue', { name: 'other', value: 'v' }],
      ['PUT', '/v3/secrets/1?colour=blue', { value: 'changed' }],
      ['DELETE', '/v3/secrets/1?colour=blue', undefined],
    ] as const) {
      const { status, body: problem } = await api.send(method, path, body)
      assert.deepEqual([status, problem?.errors?.[0]?.field], [400, 'colour'], `${method} ${path}`)
    }
    assert.equal((await api.get('/v3/secrets/1')).body.value, 'first')
  })

  test('with a query parameter given twice is 400 naming it', async (t) => {
    const { api } = await startWithOne(t)

    for (const [query, field] of [
      ['limit=1&limit=2', 'limit'],
      ['name=a&name=b', 'name'],
      ['cursor=a&cursor=b', 'cursor'],
    ]) {
      const { status, body } = await api.get(`/v3/secrets?${query}`)
      assert.deepEqual([status, body.errors?.[0]?.field], [400, field])
    }
  })

  test('accepting JSON by name is served, whatever a wider range excludes', async (t) => {
    const { api } = await startWithOne(t)

    for (const accept of [
      'application/json, */*;q=0',
      'application/*;q=0, application/json',
      'application/json;q=0.5',
    ]) {
      assert.equal((await api.get('/v3/secrets', { accept })).status, 200, accept)
    }
  })

  test('sent together with the next is answered in order', async (t) => {
    const { url, api } = await startWithOne(t)
    const ask = (path: string, extra = '') =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\n${extra}\r\n`

    const { head, body } = await sendRaw(
      url,
      ask('/v3/secrets/1') + ask('/v3/secrets/2') + ask('/healthz', 'Connection: close\r\n'),
      3,
    )

    const statuses = [...`${head}\r\n\r\n${body}`.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)
    assert.deepEqual(statuses, ['200', '404', '200'])
  })

  test('of HTTP/1.0 is answered and the connection closed', async (t) => {
    const { url, api } = await startWithOne(t)

    const answer = await sendRaw(url, `GET /v3/secrets/1 HTTP/1.0\r\nAuthorization: Bearer ${api.key}\r\n\r\n`)

    assert.deepEqual([answer.status, answer.isClosed, JSON.parse(answer.body).value], [200, true, 'first'])
  })
})

function assertProblem({ status, head, body }: RawAnswer, expected: number): void {
  assert.equal(status, expected, head)
  assert.match(head, /^content-type: application\/problem\+json/im, head)
  assert.equal(JSON.parse(body).status, expected)
}

async function startWithOne(t: Parameters<typeof startServer>[0]): Promise<TestServer> {
  assert.ok(sqlite)
  const server = await startServer(t, sqlite)
  await server.api.post('/v3/secrets', { name: 'db-password', value: 'first' })
  return server
}
