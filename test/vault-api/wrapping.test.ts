/** Response wrapping, of the Vault API: an answer is handed on as a token, which opens it once. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const notValid = { errors: ['wrapping token is not valid or does not exist'] }
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

async function start(t: TestContext, engine: TestEngine, more: Parameters<typeof startServer>[2] = {}) {
  const server = await startServer(t, engine, { isVaultApiServed: true, ...more })
  const { api, url } = server
  assert.equal((await api.post('/v1/secret/data/app/db', { data: { user: 'u', n: 1 } })).status, 200)
  const wrap = async (ttl = '60s', by: Api = api) => {
    const { status, body, text } = await by.get('/v1/secret/data/app/db', { 'x-vault-wrap-ttl': ttl })
    assert.equal(status, 200, text)
    return body.wrap_info
  }
  /** With the wrapping token alone. */
  const unwrap = (token: string) => new Api(url, token).post('/v1/sys/wrapping/unwrap', undefined)
  const lookup = (token: string) => new Api(url, '').post('/v1/sys/wrapping/lookup', { token })
  /** What the trail has of wrapping, oldest first. */
  const records = async (by: Api = api) => {
    const { body } = await by.get('/v3/audit')
    const all = body.records.filter(({ action }: Rec) => action.startsWith('wrapping.')).toReversed()
    return all.map(({ action, outcome, principal, object }: Rec) => ({
      ...{ action, outcome, by: `${principal.kind} ${principal.name}`, of: object?.name ?? null },
    }))
  }
  return { ...server, wrap, unwrap, lookup, records }
}

interface Rec {
  readonly action: string
  readonly outcome: string
  readonly principal: { readonly kind: string; readonly name: string }
  readonly object: { readonly name: string } | null
}

for (const engine of engines) {
  suite(`${engine.name}: response wrapping`, { skip: engine.skip }, () => {
    test('hands on a token in place of an answer, which opens it once, and the trail says who', async (t) => {
      const { api, wrap, unwrap, lookup, records } = await start(t, engine)
      const { status, body } = await api.get('/v1/secret/data/app/db', { 'x-vault-wrap-ttl': '90' })
      const { token, accessor, creation_time, ...rest } = body.wrap_info
      assert.deepEqual([status, rest], [200, { ttl: 90, creation_path: 'secret/data/app/db' }])
      assert.match(creation_time, time)
      assert.ok(token !== api.key && /^\d+$/.test(accessor))
      assert.deepEqual([body.data, body.auth, body.warnings, body.lease_id], [null, null, null, ''])

      const { body: known } = await lookup(token)
      assert.deepEqual(known.data, { creation_path: 'secret/data/app/db', creation_time, creation_ttl: 90 })
      const opened = await unwrap(token)
      assert.equal(opened.status, 200, opened.text)
      assert.deepEqual(opened.body.data.data, { user: 'u', n: 1 })
      assert.deepEqual([opened.body.request_id, opened.body.wrap_info], [body.request_id, null])
      for (const again of [await unwrap(token), await lookup(token), await unwrap((await wrap()).accessor)]) {
        assert.deepEqual([again.status, again.body], [400, notValid])
      }
      assert.deepEqual(await records(), [
        { action: 'wrapping.create', outcome: 'ok', by: 'key first key', of: 'secret/data/app/db' },
        { action: 'wrapping.read', outcome: 'ok', by: 'wrapping secret/data/app/db', of: 'secret/data/app/db' },
        { action: 'wrapping.open', outcome: 'ok', by: 'wrapping secret/data/app/db', of: 'secret/data/app/db' },
        { action: 'wrapping.open', outcome: 'not_found', by: 'wrapping secret/data/app/db', of: 'secret/data/app/db' },
        { action: 'wrapping.read', outcome: 'not_found', by: 'wrapping secret/data/app/db', of: 'secret/data/app/db' },
        { action: 'wrapping.create', outcome: 'ok', by: 'key first key', of: 'secret/data/app/db' },
      ])
    })

    test('is opened once, by however many at once', async (t) => {
      const { wrap, unwrap } = await start(t, engine)
      const { token } = await wrap()
      const statuses = (await Promise.all(Array.from({ length: 8 }, () => unwrap(token)))).map(({ status }) => status)
      assert.deepEqual(statuses.toSorted(), [200, ...Array(7).fill(400)])
    })

    test('keeps what is wrapped sealed, and no longer than until it is opened, or over', async (t) => {
      const clock = { now: Date.UTC(2026, 5, 1) }
      const { api, wrap, unwrap, lookup, place } = await start(t, engine, { now: () => clock.now })
      const secret = 'a-very-special-value'
      await api.post('/v1/secret/data/app/db', { data: { v: secret } })
      const rows = async () => {
        const found = await query(place, 'select sealed, token_hash from wrappings order by id')
        return found.map(({ sealed, token_hash }) => ({ sealed: bytesOf(sealed), hash: String(token_hash) }))
      }
      const [first, second] = [await wrap('10s'), await wrap('20s')]
      const kept = await rows()
      assert.equal(kept.length, 2)
      for (const row of kept) {
        assert.ok(row.sealed.length > secret.length && !row.sealed.includes(secret))
        assert.ok(row.hash.length === 64 && !row.hash.includes(first.token))
      }
      assert.equal((await unwrap(first.token)).status, 200)
      assert.equal((await rows())[0]?.sealed.length, 0)
      clock.now += 20_000
      assert.deepEqual([(await unwrap(second.token)).status, (await lookup(second.token)).body], [400, notValid])
      await wrap('5s')
      assert.equal((await rows()).length, 1)
    })

    test('gives another token for the same answer, and takes the first one back', async (t) => {
      const { url, wrap, unwrap, lookup, records } = await start(t, engine)
      const { token, creation_time: _, ...first } = await wrap('2m')
      const rewrapped = await new Api(url, token).post('/v1/sys/wrapping/rewrap', undefined)
      assert.equal(rewrapped.status, 200, rewrapped.text)
      const { token: next, creation_time: __, ...second } = rewrapped.body.wrap_info
      assert.deepEqual(second, first)
      assert.notEqual(next, token)
      assert.equal((await lookup(token)).status, 400)
      assert.deepEqual((await unwrap(next)).body.data.data, { user: 'u', n: 1 })
      assert.deepEqual((await records()).map(({ action }: Rec) => action).slice(0, 3), [
        ...['wrapping.create', 'wrapping.rotate', 'wrapping.open'],
      ])
    })

    test('belongs to its account, and to the key that had it wrapped', async (t) => {
      const { api, url, wrap, unwrap, records, withScopes, otherAccount } = await start(t, engine)
      const other = await otherAccount()
      const mine = await withScopes('secrets:list')
      const first = await wrap()
      const foreign = await other.post('/v1/sys/wrapping/unwrap', { token: first.token })
      assert.deepEqual([foreign.status, foreign.body], [400, notValid])
      assert.deepEqual(
        (await records(other)).map(({ outcome }: Rec) => outcome),
        ['not_found'],
      )
      const bad = await new Api(url, `${api.key}x`).post('/v1/sys/wrapping/unwrap', { token: first.token })
      assert.deepEqual([bad.status, bad.body], [403, { errors: ['permission denied'] }])
      // Whoever has a key opens it as who they are.
      const opened = await mine.post('/v1/sys/wrapping/unwrap', { token: first.token })
      assert.deepEqual(opened.body.data.data, { user: 'u', n: 1 })
      assert.match((await records()).at(-1)?.by, /^key /)

      const reader = await withScopes('secrets:read')
      const second = await wrap('60s', reader)
      assert.equal((await reader.post('/v1/auth/token/revoke-self', undefined)).status, 204)
      assert.deepEqual((await unwrap(second.token)).body, notValid)
    })
  })
}

function bytesOf(value: unknown): Buffer {
  assert.ok(value instanceof Uint8Array)
  return Buffer.from(value)
}

const [sqlite] = engines
assert.ok(sqlite)

suite('Response wrapping', () => {
  test('wraps what is sent, and the token that a login gives', async (t) => {
    const { api, url, unwrap } = await start(t, sqlite)
    const sent = '{"n":12345678901234567890,"deep":{"list":[1,null,"ü💡"]}}'
    const { body } = await api.post('/v1/sys/wrapping/wrap', sent, { 'x-vault-wrap-ttl': '1h30m' })
    assert.deepEqual([body.wrap_info.ttl, body.wrap_info.creation_path], [5400, 'sys/wrapping/wrap'])
    assert.ok((await unwrap(body.wrap_info.token)).text.includes(`"data":${sent}`))
    const unwrapped = await api.post('/v1/sys/wrapping/wrap', sent)
    assert.deepEqual(
      [unwrapped.status, unwrapped.body.errors],
      [400, ['endpoint requires response wrapping to be used']],
    )
    const { body: own } = await api.get('/v3/keys/self')
    const login = await new Api(url, '').post(
      '/v1/auth/approle/login',
      { role_id: String(own.id), secret_id: api.key },
      { 'x-vault-wrap-ttl': '60' },
    )
    const { token, wrapped_accessor } = login.body.wrap_info
    assert.deepEqual([login.body.auth, wrapped_accessor], [null, String(own.id)])
    assert.equal((await unwrap(token)).body.auth.client_token, api.key)
  })

  test('wraps nothing but what is there, for as long as is sensible', async (t) => {
    const { api, unwrap, wrap } = await start(t, sqlite)
    const by = (ttl: string) => ({ 'x-vault-wrap-ttl': ttl })
    for (const ttl of ['x', '-1', '1y', '5 m', '1.5', '2764801', '769h', `${'9'.repeat(40)}s`, '1h-1m']) {
      const { status, body } = await api.get('/v1/secret/data/app/db', by(ttl))
      assert.equal(status, 400, ttl)
      assert.match(body.errors[0], /^error parsing X-Vault-Wrap-TTL header: /)
    }
    for (const [ttl, seconds] of [
      ['1', 1],
      ['768h', 2_764_800],
      ['1m30s', 90],
      ['500ms', 1],
      ['2d', 172_800],
    ] as const)
      assert.equal((await wrap(ttl)).ttl, seconds)
    for (const ttl of ['0', '0s', '']) assert.ok((await api.get('/v1/secret/data/app/db', by(ttl))).body.data)
    const none = await api.get('/v1/secret/data/none', by('60'))
    assert.deepEqual([none.status, none.body], [404, { errors: [] }])
    assert.equal((await api.delete('/v1/secret/data/none', by('60'))).status, 204)
    // What would be lost by it is not opened first.
    const { token } = await wrap()
    assert.equal((await api.post('/v1/sys/wrapping/unwrap', { token }, by('60'))).status, 400)
    assert.equal((await unwrap(token)).status, 200)
  })

  test('says what is wrong with a wrapping token as the real server does', async (t) => {
    const { api, url } = await start(t, sqlite)
    const bare = new Api(url, '')
    const why = async (body: unknown) => {
      const { status, body: answered } = await bare.post('/v1/sys/wrapping/unwrap', body)
      return [status, ...answered.errors]
    }
    const prefix = 'error validating wrapping token: '
    assert.deepEqual(await why({}), [403, `${prefix}token is empty`])
    assert.deepEqual(await why({ token: '' }), [403, `${prefix}empty token in request body`])
    assert.deepEqual(await why({ token: 1 }), [403, `${prefix}could not decode token in request body`])
    assert.deepEqual(await why({ token: 'hvs.wrong' }), [400, ...notValid.errors])
    // An API key is none.
    assert.deepEqual(await why({ token: api.key }), [400, ...notValid.errors])
    assert.deepEqual((await api.post('/v1/sys/wrapping/unwrap', undefined)).body, notValid)
  })

  test('ends with the key that wrapped it', async (t) => {
    const clock = { now: Date.UTC(2026, 5, 1) }
    const { api, url, wrap } = await start(t, sqlite, { now: () => clock.now })
    const expires_at = new Date(clock.now + 30_000).toISOString()
    const { body } = await api.post('/v3/keys', { name: 'short', scopes: ['secrets:read'], expires_at })
    assert.equal((await wrap('1h', new Api(url, body.api_key))).ttl, 30)
  })
})
