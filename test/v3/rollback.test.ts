/** An environment rolled back to a time: by the versions that are kept, all of it or nothing, and saying what is lost. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { rollBack } from '../../src/vault/rollback.ts'
import { destroyVersions } from '../../src/vault/versions.ts'
import type { Answer } from '../support/api.ts'
import { differencesOf } from '../support/differences.ts'
import { engines } from '../support/engines.ts'
import { fillSecrets } from '../support/fill.ts'
import { host } from '../support/portal-account.ts'
import { startServer } from '../support/server.ts'
import { watched } from '../support/watched.ts'

function code({ status, body }: Answer): unknown[] {
  return [status, body.code]
}

function statesOf({ body }: Answer): unknown[] {
  return body.items.map(({ state, name, version, was }: Record<string, unknown>) => [state, name, version, was])
}

for (const engine of engines) {
  suite(`${engine.name}: a rollback`, { skip: engine.skip }, () => {
    const start = async (t: Parameters<typeof startServer>[0]) => {
      const clock = { now: Date.UTC(2030, 0, 1) }
      const server = await startServer(t, engine, { now: () => clock.now, keepVersions: 3 })
      await server.api.put('/v3/settings', { recovery_days: 7 })
      for (const name of ['a', 'b', 'c', 'd']) await server.api.post('/v3/secrets', { name, value: `${name} 1` })
      clock.now += 60_000
      const to = new Date(clock.now).toISOString()
      clock.now += 60_000
      return { ...server, clock, to }
    }

    test('makes an environment again what it was, with new versions, in one transaction', async (t) => {
      const { api, vault, to } = await start(t)
      await api.put('/v3/secrets/1', { value: 'a 2' })
      await api.put('/v3/secrets/2', { value: 'b 2' })
      await api.delete('/v3/secrets/2')
      await api.delete('/v3/secrets/3')
      await api.post('/v3/secrets', { name: 'c', value: 'another c' })

      const preview = await api.post('/v3/rollback', { to, dry_run: true })
      assert.equal(preview.status, 200, preview.text)
      assert.equal(preview.body.environment, 'default')
      assert.deepEqual(statesOf(preview), [
        ['changed', 'a', 2, 1],
        ['created', 'c', 1, null],
        ['deleted', 'c', 1, 1],
        ['deleted', 'b', 2, 1],
      ])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'a 2')
      assert.deepEqual(code(await api.post('/v3/rollback', { to })), [409, 'name_taken'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'a 2', 'nothing was done')
      const done = await api.post('/v3/rollback', { to, delete_created: true })

      assert.equal(done.status, 200, done.text)
      for (const [id, name] of [
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
        [4, 'd'],
      ] as const) {
        assert.equal((await api.get(`/v3/secrets/${id}`)).body.value, `${name} 1`)
      }
      assert.equal((await api.get('/v3/secrets/1')).headers.get('etag'), '"3"')
      assert.equal((await api.get('/v3/secrets/1/versions/2')).body.value, 'a 2', 'history goes forward')
      assert.deepEqual(code(await api.get('/v3/secrets/5')), [404, 'not_found'])
      const { records } = (await api.get('/v3/audit?limit=1000')).body
      const [whole] = records.filter(({ action }: { action: string }) => action === 'rollback')
      const ofIt = records.filter(
        (one: { request_id: string; action: string }) =>
          one.request_id === whole.request_id && one.action !== 'rollback',
      )
      for (const action of ['secret.rollback', 'secret.restore', 'secret.delete']) {
        assert.ok(
          ofIt.some((one: { action: string }) => one.action === action),
          action,
        )
      }
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('to the same time again writes nothing, and says so to whoever may read the values', async (t) => {
      const { api, to, clock, withScopes } = await start(t)
      await api.put('/v3/secrets/1', { value: 'a 2' })
      await api.put('/v3/secrets/2', { value: 'b 2' })
      await api.put('/v3/secrets/2', { value: 'b 1' })
      clock.now += 60_000

      assert.deepEqual(statesOf(await api.post('/v3/rollback', { to, dry_run: true })), [['changed', 'a', 2, 1]])
      assert.equal((await api.post('/v3/rollback', { to })).status, 200)
      const before = (await api.get('/v3/metadata')).text
      for (const dry_run of [true, false]) {
        const again = await api.post('/v3/rollback', { to, dry_run })
        assert.deepEqual([again.status, again.body.items], [200, []])
      }
      assert.equal((await api.get('/v3/metadata')).text, before)
      const { records } = (await api.get('/v3/audit?action=secret.fingerprint')).body
      assert.equal(records.at(-1).object.name, '4 values of 2 secrets')
      // Whoever may only write could try out values: they are told of versions alone.
      const writer = await withScopes('secrets:list', 'secrets:write')
      assert.deepEqual(statesOf(await writer.post('/v3/rollback', { to, dry_run: true })), [
        ['changed', 'a', 3, 1],
        ['changed', 'b', 3, 1],
      ])
    })

    test('says what can no longer be had, and what it leaves as it is', async (t) => {
      const { api, vault, to } = await start(t)
      for (const value of ['2', '3', '4', '5']) await api.put('/v3/secrets/1', { value })
      await api.delete('/v3/secrets/2')
      await api.delete('/v3/deleted/1')
      await api.post('/v3/lists', { name: 'web' })
      await api.put('/v3/lists/2/secrets/3', undefined)
      await api.send('PATCH', '/v3/secrets/3/metadata', { description: 'new' })
      await api.put('/v3/secrets/4/name', { name: 'd-2' })
      await api.post('/v3/secrets', { name: 'fleeting', value: 'v' })
      await api.delete('/v3/secrets/5')
      await api.delete('/v3/deleted/2')

      const preview = await api.post('/v3/rollback', { to, dry_run: true })
      assert.deepEqual(statesOf(preview), [
        ['lost', 'a', 5, null],
        ['moved', 'c', 1, null],
        ['details', 'c', 1, null],
        ['renamed', 'd-2', 2, 1],
        ['lost', 'b', null, null],
      ])
      assert.equal((await api.post('/v3/rollback', { to })).status, 200)
      assert.equal((await api.get('/v3/secrets/1')).body.value, '5')
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('is done by whom may do all of it, and sees what they may', async (t) => {
      const { api, to, clock, withScopes } = await start(t)
      await api.put('/v3/secrets/1', { value: 'a 2' })
      await api.put('/v3/secrets/2', { value: 'b 2' })
      const half = await withScopes('secrets:list', 'secrets:write:a')
      const narrow = await withScopes('secrets:list:a', 'secrets:write:a')
      const reader = await withScopes('secrets:list', 'secrets:read')

      assert.deepEqual(code(await half.post('/v3/rollback', { to })), [403, 'forbidden'])
      assert.deepEqual(code(await reader.post('/v3/rollback', { to })), [403, 'forbidden'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'a 2')
      assert.deepEqual(statesOf(await narrow.post('/v3/rollback', { to })), [['changed', 'a', 2, 1]])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'a 1')
      assert.equal((await api.get('/v3/secrets/2')).body.value, 'b 2')
      assert.equal((await half.post('/v3/rollback', { to, name: 'a' })).status, 200)
      const ahead = new Date(clock.now + 1000).toISOString()
      assert.deepEqual(code(await api.post('/v3/rollback', { to: ahead, dry_run: true })), [400, 'invalid'])
      assert.deepEqual(code(await api.post('/v3/rollback', { to, environment: 'x' })), [400, 'invalid'])
    })

    test('brings nothing back that was destroyed after it was looked at', async (t) => {
      const { api, vault, to } = await start(t)
      await api.put('/v3/secrets/1', { value: 'a 2' })
      await api.put('/v3/secrets/2', { value: 'b 2' })
      const { vault: seen, kinds } = watched(vault, 'roll_back', () => destroyVersions(vault, host, 1, [1], true))

      const { items } = await rollBack(seen, host, { to: Date.parse(to), deletesCreated: false })

      assert.deepEqual(
        items.map(({ name, state }) => [name, state]),
        [
          ['a', 'lost'],
          ['b', 'changed'],
        ],
      )
      assert.equal(kinds.filter((kind) => kind === 'roll_back').length, 2)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'a 2')
      assert.equal((await api.get('/v3/secrets/2')).body.value, 'b 1')
    })

    test('of more than fit into one transaction is refused, and can be narrowed', async (t) => {
      const { api, vault, to } = await start(t)
      await fillSecrets(vault, 's', 120)

      const all = await api.post('/v3/rollback', { to, delete_created: true })
      assert.deepEqual(code(all), [400, 'invalid'])
      assert.equal((await api.get('/v3/secrets?limit=500')).body.secrets.length, 124)
      assert.equal((await api.post('/v3/rollback', { to })).status, 200, 'what is left as it is does not count')
    })
  })
}
