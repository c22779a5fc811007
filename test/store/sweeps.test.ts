/** What nobody needs any more is cleared away a little at a time, however much of it there is. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const day = 86_400_000
const old = 1200

for (const engine of engines) {
  suite(`${engine.name}: what has expired`, { skip: engine.skip }, () => {
    test('goes in parts, with the requests that come, until nothing of it is left', async (t) => {
      const { api, place } = await startServer(t, engine)
      const create = (name: string) => api.post('/v3/secrets', { name, value: 'v' }, { 'idempotency-key': name })
      await create('first')
      const columns = (await query(place, 'select * from replies'))[0] ?? assert.fail()
      const names = Object.keys(columns)
      const values = names.map((name) => {
        if (name === 'hash') return "hash || '-' || n"
        return name === 'created_ms' ? `created_ms - ${2 * day}` : name
      })
      const numbers = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${old})`
      await query(
        place,
        `${numbers} insert into replies (${names.join(', ')}) select ${values.join(', ')} from replies, numbers`,
      )
      const left = async () => Number((await query(place, 'select count(*) as n from replies'))[0]?.['n'])
      const counts: number[] = []

      for (const name of ['a', 'b', 'c']) {
        assert.equal((await create(name)).status, 201)
        counts.push(await left())
      }

      assert.deepEqual(counts, [1 + 700 + 1, 1 + 200 + 2, 1 + 3])
    })
  })
}
