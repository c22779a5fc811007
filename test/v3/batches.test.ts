/** Many secrets in one request: made as they would be one after the other, all of them or none. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { startServer, type TestServer } from '../support/server.ts'

const path = '/v3/secrets/batch/create'

/** An account with a list, a secret, and a key that may write `a-…` and nothing else. */
async function makeAccount(server: TestServer) {
  const owner = await server.otherAccount()
  await owner.post('/v3/lists', { name: 'web' })
  await owner.post('/v3/secrets', { name: 'a-there', value: 'v' })
  const scopes = ['secrets:write:a-*', 'secrets:list']
  const { body } = await owner.post('/v3/keys', { name: 'narrow', scopes })
  return { owner, narrow: new Api(server.url, body.api_key) }
}

async function namesOf(api: Api): Promise<readonly string[]> {
  return (await api.get('/v3/secrets')).body.secrets.map(({ name }: { name: string }) => name)
}

for (const engine of engines) {
  suite(`${engine.name}: a batch of new secrets`, { skip: engine.skip }, () => {
    test('is answered, and done, as its secrets would be one after the other, up to the first that is refused', async (t) => {
      const server = await startServer(t, engine)
      const [one, many] = [await makeAccount(server), await makeAccount(server)]
      const item = fc.record({
        name: fc.oneof(
          { arbitrary: fc.integer({ min: 0, max: 30 }).map((at) => `a-${at}`), weight: 12 },
          { arbitrary: fc.constantFrom('a-there', 'b-1', 'b-2'), weight: 1 },
        ),
        list: fc.option(fc.constantFrom('web', 'web', 'web', 'none'), { nil: undefined, freq: 3 }),
        value: fc.string(),
      })
      let count = 0
      await fc.assert(
        fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 6 }), fc.boolean(), async (items, isOwner) => {
          const run = ++count
          const secrets = items.map(({ name, ...rest }) => {
            const isOfRun = /^a-\d/.test(name)
            return { ...rest, name: isOfRun || isOwner ? `${name}${name === 'a-there' ? '' : `-${run}`}` : name }
          })
          const before = await namesOf(many.owner)
          const singles: Awaited<ReturnType<Api['post']>>[] = []
          for (const secret of secrets) {
            singles.push(await (isOwner ? one.owner : one.narrow).post('/v3/secrets', secret))
            if (singles.at(-1)?.status !== 201) break
          }
          const batch = await (isOwner ? many.owner : many.narrow).post(path, { secrets })

          const last = singles.at(-1)
          assert.equal(batch.status, last?.status, batch.text)
          const after = await namesOf(many.owner)
          if (batch.status === 201) {
            const made = batch.body.secrets.map(({ name }: { name: string }) => name)
            assert.deepEqual(
              made,
              secrets.map(({ name }) => name),
            )
            assert.deepEqual(after, [...before, ...made])
            return
          }
          assert.equal(batch.body.code, last?.body.code)
          assert.ok(batch.body.errors === undefined || batch.body.errors.length > 0)
          const [first] = batch.body.errors ?? []
          assert.ok(String(first?.field).startsWith(`secrets.${singles.length - 1}.`), batch.text)
          assert.deepEqual(after, before)
        }),
        { numRuns: 40 },
      )
    })

    test('leaves a record for each secret, and for one that is refused a record of the first at fault', async (t) => {
      const { api } = await startAccount(t, engine)
      const secrets = Array.from({ length: 100 }, (_, at) => ({ name: `s-${at}`, value: `v ${at}` }))

      assert.equal((await api.post(path, { secrets })).status, 201)
      const refused = await api.post(path, { secrets: [{ name: 'new', value: 'v' }, ...secrets.slice(40, 42)] })

      assert.equal(refused.status, 409, refused.text)
      assert.deepEqual(
        refused.body.errors.map(({ field }: { field: string }) => field),
        ['secrets.1.name', 'secrets.2.name'],
      )
      const { records } = (await api.get('/v3/audit?action=secret.create&limit=1000')).body
      const [last, ...made] = records.map((one: { object: { name: string }; outcome: string }) => [
        ...[one.object.name, one.outcome],
      ])
      assert.deepEqual(last, ['s-40', 'name_taken'])
      assert.deepEqual(
        made.reverse(),
        secrets.map(({ name }) => [name, 'ok']),
      )
      assert.equal((await api.get('/v3/secrets/42')).body.value, 'v 41')
    })

    test('is refused by what is wrong with one of them, before anything is done', async (t) => {
      const { api } = await startAccount(t, engine)
      const good = { name: 'good', value: 'v' }
      const wrong: [object, number, string][] = [
        [{ name: 'with blank', value: 'v' }, 400, 'secrets.1.name'],
        [{ name: 'long', value: 'v'.repeat(70_000) }, 413, 'secrets.1.value'],
        [{ name: 'half', value: 'v', encoding: 'base64', type: 'file' }, 400, 'secrets.1.value'],
        [{ name: 'tags', value: 'v', tags: ['a', 'a b'] }, 400, 'secrets.1.tags'],
      ]
      for (const [one, status, field] of wrong) {
        const refused = await api.post(path, { secrets: [good, one] })
        assert.deepEqual([refused.status, refused.body.errors?.[0]?.field], [status, field], refused.text)
      }
      for (const secrets of [[], Array.from({ length: 101 }, (_, at) => ({ name: `s-${at}`, value: 'v' }))]) {
        assert.equal((await api.post(path, { secrets })).status, 400)
      }
      assert.deepEqual(await namesOf(api), [])
    })

    test('keeps its details and its list, and makes the default list once', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/lists', { name: 'web' })
      const bytes = Buffer.from([0, 255, 7]).toString('base64')
      const secrets = [
        { name: 'file', value: bytes, type: 'file', filename: 'a.bin', description: 'd', tags: ['x'], list: 'web' },
        { name: 'text', value: 'v', expires_at: '2030-01-01T00:00:00Z' },
        { name: 'other', value: 'w' },
      ]

      const made = await api.post(path, { secrets })

      assert.equal(made.status, 201, made.text)
      const [file, text] = (await api.get('/v3/metadata')).body.secrets
      assert.deepEqual(
        [file.type, file.filename, file.description, file.tags, file.list.name],
        ['file', 'a.bin', 'd', ['x'], 'web'],
      )
      assert.deepEqual([text.expires_at, text.list.name], ['2030-01-01T00:00:00Z', 'default'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, bytes)
      assert.equal((await api.get('/v3/lists')).body.lists.length, 2)
    })
  })
}
