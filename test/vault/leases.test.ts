/** What one node does at a time: who has the lease does it, and who had it writes nothing any more. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Lease } from '../../src/model/lease.ts'
import type { Store } from '../../src/store/store.ts'
import { sweepDeleted } from '../../src/vault/deleted.ts'
import { lead } from '../../src/vault/leases.ts'
import { deliverWebhooks } from '../../src/vault/webhook-deliveries.ts'
import { query } from '../support/database.ts'
import { engines, type Place, type TestEngine } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const long = 60_000
const short = 150
/** Long enough for a machine that is busy. */
const steady = 1_500

/** Two nodes on one database; on SQLite, which one process has, twice the same. */
async function twoNodes(t: TestContext, engine: TestEngine) {
  const first = await startServer(t, engine)
  const { place } = first
  const second = place.databaseUrl === undefined ? first : await startServer(t, engine, { place })
  return { place, first: first.vault, second: second.vault }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000
  while (!(await isSo())) {
    assert.ok(performance.now() < end, 'not in 20 seconds')
    await setTimeout(5)
  }
}

/** How often anybody wrote to an SQLite store, as a connection sees it that writes nothing itself. */
function writesOf({ dataDir, databaseUrl }: Place) {
  if (databaseUrl !== undefined) return { count: () => 0, close: () => {} }
  const database = new DatabaseSync(join(dataDir, 'strongroom.db'), { readOnly: true })
  return {
    count: () => Number(database.prepare('pragma data_version').get()?.['data_version']),
    close: () => database.close(),
  }
}

const write = (store: Store, lease: Lease) =>
  store.submit<'record'>({
    caller: { kind: 'system', accountId: 1 },
    requestId: 'lease',
    address: '',
    operation: { kind: 'record', action: 'audit.verify', object: null, outcome: 'ok' },
    lease,
  })

for (const engine of engines) {
  suite(`${engine.name}: a lease`, { skip: engine.skip }, () => {
    test('is one holder’s, until they give it back', async (t) => {
      const { first, second } = await twoNodes(t, engine)
      const fence = (await first.store.leases.take('work', 'a', long)) ?? assert.fail()
      const lease = { name: 'work', holder: 'a', fence }
      assert.equal(await second.store.leases.take('work', 'b', long), undefined)
      assert.equal(await first.store.leases.renew(lease, long), true)
      assert.equal(await second.store.leases.take('work', 'b', long), undefined)
      assert.equal(typeof (await second.store.leases.take('other work', 'b', long)), 'number')
      await first.store.leases.drop(lease)
      assert.equal(await second.store.leases.take('work', 'b', long), fence + 1)
      assert.equal(await first.store.leases.renew(lease, long), false)
      await first.store.leases.drop(lease)
      assert.equal(await first.store.leases.take('work', 'a', long), undefined)
    })

    test('lets its holder write, and nobody whose time is over', async (t) => {
      const { first, second } = await twoNodes(t, engine)
      const fence = (await first.store.leases.take('work', 'a', long)) ?? assert.fail()
      const lease = { name: 'work', holder: 'a', fence }
      const before = await first.store.auditSize(1)
      assert.equal((await write(first.store, lease)).kind, 'done')
      assert.equal((await write(second.store, { ...lease, holder: 'b' })).kind, 'outdated')
      assert.equal((await write(first.store, { ...lease, fence: fence - 1 })).kind, 'outdated')

      await first.store.leases.renew(lease, 1)
      await until(async () => (await write(first.store, lease)).kind === 'outdated')
      const after = await first.store.auditSize(1)
      let taken: number | undefined
      await until(async () => {
        taken = await second.store.leases.take('work', 'b', long)
        return taken !== undefined
      })
      assert.equal(taken, fence + 1)
      assert.equal((await write(first.store, lease)).kind, 'outdated')
      assert.equal(await first.store.auditSize(1), after)
      assert.ok(after > before)
    })

    test('whose end is further away than it was taken for, as the clock was set back, is anybody’s', async (t) => {
      const { place, first, second } = await twoNodes(t, engine)
      const fence = (await first.store.leases.take('work', 'gone', long)) ?? assert.fail()
      // As the clock being set back leaves it, an instant and three hours.
      await query(place, `update leases set until_ms = until_ms + ${long / 2} where name = 'work'`)
      assert.equal(await second.store.leases.take('work', 'b', long), undefined)
      await query(place, `update leases set until_ms = until_ms + ${3 * 3_600_000} where name = 'work'`)

      assert.equal(await second.store.leases.take('work', 'b', long), fence + 1)
      assert.equal(await first.store.leases.renew({ name: 'work', holder: 'gone', fence }, long), false)
      assert.equal(await first.store.leases.take('work', 'c', long), undefined)
    })

    test('goes to another node when its holder is gone', async (t) => {
      const { first, second } = await twoNodes(t, engine)
      // As a process that is killed leaves it.
      const fence = (await first.store.leases.take('work', 'gone', short)) ?? assert.fail()
      const led: Lease[] = []
      const stop = lead(second, {
        name: 'work',
        leaseMs: short,
        work: async (lease, signal) => {
          led.push(lease)
          await once(signal)
        },
        onError: fail,
      })
      await until(() => led.length > 0)
      await stop()
      assert.ok((led[0]?.fence ?? 0) > fence)
    })

    test('is renewed while its work goes on, on one node alone, and goes on elsewhere when that one stops', async (t) => {
      const { place, first, second } = await twoNodes(t, engine)
      const now: string[] = []
      const most: number[] = []
      const leading = (name: string) => ({
        name: 'work',
        leaseMs: steady,
        work: async (_: Lease, signal: AbortSignal) => {
          now.push(name)
          most.push(now.length)
          await once(signal)
          now.splice(now.indexOf(name), 1)
        },
        onError: fail,
      })
      const stopFirst = lead(first, leading('first'))
      await until(() => now.length > 0)
      const stopSecond = lead(second, leading('second'))
      const ends = async () =>
        Number((await query(place, `select until_ms from leases where name = 'work'`))[0]?.['until_ms'])
      const begun = await ends()
      await until(async () => (await ends()) >= begun + steady)
      assert.deepEqual(now, ['first'])
      await stopFirst()
      await until(() => now[0] === 'second')
      await stopSecond()
      assert.equal(Math.max(...most), 1)
    })

    test('is wanted by nobody while there are no webhooks: a server that has nothing to do writes nothing', async (t) => {
      const { place, first } = await twoNodes(t, engine)
      let asked = 0
      const webhooks = new Proxy(first.store.webhooks, {
        get(target, name) {
          if (name === 'isAny') asked++
          const value = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      const store = new Proxy(first.store, {
        get(target, name) {
          if (name === 'webhooks') return webhooks
          const value = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      const written = writesOf(place)
      t.after(written.close)
      const stop = deliverWebhooks({ ...first, store }, { leaseMs: 30, onError: fail })
      const before = written.count()

      // By then it would have been renewed ten times.
      await until(() => asked >= 10)
      for (let at = 0; at < 3; at++) await sweepDeleted(first)
      await stop()

      assert.deepEqual(await query(place, 'select * from leases'), [])
      assert.equal(written.count(), before)
    })

    test('is given back once the last webhook is gone', async (t) => {
      const clock = { now: Date.now() }
      const server = await startServer(t, engine, { now: () => clock.now })
      const held = async () => Number((await query(server.place, 'select until_ms from leases'))[0]?.['until_ms'] ?? 0)
      const stop = deliverWebhooks(server.vault, { leaseMs: steady, onError: fail })
      const made = await server.api.post('/v3/webhooks', { url: 'https://hooks.example.com/', actions: ['key.*'] })
      assert.equal(made.status, 201, made.text)
      await until(async () => (await held()) > 0)

      await server.api.delete(`/v3/webhooks/${made.body.id}`)
      await until(async () => {
        clock.now += 60_000
        return (await held()) === 0
      })
      await stop()
    })

    test('that is lost tells the work so', async (t) => {
      const { place, first } = await twoNodes(t, engine)
      let fences: number[] = []
      const stop = lead(first, {
        name: 'work',
        leaseMs: short,
        work: async ({ fence }, signal) => {
          fences = [...fences, fence]
          await once(signal)
        },
        onError: fail,
      })
      await until(() => fences.length === 1)
      await query(place, `update leases set holder = 'other', fence = fence + 1 where name = 'work'`)
      await until(() => fences.length === 2)
      await stop()
      assert.ok((fences[1] ?? 0) > (fences[0] ?? 0) + 1)
    })

    test('is given back, or taken anew, though the work hangs and hears nothing', async (t) => {
      const { place, first } = await twoNodes(t, engine)
      const fences: number[] = []
      const errors: unknown[] = []
      const stop = lead(first, {
        name: 'work',
        leaseMs: short,
        graceMs: 10,
        work: async ({ fence }) => {
          fences.push(fence)
          await new Promise(() => {})
        },
        onError: (error) => errors.push(error),
      })
      await until(() => fences.length === 1)
      await query(place, `update leases set fence = fence + 1 where name = 'work'`)
      await until(() => fences.length === 2)
      await stop()
      assert.match(String(errors[0]), /does not end/)
      assert.equal(errors.length, 2)
      assert.notEqual(await first.store.leases.take('work', 'next', long), undefined)
    })

    test('is given back, and work that fails begun again', async (t) => {
      const { first } = await twoNodes(t, engine)
      const errors: unknown[] = []
      const stop = lead(first, {
        name: 'work',
        leaseMs: short,
        work: async () => {
          throw new Error('broken')
        },
        onError: (error) => errors.push(error),
      })
      await until(() => errors.length >= 2)
      await stop()
      assert.notEqual(await first.store.leases.take('work', 'next', long), undefined)
    })
  })
}

function fail(error: unknown): never {
  throw error
}

function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
