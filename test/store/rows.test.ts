/** What is in the tables after a change: versions are kept and pruned, what is deleted is gone. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: the tables`, { skip: engine.skip }, () => {
    test('keep as many versions of a secret as the setting says, the newest ones', async (t) => {
      for (const keepVersions of [1, 3, 10]) {
        const { api, place } = await startServer(t, engine, { keepVersions })
        await api.post('/v3/secrets', { name: 'one', value: '0' })
        await api.post('/v3/secrets', { name: 'other', value: '0' })
        for (let at = 1; at < 15; at++) await api.put('/v3/secrets/1', { value: String(at) })

        const rows = await query(place, 'select version from versions where secret_id = 1 order by version')

        const wanted = Array.from({ length: keepVersions }, (_, at) => 16 - keepVersions + at)
        assert.deepEqual(
          rows.map(({ version }) => Number(version)),
          wanted,
        )
        assert.equal((await api.get('/v3/secrets/1')).body.value, '14')
        assert.equal((await query(place, 'select * from versions where secret_id = 2')).length, 1)
      }
    })

    test('keep them too when many updates share one batch', async (t) => {
      const { api, place } = await startServer(t, engine, { keepVersions: 2 })
      await Promise.all(['a', 'b', 'c'].map((name) => api.post('/v3/secrets', { name, value: '0' })))

      await Promise.all(
        Array.from({ length: 60 }, (_, at) => api.put(`/v3/secrets/${1 + (at % 3)}`, { value: String(at) })),
      )

      const rows = await query(place, 'select secret_id, version from versions order by secret_id, version')
      assert.deepEqual(
        rows.map(({ secret_id: id, version }) => `${id}:${version}`),
        ['1:20', '1:21', '2:20', '2:21', '3:20', '3:21'],
      )
    })

    test('hold nothing of a deleted secret: no version, no key', async (t) => {
      const { api, place } = await startServer(t, engine)
      for (const name of ['doomed', 'spared']) await api.post('/v3/secrets', { name, value: 'v' })
      await api.put('/v3/secrets/1', { value: 'w' })

      await api.delete('/v3/secrets/1')

      for (const [table, column] of [
        ['secrets', 'id'],
        ['secret_keys', 'secret_id'],
        ['versions', 'secret_id'],
      ] as const) {
        const rows = await query(place, `select ${column} as id from ${table}`)
        assert.deepEqual(
          rows.map(({ id }) => Number(id)),
          [2],
          table,
        )
      }
    })

    test('refuse what a caller of the store got wrong, rather than keep it', async (t) => {
      const { place, api } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'one', value: 'v' })

      await assert.rejects(() => query(place, 'insert into secrets select * from secrets'))
      await assert.rejects(() => query(place, `update secrets set name = null`))
      await assert.rejects(() => query(place, `insert into audit select * from audit where seq = 1`))
    })

    test('are made by migrations that run once', async (t) => {
      const { place, stop } = await startServer(t, engine, { place: await placeOf(t) })
      const before = await query(place, 'select * from migrations')
      await stop()

      await startServer(t, engine, { place })

      assert.deepEqual(await query(place, 'select * from migrations'), before)
      assert.ok(before.length >= 1)
    })

    async function placeOf(t: Parameters<typeof startServer>[0]) {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      return place
    }
  })
}
