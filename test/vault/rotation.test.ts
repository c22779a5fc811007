/** Replacing the keys that wrap others while they are in use: every secret stays readable, and nothing old is left. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { maxWraps } from '../../src/model/account.ts'
import { createAccount } from '../../src/vault/accounts.ts'
import { rotateAccountKey } from '../../src/vault/rotation.ts'
import { Api } from '../support/api.ts'
import { chance, rounds } from '../support/chance.ts'
import { runBeside, startCommand } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { runHere } from '../support/host-command.ts'
import { underLoad } from '../support/load.ts'
import { startServer } from '../support/server.ts'

const host = { name: 'tester', requestId: 'test' }
const times = rounds(3, 50)
const kills = rounds(1, 50)

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

    test('is replaced where there is no secret yet', async (t) => {
      const { vault, place } = await startServer(t, engine)

      assert.deepEqual(await rotateAccountKey(vault, host, 'default'), { version: 2, rewrapped: 0, resumed: false })

      assert.deepEqual(await versionsOf(place), { accountKeys: [2], secretKeys: [] })
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
      await underLoad(api, 20, async () => {
        for (let round = 1; round <= times; round++) {
          assert.equal((await rotateAccountKey(vault, host, 'default')).version, round + 1)
        }
      })

      assert.deepEqual(await versionsOf(place), { accountKeys: [times + 1], secretKeys: [times + 1] })
      const { body } = await api.get('/v3/secrets')
      for (const { id } of body.secrets) assert.equal((await api.get(`/v3/secrets/${id}`)).status, 200)
    })

    test('is replaced by a command that is killed midway and run again, and no request fails meanwhile', async (t) => {
      const place = await placeOf(t)
      const first = await startServer(t, engine, { place })
      await makeSecrets(
        first.vault,
        Array.from({ length: 1200 }, (_, at) => `s-${at + 1}`),
        (name) => name,
      )
      await first.stop()
      const server = await startServer(t, engine, { place })
      const api = new Api(server.url, first.api.key)
      const waiting = async () => {
        const [row] = await query(
          place,
          'select count(*) as n from secret_keys where account_id = 1 and key_version < (select max(version) from account_keys where account_id = 1)',
        )
        return Number(row?.['n'])
      }

      const version = await underLoad(api, 1200, async () => {
        await killMidway(t, place, ['account', 'rotate-key', 'default'], waiting)
        const { code, stdout } = await runBeside(place, ['account', 'rotate-key', 'default', '--json'])
        assert.equal(code, 0, stdout)
        const last = JSON.parse(stdout)
        assert.equal(last.resumed, true)
        return last.version
      })

      assert.deepEqual(await versionsOf(place), { accountKeys: [version], secretKeys: [version] })
      await server.stop()
      const again = await startServer(t, engine, { place })
      const later = new Api(again.url, api.key)
      const { body } = await later.get('/v3/secrets')
      assert.ok(body.secrets.length > 1200)
      for (const { id } of body.secrets.slice(-100)) assert.equal((await later.get(`/v3/secrets/${id}`)).status, 200)
      assert.equal((await runHere(place, ['audit', 'verify'])).code, 3)
    })

    test('counts what it wraps, in the transaction that keeps it, and wraps no more than it may', async (t) => {
      const { api, vault, place } = await startServer(t, engine)
      const uses = async () => {
        const rows = await query(place, 'select uses from account_keys where account_id = 1 order by version')
        return rows.map((row) => Number(row['uses']))
      }
      await Promise.all(Array.from({ length: 20 }, (_, at) => api.post('/v3/secrets', { name: `s-${at}`, value: 'v' })))
      await api.post('/v3/secrets', { name: 's-1', value: 'taken' })
      assert.deepEqual(await uses(), [20])
      await rotateAccountKey(vault, host, 'default')
      assert.deepEqual(await uses(), [20])
      assert.match((await api.get('/metrics')).text, /^strongroom_key_wraps\{key="account"\} 20$/m)

      await query(place, 'update account_keys set uses = ?', maxWraps - 1)
      assert.equal((await api.post('/v3/secrets', { name: 'last', value: 'v' })).status, 201)
      const refused = await api.post('/v3/secrets', { name: 'one-more', value: 'v' })

      assert.deepEqual([refused.status, refused.body.code], [503, 'key_exhausted'])
      assert.equal((await api.put('/v3/secrets/1', { value: 'new' })).status, 200)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'new')
      await rotateAccountKey(vault, host, 'default')
      assert.equal((await api.post('/v3/secrets', { name: 'one-more', value: 'v' })).status, 201)
    })

    async function placeOf(t: Parameters<typeof startServer>[0]): Promise<Place> {
      const place = await engine.makeMigratedPlace()
      t.after(() => place.clear())
      return place
    }
  })

  suite(`${engine.name}: the master key`, { skip: engine.skip }, () => {
    test('is replaced while a server runs, which takes the new version up when it first meets it', async (t) => {
      const { server, api, place, others } = await manyAccounts(t, 12)
      const { code, stdout } = await underLoad(api, 1, () => runBeside(place, ['rewrap', '--master', '--json']))

      assert.equal(code, 0, stdout)
      assert.deepEqual(JSON.parse(stdout), { version: 2, rewrapped: 13, resumed: false })
      assert.deepEqual(await masterVersions(place), [2])
      // Of these accounts the server has unwrapped nothing yet.
      for (const other of others) {
        assert.equal((await other.get('/v3/secrets/1')).body.value, 'v')
        assert.equal((await other.post('/v3/secrets', { name: 'new', value: 'v' })).status, 201)
      }
      const { body } = await api.get('/v3/audit?limit=1000')
      const actions = body.records.map(({ action }: { action: string }) => action)
      assert.deepEqual(
        actions.filter((action: string) => /^master_key|rewrap/.test(action)),
        ['account.rewrap_key', 'master_key.add'],
      )
      assert.equal((await runHere(place, ['rewrap', '--master'])).code, 0)
      assert.equal((await runHere(place, ['account', 'rotate-key', 'default'])).code, 0)
      assert.deepEqual(await masterVersions(place), [3])
      await server.stop()
      const again = await startServer(t, engine, { place })
      assert.equal((await new Api(again.url, api.key).get('/v3/secrets/1')).body.value, 'v')
      assert.equal((await runHere(place, ['audit', 'verify', '--state'])).code, 3)
    })

    test('is replaced by a command that is killed midway and run again, and no request fails meanwhile', async (t) => {
      const { api, place, others } = await manyAccounts(t, 150)
      const waiting = async () => {
        const versions = await masterVersionOfEach(place)
        const newest = Math.max(...versions)
        return versions.filter((version) => version < newest).length
      }

      await underLoad(api, 1, async () => {
        await killMidway(t, place, ['rewrap', '--master'], waiting)
        const { code, stdout } = await runBeside(place, ['rewrap', '--master', '--json'])
        assert.equal(code, 0, stdout)
        const { version, resumed } = JSON.parse(stdout)
        assert.equal(resumed, true)
        assert.deepEqual(await masterVersions(place), [version])
      })

      for (const one of [api, ...others]) assert.equal((await one.get('/v3/secrets/1')).body.value, 'v')
    })

    test('is not replaced while the root key is, and goes to another root key in all its versions', async (t) => {
      const { server, api, place } = await manyAccounts(t, 1)
      const next = join(place.dataDir, 'next.key')
      const withNext = { STRONGROOM_ROOT_KEY_FILE: next }
      assert.equal((await runHere(place, ['rewrap', '--master'])).code, 0)
      assert.equal((await runHere(place, ['rewrap', '--to', next])).code, 0)

      const refused = await runHere(place, ['rewrap', '--master'])

      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /do not name every root key that opens this store/)
      await server.stop()
      assert.equal((await runHere(place, ['rewrap', '--finish'], withNext)).code, 0)
      assert.notEqual((await runHere(place, ['account', 'list'])).code, 0)
      const rootKeys = [{ kind: 'file', path: next, create: false }] as const
      const again = await startServer(t, engine, { place, rootKeys })
      assert.equal((await new Api(again.url, api.key).get('/v3/secrets/1')).body.value, 'v')
    })

    /** A server with its first account and so many more, each with a secret that it has not read. */
    async function manyAccounts(t: TestContext, count: number) {
      const place = await engine.makeMigratedPlace()
      t.after(() => place.clear())
      const first = await startServer(t, engine, { place })
      const keys = [first.api.key]
      for (let at = 0; at < count; at++) keys.push((await createAccount(first.vault, host, `other-${at}`)).token)
      const made = keys.map((key) => new Api(first.url, key).post('/v3/secrets', { name: 'db', value: 'v' }))
      for (const { status, text } of await Promise.all(made)) assert.equal(status, 201, text)
      await first.stop()
      const server = await startServer(t, engine, { place })
      const [api = assert.fail(), ...others] = keys.map((key) => new Api(server.url, key))
      return { server, place, api, others }
    }
  })
}

/**
 * Starts a command time and again, and kills it after some part of its work, until it was killed between its first step
 * and its last as often as it is to be.
 *
 * @param waiting how much of a work that was begun is left to do
 */
async function killMidway(
  t: TestContext,
  place: Place,
  parameters: readonly string[],
  waiting: () => Promise<number>,
): Promise<void> {
  const random = chance(t)
  let midway = 0
  for (let attempt = 0; midway < kills; attempt++) {
    assert.ok(attempt < 20 + kills * 10, `${attempt} kills, and ${midway} in the middle of the work.`)
    const before = await waiting()
    const killed = startCommand(place, parameters)
    const gone = once(killed, 'exit')
    while (killed.exitCode === null && (await waiting()) === before) await setTimeout(3)
    await setTimeout(random() * 30)
    killed.kill('SIGKILL')
    await gone
    if ((await waiting()) > 0) midway++
  }
}

async function masterVersions(place: Place): Promise<number[]> {
  return [...new Set(await masterVersionOfEach(place))]
}

/** Which version of the master key wraps the key of each account: the blob states it. */
async function masterVersionOfEach(place: Place): Promise<number[]> {
  const rows = await query(place, 'select wrapped from account_keys')
  return rows.map(({ wrapped }) => Buffer.from(wrapped as Uint8Array).readUInt32BE(1))
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
