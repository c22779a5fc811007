/** The reader that keeps values in memory: how long, for whom, and when it must not. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { CachedSecrets, type CacheOptions, NotFound, Strongroom } from '../../src/client/index.ts'
import { rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { type Faked, Middleman, type Trick } from '../support/middleman.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
const ttlMs = 60_000
const maxStaleMs = 300_000

suite('A cached reader', () => {
  test('asks once while a value is fresh, and again after that', async (t) => {
    const { cached, secrets, middleman, pass } = await start(t)

    assert.equal((await cached.get(1)).value, 'first')
    await secrets.update(1, { value: 'second' })
    pass(ttlMs - 1)
    assert.equal((await cached.get(1)).value, 'first')
    pass(1)
    assert.equal((await cached.get(1)).value, 'second')

    assert.equal(readsOf(middleman), 2)
  })

  test('asks once for all who ask at the same time, also when that fails', async (t) => {
    const { cached, middleman } = await start(t)

    const found = await Promise.all(Array.from({ length: 20 }, () => cached.get(1)))
    const missing = await Promise.allSettled(Array.from({ length: 20 }, () => cached.get(9)))

    assert.deepEqual(new Set(found.map(({ value }) => value)), new Set(['first']))
    assert.ok(missing.every((one) => one.status === 'rejected' && one.reason instanceof NotFound))
    assert.equal(readsOf(middleman), 2)
  })

  test('finds by name, with one request each time', async (t) => {
    const { cached, middleman, pass } = await start(t)

    await cached.getByName('db-password')
    pass(ttlMs)
    assert.equal((await cached.getByName('db-password')).value, 'first')

    const byName = '/v3/secrets/by-name/db-password'
    assert.deepEqual(
      middleman.seen.flatMap(({ method, path }) => (method === 'GET' ? [path] : [])),
      [byName, byName],
    )
  })

  const outages: Readonly<Record<string, Trick>> = {
    'no connection': 'drop',
    'a lost answer': 'lose',
    silence: 'hang',
    '429': problem(429, 'rate_limited'),
    '500': problem(500, 'internal'),
    '502 of a proxy': { status: 502, body: 'Bad Gateway' },
    '503': problem(503, 'audit_unavailable'),
    '520 of a proxy': { status: 520, body: 'Unknown' },
  }

  for (const [what, trick] of Object.entries(outages)) {
    test(`gives out the last value in an outage (${what}), with one try, until it is too old`, async (t) => {
      const { cached, middleman, pass } = await start(t)
      await cached.get(1)
      middleman.always = trick

      pass(ttlMs)
      assert.equal((await cached.get(1)).value, 'first')
      assert.equal((await cached.get(1)).value, 'first')
      assert.equal(readsOf(middleman), 2)
      pass(maxStaleMs - 1)
      assert.equal((await cached.get(1)).value, 'first')
      pass(1)
      await assert.rejects(cached.get(1, { signal: AbortSignal.timeout(5000) }))
    })
  }

  test('is back at the server when the outage is over', async (t) => {
    const { cached, secrets, middleman, pass } = await start(t)
    await cached.get(1)
    await secrets.update(1, { value: 'second' })
    middleman.tricks.push('drop')

    pass(ttlMs)
    assert.equal((await cached.get(1)).value, 'first')
    pass(ttlMs)

    assert.equal((await cached.get(1)).value, 'second')
  })

  const refusals: Readonly<Record<string, Faked>> = {
    '401': problem(401, 'unauthenticated'),
    '403': problem(403, 'forbidden'),
    '404': problem(404, 'not_found'),
    '401 of a proxy': { status: 401, body: 'Log in' },
    '403 of a proxy': { status: 403, body: 'Forbidden' },
    '404 of a proxy': { status: 404, body: 'Not found' },
    'an integrity failure': problem(500, 'integrity_failure'),
    'a page': { status: 200, body: '<h1>Log in</h1>' },
  }

  for (const [what, trick] of Object.entries(refusals)) {
    test(`never hides a refusal (${what}) behind an old value, and forgets that value`, async (t) => {
      const { cached, middleman, pass } = await start(t)
      const { name } = await cached.get(1)
      assert.equal(name, 'db-password')
      middleman.always = trick

      pass(ttlMs)
      await assert.rejects(cached.get(1), { status: trick.status })
      middleman.always = 'drop'

      await assert.rejects(cached.get(1, { signal: AbortSignal.timeout(5000) }))
    })
  }

  test('gives nothing out of a key that was revoked at the server', async (t) => {
    assert.ok(sqlite)
    const { api, withScopes } = await startServer(t, sqlite)
    const { key } = await withScopes('secrets:read')
    const owner = new Strongroom({ url: api.url, apiKey: api.key })
    await owner.secrets.create({ name: 'db-password', value: 'first' })
    const cached = new Strongroom({ url: api.url, apiKey: key }).secrets.cached({ ttlMs })
    await cached.get(1)
    await owner.keys.revoke(2)
    const pass = clock(t)

    pass(ttlMs)

    await assert.rejects(cached.get(1), { name: 'Unauthorized' })
  })

  test('forgets everything when told to, what is on its way included', async (t) => {
    const { cached, middleman } = await start(t)
    await cached.get(1)
    cached.clear()
    const late = cached.get(1)
    cached.clear()
    await late

    await cached.get(1)

    assert.equal(readsOf(middleman), 3)
  })

  test('lets one caller give up without failing the others', async (t) => {
    const { cached } = await start(t)

    const [left, stayed] = await Promise.allSettled([cached.get(1, { signal: AbortSignal.timeout(1) }), cached.get(1)])
    await assert.rejects(cached.get(1, { signal: AbortSignal.abort(new Error('gone')) }), /gone/)

    assert.ok(left.status === 'rejected' || left.value.value === 'first')
    assert.ok(stayed.status === 'fulfilled' && stayed.value.value === 'first')
  })

  test('gives out what nobody can change for the others', async (t) => {
    const { cached } = await start(t)

    assert.ok(Object.isFrozen(await cached.get(1)))
  })

  test('trusts no value of the future, as when the clock was set back', async (t) => {
    const { cached, middleman, pass } = await start(t)
    await cached.get(1)

    pass(-1)
    await cached.get(1)

    assert.equal(readsOf(middleman), 2)
  })

  test('never gives out a value older than it may be, whatever happens in between', async (t) => {
    const pass = clock(t)
    type Step = { readonly ms: number; readonly is: 'up' | 'down' | 'forbidden' }
    const steps = fc.array(fc.record({ ms: fc.nat(4000), is: fc.constantFrom('up', 'down', 'forbidden') }))
    const property = fc.asyncProperty(steps as fc.Arbitrary<Step[]>, async (taken) => {
      let state: Step['is'] = 'up'
      const { cached } = fakeClient(() => state, { ttlMs: 1000, maxStaleMs: 3000 })
      let refusedAt = Number.NEGATIVE_INFINITY
      let failedAt = Number.NEGATIVE_INFINITY
      for (const { ms, is } of taken) {
        pass(ms)
        state = is
        const found = await cached.get(1).catch(() => undefined)
        if (found === undefined) {
          if (is === 'forbidden') refusedAt = Date.now()
          assert.notEqual(is, 'up')
          continue
        }
        const readAt = Number(found.value)
        if (is === 'down' && Date.now() - readAt >= 1000) failedAt = Date.now()
        assert.ok(Date.now() - readAt < (failedAt > readAt ? 4000 : 1000))
        assert.ok(readAt >= refusedAt, 'It was refused since.')
      }
    })

    await fc.assert(property, { numRuns: rounds(200, 5000) })
  })

  test('wants to know how long', () => {
    const { secrets } = new Strongroom({ url: 'http://x', apiKey: 'sr_x' })

    for (const wrong of [{}, { ttlMs: 0 }, { ttlMs: 1, maxStaleMs: -1 }, { ttlMs: Number.POSITIVE_INFINITY }]) {
      assert.throws(() => secrets.cached(wrong as CacheOptions), TypeError)
    }
  })
})

/** A cached reader of one secret, behind a middleman, on a clock that stands still. */
async function start(t: TestContext) {
  assert.ok(sqlite)
  const { api } = await startServer(t, sqlite)
  const middleman = await Middleman.start(t, api.url)
  const { secrets } = new Strongroom({ url: middleman.url, apiKey: api.key, timeoutMs: 1000, retries: 1 })
  await secrets.create({ name: 'db-password', value: 'first' })
  const cached = secrets.cached({ ttlMs, maxStaleMs })
  return { cached, secrets, middleman, pass: clock(t) }
}

/** Stops the clock. @returns what lets time pass */
function clock(t: TestContext): (milliseconds: number) => void {
  let now = Date.UTC(2026, 0, 15)
  t.mock.method(Date, 'now', () => now)
  return (milliseconds) => {
    now += milliseconds
  }
}

/** A reader whose values say when they were read. */
function fakeClient(state: () => 'up' | 'down' | 'forbidden', options: CacheOptions) {
  const fetch = async () => {
    if (state() === 'down') throw new TypeError('fetch failed')
    if (state() === 'forbidden') {
      const { body, status } = problem(403, 'forbidden')
      return new Response(JSON.stringify(body), { status })
    }
    const secret = { id: 1, name: 'a', value: String(Date.now()), created_at: '', updated_at: '' }
    return new Response(JSON.stringify(secret), { headers: { etag: '"1"' } })
  }
  const { secrets } = new Strongroom({ url: 'http://x', apiKey: 'sr_x', fetch, retries: 0 })
  return { cached: new CachedSecrets(secrets, options) }
}

function readsOf({ seen }: Middleman): number {
  return seen.filter(({ method, path }) => method === 'GET' && /^\/v3\/secrets\/\d+$/.test(path)).length
}

function problem(status: number, code: string): Faked {
  const type = `urn:strongroom:problem:${code}`
  const body = { type, title: '', status, detail: code, code, message: code, request_id: 'r-1' }
  return { status, body }
}
