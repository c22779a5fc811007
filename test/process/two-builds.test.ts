/** Nodes of two versions at once on PostgreSQL: an upgrade one by one, while requests come. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { isAdditive } from '../../src/store/migrations/additive.ts'
import { migrations, schema } from '../../src/store/migrations/migrations.ts'
import { type Answer, Api } from '../support/api.ts'
import { Balancer } from '../support/balancer.ts'
import { type Child, startChild, startUnready } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { makeNextBuild } from '../support/next-build.ts'
import { makeBuildBefore } from '../support/older-build.ts'
import { startTransit } from '../support/transit-server.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
/** In every table that a request goes through, and in one more. */
const more = `
alter table accounts add column later bigint not null default 7;
alter table api_keys add column later text;
alter table secrets add column later bigint not null default 7;
alter table versions add column later text;
alter table audit add column later bigint not null default 7;
create table later (id bigint primary key);
create index later_by_secret on secrets (account_id, later);
`

suite('Nodes of two versions', { skip: postgres.skip }, () => {
  test('serve beside one another while a newer one brings the schema along, until all are replaced', async (t) => {
    const place = await postgres.makeMigratedPlace()
    t.after(() => place.clear())
    const next = makeNextBuild(more)
    const key = generateToken()
    const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_DRAIN_SECONDS: '2' }
    const older = [await startChild(t, place, { env }), await startChild(t, place, { env })]
    const nodes = new Balancer(older)
    t.after(() => {
      nodes.isOver = true
    })
    await nodes.look()
    const balancing = nodes.balance()
    const clients = Array.from({ length: 4 }, (_, at) => nodes.write(key, `c${at}`))
    await nodes.wrote(20)

    for (const old of older) {
      const newer = await startChild(t, place, { env, main: next.main })
      nodes.all = [...nodes.all, newer]
      await nodes.settled()
      await nodes.wrote(20)
      // Both say so: the older one that it would not start again, the newer one who has to be replaced.
      await saysOfSchema(old, new RegExp(`of a newer version \\(${next.schema}\\) than this node \\(${schema}\\)`))
      await saysOfSchema(newer, new RegExp(`"strongroom ${schema}" is connected, which is of an older version`))
      assert.deepEqual(await old.end('SIGTERM'), { code: 0, signal: null }, old.output())
      nodes.all = nodes.all.filter((one) => one !== old)
    }
    for (const newer of nodes.all) await saysOfSchema(newer, undefined)
    nodes.isOver = true
    await Promise.all([balancing, ...clients])

    assert.deepEqual(nodes.failures, [])
    assert.ok(nodes.written > 100, String(nodes.written))
    assert.deepEqual((await query(place, 'select max(name) as name from migrations'))[0]?.['name'], next.schema)
    await assert.rejects(
      startChild(t, place, { env }),
      /has the migration 9999-next, which this version of Strongroom does not know/,
    )
  })

  test('are not there at once for a step that does more than add: the newer one waits until the older are gone', async (t) => {
    const place = await postgres.makeMigratedPlace()
    t.after(() => place.clear())
    const next = makeNextBuild(
      'alter table secrets rename column name to called; alter table secrets rename column called to name;',
    )
    const key = generateToken()
    const env = { STRONGROOM_BOOTSTRAP_API_KEY: key }
    const older = await startChild(t, place, { env })
    const newer = startUnready(t, place, await freePort(), env, next.main)
    await newer.says(
      /9999-next of the schema is not one that servers of an older version can go on beside: stop them first/,
    )
    assert.equal((await older.api(key).post('/v3/secrets', { name: 'one', value: 'v' })).status, 201)
    assert.equal((await query(place, 'select max(name) as name from migrations'))[0]?.['name'], schema)

    await older.end('SIGTERM')
    await newer.says(/Strongroom is ready/)

    assert.equal((await newer.api(key).get('/v3/secrets/1')).body.value, 'v')
  })
})

test('A node of before environments goes on beside those that know them, and refuses an account that has any', {
  skip: postgres.skip,
}, async (t) => {
  const main = makeBuildBefore('0025-environments')
  if (main === undefined) return t.skip('needs the history of the repository')
  const place = await postgres.makePlace()
  t.after(() => place.clear())
  const key = generateToken()
  const env = { STRONGROOM_BOOTSTRAP_API_KEY: key }
  const older = await startChild(t, place, { env, main })
  const old = older.api(key)
  await old.post('/v3/lists', { name: 'web' })
  await old.post('/v3/secrets', { name: 'before', value: 'v1', list: 'web', tags: ['a', 'b'] })
  assert.equal((await query(place, 'select max(name) as name from migrations'))[0]?.['name'], '0024-logins')

  const newer = await startChild(t, place, { env })
  const now = newer.api(key)
  const nameOf = ({ body }: Answer) => body.secrets.map(({ name }: { name: string }) => name)

  // Each writes, and each reads what the other wrote: values, what is known beside them, lists, tags, the trail.
  for (const [one, other, name] of [
    [old, now, 'of-old'],
    [now, old, 'of-new'],
  ] as const) {
    assert.equal((await one.post('/v3/secrets', { name, value: 'v1', list: 'web', tags: ['a', name] })).status, 201)
    const { id } = (await other.get(`/v3/secrets?name=${name}`)).body.secrets[0]
    assert.equal((await other.get(`/v3/secrets/${id}`)).body.value, 'v1')
    assert.equal((await other.put(`/v3/secrets/${id}`, { value: 'v2' })).status, 200)
    assert.equal((await other.send('PATCH', `/v3/secrets/${id}/metadata`, { tags: ['b', name] })).status, 200)
    for (const asker of [one, other]) {
      assert.deepEqual(nameOf(await asker.get(`/v3/secrets?tag=${name}`)), [name])
      assert.deepEqual(nameOf(await asker.get(`/v3/secrets?tag=a&sort=updated`)), ['before'])
      assert.equal((await asker.get(`/v3/secrets/${id}`)).body.value, 'v2')
    }
    assert.equal((await other.put(`/v3/lists/1/secrets/${id}`, undefined)).status, 200)
    assert.equal((await one.post('/v3/secrets', { name, value: 'v' })).status, 409)
    assert.deepEqual(nameOf(await one.get('/v3/lists/1/secrets')).slice(-1), [name])
    assert.equal((await other.delete(`/v3/secrets/${id}`)).status, 200)
    assert.equal((await one.get(`/v3/secrets/${id}`)).status, 404)
    const { status, body } = await one.post('/v3/keys', { name, scopes: ['secrets:read'] })
    assert.equal(status, 201)
    assert.equal((await new Api(other === old ? older.url : newer.url, body.api_key).get('/v3/secrets/1')).status, 200)
  }
  const trail = await now.post('/v3/audit/verify', {})
  assert.deepEqual([trail.status, trail.body.fault], [200, null], trail.text)

  // From the first environment on the account's row says more than the older one knows: it answers nothing, and nothing wrong.
  assert.equal((await now.post('/v3/environments', { name: 'prod' })).status, 201)
  const prod = { 'strongroom-environment': 'prod' }
  await now.post('/v3/secrets', { name: 'before', value: 'of prod' }, prod)
  for (const asked of [
    await old.get('/v3/secrets/1'),
    await old.get('/v3/secrets'),
    await old.post('/v3/secrets', { name: 'later', value: 'v' }),
  ]) {
    assert.deepEqual([asked.status, asked.body.code], [500, 'integrity_failure'], asked.text)
  }
  assert.equal((await now.get('/v3/secrets/1')).body.value, 'v1')
  assert.equal((await now.get('/v3/secrets/by-name/before', prod)).body.value, 'of prod')
})

test('A node of before keys of customers opens nothing of an account that has one since, and does others no harm', {
  skip: postgres.skip,
}, async (t) => {
  const main = makeBuildBefore('0035-customer-keys')
  if (main === undefined) return t.skip('needs the history of the repository')
  const place = await postgres.makePlace()
  t.after(() => place.clear())
  const key = generateToken()
  const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES: '127.0.0.0/8' }
  const older = await startChild(t, place, { env, main })
  const newer = await startChild(t, place, { env })
  const [old, now] = [older.api(key), newer.api(key)]
  assert.equal((await now.post('/v3/secrets', { name: 'A', value: 'one' })).status, 201)
  const transit = await startTransit(t)
  transit.tokens.set('planted-token', 3600)
  const provider = `transit:${transit.origin}/transit/strongroom`
  const set = await now.put('/v3/account/customer-key', { provider, credentials: { token: 'planted-token' } })
  assert.equal(set.status, 200, set.text)

  for (const asked of [
    await old.get('/v3/secrets/1'),
    await old.put('/v3/secrets/1', { value: 'two' }),
    await old.post('/v3/secrets', { name: 'B', value: 'two' }),
  ]) {
    assert.deepEqual([asked.status, asked.body.code], [500, 'integrity_failure'], asked.text)
  }

  // Names, the trail and accounts without a provider are as they were, by either.
  assert.equal((await old.get('/v3/secrets')).status, 200)
  assert.equal((await now.get('/v3/secrets/1')).body.value, 'one')
  assert.equal((await now.put('/v3/secrets/1', { value: 'two' })).status, 200)
  const trail = await now.post('/v3/audit/verify', {})
  assert.deepEqual([trail.status, trail.body.fault], [200, null], trail.text)
  assert.equal((await now.delete('/v3/account/customer-key')).status, 200)
  assert.equal((await old.get('/v3/secrets/1')).body.value, 'two')
})

test('What a step of the schema does to older nodes is told by its statements', () => {
  const step = (postgres: string) => isAdditive({ postgres })

  assert.ok(step(more))
  assert.ok(step('drop index by_name; create index by_name on secrets (account_id, name);'))
  for (const other of [
    'alter table secrets drop column name;',
    'alter table secrets alter column name type text;',
    'alter table secrets add column later text unique;',
    'create unique index later on secrets (name);',
    'create table later (id bigint); update secrets set name = upper(name);',
    'delete from replies;',
  ]) {
    assert.equal(step(other), false, other)
  }
  // Those that came since the first release: each one that is not additive is a stop of all nodes.
  assert.deepEqual(
    migrations.filter((one) => one.name > '0016' && !isAdditive(one)).map(({ name }) => name),
    [],
  )
})

async function saysOfSchema({ url }: Child, expected: RegExp | undefined): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { conditions = [] }: { conditions?: { name: string; detail: string }[] } = JSON.parse(
      await (await fetch(`${url}/readyz`)).text(),
    )
    const found = conditions.find(({ name }) => name === 'schema')
    if (expected === undefined ? found === undefined : expected.test(found?.detail ?? '')) return
    assert.ok(tries < 120, found?.detail ?? 'It says nothing of the schema.')
    await setTimeout(250)
  }
}
