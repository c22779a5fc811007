/** The Vault API, as its clients call it: answers in the form that OpenBao 2.6 documents, on the same secrets as `/v3`. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { Api } from '../support/api.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const on = { isVaultApiServed: true }
const patchType = { 'content-type': 'application/merge-patch+json' }
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

async function start(t: TestContext, engine: TestEngine) {
  const server = await startServer(t, engine, on)
  const { api } = server
  const put = (path: string, data: unknown, options?: unknown) =>
    api.post(`/v1/${path}`, { data, ...(options === undefined ? {} : { options }) })
  const dataAt = async (path: string) => {
    const { status, body, text } = await api.get(`/v1/${path}`)
    assert.equal(status, 200, text)
    return body.data.data
  }
  const listAt = async (path: string, by: Api = api) => {
    const { status, body } = await by.send('LIST', `/v1/${path}`)
    return status === 404 ? [] : body.data.keys
  }
  return { ...server, put, dataAt, listAt }
}

for (const engine of engines) {
  suite(`${engine.name}: the Vault API`, { skip: engine.skip }, () => {
    test('stores and reads a map, with versions and the fields that clients look for', async (t) => {
      const { api, put } = await start(t, engine)
      const stored = await put('secret/data/app/db', { user: 'u', password: 'p' })
      assert.equal(stored.status, 200, stored.text)
      const { request_id, ...rest } = stored.body
      assert.ok(request_id)
      const { created_time, ...version } = rest.data
      assert.match(created_time, time)
      assert.deepEqual(version, { custom_metadata: null, deletion_time: '', destroyed: false, version: 1 })
      const others = { lease_id: '', renewable: false, lease_duration: 0, wrap_info: null, warnings: null, auth: null }
      assert.deepEqual({ ...rest, data: null }, { ...others, data: null })

      await put('secret/data/app/db', { user: 'u', password: 'q' })
      const { body } = await api.get('/v1/secret/data/app/db')
      assert.deepEqual(body.data.data, { user: 'u', password: 'q' })
      assert.equal(body.data.metadata.version, 2)
      const first = await api.get('/v1/secret/data/app/db?version=1')
      assert.deepEqual(first.body.data.data, { user: 'u', password: 'p' })
      assert.equal((await api.get('/v1/secret/data/app/db?version=3')).status, 404)
    })

    test('lists what is in a folder, each folder once, and what an environment inherits', async (t) => {
      const { api, put, listAt } = await start(t, engine)
      await api.post('/v3/environments', { name: 'prod', base: 'default' })
      for (const name of ['a', 'app/db', 'app/web/key', 'app/web/cert', 'apple'])
        await put(`secret/data/${name}`, { value: 'v' })
      await put('prod/data/only', { value: 'v' })
      assert.deepEqual(await listAt('secret/metadata'), ['a', 'app/', 'apple'])
      assert.deepEqual(await listAt('secret/metadata/'), ['a', 'app/', 'apple'])
      assert.deepEqual(await listAt('secret/metadata/app'), ['db', 'web/'])
      assert.deepEqual(await listAt('secret/metadata/app/web/'), ['cert', 'key'])
      assert.deepEqual(await listAt('prod/metadata'), ['a', 'app/', 'apple', 'only'])
      // As hvac sends it.
      assert.equal((await api.get('/v1/secret/metadata/app?list=True')).status, 200)
      const byGet = await api.get('/v1/secret/metadata/app?list=true')
      assert.deepEqual(byGet.body.data, { keys: ['db', 'web/'] })
      const none = await api.send('LIST', '/v1/secret/metadata/nowhere')
      assert.deepEqual([none.status, none.body], [404, { errors: [] }])
    })

    test('stores upon a version alone, where that is asked', async (t) => {
      const { put, dataAt } = await start(t, engine)
      const refused = { errors: ['check-and-set parameter did not match the current version'] }
      assert.equal((await put('secret/data/a', { v: '1' }, { cas: 0 })).status, 200)
      for (const cas of [0, 2]) {
        const { status, body } = await put('secret/data/a', { v: '2' }, { cas })
        assert.deepEqual([status, body], [400, refused])
      }
      assert.deepEqual((await put('secret/data/b', { v: '2' }, { cas: 1 })).status, 400)
      assert.equal((await put('secret/data/a', { v: '3' }, { cas: 1 })).status, 200)
      assert.deepEqual(await dataAt('secret/data/a'), { v: '3' })
    })

    test('gives out no more than the key may read, and nothing of other environments and accounts', async (t) => {
      const { api, put, withScopes, otherAccount, listAt } = await start(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      await put('prod/data/app/db', { v: '1' })
      await put('secret/data/app/db', { v: '2' })
      await put('secret/data/other', { v: '3' })
      const narrow = await withScopes('secrets:read:app/*@default', 'secrets:list:app/*@default')
      assert.equal((await narrow.get('/v1/secret/data/app/db')).status, 200)
      // Whether there is something that it may not see is not told.
      assert.equal((await narrow.get('/v1/secret/data/other')).status, 404)
      const blind = await withScopes('secrets:list')
      const denied = await blind.get('/v1/secret/data/other')
      assert.deepEqual([denied.status, denied.body.errors], [403, ['1 error occurred:\n\t* permission denied\n\n']])
      assert.deepEqual(await listAt('secret/metadata', narrow), ['app/'])
      assert.equal((await narrow.post('/v1/secret/data/app/db', { data: { v: '4' } })).status, 403)
      for (const path of [
        'prod/data/app/db',
        'nowhere/data/app/db',
        'prod/metadata/app/db',
        'nowhere/metadata/app/db',
      ]) {
        const { status, body } = await narrow.get(`/v1/${path}`)
        assert.deepEqual([status, body], [404, { errors: [] }], path)
      }
      const other = await otherAccount()
      assert.equal((await other.get('/v1/secret/data/app/db')).status, 404)
      assert.equal((await other.send('LIST', '/v1/secret/metadata')).status, 404)
      const mounts = await narrow.get('/v1/sys/internal/ui/mounts')
      assert.deepEqual(Object.keys(mounts.body.data.secret), ['secret/'])
      assert.equal((await narrow.get('/v1/sys/internal/ui/mounts/prod/data/app')).status, 403)
      const found = await narrow.get('/v1/sys/internal/ui/mounts/secret/app')
      assert.deepEqual([found.body.data.path, found.body.data.options], ['secret/', { version: '2' }])
    })

    test('deletes a secret whole, and restores it as long as the account keeps it', async (t) => {
      const { api, put, dataAt } = await start(t, engine)
      await put('secret/data/a', { v: '1' })
      await put('secret/data/a', { v: '2' })
      assert.equal((await api.post('/v1/secret/delete/a', { versions: [1] })).status, 400)
      assert.equal((await api.delete('/v1/secret/data/a')).status, 204)
      assert.equal((await api.delete('/v1/secret/data/a')).status, 204)
      const gone = await api.get('/v1/secret/data/a')
      assert.deepEqual([gone.status, gone.body], [404, { errors: [] }])
      assert.equal((await api.post('/v1/secret/undelete/a', { versions: [2] })).status, 404)

      assert.equal((await api.put('/v3/settings', { recovery_days: 7 })).status, 200)
      await put('secret/data/a', { v: '3' })
      assert.equal((await api.post('/v1/secret/delete/a', { versions: [1] })).status, 204)
      assert.equal((await api.post('/v1/secret/undelete/a', { versions: [1] })).status, 204)
      assert.deepEqual(await dataAt('secret/data/a'), { v: '3' })
    })

    test('destroys any versions, which then are 404 with what is known of them', async (t) => {
      const { api, put, withScopes, dataAt } = await start(t, engine)
      assert.equal((await api.put('/v3/settings', { recovery_days: 7 })).status, 200)
      for (const v of ['1', '2', '3', '4', '5']) await put('secret/data/a', { v })
      const destroy = (versions: unknown, by: Api = api) => by.post('/v1/secret/destroy/a', { versions })
      const shown = async (): Promise<readonly string[]> => {
        const { versions } = (await api.get('/v1/secret/metadata/a')).body.data
        return Object.keys(versions).filter((one) => versions[one].destroyed)
      }
      assert.equal((await destroy([1], await withScopes('secrets:write', 'secrets:list'))).status, 403)
      assert.equal((await destroy([1], await withScopes('secrets:delete:b', 'secrets:list:b'))).status, 204)
      assert.equal((await destroy([])).status, 400)
      assert.deepEqual(await shown(), [])
      const highest = '9223372036854775807'
      for (const versions of [[2], ['0x4', 2], [9], [highest]]) assert.equal((await destroy(versions)).status, 204)
      assert.deepEqual(await shown(), ['2', '4'])
      assert.equal((await api.get(`/v1/secret/data/a?version=${highest}`)).status, 404)
      const { status, body } = await api.get('/v1/secret/data/a?version=2')
      const { created_time, ...metadata } = body.data.metadata
      assert.match(created_time, time)
      assert.deepEqual(
        [status, body.data.data, metadata],
        [404, null, { custom_metadata: null, deletion_time: '', destroyed: true, version: 2 }],
      )
      // What is known of it is for whoever may read it.
      const lister = await withScopes('secrets:list')
      assert.equal((await lister.get('/v1/secret/data/a?version=2')).status, 403)
      const others = await withScopes('secrets:read:b')
      const none = await others.get('/v1/secret/data/a?version=2')
      assert.deepEqual([none.status, none.body], [404, { errors: [] }])
      for (const v of ['1', '3']) assert.deepEqual(await dataAt(`secret/data/a?version=${v}`), { v })
      assert.deepEqual(await dataAt('secret/data/a'), { v: '5' })

      assert.equal((await destroy([5])).status, 204)
      const newest = await api.get('/v1/secret/data/a')
      assert.deepEqual([newest.status, newest.body.data.metadata.version], [404, 5])
      assert.equal((await api.post('/v1/secret/undelete/a', { versions: [5, 2] })).status, 204)
      assert.deepEqual(await shown(), ['2', '4', '5'])
      assert.equal((await put('secret/data/a', { v: '6' }, { cas: 5 })).body.data.version, 6)
      assert.deepEqual(await dataAt('secret/data/a'), { v: '6' })

      assert.equal((await api.delete('/v1/secret/metadata/a')).status, 204)
      assert.equal((await api.post('/v1/secret/undelete/a', { versions: [6] })).status, 204)
      assert.deepEqual(await shown(), ['2', '4', '5'])
      const { body: trail } = await api.get('/v3/audit?action=version.destroy&outcome=ok')
      const told = trail.records.map(({ object }: Rec) => object?.version)
      assert.deepEqual(told, [5, 4, 2])
      assert.equal((await api.post('/v3/audit/verify', {})).body.fault, null)
    })

    test('tells of what was deleted and is kept, and destroys it', async (t) => {
      const { api, put } = await start(t, engine)
      assert.equal((await api.put('/v3/settings', { recovery_days: 7 })).status, 200)
      await put('secret/data/a', { v: '1' })
      await put('secret/data/a', { v: '2' })
      assert.equal((await api.post('/v1/secret/undelete/a', { versions: [2] })).status, 204)
      assert.equal((await api.post('/v1/secret/delete/a', { versions: [2] })).status, 204)
      const { status, body } = await api.get('/v1/secret/metadata/a')
      assert.deepEqual([status, body.data.current_version, Object.keys(body.data.versions)], [200, 2, ['2']])
      assert.match(body.data.versions['2'].deletion_time, time)
      assert.equal((await api.post('/v1/secret/destroy/a', { versions: [1] })).status, 400)
      assert.equal((await api.post('/v1/secret/destroy/a', { versions: [2] })).status, 204)
      assert.equal((await api.get('/v1/secret/metadata/a')).status, 404)
      assert.equal((await api.post('/v1/secret/destroy/a', { versions: [2] })).status, 204)
      assert.deepEqual((await api.get('/v3/deleted')).body.deleted, [])
    })

    test('undeletes nothing for whoever may not write it, and says so where it is seen', async (t) => {
      const { api, put, withScopes } = await start(t, engine)
      assert.equal((await api.put('/v3/settings', { recovery_days: 7 })).status, 200)
      await put('secret/data/a', { v: '1' })
      const undelete = async (by: Api) => (await by.post('/v1/secret/undelete/a', { versions: [1] })).status
      const [sees, seesOthers] = [await withScopes('secrets:list'), await withScopes('secrets:list:b')]
      assert.deepEqual([await undelete(sees), await undelete(seesOthers), await undelete(api)], [403, 404, 204])
      const { body } = await api.get('/v3/audit?outcome=forbidden')
      assert.deepEqual(
        body.records.map(({ action }: Rec) => action),
        ['metadata.update'],
      )
      assert.equal((await api.delete('/v1/secret/data/a')).status, 204)
      assert.deepEqual([await undelete(seesOthers), await undelete(sees), await undelete(api)], [404, 403, 204])
    })

    test('is recorded as what it is', async (t) => {
      const { api, put } = await start(t, engine)
      await put('secret/data/a', { v: '1' })
      await api.get('/v1/secret/data/a')
      await api.get('/v1/secret/data/a?version=1')
      await api.get('/v1/secret/data/none')
      await api.send('LIST', '/v1/secret/metadata')
      const { body } = await api.get('/v3/audit')
      const records = body.records.map(({ action, outcome }: { action: string; outcome: string }) => [action, outcome])
      const wanted = [
        ['secret.create', 'ok'],
        ['secret.read', 'ok'],
        ['version.read', 'ok'],
        ['secret.read', 'not_found'],
        ['secret.list', 'ok'],
      ]
      assert.deepEqual(records.filter(([action]: string[]) => action?.match(/^(secret|version)\./)).reverse(), wanted)
    })
  })
}

interface Rec {
  readonly action: string
  readonly outcome: string
  readonly object: { readonly version: number | null } | null
}

const [sqlite] = engines
assert.ok(sqlite)

suite('The Vault API', () => {
  test('gives back what was stored, whatever it is', async (t) => {
    const { api, dataAt } = await start(t, sqlite)
    const texts = [
      '{"value":"plain"}',
      '{"value":""}',
      '{"value":"{\\"a\\":1}"}',
      '{"value":1}',
      '{}',
      '{"n":12345678901234567890,"f":1.0,"e":1e400,"nested":{"list":[1,null,true,"ü💡"]},"__proto__":"x"}',
      '{"value":"a","other":null}',
    ]
    for (const text of texts) {
      assert.equal((await api.post('/v1/secret/data/a', `{"data":${text}}`)).status, 200, text)
      const { text: answer } = await api.get('/v1/secret/data/a')
      assert.ok(answer.includes(`"data":{"data":${text},`), answer)
    }
    await api.post('/v1/secret/data/a', { data: { value: 'plain' } })
    assert.equal((await api.get('/v3/secrets/by-name/a')).body.value, 'plain')
    await api.put('/v3/secrets/by-name/b', { value: '{"user":"u"}' })
    assert.deepEqual(await dataAt('secret/data/b'), { user: 'u' })
    await api.put('/v3/secrets/by-name/c', { value: '[1]' })
    assert.deepEqual(await dataAt('secret/data/c'), { value: '[1]' })
  })

  test('changes a part, by a merge patch', async (t) => {
    const { api, put, dataAt } = await start(t, sqlite)
    await put('secret/data/a', { user: 'u', old: 'o', deep: { a: 1, b: 2 } })
    const patch = { data: { old: null, new: 'n', deep: { b: null, c: 3 } } }
    assert.equal((await api.send('PATCH', '/v1/secret/data/a', patch)).status, 415)
    const { status, body } = await api.send('PATCH', '/v1/secret/data/a', patch, patchType)
    assert.deepEqual([status, body.data.version], [200, 2])
    assert.deepEqual(await dataAt('secret/data/a'), { user: 'u', deep: { a: 1, c: 3 }, new: 'n' })
    assert.equal((await api.send('PATCH', '/v1/secret/data/none', patch, patchType)).status, 404)
    const stale = await api.send('PATCH', '/v1/secret/data/a', { ...patch, options: { cas: 1 } }, patchType)
    assert.equal(stale.status, 400)
  })

  test('keeps a description and tags as custom metadata, and tells of versions', async (t) => {
    const { api, put } = await start(t, sqlite)
    await put('secret/data/a', { v: '1' })
    await put('secret/data/a', { v: '2' })
    const set = (custom_metadata: unknown, more = {}) => api.post('/v1/secret/metadata/a', { custom_metadata, ...more })
    assert.equal((await set({ description: 'd', tags: 'x, y' }, { max_versions: 0, cas_required: false })).status, 204)
    const { body } = await api.get('/v1/secret/metadata/a')
    assert.deepEqual(body.data.custom_metadata, { description: 'd', tags: 'x,y' })
    assert.deepEqual(Object.keys(body.data.versions), ['1', '2'])
    assert.deepEqual([body.data.current_version, body.data.oldest_version], [2, 0])
    assert.equal((await set({ owner: 'me' })).status, 400)
    const written = { description: 'd', tags: 'x,y' }
    for (const none of ['0', '0s', '0h0m0s', '', 0, null]) {
      assert.equal((await set(written, { delete_version_after: none })).status, 204, `${none}`)
    }
    assert.equal((await set(written, { max_versions: '0', cas_required: 'false' })).status, 204)
    for (const other of [{ max_versions: 3 }, { cas_required: true }, { delete_version_after: '10s' }]) {
      assert.equal((await set(written, other)).status, 400, JSON.stringify(other))
    }
    assert.equal((await api.delete('/v1/secret/metadata/a')).status, 204)
    assert.equal((await api.get('/v1/secret/metadata/a')).status, 404)
  })

  test('says how the engine is set, and sets nothing', async (t) => {
    const { api } = await start(t, sqlite)
    const { body } = await api.get('/v1/secret/config')
    assert.deepEqual(body.data, { cas_required: false, delete_version_after: '0s', max_versions: 10 })
    assert.equal((await api.post('/v1/secret/config', { max_versions: 10, cas_required: false })).status, 204)
    assert.equal((await api.post('/v1/secret/config', { max_versions: 5 })).status, 400)
    assert.equal((await api.get('/v1/nowhere/config')).status, 404)
  })

  test('takes a key as X-Vault-Token, and no cookie, no machine, no key in the query', async (t) => {
    const { api, url, put } = await start(t, sqlite)
    await put('secret/data/a', { v: '1' })
    const bare = (headers: Record<string, string>, more = '') => fetch(`${url}/v1/secret/data/a${more}`, { headers })
    assert.equal((await bare({ 'x-vault-token': api.key })).status, 200)
    assert.equal((await bare({ authorization: `Bearer ${api.key}` })).status, 200)
    for (const headers of [{}, { 'x-vault-token': 's.wrong' }, { cookie: `strongroom_session=${api.key}` }]) {
      const refused = await bare(headers as Record<string, string>)
      assert.deepEqual([refused.status, await refused.json()], [403, { errors: ['permission denied'] }])
    }
    assert.equal((await bare({}, `?key=${api.key}`)).status, 403)
  })

  test('logs in with an API key, looks it up, and revokes it', async (t) => {
    const { api, url, withScopes } = await start(t, sqlite)
    const job = await withScopes('secrets:read')
    const { body: own } = await job.get('/v3/keys/self')
    const login = (role_id: string, secret_id: string) =>
      new Api(url, '').post('/v1/auth/approle/login', { role_id, secret_id })
    const { status, body } = await login(String(own.id), job.key)
    assert.deepEqual([status, body.auth.client_token, body.auth.policies], [200, job.key, ['secrets:read']])
    for (const [role, secret] of [
      ['1', job.key],
      [String(own.id), api.key],
      [String(own.id), 'x'],
      ['', ''],
    ] as const) {
      assert.equal((await login(role, secret)).status, 400)
    }
    const looked = await job.get('/v1/auth/token/lookup-self')
    assert.deepEqual(
      [looked.body.data.id, looked.body.data.ttl, looked.body.data.policies],
      [job.key, 0, ['secrets:read']],
    )
    assert.equal((await job.post('/v1/auth/token/renew-self', {})).status, 400)
    assert.equal((await job.post('/v1/auth/token/revoke-self', {})).status, 204)
    assert.equal((await job.get('/v1/auth/token/lookup-self')).status, 403)
    assert.equal((await login(String(own.id), job.key)).status, 400)
  })

  test('says what a token may do', async (t) => {
    const { withScopes } = await start(t, sqlite)
    const key = await withScopes('secrets:read:app/*@default', 'secrets:write:app/*@default')
    const paths = [
      'secret/data/app/db',
      'secret/data/other',
      'prod/data/app/db',
      'secret/metadata/app/db',
      'sys/mounts',
    ]
    const { body } = await key.post('/v1/sys/capabilities-self', { paths })
    assert.deepEqual(body.data, {
      'secret/data/app/db': ['create', 'read', 'update'],
      'secret/data/other': ['deny'],
      'prod/data/app/db': ['deny'],
      'secret/metadata/app/db': ['create', 'update'],
      'sys/mounts': ['deny'],
      capabilities: ['create', 'read', 'update'],
    })
  })

  test('answers with the type that the real server has, and nothing more, as some clients take no other', async (t) => {
    const { api, put } = await start(t, sqlite)
    await put('secret/data/a', { v: '1' })
    for (const path of ['secret/data/a', 'secret/data/none', 'sys/health', 'sys/none', 'auth/token/lookup-self']) {
      const { headers } = await api.get(`/v1/${path}`)
      assert.equal(headers.get('content-type'), 'application/json', path)
    }
  })

  test('refuses what is not there in the words of the real server', async (t) => {
    const { api, url } = await start(t, sqlite)
    for (const path of ['transit/keys/a', 'sys/policy', 'identity/entity', 'cubbyhole/a', 'secret/subkeys/a']) {
      const { status, body } = await api.get(`/v1/${path}`)
      assert.deepEqual([status, body], [404, { errors: [`no handler for route "${path}". route entry not found.`] }])
    }
    const { status, body } = await api.delete('/v1/sys/health')
    assert.deepEqual([status, body], [405, { errors: [] }])
    for (const [data, words] of [
      [undefined, 'no data provided'],
      ['text', 'expected a map'],
    ] as const) {
      const wrong = await api.post('/v1/secret/data/a', { data })
      assert.equal(wrong.status, 400)
      assert.ok(wrong.body.errors[0].includes(words), wrong.text)
    }
    assert.equal((await api.post('/v1/secret/data/a', '{"data":{"a":')).status, 400)
    assert.equal((await api.get('/v1/secret/data/a', { 'x-vault-namespace': 'team' })).status, 404)
    assert.equal((await fetch(`${url}/v1/sys/health`)).status, 200)
    assert.equal((await fetch(`${url}/v1/sys/seal-status`)).status, 200)
  })

  test('is off unless it is wanted', async (t) => {
    const { api } = await startServer(t, sqlite)
    assert.equal((await api.get('/v1/sys/health')).status, 404)
    assert.equal((await api.get('/v1/secret/data/a')).status, 404)
  })

  test('takes LIST where a request begins, and nowhere else', async (t) => {
    const { api, put, url } = await start(t, sqlite)
    await put('secret/data/a', { v: '1' })
    const { port } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1')
    t.after(() => socket.destroy())
    let received = ''
    socket.setEncoding('utf8').on('data', (text) => (received += text))
    const body = JSON.stringify({ data: { v: 'LIST /v1/ in a value' } })
    const cut = body.indexOf('LIST')
    const head = (first: string, length?: number) =>
      `${first} HTTP/1.1\r\nhost: localhost\r\nx-vault-token: ${api.key}\r\n${length === undefined ? '' : `content-type: application/json\r\ncontent-length: ${length}\r\n`}\r\n`
    const answers = async (count: number) => {
      while (received.split('HTTP/1.1 ').length - 1 < count) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    socket.write(head('LIST /v1/secret/metadata'))
    await answers(1)
    socket.write(head('POST /v1/secret/data/a', body.length) + body.slice(0, cut))
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.write(body.slice(cut))
    await answers(2)
    socket.write(head('LIST /v1/secret/metadata'))
    await answers(3)
    assert.deepEqual(received.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200'])
    assert.equal((await api.get('/v1/secret/data/a')).body.data.data.v, 'LIST /v1/ in a value')
  })
})
