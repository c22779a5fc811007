/** Machines without keys: who they are is their address, and nothing that anybody else says. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { giveMachineNetworks } from '../../src/vault/machines.ts'
import { ask as asAnybody } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { connect } from '../support/rows.ts'
import { startServer, type TestOptions } from '../support/server.ts'

const local = '127.0.0.1'
const host = { name: 'root', requestId: 'test' }

for (const engine of engines) {
  suite(`${engine.name}: a machine without a key`, { skip: engine.skip }, () => {
    const start = async (t: Parameters<typeof startServer>[0], options: TestOptions = {}) => {
      const server = await startServer(t, engine, options)
      await server.api.post('/v3/secrets', { name: 'prod-db', value: 'v' })
      const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
        const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
        return (await asAnybody(server.url + path, method, { ...type, ...headers }, body)).status
      }
      return { ...server, ask }
    }

    test('reads while the switch of its account is on, and no longer', async (t) => {
      const { api, ask } = await start(t)
      assert.deepEqual((await api.get('/v3/settings')).body, {
        vm_auth: false,
        networks: [],
        machine_networks: [],
        recovery_days: 0,
      })
      assert.equal(await ask('GET', '/v3/secrets/1'), 401)

      const made = await api.post('/v3/machines', { name: 'web-1', addresses: [local] })
      assert.equal(made.status, 201)
      assert.deepEqual(made.body.scopes, ['secrets:list', 'secrets:read'])
      assert.equal(await ask('GET', '/v3/secrets/1'), 401)
      assert.equal((await api.put('/v3/settings', { vm_auth: true })).body.vm_auth, true)
      assert.equal(await ask('GET', '/v3/secrets/1'), 200)
      assert.equal(await ask('GET', '/api/secrets/lists/1/values/1'), 200)
      await api.put('/v3/settings', { vm_auth: false })
      assert.equal(await ask('GET', '/v3/secrets/1'), 401)
      await api.put('/v3/settings', { vm_auth: true })
      assert.equal(await ask('GET', '/v3/secrets'), 200)
      await api.delete('/v3/machines/1')
      assert.equal(await ask('GET', '/v3/secrets/1'), 401)

      const { records } = (await api.get('/v3/audit?principal=web-1')).body
      assert.deepEqual(
        records.map(({ action, outcome, principal }: { action: string; outcome: string; principal: object }) => [
          ...[action, outcome],
          JSON.stringify(principal),
        ]),
        [
          // The refusal in between is like the first, and counted: its number is recorded when the minute is over.
          ['secret.list', 'ok'],
          ['secret.read', 'ok'],
          ['secret.read', 'ok'],
          // Once: what is not let in again soon after is counted.
          ['secret.read', 'unauthenticated'],
        ].map((row) => [...row, JSON.stringify({ kind: 'machine', id: 1, name: 'web-1' })]),
      )
    })

    test('reads only, and only what its scopes name', async (t) => {
      const { api, ask } = await start(t)
      await api.post('/v3/secrets', { name: 'dev-db', value: 'v' })
      await api.post('/v3/machines', { name: 'web', addresses: ['127.0.0.0/16'], scopes: ['secrets:read:dev-*'] })
      await api.put('/v3/settings', { vm_auth: true })

      assert.equal(await ask('GET', '/v3/secrets/2'), 200)
      assert.equal(await ask('GET', '/v3/secrets/1'), 404)
      assert.equal(await ask('GET', '/v3/secrets'), 403)
      assert.equal(await ask('PUT', '/v3/secrets/2', {}, '{"value":"w"}'), 403)
      assert.equal(await ask('POST', '/v3/secrets', {}, '{"name":"n","value":"w"}'), 403)
      assert.equal(await ask('DELETE', '/v3/secrets/2'), 403)
      assert.equal(await ask('GET', '/v3/keys'), 403)
      assert.equal(await ask('GET', '/v3/audit'), 403)
      assert.equal(await ask('GET', '/v3/machines'), 403)
      assert.equal(await ask('PUT', '/v3/settings', {}, '{"vm_auth":false}'), 403)
      const more = { name: 'more', addresses: ['192.0.2.9'], scopes: ['secrets:write'] }
      assert.equal((await api.post('/v3/machines', more)).status, 400)
    })

    test('is not helped by a wrong key', async (t) => {
      const { api, ask } = await start(t)
      await api.post('/v3/machines', { name: 'web', addresses: [local] })
      await api.put('/v3/settings', { vm_auth: true })

      assert.equal(await ask('GET', '/v3/secrets/1', { authorization: 'Bearer wrong' }), 401)
      assert.equal(await ask('GET', '/v3/secrets/1', { authorization: '' }), 401)
      assert.equal(await ask('GET', '/v3/secrets/1?key='), 401)
      assert.equal(await ask('GET', '/v3/secrets/1?key=wrong'), 401)
      for (const cookie of ['strongroom_session=wrong', 'strongroom_session=', 'a=b; strongroom_session=x; c']) {
        assert.equal(await ask('GET', '/v3/secrets/1', { cookie }), 401, cookie)
      }
      assert.equal(await ask('GET', '/v3/secrets/1', { cookie: 'a=b' }), 200)
      assert.equal(await ask('GET', '/v3/secrets/1'), 200)
    })

    test('does not share an address with another, and has no good part of the internet', async (t) => {
      const { api } = await start(t)
      const claim = async (...addresses: string[]) =>
        (await api.post('/v3/machines', { name: `m ${addresses.join(' ')}`, addresses })).status

      assert.equal(await claim('10.0.0.0/24', '2001:db8::/64'), 201)
      for (const taken of ['10.0.0.7', '10.0.0.0/16', '::ffff:10.0.0.9', '::ffff:10.0.0.0/112', '2001:db8::1']) {
        assert.deepEqual([await claim(taken), taken], [409, taken])
      }
      for (const wide of ['0.0.0.0/0', '10.0.0.0/8', '::/0', '2001:db8::/32', '::ffff:10.0.0.7/32']) {
        assert.deepEqual([await claim(wide), wide], [400, wide])
      }
      assert.equal(await claim('10.0.1.0/24'), 201)
      const race = await Promise.all(
        ['a', 'b', 'c', 'd'].map((name) => {
          return api.post('/v3/machines', { name, addresses: ['10.9.0.0/16'] })
        }),
      )
      assert.deepEqual(race.map(({ status }) => status).toSorted(), [201, 409, 409, 409])
      await api.delete('/v3/machines/1')
      assert.equal(await claim('10.0.0.7'), 201)
    })

    test('has, beside other accounts, only addresses that the host gave to its own', async (t) => {
      const { api, otherAccount, vault, ask } = await start(t)
      assert.equal((await api.post('/v3/machines', { name: 'old', addresses: ['10.0.0.7'] })).status, 201)
      const other = await otherAccount()
      const name = (await vault.store.accounts())[1]?.name ?? ''
      const give = (account: string, ...networks: string[]) => giveMachineNetworks(vault, host, account, networks)
      const claim = async (who: typeof api, address: string) =>
        (await who.post('/v3/machines', { name: `m ${address}`, addresses: [address] })).status

      for (const address of ['127.0.0.1', '10.1.0.1', '2001:db8::1', '10.0.0.7']) {
        assert.deepEqual([await claim(other, address), await claim(api, address)], [403, 403], address)
      }
      assert.deepEqual(await give(name, '::ffff:10.1.0.0/112', '127.0.0.1'), ['10.1.0.0/16', '127.0.0.1/32'])
      assert.deepEqual((await other.get('/v3/settings')).body.machine_networks, ['10.1.0.0/16', '127.0.0.1/32'])
      assert.deepEqual([await claim(api, '10.1.0.1'), await claim(other, '10.1.0.1')], [403, 201])
      assert.equal(await claim(other, '10.2.0.1'), 403)
      // Nobody gives themselves any, and no address goes to two.
      assert.equal((await other.put('/v3/settings', { machine_networks: ['0.0.0.0/0'] })).status, 400)
      await assert.rejects(give('default', '10.0.0.0/24', '10.1.2.0/24'), /has some of these/)
      await assert.rejects(give(name, '10.1.0.0/16', '10.0.0.0/16'), /has some of these/)
      await assert.rejects(give(name, '127.0.0.1'), /has other addresses/)

      // What was registered before the other account came stays, and reads its own account alone.
      await other.post('/v3/secrets', { name: 'theirs', value: 'v' })
      assert.equal(await claim(other, '127.0.0.1'), 201)
      await other.put('/v3/settings', { vm_auth: true })
      await api.put('/v3/settings', { vm_auth: true })
      assert.equal(await ask('GET', '/v3/secrets/1'), 200)
      const { records } = (await other.get('/v3/audit?principal=m%20127.0.0.1')).body
      assert.equal(records.at(-1).object.name, 'theirs')
    })

    test('has no address that two commands on the host give to two accounts at once', async (t) => {
      const { otherAccount, vault } = await start(t)
      await otherAccount()
      const other = (await vault.store.accounts())[1]?.name ?? ''
      const submit = vault.store.submit.bind(vault.store)
      const seen = Promise.withResolvers<void>()
      const held = Promise.withResolvers<void>()
      const submitted = t.mock.method(vault.store, 'submit', async (...asked: Parameters<typeof submit>) => {
        if (asked[0].operation.kind === 'update_settings') {
          submitted.mock.restore()
          seen.resolve()
          await held.promise
        }
        return submit(...asked)
      })
      const first = giveMachineNetworks(vault, host, 'default', ['10.0.0.0/16'])
      // It has looked, and not given yet.
      await seen.promise
      await assert.rejects(giveMachineNetworks(vault, host, other, ['10.0.7.0/24']), { code: 'overloaded' })
      held.resolve()

      assert.deepEqual(await first, ['10.0.0.0/16'])
      await assert.rejects(giveMachineNetworks(vault, host, other, ['10.0.7.0/24']), /has some of these/)
      assert.deepEqual(await giveMachineNetworks(vault, host, other, ['10.1.0.0/24']), ['10.1.0.0/24'])
    })

    test('whose addresses a command gives that has stood still for too long is given none', async (t) => {
      const { otherAccount, vault, place } = await start(t)
      await otherAccount()
      const other = (await vault.store.accounts())[1]?.name ?? ''
      const submit = vault.store.submit.bind(vault.store)
      const submitted = t.mock.method(vault.store, 'submit', async (...asked: Parameters<typeof submit>) => {
        if (asked[0].operation.kind === 'update_settings') {
          submitted.mock.restore()
          await query(place, `update leases set until_ms = 0`)
          assert.deepEqual(await giveMachineNetworks(vault, host, other, ['10.0.7.0/24']), ['10.0.7.0/24'])
        }
        return submit(...asked)
      })

      await assert.rejects(giveMachineNetworks(vault, host, 'default', ['10.0.0.0/16']), { code: 'overloaded' })
      assert.deepEqual(
        (await vault.store.accounts()).map(({ machineNetworks }) => machineNetworks),
        [[], ['10.0.7.0/24']],
      )
    })

    test('is known by the address that a trusted proxy tells, and by no other header', async (t) => {
      const { api, ask } = await start(t, { trustedProxies: ['127.0.0.1/32', '10.1.0.0/16'] })
      await api.post('/v3/machines', { name: 'web', addresses: ['192.0.2.7', '2001:db8::7'] })
      await api.put('/v3/settings', { vm_auth: true })
      const from = (name: string, value: string) => ask('GET', '/v3/secrets/1', { [name]: value })

      assert.equal(await from('x-forwarded-for', '192.0.2.7'), 200)
      assert.equal(await from('x-forwarded-for', '::ffff:192.0.2.7'), 200)
      assert.equal(await from('x-forwarded-for', '2001:DB8:0::7'), 200)
      assert.equal(await from('x-forwarded-for', '192.0.2.7, 10.1.2.3'), 200)
      assert.equal(await from('x-forwarded-for', '192.0.2.7, 198.51.100.1'), 401)
      assert.equal(await from('x-forwarded-for', '192.0.2.7, 198.51.100.1, 10.1.2.3'), 401)
      assert.equal(await from('x-forwarded-for', 'unknown'), 401)
      assert.equal(await from('x-forwarded-for', ''), 401)
      for (const name of ['forwarded', 'x-real-ip', 'x-client-ip', 'true-client-ip']) {
        assert.equal(await from(name, name === 'forwarded' ? 'for=192.0.2.7' : '192.0.2.7'), 401)
      }
    })

    test('is not believed what it says of its address itself', async (t) => {
      const { api, ask } = await start(t)
      await api.post('/v3/machines', { name: 'web', addresses: ['192.0.2.7'] })
      await api.put('/v3/settings', { vm_auth: true })

      for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded']) {
        assert.equal(
          await ask('GET', '/v3/secrets/1', { [name]: name === 'forwarded' ? 'for=192.0.2.7' : '192.0.2.7' }),
          401,
        )
      }
    })

    test('rests upon its own row alone, however many other machines there are', async (t) => {
      const { api, ask, place } = await start(t)
      await api.post('/v3/machines', { name: 'web-1', addresses: [local] })
      await api.put('/v3/settings', { vm_auth: true })
      const others = Array.from({ length: 250 }, (_, at) => at + 1000)
      const database = await connect(place)
      // None is authentic: whoever reads one of them answers 500.
      await database.insert(
        'machines',
        others.map((id) => ({
          ...{
            account_id: 1,
            id,
            uid: `uid-${id}`,
            name: `m${id}`,
            addresses: `10.0.0.${id - 1000}/32`,
            created_ms: 1,
          },
          ...{ scopes: 'secrets:read', mac: Buffer.from('00', 'hex') },
        })),
      )
      await database.insert(
        'machine_addresses',
        others.map((id) => {
          const address = `${'0'.repeat(20)}ffff0a00${(id - 1000).toString(16).padStart(4, '0')}`
          return { account_id: 1, machine_id: id, first: address, last: address }
        }),
      )
      await database.close()

      assert.equal(await ask('GET', '/v3/secrets/1'), 200)
      assert.equal((await api.get('/v3/machines/1')).status, 200)
      assert.equal((await api.get('/v3/machines/1000')).status, 500)
      assert.equal((await api.post('/v3/machines', { name: 'web-2', addresses: ['192.0.2.0/24'] })).status, 201)
      for (const [name, address] of [
        ['web-3', '10.0.0.9'],
        ['web-4', '10.0.0.0/24'],
        ['web-5', '192.0.2.255'],
      ] as const) {
        const { status, body } = await api.post('/v3/machines', { name, addresses: [address] })
        assert.deepEqual([status, body.code], [409, 'name_taken'], address)
      }
      assert.equal((await api.delete('/v3/machines/1')).status, 200)
      assert.equal(await ask('GET', '/v3/secrets/1'), 401)
    })

    test('is refused when its row, or the switch, was changed behind the server’s back', async (t) => {
      const { api, ask, place } = await start(t)
      await api.post('/v3/machines', { name: 'web', addresses: [local], scopes: ['secrets:read:dev-*'] })

      await query(place, 'update account_settings set vm_auth = 1')
      assert.equal(await ask('GET', '/v3/secrets/1'), 500)
      await query(place, 'update account_settings set vm_auth = 0')
      await api.put('/v3/settings', { vm_auth: true })
      assert.equal(await ask('GET', '/v3/secrets/1'), 404)
      await query(place, "update machines set scopes = 'secrets:read'")
      assert.equal(await ask('GET', '/v3/secrets/1'), 500)
    })
  })
}
