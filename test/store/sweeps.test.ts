/** What nobody needs any more is cleared away a little at a time, however much of it there is. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const day = 86_400_000
const old = 1200

/** Copies the one that there is, each as so much older. */
async function fillReplies(place: Place, olderMs: number): Promise<void> {
  const names = Object.keys((await query(place, 'select * from replies'))[0] ?? assert.fail())
  const values = names.map((name) => {
    if (name === 'hash') return "hash || '-' || n"
    return name === 'created_ms' ? `created_ms - ${olderMs}` : name
  })
  const numbers = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${old})`
  await query(
    place,
    `${numbers} insert into replies (${names.join(', ')}) select ${values.join(', ')} from replies, numbers`,
  )
}

for (const engine of engines) {
  suite(`${engine.name}: what has expired`, { skip: engine.skip }, () => {
    test('goes in parts, with the requests that come, until nothing of it is left', async (t) => {
      const { api, place } = await startServer(t, engine)
      const create = (name: string) => api.post('/v3/secrets', { name, value: 'v' }, { 'idempotency-key': name })
      await create('first')
      await fillReplies(place, 2 * day)
      const left = async () => Number((await query(place, 'select count(*) as n from replies'))[0]?.['n'])
      const counts: number[] = []

      for (const name of ['a', 'b', 'c']) {
        assert.equal((await create(name)).status, 201)
        counts.push(await left())
      }

      assert.deepEqual(counts, [1 + 700 + 1, 1 + 200 + 2, 1 + 3])
    })

    test('is in nobody’s way before it goes', async (t) => {
      const clock = { now: Date.UTC(2030, 0, 1) }
      const { api, place } = await startServer(t, engine, { now: () => clock.now })
      const create = (name: string) => api.post('/v3/secrets', { name, value: 'v' }, { 'idempotency-key': 'nightly' })
      assert.equal((await create('a')).status, 201)
      await fillReplies(place, 60_000)
      clock.now += day + 1

      const again = await create('b')

      assert.deepEqual([again.status, again.body.name], [201, 'b'], again.text)
      assert.equal((await create('b')).headers.get('idempotent-replayed'), 'true')
    })
  })
}
