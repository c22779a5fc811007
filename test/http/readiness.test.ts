/** `/readyz`: whether what requests need can be done, answered in time whatever the store does. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { sqlitePath } from '../../src/store/location.ts'
import { query } from '../support/database.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { type Cluster, connectTo, startCluster } from '../support/postgres.ts'
import { startServer } from '../support/server.ts'

const sqlite = engines.find(({ name }) => name === 'SQLite') ?? assert.fail()
const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
/** Two seconds are promised; the machine of the tests has its own delays. */
const boundMs = 4_000

test('SQLite: a server is not ready while it cannot write, and ready again after', async (t) => {
  const { url, place } = await startServer(t, sqlite)
  await becomes(url, 200)
  const other = new DatabaseSync(sqlitePath(place.dataDir))
  t.after(() => other.close())

  other.exec('begin immediate')
  await becomes(url, 503)
  other.exec('rollback')

  await becomes(url, 200)
})

suite('PostgreSQL: a server is not ready', { skip: postgres.skip }, () => {
  test('while the database stands still, and ready again after', async (t) => {
    const cluster = await clusterOf(t)
    const { url } = await startServer(t, postgres, { place: placeOn(cluster) })
    await becomes(url, 200)

    cluster.freeze()
    await becomes(url, 503)
    for (let look = 0; look < 10; look++) assert.equal(await ready(url), 503)
    cluster.thaw()

    await becomes(url, 200)
  })

  test('while commits wait for a standby that is not there', async (t) => {
    const cluster = await clusterOf(t)
    const place = placeOn(cluster)
    const { url } = await startServer(t, postgres, { place })
    await becomes(url, 200)

    await query(place, `alter system set synchronous_standby_names = 'nobody'`)
    await query(place, 'select pg_reload_conf()')
    await becomes(url, 503)
    await query(place, `alter system set synchronous_standby_names = ''`)
    await query(place, 'select pg_reload_conf()')

    await becomes(url, 200)
  })

  test('while a batch waits for a lock, although other things could be written', async (t) => {
    const { api, url, place } = await startServer(t, postgres)
    const holder = await connectTo(t, place.databaseUrl)
    await holder.query('begin')
    await holder.query('select id from accounts for update')
    assert.equal(await ready(url), 200)

    const asked = api.get('/v3/secrets/1')
    await becomes(url, 503)

    await holder.query('rollback')
    await asked
    await becomes(url, 200)
  })
})

test('However often it is asked, the store is asked once a second', { skip: postgres.skip }, async (t) => {
  const { url, vault } = await startServer(t, postgres)
  const probe = t.mock.method(vault.store, 'probe')
  const began = performance.now()

  for (let times = 0; times < 30; times++) await Promise.all([ready(url), ready(url)])

  const seconds = (performance.now() - began) / 1000
  assert.ok(probe.mock.callCount() >= 1)
  assert.ok(probe.mock.callCount() <= 1 + seconds, `${probe.mock.callCount()} in ${seconds} s`)
})

/** @returns the status, in time */
async function ready(url: string): Promise<number> {
  const began = performance.now()
  const { status } = await fetch(`${url}/readyz`)
  const ms = performance.now() - began
  assert.ok(ms < boundMs, `${Math.round(ms)} ms`)
  return status
}

async function becomes(url: string, wanted: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await ready(url)) === wanted) return
    await setTimeout(100)
  }
  assert.fail(`It does not become ${wanted}.`)
}

async function clusterOf(t: TestContext): Promise<Cluster> {
  const cluster = (await startCluster()) ?? assert.fail('Needs the programs of a PostgreSQL server.')
  t.after(() => cluster.stop())
  return cluster
}

function placeOn(cluster: Cluster) {
  return { dataDir: makeFolder(), databaseUrl: cluster.url, clear: async () => {} }
}
