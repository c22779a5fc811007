/** Who made what: shown, going on without its maker, and ended with them when that is asked for. */
import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { suite, type TestContext, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import { type Answer, Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { startWithOwner } from '../support/portal-account.ts'

const all = [
  ...['secrets:list', 'secrets:read', 'secrets:scan', 'secrets:write', 'secrets:delete'],
  ...['keys:manage', 'audit:read', 'account:manage'],
]
const rule = { issuer: 'https://ci.example', audience: 'here', claims: { sub: 'job' }, scopes: ['secrets:read'] }
const ok = (answer: Answer): Answer => {
  assert.ok(answer.status < 300, answer.text)
  return answer
}

for (const engine of engines) {
  suite(`${engine.name}: what somebody made`, { skip: engine.skip }, () => {
    /** A user's key, what it made, what that made, and what others did. */
    const start = async (t: TestContext) => {
      const server = await startWithOwner(t, engine)
      const { api, url, invite } = server
      ok(await api.post('/v3/secrets', { name: 'db', value: 'v' }))
      const admin = await invite('admin')
      const make = async (by: Pick<Api, 'post'>, name: string) => {
        const { id, api_key } = ok(await by.post('/v3/keys', { name, scopes: all })).body
        return { id: id as number, key: new Api(url, api_key) }
      }
      const first = await make(admin.person, 'first')
      const child = await make(first.key, 'child')
      const grandchild = await make(child.key, 'grandchild')
      const others = await make(api, 'others')
      ok(await child.key.post('/v3/machines', { name: 'web-1', addresses: ['10.0.0.7'] }))
      ok(await api.post('/v3/machines', { name: 'web-2', addresses: ['10.0.0.8'] }))
      ok(await child.key.post('/v3/trust-rules', { ...rule, name: 'ci' }))
      ok(await api.post('/v3/trust-rules', { ...rule, name: 'other-ci' }))
      const seed = ok(await grandchild.key.post('/v3/seeds', { user_data: 'A', target: 'web-1' })).body.url as string
      const works = async () =>
        Promise.all(
          [first, child, grandchild, others].map(async ({ key }) => (await key.get('/v3/keys')).status === 200),
        )
      const left = async () => ({
        machines: ok(await api.get('/v3/machines')).body.machines.map(({ name }: { name: string }) => name),
        rules: ok(await api.get('/v3/trust-rules')).body.trust_rules.map(({ name }: { name: string }) => name),
      })
      return { ...server, admin, first, child, grandchild, others, seed, works, left }
    }

    test('names its maker: a user, a key, the host', async (t) => {
      const { api, admin, first, child } = await start(t)
      const makerOf = async (path: string) => ok(await api.get(path)).body.created_by
      const { email, id } = admin

      assert.deepEqual(await makerOf('/v3/keys/1'), { kind: 'host', id: 0, name: userInfo().username })
      assert.deepEqual(await makerOf(`/v3/keys/${first.id}`), { kind: 'user', id, name: email })
      assert.deepEqual(await makerOf(`/v3/keys/${child.id}`), { kind: 'key', id: first.id, name: 'first' })
      assert.deepEqual(await makerOf('/v3/machines/1'), { kind: 'key', id: child.id, name: 'child' })
      assert.deepEqual(await makerOf('/v3/trust-rules/2'), { kind: 'key', id: 1, name: 'first key' })
      const rotated = ok(await api.post(`/v3/keys/${child.id}/rotate`, {})).body
      assert.deepEqual(rotated.created_by, { kind: 'key', id: 1, name: 'first key' })
    })

    test('goes on when the key that made it is revoked, which says what that is', async (t) => {
      const { api, first, child, grandchild, works, left } = await start(t)

      assert.deepEqual(ok(await api.get(`/v3/keys/${first.id}/made`)).body, {
        keys: [
          { id: child.id, name: 'child' },
          { id: grandchild.id, name: 'grandchild' },
        ],
        trust_rules: [{ id: 1, name: 'ci' }],
        machines: [{ id: 1, name: 'web-1' }],
        webhooks: [],
      })
      const revoked = ok(await api.delete(`/v3/keys/${first.id}`))
      assert.deepEqual(revoked.body, { message: 'API key revoked successfully' })
      assert.deepEqual(await works(), [false, true, true, true])
      assert.deepEqual(await left(), { machines: ['web-1', 'web-2'], rules: ['ci', 'other-ci'] })
    })

    for (const isRevoked of [false, true]) {
      test(`ends with the key that made it when that is asked for${isRevoked ? ', later too' : ''}`, async (t) => {
        const { api, first, child, grandchild, seed, works, left, vault } = await start(t)
        if (isRevoked) ok(await api.delete(`/v3/keys/${first.id}`))

        const { ended } = ok(await api.delete(`/v3/keys/${first.id}?cascade=true`)).body

        assert.deepEqual(ended, {
          keys: [
            { id: child.id, name: 'child' },
            { id: grandchild.id, name: 'grandchild' },
          ],
          trust_rules: [{ id: 1, name: 'ci' }],
          machines: [{ id: 1, name: 'web-1' }],
          webhooks: [],
        })
        assert.deepEqual(await works(), [false, false, false, true])
        assert.deepEqual(await left(), { machines: ['web-2'], rules: ['other-ci'] })
        assert.equal((await fetch(`${seed}user-data`)).status, 404)
        const { records } = ok(await api.get('/v3/audit?limit=30')).body
        const recorded = records.map(({ action, object }: { action: string; object: { name: string } }) => [
          action,
          object?.name,
        ])
        for (const one of [
          ['key.revoke', 'grandchild'],
          ['trust_rule.delete', 'ci'],
          ['machine.delete', 'web-1'],
        ]) {
          assert.ok(JSON.stringify(recorded).includes(JSON.stringify(one)), JSON.stringify(recorded))
        }
        const [verdict] = [await Array.fromAsync(verifyAudit(vault, { state: true }))].flat()
        assert.deepEqual([verdict?.fault, verdict?.differences], [undefined, []])
      })
    }

    test('passes through a key that was revoked before', async (t) => {
      const { api, first, child, works } = await start(t)
      ok(await api.delete(`/v3/keys/${child.id}`))
      assert.deepEqual(await works(), [true, false, true, true])
      ok(await api.delete(`/v3/keys/${first.id}?cascade=true`))
      assert.deepEqual(await works(), [false, false, false, true])
    })

    test('is of whoever changed it last, where a change lets others in: a trust rule', async (t) => {
      const { api, others, left } = await start(t)
      ok(await others.key.send('PATCH', '/v3/trust-rules/2', { claims: { sub: 'another job' } }))

      const { created_by: maker } = ok(await api.get('/v3/trust-rules/2')).body
      assert.deepEqual(maker, { kind: 'key', id: others.id, name: 'others' })
      const { ended } = ok(await api.delete(`/v3/keys/${others.id}?cascade=true`)).body
      assert.deepEqual(ended.trust_rules, [{ id: 2, name: 'other-ci' }])
      assert.deepEqual((await left()).rules, ['ci'])
    })

    test('ends with the key that revokes itself', async (t) => {
      const { first, works } = await start(t)
      ok(await first.key.delete('/v3/keys/self?cascade=true'))
      assert.deepEqual(await works(), [false, false, false, true])
    })

    test('goes on when the user who made it is deleted or disabled, and ends when that is asked for', async (t) => {
      const { owner, admin, works, left, api } = await start(t)
      const path = `/v3/users/${admin.id}`
      assert.equal(ok(await owner.get(`${path}/made`)).body.keys.length, 3)
      ok(await owner.send('PATCH', path, { disabled: true }))
      assert.deepEqual(await works(), [true, true, true, true])
      const refused = await owner.send('PATCH', `${path}?cascade=true`, { disabled: false })
      assert.deepEqual([refused.status, refused.body.errors[0].field], [400, 'cascade'])
      ok(await owner.send('PATCH', `${path}?cascade=true`, { disabled: true }))
      assert.deepEqual(await works(), [false, false, false, true])
      assert.deepEqual(await left(), { machines: ['web-2'], rules: ['other-ci'] })

      const second = (await start(t)) satisfies Awaited<ReturnType<typeof start>>
      ok(await second.owner.send('DELETE', `/v3/users/${second.admin.id}?cascade=true`))
      assert.deepEqual(await second.works(), [false, false, false, true])
      assert.equal((await api.get('/v3/keys')).status, 200)
    })

    test('is not shown or ended by whoever may not manage its maker', async (t) => {
      const { first, withScopes, works, admin, otherAccount } = await start(t)
      for (const stranger of [await withScopes('secrets:read', 'keys:manage:prod-*'), await otherAccount()]) {
        assert.equal((await stranger.get(`/v3/keys/${first.id}/made`)).status, 404)
        assert.equal((await stranger.delete(`/v3/keys/${first.id}?cascade=true`)).status, 404)
      }
      const reader = await withScopes('secrets:read')
      assert.equal((await reader.get(`/v3/users/${admin.id}/made`)).status, 403)
      assert.equal((await reader.delete(`/v3/users/${admin.id}?cascade=true`)).status, 403)
      assert.deepEqual(await works(), [true, true, true, true])
    })

    test('is ended at once, however fast its maker goes on making', async (t) => {
      const { api, first, child, url } = await start(t)
      let isOver = false
      const tokens: string[] = []
      const goOn = async () => {
        while (!isOver) {
          const { status, body } = await child.key.post('/v3/keys', { name: 'more', scopes: ['secrets:read'] })
          if (status !== 201) return
          tokens.push(body.api_key)
        }
      }
      const making = Promise.all(Array.from({ length: 8 }, goOn))
      while (tokens.length < 20) await api.get('/v3/keys/1')
      const { status } = await api.delete(`/v3/keys/${first.id}?cascade=true`)
      isOver = true
      await making

      assert.equal(status, 200)
      for (const token of tokens) assert.equal((await new Api(url, token).get('/v3/secrets/1')).status, 401)
    })

    test('is ended whole while more of it is being made', async (t) => {
      const { api, first, child, url } = await start(t)
      const making = Promise.all(
        Array.from({ length: 12 }, (_, at) =>
          child.key.post('/v3/keys', { name: `late ${at}`, scopes: ['secrets:read'] }),
        ),
      )
      const [made] = await Promise.all([making, api.delete(`/v3/keys/${first.id}?cascade=true`)])
      for (const { status, body } of made) {
        assert.ok(status === 201 || status === 401, String(status))
        if (status === 201) assert.equal((await new Api(url, body.api_key).get('/v3/secrets/1')).status, 401)
      }
    })
  })
}
