/** Bases: what an environment inherits, read and listed as its own, changed nowhere but where it is kept. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import type { Answer, Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'

const at = (environment: string) => ({ 'strongroom-environment': environment })

function code({ status, body }: Answer): unknown[] {
  return [status, body.code]
}

function namesIn({ body }: Answer): string[] {
  return body.secrets.map(({ name }: { name: string }) => name)
}

for (const engine of engines) {
  suite(`${engine.name}: what an environment inherits`, { skip: engine.skip }, () => {
    test('is read by name and by id as its own, by whoever may read in it, and hidden by what has the name there', async (t) => {
      const { withScopes } = await start(t)
      const own = await withScopes(
        'secrets:list@prod',
        'secrets:read@prod',
        'secrets:write@prod',
        'secrets:delete@prod',
      )

      // Of `common`, through `shared`; of `shared`; its own, which hides that of `shared`.
      for (const [id, name, value] of [
        [1, 'ca', 'common'],
        [2, 'smtp', 'shared'],
        [4, 'db', 'prod'],
      ] as const) {
        assert.equal((await own.get(`/v3/secrets/by-name/${name}`)).body.value, value)
        const byId = await own.get(`/v3/secrets/${id}`)
        assert.deepEqual([byId.body.value, byId.headers.get('strongroom-environment')], [value, 'prod'])
        assert.equal((await own.get(`/v3/secrets/${id}/metadata`)).status, 200)
      }
      assert.deepEqual(code(await own.get('/v3/secrets/3')), [404, 'not_found'])
      const batch = await own.post('/v3/secrets/batch', { names: ['ca', 'smtp', 'db'] })
      assert.deepEqual(
        batch.body.secrets.map(({ value }: { value: string }) => value),
        ['common', 'shared', 'prod'],
      )
      const template = '$\u007b{secret.ca}} $\u007b{secret.db}}'
      assert.equal((await own.post('/v3/render', { template })).body.rendered, 'common prod')
      const seed = await own.post('/v3/seeds', { user_data: template, target: 'web-1' })
      assert.equal(await (await fetch(`${seed.body.url}user-data`)).text(), 'common prod')
      // The vendor's API sees what is its own.
      assert.equal((await own.get('/api/secrets/all-values')).body.data.length, 2)
      // Not through an environment that is not asked.
      const elsewhere = await withScopes('secrets:read@shared')
      assert.deepEqual(code(await elsewhere.get('/v3/secrets/by-name/only')), [404, 'not_found'])
    })

    test('is changed where it is kept alone: a value that is put by name becomes one of its own', async (t) => {
      const { api, withScopes } = await start(t)
      const own = await withScopes(
        'secrets:list@prod',
        'secrets:read@prod',
        'secrets:write@prod',
        'secrets:delete@prod',
      )

      for (const asked of [
        await own.put('/v3/secrets/2', { value: 'x' }),
        await own.delete('/v3/secrets/2'),
        await own.send('PATCH', '/v3/secrets/2/metadata', { tags: ['x'] }),
      ]) {
        assert.deepEqual(code(asked), [404, 'not_found'])
        assert.match(asked.body.detail, /inherits this secret/)
      }
      const put = await own.put('/v3/secrets/by-name/smtp', { value: 'mine' })
      assert.deepEqual([put.status, put.body.id], [201, 6])
      assert.equal((await own.get('/v3/secrets/by-name/smtp')).body.value, 'mine')
      assert.equal((await api.get('/v3/secrets/by-name/smtp', at('shared'))).body.value, 'shared')
      assert.deepEqual(code(await own.get('/v3/secrets/2')), [404, 'not_found'])
      await own.delete('/v3/secrets/6')
      assert.equal((await own.get('/v3/secrets/2')).body.value, 'shared')
    })

    test('is listed with `effective`, once for each name, and where it is kept is told to whoever sees that', async (t) => {
      const { api, withScopes } = await start(t)
      const own = await withScopes('secrets:list@prod')

      assert.deepEqual(namesIn(await own.get('/v3/secrets')), ['db', 'only'])
      assert.deepEqual(namesIn(await own.get('/v3/secrets?effective=true')), ['ca', 'db', 'only', 'smtp'])
      assert.deepEqual(namesIn(await own.get('/v3/secrets?effective=true&order=desc&name=*m*')), ['smtp'])
      const known = (await api.get('/v3/metadata?effective=true', at('prod'))).body.secrets
      assert.deepEqual(
        known.map(({ name, environment, inherited }: Record<string, unknown>) => [name, environment, inherited]),
        [
          ['ca', 'common', true],
          ['db', 'prod', false],
          ['only', 'prod', false],
          ['smtp', 'shared', true],
        ],
      )
      const hidden = (await own.get('/v3/metadata?effective=true')).body.secrets
      assert.deepEqual(
        hidden.map(({ environment }: Record<string, unknown>) => environment),
        [null, 'prod', 'prod', null],
      )
      const [seen] = (await own.get('/v3/environments')).body.environments
      assert.deepEqual([seen.name, seen.base], ['prod', null])
      assert.equal((await api.get(`/v3/environments/${seen.id}`)).body.base, 'shared')
      // In pages, forth and back.
      const first = await own.get('/v3/secrets?effective=true&limit=3')
      assert.deepEqual(namesIn(first), ['ca', 'db', 'only'])
      const next = first.headers.get('strongroom-next-cursor')
      const second = await own.get(`/v3/secrets?effective=true&limit=3&cursor=${next}`)
      assert.deepEqual(namesIn(second), ['smtp'])
      const back = second.headers.get('strongroom-previous-cursor')
      assert.deepEqual(namesIn(await own.get(`/v3/secrets?effective=true&limit=3&cursor=${back}`)), namesIn(first))
    })

    test('is listed in one list by whoever sees where it is kept, and in none by others', async (t) => {
      const { api, withScopes } = await start(t)
      await api.post('/v3/lists', { name: 'ring' }, at('common'))
      await api.post('/v3/secrets', { name: 'root', value: 'v', list: 'ring' }, at('common'))
      const own = await withScopes('secrets:list@prod')
      const asWell = await withScopes('secrets:list@prod', 'secrets:list@shared')
      const listsOf = async (asker: Api) => {
        const { body } = await asker.get('/v3/metadata?effective=true', at('prod'))
        return body.secrets.map(({ name, list }: { name: string; list: { name: string } | null }) => [
          name,
          list?.name ?? null,
        ])
      }

      assert.deepEqual(await listsOf(own), [
        ['ca', null],
        ['db', 'default'],
        ['only', 'default'],
        ['root', null],
        ['smtp', null],
      ])
      assert.deepEqual((await listsOf(asWell)).slice(-2), [
        ['root', null],
        ['smtp', 'default'],
      ])
      assert.deepEqual((await listsOf(api))[3], ['root', 'ring'])
      assert.equal((await own.get('/v3/secrets/6/metadata')).body.list, null)
      assert.equal((await own.get('/v3/secrets/5/metadata')).body.list.name, 'default')
      assert.equal((await asWell.get('/v3/secrets/2/metadata', at('prod'))).body.list.name, 'default')
      assert.equal((await api.get('/v3/secrets/6/metadata', at('prod'))).body.list.name, 'ring')
    })

    test('is filtered, counted and passed over with `effective` by what a name means there, not by what it hides', async (t) => {
      const { api, withScopes } = await start(t)
      const own = await withScopes('secrets:list@prod')
      // Of `ca`, of the `db` that is hidden, and of `only`.
      for (const [id, environment] of [
        [1, 'common'],
        [3, 'shared'],
        [5, 'prod'],
      ] as const) {
        const details = { tags: ['x'], description: 'of the Shop', expires_at: '2031-01-01T00:00:00Z' }
        await api.send('PATCH', `/v3/secrets/${id}/metadata`, details, at(environment))
      }
      const all = (query: string) => own.get(`/v3/secrets?effective=true&${query}`)

      for (const query of ['tag=x', 'q=shop', 'expires_before=2031-01-02T00:00:00Z']) {
        assert.deepEqual(namesIn(await all(query)), ['ca', 'only'], query)
        const page = await all(`${query}&limit=1&count=true`)
        assert.deepEqual([namesIn(page), page.headers.get('strongroom-total-count')], [['ca'], '2'])
        const next = await all(`${query}&limit=1&cursor=${page.headers.get('strongroom-next-cursor')}`)
        assert.deepEqual([namesIn(next), next.headers.get('strongroom-next-cursor')], [['only'], null])
      }
      assert.deepEqual(namesIn(await all('type=file')), [])
      assert.deepEqual(namesIn(await all('updated_before=2020-01-01T00:00:00Z')), [])
      assert.deepEqual(namesIn(await all('offset=1&limit=2')), ['db', 'only'])
      assert.deepEqual(namesIn(await all('offset=1&limit=2&order=desc&tag=x')), ['ca'])
      assert.equal((await all('count=true')).headers.get('strongroom-total-count'), '4')
      for (const query of ['list=default', 'held=any', 'expired=first', 'sort=updated']) {
        const { status, body } = await all(query)
        assert.deepEqual([status, body.errors[0].field], [400, query.split('=')[0]])
        assert.match(body.errors[0].detail, /where `effective` is given: /)
      }
    })

    test('goes at most four bases deep, and never in a circle', async (t) => {
      const { api } = await startAccount(t, engine)
      for (const [name, base] of [
        ['a', 'default'],
        ['b', 'a'],
        ['c', 'b'],
        ['d', 'c'],
      ]) {
        assert.equal((await api.post('/v3/environments', { name, base })).status, 201)
      }
      await api.post('/v3/secrets', { name: 'x', value: 'deep' })

      assert.equal((await api.get('/v3/secrets/by-name/x', at('d'))).body.value, 'deep')
      assert.deepEqual(code(await api.post('/v3/environments', { name: 'e', base: 'd' })), [400, 'invalid'])
      assert.deepEqual(code(await api.send('PATCH', '/v3/environments/2', { base: 'd' })), [400, 'invalid'])
      assert.deepEqual(code(await api.send('PATCH', '/v3/environments/2', { base: 'a' })), [400, 'invalid'])
      assert.deepEqual(code(await api.send('PATCH', '/v3/environments/2', { base: 'nowhere' })), [400, 'invalid'])
      assert.equal((await api.send('PATCH', '/v3/environments/3', { base: null })).body.base, null)
      assert.deepEqual(code(await api.get('/v3/secrets/by-name/x', at('d'))), [404, 'not_found'])
    })

    test('is a user’s by their roles in environments, whatever their other role may', async (t) => {
      const { api } = await start(t)
      const invited = await api.post('/v3/users', {
        ...{ email: 'ada@example.com', role: 'auditor' },
        environment_roles: { prod: 'reader', shared: 'editor' },
      })
      assert.deepEqual(invited.body.environment_roles, { prod: 'reader', shared: 'editor' })
      for (const roles of [{ prod: 'owner' }, { 'a b': 'reader' }]) {
        const wrong = await api.send('PATCH', `/v3/users/${invited.body.id}`, { environment_roles: roles })
        assert.deepEqual(code(wrong), [400, 'invalid'])
      }
      const changed = await api.send('PATCH', `/v3/users/${invited.body.id}`, { environment_roles: {} })
      assert.equal(changed.body.environment_roles, undefined)
    })

    /** `common` under `shared` under `prod`: `ca` in the first, `smtp` and `db` in the second, `db` and `only` in the last. */
    async function start(t: TestContext) {
      const account = await startAccount(t, engine)
      const { api } = account
      await api.post('/v3/environments', { name: 'common' })
      await api.post('/v3/environments', { name: 'shared', base: 'common' })
      await api.post('/v3/environments', { name: 'prod', base: 'shared' })
      for (const [name, environment] of [
        ['ca', 'common'],
        ['smtp', 'shared'],
        ['db', 'shared'],
        ['db', 'prod'],
        ['only', 'prod'],
      ] as const) {
        await api.post('/v3/secrets', { name, value: environment }, at(environment))
      }
      return account
    }
  })
}
