/** What batches know of rows that batches before have checked: only what the store still holds, to the byte. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { secretsById } from '../../src/store/lookups.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { SqliteTransaction } from '../../src/store/sqlite/transaction.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const first = '/v3/secrets/1'
const second = '/v3/secrets/2'

for (const engine of engines) {
  suite(`${engine.name}: rows that were read a moment ago`, { skip: engine.skip }, () => {
    for (const [what, change] of [
      ['a secret', `update secrets set name = 'other' where account_id = 1 and id = 1`],
      ['a value', 'update versions set sealed = wrapped from secret_keys k where k.account_id = 1 and k.secret_id = 1'],
      ['a key of a secret', 'delete from secret_keys where account_id = 1 and secret_id = 1'],
      ['an API key', `update api_keys set scopes = 'secrets:write' where account_id = 1`],
      ['an account', 'update accounts set next_key_id = next_key_id + 1 where id = 1'],
    ] as const) {
      test(`are not believed when somebody has changed ${what} beside the server`, async (t) => {
        const { server, api } = await prepare(t)
        assert.equal((await api.get(first)).status, 200)
        assert.equal((await api.get(first)).status, 200)

        await query(server.place, change)

        assert.equal((await api.get(first)).status, 500)
        assert.equal((await api.get(first)).status, 500)
      })
    }

    test('are as another program has left them, if they are authentic', async (t) => {
      const { server, api } = await prepare(t)
      const [older] = await query(server.place, 'select * from secrets where account_id = 1 and id = 1')
      await api.put(first, { value: 'newer value' })
      assert.equal((await api.get(first)).body.value, 'newer value')

      await query(
        server.place,
        'update secrets set version = ?, updated_ms = ?, mac = ? where account_id = 1 and id = 1',
        ...[older?.['version'] ?? null, older?.['updated_ms'] ?? null, older?.['mac'] ?? null],
      )

      assert.equal((await api.get(first)).body.value, 'value of 1')
    })

    test('are as the requests before have left them', async (t) => {
      const { server, api } = await prepare(t)
      const { body } = await api.post('/v3/keys', { name: 'reader', scopes: ['secrets:read'] })
      const reader = new Api(server.url, body.api_key)
      assert.equal((await reader.get(first)).body.value, 'value of 1')

      await api.put(first, { value: 'newer value' })
      assert.equal((await reader.get(first)).body.value, 'newer value')
      await api.delete(first)
      assert.equal((await reader.get(first)).status, 404)
      assert.equal((await reader.get(second)).status, 200)
      await api.delete(`/v3/keys/${body.id}`)
      assert.equal((await reader.get(second)).status, 401)
    })

    test('are not those that a batch wrote which broke off', { skip: engine.name !== 'SQLite' }, async (t) => {
      const { server, api } = await prepare(t)
      // The last that a batch writes: the account's new head is written before.
      const when = `before insert on audit when new.action = 'list.create'`
      await query(server.place, `create trigger breaks ${when} begin select raise(abort, 'broken off'); end`)
      assert.equal((await api.get(first)).status, 200)

      assert.equal((await api.post('/v3/lists', { name: 'never' })).status, 503)

      assert.equal((await api.get(first)).status, 200)
      for await (const { fault } of verifyAudit(server.vault)) assert.equal(fault, undefined)
    })

    test('are checked once, unless they are long', { skip: engine.name !== 'SQLite' }, async (t) => {
      const { server, api } = await prepare(t)
      await api.put(second, { value: 'long'.repeat(2000) })
      const database = openDatabase(join(server.place.dataDir, 'strongroom.db'), false)
      t.after(() => database.close())
      const transaction = new SqliteTransaction(database)
      const checksOf = (id: number) => {
        let checks = 0
        const isAuthentic = (found: readonly unknown[]) => {
          checks += found.length
          return true
        }
        for (const _ of [1, 2, 3]) transaction.findChecked(secretsById, [{ accountId: 1, id }], isAuthentic)
        return checks
      }

      assert.deepEqual([checksOf(1), checksOf(2)], [1, 3])
    })

    async function prepare(t: TestContext) {
      const server = await startServer(t, engine)
      for (const id of [1, 2]) await server.api.post('/v3/secrets', { name: `name-${id}`, value: `value of ${id}` })
      return { server, api: server.api }
    }
  })
}
