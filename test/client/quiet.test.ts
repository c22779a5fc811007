/** The client gives neither its API key nor a value away, whatever is printed and whoever answers. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { Strongroom, StrongroomError } from '../../src/client/index.ts'
import { rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { Middleman, type Seen } from '../support/middleman.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
const apiKey = `sr_${'planted'.repeat(7)}`
const value = 'pl4nted "value"\nof two lines'

suite('Neither the API key nor a value is shown', () => {
  test('by the client, or by a reader that holds values in memory', async (t) => {
    assert.ok(sqlite)
    const { api } = await startServer(t, sqlite)
    const client = new Strongroom({ url: api.url, apiKey: api.key })
    await client.secrets.create({ name: 'db-password', value })
    const cached = client.secrets.cached({ ttlMs: 60_000 })
    assert.equal((await cached.getByName('db-password')).value, value)

    for (const thing of [client, client.secrets, client.keys, client.audit, cached]) {
      assertQuiet(thing, [api.key, value])
    }
  })

  test('by the error of a server that sends back all that it was sent', async (t) => {
    const middleman = await startEcho(t)
    const { secrets } = new Strongroom({ url: middleman.url, apiKey, retries: 0 })

    for (const status of [200, 301, 400, 401, 404, 409, 429, 500, 503]) {
      middleman.always = { status, headers: echoHeaders, body: echo(status) }
      for (const call of [secrets.get(1), secrets.create({ name: 'a', value }), secrets.update(1, { value })]) {
        assertQuiet(await thrown(call), [apiKey, value])
      }
    }
  })

  test('by the error of a fetch that says all that it was told', async () => {
    const fetch = async (url: string, init: RequestInit) => {
      const told = `${url} ${JSON.stringify([...new Headers(init.headers)])} ${init.body}`
      throw Object.assign(new Error(told, { cause: Object.assign(new Error(value), { init }) }), { init, code: apiKey })
    }
    const { secrets } = new Strongroom({ url: 'http://x', apiKey, fetch, retries: 0 })

    assertQuiet(await thrown(secrets.create({ name: 'a', value })), [apiKey, value])
  })

  test('by any error, whatever the value is and however it is sent back', async () => {
    const parts = fc.record({
      value: fc.string({ unit: anyCharacter, minLength: 8, maxLength: 40 }),
      status: fc.constantFrom(400, 404, 409, 500, 503),
      before: fc.string(),
    })
    const property = fc.asyncProperty(parts, async ({ value, status, before }) => {
      const fetch = async (_url: string, init: RequestInit) => {
        const told = [JSON.parse(String(init.body)).value, JSON.stringify(value), apiKey]
        const code = 'invalid'
        const errors = told.map((detail) => ({ field: before, detail }))
        const message = before + told.join()
        const type = `urn:strongroom:problem:${code}`
        return new Response(JSON.stringify({ type, code, message, request_id: apiKey, errors }), { status })
      }
      const { secrets } = new Strongroom({ url: 'http://x', apiKey, fetch, retries: 0 })
      assertQuiet(await thrown(secrets.create({ name: 'a', value })), [apiKey, value])
    })

    await fc.assert(property, { numRuns: rounds(300, 5000) })
  })

  test('but what the server says without them is', async (t) => {
    const middleman = await startEcho(t)
    const code = 'invalid'
    const said = { type: `urn:strongroom:problem:${code}`, code, message: 'value: Too odd.', request_id: 'r' }
    middleman.always = { status: 400, body: { ...said, errors: [{ field: 'value', detail: 'Too odd.' }] } }
    const { secrets } = new Strongroom({ url: middleman.url, apiKey })

    const error = await thrown(secrets.create({ name: 'a', value }))

    assert.equal(error.message, 'value: Too odd.')
    assert.deepEqual(error.errors, [{ field: 'value', detail: 'Too odd.' }])
  })
})

const echoHeaders = { etag: '"1"', 'strongroom-request-id': apiKey, location: `http://127.0.0.1:1/${apiKey}` }

function echo(status: number) {
  return ({ headers, body }: Seen) => {
    const code = 'unauthenticated'
    const message = `${status}: ${headers['authorization']} ${body === '' ? '' : JSON.parse(body).value}`
    const errors = [{ field: message, detail: message }]
    return { type: `urn:strongroom:problem:${code}`, code, message, request_id: message, errors, detail: message }
  }
}

async function startEcho(t: TestContext): Promise<Middleman> {
  return Middleman.start(t, 'http://127.0.0.1:1')
}

async function thrown(call: Promise<unknown>): Promise<StrongroomError> {
  const error = await call.then(
    () => assert.fail('It went well.'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof StrongroomError, inspect(error))
  return error
}

/** Everything that a log might print of it. */
function assertQuiet(thing: object, secrets: readonly string[]): void {
  const printed = [
    String(thing),
    JSON.stringify(thing),
    JSON.stringify(thing, Object.getOwnPropertyNames(thing)),
    inspect(thing, { showHidden: true, depth: Number.POSITIVE_INFINITY, getters: true }),
    thing instanceof Error ? String(thing.stack) : '',
  ]
  for (const text of printed) {
    for (const secret of secrets) {
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), inspect(secret).slice(1, -1)]) {
        assert.ok(!text.includes(form), `${text}\nshows ${form}`)
      }
    }
  }
}
