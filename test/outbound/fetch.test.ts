/** A fetch from where somebody else chose, against servers that misbehave in every way. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { type Allowance, parseAllowance } from '../../src/outbound/addresses.ts'
import { barrierThrough, type FetchLimits, guardedFetch } from '../../src/outbound/fetch.ts'
import { certificateFor } from '../support/certificate.ts'

const loopback: readonly Allowance[] = [parseAllowance('127.0.0.1') ?? assert.fail()]
const limits: FetchLimits = { allowances: loopback, maxBytes: 1000, timeoutMs: 10_000 }

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

suite('A look at where a URL leads', () => {
  test('says why nothing would be sent there, and no address that a name has', async () => {
    const leadingTo = (...addresses: string[]) => barrierThrough({ allowances: [], resolve: async () => addresses })
    const url = 'https://hook.example/x?token=kept'
    assert.equal(await leadingTo('93.184.215.14')(url), undefined)
    const barred = await leadingTo('93.184.215.14', '10.0.0.7')(url)
    assert.deepEqual(barred, {
      fault: 'address',
      detail: 'hook.example is not of the public internet, and the settings do not allow it.',
    })
    assert.equal((await leadingTo()(url))?.fault, 'unresolved')
    const failing = barrierThrough({ allowances: [], resolve: () => Promise.reject(new Error('no resolver')) })
    assert.equal((await failing(url))?.fault, 'unresolved')
  })

  test('is over in a moment, and says nothing then', async () => {
    const resolve = () => new Promise<readonly string[]>(() => {})
    assert.equal(await barrierThrough({ allowances: [], resolve, timeoutMs: 10 })('https://hook.example/'), undefined)
  })
})

suite('A fetch from outside', () => {
  test('gives what is served: status, headers, body', async (t) => {
    const url = await serve(t, (_request, answer) => {
      answer.writeHead(404, { 'content-type': 'application/json', 'x-twice': ['a', 'b'] }).end('{"a":1}')
    })

    const answer = await guardedFetch(`${url}/x?y=1`, limits)

    assert.equal(answer.status, 404)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.deepEqual(await answer.json(), { a: 1 })
  })

  test('sends a method, headers and a form, as clients of OpenID Connect do', async (t) => {
    const url = await serve(t, (request, answer) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        const { method, headers } = request
        answer.end(JSON.stringify({ method, type: headers['content-type'], length: headers['content-length'], body }))
      })
    })
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ code: 'ä b' }),
    }

    const answer = await guardedFetch(url, limits, init)

    const type = 'application/x-www-form-urlencoded'
    assert.deepEqual(await answer.json(), { method: 'POST', type, length: '13', body: 'code=%C3%A4+b' })
  })

  test('takes an answer without a body', async (t) => {
    const url = await serve(t, (_request, answer) => answer.writeHead(204).end())

    assert.equal((await guardedFetch(url, limits)).status, 204)
  })

  for (const status of [300, 301, 302, 303, 304, 307, 308]) {
    test(`follows no redirect (${status})`, async (t) => {
      const asked: string[] = []
      const url = await serve(t, (request, answer) => {
        asked.push(request.url ?? '')
        answer.writeHead(status, { location: '/inside' }).end()
      })

      await assert.rejects(guardedFetch(`${url}/outside`, limits), { reason: 'redirect' })

      assert.deepEqual(asked, ['/outside'])
    })
  }

  test('takes no more bytes than it was told to, announced or not, and hangs up', async (t) => {
    let closed = 0
    const url = await serve(t, (request, answer) => {
      request.socket.on('close', () => closed++)
      if (request.url === '/exact') return answer.end('a'.repeat(1000))
      if (request.url === '/announced') answer.setHeader('content-length', '100000')
      const more = () => {
        while (answer.write('a'.repeat(500)));
      }
      answer.on('drain', more)
      more()
    })

    assert.equal((await (await guardedFetch(`${url}/exact`, limits)).text()).length, 1000)
    await assert.rejects(guardedFetch(`${url}/announced`, limits), { reason: 'too_large' })
    await assert.rejects(guardedFetch(`${url}/endless`, limits), { reason: 'too_large' })
    while (closed < 3) await new Promise((resolve) => setImmediate(resolve))
  })

  test('does not unpack what was compressed', async (t) => {
    const url = await serve(t, (_request, answer) => answer.writeHead(200, { 'content-encoding': 'gzip' }).end('x'))

    await assert.rejects(guardedFetch(url, limits), { reason: 'encoding' })
  })

  test('gives up on headers without end', async (t) => {
    const url = await serve(t, (_request, answer) => answer.writeHead(200, { 'x-long': 'a'.repeat(20_000) }).end())

    await assert.rejects(guardedFetch(url, limits), { reason: 'connection' })
  })

  test('gives up on a server that answers byte by byte, or not at all', async (t) => {
    const url = await serve(t, (request, answer) => {
      if (request.url === '/silent') return
      answer.flushHeaders()
      const drip = setInterval(() => answer.write('a'), 20)
      answer.on('close', () => clearInterval(drip))
    })

    await assert.rejects(guardedFetch(`${url}/silent`, { ...limits, timeoutMs: 150 }), { reason: 'timeout' })
    await assert.rejects(guardedFetch(`${url}/drip`, { ...limits, timeoutMs: 150 }), { reason: 'timeout' })
  })

  test('gives up on a resolver that does not answer', async () => {
    const resolve = () => new Promise<never>(() => {})

    await assert.rejects(guardedFetch('https://a.example', { ...limits, timeoutMs: 50, resolve }), {
      reason: 'timeout',
    })
  })

  test('ends when its caller wants it to', async (t) => {
    const url = await serve(t, () => {})
    const abort = new AbortController()
    setImmediate(() => abort.abort())

    await assert.rejects(guardedFetch(url, limits, { signal: abort.signal }), { reason: 'connection' })
    await assert.rejects(guardedFetch(url, limits, { signal: AbortSignal.abort() }), { reason: 'connection' })
  })

  test('asks for the addresses of a name once, and connects to what was checked', async (t) => {
    const url = await serve(t, (request, answer) => answer.end(request.headers.host))
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['169.254.169.254']]
    let asked = 0
    const resolve = async () => answers[asked++] ?? []
    const named = url.replace('127.0.0.1', 'rebinding.example')

    const answer = await guardedFetch(named, { ...limits, resolve })

    assert.equal(await answer.text(), new URL(named).host)
    assert.equal(asked, 1)
    await assert.rejects(guardedFetch(named, { ...limits, resolve }), { reason: 'address' })
  })

  test('believes a server only with a certificate of its name', async (t) => {
    const { key, cert } = certificateFor(t, 'issuer.example')
    const server = createTlsServer({ key, cert }, (_request, answer) => answer.end('in')).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const trusting = { ...limits, resolve: async () => ['127.0.0.1'] }

    assert.equal(await (await guardedFetch(`https://issuer.example:${port}`, trusting)).text(), 'in')
    await assert.rejects(guardedFetch(`https://other.example:${port}`, trusting), { reason: 'connection' })
    await assert.rejects(guardedFetch(`https://127.0.0.1:${port}`, trusting), { reason: 'connection' })
  })
})
