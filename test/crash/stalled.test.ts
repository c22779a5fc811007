/** A PostgreSQL that hangs, is held up or was left behind: everybody is answered in time, and all goes on by itself. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { listListing } from '../../src/store/listings.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { type Answer, type Api, getPatiently } from '../support/api.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { type Cluster, connectTo, startCluster } from '../support/postgres.ts'
import { CommitProxy } from '../support/proxy.ts'
import { startServer, type TestServer } from '../support/server.ts'

const listsOf = ({ store }: TestServer['vault']) => store.rowsOf(1, listListing, { after: undefined, limit: 10 })

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
const { skip } = postgres
/** About ten seconds are promised; the machine of the tests has its own delays. */
const boundMs = 12_000

suite('A PostgreSQL that stands still', { skip }, () => {
  test('lets everybody be answered in time, whenever they came, and all goes on with it', async (t) => {
    const cluster = await clusterOf(t)
    const { api, vault } = await serverOn(t, cluster.url)
    await api.post('/v3/secrets', { name: 'one', value: 'v' })
    // Several connections of both kinds are there.
    await Promise.all(Array.from({ length: 10 }, () => api.get('/v3/lists')))

    cluster.freeze()
    const asked: Promise<Timed>[] = []
    for (let at = 0; at < 12; at++) {
      asked.push(timed(api, '/v3/secrets/1'), timed(api, '/v3/lists'), timed(api, '/v3/secrets'))
      // Changes of one secret take turns, which would each wait anew.
      if (at % 2 === 0) asked.push(timing(() => api.put('/v3/secrets/1', { value: 'w' })))
      await setTimeout(500)
    }
    const answers = await Promise.race([Promise.all(asked), setTimeout(2 * boundMs, undefined, { ref: false })])
    cluster.thaw()

    assert.ok(answers !== undefined, 'Somebody still waits.')
    for (const { answer, ms } of answers) {
      assert.equal(answer.status, 503, answer.text)
      assert.ok(['audit_unavailable', 'outcome_unknown'].includes(answer.body.code), answer.text)
      assert.ok(ms < boundMs, `${Math.round(ms)} ms`)
    }
    assert.equal((await getPatiently(api, '/v3/secrets/1')).body.value, 'v')
    assert.equal((await api.post('/v3/secrets', { name: 'two', value: 'v' })).status, 201)
    for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
  })

  test('lets a plain query be answered in time', async (t) => {
    const cluster = await clusterOf(t)
    const { vault } = await serverOn(t, cluster.url)
    await listsOf(vault)
    cluster.freeze()
    const began = performance.now()

    const asked = await Promise.allSettled(Array.from({ length: 12 }, () => listsOf(vault)))

    assert.ok(performance.now() - began < boundMs, `${Math.round(performance.now() - began)} ms`)
    assert.deepEqual([...new Set(asked.map(({ status }) => status))], ['rejected'])
    cluster.thaw()
    await listsOf(vault)
  })

  test('is closed in time', async (t) => {
    const cluster = await clusterOf(t)
    const { api, stop } = await serverOn(t, cluster.url)
    await api.get('/v3/lists')
    cluster.freeze()
    const began = performance.now()

    await stop().catch(() => {})

    assert.ok(performance.now() - began < boundMs)
    cluster.thaw()
  })
})

test('A line that lets nothing through is left for another, and nobody notices but by the time', {
  skip,
}, async (t) => {
  const place = await postgres.makeMigratedPlace()
  const proxy = await CommitProxy.start(place.databaseUrl ?? assert.fail())
  t.after(() => place.clear())
  t.after(() => proxy.stop())
  const { api } = await startServer(t, postgres, { place: { ...place, databaseUrl: proxy.url } })
  await api.post('/v3/secrets', { name: 'one', value: 'v' })

  proxy.hush()
  const { answer, ms } = await timed(api, '/v3/secrets/1')

  assert.deepEqual([answer.status, answer.body.value], [200, 'v'])
  assert.ok(ms < boundMs, `${Math.round(ms)} ms`)
  assert.equal((await timed(api, '/v3/lists')).answer.status, 200)
})

test('A lock that somebody holds on an account keeps nobody longer than promised', { skip }, async (t) => {
  const { api, place } = await startServer(t, postgres)
  await api.post('/v3/secrets', { name: 'one', value: 'v' })
  const holder = await connectTo(t, place.databaseUrl)
  await holder.query('begin')
  await holder.query('select id from accounts for update')

  const asked: Promise<Timed>[] = []
  for (let at = 0; at < 10; at++) {
    asked.push(timed(api, '/v3/secrets/1'))
    await setTimeout(500)
  }
  const answers = await Promise.all(asked)

  for (const { answer, ms } of answers) {
    assert.deepEqual([answer.status, answer.body.code], [503, 'audit_unavailable'])
    assert.ok(ms < boundMs, `${Math.round(ms)} ms`)
  }
  await holder.query('rollback')
  assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')
})

test('A standby that every commit waits for and that is not there keeps nobody longer than promised', {
  skip,
}, async (t) => {
  const cluster = await clusterOf(t)
  const { api } = await serverOn(t, cluster.url)
  await api.post('/v3/secrets', { name: 'one', value: 'v' })
  const admin = await connectTo(t, cluster.url)
  await admin.query('set synchronous_commit = local')
  await admin.query(`alter system set synchronous_standby_names = 'nobody'`)
  await admin.query('select pg_reload_conf()')

  const answers = await Promise.all(Array.from({ length: 4 }, (_, at) => timed(api, '/v3/secrets/1', at * 300)))

  for (const { answer, ms } of answers) {
    assert.equal(answer.status, 503, answer.text)
    assert.ok(ms < boundMs, `${Math.round(ms)} ms`)
  }
  await admin.query(`alter system set synchronous_standby_names = ''`)
  await admin.query('select pg_reload_conf()')
  assert.equal((await getPatiently(api, '/v3/secrets/1')).body.value, 'v')
})

test('After a failover the stale primary is left for the new one, and not returned to', { skip }, async (t) => {
  // Nobody looks at the hosts but upon a fault: else that would find the new one too.
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { old, standby, lagging, api } = await pairOf(t)
  standby.promote()
  // As commits do that wait for a standby which has left.
  const holder = await connectTo(t, old.url)
  await holder.query('begin')
  await holder.query('select id from accounts for update')

  const { answer, ms } = await timed(api, '/v3/secrets/1')

  assert.deepEqual([answer.status, answer.body.value], [200, 'of both'], answer.text)
  assert.ok(ms < boundMs, `${Math.round(ms)} ms`)
  assert.equal((await api.post('/v3/secrets', { name: 'two', value: 'of the new' })).status, 201)
  const there = await lagging.query(`select name from secrets where name = 'two'`)
  assert.equal(there.rowCount, 1)
  await holder.query('rollback')
  standby.freeze()
  assert.equal((await timed(api, '/v3/secrets/1')).answer.status, 503)
  assert.equal((await timed(api, '/v3/lists')).answer.status, 503)
  standby.thaw()
  assert.equal((await getPatiently(api, '/v3/secrets/1')).body.value, 'of both')
})

test('A primary that was left behind is left, although it answers as before', { skip }, async (t) => {
  const { standby, lagging, api } = await pairOf(t)

  standby.promote()

  const end = performance.now() + boundMs
  for (let count = 0; ; count++) {
    const { status, body } = await api.post('/v3/secrets', { name: `n-${count}`, value: 'v' })
    const { rowCount } = await lagging.query('select 1 from secrets where name = $1', [`n-${count}`])
    if (rowCount === 1) break
    assert.ok([201, 503].includes(status), body.code)
    assert.ok(performance.now() < end, 'It is not left.')
    await setTimeout(250)
  }
  assert.equal((await getPatiently(api, '/v3/secrets/1')).body.value, 'of both')
})

interface Timed {
  readonly answer: Answer
  readonly ms: number
}

async function timed(api: Api, path: string, afterMs = 0): Promise<Timed> {
  await setTimeout(afterMs)
  return timing(() => api.get(path))
}

async function timing(ask: () => Promise<Answer>): Promise<Timed> {
  const began = performance.now()
  const answer = await ask()
  return { answer, ms: performance.now() - began }
}

async function clusterOf(t: TestContext): Promise<Cluster> {
  const cluster = (await startCluster()) ?? assert.fail('Needs the programs of a PostgreSQL server.')
  t.after(() => cluster.stop())
  return cluster
}

/** A server that knows a primary and its standby, which has all that the primary has. */
async function pairOf(t: TestContext) {
  const old = await clusterOf(t)
  const standby = await old.startStandby()
  t.after(() => standby.stop())
  const { host } = new URL(standby.url)
  const { api } = await serverOn(t, old.url.replace(/(127\.0\.0\.1:\d+)/, `$1,${host}`))
  await api.post('/v3/secrets', { name: 'one', value: 'of both' })
  const lagging = await connectTo(t, standby.url)
  await caughtUp(old, lagging)
  return { old, standby, lagging, api }
}

async function serverOn(t: TestContext, databaseUrl: string) {
  const place = { dataDir: makeFolder(), databaseUrl, clear: async () => {} }
  return startServer(t, postgres, { place })
}

async function caughtUp(primary: Cluster, standby: Client): Promise<void> {
  const client = new Client(primary.url)
  await client.connect()
  const { rows } = await client.query<{ at: string }>('select pg_current_wal_insert_lsn()::text as at')
  await client.end()
  for (let tries = 0; tries < 200; tries++) {
    const seen = await standby.query<{ is: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as is', [
      rows[0]?.at,
    ])
    if (seen.rows[0]?.is === true) return
    await setTimeout(50)
  }
  assert.fail('The standby does not follow.')
}
