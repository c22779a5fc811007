/** Reading and writing by name, and reading many at once, over both stores. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import type { Answer, Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const path = '/v3/secrets/by-name/web%2Fdb'

for (const engine of engines) {
  suite(`${engine.name}: a secret by its name`, { skip: engine.skip }, () => {
    test('is read as by its id, with the right to read it and no other', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'web/db', value: 'one' })
      const reader = await withScopes('secrets:read:web/*')

      const [named, byId] = [await reader.get(path), await reader.get('/v3/secrets/1')]

      assert.deepEqual([named.status, named.text, named.headers.get('etag')], [200, byId.text, '"1"'])
      assert.equal((await reader.send('HEAD', path)).status, 200)
      assert.equal((await records(api, 'secret.read')).length, 3)
      for (const name of ['web%2F..', 'web%2F', '%2Fweb', '']) {
        assert.ok([400, 404].includes((await api.get(`/v3/secrets/by-name/${name}`)).status), name)
      }
      assert.equal((await api.get('/v3/secrets/by-name/web/db')).status, 404)
    })

    test('of a name that may not be seen is as one that is not there', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'web/db', value: 'one' })
      const [blind, seeing, other] = [
        await withScopes('secrets:read:ops/*'),
        await withScopes('secrets:read:ops/*', 'secrets:list'),
        await withScopes('secrets:list'),
      ]

      assert.deepEqual(plain(await blind.get(path)), plain(await blind.get('/v3/secrets/by-name/none')))
      assert.equal((await blind.get(path)).status, 404)
      assert.deepEqual([(await seeing.get(path)).status, (await other.get(path)).status], [403, 403])
      assert.equal((await other.get('/v3/secrets/by-name/none')).status, 403)
    })

    test('takes no other methods, and says which it takes', async (t) => {
      const { api } = await startAccount(t, engine)

      for (const method of ['POST', 'DELETE']) {
        const { status, headers } = await api.send(method, path)
        assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD, PUT'], method)
      }
      for (const [method, at, allowed] of [
        ['GET', 'batch', 'POST'],
        ['DELETE', 'batch', 'POST'],
        ['PATCH', 'by-name/metadata', 'GET, HEAD, PUT'],
      ] as const) {
        const { status, headers } = await api.send(method, `/v3/secrets/${at}`)
        assert.deepEqual([status, headers.get('allow')], [405, allowed], at)
      }
      assert.equal((await api.get('/v3/secrets/x')).status, 400)
    })

    test('is made by PUT where it is not there, and replaced where it is', async (t) => {
      const { api } = await startAccount(t, engine)

      const made = await api.put(path, { value: 'one' })
      const replaced = await api.put(path, { value: 'two' })

      assert.deepEqual(
        [made.status, made.headers.get('etag'), made.headers.get('location')],
        [201, '"1"', '/v3/secrets/1'],
      )
      assert.deepEqual(Object.keys(made.body), ['id', 'name', 'created_at', 'updated_at'])
      assert.deepEqual([made.body.id, made.body.name], [1, 'web/db'])
      assert.deepEqual(
        [replaced.status, replaced.headers.get('etag'), replaced.headers.get('strongroom-stale-deployments')],
        [200, '"2"', '0'],
      )
      assert.deepEqual(Object.keys(replaced.body), ['id', 'name', 'updated_at'])
      assert.equal((await api.get(path)).body.value, 'two')
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.list.name, 'default')
      assert.deepEqual(
        (await records(api, ''))
          .filter(({ action }) => /^secret\.(create|update)/.test(action))
          .map(({ action }) => action),
        ['secret.update', 'secret.create'],
      )
    })

    test('is written under conditions: only new, only upon a version, or only if it is there', async (t) => {
      const { api } = await startAccount(t, engine)
      const put = async (value: string, headers: Record<string, string>) => {
        const { status, body } = await api.put(path, { value }, headers)
        return [status, body.code]
      }
      const stale = [412, 'stale_version']

      assert.deepEqual(await put('x', { 'if-match': '*' }), stale)
      assert.deepEqual(await put('x', { 'if-match': '"1"' }), stale)
      assert.deepEqual(await put('one', { 'if-none-match': '*' }), [201, undefined])
      assert.deepEqual(await put('x', { 'if-none-match': '*' }), stale)
      assert.deepEqual(await put('x', { 'if-none-match': '*', 'if-match': '*' }), stale)
      assert.deepEqual(await put('x', { 'if-match': '"7"' }), stale)
      assert.deepEqual(await put('two', { 'if-match': '"1"' }), [200, undefined])
      assert.deepEqual(await put('three', { 'if-match': '*' }), [200, undefined])
      assert.deepEqual(await put('x', { 'if-none-match': '"1"' }), [400, 'invalid'])
      assert.equal((await api.get(path)).body.value, 'three')
    })

    test('keeps its type, and is a file where that is asked for', async (t) => {
      const { api } = await startAccount(t, engine)

      const wrong = await api.put(path, { value: 'no base64!', type: 'file' })
      const made = await api.put(path, { value: 'AP8=', type: 'file' })
      const other = await api.put(path, { value: 'text', type: 'text' })
      const kept = await api.put(path, { value: '/wA=' })

      assert.deepEqual([wrong.status, made.status, other.status, kept.status], [400, 201, 400, 200])
      assert.equal(other.body.errors[0].field, 'type')
      const read = await api.get(path)
      assert.deepEqual([read.body.value, read.headers.get('strongroom-encoding')], ['/wA=', 'base64'])
    })

    test('asks for the right to write the name, and says the same whether it is there', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.put(path, { value: 'one' })
      const [other, writer] = [
        await withScopes('secrets:write:ops/*', 'secrets:list'),
        await withScopes('secrets:write:web/*'),
      ]

      const [there, absent] = [
        await other.put(path, { value: 'x' }),
        await other.put('/v3/secrets/by-name/none', { value: 'x' }),
      ]

      assert.deepEqual([there.status, plain(there)], [403, plain(absent)])
      assert.deepEqual(
        [
          (await writer.put(path, { value: 'two' })).status,
          (await writer.put('/v3/secrets/by-name/web%2Fapi', { value: 'x' })).status,
        ],
        [200, 201],
      )
      assert.equal((await api.get(path)).body.value, 'two')
    })

    test('is written once under an Idempotency-Key, and answered as it was then', async (t) => {
      const { api } = await startAccount(t, engine)
      const put = (value: string, headers: Record<string, string> = {}) =>
        api.put(path, { value }, { 'idempotency-key': 'k', ...headers })

      const first = await put('one')
      await api.put(path, { value: 'two' })
      const again = await put('one')

      assert.deepEqual([again.status, again.text, again.headers.get('etag')], [201, first.text, '"1"'])
      assert.equal(again.headers.get('idempotent-replayed'), 'true')
      assert.equal((await put('other')).body.code, 'idempotency_mismatch')
      assert.equal((await put('one', { 'if-none-match': '*' })).body.code, 'idempotency_mismatch')
      assert.equal((await api.get(path)).body.value, 'two')
    })

    test('is made by one of many that want it at once; the others replace it, or are refused', async (t) => {
      const { api } = await startAccount(t, engine)
      const at = Array.from({ length: 12 }, (_, one) => one)

      const put = await Promise.all(at.map((one) => api.put('/v3/secrets/by-name/a', { value: `${one}` })))
      const only = await Promise.all(
        at.map((one) => api.put('/v3/secrets/by-name/b', { value: `${one}` }, { 'if-none-match': '*' })),
      )

      const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort()
      assert.deepEqual(statuses(put), [...Array(11).fill(200), 201])
      assert.deepEqual(statuses(only), [201, ...Array(11).fill(412)])
      assert.deepEqual([...new Set(put.map(({ headers }) => headers.get('etag')))].length, 12)
      const winner = only.findIndex(({ status }) => status === 201)
      assert.equal((await api.get('/v3/secrets/by-name/b')).body.value, `${winner}`)
    })
  })

  suite(`${engine.name}: many secrets at once`, { skip: engine.skip }, () => {
    test('are read in the order asked for, each once and with one record, and what is missing is named', async (t) => {
      const { api } = await startAccount(t, engine)
      for (const name of ['a', 'web/b', 'c']) await api.post('/v3/secrets', { name, value: `value of ${name}` })
      await api.post('/v3/secrets', { name: 'file', type: 'file', value: 'AP8=' })

      const { status, body } = await api.post('/v3/secrets/batch', { names: ['c', 'none', 'web/b', 'c', 'file'] })
      const byId = await api.post('/v3/secrets/batch', { ids: [2, 99, 1] })

      assert.equal(status, 200)
      assert.deepEqual(Object.keys(body), ['secrets', 'missing', 'unresolved'])
      assert.deepEqual(
        body.secrets.map(({ name, value, encoding, type, version }: Record<string, unknown>) => [
          name,
          value,
          encoding,
          type,
          version,
        ]),
        [
          ['c', 'value of c', 'utf-8', 'text', 1],
          ['web/b', 'value of web/b', 'utf-8', 'text', 1],
          ['file', 'AP8=', 'base64', 'file', 1],
        ],
      )
      assert.deepEqual(body.missing, ['none'])
      assert.deepEqual([byId.body.secrets.map(({ id }: { id: number }) => id), byId.body.missing], [[2, 1], [99]])
      assert.deepEqual(
        (await records(api, 'secret.read')).map(({ object, outcome }) => [object.name ?? object.id, outcome]).reverse(),
        [
          ['c', 'ok'],
          ['none', 'not_found'],
          ['web/b', 'ok'],
          ['file', 'ok'],
          ['web/b', 'ok'],
          [99, 'not_found'],
          ['a', 'ok'],
        ],
      )
    })

    test('are refused together when one may be seen and not read; one that may not be seen is missing', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['web/a', 'web/b', 'ops']) await api.post('/v3/secrets', { name, value: 'v' })
      const [blind, seeing] = [
        await withScopes('secrets:read:web/*'),
        await withScopes('secrets:read:web/a', 'secrets:list:web/*'),
      ]
      const names = ['web/a', 'ops', 'none', 'web/b']

      const read = await blind.post('/v3/secrets/batch', { names })
      const refused = await seeing.post('/v3/secrets/batch', { names })

      assert.deepEqual(read.body.missing, ['ops', 'none'])
      assert.deepEqual(
        read.body.secrets.map(({ name }: { name: string }) => name),
        ['web/a', 'web/b'],
      )
      assert.deepEqual(
        [refused.status, refused.body.errors.map(({ field }: { field: string }) => field)],
        [403, ['names.3']],
      )
      const byKey = (await records(api, 'secret.read')).filter(({ outcome }) => outcome === 'forbidden')
      assert.deepEqual(
        byKey.map(({ object }) => object.name),
        ['web/b'],
      )
      assert.equal(
        (await (await withScopes('secrets:list')).post('/v3/secrets/batch', { names: ['none'] })).status,
        403,
      )
    })

    test('are at most 1000, names or ids, and 16 MiB', async (t) => {
      const { api } = await startAccount(t, engine)
      const many = Array.from({ length: 1001 }, (_, at) => `n${at}`)
      const value = Buffer.alloc(1024 * 1024).toString('base64')
      for (let at = 0; at < 17; at++) await api.put(`/v3/secrets/by-name/n${at}`, { value, type: 'file' })

      for (const body of [
        {},
        { names: [] },
        { names: many },
        { names: ['a'], ids: [1] },
        { ids: [0] },
        { names: ['a/'] },
      ]) {
        assert.equal((await api.post('/v3/secrets/batch', body)).status, 400, JSON.stringify(body).slice(0, 40))
      }
      const tooLarge = await api.post('/v3/secrets/batch', { names: many.slice(0, 17) })
      assert.deepEqual([tooLarge.status, tooLarge.body.code], [413, 'too_large'])
      assert.equal((await api.post('/v3/secrets/batch', { names: many.slice(0, 15) })).body.secrets.length, 15)
      const all = (await api.post('/v3/secrets/batch', { names: many.slice(17, 1001) })).body
      assert.deepEqual([all.secrets.length, all.missing.length], [0, 984])
      const outcomes = (await records(api, 'secret.read')).map(({ outcome }) => outcome)
      assert.equal(outcomes.filter((one) => one === 'ok').length, 15)
    })

    test('of which one was changed in the database are answered by none', async (t) => {
      const { api, place } = await startServer(t, engine)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: `value-of-${name}` })
      await query(place, `update versions set sealed = ? where secret_id = 2`, new Uint8Array(100))

      const { status, text } = await api.post('/v3/secrets/batch', { names: ['a', 'b'] })

      assert.equal(status, 500)
      assert.doesNotMatch(text, /value-of/)
    })
  })
}

async function records(api: Api, action: string) {
  const { body } = await api.get(`/v3/audit?limit=1000${action === '' ? '' : `&action=${action}`}`)
  return body.records as readonly { action: string; outcome: string; object: { id: number; name: string | null } }[]
}

function plain({ status, text }: Answer) {
  return [status, text.replace(/"request_id":"[^"]*"/, '')]
}
