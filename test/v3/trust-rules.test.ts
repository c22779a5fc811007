/** Jobs trade the tokens of their issuers for keys that live minutes: what a rule lets in, for how long, and who makes one. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { recordRepeats } from '../../src/vault/repeats.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { audience, jobClaims, sign, startIssuer } from '../support/issuer.ts'
import { startServer, type TestOptions } from '../support/server.ts'
import { stillTime } from '../support/still-time.ts'

const outboundAllowances = [parseAllowance('127.0.0.1') ?? assert.fail()]
const claims = { sub: jobClaims.sub, repository_id: '123' }

for (const engine of engines) {
  suite(`${engine.name}: a trust rule`, { skip: engine.skip }, () => {
    const start = async (t: TestContext, options: TestOptions = {}) => {
      const server = await startServer(t, engine, { outboundAllowances, ...options })
      const issuer = await startIssuer(t, options.now)
      const rule = { name: 'deploy', issuer: issuer.url, audience, claims, scopes: ['secrets:read:prod-*'] }
      const nobody = new Api(server.url, 'none')
      const trade = async (token: string | Promise<string>, more: object = {}) =>
        nobody.post('/v3/auth/oidc', { token: await token, ...more }, { authorization: '' })
      return { ...server, issuer, rule, trade }
    }
    type Setup = Awaited<ReturnType<typeof start>>
    const faultOf = async ({ api }: Setup) => {
      const { text } = await api.get('/metrics')
      const counts = [...text.matchAll(/strongroom_token_exchanges_total\{outcome="(\w+)"\} ([1-9]\d*)/g)]
      return Object.fromEntries(counts.map(([, outcome, count]) => [outcome, Number(count)]))
    }

    test('is deleted at once, with its keys, however fast its jobs go on coming', async (t) => {
      const { api, rule, trade, issuer, url } = await start(t)
      const { id } = (await api.post('/v3/trust-rules', rule)).body
      let isOver = false
      const keys: Api[] = []
      const goOn = async () => {
        while (!isOver) {
          const { status, body } = await trade(issuer.token())
          if (status !== 201) return
          keys.push(new Api(url, body.api_key))
        }
      }
      const coming = Promise.all(Array.from({ length: 6 }, goOn))
      while (keys.length < 10) await api.get('/v3/trust-rules')
      const { status } = await api.delete(`/v3/trust-rules/${id}`)
      isOver = true
      await coming

      assert.equal(status, 200)
      for (const key of keys) assert.equal((await key.get('/v3/keys/self')).status, 401)
    })

    test('lets a job in: with the scopes of the rule, for minutes, under the name of the job', async (t) => {
      const setup = await start(t)
      const { api, rule, trade, issuer, url } = setup
      for (const name of ['prod-db', 'dev-db']) await api.post('/v3/secrets', { name, value: 'v' })
      const made = await api.post('/v3/trust-rules', rule)
      assert.equal(made.status, 201, made.text)
      assert.equal(made.headers.get('location'), '/v3/trust-rules/1')

      const traded = await trade(issuer.token())

      assert.equal(traded.status, 201, traded.text)
      assert.deepEqual(Object.keys(traded.body), ['api_key', 'key_id', 'rule', 'scopes', 'expires_at', 'expires_in'])
      assert.equal(traded.body.expires_in, made.body.key_ttl)
      const { key_id: id, rule: name, scopes, expires_at: end } = traded.body
      assert.deepEqual([id, name, scopes], [2, 'deploy', ['secrets:read:prod-*']])
      const job = new Api(url, traded.body.api_key)
      assert.equal((await job.get('/v3/secrets/1')).body.value, 'v')
      assert.equal((await job.get('/v3/secrets/2')).status, 404)
      const keyName = `deploy: ${jobClaims.sub}`
      const { records } = (await api.get('/v3/audit')).body
      const seen = records.map((record: Record<string, Record<string, unknown>>) => [
        ...[record['action'], record['outcome'], record['principal'], record['object']?.['kind']],
        record['object']?.['name'],
      ])
      const workload = { kind: 'workload', id: 1, name: `${issuer.url} ${jobClaims.sub}` }
      assert.deepEqual(seen.slice(3, 5), [
        ['key.create', 'ok', workload, 'key', keyName],
        ['auth.oidc', 'ok', workload, 'trust_rule', 'deploy'],
      ])
      const { created_at: begin, name: shown } = (await api.get('/v3/keys/2')).body
      assert.equal((Date.parse(end) - Date.parse(begin)) / 1000, 900)
      assert.equal(shown, keyName)
      assert.deepEqual(await faultOf(setup), { issued: 1 })
    })

    test('lets in what NetActuate signs, by its subject alone: no other subject, no other client', async (t) => {
      const { api, rule, issuer, trade } = await start(t)
      const client = '4711'
      const demanded = { ...rule, name: 'worker', audience: client, claims: { sub: 'b7c1f0' } }
      assert.equal((await api.post('/v3/trust-rules', demanded)).status, 201)
      const now = Math.floor(Date.now() / 1000)
      const said = { sub: 'b7c1f0', email: 'worker@example.com', name: 'Worker', aud: client }
      const [key = assert.fail()] = issuer.keys
      const token = (more: object = {}) => sign(key, { ...said, iss: issuer.url, iat: now, exp: now + 300, ...more })

      const traded = await trade(token())

      assert.deepEqual([traded.status, traded.body.rule], [201, 'worker'], traded.text)
      for (const wrong of [
        { sub: 'b7c1f' },
        { sub: undefined },
        { aud: '4712' },
        { aud: [client, 'x'] },
        { exp: now - 60 },
      ]) {
        assert.equal((await trade(token(wrong))).status, 401, JSON.stringify(wrong))
      }
      const impostor = { sub: 'other', email: said.email, name: said.name }
      assert.equal((await trade(token(impostor))).status, 401)
    })

    test('with the older subject of a repository at GitHub lets in the newer one, where it demands its numbers', async (t) => {
      const { api, rule, trade, issuer } = await start(t)
      await api.post('/v3/trust-rules', { ...rule, claims: { ...claims, repository_owner_id: '7' } })
      const sub = 'repo:acme@7/app@123:ref:refs/heads/main'

      const [older, newer] = [await trade(issuer.token()), await trade(issuer.token({ sub }))]
      const another = await trade(issuer.token({ sub: 'repo:acme@8/app@123:ref:refs/heads/main' }))

      assert.deepEqual([older.status, newer.status, another.status], [201, 201, 401])
      assert.equal((await api.get(`/v3/keys/${newer.body.key_id}`)).body.name, `deploy: ${sub}`)
    })

    test('is the first that the token matches, or the one that is named', async (t) => {
      const { api, rule, trade, issuer } = await start(t)
      await api.post('/v3/trust-rules', { ...rule, name: 'other', claims: { sub: 'repo:acme/other:*' } })
      await api.post('/v3/trust-rules', { ...rule, name: 'narrow', scopes: ['secrets:list'] })
      await api.post('/v3/trust-rules', { ...rule, name: 'wide', claims: { sub: 'repo:acme/app:*' }, key_ttl: 60 })
      const token = await issuer.token()

      const [first, named, wrong] = [await trade(token), await trade(token, { rule: 'wide' }), { rule: 'other' }]

      assert.deepEqual([first.status, first.body.rule, first.body.scopes], [201, 'narrow', ['secrets:list']])
      assert.deepEqual([named.status, named.body.rule], [201, 'wide'])
      assert.equal((await trade(issuer.token(), wrong)).status, 401)
      // The main branch is let in as such; another one by the pattern alone, and another repository by neither.
      assert.equal((await trade(issuer.token({ sub: 'repo:acme/app:ref:refs/heads/x' }))).body.rule, 'wide')
      assert.equal((await trade(issuer.token({ sub: 'repo:acme/app2:ref:refs/heads/x' }))).status, 401)
    })

    test('gives one key for a token that says which one it is, whoever comes first', async (t) => {
      const setup = await start(t)
      const { api, rule, trade, issuer } = setup
      await api.post('/v3/trust-rules', rule)
      const token = await issuer.token({ jti: 'one' })

      const answers = await Promise.all(Array.from({ length: 8 }, () => trade(token)))
      const statuses = answers.map(({ status }) => status).sort()

      assert.deepEqual(statuses, [201, ...Array(7).fill(401)])
      assert.equal((await trade(issuer.token({ jti: 'one' }))).status, 401)
      assert.equal((await trade(issuer.token({ jti: 'two' }))).status, 201)
      assert.deepEqual(await faultOf(setup), { issued: 2, reused: 8 })
      const { records } = (await api.get('/v3/audit?action=auth.oidc&outcome=invalid_credentials')).body
      assert.equal(records.length, 1)
      await recordRepeats(setup.vault, true)
      const counted = (await api.get('/v3/audit?action=auth.oidc&outcome=invalid_credentials')).body.records
      assert.deepEqual([counted.length, counted[0].object.name], [2, '7 more within a minute'])
      // Until the rule says otherwise, and for tokens that do not say.
      await api.send('PATCH', '/v3/trust-rules/1', { single_use: false })
      for (const _ of [1, 2]) assert.equal((await trade(token)).status, 201)
      await api.send('PATCH', '/v3/trust-rules/1', { single_use: true })
      const unnamed = await issuer.token({ jti: undefined })
      for (const _ of [1, 2]) assert.equal((await trade(unnamed)).status, 201)
    })

    test('that is deleted lets nobody in, and ends the keys that it gave', async (t) => {
      const { api, rule, trade, issuer, url, vault } = await start(t)
      await api.post('/v3/secrets', { name: 'prod-db', value: 'v' })
      await api.post('/v3/trust-rules', rule)
      await api.post('/v3/trust-rules', { ...rule, name: 'other', claims: { repository_id: '5' } })
      // One after the other, so that it is known whose key has which id.
      const jobs: Api[] = []
      for (const more of [{}, {}, { repository_id: '5', sub: 'x' }]) {
        jobs.push(new Api(url, (await trade(issuer.token(more))).body.api_key))
      }
      const statuses = () => Promise.all(jobs.map(async (job) => (await job.get('/v3/secrets/1')).status))
      assert.deepEqual(await statuses(), [200, 200, 200])

      // Changed, it lets others in, and takes back nothing.
      await api.send('PATCH', '/v3/trust-rules/1', { scopes: ['secrets:list'] })
      assert.deepEqual(await statuses(), [200, 200, 200])
      assert.equal((await api.delete('/v3/trust-rules/1')).status, 200)

      assert.deepEqual(await statuses(), [401, 401, 200])
      assert.equal((await trade(issuer.token())).status, 401)
      assert.equal((await api.get('/v3/trust-rules/1')).status, 404)
      const revoked = (await api.get('/v3/audit?action=key.revoke')).body.records
      assert.deepEqual(revoked.map(({ object }: { object: { id: number } }) => object.id).sort(), [2, 3])
      assert.deepEqual(await differences(vault), [])
    })

    test('leaves nothing behind: what has expired is cleared away', async (t) => {
      let now = Date.UTC(2026, 0, 15)
      const { api, rule, trade, issuer, url, vault, place } = await start(t, { now: () => now })
      await api.post('/v3/secrets', { name: 'prod-db', value: 'v' })
      await api.post('/v3/trust-rules', rule)
      const [maker] = [await trade(issuer.token()), await trade(issuer.token()), await trade(issuer.token())]
      const template = ['$', '{{secret.prod-db}}'].join('')
      const seed = { user_data: template, target: 'web-1' }
      const made = await new Api(url, maker.body.api_key).post('/v3/seeds', seed)
      assert.equal(made.status, 201, made.text)
      assert.equal(made.body.expires_at, '2026-01-15T00:15:00Z')
      const counts = async () =>
        (
          await query(place, 'select (select count(*) from api_keys) as k, (select count(*) from used_tokens) as t')
        ).map(({ k, t: tokens }) => [Number(k), Number(tokens)])[0]

      now += 20 * 60_000
      assert.equal((await new Api(url, maker.body.api_key).get('/v3/secrets/1')).status, 401)
      assert.deepEqual(await counts(), [4, 3])
      now += 60 * 60_000
      assert.equal((await trade(issuer.token())).status, 201)
      // The first key and the new one; the token of the new one.
      assert.deepEqual(await counts(), [2, 1])
      assert.equal((await fetch(`${made.body.url}user-data`)).status, 404)
      assert.deepEqual(await differences(vault), [])
    })

    test('gives keys that nobody can make more of', async (t) => {
      const { api, rule, trade, issuer, url, withScopes } = await start(t)
      const scopes = ['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete', 'audit:read']
      for (const more of ['keys:manage', 'account:manage', 'keys:manage:prod-*']) {
        const refused = await api.post('/v3/trust-rules', { ...rule, scopes: ['secrets:read', more] })
        assert.deepEqual([refused.status, refused.body.errors[0].field], [400, 'scopes'])
      }
      await api.post('/v3/trust-rules', { ...rule, scopes })
      const { api_key: token, key_id: id } = (await trade(issuer.token())).body
      const job = new Api(url, token)

      assert.equal((await job.post('/v3/keys', { name: 'mine', scopes })).status, 403)
      assert.equal((await job.post(`/v3/keys/${id}/rotate`, {})).status, 403)
      assert.equal((await job.post('/v3/trust-rules', { ...rule, name: 'mine' })).status, 403)
      assert.equal((await job.post('/v3/users', { email: 'a@b.example', role: 'owner' })).status, 403)
      assert.equal((await job.post('/v3/machines', { name: 'mine', addresses: ['192.0.2.1'] })).status, 403)
      // Nor whoever manages keys, by rotation.
      const manager = await withScopes('keys:manage', ...scopes)
      const rotated = await manager.post(`/v3/keys/${id}/rotate`, { expires_at: null })
      assert.equal(rotated.status, 400)
      assert.equal((await manager.delete(`/v3/keys/${id}`)).status, 200)
      assert.equal((await job.get('/v3/secrets')).status, 401)
    })

    test('is made by whoever could make such keys, and lives as long', async (t) => {
      const { api, rule, url, withScopes } = await start(t)
      const nothing = await withScopes('secrets:read')
      const narrow = await withScopes('keys:manage:prod-*', 'secrets:read:prod-*')
      const bound = { name: 'b', scopes: ['keys:manage', 'secrets:read'] }
      const inside = new Api(url, (await api.post('/v3/keys', { ...bound, networks: ['127.0.0.0/8'] })).body.api_key)
      const brief = new Api(
        url,
        (await api.post('/v3/keys', { ...bound, expires_at: '2099-01-01T00:00:00Z' })).body.api_key,
      )
      const make = async (by: Api, more: object) => (await by.post('/v3/trust-rules', { ...rule, ...more })).status

      assert.equal(await make(nothing, {}), 403)
      assert.equal(await make(narrow, { scopes: ['secrets:read:dev-*'] }), 403)
      assert.equal(await make(narrow, { scopes: ['secrets:read'] }), 403)
      assert.equal(await make(narrow, { scopes: ['secrets:write:prod-*'] }), 403)
      assert.equal(await make(inside, {}), 403)
      assert.equal(await make(inside, { networks: ['0.0.0.0/0'] }), 403)
      assert.equal(await make(brief, {}), 403)
      assert.equal(await make(inside, { name: 'inside', networks: ['127.0.0.1'] }), 201)
      assert.equal(await make(narrow, { name: 'narrow' }), 201)
      assert.equal(await make(api, { name: 'wide', scopes: ['secrets:read'] }), 201)
      assert.equal(await make(api, { name: 'wide' }), 409)
      // And seen and changed by nobody else.
      const { trust_rules: seen } = (await narrow.get('/v3/trust-rules')).body
      assert.deepEqual(
        seen.map(({ name }: { name: string }) => name),
        ['inside', 'narrow'],
      )
      assert.equal((await narrow.get('/v3/trust-rules/3')).status, 404)
      assert.equal((await narrow.delete('/v3/trust-rules/3')).status, 404)
      assert.equal((await narrow.send('PATCH', '/v3/trust-rules/2', { scopes: ['secrets:read'] })).status, 403)
      assert.equal((await brief.send('PATCH', '/v3/trust-rules/2', { key_ttl: 60 })).status, 403)
      assert.equal((await nothing.get('/v3/trust-rules')).status, 403)
      assert.equal((await narrow.send('PATCH', '/v3/trust-rules/2', { key_ttl: 60 })).body.key_ttl, 60)
    })

    test('is not believed once somebody changed it in the database', async (t) => {
      const { api, rule, trade, issuer, place, url } = await start(t)
      await api.post('/v3/secrets', { name: 'prod-db', value: 'v' })
      await api.post('/v3/trust-rules', rule)
      await api.post('/v3/trust-rules', { ...rule, name: 'other', claims: { repository_id: '5' } })
      const { api_key: token } = (await trade(issuer.token({ repository_id: '5' }))).body
      const [before] = await query(place, 'select * from trust_rules where id = 1')
      assert.ok(before)
      const changes: Record<string, string | number> = {
        ...{ name: 'mine', audience: 'https://other.example', scopes: 'secrets:read', networks: '10.0.0.0/8' },
        ...{ claims: '[["repository_id","999"]]', key_ttl: 3600, is_single_use: 0, jwks_url: 'https://evil.example' },
        ...{ uid: '00'.repeat(16), created_ms: 1, updated_ms: 1, jwks: '{"keys":[]}' },
      }
      for (const [column, value] of Object.entries(changes)) {
        await query(place, `update trust_rules set ${column} = ? where id = 1`, value)
        const answer = await trade(issuer.token())
        assert.deepEqual([answer.status, answer.body.code], [500, 'integrity_failure'], column)
        assert.equal((await api.get('/v3/trust-rules')).status, 500, column)
        assert.equal((await api.get('/v3/trust-rules/1')).status, 500, column)
        await query(place, `update trust_rules set ${column} = ? where id = 1`, before[column] ?? null)
        assert.equal((await trade(issuer.token())).status, 201, column)
      }
      await query(place, "update trust_rules set claims = 'no JSON' where id = 1")
      assert.equal((await trade(issuer.token())).status, 500)
      // Nor is one of its keys, that it would end with.
      await query(place, 'update api_keys set rule_id = 1 where rule_id = 2')
      assert.equal((await new Api(url, token).get('/v3/secrets/1')).status, 500)
    })

    test('lets in nobody of another account, and none of its own jobs there', async (t) => {
      const { api, rule, trade, issuer, otherAccount, vault } = await start(t)
      const other = await otherAccount()
      const name = (await vault.store.accounts()).find(({ id }) => id === 2)?.name
      await other.post('/v3/trust-rules', { ...rule, name: 'theirs', scopes: ['secrets:read'] })

      assert.equal((await trade(issuer.token())).status, 401)
      const traded = await trade(issuer.token(), { account: name })
      assert.deepEqual([traded.status, traded.body.rule], [201, 'theirs'])
      assert.equal((await api.get(`/v3/keys/${traded.body.key_id}`)).status, 404)
      assert.equal((await other.get(`/v3/keys/${traded.body.key_id}`)).status, 200)
    })

    test('that is bound to networks is asked from there alone', async (t) => {
      const setup = await start(t)
      const { api, rule, trade, issuer } = setup
      await api.post('/v3/trust-rules', { ...rule, networks: ['10.0.0.0/8'] })
      assert.equal((await trade(issuer.token())).status, 401)
      await api.send('PATCH', '/v3/trust-rules/1', { networks: ['127.0.0.1'] })

      const traded = await trade(issuer.token())

      assert.equal(traded.status, 201)
      assert.deepEqual((await api.get('/v3/keys/2')).body.networks, ['127.0.0.1/32'])
      assert.deepEqual(await faultOf(setup), { issued: 1, network: 1 })
    })

    test('puts off an address whose tokens are refused too often, and never one with a good token', async (t) => {
      const { api, rule, trade, issuer } = await start(t, { rateLimit: 1000 })
      await api.post('/v3/trust-rules', rule)

      stillTime(t)

      const answers = await Promise.all(Array.from({ length: 60 }, () => trade('a.b.c')))

      const putOff = answers.filter(({ status }) => status === 429)
      assert.ok(putOff.length >= 40, `${putOff.length} put off`)
      assert.ok(answers.every(({ status }) => status === 429 || status === 401))
      assert.equal((await trade(issuer.token())).status, 201)
    })

    test('leaves no trace of strangers in the trail, and one of what its issuer signed', async (t) => {
      const { api, rule, trade, issuer } = await start(t)
      await api.post('/v3/trust-rules', rule)
      const stranger = await startIssuer(t)
      const forged = await issuer.token({}, { kid: issuer.keys[0]?.kid }, stranger.keys[0])
      for (const token of ['a.b.c', await stranger.token(), forged]) assert.equal((await trade(token)).status, 401)
      assert.equal((await trade(issuer.token({ sub: 'repo:evil/app:ref:refs/heads/main' }))).status, 401)

      const { records } = (await api.get('/v3/audit?action=auth.oidc')).body

      assert.equal(records.length, 1)
      assert.deepEqual(records[0].principal, {
        ...{ kind: 'workload', id: 0 },
        name: `${issuer.url} repo:evil/app:ref:refs/heads/main`,
      })
      assert.equal(records[0].outcome, 'invalid_credentials')
    })

    test('of Kubernetes has its keys in it, and fetches nothing', async (t) => {
      const { api, trade, issuer } = await start(t)
      const subject = 'system:serviceaccount:prod:web'
      const cluster = 'https://kubernetes.default.svc.cluster.local'
      const keys = issuer.keys.map(({ jwk }) => ({ ...jwk, x5c: ['MIIB'], unknown: { a: 1 } }))
      const made = await api.post('/v3/trust-rules', {
        ...{ name: 'pods', issuer: cluster, audience, scopes: ['secrets:read'], single_use: false, jwks: { keys } },
        claims: { sub: subject, '/kubernetes.io/serviceaccount/uid': 'u-1' },
      })
      assert.equal(made.status, 201, made.text)
      assert.deepEqual(made.body.jwks, { keys: issuer.keys.map(({ jwk }) => jwk).map(publicPart) })
      const pod = (uid: string) => ({
        ...{ iss: cluster, aud: [audience], sub: subject, jti: 'the same for an hour' },
        'kubernetes.io': { namespace: 'prod', serviceaccount: { name: 'web', uid }, pod: { name: 'web-1' } },
      })

      // A file that is read again: the kubelet writes a new one after most of an hour.
      for (const _ of [1, 2]) assert.equal((await trade(issuer.token(pod('u-1'), { typ: undefined }))).status, 201)
      assert.equal((await trade(issuer.token(pod('u-2')))).status, 401)
      assert.deepEqual(issuer.asked, [])
      const revoked = await api.send('PATCH', '/v3/trust-rules/1', { jwks_url: `${issuer.url}/keys` })
      assert.deepEqual([revoked.body.jwks, revoked.body.jwks_url], [null, `${issuer.url}/keys`])
      assert.equal((await trade(issuer.token(pod('u-1')))).status, 201)
      assert.deepEqual(issuer.asked, ['/keys'])
    })

    test('of SPIFFE takes a JWT-SVID, with the keys of its trust domain', async (t) => {
      const { api, trade, issuer } = await start(t)
      issuer.keys = issuer.keys.map((key) => ({ ...key, jwk: { ...key.jwk, use: 'jwt-svid' } }))
      const sub = 'spiffe://example.org/ns/prod/sa/app'
      const made = await api.post('/v3/trust-rules', {
        ...{ name: 'mesh', issuer: issuer.url, audience, scopes: ['secrets:read'] },
        ...{ claims: { sub: 'spiffe://example.org/ns/prod/*' }, jwks_url: `${issuer.url}/keys` },
      })
      assert.equal(made.status, 201, made.text)
      const svid = (more: object) =>
        issuer.token(
          { sub, aud: [audience], iat: undefined, nbf: undefined, jti: undefined, ...more },
          {
            typ: 'JOSE',
          },
        )

      assert.equal((await trade(svid({}))).status, 201)
      assert.equal((await trade(svid({ sub: 'spiffe://example.org/ns/dev/sa/app' }))).status, 401)
      assert.equal((await trade(svid({ sub: 'spiffe://other.org/ns/prod/sa/app' }))).status, 401)
    })

    test('refuses what would let in more than was meant', async (t) => {
      const { api, rule } = await start(t)
      const keys = [{ kty: 'oct', k: 'c2VjcmV0' }]
      const rows: readonly (readonly [field: string, part: object])[] = [
        ['name', { name: '' }],
        ['name', { name: 'a b' }],
        ['issuer', { issuer: 'ci' }],
        ['issuer', { issuer: 'https://ci.example/?a' }],
        ['issuer', { issuer: 'https://u:p@ci.example' }],
        ['issuer', { issuer: 'HTTPS://ci.example' }],
        ['issuer', { issuer: 'file:///etc' }],
        ['audience', { audience: '' }],
        ['audience', { audience: 'a\nb' }],
        ['scopes', { scopes: [] }],
        ['scopes', { scopes: ['everything'] }],
        ['networks', { networks: ['everywhere'] }],
        ['key_ttl', { key_ttl: 59 }],
        ['key_ttl', { key_ttl: 3601 }],
        ['key_ttl', { key_ttl: 1.5 }],
        ['jwks_url', { jwks_url: 'ftp://ci.example/keys' }],
        ['jwks_url', { jwks_url: 'https://u:p@ci.example/keys' }],
        ['jwks', { jwks: { keys: [] } }],
        ['jwks', { jwks: { keys } }],
        ['jwks', { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] } }],
        ['jwks', { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: 'AA' }] } }],
        ['jwks', { jwks: { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] } }],
        ['jwks', { jwks: { keys: [{ kty: 'EC' }] }, jwks_url: 'https://ci.example/keys' }],
      ]
      for (const [field, part] of rows) {
        const { status, body } = await api.post('/v3/trust-rules', { ...rule, ...part })
        assert.deepEqual([status, body.errors?.[0]?.field], [400, field], JSON.stringify(part))
      }
      assert.deepEqual((await api.get('/v3/trust-rules')).body, { trust_rules: [] })
    })
  })
}

async function differences(vault: Parameters<typeof verifyAudit>[0]): Promise<readonly string[]> {
  const found: string[] = []
  for await (const verdict of verifyAudit(vault, { state: true })) {
    found.push(...verdict.differences, ...(verdict.fault === undefined ? [] : [verdict.fault.reason]))
  }
  return found
}

function publicPart({ kty, crv, x, y, kid, alg, use }: Record<string, unknown>): object {
  return { kty, crv, x, y, kid, alg, use }
}
