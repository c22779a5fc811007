/** Somebody who can write the database, but has no key: nothing that they change is believed. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import { Api } from '../support/api.ts'
import { query, type Row } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** What is done to the tables, and which requests are then refused. */
interface Tampering {
  readonly what: string
  readonly statements: readonly string[]
  /** Who asks for what. */
  readonly refused: 'owner' | 'narrow'
  readonly request: readonly [method: string, path: string, body?: unknown]
  /** What the metrics count. */
  readonly object: 'secret' | 'key'
}

const readFirst = ['GET', '/v3/secrets/1'] as const

const ofSecrets: readonly Tampering[] = [
  ['a name', `update secrets set name = 'other' where account_id = 1 and id = 1`],
  ['a version that is older', 'update secrets set version = 1 where account_id = 1 and id = 1'],
  ['a uid', `update secrets set uid = '${'0a'.repeat(16)}' where account_id = 1 and id = 1`],
  [
    'a MAC',
    'update secrets set mac = (select mac from secrets where account_id = 1 and id = 2) where account_id = 1 and id = 1',
  ],
  [
    'the value of another version',
    'update versions set sealed = (select sealed from versions where account_id = 1 and secret_id = 1 and version = 1) where account_id = 1 and secret_id = 1 and version = 2',
  ],
  [
    'the value of another secret',
    'update versions set sealed = (select sealed from versions where account_id = 1 and secret_id = 2) where account_id = 1 and secret_id = 1 and version = 2',
  ],
  [
    'the value of another account',
    'update versions set sealed = (select sealed from versions where account_id = 2 and secret_id = 1) where account_id = 1 and secret_id = 1 and version = 2',
  ],
].map(([what, statement]) => ({
  what: what ?? '',
  statements: [statement ?? ''],
  refused: 'owner' as const,
  request: readFirst,
  object: 'secret' as const,
}))

const ofKeys: readonly Tampering[] = [
  ['wider scopes', `scopes = 'secrets:read'`],
  ['no expiry', 'expires_ms = null'],
  ['a later expiry', 'expires_ms = expires_ms + 1000'],
  ['no networks', `networks = ''`],
  ['another name', `name = 'owner'`],
  ['another uid', `uid = '${'0a'.repeat(16)}'`],
  ['another birthday', 'created_ms = created_ms - 1'],
  ['another maker', 'maker_id = maker_id + 1'],
  ['no maker', 'maker_kind = null'],
  ['the rights of an owner', 'is_owner = 1'],
  ['a MAC of another key', 'mac = (select mac from api_keys where account_id = 1 and id = 1)'],
  ['a MAC of nothing', 'mac = ?'],
].map(([what, change]) => ({
  what: what ?? '',
  statements: [`update api_keys set ${change} where account_id = 1 and id = 2`],
  refused: 'narrow' as const,
  request: readFirst,
  object: 'key' as const,
}))

for (const engine of engines) {
  suite(`${engine.name}: a database that was written to`, { skip: engine.skip }, () => {
    for (const tampering of [...ofSecrets, ...ofKeys]) {
      test(`with ${tampering.what} is refused, recorded and counted, and its neighbours go on`, async (t) => {
        const { server, narrow } = await prepare(t)
        const asker = tampering.refused === 'owner' ? server.api : narrow
        for (const statement of tampering.statements) {
          await query(server.place, statement, ...(statement.includes('?') ? [new Uint8Array(32)] : []))
        }

        const [method, path, body] = tampering.request
        const answer = await asker.send(method, path, body)

        assert.deepEqual([answer.status, answer.body.code], [500, 'integrity_failure'], answer.text)
        assert.doesNotMatch(answer.text, /current|value of/)
        const metrics = (await server.api.get('/metrics')).text
        assert.match(metrics, new RegExp(`strongroom_integrity_failures_total\\{object="${tampering.object}"\\} 1`))
        const records = (await server.api.get('/v3/audit?outcome=integrity_failure')).body.records
        assert.deepEqual(
          records.map(({ object }: { object: Row }) => object['kind']),
          [tampering.object],
        )
        assert.equal((await server.api.get('/v3/secrets/2')).body.value, 'neighbour')
      })
    }

    test('with another secret key, or one of another account, opens nothing after a restart', async (t) => {
      const { server } = await prepare(t)
      await server.stop()
      const other = '(select wrapped from secret_keys where account_id = 1 and secret_id = 2)'
      await query(server.place, `update secret_keys set wrapped = ${other} where account_id = 1 and secret_id = 1`)

      const again = await startServer(t, engine, { place: server.place })
      const api = new Api(again.url, server.api.key)

      assert.equal((await api.get('/v3/secrets/1')).status, 500)
      assert.equal((await api.put('/v3/secrets/1', { value: 'new' })).status, 500)
      assert.equal((await api.get('/v3/secrets/2')).body.value, 'neighbour')
    })

    test('with a key that was never made does not let it in', async (t) => {
      const { server } = await prepare(t)
      const token = 'sr_00000000000000000000000000000000000000000002CZclj'
      const hash = server.vault.keyring.tokenHash(token)
      await query(
        server.place,
        `insert into api_keys (account_id, id, uid, name, token_hash, scopes, networks, created_ms, mac, agent, is_owner)
           select account_id, 9, uid, name, '${hash}', scopes, networks, created_ms, mac, agent, is_owner
           from api_keys where account_id = 1 and id = 1`,
      )

      const answer = await new Api(server.url, token).get('/v3/secrets/1')

      assert.deepEqual([answer.status, answer.body.code], [500, 'integrity_failure'])
    })

    test('with a revoked key made good again does not let it in', async (t) => {
      const { server, narrow } = await prepare(t)
      await server.api.delete('/v3/keys/2')
      assert.equal((await narrow.get('/v3/secrets/1')).status, 401)

      await query(server.place, 'update api_keys set revoked_ms = null where account_id = 1 and id = 2')

      assert.equal((await narrow.get('/v3/secrets/1')).status, 500)
    })

    test('with a key moved to another account does not let it in there', async (t) => {
      const { server, narrow } = await prepare(t)
      await query(server.place, 'update api_keys set account_id = 2, id = 9 where account_id = 1 and id = 2')

      assert.equal((await narrow.get('/v3/secrets/1')).status, 500)
    })

    test('in its audit trail is found by verifying it, and the record named', async (t) => {
      const { server } = await prepare(t)
      const faults = async () => {
        const found: (number | undefined)[] = []
        for await (const { fault } of verifyAudit(server.vault)) found.push(fault?.seq)
        return found
      }
      assert.deepEqual(await faults(), [undefined, undefined])

      await query(server.place, `update audit set outcome = 'not_found' where account_id = 1 and seq = 3`)
      await query(server.place, 'delete from audit where account_id = 2 and seq = 2')

      assert.deepEqual(await faults(), [3, 2])
    })

    async function prepare(t: Parameters<typeof startServer>[0]): Promise<{ server: TestServer; narrow: Api }> {
      const server = await startServer(t, engine, { now: () => Date.UTC(2026, 0, 1) })
      const other = await server.otherAccount()
      await other.post('/v3/secrets', { name: 'db-password', value: 'their value' })
      const narrowed = {
        name: 'narrow',
        scopes: ['secrets:read:db-*'],
        networks: ['127.0.0.0/8'],
        expires_at: '2026-02-01T00:00:00Z',
      }
      const { body } = await server.api.post('/v3/keys', narrowed)
      await server.api.post('/v3/secrets', { name: 'db-password', value: 'old value' })
      await server.api.put('/v3/secrets/1', { value: 'current value' })
      await server.api.post('/v3/secrets', { name: 'neighbour', value: 'neighbour' })
      return { server, narrow: new Api(server.url, body.api_key) }
    }
  })
}
