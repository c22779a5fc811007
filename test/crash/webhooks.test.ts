/** Webhooks across crashes and freezes of whoever tells them: nothing is lost, and what comes twice has one id. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startChild } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startReceiver, status, until } from '../support/receiver.ts'

const env = { STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES: '127.0.0.1', STRONGROOM_RATE_LIMIT: 'off' }

for (const engine of engines) {
  suite(`${engine.name}: webhooks`, { skip: engine.skip }, () => {
    test('are told again, under the same id, of what a node had sent as it was killed', async (t) => {
      const place = await engine.makeMigratedPlace()
      t.after(() => place.clear())
      const receiver = await startReceiver(t)
      const first = await startChild(t, place, { env })
      const key = first.firstKey ?? assert.fail()
      const api = first.api(key)
      // Taken, and never answered: whether it was, the node does not know when it dies.
      receiver.behave = () => {}
      const made = await api.post('/v3/webhooks', { url: receiver.url, actions: ['secret.create'] })
      assert.equal(made.status, 201, made.text)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: 'v' })
      await until(() => receiver.messages.length === 2)
      await first.end('SIGKILL')
      receiver.behave = status(204)
      await query(place, 'update leases set until_ms = 0')

      const second = await startChild(t, place, { env })
      await until(() => new Set(receiver.messages.slice(2).map(({ id }) => id)).size === 2)
      assert.equal(new Set(receiver.messages.map(({ id }) => id)).size, 2)
      const told = async () => {
        const { body } = await second.api(key).get('/v3/webhooks/1/deliveries')
        return (body['deliveries'] as { state: string; attempts: number }[]).map(({ state, attempts }) => [
          state,
          attempts,
        ])
      }
      await until(async () => (await told()).every(([state]) => state === 'delivered'))
      assert.deepEqual(await told(), [
        ['delivered', 2],
        ['delivered', 2],
      ])
    })

    test('go on with another node while the one that led is frozen, which writes nothing when it wakes up', {
      skip: engine.name === 'SQLite' && 'One process has the data folder.',
    }, async (t) => {
      const place = await engine.makeMigratedPlace()
      t.after(() => place.clear())
      const receiver = await startReceiver(t)
      const first = await startChild(t, place, { env })
      const key = first.firstKey ?? assert.fail()
      const made = await first.api(key).post('/v3/webhooks', { url: receiver.url, actions: ['secret.create'] })
      assert.equal(made.status, 201, made.text)
      const holder = async () =>
        (await query(place, `select holder from leases where name = 'webhooks'`))[0]?.['holder']
      await until(async () => (await holder()) !== undefined)
      const led = await holder()
      const second = await startChild(t, place, { env })
      first.process.kill('SIGSTOP')
      // As after the time that it has: nobody waits for that here.
      await query(place, 'update leases set until_ms = 0')
      for (const name of ['a', 'b', 'c']) await second.api(key).post('/v3/secrets', { name, value: 'v' })
      await until(() => receiver.messages.length === 3)
      assert.notEqual(await holder(), led)
      first.process.kill('SIGCONT')
      await first.api(key).post('/v3/secrets', { name: 'd', value: 'v' })
      await until(() => receiver.messages.length >= 4)
      await until(async () => {
        const { body } = await second.api(key).get('/v3/webhooks/1/deliveries')
        return (body['deliveries'] as { state: string }[]).filter(({ state }) => state === 'delivered').length === 4
      })
      assert.equal(new Set(receiver.messages.map(({ id }) => id)).size, 4)
      assert.equal(receiver.messages.length, 4)
    })
  })
}
