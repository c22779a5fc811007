/** Who waits for whom: batches that read and batches that change, of one account, on whatever node they are. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { verifyAudit } from '../../src/vault/audit.ts'
import type { Answer } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { connectTo } from '../support/postgres.ts'
import { startServer } from '../support/server.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
suite('On PostgreSQL', { skip: postgres.skip }, () => {
  for (const [whom, hold] of [
    ['those that began before it and read, which wait for nobody', 'select pg_advisory_xact_lock_shared(7305, 1)'],
    ['the rows of whoever does not know of turns', 'select id from accounts where id = 1 for key share'],
  ] as const) {
    test(`a change waits for ${whom}`, async (t) => {
      const { api, other, place } = await startHeld(t)
      await other.query(hold)

      assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')
      const change = watch(api.put('/v3/secrets/1', { value: 'w' }))
      await waits(place, change)
      await other.query('rollback')
      assert.equal((await change.done).status, 200)
    })
  }

  test('reads wait for a change that began before them', async (t) => {
    const { api, other, place } = await startHeld(t)
    await other.query('select pg_advisory_xact_lock(7305, 1)')
    const read = watch(api.get('/v3/secrets/1'))
    await waits(place, read)

    // It knows nothing of the secret, and waits for nothing more: what the read finds is what this leaves.
    await other.query(`update api_keys set revoked_ms = 1, mac = 'x' where account_id = 1`)
    await other.query('commit')

    assert.equal((await read.done).body.code, 'integrity_failure')
  })

  test('accounts that have nothing to do with one another do not wait', async (t) => {
    const { api, other, place, otherAccount } = await startHeld(t)
    const apart = await otherAccount()
    await apart.post('/v3/secrets', { name: 'one', value: 'v' })
    await other.query('select pg_advisory_xact_lock(7305, 1)')
    const change = watch(api.put('/v3/secrets/1', { value: 'w' }))
    await waits(place, change)

    assert.equal((await apart.put('/v3/secrets/1', { value: 'w' })).status, 200)
    assert.equal((await apart.get('/v3/secrets/1')).body.value, 'w')

    assert.equal(change.answer, undefined)
    await other.query('rollback')
    assert.equal((await change.done).status, 200)
  })

  test('a record is never of a time before the one that it follows', async (t) => {
    const { api, vault, place } = await startServer(t, postgres)
    await api.post('/v3/secrets', { name: 'one', value: 'v' })
    const [{ later } = assert.fail()] = await query(
      place,
      'update accounts set audit_ms = audit_ms + 3600000 returning audit_ms as later',
    )

    assert.equal((await api.get('/v3/secrets/1')).status, 200)

    const [last] = await query(place, 'select ms from audit order by seq desc limit 1')
    assert.equal(Number(last?.['ms']), Number(later))
    for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
  })
})

async function startHeld(t: TestContext) {
  const server = await startServer(t, postgres)
  await server.api.post('/v3/secrets', { name: 'one', value: 'v' })
  await server.api.get('/v3/secrets/1')
  const other = await connectTo(t, server.place.databaseUrl)
  await other.query('begin')
  return { ...server, other }
}

interface Watched {
  answer: Answer | undefined
  readonly done: Promise<Answer>
}

function watch(asked: Promise<Answer>): Watched {
  const watched: Watched = { answer: undefined, done: asked }
  asked.then(
    (answer) => {
      watched.answer = answer
    },
    () => {},
  )
  return watched
}

/** Until it waits for a lock, as the database sees it; whoever does not is answered. */
async function waits(place: Place, watched: Watched): Promise<void> {
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await query(place, waiting)).length === 0) {
    assert.equal(watched.answer, undefined, 'It was answered, and did not wait.')
    await setTimeout(5)
  }
  assert.equal(watched.answer, undefined)
}
