/** Environments that scopes and roles name: each must be there, and nobody learns by that of one which they do not see. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import type { Answer } from '../support/api.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { startWithOwner } from '../support/portal-account.ts'

const mistyped = 'There is no environment prdo. Check its name, or create it first.'
const unseen = 'No environment of this name, or none that you may see.'
const at = (environment: string) => ({ 'strongroom-environment': environment })

function told({ status, body }: Answer): unknown[] {
  return [status, body.code, body.errors]
}

function refusal(field: string, detail: string): unknown[] {
  return [400, 'invalid', [{ field, detail }]]
}

/** With `prod`, of which somebody may learn, and of no `prdo`. */
async function start(t: TestContext, engine: TestEngine) {
  const server = await startWithOwner(t, engine)
  await server.api.post('/v3/environments', { name: 'prod' })
  return server
}

for (const engine of engines) {
  suite(`${engine.name}: an environment that a scope names`, { skip: engine.skip }, () => {
    for (const [thing, path, body] of [
      ['a key', 'keys', { name: 'ci' }],
      ['a machine', 'machines', { name: 'web', addresses: ['192.0.2.7'] }],
      [
        'a trust rule',
        'trust-rules',
        { name: 'jobs', issuer: 'https://issuer.test', audience: 'a', claims: { sub: 'b' } },
      ],
    ] as const) {
      test(`is there, when ${thing} is made: a misspelt one is refused by its name`, async (t) => {
        const { api } = await start(t, engine)
        const make = (environment: string) =>
          api.post(`/v3/${path}`, { ...body, scopes: ['secrets:list', `secrets:read:db-*@${environment}`] })
        const before = (await api.get(`/v3/${path}`)).text

        assert.deepEqual(told(await make('prdo')), refusal('scopes', mistyped))
        assert.equal((await api.get(`/v3/${path}`)).text, before)
        const made = await make('prod')
        assert.equal(made.status, 201, made.text)
      })
    }

    test('may be default, which every account has', async (t) => {
      const { api } = await startAccount(t, engine)
      const make = (scope: string) => api.post('/v3/keys', { name: 'ci', scopes: [scope] })

      assert.equal((await make('secrets:read@default')).status, 201)
      assert.deepEqual(told(await make('secrets:read@prdo')), refusal('scopes', mistyped))
    })

    test('is there, when a rule comes to name it; one that is gone since is no fault of what names it already', async (t) => {
      const { api } = await start(t, engine)
      const rule = { name: 'jobs', issuer: 'https://issuer.test', audience: 'a', claims: { sub: 'b' } }
      await api.post('/v3/trust-rules', { ...rule, scopes: ['secrets:read@prod'] })
      const key = (await api.post('/v3/keys', { name: 'ci', scopes: ['secrets:read@prod'] })).body
      await api.send('PATCH', '/v3/environments/2', { name: 'live' })
      const change = (...scopes: string[]) => api.send('PATCH', '/v3/trust-rules/1', { scopes })

      assert.deepEqual(told(await change('secrets:read@prod', 'secrets:read@prdo')), refusal('scopes', mistyped))
      assert.equal((await change('secrets:list@prod', 'secrets:read@live')).status, 200)
      assert.equal((await api.post(`/v3/keys/${key.id}/rotate`, {})).status, 201)
    })

    test('is there, when a user gets a role in it; roles in one that is gone can be kept and taken away', async (t) => {
      const { owner, invite } = await start(t, engine)
      const invited = (environment: string) =>
        owner.post('/v3/users', {
          email: 'b@example.com',
          role: 'auditor',
          environment_roles: { [environment]: 'reader' },
        })
      const { id } = await invite('auditor', { environment_roles: { prod: 'reader' } })
      const change = (roles: object) => owner.send('PATCH', `/v3/users/${id}`, { environment_roles: roles })

      assert.deepEqual(told(await invited('prdo')), refusal('environment_roles', mistyped))
      assert.deepEqual(told(await change({ prod: 'reader', prdo: 'reader' })), refusal('environment_roles', mistyped))
      await owner.send('PATCH', '/v3/environments/2', { name: 'live' })
      assert.equal((await change({ prod: 'editor', live: 'reader' })).status, 200)
      assert.equal((await change({})).status, 200)
    })

    test('is there, when a login is confirmed that asks for it', async (t) => {
      const { url, owner } = await start(t, engine)
      const begin = async (scope: string) => {
        const begun = await new Person(url).send('POST', '/v3/logins', { host: 'laptop', scopes: [scope] })
        assert.equal(begun.status, 201, begun.text)
        return owner.post('/v3/logins/confirm', { user_code: begun.body.user_code })
      }

      assert.deepEqual(told(await begin('secrets:read@prdo')), refusal('scopes', mistyped))
      assert.equal((await begin('secrets:read@prod')).status, 200)
    })

    test('is answered again to a request that is repeated, gone as it is', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      const make = () =>
        api.post('/v3/keys', { name: 'ci', scopes: ['secrets:read@prod'] }, { 'idempotency-key': 'once-1' })

      const { id } = (await make()).body
      await api.delete('/v3/environments/2')

      const again = await make()
      assert.deepEqual([again.status, again.body.id], [200, id])
    })

    test('is one that whoever makes the key sees: another is refused as one that never was', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['dev', 'prod']) await api.post('/v3/environments', { name })
      // Over keys everywhere, and over secrets of one environment.
      const own = await withScopes('keys:manage', 'audit:read', 'secrets:read@dev')
      const make = (scope: string) => own.post('/v3/keys', { name: 'k', scopes: [scope] })

      for (const scope of ['keys:manage', 'audit:read']) {
        for (const name of ['prod', 'prdo']) {
          assert.deepEqual(told(await make(`${scope}@${name}`)), refusal('scopes', unseen), `${scope}@${name}`)
        }
        assert.equal((await make(`${scope}@dev`)).status, 201)
      }
      for (const name of ['prod', 'prdo']) {
        const { status, body } = await make(`secrets:read@${name}`)
        assert.deepEqual([status, body.code], [403, 'forbidden'], name)
      }
    })

    test('is handed on by whoever manages keys of it alone, there or not, and they learn nothing by that', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      const own = await withScopes('keys:manage@prod')
      const make = async () => (await own.post('/v3/keys', { name: 'k', scopes: ['keys:manage@prod'] })).status

      assert.equal(await make(), 201)
      assert.equal((await own.get('/v3/secrets', at('prod'))).status, 404)
      await api.send('PATCH', '/v3/environments/2', { name: 'live' })
      assert.equal(await make(), 201)
    })
  })
}
