/** The networks of an account: from elsewhere nothing of it works. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Api, ask } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { startServer } from '../support/server.ts'

const here = '127.0.0.1'
const office = '203.0.113.9'
const password = 'correct horse battery staple 7'

for (const engine of engines) {
  suite(`${engine.name}: the networks of an account`, { skip: engine.skip }, () => {
    /** A server that is told by the header where somebody is. */
    const start = async (t: Parameters<typeof startServer>[0]) => {
      const server = await startServer(t, engine, { trustedProxies: [here] })
      const from = (address: string) => ({ 'x-forwarded-for': address })
      assert.equal((await server.api.post('/v3/secrets', { name: 'db', value: 'v' })).status, 201)
      const statusFrom = async (address: string, api: Api = server.api, path = '/v3/secrets/1') =>
        (await api.get(path, from(address))).status
      return { ...server, from, statusFrom }
    }

    test('keep its API keys and those of jobs out from elsewhere at once, and let in from there', async (t) => {
      const { api, from, statusFrom, withScopes } = await start(t)
      const reader = await withScopes('secrets:read')

      const set = await api.put('/v3/settings', { networks: ['203.0.113.0/24', '::ffff:10.0.0.7'] }, from(office))

      assert.deepEqual([set.status, set.body.networks], [200, ['10.0.0.7/32', '203.0.113.0/24']])
      for (const one of [api, reader]) {
        assert.equal(await statusFrom(office, one), 200)
        assert.equal(await statusFrom('10.0.0.7', one), 200)
        for (const elsewhere of ['10.0.0.8', '203.0.114.1', '2001:db8::1', here]) {
          assert.equal(await statusFrom(elsewhere, one), 401, elsewhere)
        }
      }
      assert.equal((await api.put('/v3/settings', { vm_auth: true }, from(office))).body.networks.length, 2)
      assert.equal((await api.put('/v3/settings', { networks: [] }, from(office))).status, 200)
      assert.equal(await statusFrom('198.51.100.1'), 200)
    })

    test('cannot lock out whoever sets them', async (t) => {
      const { api, from, statusFrom } = await start(t)

      const refused = await api.put('/v3/settings', { networks: ['10.0.0.0/8'], vm_auth: true }, from(office))

      assert.deepEqual([refused.status, refused.body.code, refused.body.errors[0].field], [400, 'invalid', 'networks'])
      assert.equal(await statusFrom(office), 200)
      assert.deepEqual((await api.get('/v3/settings')).body, {
        vm_auth: false,
        networks: [],
        machine_networks: [],
        recovery_days: 0,
      })
      for (const wrong of [['x'], ['::ffff:10.0.0.1/32'], [''], 'no', [7], Array(33).fill('10.0.0.1')]) {
        assert.equal((await api.put('/v3/settings', { networks: wrong }, from(office))).status, 400, String(wrong))
      }
      assert.equal((await api.put('/v3/settings', {}, from(office))).status, 400)
    })

    test('keep sessions out from elsewhere, and nobody signs in there', async (t) => {
      const { api, url, from } = await start(t)
      const invited = await api.post('/v3/users', { email: 'ada@example.com', role: 'owner' })
      const owner = new Person(url)
      const accepted = await owner.accept(invited.body.invitation_url, { password })
      assert.equal(accepted.status, 201, accepted.text)
      assert.equal((await owner.send('GET', '/v3/session', undefined, from(office))).status, 200)

      assert.equal((await api.put('/v3/settings', { networks: ['203.0.113.0/24'] }, from(office))).status, 200)

      assert.equal((await owner.send('GET', '/v3/session', undefined, from(office))).status, 200)
      assert.equal((await owner.send('GET', '/v3/session', undefined, from('10.0.0.1'))).status, 401)
      const credentials = { email: 'ada@example.com', password }
      const signIn = (address: string) => new Person(url).send('POST', '/v3/session', credentials, from(address))
      assert.deepEqual([(await signIn('10.0.0.1')).status, (await signIn(office)).status], [403, 201])
    })

    test('keep machines and seeds out from elsewhere', async (t) => {
      const { api, url, from } = await start(t)
      const template = `#!/bin/sh\necho \${{secret.db}}\n`
      const invited = await api.post('/v3/users', { email: 'ada@example.com', role: 'owner' })
      const owner = new Person(url)
      await owner.accept(invited.body.invitation_url, { password })
      const seeds = [
        await api.post('/v3/seeds', { user_data: template, target: 'web-1' }),
        await owner.post('/v3/seeds', { user_data: template, target: 'web-2' }),
      ]
      const paths = seeds.map(({ body }) => `${new URL(body.url).pathname}user-data`)
      await api.post('/v3/machines', { name: 'web', addresses: ['10.0.0.1'] })
      await api.put('/v3/settings', { vm_auth: true, networks: ['203.0.113.0/24'] }, from(office))
      const plain = async (where: string, address: string) => (await ask(url + where, 'GET', from(address))).status

      assert.equal(await plain('/v3/secrets/1', '10.0.0.1'), 401)
      for (const path of paths) {
        assert.equal(await plain(path, '10.0.0.1'), 404)
        assert.equal(await plain(path, office), 200)
      }
      await api.put('/v3/settings', { networks: ['203.0.113.0/24', '10.0.0.0/24'] }, from(office))
      assert.equal(await plain('/v3/secrets/1', '10.0.0.1'), 200)
    })

    test('are of one account alone, and somebody without the right sets none', async (t) => {
      const { api, from, statusFrom, otherAccount, withScopes } = await start(t)
      const other = await otherAccount()
      const narrow = await withScopes('secrets:read', 'keys:manage')

      assert.equal((await narrow.put('/v3/settings', { networks: ['203.0.113.0/24'] }, from(office))).status, 403)
      await api.put('/v3/settings', { networks: ['203.0.113.0/24'] }, from(office))

      assert.equal(await statusFrom('10.0.0.1', other, '/v3/secrets'), 200)
      const { records } = (await api.get('/v3/audit?action=settings.update', from(office))).body
      assert.deepEqual(
        records.map(({ outcome }: { outcome: string }) => outcome),
        ['ok', 'forbidden'],
      )
    })
  })
}
