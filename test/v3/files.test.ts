/** Files, and what is known of secrets beside their values. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { updateSecret } from '../../src/vault/secrets.ts'
import { authenticate } from '../../src/vault/vault.ts'
import { startAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { host } from '../support/portal-account.ts'
import { startServer } from '../support/server.ts'

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

for (const engine of engines) {
  suite(`${engine.name}: a file`, { skip: engine.skip }, () => {
    test('comes back byte for byte, in base64 and as it is', async (t) => {
      const { api, url } = await startAccount(t, engine)
      const files = [Buffer.alloc(0), everyByte, Buffer.from([0xff, 0xfe, 0x00]), randomBytes(1_048_576)]

      for (const [at, bytes] of files.entries()) {
        const value = bytes.toString('base64')
        const made = await api.post('/v3/secrets', {
          name: `f${at}`,
          value,
          encoding: 'base64',
          type: 'file',
          filename: 'key store.p12',
        })
        assert.deepEqual(Object.keys(made.body), ['id', 'name', 'created_at', 'updated_at'])

        const read = await api.get(`/v3/secrets/${made.body.id}`)
        assert.deepEqual([read.body.value === value, read.headers.get('strongroom-encoding')], [true, 'base64'])
        const content = await fetch(`${url}/v3/secrets/${made.body.id}/content?key=${api.key}`)
        assert.equal(Buffer.compare(Buffer.from(await content.arrayBuffer()), bytes), 0)
        assert.equal(content.headers.get('content-type'), 'application/octet-stream')
        assert.equal(content.headers.get('content-disposition'), 'attachment; filename="key store.p12"')
        assert.equal(content.headers.get('x-content-type-options'), 'nosniff')
      }
    })

    test('is replaced by plain bytes of any type, and its old version is kept', async (t) => {
      const { api, url } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'f', value: 'AAE=', type: 'file' })

      for (const type of ['application/octet-stream', 'text/html', 'application/json']) {
        const put = await api.send('PUT', '/v3/secrets/1/content', everyByte, { 'content-type': type })
        assert.equal(put.status, 200, put.text)
      }
      const empty = await api.send('PUT', '/v3/secrets/1/content')

      assert.equal(empty.headers.get('etag'), '"5"')
      assert.equal((await api.get('/v3/secrets/1')).body.value, '')
      assert.equal((await api.get('/v3/secrets/1/versions/1')).body.value, 'AAE=')
      assert.equal((await api.get('/v3/secrets/1/versions/4')).body.value, everyByte.toString('base64'))
      const restored = await api.post('/v3/secrets/1/versions/2/restore', undefined)
      assert.equal(restored.status, 200)
      const content = await fetch(`${url}/v3/secrets/1/content?key=${api.key}`)
      assert.equal(Buffer.compare(Buffer.from(await content.arrayBuffer()), everyByte), 0)
    })

    test('is stored as it was sent, though it has to be sealed again as another change came first', async (t) => {
      const { api, vault } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'f', value: 'AAE=', type: 'file' })
      const identity = await authenticate(vault, host)
      let isFirst = true
      const store = new Proxy(vault.store, {
        get(target, name) {
          if (name !== 'submit') return Reflect.get(target, name).bind(target)
          return async (request: Parameters<typeof target.submit>[0]) => {
            if (request.operation.kind === 'update_secret' && isFirst) {
              isFirst = false
              assert.equal((await api.put('/v3/secrets/by-name/f', { value: 'AAI=' })).status, 200)
            }
            return target.submit(request)
          }
        },
      })
      const input = { value: { bytes: Buffer.from(everyByte) }, match: undefined }

      const { secret } = await updateSecret({ ...vault, store }, host, identity, { id: 1 }, input)

      assert.equal(secret.version, 3)
      assert.equal((await api.get('/v3/secrets/1')).body.value, everyByte.toString('base64'))
    })

    test('is refused when it is too long, no base64, or has no safe name', async (t) => {
      const { api } = await startServer(t, engine, { maxFileBytes: 1000 })
      const file = (more: object) => api.post('/v3/secrets', { name: 'f', value: '', type: 'file', ...more })

      assert.equal((await file({ value: Buffer.alloc(1001).toString('base64') })).status, 413)
      for (const value of ['A', 'AAA', 'AA==\n', '!!!!', 'AAF=', 'AA-_']) {
        assert.deepEqual([(await file({ value })).status, value], [400, value])
      }
      for (const filename of ['', '..', 'a/b', 'a\\b', 'a\r\nb', 'x'.repeat(256)]) {
        assert.deepEqual([(await file({ filename })).status, filename], [400, filename])
      }
      assert.equal((await file({ type: 'folder' })).status, 400)
      assert.equal((await api.post('/v3/secrets', { name: 't', value: 'v', filename: 'n' })).status, 400)
      await api.post('/v3/secrets', { name: 't', value: 'v' })
      assert.equal((await api.send('PUT', '/v3/secrets/1/content', Buffer.from([0xff]))).status, 400)
      assert.equal((await api.put('/v3/secrets/1', { value: '/w==', encoding: 'base64' })).status, 400)
      assert.equal((await api.put('/v3/secrets/1', { value: 'w6Q=', encoding: 'base64' })).status, 200)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'ä')
    })

    test('says nothing of itself to a key that may not change it', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'f', value: 'AAE=', type: 'file' })
      const reader = await withScopes('secrets:list')

      assert.equal((await reader.put('/v3/secrets/1', { value: 'no base64' })).status, 403)
      assert.equal((await reader.get('/v3/secrets/1/content')).status, 403)
    })
  })

  suite(`${engine.name}: what is known of a secret`, { skip: engine.skip }, () => {
    test('is changed in parts, and leaves the value and its version alone', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'one', value: 'v', tags: ['b', 'a'], description: 'first' })

      const expires_at = '2031-01-31T00:00:00Z'
      const changed = await api.send('PATCH', '/v3/secrets/1/metadata', { expires_at })
      await api.put('/v3/secrets/1', { value: 'w' })
      const { body } = await api.get('/v3/secrets/1/metadata')

      assert.equal(changed.status, 200)
      assert.deepEqual(Object.keys(body), [
        ...['id', 'name', 'type', 'filename', 'list', 'version', 'description', 'tags'],
        ...['expires_at', 'created_at', 'updated_at', 'decoy'],
      ])
      const { list, version, description, tags } = body
      assert.deepEqual(
        { list, version, description, tags, expires_at: body.expires_at },
        { list: { id: 1, name: 'default' }, version: 2, description: 'first', tags: ['a', 'b'], expires_at },
      )
      await api.send('PATCH', '/v3/secrets/1/metadata', { expires_at: null, tags: [] })
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.expires_at, null)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'w')
    })

    test('is changed only as it was read, when If-Match asks for that, whatever became of the value', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'one', value: 'v', description: 'first' })
      const tagOf = async () => (await api.get('/v3/secrets/1/metadata')).headers.get('etag') ?? ''
      const patch = (body: object, tag: string) =>
        api.send('PATCH', '/v3/secrets/1/metadata', body, { 'if-match': tag })

      const first = await tagOf()
      await api.put('/v3/secrets/1', { value: 'w' })
      const changed = await patch({ description: 'second' }, first)
      const late = await patch({ tags: ['late'] }, first)

      assert.equal(changed.status, 200)
      assert.deepEqual([late.status, late.body.code], [412, 'stale_version'])
      const second = await tagOf()
      assert.equal(changed.headers.get('etag'), second)
      // None is a version of the value, and no version is one of them.
      for (const tag of [first, second]) {
        assert.match(tag, /^"m[A-Za-z0-9_-]{22}"$/)
        assert.equal((await api.put('/v3/secrets/1', { value: 'x' }, { 'if-match': tag })).status, 412)
      }
      for (const tag of ['"2"', `W/${second}`, second.slice(0, -2).concat('"'), '"m"']) {
        assert.equal((await patch({ tags: ['late'] }, tag)).status, 412, tag)
      }
      assert.equal((await patch({ tags: ['late'] }, second.slice(1, -1))).status, 400)
      assert.deepEqual((await api.get('/v3/secrets/1/metadata')).body.tags, [])
      assert.equal((await patch({ tags: ['b'] }, `${first}, ${second}`)).status, 200)
      assert.equal((await patch({ tags: ['c'] }, '*')).status, 200)
      assert.equal((await api.send('PATCH', '/v3/secrets/2/metadata', {}, { 'if-match': '*' })).status, 412)
      const { body } = await api.get('/v3/audit?action=metadata.update&outcome=stale_version')
      assert.equal(body.records.length, 6)
    })

    test('has another tag after each change of it, of its list, or of its name', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'one', value: 'AAH/', type: 'file' })
      await api.post('/v3/lists', { name: 'Web' })
      const changes: readonly (() => Promise<{ readonly status: number }>)[] = [
        ...[{ description: 'd' }, { tags: ['a'] }, { filename: 'a.bin' }, { expires_at: '2031-01-31T00:00:00Z' }].map(
          (change) => () => api.send('PATCH', '/v3/secrets/1/metadata', change),
        ),
        () => api.put('/v3/lists/2/secrets/1', undefined),
        () => api.send('POST', '/api/secrets/lists/2/values/1', { secret_key: 'two' }),
      ]
      const tags = new Set([(await api.get('/v3/secrets/1/metadata')).headers.get('etag')])
      for (const [at, change] of changes.entries()) {
        assert.equal((await change()).status, 200, String(at))
        tags.add((await api.get('/v3/secrets/1/metadata')).headers.get('etag'))
        assert.equal(tags.size, at + 2, String(at))
      }
    })

    test('is changed by one of many who begin with the same state', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'one', value: 'v' })
      const tag = (await api.get('/v3/secrets/1/metadata')).headers.get('etag') ?? ''

      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, at) =>
          api.send('PATCH', '/v3/secrets/1/metadata', { description: `of ${at}` }, { 'if-match': tag }),
        ),
      )

      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array.from({ length: 11 }, () => 412)])
      const done = answers.find(({ status }) => status === 200)
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.description, done?.body.description)
    })

    test('is refused when it breaks a rule, and nothing is changed', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'one', value: 'v' })

      for (const wrong of [
        { tags: ['a b'] },
        { tags: [''] },
        { tags: Array.from({ length: 33 }, String) },
        { description: 'x'.repeat(1025) },
        { description: '\u0000' },
        { expires_at: 'tomorrow' },
        { expires_at: '2031-02-29T00:00:00Z' },
        { expires_at: '2031-13-01T00:00:00Z' },
        { expires_at: '2031-00-10T00:00:00Z' },
        { filename: 'x' },
        { type: 'file' },
        { name: 'other' },
      ]) {
        const answer = await api.send('PATCH', '/v3/secrets/1/metadata', wrong)
        assert.equal(answer.status, 400, JSON.stringify(wrong))
      }
      assert.equal((await api.send('PATCH', '/v3/secrets/2/metadata', {})).status, 404)
      assert.equal((await api.send('PATCH', '/v3/secrets/1/metadata', {}, { 'if-match': '"2"' })).status, 412)
    })

    test('is refused when it was changed behind the server’s back', async (t) => {
      const { api, place } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'one', value: 'v', expires_at: '2031-01-31T00:00:00Z' })
      assert.equal((await api.get('/v3/secrets/1/metadata')).status, 200)

      await query(place, 'update secrets set expires_ms = expires_ms + 1')

      assert.equal((await api.get('/v3/secrets/1/metadata')).status, 500)
      assert.equal((await api.get('/v3/secrets/1')).status, 500)
    })

    test('says when a value has expired, which can still be read', async (t) => {
      const now = Date.UTC(2026, 5, 1)
      const { api } = await startServer(t, engine, { now: () => now })
      const expiries = ['2026-05-31T00:00:00Z', undefined, '2026-07-01T00:00:00Z', '2026-01-01T00:00:00Z', undefined]
      for (const [at, expires_at] of expiries.entries()) {
        await api.post('/v3/secrets', { name: `s${at + 1}`, value: 'v', expires_at })
      }
      const ids = async (query: string) => {
        const found: number[] = []
        for (let cursor: string | null = ''; cursor !== null; ) {
          const answer = await api.get(`/v3/secrets?${query}${cursor && `&cursor=${cursor}`}`)
          found.push(...answer.body.secrets.map(({ id }: { id: number }) => id))
          cursor = answer.headers.get('strongroom-next-cursor')
        }
        return found
      }

      const read = await api.get('/v3/secrets/1')

      assert.deepEqual([read.status, read.headers.get('strongroom-expired')], [200, 'true'])
      assert.equal((await api.get('/v3/secrets/3')).headers.get('strongroom-expired'), null)
      assert.deepEqual(await ids('expired=first'), [1, 4, 2, 3, 5])
      for (const limit of [1, 2, 3]) assert.deepEqual(await ids(`expired=first&limit=${limit}`), [1, 4, 2, 3, 5])
      assert.deepEqual(await ids('expires_before=2026-06-15T00:00:00Z'), [1, 4])
      await api.send('PATCH', '/v3/secrets/2/metadata', { tags: ['team:db'] })
      assert.deepEqual(await ids('tag=team:db'), [2])
    })
  })

  suite(`${engine.name}: a list`, { skip: engine.skip }, () => {
    test('is made, renamed, filled and deleted by v3', async (t) => {
      const { api } = await startAccount(t, engine)

      const made = await api.post('/v3/lists', { name: 'Team A' })
      assert.deepEqual([made.status, made.headers.get('location')], [201, '/v3/lists/1'])
      assert.deepEqual(Object.keys(made.body), ['id', 'name', 'created_at', 'updated_at'])
      assert.equal((await api.post('/v3/lists', { name: 'Team A' })).status, 409)
      assert.equal((await api.post('/v3/secrets', { name: 'one', value: 'v', list: 'Team A' })).status, 201)
      assert.equal((await api.post('/v3/secrets', { name: 'two', value: 'v', list: 'Team B' })).status, 404)
      await api.post('/v3/secrets', { name: 'two', value: 'v' })
      const moved = await api.put('/v3/lists/1/secrets/2', undefined)
      assert.deepEqual(moved.body, { id: 2, name: 'two', list: { id: 1, name: 'Team A' } })
      assert.equal((await api.put('/v3/lists/9/secrets/2', undefined)).status, 404)
      assert.equal((await api.put('/v3/lists/1', { name: 'Team C' })).body.name, 'Team C')
      assert.equal((await api.get('/v3/lists/1/secrets')).body.secrets.length, 2)
      assert.equal((await api.get('/v3/lists')).body.lists.length, 2)

      assert.equal((await api.delete('/v3/lists/1')).status, 200)
      assert.deepEqual((await api.get('/v3/secrets')).body.secrets, [])
      assert.equal((await api.get('/v3/lists/1')).status, 404)
      assert.equal((await api.post('/v3/lists', { name: 'new' })).body.id, 3)
    })
  })
}
