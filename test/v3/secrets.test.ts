/** Every status of the five operations, and values that come back byte for byte. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import type { Answer, Api } from '../support/api.ts'
import { rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { startServer } from '../support/server.ts'

const runs = rounds(25, 300)

for (const engine of engines) {
  suite(`${engine.name}: secrets`, { skip: engine.skip }, () => {
    test('of one name exist once: the second create is 409 and changes nothing', async (t) => {
      const { api } = await startAccount(t, engine)
      await create(api, 'db-password', 'first')

      const second = await api.post('/v3/secrets', { name: 'db-password', value: 'second' })

      assertProblem(second, 409, 'name_taken')
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'first')
      assert.equal((await api.post('/v3/secrets', { name: 'DB-PASSWORD', value: 'other case' })).status, 201)
    })

    test('that do not exist are 404 for every call, before and after their time', async (t) => {
      const { api } = await startAccount(t, engine)
      await create(api, 'db-password', 'value')
      await api.delete('/v3/secrets/1')

      for (const id of [1, 2, 9_007_199_254_740_991]) {
        assertProblem(await api.get(`/v3/secrets/${id}`), 404, 'not_found')
        assertProblem(await api.put(`/v3/secrets/${id}`, { value: 'new' }), 404, 'not_found')
        assertProblem(await api.delete(`/v3/secrets/${id}`), 404, 'not_found')
      }
    })

    test('have ids that are never used again, not even the newest one', async (t) => {
      const { api } = await startAccount(t, engine)
      await create(api, 'one', '1')
      await create(api, 'two', '2')

      await api.delete('/v3/secrets/2')
      assert.equal((await create(api, 'two', 'again')).body.id, 3)
      await api.delete('/v3/secrets/3')
      await api.delete('/v3/secrets/1')
      assert.equal((await create(api, 'three', '3')).body.id, 4)
    })

    test('keep their value byte for byte', async (t) => {
      const { api } = await startAccount(t, engine)
      const longest = 'ä'.repeat(32_768)
      const samples = ['', ' ', '\n', ' both ends ', '\r\n', '\u0000', '\ufeffBOM', '😀', '\u{10ffff}', '"\\/', longest]

      for (const [at, value] of samples.entries()) {
        assert.equal((await create(api, `sample-${at}`, value)).status, 201)
        assert.equal((await api.get(`/v3/secrets/${at + 1}`)).body.value, value)
      }
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: anyCharacter, maxLength: 200 }), async (value) => {
          assert.equal((await api.put('/v3/secrets/1', { value })).status, 200)
          assert.equal((await api.get('/v3/secrets/1')).body.value, value)
        }),
        { numRuns: runs },
      )
    })

    test('may be as long as the setting says and no longer, whatever the characters', async (t) => {
      const { api } = await startServer(t, engine, { maxValueBytes: 8 })

      assert.equal((await create(api, 'fits', '12345678')).status, 201)
      assertProblem(await create(api, 'bytes', '123456789'), 413, 'too_large')
      assertProblem(await create(api, 'characters', 'ääääa'), 413, 'too_large')
      assertProblem(await api.put('/v3/secrets/1', { value: '123456789' }), 413, 'too_large')
      assert.deepEqual((await names(api)).sort(), ['fits'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, '12345678')
    })

    test('take names of the rule, to its limits', async (t) => {
      const { api } = await startAccount(t, engine)
      const good = ['a', '_', '0', 'a.b-c_d', 'a/b', `a${'-'.repeat(254)}`]
      const bad = [
        '',
        '-a',
        '.a',
        'a b',
        'a//b',
        'a/',
        '/a',
        'ä',
        'a\n',
        'a\u0000',
        `a${'-'.repeat(255)}`,
        'a:b',
        '../a',
        'a%2e',
      ]

      for (const name of good) assert.equal((await create(api, name, 'v')).status, 201, name)
      for (const name of bad) {
        const answer = await create(api, name, 'v')
        assertProblem(answer, 400, 'invalid')
        assert.equal(answer.body.errors[0].field, 'name')
      }
      assert.deepEqual((await names(api)).sort(), [...good].sort())
    })

    test('may be updated under their own name, and are not renamed', async (t) => {
      const { api } = await startAccount(t, engine)
      await create(api, 'db-password', 'first')

      assert.equal((await api.put('/v3/secrets/1', { value: 'second', name: 'db-password' })).status, 200)
      const renamed = await api.put('/v3/secrets/1', { value: 'third', name: 'other' })

      assertProblem(renamed, 400, 'invalid')
      assert.match(renamed.body.detail, /^name: /)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'second')
    })
  })

  suite(`${engine.name}: conditions`, { skip: engine.skip }, () => {
    test('hold a change back unless If-Match has the current version', async (t) => {
      const { api } = await startAccount(t, engine)
      const created = await create(api, 'db-password', 'first')
      const etag = created.headers.get('etag') ?? ''
      assert.equal(etag, '"1"')

      const updated = await api.put('/v3/secrets/1', { value: 'second' }, { 'if-match': etag })
      assert.equal(updated.status, 200)
      assert.equal(updated.headers.get('etag'), '"2"')
      assert.equal((await api.get('/v3/secrets/1')).headers.get('etag'), '"2"')

      for (const stale of [etag, '"3"', 'W/"2"', '"x"', '"02"', '""']) {
        assertProblem(await api.put('/v3/secrets/1', { value: 'lost' }, { 'if-match': stale }), 412, 'stale_version')
        assertProblem(await api.delete('/v3/secrets/1', { 'if-match': stale }), 412, 'stale_version')
      }
      assert.equal((await api.put('/v3/secrets/1', { value: 'third' }, { 'if-match': '"1", "2"' })).status, 200)
      assert.equal((await api.delete('/v3/secrets/1', { 'if-match': '"3"' })).status, 200)
    })

    test('with a star ask only that the secret exists', async (t) => {
      const { api } = await startAccount(t, engine)
      await create(api, 'db-password', 'first')

      assert.equal((await api.put('/v3/secrets/1', { value: 'second' }, { 'if-match': '*' })).status, 200)
      assertProblem(await api.put('/v3/secrets/2', { value: 'none' }, { 'if-match': '*' }), 412, 'stale_version')
      assert.equal((await api.delete('/v3/secrets/1', { 'if-match': '*' })).status, 200)
      assertProblem(await api.delete('/v3/secrets/1', { 'if-match': '*' }), 412, 'stale_version')
    })

    test('that are malformed are 400 and change nothing', async (t) => {
      const { api } = await startAccount(t, engine)
      await create(api, 'db-password', 'first')

      for (const malformed of ['1', '"1', '1"', '"1",', 'w/"1"', '"1" "2"', '*,"1"', '']) {
        const answer = await api.put('/v3/secrets/1', { value: 'lost' }, { 'if-match': malformed })
        assertProblem(answer, 400, 'invalid')
        assert.equal(answer.body.errors[0].field, 'If-Match')
      }
      assert.equal((await api.get('/v3/secrets/1')).headers.get('etag'), '"1"')
    })
  })

  suite(`${engine.name}: an idempotency key`, { skip: engine.skip }, () => {
    const key = { 'idempotency-key': 'deploy-42' }

    test('makes a repeated request answer as the first did, and act once', async (t) => {
      const { api } = await startAccount(t, engine)
      const body = { name: 'db-password', value: 'first' }

      const first = await api.post('/v3/secrets', body, key)
      const again = await api.post('/v3/secrets', body, key)

      assert.deepEqual([again.status, again.text, again.headers.get('etag')], [201, first.text, '"1"'])
      assert.deepEqual([first, again].map(replayed), [null, 'true'])
      const update = { 'idempotency-key': 'deploy-43' }
      const updated = await api.put('/v3/secrets/1', { value: 'second' }, update)
      await api.put('/v3/secrets/1', { value: 'third' })
      const repeated = await api.put('/v3/secrets/1', { value: 'second' }, update)
      assert.deepEqual([repeated.text, repeated.headers.get('etag')], [updated.text, '"2"'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'third')
    })

    test('with another request is 422', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db-password', value: 'first' }, key)

      for (const body of [
        { name: 'db-password', value: 'other' },
        { name: 'other', value: 'first' },
      ]) {
        assertProblem(await api.post('/v3/secrets', body, key), 422, 'idempotency_mismatch')
      }
      assertProblem(await api.put('/v3/secrets/1', { value: 'first' }, key), 422, 'idempotency_mismatch')
      assert.deepEqual(await names(api), ['db-password'])
    })

    test('belongs to one API key', async (t) => {
      const { api, withScopes, otherAccount } = await startAccount(t, engine)
      const [colleague, stranger] = [await withScopes('secrets:write'), await otherAccount()]
      await api.post('/v3/secrets', { name: 'one', value: '1' }, key)

      assert.equal((await colleague.post('/v3/secrets', { name: 'two', value: '2' }, key)).status, 201)
      assert.equal((await stranger.post('/v3/secrets', { name: 'one', value: '1' }, key)).body.id, 1)
      assert.deepEqual(await names(api), ['one', 'two'])
    })

    test('under a refused request may be used again', async (t) => {
      const { api } = await startAccount(t, engine)
      await create(api, 'db-password', 'first')

      assertProblem(await api.post('/v3/secrets', { name: 'db-password', value: 'x' }, key), 409, 'name_taken')
      assert.equal((await api.post('/v3/secrets', { name: 'other', value: 'x' }, key)).status, 201)
    })

    test('is forgotten after a day', async (t) => {
      let now = Date.UTC(2026, 0, 1)
      const { api } = await startServer(t, engine, { now: () => now })
      await api.post('/v3/secrets', { name: 'one', value: '1' }, key)

      now += 24 * 60 * 60 * 1000 - 1
      assert.equal((await api.post('/v3/secrets', { name: 'one', value: '1' }, key)).status, 201)
      now += 1
      assert.equal((await api.post('/v3/secrets', { name: 'two', value: '2' }, key)).body.id, 2)
    })

    test('that is malformed is 400', async (t) => {
      const { api } = await startAccount(t, engine)

      for (const malformed of ['', 'a b', 'x'.repeat(256)]) {
        const answer = await api.post('/v3/secrets', { name: 'a', value: 'b' }, { 'idempotency-key': malformed })
        assertProblem(answer, 400, 'invalid')
        assert.equal(answer.body.errors[0].field, 'Idempotency-Key')
      }
    })
  })
}

function create(api: Api, name: string, value: string): Promise<Answer> {
  return api.post('/v3/secrets', { name, value })
}

async function names(api: Api): Promise<string[]> {
  const { body } = await api.get('/v3/secrets')
  return body.secrets.map(({ name }: { name: string }) => name)
}

function replayed({ headers }: Answer): string | null {
  return headers.get('idempotent-replayed')
}

function assertProblem(answer: Answer, status: number, code: string): void {
  assert.deepEqual([answer.status, answer.body?.code], [status, code], answer.text)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(answer.body.message, answer.body.detail)
  assert.equal(answer.body.request_id, answer.headers.get('strongroom-request-id'))
}
