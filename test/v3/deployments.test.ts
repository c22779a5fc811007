/** Deployments: who holds what, and what of it is old. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const reference = (name: string) => `\${{secret.${name}}}`

for (const engine of engines) {
  suite(`${engine.name}: a deployment`, { skip: engine.skip }, () => {
    test('is what a target got last, and stale once that is old or gone', async (t) => {
      const { api } = await startAccount(t, engine)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: name })
      const render = (template: string, target: string) => api.post('/v3/render', { template, target })
      await render(reference('a'), 'web-1')
      await render(`${reference('a')}${reference('b')}`, 'web-2')
      await render('nothing', 'web-3')
      await api.post('/v3/render', { template: reference('a') })

      const updated = await api.put('/v3/secrets/1', { value: 'new' })
      assert.equal(updated.headers.get('strongroom-stale-deployments'), '2')
      assert.deepEqual(Object.keys(updated.body), ['id', 'name', 'updated_at'])
      const stale = (await api.get('/v3/deployments?stale=true')).body
      assert.deepEqual(
        stale.deployments.map(({ created_at: at, ...rest }: { created_at: string }) => ({ ...rest, at: at.length })),
        [
          {
            id: 1,
            target: 'web-1',
            secrets: [{ id: 1, name: 'a', version: 1, current_version: 2 }],
            stale: true,
            at: 20,
          },
          {
            id: 2,
            target: 'web-2',
            secrets: [
              { id: 1, name: 'a', version: 1, current_version: 2 },
              { id: 2, name: 'b', version: 1, current_version: 1 },
            ],
            stale: true,
            at: 20,
          },
        ],
      )

      await render(reference('a'), 'web-1')
      const targets = async (path: string) =>
        (await api.get(path)).body.deployments.map(({ target }: { target: string }) => target)
      assert.deepEqual(await targets('/v3/deployments?stale=true'), ['web-2'])
      assert.deepEqual(await targets('/v3/deployments'), ['web-2', 'web-3', 'web-1'])
      assert.deepEqual(await targets('/v3/deployments?target=web-1'), ['web-1'])
      assert.deepEqual(await targets('/v3/deployments?secret=b'), ['web-2'])
      assert.deepEqual(await targets('/v3/deployments?secret=1'), ['web-2', 'web-1'])
      assert.deepEqual(await targets('/v3/secrets/1/deployments'), ['web-2', 'web-1'])

      const deleted = await api.delete('/v3/secrets/2')
      assert.equal(deleted.headers.get('strongroom-stale-deployments'), '1')
      await render(reference('a'), 'web-3')
      const [held] = (await api.get('/v3/secrets/2/deployments')).body.deployments
      assert.deepEqual(
        [held.target, held.stale, held.secrets[1]],
        ['web-2', true, { id: 2, name: 'b', version: 1, current_version: null }],
      )
      assert.equal((await api.get('/v3/secrets/99/deployments')).status, 404)
      const restored = await api.post('/v3/secrets/1/versions/1/restore', undefined)
      assert.equal(restored.headers.get('strongroom-stale-deployments'), '3')
    })

    test('is found by a list that something of it is in, by whoever may list that', async (t) => {
      const { api, url } = await startAccount(t, engine)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: name })
      await api.post('/v3/lists', { name: 'web' })
      await api.put('/v3/lists/2/secrets/2', undefined)
      const render = (template: string, target: string) => api.post('/v3/render', { template, target })
      await render(reference('a'), 'one')
      await render(`${reference('a')}${reference('b')}`, 'both')
      const { body: key } = await api.post('/v3/keys', { name: 'narrow', scopes: ['secrets:list:a'] })
      const narrow = new Api(url, key.api_key)
      const targets = async (asker: Api, list: string) => {
        const { body, status } = await asker.get(`/v3/deployments?list=${list}`)
        return body.deployments?.map(({ target }: { target: string }) => target) ?? status
      }

      assert.deepEqual(await targets(api, 'web'), ['both'])
      assert.deepEqual(await targets(api, 'default'), ['one', 'both'])
      assert.deepEqual(await targets(api, 'none'), 404)
      assert.deepEqual(await targets(narrow, 'web'), [], 'what it holds of the list is not theirs to see')
      assert.deepEqual(await targets(narrow, 'default'), ['one', 'both'])
    })

    test('that a change makes stale is counted by every change, of whichever API', async (t) => {
      const { api, url } = await startAccount(t, engine)
      for (const name of ['a', 'b', 'c']) await api.post('/v3/secrets', { name, value: name })
      for (const name of ['d', 'e']) await api.post('/v3/secrets', { name, value: name })
      await api.post('/v3/lists', { name: 'doomed' })
      for (const id of [4, 5]) await api.put(`/v3/lists/2/secrets/${id}`, undefined)
      const all = ['a', 'b', 'c', 'd', 'e'].map((name) => reference(name)).join('')
      for (const target of ['web-1', 'web-2']) await api.post('/v3/render', { template: all, target })
      await api.post('/v3/render', { template: reference('d'), target: 'web-3' })
      const lists = async (method: string, path: string, form?: Record<string, string>) => {
        const body = form === undefined ? {} : { body: new URLSearchParams(form) }
        return fetch(`${url}/api/secrets/lists/${path}?key=${api.key}`, { method, ...body })
      }

      const changes = [
        await api.send('PUT', '/v3/secrets/1/content', 'x', { 'content-type': 'text/plain' }),
        await lists('POST', 'default/values/a', { secret_value: 'y' }),
        await lists('POST', 'default/values/a', { secret_key: 'z' }),
        await lists('DELETE', 'default/values/2'),
        await lists('DELETE', 'default'),
        await api.delete('/v3/lists/2'),
        await api.post('/v3/lists', { name: 'empty' }),
        await api.delete('/v3/lists/3'),
      ]

      assert.deepEqual(
        changes.map(({ headers }) => headers.get('strongroom-stale-deployments')),
        ['2', '2', '2', '2', '2', '3', null, '0'],
      )
    })

    test('is made by a seed of all its documents, and by nobody who got nothing', async (t) => {
      const { api } = await startAccount(t, engine)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: `${name}: 1\nc: 2` })
      const seed = { user_data: reference('a'), vendor_data: reference('b'), target: 'web-1' }
      const { url } = (await api.post('/v3/seeds', seed)).body
      assert.deepEqual((await api.get('/v3/deployments')).body, { deployments: [] })
      for (const document of ['user-data', 'vendor-data']) await (await fetch(url + document)).text()
      const unsafe = `#cloud-config\nkey: ${reference('a')}\n`
      const refused = await api.post('/v3/render', { template: unsafe, target: 'web-2' })

      assert.equal(refused.body.code, 'unsafe_rendering')
      const { deployments } = (await api.get('/v3/deployments?include=principal')).body
      assert.equal(deployments.length, 1)
      assert.deepEqual(deployments[0].principal, { kind: 'seed', id: 1, name: 'web-1' })
      assert.deepEqual(
        deployments[0].secrets.map(({ name }: { name: string }) => name),
        ['a', 'b'],
      )
    })

    test('is seen as far as its secrets may be listed, and forgotten by who may write them', async (t) => {
      const { api, withScopes, otherAccount } = await startAccount(t, engine)
      for (const name of ['dev-a', 'prod-b']) await api.post('/v3/secrets', { name, value: name })
      const template = `${reference('dev-a')}${reference('prod-b')}`
      await api.post('/v3/render', { template, target: 'web-1' })
      await api.post('/v3/render', { template: reference('prod-b'), target: 'web-2' })
      const dev = await withScopes('secrets:list:dev-*', 'secrets:write:dev-*')
      const stranger = await otherAccount()

      const { deployments } = (await dev.get('/v3/deployments')).body
      assert.equal(deployments.length, 1)
      assert.deepEqual(
        deployments[0].secrets.map(({ name }: { name: string }) => name),
        ['dev-a'],
      )
      assert.deepEqual((await dev.get('/v3/secrets/2/deployments')).status, 404)
      assert.deepEqual((await dev.get('/v3/deployments?secret=prod-b')).body, { deployments: [] })
      assert.equal((await dev.get('/v3/deployments?secret=dev-a')).body.deployments.length, 1)
      assert.equal((await dev.delete('/v3/deployments/1')).status, 403)
      assert.equal((await dev.delete('/v3/deployments/2')).status, 404)
      assert.deepEqual((await stranger.get('/v3/deployments')).body, { deployments: [] })
      assert.equal((await stranger.delete('/v3/deployments/1')).status, 404)
      assert.equal((await (await withScopes('secrets:read')).get('/v3/deployments')).status, 403)
      assert.deepEqual((await api.delete('/v3/deployments/1')).body, { message: 'Deployment deleted successfully' })
      assert.equal((await api.delete('/v3/deployments/1')).status, 404)
      const updated = await api.put('/v3/secrets/1', { value: 'x' })
      assert.equal(updated.headers.get('strongroom-stale-deployments'), '0')
    })

    test('is counted right when many targets are rendered for at once', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      const render = (at: number) => api.post('/v3/render', { template: reference('a'), target: `web-${at % 20}` })

      const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => render(at)))

      assert.ok(answers.every(({ status }) => status === 200))
      const { deployments } = (await api.get('/v3/deployments')).body
      assert.equal(new Set(deployments.map(({ target }: { target: string }) => target)).size, 20)
      assert.equal(deployments.length, 20)
      const updated = await api.put('/v3/secrets/1', { value: 'x' })
      assert.equal(updated.headers.get('strongroom-stale-deployments'), '20')
    })

    test('of a machine without a key is its own alone', async (t) => {
      const { api, url } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await api.post('/v3/machines', { name: 'web-1', addresses: ['127.0.0.1'] })
      await api.put('/v3/settings', { vm_auth: true })
      const render = async (target: string) => {
        const headers = { 'content-type': 'application/json' }
        const body = JSON.stringify({ template: reference('a'), target })
        return (await fetch(`${url}/v3/render`, { method: 'POST', headers, body })).status
      }

      assert.equal(await render('web-1'), 200)
      assert.equal(await render('web-2'), 403)
      const seed = { user_data: reference('a'), target: 'web-1' }
      const made = await fetch(`${url}/v3/seeds`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(seed),
      })
      assert.equal(made.status, 403)
    })
  })
}
