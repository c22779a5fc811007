/** The metrics: what is counted of the store and of the requests, and that counting harms nobody. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createMetrics, scrapeOf } from '../../src/http/metrics.ts'
import { ObjectCounter } from '../../src/http/object-counts.ts'
import { Conditions } from '../../src/store/conditions.ts'
import type { ObjectCounts } from '../../src/store/store.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { stillTime } from '../support/still-time.ts'

const dayMs = 86_400_000
const [sqlite] = engines

const objectCounts: ObjectCounts = {
  accounts: 1,
  keys: { active: 2, expired: 3, revoked: 4, within7Days: 5, within30Days: 6 },
  secrets: { all: 7, over90Days: 8, over365Days: 9, expired: 10, within7Days: 11, within30Days: 12 },
  deployments: { all: 13, stale: 14 },
  wraps: { account: 15, master: 16 },
  notIndexed: 0,
  webhooks: { waiting: 17, failed: 18, oldestMs: 19_000 },
}

/** The samples of our own metrics, by name and labels. */
function samplesOf(text: string): Record<string, number> {
  return Object.fromEntries(
    [...text.matchAll(/^(strongroom_[^ ]+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  )
}

for (const engine of engines) {
  suite(`${engine.name}: the metrics`, { skip: engine.skip }, () => {
    test('count accounts, keys and secrets as they are by now', async (t) => {
      const clock = { now: Date.parse('2026-01-15T10:00:00Z') }
      const { api, otherAccount } = await startServer(t, engine, { now: () => clock.now })
      const makeKey = (days?: number) => {
        const expiry = days === undefined ? {} : { expires_at: new Date(clock.now + days * dayMs).toISOString() }
        return api.post('/v3/keys', { name: 'k', scopes: ['secrets:list'], ...expiry })
      }
      const countedAt = clock.now + 400 * dayMs
      const makeSecret = (name: string, daysLeft: number) =>
        api.post('/v3/secrets', { name, value: 'v', expires_at: new Date(countedAt + daysLeft * dayMs).toISOString() })
      await makeSecret('oldest', 0)
      await makeSecret('changed', 7)
      await makeSecret('gone', 1)
      await makeKey(100)
      await makeKey(10)
      clock.now += 300 * dayMs
      await api.put('/v3/secrets/2', { value: 'v' })
      await makeSecret('old', 30)
      clock.now += 100 * dayMs
      await api.delete('/v3/secrets/3')
      await makeSecret('new', 31)
      const other = await otherAccount()
      await other.post('/v3/secrets', { name: 'new', value: 'v' })
      for (const days of [undefined, 3, 20, 90]) await makeKey(days)
      await makeSecret('temporary', 1)
      for (const name of ['new', 'temporary']) {
        await api.post('/v3/render', { template: `\${{secret.${name}}}`, target: `web-${name}` })
      }
      await api.delete('/v3/secrets/6')
      const revoked = await makeKey(3)
      await api.delete(`/v3/keys/${revoked.body.id}`)

      const samples = samplesOf((await api.get('/metrics')).text)

      assert.equal(samples['strongroom_store_up'], 1)
      assert.equal(samples['strongroom_accounts'], 2)
      assert.equal(samples['strongroom_secrets'], 5)
      assert.equal(samples['strongroom_secrets_unchanged{days="90"}'], 3)
      assert.equal(samples['strongroom_secrets_unchanged{days="365"}'], 1)
      assert.equal(samples['strongroom_secrets_expired'], 1)
      assert.equal(samples['strongroom_secrets_expiring{days="7"}'], 1)
      assert.equal(samples['strongroom_secrets_expiring{days="30"}'], 2)
      assert.equal(samples['strongroom_deployments{state="current"}'], 1)
      assert.equal(samples['strongroom_deployments{state="stale"}'], 1)
      // With the first key of each account.
      assert.equal(samples['strongroom_api_keys{state="active"}'], 6)
      assert.equal(samples['strongroom_api_keys{state="expired"}'], 2)
      assert.equal(samples['strongroom_api_keys{state="revoked"}'], 1)
      assert.equal(samples['strongroom_api_keys_expiring{days="7"}'], 1)
      assert.equal(samples['strongroom_api_keys_expiring{days="30"}'], 2)
    })

    test('leave no record behind', async (t) => {
      const { api, place } = await startServer(t, engine)
      const records = () => query(place, 'select id, audit_size from accounts')
      const before = await records()

      assert.equal((await api.get('/metrics')).status, 200)

      assert.deepEqual(await records(), before)
    })

    test('are there when the store is not, without the numbers that only it knows', async (t) => {
      const { api, vault } = await startServer(t, engine)
      await vault.store.close()
      assert.equal((await api.get('/v3/secrets')).status, 503)

      const { status, text } = await api.get('/metrics')

      const samples = samplesOf(text)
      assert.equal(status, 200)
      assert.equal(samples['strongroom_store_up'], 0)
      assert.equal(samples['strongroom_store_failed_batches_total{code="audit_unavailable"}'], 1)
      assert.deepEqual(
        Object.keys(samples).filter((name) => /^strongroom_(accounts|api_keys|secrets)/.test(name)),
        [],
      )
    })
  })
}

suite('The metrics', () => {
  test('tell the waiting for a batch from the time in the store', async (t) => {
    assert.ok(sqlite)
    const { api, vault } = await startServer(t, sqlite)
    const batches: { waitingSince: number; sentAt: number; backAt: number }[] = []
    const { onBatch } = vault.store.events
    vault.store.events.onBatch = (batch) => {
      batches.push(batch)
      onBatch(batch)
    }
    await Promise.all(Array.from({ length: 100 }, () => api.get('/v3/secrets/1')))

    const samples = samplesOf((await api.get('/metrics')).text)

    assert.ok(batches.every(({ waitingSince, sentAt, backAt }) => waitingSince <= sentAt && sentAt <= backAt))
    assert.equal(samples['strongroom_store_wait_duration_seconds_count'], batches.length)
    assert.equal(samples['strongroom_store_batch_duration_seconds_count'], batches.length)
    assert.ok((samples['strongroom_store_batch_operations_sum'] ?? 0) >= 100)
    const waited = batches.reduce((sum, { waitingSince, sentAt }) => sum + sentAt - waitingSince, 0) / 1000
    assert.ok(Math.abs((samples['strongroom_store_wait_duration_seconds_sum'] ?? 0) - waited) < 1e-6)
  })

  test('show the backlog and the disk as they are at the moment', async () => {
    const state = { waiting: 3, sent: 2, oldestMs: 1500, isNearlyFull: true }
    const store = {
      backlog: () => state,
      objectCounts: async () => objectCounts,
      isNearlyFull: () => state.isNearlyFull,
      clock: { now: () => 0, skewMs: -2500 },
      conditions: new Conditions(),
    }
    const scrape = scrapeOf(createMetrics(), store, Date.now)

    const first = samplesOf(await scrape())
    store.conditions.begin({ name: 'clock', detail: 'away', isRefusing: false })
    Object.assign(state, { waiting: 0, sent: 7, oldestMs: 0, isNearlyFull: false })
    const second = samplesOf(await scrape())

    const shown = (samples: Record<string, number>) => [
      samples['strongroom_audit_backlog_operations{state="waiting"}'],
      samples['strongroom_audit_backlog_operations{state="sent"}'],
      samples['strongroom_store_oldest_batch_seconds'],
      samples['strongroom_disk_nearly_full'],
      samples['strongroom_clock_skew_seconds'],
      samples['strongroom_store_condition{condition="clock"}'],
    ]
    assert.deepEqual(
      [shown(first), shown(second)],
      [
        [3, 2, 1.5, 1, -2.5, 0],
        [0, 7, 0, 0, -2.5, 1],
      ],
    )
  })

  for (const { limit, rateLimit, key } of [
    { limit: 'address', rateLimit: 20, key: undefined },
    { limit: 'failures', rateLimit: 1000, key: 'sr_mistyped' },
  ]) {
    test(`count the requests that were put off by the limit on ${limit}`, async (t) => {
      assert.ok(sqlite)
      const { api, url } = await startServer(t, sqlite, { rateLimit })
      const authorization = `Bearer ${key ?? api.key}`
      const time = stillTime(t)
      const answers = await Promise.all(
        Array.from({ length: 60 }, () => fetch(`${url}/v3/secrets`, { headers: { authorization } })),
      )
      const limited = answers.filter(({ status }) => status === 429).length
      assert.ok(limited > 0)
      time.pass(1000)

      const { text } = await api.get('/metrics')

      const counted = (name: string) => samplesOf(text)[`strongroom_limited_requests_total{limit="${name}"}`] ?? 0
      assert.equal(counted(limit), limited)
    })
  }
})

suite('The objectCounts', () => {
  test('is taken once for many who ask, and anew when it is old', async () => {
    const clock = { now: 0, count: 0 }
    const taker = new ObjectCounter(async () => {
      clock.count++
      return objectCounts
    })
    const take = () => taker.take(() => clock.now)

    const asked = await Promise.all([take(), take(), take()])
    clock.now = 29_999
    await take()
    assert.deepEqual([clock.count, ...asked], [1, objectCounts, objectCounts, objectCounts])
    clock.now = 30_000
    await take()
    assert.equal(clock.count, 2)
  })

  test('that took long is taken the more seldom', async () => {
    const clock = { now: 0, count: 0 }
    const taker = new ObjectCounter(async () => {
      clock.count++
      clock.now += 1000
      return objectCounts
    })
    for (const now of [0, 100_999, 101_000]) {
      clock.now = now
      await taker.take(() => clock.now)
    }

    assert.equal(clock.count, 2)
  })

  test('that fails is nothing, and is taken again at once', async () => {
    const answers = [() => Promise.reject(new Error('away')), async () => objectCounts]
    const taker = new ObjectCounter(() => answers.shift()?.() ?? assert.fail())

    assert.deepEqual([await taker.take(() => 0), await taker.take(() => 0)], [undefined, objectCounts])
  })

  test('that does not come in time holds nobody up, and serves who asks later', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { promise, resolve } = Promise.withResolvers<ObjectCounts>()
    const taker = new ObjectCounter(() => promise)

    const first = taker.take(() => 0)
    t.mock.timers.tick(2000)
    assert.equal(await first, undefined)
    const second = taker.take(() => 0)
    resolve(objectCounts)
    assert.equal(await second, objectCounts)
  })
})
