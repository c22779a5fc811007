/** API keys over HTTP: made with no more than their maker has, checked at use, gone when revoked. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { covers } from '../../src/model/pattern.ts'
import { startAccount } from '../support/account.ts'
import { Api } from '../support/api.ts'
import { rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { Person } from '../support/person.ts'
import { startServer } from '../support/server.ts'

const runs = rounds(30, 300)
const day = 24 * 60 * 60 * 1000
const fields = [
  'id',
  'name',
  'scopes',
  'networks',
  'created_at',
  'expires_at',
  'revoked_at',
  'last_used_at',
  'last_used_api',
  'created_by',
]

for (const engine of engines) {
  suite(`${engine.name}: an API key`, { skip: engine.skip }, () => {
    test('is shown once, when it is made', async (t) => {
      const { api } = await startAccount(t, engine)

      const made = await api.post('/v3/keys', { name: 'deploy', scopes: ['secrets:read:prod-*', 'secrets:list'] })

      assert.equal(made.status, 201)
      assert.equal(made.headers.get('location'), '/v3/keys/2')
      assert.deepEqual(Object.keys(made.body), [...fields, 'api_key'])
      assert.deepEqual(made.body.scopes, ['secrets:list', 'secrets:read:prod-*'])
      assert.match(made.body.api_key, /^sr_[0-9A-Za-z]{49}$/)
      for (const path of ['/v3/keys', '/v3/keys/2', '/v3/audit']) {
        const { status, text } = await api.get(path)
        assert.equal(status, 200)
        assert.ok(!text.includes(made.body.api_key))
      }
      assert.deepEqual(Object.keys((await api.get('/v3/keys/2')).body), fields)
      assert.deepEqual(
        (await api.get('/v3/keys')).body.keys.map(({ id }: { id: number }) => id),
        [1, 2],
      )
    })

    test('that is revoked is refused at once, and revoking it again changes nothing', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const revoked = await withScopes('secrets:list')
      assert.equal((await revoked.get('/v3/secrets')).status, 200)

      assert.equal((await api.delete('/v3/keys/2')).status, 200)

      assert.equal((await revoked.get('/v3/secrets')).status, 401)
      const { revoked_at: at } = (await api.get('/v3/keys/2')).body
      assert.equal((await api.delete('/v3/keys/2')).status, 200)
      assert.equal((await api.get('/v3/keys/2')).body.revoked_at, at)
    })

    test('that ends while it is in use for changes is refused before its body is looked at', async (t) => {
      const { api } = await startAccount(t, engine)
      const bodies = [
        { name: 'b', value: 'v' },
        { name: 'b', valu: 'v' },
        '{',
        { name: 'b', value: 'v'.repeat(70_000) },
      ]
      for (const body of bodies) {
        const { body: key } = await api.post('/v3/keys', { name: 'writer', scopes: ['secrets:list', 'secrets:write'] })
        const writing = new Api(api.url, key.api_key)
        assert.equal((await writing.post('/v3/secrets', { name: `a-${key.id}`, value: 'v' })).status, 201)
        assert.equal((await writing.post('/v3/secrets', { name: `a-${key.id}`, valu: 'v' })).status, 400)

        assert.equal((await api.delete(`/v3/keys/${key.id}`)).status, 200)

        const answer = await writing.post('/v3/secrets', body)
        assert.equal(answer.status, 401, answer.text)
        assert.equal((await writing.send('PUT', '/v3/secrets/1', 'text', { 'content-type': 'text/plain' })).status, 401)
      }
      assert.ok(!(await api.get('/v3/secrets')).text.includes('"b"'))
    })

    test('that expires is refused from that moment on', async (t) => {
      let now = Date.UTC(2026, 0, 1)
      const { api, url } = await startServer(t, engine, { now: () => now })
      const made = await api.post('/v3/keys', {
        name: 'short',
        scopes: ['secrets:list'],
        expires_at: '2026-01-02T00:00:00Z',
      })
      const short = new Api(url, made.body.api_key)

      now += day - 1
      assert.equal((await short.get('/v3/secrets')).status, 200)
      now += 1
      assert.equal((await short.get('/v3/secrets')).status, 401)
    })

    test('that is bound to networks works from them only', async (t) => {
      const { api, url } = await startAccount(t, engine)
      const statusWith = async (...networks: string[]) => {
        const { body } = await api.post('/v3/keys', { name: 'bound', scopes: ['secrets:list'], networks })
        return (await new Api(url, body.api_key).get('/v3/secrets')).status
      }

      assert.equal(await statusWith('127.0.0.0/8'), 200)
      assert.equal(await statusWith('10.0.0.0/8', '127.0.0.1/32'), 200)
      assert.equal(await statusWith('127.0.0.2/32'), 401)
      assert.equal(await statusWith('10.0.0.0/8', 'fd00::/8'), 401)
    })

    test('cannot make a key with more rights than its own', async (t) => {
      const { api, url } = await startAccount(t, engine)
      const right = fc.constantFrom('secrets:list', 'secrets:read', 'keys:manage')
      const pattern = fc.constantFrom('*', 'prod-*', 'prod-db', '*-db')
      const scopes = fc.uniqueArray(fc.tuple(right, pattern), { minLength: 1, maxLength: 4, selector: String })
      type Scopes = readonly (readonly [string, string])[]
      const texts = (list: Scopes) => list.map(([verb, names]) => `${verb}:${names}`)
      const within = ([verb, names]: readonly [string, string], own: Scopes) =>
        own.some(([ownVerb, ownNames]) => ownVerb === verb && covers(ownNames, names))

      await fc.assert(
        fc.asyncProperty(scopes, scopes, async (own, wanted) => {
          const { body } = await api.post('/v3/keys', { name: 'maker', scopes: texts(own) })
          const maker = new Api(url, body.api_key)
          const { status } = await maker.post('/v3/keys', { name: 'made', scopes: texts(wanted) })
          const manages = (names: string) => within(['keys:manage', names], own)
          const isAllowed = wanted.every((scope) => within(scope, own) && manages(scope[1]))
          assert.equal(status, isAllowed ? 201 : 403)
        }),
        { numRuns: runs },
      )
    })

    test('cannot make a key that outlives it or works from more networks', async (t) => {
      const { api, url } = await startServer(t, engine, { now: () => Date.UTC(2026, 0, 1) })
      const scopes = ['secrets:list', 'keys:manage']
      const own = { name: 'maker', scopes, networks: ['127.0.0.0/8'], expires_at: '2026-02-01T00:00:00Z' }
      const maker = new Api(url, (await api.post('/v3/keys', own)).body.api_key)
      const statusOf = async (change: object) => (await maker.post('/v3/keys', { ...own, ...change })).status

      assert.equal(await statusOf({}), 201)
      assert.equal(await statusOf({ networks: ['127.0.0.1/32'], expires_at: '2026-01-15T00:00:00Z' }), 201)
      assert.equal(await statusOf({ expires_at: '2026-02-01T00:00:01Z' }), 403)
      assert.equal(await statusOf({ expires_at: null }), 403)
      assert.equal(await statusOf({ networks: [] }), 403)
      assert.equal(await statusOf({ networks: ['127.0.0.0/7'] }), 403)
      assert.equal(await statusOf({ networks: ['127.0.0.1/32', '::1/128'] }), 403)
    })

    test('cannot make a key of wider networks by writing IPv4 as IPv6', async (t) => {
      const { api, url } = await startAccount(t, engine)
      const own = { name: 'maker', scopes: ['secrets:list', 'keys:manage'], networks: ['127.0.0.1'] }
      const maker = new Api(url, (await api.post('/v3/keys', own)).body.api_key)
      const made = async (network: string) => {
        const { status, body } = await maker.post('/v3/keys', { ...own, networks: [network] })
        return [status, body.networks]
      }

      assert.deepEqual(await made('::ffff:127.0.0.1'), [201, ['127.0.0.1/32']])
      assert.deepEqual(await made('::FFFF:7f00:1/128'), [201, ['127.0.0.1/32']])
      for (const prefix of [0, 8, 32, 64, 95]) {
        assert.equal((await made(`::ffff:127.0.0.1/${prefix}`))[0], 400, String(prefix))
      }
      for (const wide of ['::ffff:127.0.0.1/96', '::ffff:127.0.0.1/127', '::/0', '0.0.0.0/0']) {
        assert.equal((await made(wide))[0], 403, wide)
      }
    })

    test('without the right for another key does not see, rotate or revoke it', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const narrow = await withScopes('keys:manage:prod-*', 'secrets:read:prod-*')
      await api.post('/v3/keys', { name: 'prod', scopes: ['secrets:read:prod-db'] })

      assert.deepEqual(
        (await narrow.get('/v3/keys')).body.keys.map(({ id }: { id: number }) => id),
        [2, 3],
      )
      for (const answer of [
        await narrow.get('/v3/keys/1'),
        await narrow.delete('/v3/keys/1'),
        await narrow.post('/v3/keys/1/rotate', {}),
      ]) {
        assert.equal(answer.status, 404)
      }
      assert.equal((await narrow.delete('/v3/keys/3')).status, 200)
    })

    test('knows itself without any right for keys, and whoever has none learns nothing', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const narrow = await withScopes('secrets:read:prod-*')

      const own = await narrow.get('/v3/keys/self')

      assert.deepEqual([own.status, own.body.id, own.body.scopes], [200, 2, ['secrets:read:prod-*']])
      assert.deepEqual(Object.keys(own.body), fields)
      assert.equal((await narrow.get('/v3/keys/2')).status, 403)
      const [record] = (await api.get('/v3/audit?action=key.read&limit=1')).body.records
      assert.deepEqual([record.principal.id, record.object.id, record.outcome], [2, 2, 'forbidden'])
      await api.delete('/v3/keys/2')
      assert.equal((await narrow.get('/v3/keys/self')).status, 401)
    })

    test('revokes itself without any right for keys, on record, and no other', async (t) => {
      const { api, url, withScopes } = await startAccount(t, engine)
      const narrow = await withScopes('secrets:read:prod-*')
      const neighbour = await withScopes('secrets:read:prod-*')

      const answer = await narrow.delete('/v3/keys/self')

      assert.deepEqual([answer.status, answer.body], [200, { message: 'API key revoked successfully' }])
      assert.equal((await narrow.get('/v3/keys/self')).status, 401)
      assert.equal((await narrow.delete('/v3/keys/self')).status, 401)
      assert.equal((await neighbour.get('/v3/keys/self')).status, 200)
      assert.equal((await api.get('/v3/keys/3')).body.revoked_at, null)
      const { revoked_at: at } = (await api.get('/v3/keys/2')).body
      assert.ok(Math.abs(Date.parse(at) - Date.now()) < day)
      const { records } = (await api.get('/v3/audit?action=key.revoke')).body
      assert.deepEqual(
        records.map(({ principal, object, outcome }: Record<string, Record<string, unknown>>) => [
          principal?.['kind'],
          principal?.['id'],
          object?.['id'],
          outcome,
        ]),
        [['key', 2, 2, 'ok']],
      )
      assert.equal((await new Api(url, 'none').delete('/v3/keys/self')).status, 401)
    })

    test('is what revokes itself: whoever is signed in has none to revoke', async (t) => {
      const { api, url } = await startAccount(t, engine)
      const { body: invited } = await api.post('/v3/users', { email: 'ada@example.com', role: 'owner' })
      const ada = new Person(url)
      await ada.accept(invited.invitation_url, { password: 'seven orange tractors sing' })

      const answer = await ada.send('DELETE', '/v3/keys/self')

      assert.deepEqual([answer.status, answer.body.code], [404, 'not_found'])
      assert.equal((await ada.get('/v3/secrets')).status, 200)
    })

    test('is rotated with an overlap: both work, then only the new one', async (t) => {
      let now = Date.UTC(2026, 0, 1)
      const { api, url } = await startServer(t, engine, { now: () => now })
      const first = await api.post('/v3/keys', { name: 'deploy', scopes: ['secrets:list'], networks: ['127.0.0.1/32'] })

      const second = await api.post('/v3/keys/2/rotate', { overlap_seconds: 60 })

      assert.equal(second.status, 201)
      assert.deepEqual(
        [second.body.id, second.body.name, second.body.scopes, second.body.networks],
        [3, 'deploy', ['secrets:list'], ['127.0.0.1/32']],
      )
      const [old, young] = [first, second].map(({ body }) => new Api(url, body.api_key)) as [Api, Api]
      now += 59_999
      assert.deepEqual([(await old.get('/v3/secrets')).status, (await young.get('/v3/secrets')).status], [200, 200])
      now += 1
      assert.deepEqual([(await old.get('/v3/secrets')).status, (await young.get('/v3/secrets')).status], [401, 200])
      assert.equal((await api.post('/v3/keys/3/rotate', { overlap_seconds: 0 })).status, 201)
      assert.equal((await young.get('/v3/secrets')).status, 401)
    })

    test('can rotate itself, without getting a longer life or more', async (t) => {
      const { api, url } = await startServer(t, engine, { now: () => Date.UTC(2026, 0, 1) })
      const own = { name: 'self', scopes: ['keys:manage', 'secrets:read'], expires_at: '2026-02-01T00:00:00Z' }
      const self = new Api(url, (await api.post('/v3/keys', own)).body.api_key)

      assert.equal((await self.post('/v3/keys/2/rotate', { expires_at: '2027-01-01T00:00:00Z' })).status, 403)
      const rotated = await self.post('/v3/keys/2/rotate', {})
      assert.equal(rotated.status, 201)
      assert.equal(rotated.body.expires_at, '2026-02-01T00:00:00Z')
    })

    test('that is revoked cannot be rotated back to life', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/keys', { name: 'gone', scopes: ['secrets:read'] })
      await api.delete('/v3/keys/2')

      const answer = await api.post('/v3/keys/2/rotate', {})

      assert.deepEqual([answer.status, answer.body.code], [400, 'invalid'])
    })

    test('is refused with the field named when its description is malformed', async (t) => {
      const { api } = await startAccount(t, engine)
      const good = { name: 'deploy', scopes: ['secrets:read'] }
      const faults: [string, unknown][] = [
        ['name', ''],
        ['name', ' x'],
        ['name', 'a\nb'],
        ['name', 'x'.repeat(129)],
        ['name', 7],
        ['scopes', []],
        ['scopes', 'secrets:read'],
        ['scopes', ['secrets']],
        ['scopes', ['secrets:readx']],
        ['scopes', ['secrets:read:']],
        ['scopes', ['secrets:read:a b']],
        ['scopes', ['*']],
        ['scopes', Array.from({ length: 65 }, (_, at) => `secrets:read:n${at}`)],
        ['networks', ['10.0.0.1/8/8']],
        ['networks', ['300.0.0.0/8']],
        ['networks', ['10.0.0.0/33']],
        ['networks', ['example.com']],
        ['expires_at', 'tomorrow'],
        ['expires_at', '2026-13-01T00:00:00Z'],
        ['expires_at', '2020-01-01T00:00:00Z'],
        ['expires_at', 1767225600],
        ['colour', 'blue'],
      ]

      for (const [field, value] of faults) {
        const { status, body, text } = await api.post('/v3/keys', { ...good, [field]: value })
        assert.equal(status, 400, `${field} ${JSON.stringify(value)}: ${text}`)
        assert.ok(String(body.errors[0].field).startsWith(field), text)
      }
      assert.equal((await api.get('/v3/keys')).body.keys.length, 1)
    })

    test('keeps the time of its last use without a write for every request', async (t) => {
      let now = Date.UTC(2026, 0, 1)
      const { api } = await startServer(t, engine, { now: () => now })
      const lastUse = async () => (await api.get('/v3/keys/1')).body.last_used_at

      await api.get('/v3/secrets')
      now += 59_000
      assert.equal(await lastUse(), '2026-01-01T00:00:00Z')
      now += 1000
      await api.get('/v3/secrets')
      assert.equal(await lastUse(), '2026-01-01T00:01:00Z')
    })

    test('keeps the API that it was used through last, with the time', async (t) => {
      let now = Date.UTC(2026, 0, 1)
      const { api, url } = await startServer(t, engine, { now: () => now, isVaultApiServed: true })
      const { body } = await api.post('/v3/keys', { name: 'job', scopes: ['secrets:list', 'secrets:read'] })
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      const job = new Api(url, body.api_key)
      const lastUse = async () => {
        const { last_used_at: at, last_used_api: through } = (await api.get(`/v3/keys/${body.id}`)).body
        return [at?.slice(11, 19), through]
      }

      assert.deepEqual(await lastUse(), [undefined, null])
      for (const [path, through, time] of [
        ['/v1/secret/data/a', 'vault', '00:00:00'],
        ['/v3/secrets/1', 'v3', '00:01:00'],
        ['/api/secrets/lists', 'lists', '00:02:00'],
        ['/v1/secret/metadata?list=true', 'vault', '00:03:00'],
      ] as const) {
        assert.equal((await job.get(path)).status, 200, path)
        assert.deepEqual(await lastUse(), [time, through])
        now += 59_999
        // Within the minute nothing is written, whichever it is.
        assert.equal((await job.get('/v3/secrets')).status, 200)
        assert.deepEqual(await lastUse(), [time, through])
        now += 1
      }
    })
  })
}
