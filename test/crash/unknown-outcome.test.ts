/** PostgreSQL gone at COMMIT: nobody is told that a change happened unless it is certain, and a repeat finds out. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Client } from 'pg'
import { verifyAudit } from '../../src/vault/audit.ts'
import { rounds } from '../support/chance.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { connectTo, startCluster } from '../support/postgres.ts'
import { CommitProxy } from '../support/proxy.ts'
import { startServer } from '../support/server.ts'

const times = rounds(6, 100)
/** For what PostgreSQL does in a moment. */
const waitMs = 60_000
const [, postgres] = engines
const skip = postgres?.skip ?? 'No PostgreSQL.'

suite('A connection that breaks at COMMIT', { skip }, () => {
  for (const cut of ['before', 'after'] as const) {
    test(`(${cut} it was carried out) is 503 outcome_unknown, and a repeat acts once`, async (t) => {
      const { api, vault, proxy } = await startBehindProxy(t)

      for (let round = 1; round <= times; round++) {
        const key = { 'idempotency-key': randomBytes(8).toString('hex') }
        const body = { name: `n-${round}`, value: `v-${round}` }
        proxy.cutNext(cut)
        // The key check of a request with a body commits too, but has nothing to lose: the cut may hit that one.
        const answer = await api.post('/v3/secrets', body, key)
        const wasCut = answer.status !== 201
        if (wasCut) assert.deepEqual([answer.status, answer.body.code], [503, 'outcome_unknown'])
        assert.equal(proxy.cuts, round)

        const repeated = await api.post('/v3/secrets', body, key)

        assert.deepEqual([repeated.status, repeated.body.id], [201, round])
        assert.equal((await api.get(`/v3/secrets/${round}`)).body.value, `v-${round}`)
      }
      for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
    })

    test(`(${cut} it was carried out) leaves no API key that nobody knows of`, async (t) => {
      const { api, proxy } = await startBehindProxy(t)

      for (let round = 1; round <= times; round++) {
        const key = { 'idempotency-key': randomBytes(8).toString('hex') }
        const body = { name: `ci-${round}`, scopes: ['secrets:list'] }
        proxy.cutNext(cut)
        const answer = await api.post('/v3/keys', body, key)
        if (answer.status !== 201) assert.deepEqual([answer.status, answer.body.code], [503, 'outcome_unknown'])

        const repeated = await api.post('/v3/keys', body, key)

        // A token once at most: where the first answer is lost with it, the second says whose.
        assert.ok([200, 201].includes(repeated.status), repeated.text)
        assert.equal(repeated.body.id, round + 1)
        assert.equal((await api.get('/v3/keys')).body.keys.length, round + 1)
      }
    })

    test(`(${cut} it was carried out) never lets an unrecorded value out`, async (t) => {
      const { api, vault, proxy } = await startBehindProxy(t)
      await api.post('/v3/secrets', { name: 'db-password', value: 'planted' })
      proxy.cutNext(cut)

      const answer = await api.get('/v3/secrets/1')

      assert.deepEqual([answer.status, answer.body.code], [503, 'outcome_unknown'])
      assert.doesNotMatch(answer.text, /planted/)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'planted')
      for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
    })
  }

  async function startBehindProxy(t: TestContext) {
    assert.ok(postgres)
    const place = await postgres.makeMigratedPlace()
    const proxy = await CommitProxy.start(place.databaseUrl ?? assert.fail())
    t.after(() => place.clear())
    const server = await startServer(t, postgres, { place: { ...place, databaseUrl: proxy.url } })
    t.after(() => proxy.stop())
    return { ...server, proxy }
  }
})

suite('A wait for a standby that was cancelled', { skip }, () => {
  test('is outcome_unknown, although PostgreSQL calls the COMMIT a success', async (t) => {
    const apart = await startApart(t)
    if (apart === undefined) return t.skip(noPrograms)
    const { api, stop, cluster } = apart
    await api.get('/v3/secrets')
    const admin = await connectTo(t, cluster.url)
    await setStandby(admin, 'nobody')

    await askUntilOneWaits(admin, () => api.get('/v3/secrets'))
    let isAnswered = false
    const pending = api.get('/v3/secrets').finally(() => {
      isAnswered = true
    })
    // Another's COMMIT may be what it waits behind.
    for (const end = performance.now() + waitMs; !isAnswered; await cancelWaiting(admin)) {
      assert.ok(performance.now() < end, 'It is not answered.')
    }
    const answer = await pending

    assert.deepEqual([answer.status, answer.body.code], [503, 'outcome_unknown'])
    await setStandby(admin, '')
    assert.equal((await api.get('/v3/secrets')).status, 200)
    await stop()
  })
})

test('A value of many reads at once waits until all is durable, and so does the trail', { skip }, async (t) => {
  const apart = await startApart(t)
  if (apart === undefined) return t.skip(noPrograms)
  const { api, vault, cluster } = apart
  await api.post('/v3/secrets', { name: 'one', value: 'planted' })
  const read = () => Promise.all(Array.from({ length: 20 }, () => api.get('/v3/secrets/1')))
  assert.deepEqual(new Set((await read()).map(({ body }) => body.value)), new Set(['planted']))
  const size = await vault.store.auditSize(1)
  const admin = await connectTo(t, cluster.url)
  await setStandby(admin, 'nobody')
  await askUntilOneWaits(admin, () => vault.store.probe())

  const answers = await read()
  // What they left can be seen by whoever looks past the server.
  const { rows } = await admin.query('select audit_size from accounts where id = 1')
  assert.ok(Number(rows[0]?.audit_size) > size)
  const telling = vault.store.auditSize(1)
  assert.ok(!(await isDone(telling)))

  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]))
  for (const { text } of answers) assert.doesNotMatch(text, /planted/)
  await setStandby(admin, '')
  await telling
  for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
})

const noPrograms = 'Needs the programs of a PostgreSQL server.'

/** A server on a cluster of its own, as a setting is made that has every commit of a cluster wait. */
async function startApart(t: TestContext) {
  assert.ok(postgres)
  const cluster = await startCluster()
  if (cluster === undefined) return undefined
  t.after(() => cluster.stop())
  const folder = makeFolder()
  const place = { dataDir: folder, databaseUrl: cluster.url, clear: async () => rmSync(folder, { recursive: true }) }
  return { ...(await startServer(t, postgres, { place })), cluster }
}

async function isDone(work: Promise<unknown>): Promise<boolean> {
  work.catch(() => {})
  return Promise.race([work.then(() => true), setTimeout(400, false)])
}

/** A standby that does not exist: every COMMIT waits for it. */
async function setStandby(admin: Client, name: string): Promise<void> {
  await admin.query(`set synchronous_commit = local`)
  await admin.query(`alter system set synchronous_standby_names = '${name}'`)
  await admin.query('select pg_reload_conf()')
}

/** PostgreSQL takes note of a setting some time after it was made: from when one COMMIT waits, all do. */
async function askUntilOneWaits(admin: Client, ask: () => Promise<unknown>): Promise<void> {
  let isOver = true
  for (const end = performance.now() + waitMs; ; ) {
    assert.ok(performance.now() < end, 'No COMMIT waits.')
    if (isOver) {
      isOver = false
      const over = () => {
        isOver = true
      }
      ask().then(over, over)
    }
    const { rowCount } = await admin.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'SyncRep'`,
    )
    if (rowCount !== 0) return
  }
}

/** Cancels what waits for the standby in this database. */
async function cancelWaiting(admin: Client): Promise<void> {
  await admin.query(
    `select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'SyncRep'`,
  )
}
