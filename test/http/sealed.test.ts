/** What a sealed server answers, and how it is given shares. */
import assert from 'node:assert/strict'
import { rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { Waiting } from '../../src/cli/host/waiting.ts'
import { type Given, Shares, type Way } from '../../src/crypto/providers/shares.ts'
import { createWaitingServer } from '../../src/http/waiting-server.ts'
import { makeFolder } from '../support/engines.ts'

interface Options {
  readonly way?: Way | undefined
  readonly isLimited?: boolean
}

/** A server that waits for two shares of three, with those shares. */
async function startSealed(t: TestContext, { way, isLimited = false }: Options = {}) {
  const made = new Shares(2, 3)
  const texts = made.make()
  const shares = new Shares(2, 3)
  shares.want(made.id ?? assert.fail())
  const told: { readonly given: Given; readonly way: Way }[] = []
  const unsealing = { shares, isLimited, onGiven: (given: Given, by: Way) => told.push({ given, way: by }) }
  const state = { isSealed: true }
  const app = await createWaitingServer({
    ...{ unsealing, way },
    isVaultApiServed: true,
    hasMetrics: true,
    isSealed: () => state.isSealed,
  })
  t.after(() => app.close())
  const give = async (share: unknown, type = 'application/json') => {
    const payload = type === 'application/json' ? JSON.stringify({ share }) : String(share)
    const { statusCode, body } = await app.inject({
      ...{ method: 'POST', url: '/unseal', headers: { 'content-type': type }, payload },
    })
    return { status: statusCode, body: JSON.parse(body), text: body }
  }
  const get = async (url: string, method: 'GET' | 'POST' | 'DELETE' = 'GET') => {
    const { statusCode, body, headers } = await app.inject({ url, method })
    return { status: statusCode, text: body, headers }
  }
  return { app, shares, texts, told, state, give, get, set: (made.id ?? '').slice(0, 8) }
}

suite('A sealed server', () => {
  test('is alive and not ready, and says to everything else what to do', async (t) => {
    const { app, get } = await startSealed(t)
    const [healthy, ready] = [await get('/healthz'), await get('/readyz')]
    assert.equal(healthy.status, 200)
    assert.equal(ready.status, 503)
    assert.deepEqual(JSON.parse(ready.text), { status: 'sealed', unseal: { threshold: 2, shares: 3, have: 0 } })

    for (const [method, url] of [
      ['GET', '/v3/secrets'],
      ['POST', '/v3/secrets'],
      ['DELETE', '/metrics'],
      ['GET', '/%ff'],
      // No way is open by the network unless the settings say so.
      ['GET', '/unseal'],
      ['POST', '/unseal'],
    ] as const) {
      const { status, text, headers } = await get(url, method)
      const { code, detail } = JSON.parse(text)
      assert.deepEqual([status, code, headers['retry-after']], [503, 'sealed', '5'], `${method} ${url}`)
      assert.match(detail, /it needs 2 of the 3 shares of its root key, and has 0\..*"strongroom unseal"/)
    }
    assert.match((await get('/metrics')).text, /^strongroom_sealed 1$/m)
    // Whatever is sent with it.
    for (const [type, payload] of [
      ['text/xml', '<'],
      ['application/json', '{"'],
      ['application/json', ' '.repeat(2 ** 21)],
    ] as const) {
      const sent = await app.inject({ method: 'POST', url: '/v3/x', headers: { 'content-type': type }, payload })
      assert.equal(sent.statusCode, 503, type)
    }
  })

  test('tells clients of Vault so in their words', async (t) => {
    const { get, give, texts, state } = await startSealed(t, { way: 'host' })
    await give(texts[0])

    const [health, seal] = [await get('/v1/sys/health'), await get('/v1/sys/seal-status')]
    assert.equal(health.status, 503)
    assert.partialDeepStrictEqual(JSON.parse(health.text), { initialized: true, sealed: true, standby: true })
    assert.equal(seal.status, 200)
    const shown = { type: 'shamir', initialized: true, sealed: true, t: 2, n: 3, progress: 1 }
    assert.partialDeepStrictEqual(JSON.parse(seal.text), shown)
    const other = await get('/v1/prod/data/a')
    assert.equal(other.status, 503)
    assert.match(JSON.parse(other.text).errors[0], /sealed/)

    // A store that is not reached is not sealed.
    state.isSealed = false
    assert.equal((await get('/v1/sys/seal-status')).status, 503)
    assert.deepEqual(JSON.parse((await get('/readyz')).text), { status: 'starting' })
  })

  test('tells people who open the portal so, in words', async (t) => {
    const { get } = await startSealed(t)
    for (const url of ['/', '/portal/', '/portal/secrets']) {
      const { status, text, headers } = await get(url)
      assert.equal(status, 503)
      assert.match(String(headers['content-type']), /^text\/html/)
      assert.match(String(headers['content-security-policy']), /default-src 'none'/)
      assert.match(text, /<h1>Strongroom is sealed<\/h1>/)
      assert.match(text, /has 0\. Anyone who holds a share .* with <code>strongroom unseal<\/code>\./)
    }
  })

  test('takes shares until enough are there, shows how many, and repeats none', async (t) => {
    const { get, give, texts, told, shares, set } = await startSealed(t, { way: 'host' })
    const sealed = { status: 'sealed', threshold: 2, shares: 3, set }
    assert.deepEqual(JSON.parse((await get('/unseal')).text), { ...sealed, have: 0 })

    const mistyped = texts[0]?.replace(/.$/, (last) => (last === '0' ? 'G' : '0'))
    const wrong = await give(mistyped)
    assert.deepEqual([wrong.status, wrong.body.code], [400, 'invalid'])
    assert.match(wrong.body.detail, /mistyped/)
    assert.ok(!wrong.text.includes(texts[0]?.slice(0, 9) ?? ''))
    for (const outcome of ['kept', 'same']) {
      assert.deepEqual((await give(texts[0])).body, { ...sealed, have: 1, outcome, wrong_shares: [] })
    }
    assert.equal((await get('/unseal', 'DELETE')).status, 200)
    assert.equal(shares.progress.have, 0)
    await give(texts[1])
    const last = await give(texts[2])
    assert.deepEqual(last.body, { ...sealed, status: 'open', have: 2, outcome: 'open', wrong_shares: [] })
    assert.equal((await give(texts[0])).body.outcome, 'open')
    assert.deepEqual(
      told.map(({ given }) => given.outcome),
      ['kept', 'same', 'kept', 'open', 'open'],
    )
    assert.ok(!texts.some((text) => JSON.stringify(told).includes(text)))
  })

  test('takes by the network a share at a time, undoes nothing for it, and reads no more than a share', async (t) => {
    const { app, get, give, texts, shares } = await startSealed(t, { way: 'network', isLimited: true })
    assert.equal((await give(texts[0])).status, 200)
    const again = await give(texts[1])
    assert.deepEqual([again.status, again.body.code], [429, 'rate_limited'])
    assert.equal((await get('/unseal', 'DELETE')).status, 503)
    assert.equal(shares.progress.have, 1)

    const other = await startSealed(t, { way: 'network' })
    for (const [payload, status] of [
      [JSON.stringify({ share: '0'.repeat(2000) }), 413],
      ['{"share":', 400],
      ['[]', 400],
      ['{"share":5}', 400],
      [`{"share":"${'0'.repeat(500)}"}`, 400],
    ] as const) {
      const headers = { 'content-type': 'application/json' }
      const answer = await other.app.inject({ method: 'POST', url: '/unseal', headers, payload })
      assert.equal(answer.statusCode, status, payload.slice(0, 20))
    }
    // As a form of another site would send it.
    assert.equal((await other.give(other.texts[0], 'text/plain')).status, 415)
    assert.equal((await app.inject({ method: 'POST', url: '/unseal' })).statusCode, 429)
    assert.equal((await other.app.inject({ method: 'POST', url: '/unseal' })).statusCode, 400)
    assert.equal(other.shares.progress.have, 0)
  })

  test('has a socket of its own for shares, beside which the settings alone open the main address', async (t) => {
    for (const isUnsealedByHttp of [false, true]) {
      const folder = makeFolder()
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const [main, own] = [join(folder, 'main'), join(folder, 'unseal')]
      const made = new Shares(2, 2)
      const [first = '', second = ''] = made.make()
      const shares = new Shares(2, 2)
      shares.want(made.id ?? '')
      const settings = { isUnsealedByHttp, metricsListen: undefined, isVaultApiServed: false, rateLimit: undefined }
      const waiting = new Waiting(
        {
          ...settings,
          rootKeys: [{ kind: 'shamir', shares }],
          listen: { path: main, mode: 0o666 },
          unsealSocket: { path: own, mode: 0o600 },
        },
        undefined,
        pino({ level: 'silent' }),
      )
      t.after(() => waiting.end())
      await new Promise<void>((resolve) => waiting.seal(resolve))

      assert.equal(statSync(own).mode & 0o777, 0o600)
      assert.equal(await giveAt(main, first), isUnsealedByHttp ? 200 : 503)
      assert.equal(shares.progress.have, isUnsealedByHttp ? 1 : 0)
      assert.equal(await giveAt(own, second), 200)
      assert.equal(shares.progress.isOpen, isUnsealedByHttp)
    }
  })
})

/** @returns the status of the answer */
function giveAt(socketPath: string, share: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const asked = request({ socketPath, path: '/unseal', method: 'POST', headers, agent: false }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode))
    })
    asked.once('error', reject)
    asked.end(JSON.stringify({ share }))
  })
}
