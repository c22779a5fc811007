/** Many secrets in one request that are there already: stored over, changed and deleted. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

const path = (word: string) => `/v3/secrets/batch/${word}`

async function withKey(server: TestServer, scopes: readonly string[]): Promise<Api> {
  const { body } = await server.api.post('/v3/keys', { name: 'narrow', scopes })
  return new Api(server.url, body.api_key)
}

async function recordsOf(api: Api, action: string): Promise<readonly (readonly [string, string])[]> {
  const { records } = (await api.get(`/v3/audit?action=${action}&limit=1000`)).body
  return records
    .reverse()
    .map(({ object, outcome }: { object: { name: string } | null; outcome: string }) => [object?.name ?? '', outcome])
}

async function valuesOf(api: Api): Promise<Readonly<Record<string, string>>> {
  const { secrets } = (await api.get('/v3/secrets')).body
  const values: Record<string, string> = {}
  for (const { id, name } of secrets) values[name] = (await api.get(`/v3/secrets/${id}`)).body.value
  return values
}

for (const engine of engines) {
  suite(`${engine.name}: many values that are stored together`, { skip: engine.skip }, () => {
    test('make new secrets and next versions, with a record each, and leave everything but the value', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/lists', { name: 'web' })
      await api.post('/v3/secrets', { name: 'there', value: 'one', tags: ['a'], list: 'web', description: 'd' })
      await api.post('/v3/secrets', { name: 'file', value: 'AP8=', type: 'file', filename: 'a.bin' })

      const stored = await api.post(path('store'), {
        secrets: [
          { name: 'fresh', value: 'new', tags: ['b'] },
          { name: 'there', value: 'two', version: 1, tags: ['c'] },
          { name: 'file', value: '/w==' },
        ],
      })

      assert.equal(stored.status, 200, stored.text)
      assert.deepEqual(stored.body.secrets, [
        { id: 3, name: 'fresh', version: 1, state: 'new', stale_deployments: 0 },
        { id: 1, name: 'there', version: 2, state: 'changed', stale_deployments: 0 },
        { id: 2, name: 'file', version: 2, state: 'changed', stale_deployments: 0 },
      ])
      assert.deepEqual(await valuesOf(api), { there: 'two', file: '/w==', fresh: 'new' })
      const there = (await api.get('/v3/secrets/1/metadata')).body
      assert.deepEqual([there.tags, there.list.name, there.description, there.version], [['a'], 'web', 'd', 2])
      assert.equal((await api.get('/v3/secrets/1/versions')).body.versions.length, 2)
      assert.deepEqual(await recordsOf(api, 'secret.update'), [
        ['there', 'ok'],
        ['file', 'ok'],
      ])
      assert.deepEqual((await recordsOf(api, 'secret.create')).at(-1), ['fresh', 'ok'])
      const verified = await api.post('/v3/audit/verify', {})
      assert.equal(verified.body.fault, null)
    })

    test('are all stored or none: not upon another version, nor without the right to each, nor twice', async (t) => {
      const server = await startServer(t, engine)
      const { api } = server
      const narrow = await withKey(server, ['secrets:write:a-*'])
      await api.post('/v3/secrets', { name: 'a-there', value: 'one' })
      await api.post('/v3/secrets', { name: 'b-there', value: 'one' })
      await api.put('/v3/secrets/1', { value: 'two' })
      const fresh = { name: 'a-fresh', value: 'v' }
      const refused: readonly (readonly [Api, object, number, string, string])[] = [
        [api, { name: 'a-there', value: 'x', version: 1 }, 412, 'stale_version', 'secrets.1.version'],
        [api, { name: 'a-there', value: 'x', version: 0 }, 412, 'stale_version', 'secrets.1.version'],
        [api, { name: 'a-gone', value: 'x', version: 3 }, 412, 'stale_version', 'secrets.1.version'],
        [api, { name: 'a-other', value: 'x', list: 'none' }, 404, 'not_found', 'secrets.1.list'],
        [api, { name: 'a-fresh', value: 'x' }, 400, 'invalid', 'secrets.1.name'],
        [api, { name: 'a b', value: 'x' }, 400, 'invalid', 'secrets.1.name'],
        [api, { name: 'a-there', value: 'x'.repeat(70_000) }, 413, 'too_large', 'secrets.1.value'],
        [narrow, { name: 'b-there', value: 'x' }, 403, 'forbidden', 'secrets.1.name'],
        [narrow, { name: 'b-fresh', value: 'x' }, 403, 'forbidden', 'secrets.1.name'],
      ]
      for (const [who, one, status, code, field] of refused) {
        const answer = await who.post(path('store'), { secrets: [fresh, one] })
        assert.deepEqual(
          [answer.status, answer.body.code, answer.body.errors?.[0]?.field],
          [status, code, field],
          answer.text,
        )
        assert.deepEqual(await valuesOf(api), { 'a-there': 'two', 'b-there': 'one' })
      }
      assert.equal(
        (await narrow.post(path('store'), { secrets: [fresh, { name: 'a-there', value: 'three' }] })).status,
        200,
      )
      assert.deepEqual(await valuesOf(api), { 'a-there': 'three', 'b-there': 'one', 'a-fresh': 'v' })
    })

    test('tell whoever may not write a name nothing of what has it, by what is wrong with a value or not', async (t) => {
      const server = await startServer(t, engine)
      const narrow = await withKey(server, ['secrets:write:a-*', 'secrets:list:a-*'])
      for (const name of ['b-text', 'b-other']) await server.api.post('/v3/secrets', { name, value: 'v' })
      await server.api.post('/v3/secrets', { name: 'b-file', value: 'AP8=', type: 'file' })
      await server.api.post('/v3/secrets', { name: 'b-template', value: 'v', type: 'template' })
      const answers = new Set<string>()
      for (const name of ['b-text', 'b-file', 'b-template', 'b-free']) {
        const value = 'no base64 ${{secret.'
        const { status, text } = await narrow.post(path('store'), { secrets: [{ name, value }] })
        answers.add(`${status} ${text.replace(/"request_id":"[^"]*"/, '').replaceAll(name, 'NAME')}`)
      }
      const changed = new Set<string>()
      for (const id of [1, 3, 4, 99]) {
        const { status, text } = await narrow.send('PATCH', `/v3/secrets/${id}/metadata`, { filename: 'a.bin' })
        changed.add(`${status} ${text.replace(/"request_id":"[^"]*"/, '')}`)
      }

      assert.deepEqual([answers.size, changed.size], [1, 1], [...answers, ...changed].join('\n'))
      assert.match([...answers].join(), /^403 .*forbidden/)
      assert.match([...changed].join(), /^404 /)
    })

    test('each become one version when several store them at once', async (t) => {
      const { api } = await startAccount(t, engine)
      const names = ['one', 'two', 'three']
      const secretsOf = (value: number) => names.map((name) => ({ name, value: `${name} ${value}` }))

      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, at) => api.post(path('store'), { secrets: secretsOf(at) })),
      )

      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
      const { secrets } = (await api.get('/v3/metadata')).body
      assert.deepEqual(
        secrets.map(({ version }: { version: number }) => version),
        [8, 8, 8],
      )
      // All of them are from the same request.
      const last = Object.values(await valuesOf(api)).map((value) => value.split(' ')[1])
      assert.equal(new Set(last).size, 1)
    })

    test('are compared first, inside the server, with a recorded read of each that is there', async (t) => {
      const server = await startServer(t, engine)
      const { api } = server
      for (const name of ['a-same', 'a-changed', 'b-hidden']) await api.post('/v3/secrets', { name, value: 'one' })
      const blind = await withKey(server, ['secrets:write:a-*'])
      const secrets = [
        { name: 'a-same', value: 'one' },
        { name: 'a-changed', value: 'two' },
        { name: 'b-fresh', value: 'one' },
      ]
      const look = async (who: Api) => {
        const { body, text } = await who.post(path('store'), { secrets, dry_run: true })
        assert.ok(!text.includes('one') && !text.includes('two'), text)
        return body.secrets.map(({ name, state, version }: { name: string; state: string; version: number }) => [
          ...[name, state, version],
        ])
      }

      assert.deepEqual(await look(api), [
        ['a-same', 'same', 1],
        ['a-changed', 'changed', 1],
        ['b-fresh', 'new', 0],
      ])
      assert.deepEqual(await recordsOf(api, 'secret.read'), [
        ['a-same', 'ok'],
        ['a-changed', 'ok'],
      ])
      // Whoever may not read learns nothing of what is there, and reads nothing.
      assert.deepEqual(await look(blind), [
        ['a-same', 'unread', 0],
        ['a-changed', 'unread', 0],
        ['b-fresh', 'forbidden', 0],
      ])
      assert.equal((await recordsOf(api, 'secret.read')).length, 2)
      assert.deepEqual(await valuesOf(api), { 'a-same': 'one', 'a-changed': 'one', 'b-hidden': 'one' })
    })
  })

  suite(`${engine.name}: many secrets that are changed together`, { skip: engine.skip }, () => {
    test('are moved, tagged and given an expiry, each by itself', async (t) => {
      const server = await startServer(t, engine)
      const { api } = server
      await api.post('/v3/lists', { name: 'web' })
      for (const name of ['a-1', 'a-2', 'b-1']) await api.post('/v3/secrets', { name, value: 'v', tags: ['old', 'x'] })
      const narrow = await withKey(server, ['secrets:write:a-*', 'secrets:list'])
      const failedOf = ({ body }: Awaited<ReturnType<Api['post']>>) =>
        body.failed.map(({ id, code }: { id: number; code: string }) => [id, code])

      const moved = await narrow.post(path('change'), { ids: [1, 3, 9, 2], list: 'web' })
      assert.deepEqual(failedOf(moved), [
        [3, 'forbidden'],
        [9, 'not_found'],
      ])
      assert.deepEqual(moved.body.changed, [
        { id: 1, name: 'a-1' },
        { id: 2, name: 'a-2' },
      ])
      assert.deepEqual(failedOf(await narrow.post(path('change'), { ids: [3], add_tags: ['theirs'] })), [
        [3, 'forbidden'],
      ])
      const tagged = await api.post(path('change'), {
        ids: [1, 3],
        add_tags: ['new', 'x'],
        remove_tags: ['old'],
        expires_at: '2030-01-01T00:00:00Z',
      })
      assert.equal(tagged.status, 200, tagged.text)
      const { secrets } = (await api.get('/v3/metadata')).body
      assert.deepEqual(
        secrets.map((one: { list: { name: string }; tags: string[]; expires_at: string; version: number }) => [
          ...[one.list.name, one.tags.join(' '), one.expires_at, one.version],
        ]),
        [
          ['web', 'new x', '2030-01-01T00:00:00Z', 1],
          ['web', 'old x', null, 1],
          ['default', 'new x', '2030-01-01T00:00:00Z', 1],
        ],
      )
      assert.deepEqual(await recordsOf(api, 'secret.move'), [
        ['a-1', 'ok'],
        ['b-1', 'forbidden'],
        ['', 'not_found'],
        ['a-2', 'ok'],
      ])
      assert.deepEqual(await recordsOf(api, 'metadata.update'), [
        ['b-1', 'forbidden'],
        ['a-1', 'ok'],
        ['b-1', 'ok'],
      ])
      await api.post(path('change'), { ids: [1], expires_at: null })
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.expires_at, null)
    })

    test('are refused by what is wrong with the change, and left alone', async (t) => {
      const { api } = await startAccount(t, engine)
      const tags = Array.from({ length: 31 }, (_, at) => `t-${at}`)
      await api.post('/v3/secrets', { name: 'full', value: 'v', tags })
      await api.post('/v3/secrets', { name: 'free', value: 'v' })
      const wrong: readonly (readonly [object, string])[] = [
        [{ ids: [1] }, 'body'],
        [{ ids: [1, 1], add_tags: ['a'] }, 'ids'],
        [{ ids: [], add_tags: ['a'] }, 'ids'],
        [{ ids: [1], add_tags: ['a b'] }, 'add_tags'],
        [{ ids: [1], expires_at: 'tomorrow' }, 'expires_at'],
        [{ ids: [1], list: 'web', add_tags: ['a'] }, 'list'],
      ]
      for (const [body, field] of wrong) {
        const answer = await api.post(path('change'), body)
        assert.deepEqual([answer.status, answer.body.errors[0].field], [400, field], answer.text)
      }
      const missing = await api.post(path('change'), { ids: [1, 2], list: 'none' })
      assert.deepEqual(
        missing.body.failed.map(({ code }: { code: string }) => code),
        ['not_found', 'not_found'],
      )
      const { failed, changed } = (await api.post(path('change'), { ids: [1, 2], add_tags: ['a', 'b'] })).body
      assert.deepEqual([failed[0].code, changed], ['invalid', [{ id: 2, name: 'free' }]])
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.tags.length, 31)
    })

    test('are deleted, each by itself, with their keys', async (t) => {
      const server = await startServer(t, engine)
      const { api } = server
      for (const name of ['a-1', 'a-2', 'b-1']) await api.post('/v3/secrets', { name, value: 'v' })
      const narrow = await withKey(server, ['secrets:delete:a-*', 'secrets:list'])
      await api.get('/v3/secrets/1')

      const { body } = await narrow.post(path('delete'), { ids: [3, 1, 9, 2] })

      assert.deepEqual(body.deleted, [
        { id: 1, name: 'a-1' },
        { id: 2, name: 'a-2' },
      ])
      assert.deepEqual(
        body.failed.map(({ id, code }: { id: number; code: string }) => [id, code]),
        [
          [3, 'forbidden'],
          [9, 'not_found'],
        ],
      )
      assert.deepEqual(await valuesOf(api), { 'b-1': 'v' })
      assert.equal((await api.get('/v3/secrets/1')).status, 404)
      assert.equal((await api.post('/v3/audit/verify', {})).body.fault, null)
    })
  })
}
