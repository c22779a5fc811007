/** Names with folders, over both stores: wherever a name is sent, stored, looked for or answered. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import type { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { startServer } from '../support/server.ts'

const faulty = ['/a', 'a/', 'a//b', '..', 'a/../b', 'a/.b', 'a/-b', '%2Fa', 'a\\b', `a/${'b'.repeat(254)}`]

for (const engine of engines) {
  suite(`${engine.name}: names with folders`, { skip: engine.skip }, () => {
    test('are stored, listed by pattern and ordered as texts, to the longest', async (t) => {
      const { api } = await startAccount(t, engine)
      const longest = `${'ab/'.repeat(84)}abc`
      for (const name of ['web/db/password', 'web-x', 'web', 'web/api', 'web.y', longest]) {
        assert.equal((await api.post('/v3/secrets', { name, value: name })).status, 201)
      }
      const named = async (query: string) =>
        (await api.get(`/v3/secrets?${query}`)).body.secrets.map(({ name }: { name: string }) => name)

      assert.deepEqual(await named('name=web/*&sort=name'), ['web/api', 'web/db/password'])
      assert.deepEqual(await named('name=web%2Fdb%2Fpassword'), ['web/db/password'])
      assert.deepEqual(await named('name=web*word'), ['web/db/password'])
      assert.deepEqual(await named('sort=name'), [longest, 'web', 'web-x', 'web.y', 'web/api', 'web/db/password'])
      assert.deepEqual(await named('q=db/pass'), ['web/db/password'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'web/db/password')
    })

    test('that have an empty part, or one that begins with a dot, are refused wherever they are sent', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'x' })

      for (const name of faulty) {
        const answers = [
          await api.post('/v3/secrets', { name, value: 'x' }),
          await api.post('/v3/secrets/batch/create', { secrets: [{ name, value: 'x' }] }),
        ]
        assert.deepEqual(
          answers.map(({ status }) => status),
          [400, 400],
          name,
        )
        const { status, body } = await api.post('/api/secrets/lists/default/values', {
          secret_key: name,
          secret_value: 'x',
        })
        assert.deepEqual([status, Object.keys(body.fields)], [422, ['secret_key']], name)
      }
    })

    test('narrow keys: a pattern reaches into every folder that its * stands for, and no further', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['web/db', 'web/api/db', 'webdb', 'ops/web/db'])
        await api.post('/v3/secrets', { name, value: name })
      const reads = async (scope: string) => {
        const reader = await withScopes('secrets:list', scope)
        const all = await Promise.all([1, 2, 3, 4].map((id) => reader.get(`/v3/secrets/${id}`)))
        return all.map(({ status }) => status === 200)
      }

      assert.deepEqual(await reads('secrets:read:web/*'), [true, true, false, false])
      assert.deepEqual(await reads('secrets:read:web/*/db'), [false, true, false, false])
      assert.deepEqual(await reads('secrets:read:*/db'), [true, true, false, true])
      assert.deepEqual(await reads('secrets:read:web/db'), [true, false, false, false])
    })

    test('are a path element of the Secret Lists API, percent-encoded', async (t) => {
      const { api } = await startAccount(t, engine)
      const made = await api.post('/api/secrets/lists/default/values', { secret_key: 'web/db', secret_value: 'one' })
      assert.deepEqual(made.body.code, 404)
      await api.post('/v3/secrets', { name: 'web/db', value: 'one' })
      const path = '/api/secrets/lists/default/values/web%2Fdb'

      assert.equal((await api.get(path)).body.data.secret_value, 'one')
      const changed = await api.post(path, { secret_key: 'web/api/db', secret_value: 'two' })
      assert.equal(changed.body.data.secret_key, 'web/api/db')
      assert.equal((await api.get(path)).status, 404)
      // An encoded percent sign is one, and no slash.
      assert.equal((await api.get('/api/secrets/lists/default/values/web%252Fapi%252Fdb')).status, 404)
      // No such path, which this API says so.
      assert.equal((await api.get('/api/secrets/lists/default/values/web/api/db')).status, 400)
      assert.equal((await api.delete('/secrets/lists/default/values/web%2Fapi%2Fdb')).body.code, 200)
    })

    test('are referred to by templates, deployments and fingerprints', async (t) => {
      const value = 'q7Zk-2pVx-M9rT-w4Ls-8dYc'
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'web/db', value })

      const { body } = await api.post('/v3/render', { template: `\${{ secret.web/db | trim }}!`, target: 'web-1' })
      const absent = await api.post('/v3/render', { template: `x \${{secret.web/none}}` })
      const malformed = await api.post('/v3/render', { template: `x \${{secret.web//db}}` })

      assert.equal(body.rendered, `${value}!`)
      assert.deepEqual(absent.body.errors[0].name, 'web/none')
      assert.deepEqual([malformed.status, malformed.body.errors[0].column], [400, 16])
      const { deployments } = (await api.get('/v3/deployments?secret=web%2Fdb')).body
      assert.deepEqual(deployments[0].secrets[0].name, 'web/db')
      const prints = await api.post('/v3/fingerprints', { names: 'web/*' })
      assert.equal(prints.body.fingerprints[0].name, 'web/db')
    })

    test('are listed a level at a time: folders, and what is directly in one', async (t) => {
      const { api } = await startAccount(t, engine)
      const names = ['web', 'web-x', 'web/a', 'web/db/a', 'web/db/b', 'web/db/old/a', 'web/z/a', 'ops/a', 'web.y/a']
      for (const name of names) await api.post('/v3/secrets', { name, value: 'v', tags: [name.slice(-1)] })
      const folders = async (query = '') =>
        (await api.get(`/v3/folders?${query}`)).body.folders.map(({ name }: { name: string }) => name)
      const named = async (query: string, path = '/v3/secrets') =>
        (await api.get(`${path}?sort=name&${query}`)).body.secrets.map(({ name }: { name: string }) => name)

      assert.deepEqual(await folders(), ['ops/', 'web.y/', 'web/'])
      assert.deepEqual(await folders('folder=web/'), ['web/db/', 'web/z/'])
      assert.deepEqual(await folders('folder=web'), ['web/db/', 'web/z/'])
      assert.deepEqual(await folders('folder=web/db/'), ['web/db/old/'])
      assert.deepEqual(await folders('folder=none/'), [])
      assert.deepEqual(await named('folder='), ['web', 'web-x'])
      assert.deepEqual(await named('folder=web/'), ['web/a'])
      assert.deepEqual(await named('folder=web%2Fdb', '/v3/metadata'), ['web/db/a', 'web/db/b'])
      assert.deepEqual(await named('folder=web/db/&tag=b'), ['web/db/b'])
      assert.deepEqual(await named('folder=web/db/&name=*a'), ['web/db/a'])
      assert.deepEqual(await named('folder=web/db/&effective=true'), ['web/db/a', 'web/db/b'])
      const counted = await api.get('/v3/secrets?folder=web/db/&limit=1&count=true')
      assert.equal(counted.headers.get('strongroom-total-count'), '2')
      for (const wrong of ['folder=/', 'folder=a//', 'folder=*', 'folder=../', 'folder=a%00']) {
        for (const path of ['/v3/folders', '/v3/secrets', '/v3/metadata']) {
          assert.equal((await api.get(`${path}?${wrong}`)).status, 400, `${path} ${wrong}`)
        }
      }
    })

    test('are listed in pages, past what is in each', async (t) => {
      const { api, vault } = await startServer(t, engine)
      const names = Array.from({ length: 900 }, (_, at) => `f-${at % 3}/s-${at}`)
      await makeSecrets(vault, [...names, 'g/a', 'h', 'i/a'])
      const pages: string[][] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body, headers } = await api.get(`/v3/folders?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
        pages.push(body.folders.map(({ name }: { name: string }) => name))
        cursor = headers.get('strongroom-next-cursor')
      }
      assert.deepEqual(pages, [['f-0/', 'f-1/'], ['f-2/', 'g/'], ['i/']])
      const cursor = (await api.get('/v3/folders?limit=1')).headers.get('strongroom-next-cursor')
      assert.equal((await api.get(`/v3/secrets?limit=1&cursor=${cursor}`)).status, 400)
    })

    test('are there for whoever may list a secret in them, in its environment, and for nobody else', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'base' })
      await api.post('/v3/environments', { name: 'prod', base: 'base' })
      const at = (environment: string) => ({ 'strongroom-environment': environment })
      const made = { base: 'shared/a', prod: 'web/db/a', default: 'other/a' }
      for (const [environment, name] of Object.entries(made)) {
        await api.post('/v3/secrets', { name, value: 'v' }, at(environment))
      }
      await api.post('/v3/secrets', { name: 'hidden/deep/a', value: 'v' }, at('prod'))
      const folders = async (who: Api, query = '') => {
        const { body } = await who.get(`/v3/folders?${query}`, at('prod'))
        return body.folders.map(({ name }: { name: string }) => name)
      }

      assert.deepEqual(await folders(api), ['hidden/', 'web/'])
      assert.deepEqual(await folders(api, 'effective=true'), ['hidden/', 'shared/', 'web/'])
      const narrow = await withScopes('secrets:list:web/*@prod')
      assert.deepEqual(await folders(narrow), ['web/'])
      assert.deepEqual(await folders(narrow, 'effective=true'), ['web/'])
      const texts = await Promise.all(
        ['hidden/', 'hidden/deep/', 'nothing/'].map(async (folder) => [
          (await narrow.get(`/v3/folders?folder=${folder}`, at('prod'))).text,
          (await narrow.get(`/v3/secrets?folder=${folder}`, at('prod'))).text,
        ]),
      )
      assert.equal(new Set(texts.map((both) => both.join())).size, 1)
      assert.equal((await narrow.get('/v3/folders', at('base'))).status, 404)
      assert.equal((await (await withScopes('keys:manage')).get('/v3/folders')).status, 403)
    })
  })
}
