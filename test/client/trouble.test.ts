/** The client when things go wrong between it and the server: what it repeats, what it does not, and what it says. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import {
  AlreadyMade,
  Conflict,
  NotFound,
  RateLimited,
  ServerFault,
  Strongroom,
  StrongroomError,
  type StrongroomOptions,
  TimedOut,
  tradeToken,
  Unavailable,
  UnexpectedAnswer,
  Unreachable,
} from '../../src/client/index.ts'
import { engines } from '../support/engines.ts'
import { type Faked, Middleman } from '../support/middleman.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines

suite('A request that got no answer', () => {
  test('is sent again when it only reads', async (t) => {
    const { secrets, middleman } = await startBetween(t)
    await secrets.create({ name: 'db-password', value: 'first' })
    middleman.tricks.push('drop', 'lose', 'cut')

    assert.equal((await secrets.get(1)).value, 'first')

    assert.equal(middleman.seen.length, 5)
  })

  for (const trick of ['drop', 'lose', 'cut'] as const) {
    test(`(${trick}) is carried out once when it changes a secret`, async (t) => {
      const { secrets, middleman } = await startBetween(t)

      middleman.tricks.push(trick)
      const created = await secrets.create({ name: 'db-password', value: 'first' })
      middleman.tricks.push(trick)
      const updated = await secrets.update(1, { value: 'second' })
      middleman.tricks.push(trick)
      const restored = await secrets.restore(1, 1)

      assert.deepEqual([created.etag, updated.etag, restored.etag], ['"1"', '"2"', '"3"'])
      assert.deepEqual(
        (await secrets.versions(1)).map(({ version }) => version),
        [3, 2, 1],
      )
      const keys = middleman.seen.slice(0, 6).map(({ headers }) => headers['idempotency-key'])
      assert.match(keys.join(), /^(\w{32}),\1,(\w{32}),\2,(\w{32}),\3$/)
      assert.equal(new Set(keys).size, 3)
    })
  }

  test('is sent again when it deletes, and says so when it finds nothing then', async (t) => {
    const { secrets, middleman } = await startBetween(t)
    await secrets.create({ name: 'one', value: 'v' })
    await secrets.create({ name: 'two', value: 'v' })

    middleman.tricks.push('drop')
    await secrets.delete(1)
    middleman.tricks.push('lose')

    await assert.rejects(secrets.delete(2), { name: 'NotFound', mayHaveActed: true })
    await assert.rejects(secrets.delete(3), { name: 'NotFound', mayHaveActed: false })
  })

  test('makes an API key once: one whose token was lost with the answer is AlreadyMade, and says what to do', async (t) => {
    const { keys, middleman } = await startBetween(t)
    const input = { name: 'web', scopes: ['secrets:read'] }

    middleman.tricks.push('lose')
    const lost = await thrown(keys.create(input))
    middleman.tricks.push('drop')
    const made = await keys.create(input)
    const before = middleman.seen.length

    assert.ok(lost instanceof AlreadyMade)
    assert.deepEqual([lost.id, lost.code, lost.status, lost.mayHaveActed], [2, 'already_made', 200, true])
    assert.match(lost.message, /^API key 2 was made by an earlier request .* rotate it without an overlap\.$/)
    assert.match(made.api_key, /^sr_/)
    assert.equal(before, 4)
    assert.deepEqual(
      (await Array.fromAsync(keys.list())).map(({ id }) => id),
      [1, 2, 3],
    )
    middleman.tricks.push('lose')
    const rotated = await thrown(keys.rotate(lost.id, { overlap_seconds: 0 }))
    assert.ok(rotated instanceof AlreadyMade)
    assert.equal(rotated.id, 4)
  })

  test('makes a list, a machine, a rule and a seed once, and has them though the answer was lost, but for a URL', async (t) => {
    const { client, middleman } = await startBetween(t)
    const rule = {
      name: 'ci',
      issuer: 'https://issuer.example',
      audience: 'a',
      claims: { sub: 's' },
      scopes: ['secrets:read'],
    }

    const made: number[] = []
    for (const make of [
      () => client.lists.create({ name: 'web' }),
      () => client.machines.create({ name: 'web-1', addresses: ['192.0.2.17'] }),
      () => client.trustRules.create(rule),
    ]) {
      middleman.tricks.push('lose')
      made.push((await make()).id)
    }
    middleman.tricks.push('lose')
    const seed = await thrown(client.seeds.create({ user_data: '#cloud-config', target: 'web-1' }))

    assert.deepEqual(made, [1, 1, 1])
    assert.ok(seed instanceof AlreadyMade)
    assert.match(seed.message, /^Seed 1 was made .* make another\.$/)
  })

  test('is given up after so many tries, each of them the same', async (t) => {
    const { secrets, middleman } = await startBetween(t, { retries: 2 })
    middleman.always = 'drop'

    const error = await thrown(secrets.create({ name: 'db-password', value: 'first' }, { idempotencyKey: 'mine' }))
    await assert.rejects(secrets.get(1, { retries: 0 }), { mayHaveActed: false })

    assert.ok(error instanceof Unreachable)
    assert.deepEqual([error.code, error.status, error.mayHaveActed], ['unreachable', undefined, true])
    assert.match(error.message, /^No answer from http:\/\/127\.0\.0\.1:\d+: fetch failed: /)
    const [first, ...others] = middleman.seen.slice(0, 3)
    assert.equal(first?.headers['idempotency-key'], 'mine')
    assert.deepEqual(others, [first, first])
    assert.equal(middleman.seen.length, 4)
  })

  test('in time is TimedOut', async (t) => {
    // What was sent may not have come by then: counted is what was tried.
    const tried = t.mock.fn<typeof fetch>((...asked) => fetch(...asked))
    const { secrets, middleman } = await startBetween(t, { timeoutMs: 50, retries: 1, fetch: tried })
    middleman.always = 'hang'

    const error = await thrown(secrets.get(1))

    assert.ok(error instanceof TimedOut && error instanceof Unreachable)
    assert.deepEqual([error.code, tried.mock.callCount()], ['timed_out', 2])
  })

  test('is given up at once when the caller says so', async (t) => {
    const { secrets, middleman } = await startBetween(t, { timeoutMs: 100_000 })
    middleman.always = 'hang'
    const controller = new AbortController()
    const reason = new Error('The user left.')

    const call = secrets.create({ name: 'a', value: 'b' }, { signal: controller.signal })
    while (middleman.seen.length === 0) await new Promise(setImmediate)
    controller.abort(reason)

    await assert.rejects(call, reason)
    await assert.rejects(secrets.get(1, { signal: controller.signal }), reason)
    await assert.rejects(Array.fromAsync(secrets.list({}, { signal: controller.signal })), reason)
    assert.equal(middleman.seen.length, 1)
  })

  test('is not waited for by a caller who gives up between two tries', async (t) => {
    const { secrets, middleman } = await startBetween(t)
    middleman.always = { status: 503, headers: { 'retry-after': '59' } }
    const controller = new AbortController()

    const call = secrets.get(1, { signal: controller.signal })
    while (middleman.seen.length === 0) await new Promise(setImmediate)
    controller.abort()

    await assert.rejects(call, { name: 'AbortError' })
  })

  test('because nobody listens is Unreachable, in words that help', async (t) => {
    assert.ok(sqlite)
    const { url, stop } = await startServer(t, sqlite)
    await stop()
    const { secrets } = new Strongroom({ url, apiKey: 'sr_x', retries: 0 })

    await assert.rejects(secrets.get(1), { name: 'Unreachable', message: /^No answer from .*ECONNREFUSED/ })
  })

  test('is not waited for even if fetch does not heed its signal', async () => {
    const fetch = () => new Promise<Response>(() => {})
    const { secrets } = new Strongroom({ url: 'http://x', apiKey: 'sr_x', fetch, timeoutMs: 5, retries: 0 })

    await assert.rejects(secrets.get(1), TimedOut)
  })
})

suite('An answer that says "later"', () => {
  const busy: readonly Faked[] = [
    { status: 429, headers: { 'retry-after': '0' }, body: problem(429, 'rate_limited') },
    { status: 429, headers: { 'retry-after': '0' } },
    { status: 503, body: problem(503, 'overloaded') },
    { status: 503, body: problem(503, 'audit_unavailable') },
    { status: 408, body: problem(408, 'request_timeout') },
  ]

  for (const trick of busy) {
    const { status, body } = trick
    test(`(${status}${body === undefined ? ' of a proxy' : ''}) has any request sent again, as nothing was done`, async (t) => {
      const { keys, middleman } = await startBetween(t)
      middleman.tricks.push(trick, trick)

      const made = await keys.create({ name: 'web', scopes: ['secrets:read'] })

      assert.equal(made.id, 2)
      assert.equal(middleman.seen.length, 3)
    })
  }

  const unsettled: readonly Faked[] = [
    { status: 503, body: problem(503, 'outcome_unknown') },
    { status: 502, body: '<h1>Bad Gateway</h1>' },
    { status: 503, body: '' },
    { status: 504, body: { type: 'about:blank', code: 'outcome_unknown', message: '', request_id: '' } },
  ]

  for (const trick of unsettled) {
    test(`(${trick.status}, perhaps done) has sent again only what is safe to repeat`, async (t) => {
      const { secrets, middleman } = await startBetween(t)
      middleman.tricks.push(trick, 'lose', trick)

      assert.equal((await secrets.create({ name: 'db-password', value: 'first' })).id, 1)
      middleman.tricks.push(trick)
      const failed = await thrown(tradeToken({ url: middleman.url }, { token: 'of a job' }))

      assert.ok(failed instanceof Unavailable)
      assert.equal(failed.mayHaveActed, true)
      assert.equal(middleman.seen.length, 5)
    })
  }

  test('of the real server is waited out', async (t) => {
    assert.ok(sqlite)
    const { api } = await startServer(t, sqlite, { rateLimit: 2 })
    const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })

    const pages = await Promise.all(Array.from({ length: 4 }, () => secrets.page()))

    assert.equal(pages.length, 4)
  })

  test('but asks for too long a wait is handed on, with the wait', async (t) => {
    const { secrets, middleman } = await startBetween(t)
    middleman.always = { status: 429, headers: { 'retry-after': '3600' }, body: problem(429, 'rate_limited') }

    const error = await thrown(secrets.get(1))

    assert.ok(error instanceof RateLimited)
    assert.equal(error.retryAfterMs, 3_600_000)
    assert.equal(middleman.seen.length, 1)
  })
})

suite('An answer that says "no"', () => {
  const refusals: readonly (readonly [Faked, new (...given: never) => Error, boolean])[] = [
    [{ status: 404, body: problem(404, 'not_found') }, NotFound, false],
    [{ status: 422, body: problem(422, 'idempotency_mismatch') }, Conflict, false],
    [{ status: 500, body: problem(500, 'integrity_failure') }, ServerFault, true],
    [{ status: 500, body: problem(500, 'internal') }, ServerFault, true],
    [{ status: 507, body: problem(507, 'storage_full') }, Unavailable, false],
    [{ status: 418, body: problem(418, 'teapot') }, StrongroomError, false],
  ]

  for (const [trick, type, mayHaveActed] of refusals) {
    test(`(${trick.status}) is final`, async (t) => {
      const { secrets, middleman } = await startBetween(t)
      middleman.always = trick

      const error = await thrown(secrets.create({ name: 'a', value: 'b' }))

      assert.equal(error.constructor, type)
      assert.deepEqual([error.status, error.mayHaveActed], [trick.status, mayHaveActed])
      assert.equal(middleman.seen.length, 1)
    })
  }
})

suite("An answer that is not the server's", () => {
  const garbage: Readonly<Record<string, Faked>> = {
    'a page': { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Log in</h1>' },
    nothing: { status: 200 },
    'another API': { status: 200, body: { status: 'ok' } },
    'a field of another type': {
      status: 200,
      body: { id: '1', name: 'a', value: 'v', created_at: '', updated_at: '' },
    },
    'text that is not UTF-8': {
      status: 200,
      headers: { etag: '"1"' },
      body: Buffer.from('{"id":1,"name":"a","value":"\xff","created_at":"","updated_at":""}', 'latin1'),
    },
    'a 404 of something else': { status: 404, body: 'no route' },
    'a refusal of something else': { status: 401, body: { code: 'not_found', message: 'x' } },
    'a redirect': { status: 307, headers: { location: 'http://127.0.0.1:1/' } },
  }

  for (const [what, trick] of Object.entries(garbage)) {
    test(`(${what}) is UnexpectedAnswer, and neither repeated nor believed`, async (t) => {
      const { secrets, middleman } = await startBetween(t)
      middleman.always = trick

      const error = await thrown(secrets.get(1))
      const changing = await thrown(secrets.update(1, { value: 'x' }))

      assert.ok(error instanceof UnexpectedAnswer)
      assert.deepEqual([error.status, error.code, error.mayHaveActed], [trick.status, 'unexpected_answer', false])
      assert.equal(changing.mayHaveActed, true)
      assert.equal(middleman.seen.length, 2)
    })
  }

  test('because a proxy took its ETag away is UnexpectedAnswer', async (t) => {
    const { secrets, middleman } = await startBetween(t)
    middleman.always = { status: 200, body: { id: 1, name: 'a', value: 'v', created_at: '', updated_at: '' } }

    await assert.rejects(secrets.get(1), { name: 'UnexpectedAnswer', message: /ETag/ })
  })

  test('ends a listing that would go in a circle', async (t) => {
    const { secrets, middleman } = await startBetween(t)
    middleman.always = { status: 200, headers: { 'strongroom-next-cursor': 'x' }, body: { secrets: [] } }

    await assert.rejects(Array.fromAsync(secrets.list()), UnexpectedAnswer)
  })

  test('may have more fields than are known today', async (t) => {
    const { secrets, middleman } = await startBetween(t)
    middleman.always = { status: 200, body: { versions: [{ version: 1, created_at: 'x', more: true }], more: 1 } }

    assert.equal((await secrets.versions(1))[0]?.version, 1)
  })
})

suite('A client that was set up wrongly', () => {
  const good: StrongroomOptions = { url: 'http://127.0.0.1', apiKey: 'sr_planted' }
  const wrong: readonly (readonly [what: string, Partial<Record<keyof StrongroomOptions, unknown>>])[] = [
    ['no URL', { url: 'strongroom' }],
    ['another protocol', { url: 'ftp://strongroom' }],
    ['a user in the URL', { url: 'http://user:planted@strongroom' }],
    ['a query in the URL', { url: 'http://strongroom?key=planted' }],
    ['no API key', { apiKey: '' }],
    ['a line end in the API key', { apiKey: 'sr_planted\n' }],
    ['no number', { timeoutMs: Number.NaN }],
    ['a time-out that no timer can hold', { timeoutMs: 2 ** 31 }],
    ['less than no retries', { retries: -1 }],
  ]

  for (const [what, fault] of wrong) {
    test(`(${what}) says so at once, and quotes nothing`, () => {
      assert.throws(
        () => new Strongroom({ ...good, ...fault } as StrongroomOptions),
        (error: unknown) => error instanceof TypeError && !/planted/.test(error.message),
      )
    })
  }

  test('for a single call says so before anything is sent', async () => {
    const fetch = () => assert.fail('It was sent.')
    const { secrets } = new Strongroom({ ...good, fetch })
    const odd = { apiKey: () => 'sr_planted\n' }

    for (const id of [0, -1, 1.5, Number.NaN, '../keys/1' as unknown as number]) {
      await assert.rejects(secrets.get(id), TypeError)
    }
    await assert.rejects(secrets.get(1, { timeoutMs: 0 }), TypeError)
    await assert.rejects(secrets.create({ name: 'a', value: 'b' }, { idempotencyKey: 'a\nb' }), TypeError)
    await assert.rejects(new Strongroom({ ...good, ...odd, fetch }).secrets.get(1), /^TypeError: (?!.*planted)/)
  })
})

/** A client that reaches a real server through a middleman. */
async function startBetween(t: TestContext, options: Partial<StrongroomOptions> = {}) {
  assert.ok(sqlite)
  const { api } = await startServer(t, sqlite)
  const middleman = await Middleman.start(t, api.url)
  // What is asked again is asked again for what went wrong, and not for a machine that has too much to do.
  const client = new Strongroom({ url: middleman.url, apiKey: api.key, timeoutMs: 60_000, ...options })
  const { secrets, keys, audit } = client
  return { client, secrets, keys, audit, middleman }
}

async function thrown(call: Promise<unknown>): Promise<StrongroomError> {
  const error = await call.then(
    () => assert.fail('It went well.'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof StrongroomError)
  return error
}

function problem(status: number, code: string): object {
  const type = `urn:strongroom:problem:${code}`
  return { type, title: '', status, detail: code, code, message: code, request_id: 'r-1' }
}
