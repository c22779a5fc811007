/** The requests of the command, in place of the global `fetch`: what the client relies on of that. */
import assert from 'node:assert/strict'
import http from 'node:http'
import { suite, type TestContext, test } from 'node:test'
import { fetch } from '../../src/cli/http.ts'
import { startPerson } from '../support/cli.ts'

const never = new AbortController().signal
const init = { method: 'GET', headers: {}, redirect: 'manual', signal: never } as const

suite('Requests of the command', () => {
  test('carry method, headers and a body of any characters, and give back the answer as it came', async (t) => {
    const { url } = await answering(t, (request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part) => parts.push(part))
      request.on('end', () => {
        response.writeHead(201, { ETag: '"1"', 'set-cookie': ['a=1', 'b=2'] })
        response.end(`${request.method} ${request.headers['x-of-mine']} ${Buffer.concat(parts)}`)
      })
    })
    const headers = { 'x-of-mine': 'yes' }

    const answer = await fetch(url, { ...init, method: 'POST', headers, body: 'gr\u00fc\u00dfe \u{1f511}' })

    assert.deepEqual([answer.status, answer.ok, answer.headers.get('etag')], [201, true, '"1"'])
    assert.deepEqual([answer.headers.get('Set-Cookie'), answer.headers.get('x-none')], ['a=1, b=2', null])
    assert.equal(Buffer.from(await answer.arrayBuffer()).toString(), 'POST yes gr\u00fc\u00dfe \u{1f511}')
  })

  test('follow no redirect', async (t) => {
    const { url, seen } = await answering(t, (_, response) => response.writeHead(307, { location: '/else' }).end())

    const answer = await fetch(url, init)

    assert.deepEqual([answer.status, answer.headers.get('location')], [307, '/else'])
    await answer.arrayBuffer()
    assert.deepEqual(seen, ['/'])
  })

  test('keep their connection, also after an answer without a body that nobody reads', async (t) => {
    const ports = new Set<number | undefined>()
    const { url } = await answering(t, ({ socket }, response) => {
      ports.add(socket.remotePort)
      response.writeHead(304).end()
    })

    for (const _ of [1, 2, 3]) assert.equal((await fetch(url, init)).body, null)

    assert.equal(ports.size, 1)
  })

  test('fail when nobody answers, when an answer breaks off, and when they are given up', async (t) => {
    const { url, server } = await answering(t, ({ url: path, socket }, response) => {
      if (path === '/hangs') return
      response.writeHead(200, { 'content-length': '100' }).write('half', () => socket.destroy())
    })
    const giving = new AbortController()
    const hanging = fetch(`${url}hangs`, { ...init, signal: giving.signal })
    giving.abort()

    await assert.rejects(hanging, { name: 'AbortError' })
    await assert.rejects(
      fetch(url, init).then((answer) => answer.arrayBuffer()),
      { code: 'ECONNRESET' },
    )
    server.close()
    server.closeAllConnections()
    await assert.rejects(fetch(url, init), { code: 'ECONNREFUSED' })
  })

  test('go through the proxy that the environment names, when Node.js is told to heed it', async (t) => {
    const { url, seen } = await answering(t, (_, response) => response.writeHead(418).end())
    const person = await startPerson(t)
    const env = { STRONGROOM_URL: 'http://strongroom.example', NODE_USE_ENV_PROXY: '1', HTTP_PROXY: url }

    const { stderr } = await person.run(['secrets', 'list'], { env })

    assert.match(stderr, /http:\/\/strongroom\.example answered 418/)
    assert.match(seen[0] ?? '', /^http:\/\/strongroom\.example\/v3\//)
  })
})

/** A server that is gone when the test ends, and the targets that it was asked for. */
async function answering(t: TestContext, listener: http.RequestListener) {
  const seen: string[] = []
  const server = http.createServer((request, response) => {
    seen.push(request.url ?? '')
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { url: `http://127.0.0.1:${address.port}/`, seen, server }
}
