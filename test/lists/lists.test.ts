/** The Secret Lists API as the vendor's clients and Terraform provider use it, over both stores. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startAccount } from '../support/account.ts'
import { ask } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { type Came, clients, type PublishedClient } from './clients.ts'

const [client] = clients

for (const engine of engines) {
  suite(`${engine.name}: the Secret Lists API`, { skip: engine.skip }, () => {
    for (const each of clients) {
      for (const base of ['/api/', '/']) {
        test(`carries ${each.name} through the life of a list, below ${base}`, async (t) => {
          const call = callerOf(each, await startAccount(t, engine), base)

          const list = await call('POST', 'secrets/lists', { name: 'prod' })
          assert.deepEqual(list.body, success({ id: 1, name: 'prod' }))
          assert.deepEqual((await call('GET', 'secrets/lists')).body.data, [{ id: 1, name: 'prod' }])
          assert.deepEqual((await call('GET', 'secrets/lists/1/values')).body.data, [])

          const text = ' a b+c%20&d=e\r\n\tÄ\u2028🦊 '
          const value = await call('POST', 'secrets/lists/1/values', { secret_key: 'DB', secret_value: text })
          const shown = { id: 1, secret_list_id: 1, secret_key: 'DB', secret_value: text }
          assert.deepEqual(value.body, success(shown))
          for (const path of ['secrets/lists/1/values/1', 'secrets/lists/prod/values/DB']) {
            assert.deepEqual((await call('GET', path)).body.data, shown)
          }
          assert.deepEqual((await call('GET', 'secrets/all-values')).body.data, [shown])

          const change = { secret_key: 'DB2', secret_value: '' }
          assert.deepEqual((await call('POST', 'secrets/lists/1/values/1', change)).body.data, {
            ...shown,
            ...change,
          })
          assert.deepEqual((await call('POST', 'secrets/lists/1', { name: 'prod' })).body.data, { id: 1, name: 'prod' })
          assert.deepEqual((await call('POST', 'secrets/lists/1', { name: 'live' })).body.data, { id: 1, name: 'live' })

          assert.deepEqual((await call('DELETE', 'secrets/lists/1/values/1')).body, success(null))
          assert.equal(each.read(await call('GET', 'secrets/lists/1/values/1')), 'absent')
          assert.equal(each.read(await call('DELETE', 'secrets/lists/1/values/1')), 'absent')
          assert.deepEqual((await call('DELETE', 'secrets/lists/1')).body, success(null))
          assert.equal(each.read(await call('DELETE', 'secrets/lists/1')), 'absent')
        })
      }

      test(`refuses what ${each.name} gets wrong, so that it sees it`, async (t) => {
        const call = callerOf(each, await startAccount(t, engine))
        for (const name of ['one', 'two']) await call('POST', 'secrets/lists', { name })
        await call('POST', 'secrets/lists/1/values', { secret_key: 'A', secret_value: '1' })
        await call('POST', 'secrets/lists/2/values', { secret_key: 'B', secret_value: '1' })

        const refused = [
          await call('POST', 'secrets/lists', { name: 'one' }),
          await call('POST', 'secrets/lists/1', { name: 'two' }),
          await call('POST', 'secrets/lists/1', {}),
          await call('POST', 'secrets/lists', { name: ' blank ' }),
          await call('POST', 'secrets/lists/1/values', { secret_key: 'B', secret_value: 'x' }),
          await call('POST', 'secrets/lists/1/values/1', { secret_key: 'B' }),
          await call('POST', 'secrets/lists/1/values', { secret_key: 'contract not enabled', secret_value: 'x' }),
          await call('POST', 'secrets/lists/1/values', { secret_key: 'C' }),
          await call('POST', 'secrets/lists/1/values', { secret_value: 'C' }),
          await call('POST', 'secrets/lists/1/values', { secret_key: 'C', secret_value: 'x'.repeat(65_537) }),
        ]
        for (const came of refused) {
          assert.equal(came.status, 422)
          assert.equal(each.read(came), 'refused', JSON.stringify(came.body))
        }
        const absent = [
          await call('GET', 'secrets/lists/3'),
          await call('GET', 'secrets/lists/0'),
          await call('GET', 'secrets/lists/99999999999999999999'),
          await call('GET', 'secrets/lists/three'),
          await call('GET', `secrets/lists/${encodeURIComponent('no/such <list>')}`),
          await call('POST', 'secrets/lists/3/values', { secret_key: 'C', secret_value: 'x' }),
          await call('GET', 'secrets/lists/3/values'),
          await call('GET', 'secrets/lists/1/values/2'),
          await call('POST', 'secrets/lists/1/values/2', { secret_value: 'stolen' }),
          await call('DELETE', 'secrets/lists/1/values/B'),
        ]
        for (const came of absent) assert.equal(each.read(came), 'absent', JSON.stringify(came.body))
        assert.equal((await call('GET', 'secrets/lists/2/values/B')).body.data === null, false)
      })
    }

    test('has no list with a name that no path could have', async (t) => {
      const call = callerOf(client, await startAccount(t, engine))
      await call('POST', 'secrets/lists', { name: 'one' })

      for (const name of ['..', '.', '../one', 'a/../b', 'a//b', '/a', 'a/', 'a\\b', '7', '007']) {
        for (const path of ['secrets/lists', 'secrets/lists/1']) {
          const { status, body } = await call('POST', path, { name })
          assert.deepEqual([status, Object.keys(body.fields ?? {})], [422, ['name']], `${path} ${name}`)
        }
      }
      assert.deepEqual((await call('GET', 'secrets/lists')).body.data, [{ id: 1, name: 'one' }])
    })

    test('finds a list by its name, whatever is in it, percent-encoded', async (t) => {
      const call = callerOf(client, await startAccount(t, engine))
      const names = [
        'a/b',
        'team/prod/eu',
        'a b',
        'a?b',
        'a#b',
        'a%2Fb',
        'ä 🦊',
        '...',
        'v1.2',
        '7a',
        'a;b',
        'a+b',
        'a&b=c',
      ]

      for (const [at, name] of names.entries()) {
        const path = `secrets/lists/${encodeURIComponent(name)}`
        assert.deepEqual((await call('POST', 'secrets/lists', { name })).body.data, { id: at + 1, name })
        assert.deepEqual((await call('GET', path)).body.data, { id: at + 1, name }, name)
        await call('POST', `${path}/values`, { secret_key: `key-${at}`, secret_value: name })
        const value = (await call('GET', `${path}/values/key-${at}`)).body.data
        assert.equal((value as { secret_value: string }).secret_value, name)
      }
      for (const [at, name] of names.entries()) {
        const path = `secrets/lists/${encodeURIComponent(name)}`
        assert.deepEqual((await call('DELETE', path)).body, success(null))
        assert.equal((await call('GET', `secrets/lists/${at + 1}`)).status, 404)
      }
    })

    for (const each of clients) {
      for (const base of ['/api/', '/']) {
        test(`lets ${each.name} take no wrong path or method for an absent value, below ${base}`, async (t) => {
          const call = callerOf(each, await startAccount(t, engine), base)
          await call('POST', 'secrets/lists', { name: 'one' })
          await call('POST', 'secrets/lists/1/values', { secret_key: 'A', secret_value: '1' })

          for (const path of [
            ...[
              'secrets',
              'secrets/list/1',
              'secrets/lists/1/value/1',
              'secrets/lists/1/values/1/x',
              'secrets/values/1',
            ],
            ...['secrets//lists/1', 'secrets/lists//values/1', 'secrets/lists/1/values/', 'secrets/lists/%2e%2fx'],
            ...['secrets/lists/%zz', 'secrets/lists/1%5c2', 'cloud', 'cloud/servers', 'secrets/lists/'],
            ...(base === '/api/' ? ['', 'lists/1', 'v3/secrets/1', 'secret/lists/1/values/1'] : []),
          ]) {
            for (const method of ['GET', 'DELETE']) {
              const came = await call(method, path)
              assert.equal(each.read(came), 'refused', `${method} ${path}: ${JSON.stringify(came.body)}`)
            }
          }
          for (const path of [
            'secrets/lists',
            'secrets/lists/1',
            'secrets/lists/1/values',
            'secrets/lists/1/values/1',
          ]) {
            const came = await call('PUT', path, { name: 'x' })
            assert.deepEqual([came.status, each.read(came)], [405, 'refused'])
          }
          assert.equal(each.read(await call('GET', 'secrets/lists/1/values/1')), 'ok')
        })
      }
    }

    test('makes up a name for a list without one, each another', async (t) => {
      const call = callerOf(client, await startAccount(t, engine))

      const made = [await call('POST', 'secrets/lists'), await call('POST', 'secrets/lists', {})]

      const names = made.map(({ body }) => (body.data as { name: string }).name)
      assert.equal(new Set(names).size, 2)
      for (const name of names) assert.match(name, /^list-[0-9a-f]{16}$/)
    })

    test('shares its secrets with v3, which keeps its own in the list "default"', async (t) => {
      const server = await startAccount(t, engine)
      const call = callerOf(client, server)
      await server.api.post('/v3/secrets', { name: 'by-v3', value: 'v' })
      await call('POST', 'secrets/lists', { name: 'other' })
      await call('POST', 'secrets/lists/other/values', { secret_key: 'by-list', secret_value: 'w' })

      const { data } = (await call('GET', 'secrets/all-values')).body

      assert.deepEqual(data, [
        { id: 1, secret_list_id: 1, secret_key: 'by-v3', secret_value: 'v' },
        { id: 2, secret_list_id: 2, secret_key: 'by-list', secret_value: 'w' },
      ])
      assert.deepEqual((await call('GET', 'secrets/lists/1')).body.data, { id: 1, name: 'default' })
      assert.equal((await server.api.get('/v3/secrets/2')).body.value, 'w')
      assert.equal((await server.api.get('/v3/secrets?list=other')).body.secrets.length, 1)
      assert.equal((await server.api.get('/v3/secrets?list=nothing')).status, 404)
    })

    test('deletes a list with all its secrets, each recorded, or nothing of it', async (t) => {
      const server = await startAccount(t, engine)
      const call = callerOf(client, server)
      await call('POST', 'secrets/lists', { name: 'doomed' })
      for (const key of ['dev-a', 'dev-b', 'prod-a']) {
        await call('POST', 'secrets/lists/1/values', { secret_key: key, secret_value: 'v' })
      }
      await server.api.post('/v3/secrets', { name: 'spared', value: 'v' })
      const narrowed = callerOf(client, { ...server, api: await server.withScopes('secrets:delete:dev-*') })

      assert.equal((await narrowed('DELETE', 'secrets/lists/1')).status, 403)
      assert.equal((await server.api.get('/v3/secrets')).body.secrets.length, 4)
      assert.equal((await call('DELETE', 'secrets/lists/1')).status, 200)

      assert.deepEqual(
        (await server.api.get('/v3/secrets')).body.secrets.map(({ name }: { name: string }) => name),
        ['spared'],
      )
      const { records } = (await server.api.get('/v3/audit?action=secret.delete')).body
      assert.deepEqual(
        records.map(({ object }: { object: { name: string } }) => object.name),
        ['prod-a', 'dev-b', 'dev-a'],
      )
    })

    test('leaves one record for every value that leaves it', async (t) => {
      const server = await startAccount(t, engine)
      const call = callerOf(client, server)
      const names = Array.from({ length: 120 }, (_, at) => `s${at}`)
      await Promise.all(names.map((name) => server.api.post('/v3/secrets', { name, value: name })))
      const narrowed = callerOf(client, { ...server, api: await server.withScopes('secrets:read:s1*') })
      const reads = async () => (await server.api.get('/v3/audit?action=secret.read&limit=1000')).body.records

      const all = (await call('GET', 'secrets/all-values')).body.data as unknown[]
      const recorded = await reads()
      const some = (await narrowed('GET', 'secrets/lists/default/values')).body.data as unknown[]

      assert.equal(all.length, 120)
      assert.equal(new Set(recorded.map(({ object }: { object: { name: string } }) => object.name)).size, 120)
      assert.equal(some.length, 31)
      assert.equal((await reads()).length, 120 + 31)
    })

    test('takes fifty values at once, as a parallel apply makes them, and each once', async (t) => {
      const server = await startAccount(t, engine)
      const call = callerOf(client, server)
      await call('POST', 'secrets/lists', { name: 'prod' })

      const made = await Promise.all(
        Array.from({ length: 50 }, (_, at) =>
          call('POST', 'secrets/lists/1/values', { secret_key: `K${at}`, secret_value: String(at) }),
        ),
      )

      const ids = made.map(({ body }) => (body.data as { id: number }).id)
      assert.deepEqual(new Set(ids).size, 50)
      assert.ok(ids.every((id) => Number.isInteger(id) && id > 0))
      const values = (await call('GET', 'secrets/lists/1/values')).body.data as { id: number; secret_value: string }[]
      assert.deepEqual(
        values.map(({ id }) => id),
        ids.toSorted((a, b) => a - b),
      )
    })

    test('keeps the other account out', async (t) => {
      const server = await startAccount(t, engine)
      await callerOf(client, server)('POST', 'secrets/lists', { name: 'prod' })
      await callerOf(client, server)('POST', 'secrets/lists/1/values', { secret_key: 'A', secret_value: 'v' })
      const foreign = callerOf(client, { ...server, api: await server.otherAccount() })

      for (const [method, path] of [
        ['GET', 'secrets/lists/1'],
        ['GET', 'secrets/lists/prod/values'],
        ['GET', 'secrets/lists/1/values/1'],
        ['DELETE', 'secrets/lists/1'],
        ['DELETE', 'secrets/lists/prod/values/A'],
      ] as const) {
        assert.equal((await foreign(method, path)).status, 404, path)
      }
      assert.deepEqual((await foreign('GET', 'secrets/all-values')).body.data, [])
      assert.deepEqual((await foreign('GET', 'secrets/lists')).body.data, [])
    })

    test('renames within its scopes only, and shows a value to nobody who may not read it', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'dev-a', value: 'v' })
      const writer = callerOf(client, { ...server, api: await server.withScopes('secrets:write:dev-*') })
      const both = callerOf(client, {
        ...server,
        api: await server.withScopes('secrets:write:dev-*', 'secrets:read:dev-*'),
      })
      const rename = (who: typeof both, key: string) =>
        who('POST', 'secrets/lists/1/values/1', { secret_key: key }).then(({ status }) => status)

      assert.equal(await rename(writer, 'dev-b'), 403)
      assert.equal(await rename(both, 'prod-a'), 403)
      assert.equal(await rename(both, 'dev-b'), 200)
      assert.equal((await writer('POST', 'secrets/lists/1/values/1', { secret_value: 'w' })).status, 200)
      assert.equal((await server.api.get('/v3/secrets/1')).body.name, 'dev-b')
    })

    test('shows nobody by a new name what they could not read under the old one', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'prod-a', value: 'first' })
      await server.api.put('/v3/secrets/1', { value: 'second' })
      const api = await server.withScopes('secrets:list', 'secrets:write', 'secrets:read:dev-*')
      const writer = callerOf(client, { ...server, api })

      // With a value of its own it need not read one, but the older ones would come along.
      const change = { secret_key: 'dev-a', secret_value: 'third' }
      assert.equal((await writer('POST', 'secrets/lists/1/values/1', change)).status, 403)
      for (const version of [1, 2]) assert.equal((await api.get(`/v3/secrets/1/versions/${version}`)).status, 403)
      assert.equal((await server.api.get('/v3/secrets/1')).body.value, 'second')
      assert.equal((await writer('POST', 'secrets/lists/1/values/1', { secret_value: 'third' })).status, 200)
    })

    test('exchanges the names of two values without a clash in between', async (t) => {
      const server = await startAccount(t, engine)
      const call = callerOf(client, server)
      await call('POST', 'secrets/lists', { name: 'prod' })
      for (const key of ['A', 'B']) {
        await call('POST', 'secrets/lists/1/values', { secret_key: key, secret_value: key })
      }

      // In one batch or in several: the name that is let go of is free at once.
      await Promise.all([
        call('POST', 'secrets/lists/1/values/1', { secret_key: 'C' }),
        call('POST', 'secrets/lists/1/values/2', { secret_key: 'A' }),
        call('POST', 'secrets/lists/1/values', { secret_key: 'B', secret_value: 'new' }),
      ])

      const values = (await call('GET', 'secrets/lists/1/values')).body.data as { secret_key: string }[]
      const keys = values.map(({ secret_key: key }) => key)
      assert.equal(new Set(keys).size, keys.length)
      assert.equal((await server.api.get('/v3/secrets/1/versions/1')).body.value, 'A')
    })

    test('takes a body without bytes for one without fields, whatever type it names', async (t) => {
      const server = await startAccount(t, engine)
      const post = async (path: string, type: string | undefined, body: string) => {
        const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
        const answer = await ask(`${server.url}/api/${path}?key=${server.api.key}`, 'POST', headers, body)
        return { status: answer.status, body: answer.body as Came['body'] }
      }
      const types = ['application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded']

      for (const type of types) {
        const made = await post('secrets/lists', type, '')
        assert.equal(made.status, 200, type)
        assert.match((made.body.data as { name: string }).name, /./)
        const { status, body } = await post('secrets/lists/1/values', type, '')
        assert.deepEqual([status, Object.keys(body.fields ?? {})], [422, ['secret_key']], type)
        const renamed = await post('secrets/lists/1', type, '')
        assert.deepEqual([renamed.status, Object.keys(renamed.body.fields ?? {})], [422, ['name']], type)
      }
      for (const broken of [' ', '{', 'null,'])
        assert.equal((await post('secrets/lists', types[0], broken)).status, 422)
      const lists = (await callerOf(client, server)('GET', 'secrets/lists')).body.data as unknown[]
      assert.equal(lists.length, types.length)
      const v3 = await server.api.send('POST', '/v3/secrets', '', { 'content-type': 'application/json' })
      assert.equal(v3.status, 400)
    })

    test('answers Terraform’s question for locations, with a key only', async (t) => {
      const server = await startAccount(t, engine)

      const answer = await callerOf(client, server)('GET', 'cloud/locations')

      assert.deepEqual(answer.body, success([]))
      assert.equal((await callerOf(client, { ...server, api: { key: 'x' } })('GET', 'cloud/locations')).status, 401)
    })

    test('marks a value that has expired, and gives it', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const path = '/api/secrets/lists/1/values/1'
      const read = async () => {
        const { body, headers } = await api.get(path)
        return [body.data.secret_value, headers.get('strongroom-expired')]
      }
      assert.deepEqual(await read(), ['v', null])

      await api.send('PATCH', '/v3/secrets/1/metadata', { expires_at: '2020-01-01T00:00:00Z' })

      assert.deepEqual(await read(), ['v', 'true'])
    })

    test('gives back any text as it came', async (t) => {
      const server = await startAccount(t, engine)
      const call = callerOf(client, server)
      await call('POST', 'secrets/lists', { name: 'prod' })
      await call('POST', 'secrets/lists/1/values', { secret_key: 'A', secret_value: '' })

      await fc.assert(
        fc.asyncProperty(fc.string({ unit: anyCharacter, maxLength: 200 }), async (text) => {
          await call('POST', 'secrets/lists/1/values/1', { secret_value: text })
          const { status, body } = await call('GET', 'secrets/lists/1/values/1')
          const { data } = body
          assert.equal(status, 200, JSON.stringify(body))
          assert.equal((data as { secret_value: string }).secret_value, text)
        }),
        { numRuns: 50 },
      )
    })
  })
}

function success(data: unknown) {
  return { result: 'success', message: null, code: 200, data }
}

/** Sends as the client does; every answer has the envelope, and its code is its status. */
function callerOf(
  published: PublishedClient | undefined,
  { url, api }: Pick<TestServer, 'url'> & { readonly api: { readonly key: string } },
  base = '/api/',
) {
  assert.ok(published)
  return async (method: string, path: string, fields?: Record<string, string>): Promise<Came> => {
    const sent = published.request(method, path, api.key, fields)
    // A connection that the server closed while this process was starved is taken note of first.
    for (let turn = 0; turn < 3; turn++) await setImmediate()
    const headers = { accept: 'text/html', ...(sent.type === undefined ? {} : { 'content-type': sent.type }) }
    const response = await ask(url + base + sent.path, sent.method, headers, sent.body)
    const body = response.body as Came['body']
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
    assert.equal(body.code, response.status)
    assert.equal(body.result, response.status === 200 ? 'success' : 'error')
    return { status: response.status, body }
  }
}
