/** The account over the API: what it is allowed, and its key, replaced a part at a time. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Strongroom } from '../../src/client/index.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { Person } from '../support/person.ts'
import { startServer } from '../support/server.ts'

const person = { email: 'ada@example.com', password: 'seven orange tractors sing' }

for (const engine of engines) {
  suite(`${engine.name}: the account`, { skip: engine.skip }, () => {
    test('is shown with its key and with what the server is set to allow', async (t) => {
      const { api, withScopes } = await startServer(t, engine, { keepVersions: 3, rateLimit: 500 })

      const { body } = await api.get('/v3/account')

      assert.deepEqual(body, {
        id: 1,
        name: 'default',
        created_at: body.created_at,
        key: { version: 1, rotating: false, outdated: 0 },
        limits: { keep_versions: 3, max_value_bytes: 65_536, max_file_bytes: 1_048_576, requests_per_second: 500 },
      })
      const narrow = await withScopes('secrets:read', 'keys:manage', 'audit:read')
      assert.deepEqual([(await narrow.get('/v3/account')).status, (await rotate(narrow, 2)).status], [403, 403])
      assert.deepEqual(await outcomesOf(api, 'account.read'), ['forbidden', 'forbidden', 'ok'])
    })

    test('has its key replaced a part at a time, while every secret reads the same', async (t) => {
      const { api, place, vault } = await startServer(t, engine)
      // More than one request rewraps.
      const names = Array.from({ length: 5100 }, (_, at) => `s-${at + 1}`)
      await makeSecrets(vault, names, (name) => name)

      const first = await rotate(api, 2)
      assert.deepEqual([first.status, first.body], [200, { version: 2, rotating: true, outdated: 100 }])
      assert.deepEqual((await api.get('/v3/account')).body.key, first.body)
      assert.equal((await rotate(api, 3)).body.errors[0].detail, 'Must be 2: the rotation to it is not finished.')
      for (const id of [1, 5100]) assert.equal((await api.get(`/v3/secrets/${id}`)).body.value, `s-${id}`)
      assert.deepEqual((await rotate(api, 2)).body, { version: 2, rotating: false, outdated: 0 })

      // Asked once more, as after an answer that was lost, it does nothing.
      assert.deepEqual((await rotate(api, 2)).body, { version: 2, rotating: false, outdated: 0 })
      for (const version of [1_000, 4]) assert.equal((await rotate(api, version)).status, 400)
      const rows = await query(place, 'select distinct key_version from secret_keys')
      assert.deepEqual(
        rows.map((row) => Number(row['key_version'])),
        [2],
      )
      for (const id of [1, 2550, 5100]) assert.equal((await api.get(`/v3/secrets/${id}`)).body.value, `s-${id}`)
      assert.equal((await api.put('/v3/secrets/1', { value: 'new' })).status, 200)
      assert.deepEqual(await outcomesOf(api, 'account.rotate_key'), ['ok'])
      assert.deepEqual(await outcomesOf(api, 'account.drop_key'), ['ok'])
    })

    test('has its key replaced by the client, also when two do so at once', async (t) => {
      const { api, url } = await startServer(t, engine)
      for (let at = 1; at <= 20; at++) await api.post('/v3/secrets', { name: `s-${at}`, value: `v-${at}` })
      const clients = [1, 2].map(() => new Strongroom({ url, apiKey: api.key, retries: 5 }))

      const done = await Promise.all(clients.map((client) => client.account.rotateKey()))

      for (const key of done) assert.deepEqual(key, { version: key.version, rotating: false, outdated: 0 })
      const { key } = (await api.get('/v3/account')).body
      assert.ok(key.version === 2 || key.version === 3, `version ${key.version}`)
      for (let at = 1; at <= 20; at++) assert.equal((await api.get(`/v3/secrets/${at}`)).body.value, `v-${at}`)
    })

    test('has its key replaced by a person only who has just proven who they are', async (t) => {
      let waited = 0
      const { api, url } = await startServer(t, engine, { now: () => Date.now() + waited })
      const invited = await api.post('/v3/users', { email: person.email, role: 'owner' })
      const ada = new Person(url)
      await ada.accept(String(invited.body.invitation_url), person)
      waited = 16 * 60_000

      const refused = await ada.post('/v3/account/rotate-key', { version: 2 })
      assert.deepEqual([refused.status, refused.body.code], [403, 'confirmation_required'])
      await ada.post('/v3/session/confirm', { password: person.password })
      assert.equal((await ada.post('/v3/account/rotate-key', { version: 2 })).body.version, 2)
    })

    test('keeps the keys of other accounts as they are', async (t) => {
      const { api, place, otherAccount } = await startServer(t, engine)
      const other = await otherAccount()
      for (const one of [api, other]) await one.post('/v3/secrets', { name: 'db', value: 'v' })

      await rotate(api, 2)

      assert.equal((await other.get('/v3/account')).body.key.version, 1)
      const rows = await query(place, 'select account_id, key_version from secret_keys order by account_id')
      assert.deepEqual(
        rows.map((row) => [Number(row['account_id']), Number(row['key_version'])]),
        [
          [1, 2],
          [2, 1],
        ],
      )
    })
  })
}

type Api = Awaited<ReturnType<typeof startServer>>['api']

function rotate(api: Api, version: number) {
  return api.post('/v3/account/rotate-key', { version })
}

async function outcomesOf(api: Api, action: string): Promise<readonly string[]> {
  const { body } = await api.get(`/v3/audit?action=${action}`)
  return body.records.map(({ outcome }: { outcome: string }) => outcome)
}
