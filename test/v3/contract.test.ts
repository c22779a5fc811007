/** The contract of the five operations: statuses, fields and their order, headers. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { engines } from '../support/engines.ts'

const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/

for (const engine of engines) {
  suite(`${engine.name}: the five operations`, { skip: engine.skip }, () => {
    test('answer with exactly the fields of the contract, in its order', async (t) => {
      const { api } = await startAccount(t, engine)

      assert.equal((await api.get('/v3/secrets')).text, '{"secrets":[]}')

      const created = await api.post('/v3/secrets', { name: 'db-password', value: 's3cur3-p4ssw0rd' })
      assert.equal(created.status, 201)
      assert.equal(created.headers.get('location'), '/v3/secrets/1')
      assert.deepEqual(Object.keys(created.body), ['id', 'name', 'created_at', 'updated_at'])
      assert.equal(created.body.id, 1)
      assert.match(created.body.created_at, time)

      const read = await api.get('/v3/secrets/1')
      assert.equal(read.status, 200)
      assert.deepEqual(Object.keys(read.body), ['id', 'name', 'value', 'created_at', 'updated_at'])
      assert.equal(read.body.value, 's3cur3-p4ssw0rd')

      const updated = await api.put('/v3/secrets/1', { value: 'new' })
      assert.equal(updated.status, 200)
      assert.deepEqual(Object.keys(updated.body), ['id', 'name', 'updated_at'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'new')

      const listed = await api.get('/v3/secrets')
      assert.deepEqual(Object.keys(listed.body.secrets[0]), ['id', 'name', 'created_at', 'updated_at'])

      const deleted = await api.delete('/v3/secrets/1')
      assert.equal(deleted.text, '{"message":"Secret deleted successfully"}')
      assert.equal((await api.get('/v3/secrets/1')).status, 404)
      assert.equal((await api.post('/v3/secrets', { name: 'db-password', value: '' })).body.id, 2)
    })
  })
}
