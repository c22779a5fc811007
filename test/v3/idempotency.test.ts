/** An idempotency key under pressure: many requests with the same one, at once. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: an idempotency key`, { skip: engine.skip }, () => {
    test('makes requests that arrive together act once, and never answer two ways', async (t) => {
      const { api } = await startServer(t, engine)
      const ask = () => api.post('/v3/secrets', { name: 'one', value: '1' }, { 'idempotency-key': 'deploy-42' })

      const answers = await Promise.all(Array.from({ length: 20 }, ask))

      assert.deepEqual([...new Set(answers.map(({ status, body }) => `${status} ${body.id}`))], ['201 1'])
      const first = answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)
      assert.equal(first.length, 1)
      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 1)
    })

    test('sent with two different requests at once lets one of them pass', async (t) => {
      const { api } = await startServer(t, engine)
      const ask = (name: string) => api.post('/v3/secrets', { name, value: '1' }, { 'idempotency-key': 'deploy-42' })

      const answers = await Promise.all([ask('one'), ask('two')])

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 422])
      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 1)
    })

    test('given twice in one request is 400', async (t) => {
      const { api } = await startServer(t, engine)

      const answer = await api.post('/v3/secrets', { name: 'a', value: 'b' }, { 'idempotency-key': 'x, y' })

      assert.deepEqual([answer.status, answer.body.errors[0].field], [400, 'Idempotency-Key'])
      assert.deepEqual((await api.get('/v3/secrets')).body.secrets, [])
    })
  })
}
