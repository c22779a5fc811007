/** Reads on condition: what the caller has already is answered 304, without a value and without a record. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { type Answer, Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const paths = ['/v3/secrets/1', '/v3/secrets/by-name/web%2Fdb', '/v3/secrets/1/content']
const byName = paths[1] ?? ''

function unless(tag: string, headers: Record<string, string> = {}) {
  return { 'if-none-match': tag, ...headers }
}

async function reads(api: Api): Promise<readonly string[]> {
  const { body } = await api.get('/v3/audit?action=secret.read')
  return body.records.map(({ outcome }: { readonly outcome: string }) => outcome)
}

function statusOf({ status }: Answer): number {
  return status
}

for (const engine of engines) {
  suite(`${engine.name}: a read on condition`, { skip: engine.skip }, () => {
    test('is answered 304 and leaves no record while the version is the newest, whichever way it is read', async (t) => {
      const { api, vault } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'web/db', value: 'one', expires_at: '2020-01-01T00:00:00Z' })
      const size = await vault.store.auditSize(1)

      for (const path of paths) {
        for (const tag of ['"1"', 'W/"1"', '"7", "1"', '"other" , W/"1"', '*', '"1.1"']) {
          const answer = await api.get(path, unless(tag))
          assert.deepEqual([answer.status, answer.text, answer.headers.get('etag')], [304, '', '"1"'], `${path} ${tag}`)
          assert.equal(answer.headers.get('strongroom-expired'), 'true')
          assert.equal(answer.headers.get('strongroom-environment'), 'default')
        }
        assert.equal((await api.send('HEAD', path, undefined, unless('"1"'))).status, 304)
      }
      assert.equal(await vault.store.auditSize(1), size)
    })

    test('is a read, and recorded, once there is anything else', async (t) => {
      const { api, vault } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'web/db', value: 'one' })
      await api.put('/v3/secrets/1', { value: 'two' })
      const size = await vault.store.auditSize(1)
      let asked = 0
      for (const path of paths) {
        for (const tag of ['"1"', '"1", "3"', '"2.7"', '"two"', '"02"', '""', 'W/"2.0"']) {
          const answer = await api.get(path, unless(tag))
          asked++
          assert.deepEqual([answer.status, answer.headers.get('etag')], [200, '"2"'], `${path} ${tag}`)
          assert.match(answer.text, /two/)
        }
        assert.equal((await api.send('HEAD', path, undefined, unless('"1"'))).status, 200)
        asked++
      }
      assert.equal(await vault.store.auditSize(1), size + asked)
      for (const tag of ['2', '"2', '"1" "2"', '*, "2"', '']) {
        assert.equal((await api.get(byName, unless(tag))).status, 400, tag)
      }
    })

    test('opens no value', async (t) => {
      const { api, place } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'web/db', value: 'one' })
      await query(place, `update versions set sealed = (select wrapped from secret_keys)`)
      assert.equal((await api.get('/v3/secrets/1')).body.code, 'integrity_failure')
      for (const path of paths) assert.equal((await api.get(path, unless('"1"'))).status, 304)
    })

    test('of a template is answered anew, as what it refers to may have changed; as it is stored it is not', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'part', value: 'one' })
      await api.post('/v3/secrets', { name: 'url', type: 'template', value: `x-\${{secret.part}}` })
      for (const path of ['/v3/secrets/2', '/v3/secrets/by-name/url', '/v3/secrets/2/content']) {
        for (const tag of ['"1"', '*', '"1.2"']) {
          const answer = await api.get(path, unless(tag))
          assert.equal(answer.status, 200, path)
          assert.match(answer.text, /x-one/)
        }
        assert.equal((await api.get(`${path}?resolve=false`, unless('"1"'))).status, 304)
      }
    })

    test('is answered anew when another secret stands in the place of one that was inherited', async (t) => {
      const { api } = await startAccount(t, engine)
      const prod = { 'strongroom-environment': 'prod' }
      await api.post('/v3/environments', { name: 'prod', base: 'default' })
      await api.post('/v3/secrets', { name: 'web/db', value: 'of base' })
      for (const path of paths) assert.equal((await api.get(path, unless('"1"', prod))).status, 304)
      const { body } = await api.post('/v3/secrets', { name: 'web/db', value: 'own' }, prod)

      for (const tag of ['"1"', '"1.1"', '"1", "1.1"']) {
        const answer = await api.get(byName, unless(tag, prod))
        assert.deepEqual([answer.status, answer.body.value], [200, 'own'], tag)
      }
      assert.equal((await api.get(byName, unless(`"1.${body.id}"`, prod))).status, 304)
      assert.equal((await api.get('/v3/secrets/1', unless('"1"', prod))).status, 404)
      assert.equal((await api.get(byName, unless('"1"'))).status, 304)

      // And when it stands there no more.
      await api.delete(`/v3/secrets/${body.id}`)
      assert.equal((await api.get(byName, unless(`"1.${body.id}"`, prod))).body.value, 'of base')
    })

    test('with version and id is answered anew when the name was given to another secret', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'web/db', value: 'one' })
      await api.delete('/v3/secrets/1')
      await api.post('/v3/secrets', { name: 'web/db', value: 'another' })
      assert.equal((await api.get(byName, unless('"1.1"'))).body.value, 'another')
      assert.equal((await api.get('/v3/secrets/1', unless('"1"'))).status, 404)
    })

    test('is refused, and the refusal recorded, as any read is', async (t) => {
      const now = { ms: Date.now() }
      const { api, url, withScopes, otherAccount } = await startServer(t, engine, { now: () => now.ms })
      await api.post('/v3/secrets', { name: 'web/db', value: 'one' })
      const key = async (fields: object) => {
        const { body } = await api.post('/v3/keys', { name: 'k', scopes: ['secrets:read'], ...fields })
        return { id: body.id, api: new Api(url, body.api_key) }
      }
      const reader = await key({})
      const short = await key({ expires_at: new Date(now.ms + 60_000).toISOString() })
      const elsewhere = await key({ networks: ['192.0.2.0/24'] })
      const [lister, narrow, other] = [
        await withScopes('secrets:list'),
        await withScopes('secrets:read:x*'),
        await otherAccount(),
      ]
      const statuses = async (one: Api) =>
        Promise.all(paths.map(async (path) => statusOf(await one.get(path, unless('"1"')))))

      assert.deepEqual(await statuses(reader.api), [304, 304, 304])
      assert.deepEqual(await statuses(short.api), [304, 304, 304])
      assert.deepEqual(await statuses(elsewhere.api), [401, 401, 401])
      assert.deepEqual(await statuses(lister), [403, 403, 403])
      assert.deepEqual(await statuses(narrow), [404, 404, 404])
      assert.deepEqual(await statuses(other), [404, 404, 404])
      assert.deepEqual(await reads(other), ['not_found', 'not_found', 'not_found'])
      const refused = (await reads(api)).toSorted()
      assert.deepEqual(refused.filter((outcome) => outcome === 'forbidden').length, 3)
      assert.deepEqual(refused.filter((outcome) => outcome === 'not_found').length, 3)
      assert.ok(refused.includes('unauthenticated') && !refused.includes('ok'))

      await api.delete(`/v3/keys/${reader.id}`)
      now.ms += 61_000
      assert.deepEqual(await statuses(reader.api), [401, 401, 401])
      assert.deepEqual(await statuses(short.api), [401, 401, 401])
    })
  })
}
