/** An idempotency key: whatever makes something does so once under it, under pressure, on several nodes. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { routes } from '../../src/http/routes/all.ts'
import { secretListRoutes } from '../../src/http/routes/secret-lists/all.ts'
import { startAccount } from '../support/account.ts'
import { type Answer, Api } from '../support/api.ts'
import { Authenticator } from '../support/authenticator.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import type { Person } from '../support/person.ts'
import { enrolTotp, startWithOwner } from '../support/portal-account.ts'
import { startServer } from '../support/server.ts'

type Started = Awaited<ReturnType<typeof startWithOwner>>
type Asking = Pick<Person, 'send'>

/** How something is made twice. */
interface Made {
  /** Who asks, and whatever has to be there. */
  readonly by: (started: Started) => Promise<Asking>
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  /** Another request of the same route. */
  readonly other?: { readonly path?: string; readonly body?: unknown }
  /** What only the first answer holds. */
  readonly given?: (answer: Answer['body']) => unknown
}

const publicUrl = 'https://vault.example.com'
const byKey = async ({ api }: Started) => api
const withSecret = async ({ api }: Started) => {
  await api.post('/v3/secrets', { name: 'there', value: 'first' })
  await api.put('/v3/secrets/1', { value: 'second' })
  return api
}
const withList = async ({ api }: Started) => {
  await api.post('/v3/lists', { name: 'web' })
  return api
}

/** By operation: one that takes an `Idempotency-Key` and is not here fails the first test. */
const made: Readonly<Record<string, Made>> = {
  createSecret: {
    by: byKey,
    path: '/v3/secrets',
    body: { name: 'n', value: 'v' },
    other: { body: { name: 'n', value: 'w' } },
  },
  createSecrets: {
    by: byKey,
    path: '/v3/secrets/batch/create',
    body: {
      secrets: [
        { name: 'n', value: 'v' },
        { name: 'm', value: 'v' },
      ],
    },
    other: { body: { secrets: [{ name: 'n', value: 'v' }] } },
  },
  storeSecrets: {
    by: withSecret,
    path: '/v3/secrets/batch/store',
    body: {
      secrets: [
        { name: 'there', value: 'third' },
        { name: 'm', value: 'v' },
      ],
    },
    other: { body: { secrets: [{ name: 'there', value: 'fourth' }] } },
  },
  updateSecret: {
    by: withSecret,
    method: 'PUT',
    path: '/v3/secrets/1',
    body: { value: 'v' },
    other: { body: { value: 'w' } },
  },
  putSecret: {
    ...{ by: byKey, method: 'PUT', path: '/v3/secrets/by-name/web%2Fdb', body: { value: 'v' } },
    other: { body: { value: 'w' } },
  },
  renameSecret: {
    by: withSecret,
    method: 'PUT',
    path: '/v3/secrets/1/name',
    body: { name: 'm' },
    other: { body: { name: 'n' } },
  },
  restoreVersion: {
    by: withSecret,
    path: '/v3/secrets/1/versions/1/restore',
    other: { path: '/v3/secrets/1/versions/2/restore' },
  },
  updateContent: { by: withSecret, method: 'PUT', path: '/v3/secrets/1/content', body: 'v', other: { body: 'w' } },
  createList: { by: byKey, path: '/v3/lists', body: { name: 'web' }, other: { body: { name: 'db' } } },
  createEnvironment: { by: byKey, path: '/v3/environments', body: { name: 'prod' }, other: { body: { name: 'dev' } } },
  copySecrets: {
    by: async ({ api }) => {
      for (const name of ['dev', 'prod']) await api.post('/v3/environments', { name })
      await api.post('/v3/secrets?environment=dev', { name: 'there', value: 'first' })
      return api
    },
    path: '/v3/copy',
    body: { from: 'dev', to: 'prod', names: ['there'] },
    other: { body: { from: 'dev', to: 'default', names: ['there'] } },
  },
  createSeed: {
    ...{ by: byKey, path: '/v3/seeds', body: { user_data: '#cloud-config', target: 'web-1' } },
    ...{ other: { body: { user_data: '#cloud-config', target: 'web-2' } }, given: ({ url }) => url },
  },
  createKey: {
    ...{ by: byKey, path: '/v3/keys', body: { name: 'ci', scopes: ['secrets:list'] } },
    ...{ other: { body: { name: 'ci', scopes: ['secrets:read'] } }, given: ({ api_key }) => api_key },
  },
  rotateKey: {
    by: async ({ api }) => {
      // The owner's session has an id of the same count.
      const { body } = await api.post('/v3/keys', { name: 'old', scopes: ['secrets:list'] })
      assert.equal(body.id, 3)
      return api
    },
    ...{ path: '/v3/keys/3/rotate', body: { overlap_seconds: 0 }, other: { body: { overlap_seconds: 1 } } },
    given: ({ api_key }) => api_key,
  },
  createMachine: {
    ...{ by: byKey, path: '/v3/machines', body: { name: 'web-1', addresses: ['192.0.2.17'] } },
    other: { body: { name: 'web-1', addresses: ['192.0.2.18'] } },
  },
  createWebhook: {
    ...{ by: byKey, path: '/v3/webhooks', body: { url: 'https://example.com/hook', actions: ['secret.*'] } },
    ...{ other: { body: { url: 'https://example.com/hook', actions: ['*'] } }, given: ({ secret }) => secret },
  },
  createTrustRule: {
    ...{ by: byKey, path: '/v3/trust-rules' },
    body: {
      ...{ name: 'deploy', issuer: 'https://issuer.example', audience: 'strongroom' },
      ...{ claims: { sub: 'repo:acme/app' }, scopes: ['secrets:read'] },
    },
    other: {
      body: {
        name: 'deploy',
        issuer: 'https://issuer.example',
        audience: 'a',
        claims: { sub: 'x' },
        scopes: ['secrets:read'],
      },
    },
  },
  inviteUser: {
    ...{ by: byKey, path: '/v3/users', body: { email: 'grace@example.com', role: 'reader' } },
    ...{
      other: { body: { email: 'grace@example.com', role: 'editor' } },
      given: ({ invitation_url }) => invitation_url,
    },
  },
  resetUser: {
    by: async ({ api, invite }) => {
      await invite('reader')
      return api
    },
    ...{
      path: '/v3/users/2/reset',
      other: { path: '/v3/users/1/reset' },
      given: ({ invitation_url }) => invitation_url,
    },
  },
  createPasskey: {
    by: async ({ owner }) => {
      const device = new Authenticator(publicUrl)
      const { body } = await owner.post('/v3/session/passkeys/challenge')
      const credential = device.create(body)
      // One credential for all tries: a browser repeats what its authenticator answered.
      return { send: (method, path, name, headers) => owner.send(method, path, { name, credential }, headers) }
    },
    ...{
      path: '/v3/session/passkeys',
      body: 'Laptop',
      other: { body: 'Phone' },
      given: ({ recovery_codes }) => recovery_codes?.[0],
    },
  },
  createRecoveryCodes: {
    by: async ({ owner }) => {
      await enrolTotp(owner, Date.now())
      return owner
    },
    ...{ path: '/v3/session/recovery-codes', given: ({ recovery_codes }) => recovery_codes?.[0] },
  },
  createSecretList: { by: byKey, path: '/api/secrets/lists', body: {}, other: { body: { name: 'db' } } },
  createSecretListValue: {
    ...{ by: withList, path: '/api/secrets/lists/web/values', body: { secret_key: 'K', secret_value: 'v' } },
    other: { body: { secret_key: 'K', secret_value: 'w' } },
  },
}

suite('Whatever takes an idempotency key', () => {
  test('is tried here', () => {
    const keyed = [...routes, ...secretListRoutes].filter(({ repeat }) => repeat === 'keyed')
    assert.deepEqual(Object.keys(made).sort(), keyed.map(({ operationId }) => operationId).sort())
  })
})

for (const engine of engines) {
  suite(`${engine.name}: an idempotency key`, { skip: engine.skip }, () => {
    for (const [operationId, { by, method = 'POST', path, body, other, given = () => undefined }] of Object.entries(
      made,
    )) {
      test(`makes ${operationId} act once, answers that again, and gives out once what is given once`, async (t) => {
        const started = await startWithOwner(t, engine, { publicUrl })
        const asking = await by(started)
        const key = { 'idempotency-key': 'deploy-42' }
        const rowsBefore = await rowsOf(started)

        const first = await asking.send(method, path, body, key)
        const rows = await rowsOf(started)
        const again = await asking.send(method, path, body, key)
        const rowsAfter = await rowsOf(started)

        assert.ok([200, 201].includes(first.status), first.text)
        assert.equal(first.headers.get('idempotent-replayed'), null)
        assert.ok([200, 201].includes(again.status), again.text)
        assert.equal(again.headers.get('idempotent-replayed'), 'true')
        if (operationId !== 'resetUser')
          assert.deepEqual(again.body.data ?? again.body.id, first.body.data ?? first.body.id)
        assert.notEqual(rows, rowsBefore)
        assert.equal(rowsAfter, rows)
        const once = given(first.body)
        if (once !== undefined) {
          assert.ok(typeof once === 'string' && once !== '')
          assert.equal(given(again.body) ?? null, null)
          assert.ok(!again.text.includes(once))
          const token = once.split(/[#/]/).findLast((part) => part !== '') ?? once
          assert.ok(!JSON.stringify(await query(started.place, 'select * from replies')).includes(token))
        }
        if (other === undefined) return
        const mismatch = await asking.send(method, other.path ?? path, other.body ?? body, key)
        assert.equal(mismatch.status, 422, mismatch.text)
        if (path.startsWith('/v3/')) assert.equal(mismatch.body.code, 'idempotency_mismatch')
        else assert.deepEqual(Object.keys(mismatch.body.fields), ['idempotency_key'])
        assert.equal(await rowsOf(started), rows)
      })
    }

    test('tells a value from the same text that was sent in another way', async (t) => {
      const { api } = await startServer(t, engine)
      const key = (word: string) => ({ 'idempotency-key': word })
      const texts = ['utf-8 v', JSON.stringify(['utf-8', 'v'])]

      for (const [at, value] of texts.entries()) {
        const name = `n-${at}`
        const made = await api.post('/v3/secrets', { name, value }, key(`a${at}`))
        const other = await api.post('/v3/secrets', { name, value: 'v', encoding: 'utf-8' }, key(`a${at}`))
        const put = await api.put(`/v3/secrets/${made.body.id}`, { value }, key(`b${at}`))
        const otherPut = await api.put(`/v3/secrets/${made.body.id}`, { value: 'v', encoding: 'utf-8' }, key(`b${at}`))

        assert.deepEqual([made.status, put.status], [201, 200])
        assert.deepEqual([other.body.code, otherPut.body.code], ['idempotency_mismatch', 'idempotency_mismatch'])
      }
    })

    test('keeps no hash of what was given out, and nothing sealed', async (t) => {
      const { api, place } = await startServer(t, engine)
      const key = { 'idempotency-key': 'deploy-42' }
      const asked = [
        await api.post('/v3/keys', { name: 'ci', scopes: ['secrets:list'] }, key),
        await api.post('/v3/seeds', { user_data: 'a', target: 'web-1' }, { 'idempotency-key': 'deploy-43' }),
        await api.post('/v3/users', { email: 'a@example.com', role: 'reader' }, { 'idempotency-key': 'deploy-44' }),
      ]
      assert.deepEqual(
        asked.map(({ status }) => status),
        [201, 201, 201],
      )

      const kept = JSON.stringify(await query(place, 'select answer from replies'))

      const [keys, seeds, users] = await Promise.all([
        query(place, 'select token_hash from api_keys where id = 2'),
        query(place, 'select token_hash from seeds'),
        query(place, 'select link_hash as token_hash from users'),
      ])
      for (const [row] of [keys, seeds, users]) {
        assert.match(String(row?.['token_hash']), /^[0-9a-f]{64}$/)
        assert.ok(!kept.includes(String(row?.['token_hash'])))
      }
    })

    test('is the word of one caller: another one who has the same makes what is theirs', async (t) => {
      const { api, url, withScopes } = await startAccount(t, engine)
      const another = await withScopes('keys:manage', 'secrets:list')
      const key = { 'idempotency-key': 'deploy-42' }
      const body = { name: 'ci', scopes: ['secrets:list'] }

      const one = await api.post('/v3/keys', body, key)
      const two = await another.post('/v3/keys', body, key)

      assert.deepEqual([one.status, two.status], [201, 201])
      assert.notEqual(one.body.id, two.body.id)
      for (const { body: issued } of [one, two]) {
        assert.equal((await new Api(url, issued.api_key).get('/v3/secrets')).status, 200)
      }
    })

    test('sent again by whoever lost the token says how to get a usable one, and that works', async (t) => {
      const { api, url } = await startAccount(t, engine)
      const key = { 'idempotency-key': 'deploy-42' }
      const body = { name: 'ci', scopes: ['secrets:list'] }
      const lost = await api.post('/v3/keys', body, key)

      const again = await api.post('/v3/keys', body, key)
      const rotated = await api.post(`/v3/keys/${again.body.id}/rotate`, { overlap_seconds: 0 })

      assert.deepEqual([again.status, again.body.id], [200, lost.body.id])
      assert.match(again.body.message, /^API key 2 .* rotate it/)
      assert.equal((await new Api(url, rotated.body.api_key).get('/v3/secrets')).status, 200)
      assert.equal((await new Api(url, lost.body.api_key).get('/v3/secrets')).status, 401)
    })

    test('holds for a day, and not a moment longer', async (t) => {
      const clock = { now: Date.UTC(2026, 0, 1) }
      const { api } = await startServer(t, engine, { now: () => clock.now })
      const make = () => api.post('/v3/lists', { name: 'web' }, { 'idempotency-key': 'deploy-42' })
      assert.equal((await make()).status, 201)
      clock.now += 86_399_000
      assert.equal((await make()).headers.get('idempotent-replayed'), 'true')
      clock.now += 1000

      assert.deepEqual([(await make()).body.code], ['name_taken'])
    })

    test('sent to two nodes at once makes one of everything, and gives out one token', {
      skip: engine.name === 'SQLite',
    }, async (t) => {
      const first = await startServer(t, engine)
      const second = await startServer(t, engine, { place: first.place })
      const nodes = [first.url, second.url].map((url) => new Api(url, first.api.key))
      const body = { name: 'ci', scopes: ['secrets:list'] }

      for (let round = 0; round < 5; round++) {
        const key = { 'idempotency-key': `round-${round}` }
        const answers = await Promise.all(
          [...nodes, ...nodes, ...nodes].map((node) => node.post('/v3/keys', body, key)),
        )
        assert.deepEqual([...new Set(answers.map((answer) => answer.body.id))], [2 + round])
        assert.equal(
          answers.filter(({ status, body: { api_key } }) => status === 201 && api_key !== undefined).length,
          1,
        )
      }
      assert.equal((await first.api.get('/v3/keys')).body.keys.length, 6)
    })

    test('makes requests that arrive together act once, and never answer two ways', async (t) => {
      const { api } = await startAccount(t, engine)
      const ask = () => api.post('/v3/secrets', { name: 'one', value: '1' }, { 'idempotency-key': 'deploy-42' })

      const answers = await Promise.all(Array.from({ length: 20 }, ask))

      assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body.id}`))], ['201 1'])
      const first = answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)
      assert.equal(first.length, 1)
      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 1)
    })

    test('sent with two different requests at once lets one of them pass', async (t) => {
      const { api } = await startAccount(t, engine)
      const ask = (name: string) => api.post('/v3/secrets', { name, value: '1' }, { 'idempotency-key': 'deploy-42' })

      const answers = await Promise.all([ask('one'), ask('two')])

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 422])
      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 1)
    })

    test('given twice in one request is 400', async (t) => {
      const { api } = await startAccount(t, engine)

      const answer = await api.post('/v3/secrets', { name: 'a', value: 'b' }, { 'idempotency-key': 'x, y' })

      assert.deepEqual([answer.status, answer.body.errors[0].field], [400, 'Idempotency-Key'])
      assert.deepEqual((await api.get('/v3/secrets')).body.secrets, [])
    })
  })
}

/** Everything that is stored, but what notes that something was asked. */
async function rowsOf({ place }: Started): Promise<string> {
  const tables = [
    'secrets',
    'versions',
    'lists',
    'environments',
    'seeds',
    'machines',
    'trust_rules',
    'webhooks',
    'users',
    'factors',
  ]
  const found = await Promise.all(tables.map((table) => query(place, `select * from ${table}`)))
  const keys = await query(place, 'select id, expires_ms, revoked_ms from api_keys order by id')
  return JSON.stringify([...found, keys], (_name, value) => (typeof value === 'bigint' ? String(value) : value))
}
