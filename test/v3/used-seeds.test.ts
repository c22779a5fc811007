/** Seeds that have given their values: a machine boots again, always, and nobody gets a value. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { seedDocuments } from '../../src/model/seed.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

const reference = (name: string) => `\${{secret.${name}}}`
const [minute, hour, day] = [60_000, 3600_000, 24 * 3600_000]
const value = 'a-value-that-nobody-gets-twice'

/** What a machine asks for when it boots, in cloud-init's order. */
async function boot(url: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const document of ['meta-data', 'user-data', 'vendor-data', 'network-config']) {
    const answer = await fetch(url + document)
    assert.equal(answer.status, 200, `${document}: ${await answer.clone().text()}`)
    found[document] = await answer.text()
  }
  return found
}

async function makeSeed({ api }: Pick<TestServer, 'api'>, more: object = {}) {
  const made = await api.post('/v3/seeds', {
    user_data: `#cloud-config\nbootcmd: [["echo", "${reference('db')}"]]\n`,
    target: 'web-1',
    ...more,
  })
  assert.equal(made.status, 201, made.text)
  return made.body
}

async function recordsOf({ api }: Pick<TestServer, 'api'>, action: string) {
  return (await api.get(`/v3/audit?limit=1000&action=${action}`)).body.records
}

for (const engine of engines) {
  suite(`${engine.name}: a used seed`, { skip: engine.skip }, () => {
    test('tells its machine at every later boot which one it is, and no value, whatever has become of all else', async (t) => {
      let now = Date.now()
      const server = await startServer(t, engine, { now: () => now })
      const { api } = server
      await api.post('/v3/secrets', { name: 'db', value })
      const maker = await server.withScopes('secrets:read')
      const vendor_data = `#cloud-config\nmounts: ["${reference('db')}"]\n`
      const network_config = 'version: 2 # no value in here: $${{\n'
      const { url, id } = await makeSeed({ api: maker }, { vendor_data, network_config })

      const first = await boot(url)
      const soon = await boot(url)
      now += 20 * minute
      const later = [await boot(url)]
      now += 3 * day
      await api.delete('/v3/secrets/1')
      await maker.delete('/v3/keys/self')
      later.push(await boot(url), await boot(url))

      assert.ok(first['user-data']?.includes(value) && first['vendor-data']?.includes(value))
      for (const again of [soon, ...later]) {
        assert.ok(!JSON.stringify(again).includes(value))
        assert.equal(again['meta-data'], first['meta-data'])
        assert.equal(again['network-config'], 'version: 2 # no value in here: ${{\n')
        assert.equal(again['vendor-data'], '')
        assert.match(again['user-data'] ?? '', /^#cloud-config\n/)
        assert.deepEqual(parse(again['user-data'] ?? ''), { preserve_hostname: true, manage_etc_hosts: false })
      }
      const shown = (await api.get(`/v3/seeds/${id}`)).body
      assert.deepEqual([shown.state, shown.fetches.user_data], ['used', 1])
      assert.deepEqual((await api.get('/v3/deployments')).body.deployments[0].secrets.length, 1)
      await api.delete(`/v3/seeds/${id}`)
      for (const document of seedDocuments) assert.equal((await fetch(url + document)).status, 404)
    })

    test('keeps the instance-id and the host name of meta-data of its own, and nothing else of them', async (t) => {
      let now = Date.now()
      const server = await startServer(t, engine, { now: () => now })
      await server.api.post('/v3/secrets', { name: 'db', value })
      const cases: readonly [given: string, later: string][] = [
        ['instance-id: i-1\nlocal-hostname: web\nrole: db\n', 'instance-id: i-1\nlocal-hostname: web\n'],
        ['{"local-hostname": "a b", "instance-id": "0x10"}', 'instance-id: "0x10"\nlocal-hostname: "a b"\n'],
        ['instance-id: 0x10\nlocal-hostname: no', 'instance-id: 0x10\nlocal-hostname: no\n'],
        [`instance-id: 'it''s'\npassword: ${reference('db')}\n`, 'instance-id: "it\'s"\n'],
        [`instance-id: $\${{x\nlocal-hostname: h-${reference('db')}\n`, 'instance-id: ${{x\n'],
        ['a: [instance-id, b]\nlist:\n  instance-id: inner\n', ''],
        ['instance-id: first\ninstance-id: last\n', 'instance-id: last\n'],
      ]
      for (const [meta_data, later] of cases) {
        const { url } = await makeSeed(server, { meta_data })
        const first = await boot(url)
        const again = await boot(url)
        now += hour + 20 * minute
        const wiped = [await boot(url), await boot(url)]

        assert.equal(first['meta-data'], meta_data.replace(reference('db'), value).replace('$$', '$'))
        if (meta_data.includes(reference('db'))) assert.equal(again['meta-data'], later, meta_data)
        else assert.equal(again['meta-data'], first['meta-data'])
        assert.deepEqual(
          wiped.map((one) => one['meta-data']),
          [later, later],
          meta_data,
        )
      }
    })

    test('cannot be made where the instance-id would be a value', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'db', value })
      const bad = [
        `instance-id: ${reference('db')}`,
        `instance-id: "a-${reference('db')}"`,
        `{instance-id: ${reference('db')}}`,
        'instance-id: [a]',
        'a: &x b\ninstance-id: *x',
      ]
      for (const meta_data of bad) {
        const { status, body } = await server.api.post('/v3/seeds', { user_data: 'x', target: 'a', meta_data })
        assert.deepEqual([status, body.errors[0].field], [400, 'meta_data'], meta_data)
      }
    })

    test('that might have been fetched more often boots its machine when its time is over, and when a value is gone', async (t) => {
      let now = Date.now()
      const server = await startServer(t, engine, { now: () => now })
      const { api } = server
      await api.post('/v3/secrets', { name: 'db', value })
      const over = await makeSeed(server, { max_fetches: 3, expires_in: 60 })
      const open = await makeSeed(server, { max_fetches: 3, expires_in: 7 * 24 * 3600 })
      for (const { url } of [over, open]) assert.ok((await boot(url))['user-data']?.includes(value))
      now += 2 * minute

      assert.equal((await api.get(`/v3/seeds/${over.id}`)).body.state, 'used')
      assert.ok(!JSON.stringify(await boot(over.url)).includes(value))
      assert.ok((await boot(open.url))['user-data']?.includes(value))
      await api.delete('/v3/secrets/1')
      assert.deepEqual(await boot(open.url), await boot(over.url))
      assert.equal(
        (await recordsOf(server, 'secret.read')).filter(({ outcome }: { outcome: string }) => outcome !== 'ok').length,
        1,
      )
      const { state, fetches } = (await api.get(`/v3/seeds/${open.id}`)).body
      assert.deepEqual([state, fetches.user_data], ['open', 2])
    })

    test('of which a boot got only the meta-data gives the next one the rest', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'db', value })
      const { url } = await makeSeed(server, { meta_data: `instance-id: i-1\npassword: ${reference('db')}\n` })
      assert.ok((await (await fetch(`${url}meta-data`)).text()).includes(value))

      const found = await boot(url)

      assert.equal(found['meta-data'], 'instance-id: i-1\n')
      assert.ok(found['user-data']?.includes(value))
    })

    test('leaves one record an hour, whoever asks and however often', async (t) => {
      let now = Date.now()
      const server = await startServer(t, engine, { now: () => now })
      await server.api.post('/v3/secrets', { name: 'db', value })
      const { url, id } = await makeSeed(server)
      await boot(url)
      const shown = async () => (await server.api.get(`/v3/seeds/${id}`)).body.refetched_at
      assert.equal(await shown(), null)
      const size = async () => (await server.api.get('/v3/audit?limit=1')).body.records[0].seq
      const before = await size()

      await Promise.all(Array.from({ length: 12 }, () => boot(url)))
      const first = await shown()
      now += hour - 1
      await boot(url)

      assert.ok(Date.parse(first) > 0)
      assert.equal(await shown(), first)
      // One of the refetch, and those of the reads above.
      const own = await recordsOf(server, 'seed.refetch')
      assert.equal(own.length, 1)
      assert.deepEqual([own[0].principal.kind, own[0].object.id, own[0].outcome], ['seed', id, 'ok'])
      assert.ok((await size()) - before < 8)
      now += 1
      await Promise.all(Array.from({ length: 12 }, () => boot(url)))
      assert.equal((await recordsOf(server, 'seed.refetch')).length, 2)
      assert.ok(Date.parse(await shown()) > Date.parse(first))
    })

    test('keeps no template once nothing more may be fetched', async (t) => {
      let now = Date.now()
      const server = await startServer(t, engine, { now: () => now })
      await server.api.post('/v3/secrets', { name: 'db', value })
      const { url } = await makeSeed(server, { user_data: 'x'.repeat(20_000), vendor_data: 'y'.repeat(20_000) })
      const sizeOf = async () => {
        const [row] = await query(server.place, 'select sealed from seeds')
        assert.ok(row?.['sealed'] instanceof Uint8Array)
        return row['sealed'].length
      }
      await fetch(`${url}user-data`)
      await fetch(`${url}user-data`)
      assert.ok((await sizeOf()) > 40_000)
      assert.equal((await (await fetch(`${url}vendor-data`)).text()).length, 20_000)
      now += 2 * hour

      const again = await boot(url)

      assert.ok((await sizeOf()) < 500)
      assert.deepEqual(await boot(url), again)
    })
  })
}
