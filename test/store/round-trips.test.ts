/** How often a node waits for PostgreSQL: once for what a request needs, and once for what it leaves. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import { type Answer, Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { administer } from '../support/postgres.ts'
import { CommitProxy } from '../support/proxy.ts'
import { startServer } from '../support/server.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

suite('A request on PostgreSQL', { skip: postgres.skip }, () => {
  test('takes two round trips: lock and load, write and commit', async (t) => {
    const { api, turns } = await startCounted(t)
    await api.post('/v3/secrets', { name: 'one', value: 'v' })
    await api.get('/v3/secrets/1')

    assert.equal(await turns(() => api.get('/v3/secrets/1')), 2)
    // Refused alike.
    assert.equal(await turns(() => api.get('/v3/secrets/2'), 404), 2)
  })

  test('takes one more when a key comes for the first time, and never more', async (t) => {
    const { api, url, turns } = await startCounted(t)
    await api.post('/v3/secrets', { name: 'one', value: 'v' })
    const { body } = await api.post('/v3/keys', { name: 'other', scopes: ['secrets:read'] })
    const other = new Api(url, body.api_key)

    assert.equal(await turns(() => other.get('/v3/secrets/1')), 3)
    assert.equal(await turns(() => other.get('/v3/secrets/1')), 2)
    await api.delete(`/v3/keys/${body.id}`)
    assert.equal((await other.get('/v3/secrets/1')).status, 401)
  })

  test('in an environment takes as many, by id and by name, also of what is inherited, and one more when it is another one', async (t) => {
    const { api, turns } = await startCounted(t)
    const prod = { 'strongroom-environment': 'prod' }
    await api.post('/v3/environments', { name: 'prod', base: 'default' })
    await api.post('/v3/secrets', { name: 'own', value: 'v' }, prod)
    await api.post('/v3/secrets', { name: 'of-base', value: 'v' })
    await api.get('/v3/secrets/by-name/own', prod)

    assert.equal(await turns(() => api.get('/v3/secrets/1')), 2)
    assert.equal(await turns(() => api.get('/v3/secrets/1', prod)), 2)
    assert.equal(await turns(() => api.get('/v3/secrets/by-name/own', prod)), 2)
    assert.equal(await turns(() => api.get('/v3/secrets/by-name/of-base', prod)), 2)
    // Whether something there hides it, is asked when its name is known.
    assert.equal(await turns(() => api.get('/v3/secrets/2', prod)), 3)
    assert.equal(await turns(() => api.get('/v3/secrets', { 'strongroom-environment': 'nowhere' }), 404), 2)
    await api.send('PATCH', '/v3/environments/2', { name: 'live' })
    await api.get('/v3/secrets/1')
    assert.equal(await turns(() => api.get('/v3/secrets/by-name/own', { 'strongroom-environment': 'live' })), 2)
    assert.equal(await turns(() => api.get('/v3/secrets/by-name/own', prod), 404), 2)
  })

  test('a step of which fails changes nothing, and says so', async (t) => {
    const { api, vault, place } = await startCounted(t)
    await api.post('/v3/secrets', { name: 'one', value: 'before' })
    await administer(
      place.databaseUrl,
      `alter table audit add constraint never check (action <> 'secret.update') not valid`,
    )

    const { status, body } = await api.put('/v3/secrets/1', { value: 'after' })

    assert.deepEqual([status, body.code], [503, 'audit_unavailable'])
    assert.equal((await api.get('/v3/secrets/1')).body.value, 'before')
    await administer(place.databaseUrl, 'alter table audit drop constraint never')
    assert.equal((await api.put('/v3/secrets/1', { value: 'after' })).status, 200)
    for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
  })

  test('does not rest upon what a key named that is there no more', async (t) => {
    const { api, url, place } = await startCounted(t)
    await api.post('/v3/secrets', { name: 'one', value: 'v' })
    const { body } = await api.post('/v3/keys', { name: 'other', scopes: ['secrets:read'] })
    const other = new Api(url, body.api_key)
    assert.equal((await other.get('/v3/secrets/1')).status, 200)

    await administer(place.databaseUrl, `update secrets set name = 'forged' where id = 1`)
    assert.equal((await other.get('/v3/secrets/1')).body.code, 'integrity_failure')
    await administer(place.databaseUrl, `delete from api_keys where id = ${body.id}`)

    assert.equal((await other.get('/v3/secrets/1')).body.code, 'unauthenticated')
  })

  test('does not rest upon what its key would have named while there was no environment for it', async (t) => {
    const { api, url, place } = await startCounted(t)
    await api.post('/v3/secrets', { name: 'one', value: 'of default' })
    await api.post('/v3/environments', { name: 'prod' })
    const { body } = await api.post('/v3/keys', { name: 'of prod', scopes: ['secrets:read@prod'] })
    const ofProd = new Api(url, body.api_key)
    await api.delete('/v3/environments/2')
    assert.equal((await ofProd.get('/v3/secrets/by-name/one')).status, 404)
    await api.post('/v3/environments', { name: 'prod' })
    await api.post('/v3/secrets', { name: 'one', value: 'of prod' }, { 'strongroom-environment': 'prod' })
    await administer(place.databaseUrl, `update secrets set description = 'forged' where id = 1`)

    const { status, body: found } = await ofProd.get('/v3/secrets/by-name/one')

    assert.deepEqual([status, found.value], [200, 'of prod'])
    assert.equal((await api.get('/v3/secrets/1')).body.code, 'integrity_failure')
  })
})

async function startCounted(t: TestContext) {
  const place = await postgres.makePlace()
  const proxy = await CommitProxy.start(place.databaseUrl ?? assert.fail())
  t.after(() => place.clear())
  const server = await startServer(t, postgres, { place: { ...place, databaseUrl: proxy.url } })
  t.after(() => proxy.stop())
  const turns = async (ask: () => Promise<Answer>, status = 200) => {
    proxy.quietMs = 50
    const before = proxy.turns
    const answer = await ask()
    assert.equal(answer.status, status, answer.text)
    return proxy.turns - before
  }
  return { ...server, turns }
}
