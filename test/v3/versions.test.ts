/** Versions: what a secret's value was, who may see it, and bringing it back. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { type Answer, Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: versions`, { skip: engine.skip }, () => {
    test('are listed newest first, and each is read as it was', async (t) => {
      const { api } = await startWith(t, ['one', 'two', 'three'])

      const { status, body, headers } = await api.get('/v3/secrets/1/versions')

      assert.equal(status, 200)
      assert.equal(headers.get('etag'), '"3"')
      assert.deepEqual(numbers(body), [3, 2, 1])
      assert.deepEqual(Object.keys(body.versions[0]), ['version', 'created_at'])
      for (const [at, value] of ['one', 'two', 'three'].entries()) {
        const read = await api.get(`/v3/secrets/1/versions/${at + 1}`)
        assert.deepEqual(Object.keys(read.body), ['id', 'name', 'version', 'value', 'created_at'])
        assert.deepEqual([read.body.id, read.body.name, read.body.version, read.body.value], [1, 'db', at + 1, value])
      }
    })

    test('come back as a new version with the old value', async (t) => {
      const { api } = await startWith(t, ['one', 'two', 'three'])

      const restored = await api.post('/v3/secrets/1/versions/1/restore', undefined)

      assert.equal(restored.status, 200)
      assert.equal(restored.headers.get('etag'), '"4"')
      assert.deepEqual(Object.keys(restored.body), ['id', 'name', 'updated_at'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'one')
      assert.deepEqual(numbers((await api.get('/v3/secrets/1/versions')).body), [4, 3, 2, 1])
      assert.equal((await api.get('/v3/secrets/1/versions/3')).body.value, 'three')
    })

    test('come back under a condition and once for an idempotency key', async (t) => {
      const { api } = await startWith(t, ['one', 'two'])
      const restore = (headers: Record<string, string>) =>
        api.send('POST', '/v3/secrets/1/versions/1/restore', undefined, headers)

      assertProblem(await restore({ 'if-match': '"1"' }), 412, 'stale_version')
      assert.equal((await restore({ 'if-match': '"2"', 'idempotency-key': 'k' })).status, 200)
      const again = await restore({ 'if-match': '"2"', 'idempotency-key': 'k' })
      assert.deepEqual(
        [again.status, again.headers.get('idempotent-replayed'), again.headers.get('etag')],
        [200, 'true', '"3"'],
      )
      assertProblem(
        await api.send('POST', '/v3/secrets/1/versions/2/restore', undefined, { 'idempotency-key': 'k' }),
        422,
        'idempotency_mismatch',
      )
      assert.deepEqual(numbers((await api.get('/v3/secrets/1/versions')).body), [3, 2, 1])
    })

    test('beyond the number kept are gone: not listed, read or restored', async (t) => {
      const { api, place } = await startWith(t, ['1', '2', '3', '4', '5'], { keepVersions: 2 })

      assert.deepEqual(numbers((await api.get('/v3/secrets/1/versions')).body), [5, 4])
      for (const version of [3, 6, 99]) {
        assertProblem(await api.get(`/v3/secrets/1/versions/${version}`), 404, 'not_found')
        assertProblem(await api.post(`/v3/secrets/1/versions/${version}/restore`, undefined), 404, 'not_found')
      }
      assert.equal((await query(place, 'select * from versions')).length, 2)
    })

    test('beyond a number that was lowered are out of reach at once', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const { api, stop } = await startWith(t, ['1', '2', '3', '4'], { place })
      await stop()

      const { url } = await startServer(t, engine, { place, keepVersions: 2 })
      const later = new Api(url, api.key)

      assert.deepEqual(numbers((await later.get('/v3/secrets/1/versions')).body), [4, 3])
      assert.equal((await later.get('/v3/secrets/1/versions/1')).status, 404)
      await later.put('/v3/secrets/1', { value: '5' })
      assert.equal((await query(place, 'select * from versions')).length, 2)
    })

    test('go with their secret', async (t) => {
      const { api } = await startWith(t, ['one', 'two'])

      await api.delete('/v3/secrets/1')

      assert.equal((await api.get('/v3/secrets/1/versions')).status, 404)
      assert.equal((await api.get('/v3/secrets/1/versions/1')).status, 404)
      assert.equal((await api.post('/v3/secrets/1/versions/1/restore', undefined)).status, 404)
    })

    test('are listed, read and restored by the scopes of the secret', async (t) => {
      const { withScopes } = await startWith(t, ['one', 'two'])
      const statuses = async (...scopes: string[]) => {
        const api = await withScopes(...scopes)
        return [
          (await api.get('/v3/secrets/1/versions')).status,
          (await api.get('/v3/secrets/1/versions/1')).status,
          (await api.post('/v3/secrets/1/versions/1/restore', undefined)).status,
        ]
      }

      assert.deepEqual(await statuses('secrets:list'), [200, 403, 403])
      assert.deepEqual(await statuses('secrets:read'), [403, 200, 403])
      assert.deepEqual(await statuses('secrets:write'), [403, 403, 200])
      assert.deepEqual(
        await statuses('secrets:read:other', 'secrets:list:other', 'secrets:write:other'),
        [404, 404, 404],
      )
    })

    test('leave their records, with the version that was meant', async (t) => {
      const { api } = await startWith(t, ['one', 'two'])
      await api.get('/v3/secrets/1/versions')
      await api.get('/v3/secrets/1/versions/1')
      await api.get('/v3/secrets/1/versions/9')
      await api.post('/v3/secrets/1/versions/1/restore', undefined)

      const { body } = await api.get('/v3/audit?limit=4&secret=1')

      assert.deepEqual(
        body.records.map(
          ({ action, outcome, object }: { action: string; outcome: string; object: { version: number } }) =>
            [action, outcome, object.version].join(' '),
        ),
        ['version.restore ok 3', 'version.read not_found 9', 'version.read ok 1', 'version.list ok 2'],
      )
    })

    test('that were exchanged in the database are refused, read or restored', async (t) => {
      const { api, place } = await startWith(t, ['one', 'two', 'three'])
      await query(
        place,
        'update versions set sealed = (select sealed from versions where version = 2) where version = 1',
      )

      assertProblem(await api.get('/v3/secrets/1/versions/1'), 500, 'integrity_failure')
      assertProblem(await api.post('/v3/secrets/1/versions/1/restore', undefined), 500, 'integrity_failure')
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'three')
    })

    test('have numbers that are positive integers', async (t) => {
      const { api } = await startWith(t, ['one'])

      for (const version of ['0', '-1', '01', '1.0', 'latest', '9007199254740993']) {
        const answer = await api.get(`/v3/secrets/1/versions/${version}`)
        assert.deepEqual([answer.status, answer.body.errors[0].field], [400, 'version'])
      }
    })

    test('restored by many at once are each a version of their own', async (t) => {
      const { api } = await startWith(t, ['one', 'two'])

      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, at) => api.post(`/v3/secrets/1/versions/${1 + (at % 2)}/restore`, undefined)),
      )

      const kept = answers.map(({ status }) => status)
      assert.ok(kept.every((status) => status === 200 || status === 404))
      const etags = answers.filter(({ status }) => status === 200).map(({ headers }) => headers.get('etag'))
      assert.equal(new Set(etags).size, etags.length)
    })

    async function startWith(
      t: TestContext,
      values: readonly string[],
      options: Parameters<typeof startServer>[2] = {},
    ) {
      const server = await startServer(t, engine, options)
      const [first = '', ...later] = values
      await server.api.post('/v3/secrets', { name: 'db', value: first })
      for (const value of later) await server.api.put('/v3/secrets/1', { value })
      return server
    }
  })
}

function numbers(body: { versions: { version: number }[] }): number[] {
  return body.versions.map(({ version }) => version)
}

function assertProblem(answer: Answer, status: number, code: string): void {
  assert.deepEqual([answer.status, answer.body?.code], [status, code], answer.text)
}
