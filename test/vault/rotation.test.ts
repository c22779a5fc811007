/** Replacing an account's key while it is in use: every secret stays readable, and nothing old is left. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { rotateAccountKey } from '../../src/vault/rotation.ts'
import { Api } from '../support/api.ts'
import { runCommand, startChild, startCommand } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const host = { name: 'tester', requestId: 'test' }
const rounds = process.env['SLOW'] === '1' ? 50 : 5

for (const engine of engines) {
  suite(`${engine.name}: the key of an account`, { skip: engine.skip }, () => {
    test('is replaced: secrets read the same, their keys are wrapped anew, the old version is gone', async (t) => {
      const { api, vault, place, url, stop } = await startServer(t, engine, { place: await placeOf(t) })
      for (let at = 1; at <= 30; at++) await api.post('/v3/secrets', { name: `s-${at}`, value: `v-${at}` })
      const before = await wrappedOf(place)

      assert.deepEqual(await rotateAccountKey(vault, host, 'default'), { version: 2, rewrapped: 30, resumed: false })
      assert.deepEqual(await rotateAccountKey(vault, host, 'default'), { version: 3, rewrapped: 30, resumed: false })

      assert.deepEqual(await versionsOf(place), { accountKeys: [3], secretKeys: [3] })
      assert.equal((await wrappedOf(place)).filter((wrapped) => before.includes(wrapped)).length, 0)
      for (let at = 1; at <= 30; at++) assert.equal((await api.get(`/v3/secrets/${at}`)).body.value, `v-${at}`)
      await stop()
      // Nothing unwrapped yet: every key is opened on the way.
      const again = await startServer(t, engine, { place })
      const later = new Api(again.url, api.key)
      assert.notEqual(again.url, url)
      for (let at = 1; at <= 30; at++) assert.equal((await later.get(`/v3/secrets/${at}`)).body.value, `v-${at}`)
      assert.equal((await later.put('/v3/secrets/1', { value: 'new' })).status, 200)
      assert.equal((await later.post('/v3/secrets', { name: 'new', value: 'new' })).status, 201)
    })

    test('leaves other accounts alone, and its records in its own trail', async (t) => {
      const { api, vault, place, otherAccount } = await startServer(t, engine)
      const other = await otherAccount()
      for (const one of [api, other]) await one.post('/v3/secrets', { name: 'db', value: 'v' })

      await rotateAccountKey(vault, host, 'default')

      const kept = await query(place, 'select account_id, key_version from secret_keys order by account_id')
      assert.deepEqual(
        kept.map((row) => [Number(row['account_id']), Number(row['key_version'])]),
        [
          [1, 2],
          [2, 1],
        ],
      )
      const { body } = await api.get('/v3/audit?principal=tester')
      assert.deepEqual(
        body.records.map(
          ({ action, object }: { action: string; object: { version: number } }) => `${action} ${object.version}`,
        ),
        ['account.drop_key 1', 'account.rotate_key 2'],
      )
      assert.equal((await other.get('/v3/secrets/1')).body.value, 'v')
    })

    test('is replaced under load, time and again, and no request fails', async (t) => {
      const { api, vault, place } = await startServer(t, engine)
      for (let at = 1; at <= 20; at++) await api.post('/v3/secrets', { name: `s-${at}`, value: '0' })
      let isDone = false
      let count = 0
      const load = Promise.all(
        Array.from({ length: 6 }, async (_, worker) => {
          for (let at = 0; !isDone; at++) {
            const answers = [
              await api.post('/v3/secrets', { name: `n-${worker}-${at}`, value: 'v' }),
              await api.get(`/v3/secrets/${1 + (at % 20)}`),
              await api.put(`/v3/secrets/${1 + ((at + worker) % 20)}`, { value: String(at) }),
            ]
            for (const { status, text } of answers) assert.ok([200, 201].includes(status), text)
            count += answers.length
          }
        }),
      )

      for (let round = 1; round <= rounds; round++) {
        assert.equal((await rotateAccountKey(vault, host, 'default')).version, round + 1)
      }
      isDone = true
      await load

      assert.ok(count > rounds)
      assert.deepEqual(await versionsOf(place), { accountKeys: [rounds + 1], secretKeys: [rounds + 1] })
      const { body } = await api.get('/v3/secrets')
      for (const { id } of body.secrets) assert.equal((await api.get(`/v3/secrets/${id}`)).status, 200)
    })

    test('is replaced by a command that may be killed at any point and run again', async (t) => {
      const place = await placeOf(t)
      const key = generateToken()
      const server = await startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key } })
      const api = server.api(key)
      const names = Array.from({ length: 1200 }, (_, at) => `s-${at + 1}`)
      await Promise.all(names.map((name) => api.post('/v3/secrets', { name, value: name })))

      for (let round = 0; round < rounds; round++) {
        const killed = startCommand(place, ['account', 'rotate-key', 'default'])
        await setTimeout(250 + Math.random() * 300)
        killed.kill('SIGKILL')
      }
      const last = runCommand(place, ['account', 'rotate-key', 'default', '--json'])

      assert.equal(last.code, 0, last.stderr)
      const { version } = JSON.parse(last.stdout)
      assert.deepEqual(await versionsOf(place), { accountKeys: [version], secretKeys: [version] })
      await server.end('SIGTERM')
      const again = await startChild(t, place)
      for (const id of [1, 600, 1200]) assert.equal((await again.api(key).get(`/v3/secrets/${id}`)).status, 200)
      assert.equal(runCommand(place, ['audit', 'verify']).code, 3)
      await again.end('SIGTERM')
    })

    async function placeOf(t: Parameters<typeof startServer>[0]): Promise<Place> {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      return place
    }
  })
}

async function versionsOf(place: Place) {
  const numbers = async (text: string) => (await query(place, text)).map(({ version }) => Number(version))
  return {
    accountKeys: await numbers('select version from account_keys where account_id = 1 order by version'),
    secretKeys: await numbers('select distinct key_version as version from secret_keys where account_id = 1'),
  }
}

async function wrappedOf(place: Place): Promise<string[]> {
  const rows = await query(place, 'select wrapped from secret_keys')
  return rows.map(({ wrapped }) => Buffer.from(wrapped as Uint8Array).toString('hex'))
}
