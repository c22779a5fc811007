/** Deleting, restoring, renaming and purging in any order, held against a model; and all at once, where one batch has several. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { chance, rounds } from '../support/chance.ts'
import { query } from '../support/database.ts'
import { differencesOf } from '../support/differences.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

interface Known {
  readonly id: number
  name: string
  readonly values: string[]
}

const names = ['a', 'b', 'c', 'd']

for (const engine of engines) {
  suite(`${engine.name}: what is deleted and restored`, { skip: engine.skip }, () => {
    test('is what a model says, in whatever order', async (t) => {
      const random = chance(t)
      const pick = <T>(of: readonly T[]): T | undefined => of[Math.floor(random() * of.length)]
      const { api, vault, place } = await startServer(t, engine)
      await api.put('/v3/settings', { recovery_days: 7 })
      const living = new Map<string, Known>()
      const kept = new Map<number, Known>()
      let count = 0
      for (let round = 0; round < rounds(60, 2000); round++) {
        const name = pick(names) ?? 'a'
        const found = living.get(name)
        const value = `value ${round}`
        switch (Math.floor(random() * 6)) {
          case 0: {
            const made = await api.post('/v3/secrets', { name, value })
            assert.equal(made.status, found === undefined ? 201 : 409, made.text)
            if (found === undefined) living.set(name, { id: made.body.id, name, values: [value] })
            break
          }
          case 1:
            if (found === undefined) break
            assert.equal((await api.put(`/v3/secrets/${found.id}`, { value })).status, 200)
            found.values.push(value)
            break
          case 2: {
            if (found === undefined) break
            const gone = await api.delete(`/v3/secrets/${found.id}`)
            assert.equal(gone.headers.get('strongroom-deleted'), String(++count))
            living.delete(name)
            kept.set(count, found)
            break
          }
          case 3: {
            const [id, one] = pick([...kept]) ?? []
            if (id === undefined || one === undefined) break
            const back = await api.post(`/v3/deleted/${id}/restore`, {})
            assert.equal(back.status, living.has(one.name) ? 409 : 200, back.text)
            if (back.status === 409) break
            kept.delete(id)
            living.set(one.name, one)
            break
          }
          case 4: {
            const [id, one] = pick([...kept]) ?? []
            if (id === undefined || one === undefined) break
            const back = await api.post(`/v3/deleted/${id}/restore`, { name })
            assert.equal(back.status, living.has(name) ? 409 : 200, back.text)
            if (back.status === 409) break
            kept.delete(id)
            if (one.name !== name) one.values.push(one.values.at(-1) ?? '')
            one.name = name
            living.set(name, one)
            break
          }
          default: {
            const [id] = pick([...kept]) ?? []
            if (id === undefined) break
            assert.equal((await api.delete(`/v3/deleted/${id}`)).status, 200)
            kept.delete(id)
          }
        }
      }
      const { secrets } = (await api.get('/v3/secrets')).body
      assert.deepEqual(
        secrets.map(({ id, name }: Known) => [id, name]),
        [...living.values()].sort((a, b) => a.id - b.id).map(({ id, name }) => [id, name]),
      )
      for (const { id, values } of living.values()) {
        assert.equal((await api.get(`/v3/secrets/${id}`)).body.value, values.at(-1))
        const first = Math.max(1, values.length - 9)
        assert.equal((await api.get(`/v3/secrets/${id}/versions/${first}`)).body.value, values[first - 1])
      }
      const { deleted } = (await api.get('/v3/deleted')).body
      assert.deepEqual(
        deleted.map(({ id }: Known) => id),
        [...kept.keys()].sort((a, b) => b - a),
      )
      assert.equal((await query(place, 'select 1 from secret_keys')).length, living.size + kept.size)
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('is whole, however many ask at once', async (t) => {
      const random = chance(t)
      const { api, vault, place } = await startServer(t, engine)
      await api.put('/v3/settings', { recovery_days: 7 })
      for (let round = 0; round < rounds(6, 200); round++) {
        const { secrets } = (await api.get('/v3/secrets')).body
        const { deleted } = (await api.get('/v3/deleted')).body
        const next = [1, 2, 3].map((ahead) => (deleted[0]?.id ?? 0) + ahead)
        const asked = [
          ...names.map((name) => () => api.post('/v3/secrets', { name, value: name })),
          ...secrets.flatMap(({ id }: Known) => [
            () => api.delete(`/v3/secrets/${id}`),
            () => api.put(`/v3/secrets/${id}`, { value: 'other' }),
            () => api.get(`/v3/secrets/${id}`),
          ]),
          ...[...deleted.map(({ id }: Known) => id), ...next].flatMap((id: number) => [
            () => api.post(`/v3/deleted/${id}/restore`, {}),
            () => api.post(`/v3/deleted/${id}/restore`, { name: `${names[id % 4]}-${id}` }),
            () => (random() < 0.3 ? api.delete(`/v3/deleted/${id}`) : api.get('/v3/deleted')),
          ]),
        ]
        const order = asked.map((ask) => ({ ask, at: random() })).sort((a, b) => a.at - b.at)
        for (const { status, text } of await Promise.all(order.map(({ ask }) => ask()))) {
          assert.ok(status < 500, text)
        }
      }
      const { secrets } = (await api.get('/v3/secrets')).body
      for (const { id } of secrets) assert.equal((await api.get(`/v3/secrets/${id}`)).status, 200)
      const { deleted } = (await api.get('/v3/deleted')).body
      assert.equal((await query(place, 'select 1 from secret_keys')).length, secrets.length + deleted.length)
      const owners = await query(
        place,
        `select distinct secret_id from versions where secret_id not in
          (select id from secrets union all select thing_id from deleted where kind = 'secret')`,
      )
      assert.deepEqual(owners, [])
      for (const { id } of deleted) {
        assert.equal((await api.post(`/v3/deleted/${id}/restore`, { name: `last-${id}` })).status, 200)
      }
      assert.deepEqual(await differencesOf(vault), [])
    })
  })
}
