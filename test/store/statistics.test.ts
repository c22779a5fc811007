/** What PostgreSQL knows of a store that is new, or has grown. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Deadline } from '../../src/store/postgres/deadline.ts'
import { Hosts } from '../../src/store/postgres/hosts.ts'
import { Pool } from '../../src/store/postgres/pool.ts'
import { countGrown, watchStatistics } from '../../src/store/postgres/statistics.ts'
import { engines } from '../support/engines.ts'
import { administer, connectTo } from '../support/postgres.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

/** Rows of a table that needs no others. */
const signIns = (from: number, to: number) =>
  `insert into attempts (name, until_ms, count) select 'a' || n, 1, 1 from generate_series(${from}, ${to}) n`

async function startNew(t: TestContext) {
  const place = await postgres.makeMigratedPlace()
  const { databaseUrl = '' } = place
  const pool = new Pool(new Hosts(databaseUrl), 1)
  t.after(async () => {
    await pool.close()
    await place.clear()
  })
  // A session tells of its rows when it ends.
  const insert = (from: number, to: number) => administer(databaseUrl, signIns(from, to))
  return { databaseUrl, pool, insert, client: await connectTo(t, databaseUrl) }
}

suite('The statistics of PostgreSQL', { skip: postgres.skip }, () => {
  test('know a table once it has some hundred rows, and again when it has several times as many', async (t) => {
    const { pool, insert } = await startNew(t)
    await insert(1, 100)
    assert.deepEqual(await countGrown(pool), [])

    await insert(101, 400)
    assert.deepEqual(await countGrown(pool), ['attempts'])
    assert.deepEqual(await countGrown(pool), [])

    await insert(401, 800)
    assert.deepEqual(await countGrown(pool), [])
    await insert(801, 2400)
    assert.deepEqual(await countGrown(pool), ['attempts'])
  })

  test('are made by one node at a time, and none waits for another', async (t) => {
    const { pool, insert, client } = await startNew(t)
    await insert(1, 400)
    await client.query('begin; select pg_advisory_xact_lock(7305610115)')
    assert.deepEqual(await countGrown(pool), [])
    await client.query('commit')
    assert.deepEqual(await countGrown(pool), ['attempts'])
  })

  test('are asked for again ten minutes after the database has refused them', async (t) => {
    const { pool } = await startNew(t)
    const client = await pool.take(new Deadline(10_000))
    const refusal = await client.query('select * from nowhere').catch((error: unknown) => error)
    pool.giveBack(client)
    const take = t.mock.method(pool, 'take', () => Promise.reject(refusal))
    t.mock.timers.enable({ apis: ['setInterval'] })
    const end = watchStatistics(pool)
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 5_000) {
        t.mock.timers.tick(5_000)
        await setImmediate()
      }
    }

    await pass(5_000)
    assert.equal(take.mock.callCount(), 1)
    await pass(600_000)
    assert.equal(take.mock.callCount(), 1)
    await pass(5_000)
    assert.equal(take.mock.callCount(), 2)
    end()
    await pass(700_000)
    assert.equal(take.mock.callCount(), 2)
  })

  test('wait for nobody who holds a table', async (t) => {
    const { pool, insert, client } = await startNew(t)
    await insert(1, 400)
    await client.query('begin; lock attempts in access exclusive mode')
    await countGrown(pool)
    await client.query('rollback')
    const { rows } = await client.query(`select reltuples from pg_class where oid = 'attempts'::regclass`)
    assert.equal(rows[0]?.reltuples, -1)
    assert.deepEqual(await countGrown(pool), ['attempts'])
  })
})
