/** A store of version 0.1 is sealed anew as it is opened: it answers as before, and nothing that was exchanged gets in. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { restore } from '../../src/copy/backup.ts'
import { Keyring } from '../../src/crypto/keyring.ts'
import { openRootKeys } from '../../src/crypto/providers/open.ts'
import type { Refusal } from '../../src/errors.ts'
import { openVault } from '../../src/open.ts'
import type { Engine } from '../../src/store/engine.ts'
import { sqlitePath } from '../../src/store/location.ts'
import { openStore } from '../../src/store/open.ts'
import { PostgresEngine } from '../../src/store/postgres/postgres.ts'
import { SqliteEngine } from '../../src/store/sqlite/sqlite.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { codeOf, password } from '../support/portal-account.ts'
import { startServer, type TestServer, testConfig } from '../support/server.ts'
import { copyRootKey, facts, firstStore, partOf } from './first-store.ts'

/** Shortly after it was made: its seed and its job's key still live. */
const now = () => facts.madeAt + 90_000
const [sqlite] = engines

async function answersAsBefore(server: TestServer): Promise<void> {
  const api = new Api(server.url, facts.key)
  assert.equal((await api.get('/v3/secrets/1')).body.value, 'third ✓')
  assert.equal((await api.get('/v3/secrets/1/versions/1')).body.value, 'first')
  assert.equal(Buffer.from((await api.get('/v3/secrets/2')).body.value, 'base64').toString(), 'a file')
  assert.equal((await api.get('/v3/secrets/3/metadata')).body.list.name, 'prod')
  assert.equal((await new Api(server.url, facts.otherKey).get('/v3/secrets/1')).body.value, 'of the other')
  assert.equal((await new Api(server.url, facts.readerKey).get('/v3/secrets/1')).body.value, 'third ✓')
  assert.equal((await new Api(server.url, facts.revokedKey).get('/v3/secrets/1')).status, 401)
  for (const path of ['keys', 'users', 'machines', 'seeds', 'trust-rules', 'deployments', 'lists', 'settings']) {
    const answer = await api.get(`/v3/${path}`)
    assert.equal(answer.status, 200, `${path} ${answer.text}`)
  }
  assert.equal((await api.get('/v3/settings')).body.vm_auth, true)
  assert.deepEqual((await api.get('/v3/sign-in')).body, { second_factor_required: true })
  assert.deepEqual((await new Api(server.url, facts.otherKey).get('/v3/sign-in')).body, {
    second_factor_required: false,
  })
  const code = codeOf(facts.totpSecret, now())
  const ada = new Person(server.url)
  const signedIn = await ada.post('/v3/session', { account: 'default', email: 'ada@example.com', password, code })
  assert.equal(signedIn.status, 201, signedIn.text)
  assert.deepEqual((await ada.get('/v3/session/factors')).body.passkeys.length, 1)
  // An address was one user's of all accounts then.
  const second = { email: 'ada@example.com', role: 'reader' }
  assert.equal((await new Api(server.url, facts.otherKey).post('/v3/users', second)).status, 201)
  assert.equal((await api.post('/v3/users', second)).status, 409)
  const seed = await fetch(`${server.url + facts.seedUrl}user-data`)
  assert.equal(await seed.text(), 'x: third ✓\n')
  const again = await api.post('/v3/secrets', { name: 'later', value: 'later' }, { 'idempotency-key': 'later' })
  assert.equal(again.status, 201, again.text)
}

async function assertHolds(server: TestServer): Promise<void> {
  for await (const { fault, differences } of verifyAudit(server.vault, { state: true })) {
    assert.deepEqual([fault, differences], [undefined, []])
  }
}

async function engineOf(place: Place): Promise<Engine> {
  const store = await openStore({ ...place, keepVersions: 10, diskReserveBytes: 0, mayMake: false })
  const roots = await openRootKeys(testConfig(place).rootKeys)
  const keyring = await Keyring.open(roots, await store.keyring(() => assert.fail()))
  await store.close()
  const engine =
    place.databaseUrl === undefined
      ? await SqliteEngine.open({ path: sqlitePath(place.dataDir), mayMake: false, isOwner: true })
      : await PostgresEngine.open(place.databaseUrl, { mayMake: false })
  await engine.takeRowKey({ key: keyring.rowMacKey, storeId: keyring.storeId })
  return engine
}

/** Seals some rows anew, and breaks off. */
async function sealSteps(place: Place, steps: number): Promise<void> {
  const engine = await engineOf(place)
  try {
    for (let step = 0; step < steps; step++) assert.equal(await engine.sealStep(2), false)
  } finally {
    await engine.close()
  }
}

const isNotAuthentic = ({ code, message }: Refusal) => {
  assert.equal(code, 'integrity_failure')
  assert.match(message, /not (as it was sealed|authentic)/)
  return true
}

for (const engine of engines) {
  suite(`${engine.name}: a store of version 0.1`, { skip: engine.skip }, () => {
    test('answers as before once it is opened, its trail holds, and every row has a MAC of today', async (t) => {
      const place = await firstStore(t, engine)
      const server = await startServer(t, engine, { place, now })

      await assertHolds(server)
      await answersAsBefore(server)
      await assertHolds(server)

      const [mark] = await query(place, `select value from meta where name = 'row_format'`)
      assert.equal(Buffer.from(mark?.['value'] as Uint8Array).toString(), '2')
    })

    test('is sealed in steps, and goes on where it was broken off', async (t) => {
      const place = await firstStore(t, engine)

      await sealSteps(place, 5)
      await sealSteps(place, 7)
      const server = await startServer(t, engine, { place, now })

      await assertHolds(server)
      await answersAsBefore(server)
    })

    test('is not opened when any row of it is not as it was sealed, and nothing is believed', async (t) => {
      const forgeries = [
        `update api_keys set scopes = 'secrets:read' where id = 2 and account_id = 1`,
        `update users set role = 'owner' where id = 2`,
        'update secrets set version = 2 where id = 1 and account_id = 1',
        "update machines set scopes = 'secrets:read' where id = 2",
        'update account_settings set vm_auth = 0',
        `update factors set data = '{"hashes":[]}' where kind = 'recovery_codes'`,
        'update sign_in_rules set second_factor = 0',
        'update seeds set max_fetches = 9',
        `update trust_rules set scopes = 'secrets:read'`,
        `update lists set uid = '${'0a'.repeat(16)}' where id = 2`,
      ]
      for (const forgery of forgeries) {
        const place = await firstStore(t, engine)
        await query(place, forgery)

        // One that is opened is closed, so that it is a failure and no hang.
        const opening = openVault(testConfig(place)).then(({ close }) => close())
        await assert.rejects(opening, isNotAuthentic, forgery)

        const [mark] = await query(place, `select value from meta where name = 'row_format'`)
        assert.notEqual(Buffer.from((mark?.['value'] as Uint8Array | undefined) ?? []).toString(), '2', forgery)
      }
    })

    test('is not opened when what came since, and no MAC of then covers, is not as the migrations leave it', async (t) => {
      const forgeries = [
        'update api_keys set is_owner = 1 where id = 2 and account_id = 1',
        `update api_keys set maker_kind = 'host', maker_id = 0, maker_name = 'x' where id = 2 and account_id = 1`,
        'update users set generation = 7 where id = 2',
        `update accounts set machine_networks = '10.0.0.0/8' where id = 2`,
        'update seeds set maker_generation = 7',
      ]
      for (const forgery of forgeries) {
        const place = await firstStore(t, engine)
        // Runs the migrations, as whoever writes the database may.
        await (await engineOf(place)).close()
        await query(place, forgery)

        const opening = openVault(testConfig(place)).then(({ close }) => close())

        await assert.rejects(opening, isNotAuthentic, forgery)
      }
    })

    test('gets no row of then in again, however the mark is set back', async (t) => {
      const place = await firstStore(t, engine)
      const [old] = await query(place, 'select * from api_keys order by account_id desc, id desc limit 1')
      const key = [old?.['account_id'], old?.['id']] as [number, number]
      const ofThen = old?.['mac'] as Uint8Array
      const marks: Uint8Array[] = []
      await sealSteps(place, 1)
      marks.push((await query(place, `select value from meta where name = 'row_format'`))[0]?.['value'] as Uint8Array)
      const server = await startServer(t, engine, { place, now })
      await new Api(server.url, facts.key).get('/v3/secrets/1')
      await server.stop()
      // The last key as the first version sealed it: whatever the steps before it are worth, it would be a step alone.
      await query(place, 'update api_keys set mac = ? where account_id = ? and id = ?', ofThen, ...key)

      const [first] = marks
      const upToTheLast = JSON.stringify([0, [key[0], key[1] - 1], ''])
      for (const mark of [undefined, first, ...['1', '[13,null,""]', upToTheLast].map((text) => Buffer.from(text))]) {
        await query(place, `delete from meta where name = 'row_format'`)
        if (mark !== undefined) await query(place, `insert into meta (name, value) values ('row_format', ?)`, mark)

        await assert.rejects(openVault(testConfig(place)), isNotAuthentic)

        const [after] = await query(place, 'select mac from api_keys where account_id = ? and id = ?', ...key)
        assert.deepEqual(Buffer.from(after?.['mac'] as Uint8Array), Buffer.from(ofThen))
      }
    })

    test('has nothing sealed by a mark that was kept, once it is sealed: also when its trails are set back', async (t) => {
      const place = await firstStore(t, engine)
      const mark = `select value from meta where name = 'row_format'`
      const marks: Uint8Array[] = []
      const engineThen = await engineOf(place)
      while (!(await engineThen.sealStep(2))) marks.push((await query(place, mark))[0]?.['value'] as Uint8Array)
      await engineThen.close()
      const trails = await query(place, 'select id, audit_size, audit_head, audit_ms from accounts')
      const server = await startServer(t, engine, { place, now })
      await new Api(server.url, facts.key).get('/v3/secrets/1')
      await server.stop()
      const rows = await query(place, 'select id, name, mac from accounts order by id')

      for (const kept of marks) {
        await query(place, `delete from meta where name = 'row_format'`)
        await query(place, `insert into meta (name, value) values ('row_format', ?)`, kept)
        for (const { id, audit_size: size, audit_head: head, audit_ms: at } of trails) {
          await query(
            place,
            `update accounts set audit_size = ?, audit_head = ?, audit_ms = ?, name = ?, mac = ? where id = ?`,
            ...[size ?? 0, head ?? null, at ?? 0, `forged-${id}`, new Uint8Array(), id ?? 0],
          )
        }

        const opening = openVault(testConfig(place)).then(({ close }) => close())

        await assert.rejects(opening, isNotAuthentic)
        for (const { mac } of await query(place, 'select mac from accounts'))
          assert.equal((mac as Uint8Array).length, 0)
        for (const { id, name, mac } of rows) {
          await query(place, 'update accounts set name = ?, mac = ? where id = ?', name ?? '', mac ?? null, id ?? 0)
        }
      }
    })

    test('and no other is sealed anew: one of today is not taken for one, whatever is taken away', async (t) => {
      const { place, otherAccount, stop } = await startServer(t, engine)
      await otherAccount()
      await stop()
      const accounts = () => query(place, 'select id, name, mac from accounts order by id')
      const [one, other] = await accounts()
      // All that had a MAC then would be put back afterwards, as it is.
      const withMac = ['api_keys', 'machines', 'account_settings', 'sign_in_rules', 'factors', 'users', 'secret_keys']
      for (const table of [...withMac, 'secrets', 'seeds', 'trust_rules']) await query(place, `delete from ${table}`)
      for (const table of ['accounts', 'lists', 'versions', 'deployments', 'replies']) {
        await query(place, `update ${table} set mac = ?`, new Uint8Array())
      }
      await query(place, `update accounts set name = 'between' where id = 1`)
      await query(place, 'update accounts set name = ? where id = 2', one?.['name'] ?? null)
      await query(place, 'update accounts set name = ? where id = 1', other?.['name'] ?? null)
      await query(place, `delete from meta where name = 'row_format'`)

      const opening = openVault(testConfig(place)).then(({ close }) => close())

      await assert.rejects(opening, isNotAuthentic)
      for (const { mac } of await accounts()) assert.equal((mac as Uint8Array).length, 0)
    })

    test('is restored from a backup that it made, and sealed anew', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      copyRootKey(place)

      const proof = await restore(testConfig(place), place, async function* (part) {
        yield partOf(part)
      })

      assert.deepEqual([proof.accounts, proof.secrets], [2, 4])
      const server = await startServer(t, engine, { place, now })
      await answersAsBefore(server)
      await assertHolds(server)
    })
  })
}

suite('A new store', () => {
  test('is marked as sealed from its beginning', async (t) => {
    assert.ok(sqlite)
    const { place } = await startServer(t, sqlite)

    const [mark] = await query(place, `select value from meta where name = 'row_format'`)

    assert.equal(Buffer.from(mark?.['value'] as Uint8Array).toString(), '2')
  })
})
