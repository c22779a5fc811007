/** What is made is never more than its maker: in rights, networks, lifetime and role, when it is made and when it is used. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { deleteUser } from '../../src/vault/users.ts'
import { type Answer, Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { host, password, startWithOwner } from '../support/portal-account.ts'
import type { TestOptions } from '../support/server.ts'

const all = [
  ...['secrets:list', 'secrets:read', 'secrets:scan', 'secrets:write', 'secrets:delete'],
  ...['keys:manage', 'audit:read', 'account:manage'],
]
const here = '127.0.0.0/8'
const elsewhere = '10.0.0.7/32'
const reference = (name: string) => ['$', `{{secret.${name}}}`].join('')
const seedOf = (...names: string[]) => ({ user_data: names.map(reference).join('\n'), target: 'web-1' })
const ok = (answer: Answer): Answer => {
  assert.ok(answer.status < 300, answer.text)
  return answer
}
const refused = (answer: Answer, pattern: RegExp): void => {
  assert.deepEqual([answer.status, answer.body.code], [403, 'forbidden'], answer.text)
  assert.match(answer.body.detail, pattern)
}
const fetched = async (seed: Answer): Promise<number> => (await fetch(`${seed.body.url}user-data`)).status

for (const engine of engines) {
  const start = async (t: TestContext, options: TestOptions = {}) => {
    const server = await startWithOwner(t, engine, options)
    const { api, url } = server
    for (const name of ['prod-db', 'dev-db']) ok(await api.post('/v3/secrets', { name, value: `value of ${name}` }))
    const keyOf = async (by: Api | Person, body: object) =>
      new Api(url, ok(await by.post('/v3/keys', { name: 'made', scopes: all, ...body })).body.api_key)
    return { ...server, keyOf }
  }

  suite(`${engine.name}: a key`, { skip: engine.skip }, () => {
    test('that an admin made makes no owner, resets none, and does not say how owners sign in', async (t) => {
      const { invite, keyOf, owner } = await start(t)
      const { person: admin, id } = await invite('admin')
      const key = await keyOf(admin, {})
      const second = await keyOf(key, {})

      for (const one of [key, second]) {
        refused(await one.send('PATCH', `/v3/users/${id}`, { role: 'owner' }), /Only an owner/)
        refused(await one.post('/v3/users', { email: 'eve@example.com', role: 'owner' }), /Only an owner/)
        refused(await one.post('/v3/users/1/reset', undefined), /Only an owner/)
        refused(await one.delete('/v3/users/1/factors'), /Only an owner/)
        refused(await one.send('PATCH', '/v3/users/1', { disabled: true }), /Only an owner/)
        refused(await one.delete('/v3/users/1'), /Only an owner/)
        refused(await one.put('/v3/sign-in', { second_factor_required: true }), /owner/)
        ok(await one.post(`/v3/users/${id}/reset`, undefined))
      }
      ok(await (await keyOf(owner, {})).post('/v3/users/1/reset', undefined))
    })

    test('of an owner or the host is not handed on by an admin who rotates it', async (t) => {
      const { invite, keyOf, owner, api } = await start(t)
      const { person: admin } = await invite('admin')
      ok(await owner.post('/v3/keys', { name: 'mine', scopes: all }))
      const { keys } = ok(await api.get('/v3/keys')).body

      for (const { id } of keys) refused(await admin.post(`/v3/keys/${id}/rotate`, {}), /only owners/)
      const mine = new Api((await keyOf(owner, {})).url, ok(await owner.post(`/v3/keys/1/rotate`, {})).body.api_key)
      ok(await mine.post('/v3/users/1/reset', undefined))
    })

    test('that is bound to networks, or ends, makes nothing that is not', async (t) => {
      const { keyOf, api } = await start(t)
      const soon = new Date(Date.now() + 3600_000).toISOString()
      const makers = [
        [await keyOf(api, { networks: [here] }), /limited to networks/],
        [await keyOf(api, { expires_at: soon }), /This API key expires/],
      ] as const

      for (const [maker, why] of makers) {
        refused(await maker.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] }), why)
        refused(await maker.post('/v3/users', { email: 'eve@example.com', role: 'reader' }), why)
        refused(await maker.post('/v3/users/1/reset', undefined), why)
        refused(await maker.delete('/v3/users/1/factors'), why)
        refused(await maker.post('/v3/machines', { name: 'm', addresses: [elsewhere] }), why)
        refused(await maker.put('/v3/sign-in', { second_factor_required: true }), why)
        refused(
          await maker.post('/v3/trust-rules', {
            ...{ name: 'r', issuer: 'https://ci.example', audience: 'here', claims: { sub: 'job' } },
            scopes: ['secrets:read'],
          }),
          why,
        )
        ok(await maker.get('/v3/users'))
      }
      ok(await makers[0][0].post('/v3/machines', { name: 'm', addresses: ['127.0.0.9'] }))
    })

    test('that is bound to networks lets nobody in from elsewhere by those of the account', async (t) => {
      const { keyOf, api } = await start(t)
      const bound = await keyOf(api, { networks: [here] })
      ok(await bound.put('/v3/settings', { networks: ['127.0.0.0/16'] }))
      refused(await bound.put('/v3/settings', { networks: ['127.0.0.0/16', elsewhere] }), /^networks: /)
      refused(await bound.put('/v3/settings', { networks: [] }), /^networks: /)
      ok(await bound.put('/v3/settings', { networks: [here] }))
      ok(await api.put('/v3/settings', { networks: [] }))
    })

    test('without the right to read registers no machine that reads, and lets none', async (t) => {
      const { withScopes, api } = await start(t)
      const manager = await withScopes('account:manage')

      refused(await manager.post('/v3/machines', { name: 'm', addresses: ['127.0.0.1'] }), /^scopes: /)
      ok(await api.post('/v3/machines', { name: 'm', addresses: ['127.0.0.1'] }))
      refused(await manager.put('/v3/settings', { vm_auth: true }), /^vm_auth: /)
      assert.equal((await manager.get('/v3/secrets/1')).status, 403)
      ok(await api.put('/v3/settings', { vm_auth: true }))
      ok(await manager.put('/v3/settings', { vm_auth: true }))
      ok(await manager.put('/v3/settings', { vm_auth: false }))
      refused(await manager.put('/v3/settings', { vm_auth: true }), /^vm_auth: /)
    })
  })

  suite(`${engine.name}: a seed`, { skip: engine.skip }, () => {
    test('is fetched from the networks of the key that made it alone', async (t) => {
      const { keyOf, api } = await start(t, { trustedProxies: ['127.0.0.1'] })
      const maker = await keyOf(api, { networks: [here] })
      const { url } = ok(await maker.post('/v3/seeds', seedOf('prod-db'))).body
      const from = async (address: string) =>
        (await fetch(`${url}user-data`, { headers: { 'x-forwarded-for': address } })).status

      assert.equal(await from('10.0.0.7'), 404)
      assert.equal(await from('127.0.0.9'), 200)
    })

    test('of a user ends with what the user may no longer read', async (t) => {
      const { invite, owner } = await start(t)
      const changes = [{ role: 'auditor' }, { name_patterns: ['dev-*'] }, { disabled: true }]

      for (const change of changes) {
        const { person, id } = await invite('editor')
        const seed = ok(await person.post('/v3/seeds', seedOf('prod-db')))
        const other = ok(await person.post('/v3/seeds', seedOf('dev-db')))
        ok(await owner.send('PATCH', `/v3/users/${id}`, change))

        assert.notEqual(await fetched(seed), 200, JSON.stringify(change))
        assert.equal(await fetched(other), 'name_patterns' in change ? 200 : 404, JSON.stringify(change))
      }
    })

    test('of a user ends with a new password, a reset, another session ended, and the user', async (t) => {
      const { invite, owner, url, vault } = await start(t)
      const next = 'eight purple bicycles hum'
      const reset = async (id: number) => {
        const link = ok(await owner.post(`/v3/users/${id}/reset`)).body.invitation_url
        ok(await new Person(url).accept(link, { password: next }))
      }
      const ends: Record<string, (person: Person, id: number) => Promise<unknown>> = {
        'a new password': (person) =>
          person.send('PUT', '/v3/session/password', { current_password: password, password: next }).then(ok),
        'a reset that was accepted': (_person, id) => reset(id),
        'a reset of the factors': (_person, id) => owner.send('DELETE', `/v3/users/${id}/factors`).then(ok),
        'being disabled for a while': async (_person, id) => {
          ok(await owner.send('PATCH', `/v3/users/${id}`, { disabled: true }))
          ok(await owner.send('PATCH', `/v3/users/${id}`, { disabled: false }))
        },
        'another session ended': async (person) => {
          const { sessions } = ok(await person.get('/v3/sessions')).body
          const other = sessions.find(({ current }: { current: boolean }) => !current)
          ok(await person.send('DELETE', `/v3/sessions/${other.id}`))
        },
        'the user deleted': (_person, id) => deleteUser(vault, host, id),
      }

      for (const [what, end] of Object.entries(ends)) {
        const { person: thief, email, id } = await invite('editor')
        const victim = new Person(url)
        ok(await victim.signIn(email, password))
        const [seed, own] = [
          ok(await thief.post('/v3/seeds', seedOf('prod-db'))),
          ok(await victim.post('/v3/seeds', seedOf('prod-db'))),
        ]
        await end(victim, id)

        assert.deepEqual([await fetched(seed), await fetched(own)], [404, 404], what)
      }
    })

    test('of a user stands when the session that made it signs out or runs out', async (t) => {
      let now = Date.now()
      const { invite } = await start(t, { now: () => now })
      const { person } = await invite('editor')
      const seeds = [
        ok(await person.post('/v3/seeds', seedOf('prod-db'))),
        ok(await person.post('/v3/seeds', seedOf('dev-db'))),
      ]
      ok(await person.send('DELETE', '/v3/session'))
      assert.equal(await fetched(seeds[0] ?? assert.fail()), 200)
      now += 45 * 60_000
      assert.equal(await fetched(seeds[1] ?? assert.fail()), 200)
    })
  })

  suite(`${engine.name}: a session`, { skip: engine.skip }, () => {
    test('ends with any change of its user’s role, also to one of the same rights', async (t) => {
      const { invite, owner } = await start(t)
      const { person, id } = await invite('admin')
      ok(await owner.send('PATCH', `/v3/users/${id}`, { role: 'owner' }))
      assert.equal((await person.get('/v3/users')).status, 401)
    })

    test('needs a fresh proof for many values, whichever way they leave', async (t) => {
      let now = Date.now()
      const { owner } = await start(t, { now: () => now })
      const two = { template: [reference('prod-db'), reference('dev-db')].join(' ') }
      now += 16 * 60_000
      ok(await owner.get('/v3/session'))

      const ways: [string, string, unknown][] = [
        ['POST', '/v3/render', two],
        ['POST', '/v3/seeds', seedOf('prod-db', 'dev-db')],
        // Nothing is rendered on trial: the making of it asks by itself.
        ['POST', '/v3/seeds', { ...seedOf('prod-db', 'dev-db'), check: false }],
        ['POST', '/v3/keys', { name: 'k', scopes: ['secrets:read'] }],
        ['POST', '/v3/machines', { name: 'm', addresses: ['127.0.0.1'] }],
        ['PUT', '/v3/settings', { vm_auth: true }],
        ['GET', '/api/secrets/lists/1/values', undefined],
        ['POST', '/v3/fingerprints', {}],
      ]
      for (const [method, path, body] of ways) {
        const { status, text } = await owner.send(method, path, body)
        assert.deepEqual([status, /confirm/i.test(text)], [403, true], `${path}: ${text}`)
      }
      ok(await owner.post('/v3/render', { template: reference('prod-db') }))
      ok(await owner.post('/v3/seeds', seedOf('prod-db')))
      ok(await owner.post('/v3/session/confirm', { password }))
      ok(await owner.post('/v3/seeds', seedOf('prod-db', 'dev-db')))
    })
  })
}
