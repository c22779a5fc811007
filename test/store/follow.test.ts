/** Whoever follows trails is told when they grow: by this node, by another one, and when nobody says so. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Vault } from '../../src/vault/vault.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { type Lasting, newAccount, startServer } from '../support/server.ts'

/** Follows until the test ends. */
function follow(t: Lasting, { store }: Vault, watched?: () => Iterable<number>) {
  const told: number[] = []
  const waiting = new Set<() => void>()
  t.after(
    store.follow((accountId, size) => {
      told[accountId] = size
      for (const look of waiting) look()
    }, watched),
  )
  const until = async (accountId: number, size: number) => {
    await new Promise<void>((resolve, reject) => {
      const late = new AbortController()
      const look = () => {
        if ((told[accountId] ?? 0) < size) return
        late.abort()
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      setTimeout(20_000, undefined, { signal: late.signal }).then(
        () => reject(new Error(`Told of ${told[accountId]} in place of ${size}.`)),
        () => {},
      )
      look()
    })
  }
  return { told, until }
}

/** Breaks the connections that listen. */
async function breakListening(place: Place): Promise<number> {
  const [row] = await query(
    place,
    `select count(pg_terminate_backend(pid)) as n from pg_stat_activity
     where datname = current_database() and query ilike 'listen strongroom%'`,
  )
  return Number(row?.['n'])
}

for (const engine of engines) {
  suite(`${engine.name}: followers of trails`, { skip: engine.skip }, () => {
    test('are told of what grew, how far, once it is durable; and not of what did not grow', async (t) => {
      const { api, vault } = await startServer(t, engine)
      const { told, until } = follow(t, vault)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      const size = await vault.store.auditSize(1)
      await until(1, size)
      assert.equal(told[1], size)

      const { account } = await newAccount(vault)
      await until(account.id, 1)
      assert.equal(told[1], size)
    })

    test('are told no more once they have stopped', async (t) => {
      const { api, vault } = await startServer(t, engine)
      const { until } = follow(t, vault)
      const seen: number[] = []
      vault.store.follow((_, size) => seen.push(size))()
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await until(1, await vault.store.auditSize(1))
      assert.deepEqual(seen, [])
    })

    test('find what they watch to have grown when nobody says so', async (t) => {
      const { vault, place } = await startServer(t, engine)
      const { until } = follow(t, vault, () => [1])
      if (place.databaseUrl !== undefined) await listening(place)
      // As one that was killed between its commit and saying so.
      await query(place, 'update accounts set audit_size = 1000 where id = 1')
      await until(1, 1000)
    })
  })
}

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

suite('PostgreSQL: followers of trails on another node', { skip: postgres.skip }, () => {
  test('are told at once, though they watch nothing', async (t) => {
    const first = await startServer(t, postgres)
    const second = await startServer(t, postgres, { place: first.place })
    const { until } = follow(t, second.vault)
    await listening(first.place)
    await first.api.post('/v3/secrets', { name: 'a', value: 'v' })
    await until(1, await first.vault.store.auditSize(1))
  })

  test('listen again when their connection breaks, and are told of what they missed', async (t) => {
    const first = await startServer(t, postgres)
    const second = await startServer(t, postgres, { place: first.place })
    const { until } = follow(t, second.vault, () => [1])
    await listening(first.place)
    assert.equal(await breakListening(first.place), 1)
    await first.api.post('/v3/secrets', { name: 'a', value: 'v' })
    await until(1, await first.vault.store.auditSize(1))

    await listening(first.place)
    await first.api.post('/v3/secrets', { name: 'b', value: 'v' })
    await until(1, await first.vault.store.auditSize(1))
  })

  test('are told of the last records of a node that stops', async (t) => {
    const first = await startServer(t, postgres)
    const second = await startServer(t, postgres, { place: first.place })
    const { until } = follow(t, second.vault)
    await listening(first.place)
    const writes = Array.from({ length: 20 }, (_, at) => first.api.post('/v3/secrets', { name: `s${at}`, value: 'v' }))
    await Promise.all(writes)
    const size = await first.vault.store.auditSize(1)
    await first.stop()
    await until(1, size)
  })

  test('are told of nothing by a store beside theirs in the same database server', async (t) => {
    const first = await startServer(t, postgres)
    const { told, until } = follow(t, first.vault)
    await listening(first.place)
    await query(first.place, `select pg_notify('strongroom_other', '1:999')`)
    await query(first.place, `select pg_notify('strongroom_' || ${storeId}, 'nothing 7:x 1:998 ')`)
    await until(1, 998)
    assert.deepEqual(Object.keys(told), ['1'])
  })
})

const storeId = `(select encode(value, 'hex') from meta where name = 'store_id')`

async function listening(place: Place): Promise<void> {
  const end = performance.now() + 20_000
  const count = `select count(*) as n from pg_stat_activity
    where datname = current_database() and query ilike 'listen strongroom%'`
  while (Number((await query(place, count))[0]?.['n']) === 0) {
    if (performance.now() > end) throw new Error('Nobody listens.')
    await setTimeout(10)
  }
}
