/** Opening a store: the settings that durability rests on hold, and a store that cannot be trusted is not opened. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Refusal } from '../../src/errors.ts'
import { pending } from '../../src/store/migrations/migrations.ts'
import { openStore } from '../../src/store/open.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { query } from '../support/database.ts'
import { engines, type Place, type TestEngine } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: a store`, { skip: engine.skip }, () => {
    test('of a newer program is refused and left as it is', async (t) => {
      const place = await placeOf(t, engine)
      await (await open(t, place)).close()
      await query(place, `insert into migrations values ('9999-later', 1)`)
      const before = await query(place, 'select * from migrations order by name')

      await assert.rejects(open(t, place), (error) => {
        assert.ok(error instanceof Refusal)
        assert.equal(error.code, 'invalid')
        return /9999-later.*newer version/.test(error.message)
      })

      assert.deepEqual(await query(place, 'select * from migrations order by name'), before)
      await query(place, `delete from migrations where name = '9999-later'`)
      await (await open(t, place)).close()
    })

    for (const hasThread of [true, false]) {
      const where = hasThread ? 'on a thread of its own' : 'beside its caller'
      test(`refuses what comes after it was closed, ${where}`, async (t) => {
        const store = await open(t, await placeOf(t, engine), hasThread)

        await store.close()

        const isClosed = (error: unknown) => error instanceof Refusal && error.code === 'audit_unavailable'
        await assert.rejects(store.ping(), isClosed)
        await assert.rejects(
          store.submit({
            caller: { kind: 'system', accountId: 1 },
            requestId: 'late',
            address: '',
            operation: { kind: 'read_secret', id: 1 },
          }),
          isClosed,
        )
      })
    }

    test('opened many times at one moment has each migration once', async (t) => {
      const place = await placeOf(t, engine)

      const stores = await Promise.all(Array.from({ length: 4 }, () => open(t, place)))

      await Promise.all(stores.map((store) => store.close()))
      const names = (await query(place, 'select name from migrations order by name')).map(({ name }) => String(name))
      assert.deepEqual(pending(names), [])
    })
  })
}

suite('SQLite', () => {
  test('waits for whoever writes into a new file as it is opened', async (t) => {
    const place = await placeOf(t, sqlite())
    const path = join(place.dataDir, 'strongroom.db')
    mkdirSync(place.dataDir, { recursive: true })
    const writer = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads')
      const database = new (require('node:sqlite').DatabaseSync)(workerData)
      database.exec('create table other (one integer); begin immediate')
      parentPort.postMessage('writes')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
      database.exec('commit')
      database.close()`,
      { eval: true, workerData: path },
    )
    await once(writer, 'message')

    const database = openDatabase(path, true)

    t.after(() => database.close())
    assert.deepEqual(
      database.prepare('pragma journal_mode').get(),
      Object.assign(Object.create(null), { journal_mode: 'wal' }),
    )
    await once(writer, 'exit')
  })

  test('runs with the settings that durability and safety rest on', async (t) => {
    const place = await placeOf(t, sqlite())

    const database = openDatabase(join(place.dataDir, 'strongroom.db'), true)

    t.after(() => database.close())
    const actual = (name: string) => Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0]
    assert.deepEqual(
      ['journal_mode', 'synchronous', 'foreign_keys', 'trusted_schema', 'secure_delete', 'cell_size_check'].map(actual),
      ['wal', 2, 1, 0, 1, 1],
    )
  })

  test('keeps its files from other users', async (t) => {
    const { place, api } = await startServer(t, sqlite())
    await api.post('/v3/secrets', { name: 'one', value: 'v' })

    for (const file of ['strongroom.db', 'strongroom.db-wal']) {
      assert.equal(statSync(join(place.dataDir, file)).mode & 0o777, 0o600, file)
    }
  })

  test('refuses a file that is no database', async (t) => {
    const place = await placeOf(t, sqlite())

    const path = join(place.dataDir, 'strongroom.db')
    const text = 'This is a text, and no database. '.repeat(100)
    writeFileSync(path, text)

    await assert.rejects(open(t, place))

    assert.equal(readFileSync(path, 'utf8'), text)
  })
})

test('SQLite: a thread whose store was closed, or could not be opened, takes the next one', async (t) => {
  const [one, other] = [await placeOf(t, sqlite()), await placeOf(t, sqlite())]
  await (await open(t, one)).close()
  let threads = 0
  const count = () => {
    threads++
  }
  process.on('worker', count)
  t.after(() => process.off('worker', count))
  const torn = await placeOf(t, sqlite())
  writeFileSync(join(torn.dataDir, 'strongroom.db'), 'no database')

  await assert.rejects(open(t, torn), { code: 'invalid' })
  const store = await open(t, other)
  await store.ping()
  await store.close()
  const again = await open(t, one)

  assert.equal(threads, 0)
  // Two that are open at once are two.
  const beside = await open(t, other)
  const keyring = { storeId: 'ab'.repeat(16), masterKeys: [], canary: Buffer.from('canary') }
  assert.equal((await again.keyring(async () => keyring)).storeId, keyring.storeId)
  await assert.rejects(
    beside.keyring(() => Promise.reject(new Error('has none'))),
    /has none/,
  )
})

suite('PostgreSQL', { skip: postgres().skip }, () => {
  for (const level of ['off', 'local', 'remote_write']) {
    test(`with synchronous_commit = ${level} is refused, and the reason is given`, async (t) => {
      const place = await placeOf(t, postgres())
      await (await open(t, place)).close()
      await setForAll(place, level)

      await assert.rejects(open(t, place), (error) => {
        assert.ok(error instanceof Refusal && error.cause instanceof Error)
        assert.equal(error.code, 'audit_unavailable')
        return /synchronous_commit must be on/.test(error.cause.message)
      })
    })
  }

  test('with synchronous_commit = remote_apply is taken', async (t) => {
    const place = await placeOf(t, postgres())
    await setForAll(place, 'remote_apply')

    const store = await open(t, place)

    await store.ping()
    await store.close()
  })

  test('is let go of by a store that is closed while it is asked', async (t) => {
    const place = await placeOf(t, postgres())
    const store = await open(t, place)
    const asked = store.ping()

    await store.close()

    await asked
    const connections = await query(
      place,
      `select pid from pg_stat_activity where datname = current_database() and application_name like 'strongroom %'`,
    )
    assert.deepEqual(connections, [])
  })

  test('is one of a bounded number, however many ask at once', async (t) => {
    const place = await placeOf(t, postgres())
    const store = await open(t, place)

    await Promise.all(Array.from({ length: 200 }, () => store.accounts()))

    const [row] = await query(
      place,
      `select count(*) as count from pg_stat_activity where datname = current_database() and application_name like 'strongroom %'`,
    )
    assert.ok(Number(row?.['count']) <= 9, String(row?.['count']))
    assert.ok(Number(row?.['count']) >= 2)
  })

  test('is found behind hosts that do not answer', async (t) => {
    const place = await placeOf(t, postgres())
    const { host } = new URL(place.databaseUrl ?? '')
    const databaseUrl = `${place.databaseUrl?.replace(host, `127.0.0.1:1,${host}`)}?target_session_attrs=read-write`

    const store = await open(t, { ...place, databaseUrl })

    await store.ping()
    await store.close()
  })
})

test('Migrations that a store lacks follow those that it has, and no others', () => {
  const names = pending([]).map(({ name }) => name)

  assert.deepEqual(names, names.toSorted())
  for (let count = 0; count <= names.length; count++) {
    const lacking = pending(names.slice(0, count)).map(({ name }) => name)
    assert.deepEqual(lacking, names.slice(count))
  }
  assert.throws(() => pending(['0000-earlier', ...names]), Refusal)
})

function sqlite(): TestEngine {
  return engines.find(({ name }) => name === 'SQLite') ?? assert.fail()
}

function postgres(): TestEngine {
  return engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
}

async function placeOf(t: TestContext, engine: TestEngine): Promise<Place> {
  const place = await engine.makePlace()
  t.after(() => place.clear())
  return place
}

/** Opens a store that is closed when the test ends, however it ends. */
async function open(t: TestContext, { dataDir, databaseUrl }: Place, hasThread = true) {
  const wanted = { keepVersions: 10, diskReserveBytes: 0, mayMake: true, hasThread }
  const store = await openStore({ dataDir, databaseUrl, ...wanted })
  t.after(() => store.close())
  return store
}

/** For every connection to this database from now on. */
async function setForAll(place: Place, level: string): Promise<void> {
  const name = new URL(place.databaseUrl ?? '').pathname.slice(1)
  await query(place, `alter database ${name} set synchronous_commit = ${level}`)
}
