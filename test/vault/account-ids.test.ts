/** An account that was taken away behind the server's back leaves nothing to the next one that is made. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { Client } from 'pg'
import { createAccount } from '../../src/vault/accounts.ts'
import { Api } from '../support/api.ts'
import { engines, type Place } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

/** Whatever refers to what. */
async function behind({ dataDir, databaseUrl }: Place, statements: readonly string[]): Promise<void> {
  if (databaseUrl === undefined) {
    const options = { timeout: 5000, enableForeignKeyConstraints: false }
    const database = new DatabaseSync(join(dataDir, 'strongroom.db'), options)
    for (const statement of statements) database.exec(statement)
    return database.close()
  }
  const client = new Client(databaseUrl)
  await client.connect()
  await client.query("set session_replication_role = 'replica'")
  for (const statement of statements) await client.query(statement)
  await client.end()
}

for (const engine of engines) {
  suite(`${engine.name}: an account`, { skip: engine.skip }, () => {
    test('does not get the id of one whose row was taken away, and so none of its keys', async (t) => {
      const { vault, url, place, otherAccount } = await startServer(t, engine)
      const other = await otherAccount()
      const kept = await other.post('/v3/keys', { name: 'kept', scopes: ['secrets:list', 'secrets:read'] })
      assert.equal(kept.status, 201, kept.text)
      // What would be in the way of another account with this id.
      await behind(place, [
        ...['audit', 'account_keys', 'account_settings', 'sign_in_rules'].map(
          (table) => `delete from ${table} where account_id = 2`,
        ),
        'delete from api_keys where account_id = 2 and id = 1',
        'delete from accounts where id = 2',
      ])

      const made = await createAccount(vault, { name: 'test', requestId: 'test' }, 'next')

      assert.equal(made.account.id, 3)
      assert.equal((await new Api(url, kept.body.api_key).get('/v3/secrets')).status, 401)
      assert.equal((await new Api(url, made.token).get('/v3/secrets')).status, 200)
    })
  })
}
