/** Calling a secret otherwise. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'

for (const engine of engines) {
  suite(`${engine.name}: a secret that is renamed`, { skip: engine.skip }, () => {
    test('keeps its id, its value and its versions, and is the next version', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'old', value: 'one', tags: ['a'] })
      await api.put('/v3/secrets/1', { value: 'two' })

      const { status, body, headers } = await api.put('/v3/secrets/1/name', { name: 'web/new' })

      assert.deepEqual([status, body.id, body.name, headers.get('etag')], [200, 1, 'web/new', '"3"'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'two')
      assert.equal((await api.get('/v3/secrets/1/versions/1')).body.value, 'one')
      const { name, tags, version } = (await api.get('/v3/secrets/1/metadata')).body
      assert.deepEqual([name, tags, version], ['web/new', ['a'], 3])
      // The old name is free again.
      assert.equal((await api.post('/v3/secrets', { name: 'old', value: 'v' })).status, 201)
      assert.equal((await api.post('/v3/audit/verify', {})).body.fault, null)
    })

    test('is so only where the caller may, the name is free, and nobody else changed it', async (t) => {
      const { api, url } = await startAccount(t, engine)
      for (const name of ['a-1', 'a-2', 'b-1']) await api.post('/v3/secrets', { name, value: 'v' })
      const { body } = await api.post('/v3/keys', { name: 'narrow', scopes: ['secrets:write:a-*', 'secrets:read:a-*'] })
      const narrow = new Api(url, body.api_key)
      const rename = async (who: Api, id: number, name: string, headers = {}) =>
        (await who.send('PUT', `/v3/secrets/${id}/name`, { name }, headers)).body.code

      assert.equal(await rename(api, 1, 'a-2'), 'name_taken')
      assert.equal(await rename(api, 1, 'a b'), 'invalid')
      assert.equal(await rename(api, 9, 'c'), 'not_found')
      assert.equal(await rename(api, 1, 'c', { 'if-match': '"7"' }), 'stale_version')
      assert.equal(await rename(narrow, 1, 'b-2'), 'forbidden')
      assert.equal(await rename(narrow, 3, 'a-3'), 'not_found')
      assert.equal(await rename(narrow, 1, 'a-3', { 'if-match': '"1"' }), undefined)
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.name, 'a-3')
    })
  })
}
