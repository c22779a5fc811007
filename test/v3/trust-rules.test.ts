/** Jobs trade the tokens of their issuers for keys that live minutes: what a rule lets in, for how long, and who makes one. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { audience, jobClaims, startIssuer } from '../support/issuer.ts'
import { startServer, type TestOptions } from '../support/server.ts'

const oidcAllowances = [parseAllowance('127.0.0.1') ?? assert.fail()]
const claims = { sub: jobClaims.sub, repository_id: '123' }

for (const engine of engines) {
  suite(`${engine.name}: a trust rule`, { skip: engine.skip }, () => {
    const start = async (t: TestContext, options: TestOptions = {}) => {
      const server = await startServer(t, engine, { oidcAllowances, ...options })
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

    test('lets a job in: with the scopes of the rule, for minutes, under the name of the job', async (t) => {
      const setup = await start(t)
      const { api, rule, trade, issuer, url } = setup
      for (const name of ['prod-db', 'dev-db']) await api.post('/v3/secrets', { name, value: 'v' })
      const made = await api.post('/v3/trust-rules', rule)
      assert.equal(made.status, 201, made.text)
      assert.equal(made.headers.get('location'), '/v3/trust-rules/1')

      const traded = await trade(issuer.token())

      assert.equal(traded.status, 201, traded.text)
      assert.deepEqual(Object.keys(traded.body), ['api_key', 'key_id', 'rule', 'scopes', 'expires_at'])
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

    test('lets a token in once, however many ask with it at once', async (t) => {
      const setup = await start(t)
      const { api, rule, trade, issuer } = setup
      await api.post('/v3/trust-rules', rule)
      const token = await issuer.token()

      const answers = await Promise.all(Array.from({ length: 20 }, () => trade(token)))

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array.from({ length: 19 }, () => 401)])
      const faults = answers.filter(({ status }) => status === 401)
      assert.ok(faults.every(({ body }) => body.code === 'invalid_credentials'))
      await api.send('PATCH', '/v3/trust-rules/1', { single_use: false })
      const again = await issuer.token()
      assert.deepEqual([(await trade(again)).status, (await trade(again)).status], [201, 201])
    })

    test('is one of its own account, and chosen by its name or as the first that fits', async (t) => {
      const { api, rule, trade, issuer, otherAccount, place } = await start(t)
      const other = await otherAccount()
      await other.post('/v3/trust-rules', { ...rule, scopes: ['secrets:list'] })
      assert.equal((await trade(issuer.token())).status, 401)
      for (const path of ['/v3/trust-rules/1', '/v3/trust-rules/2']) assert.equal((await api.get(path)).status, 404)
      assert.equal((await api.delete('/v3/trust-rules/1')).status, 404)
      await api.post('/v3/trust-rules', { ...rule, name: 'narrow', claims: { ...claims, ref: 'refs/heads/other' } })
      await api.post('/v3/trust-rules', { ...rule, name: 'second', scopes: ['secrets:list'] })
      await api.post('/v3/trust-rules', { ...rule, name: 'third' })

      assert.equal((await trade(issuer.token())).body.rule, 'second')
      assert.equal((await trade(issuer.token(), { rule: 'third' })).body.rule, 'third')
      assert.equal((await trade(issuer.token(), { rule: 'narrow' })).status, 401)
      assert.equal((await trade(issuer.token(), { rule: 'none' })).status, 401)
      const [theirs] = await query(place, 'select name from accounts where id = 2')
      const forThem = await trade(issuer.token(), { account: String(theirs?.['name']) })
      assert.deepEqual(forThem.body.scopes, ['secrets:list'])
      assert.equal((await trade(issuer.token(), { account: 'nobody' })).status, 401)
    })

    test('that is deleted takes its keys along, and one that is changed lets in by what it says now', async (t) => {
      const { api, rule, trade, issuer, url } = await start(t)
      await api.post('/v3/secrets', { name: 'prod-db', value: 'v' })
      await api.post('/v3/trust-rules', rule)
      const job = new Api(url, (await trade(issuer.token())).body.api_key)
      assert.equal((await job.get('/v3/secrets/1')).status, 200)

      assert.equal((await api.send('PATCH', '/v3/trust-rules/1', { audience: 'another' })).status, 200)
      assert.equal((await trade(issuer.token())).status, 401)
      assert.equal((await trade(issuer.token({ aud: 'another' }))).status, 201)
      assert.equal((await api.delete('/v3/trust-rules/1')).status, 200)

      assert.equal((await job.get('/v3/secrets/1')).status, 401)
      assert.equal((await trade(issuer.token({ aud: 'another' }))).status, 401)
    })

    test('gives no more than whoever makes it has, and nothing that outlives the job', async (t) => {
      const { api, rule, trade, issuer, url } = await start(t)
      await api.post('/v3/trust-rules', { ...rule, name: 'wide' })
      const narrow = { name: 'manager', scopes: ['keys:manage', 'secrets:read:dev-*'] }
      const manager = new Api(url, (await api.post('/v3/keys', narrow)).body.api_key)
      const reader = new Api(url, (await api.post('/v3/keys', { name: 'r', scopes: ['secrets:read'] })).body.api_key)

      assert.equal((await manager.post('/v3/trust-rules', rule)).status, 403)
      assert.equal((await manager.post('/v3/trust-rules', { ...rule, scopes: ['secrets:read:dev-*'] })).status, 201)
      assert.equal((await reader.post('/v3/trust-rules', rule)).status, 403)
      for (const scopes of [['keys:manage'], ['account:manage'], []]) {
        assert.equal((await api.post('/v3/trust-rules', { ...rule, name: 'x', scopes })).status, 400)
      }
      const traded = (await trade(issuer.token(), { rule: 'wide' })).body
      const job = new Api(url, traded.api_key)
      assert.equal((await job.post('/v3/keys', { name: 'mine', scopes: ['secrets:read:prod-*'] })).status, 403)
      assert.equal((await job.post(`/v3/keys/${traded.key_id}/rotate`, {})).status, 403)
    })

    test('needs claims that say which job it is, and no wildcard for whose', async (t) => {
      const { api, rule } = await start(t)
      const wrong: object[] = [
        { claims: {} },
        { claims: { sub: '*' } },
        { claims: { sub: 'repo:*' } },
        { claims: { sub: 'repo:acme/*' } },
        { claims: { iss: 'x' } },
        { issuer: 'not a url' },
        { issuer: 'https://user:password@issuer.example' },
        { audience: '' },
        { key_ttl: 59 },
        { key_ttl: 3601 },
        { key_ttl: 90.5 },
        { networks: ['everywhere'] },
        { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } },
        { jwks_url: 'ftp://issuer.example/keys' },
        { surprise: true },
      ]

      for (const change of wrong) {
        const answer = await api.post('/v3/trust-rules', { ...rule, ...change })
        assert.equal(answer.status, 400, JSON.stringify(change))
      }
      assert.deepEqual((await api.get('/v3/trust-rules')).body, { trust_rules: [] })
      assert.equal((await api.post('/v3/trust-rules', rule)).status, 201)
      assert.equal((await api.post('/v3/trust-rules', rule)).status, 409)
    })

    test('follows the keys of its issuer when they change, and does without it when they are in the rule', async (t) => {
      let now = Date.now()
      const { api, rule, trade, issuer } = await start(t, { now: () => now })
      await api.post('/v3/trust-rules', rule)
      assert.equal((await trade(issuer.token())).status, 201)
      now += 31_000
      const old = issuer.keys.at(-1)
      await issuer.rotate()
      assert.equal((await trade(issuer.token())).status, 201)
      now += 31_000
      assert.equal((await trade(issuer.token({}, {}, old))).status, 401)

      const fixed = { ...rule, name: 'fixed', jwks: { keys: issuer.keys.map(({ jwk }) => jwk) } }
      assert.equal((await api.post('/v3/trust-rules', fixed)).status, 201)
      issuer.stop()
      assert.equal((await trade(issuer.token(), { rule: 'fixed' })).status, 201)
    })

    test('that was changed behind the back of the server lets nobody in', async (t) => {
      const { api, rule, trade, issuer, place } = await start(t)
      await api.post('/v3/trust-rules', rule)
      const columns = { scopes: 'secrets:read', audience: 'another', claims: '[["sub","*"]]', key_ttl: 3600 }
      const [row] = await query(place, 'select * from trust_rules')
      assert.ok(row)

      for (const [column, value] of Object.entries(columns)) {
        await query(place, `update trust_rules set ${column} = ?`, value)
        const answer = await trade(issuer.token({ aud: column === 'audience' ? 'another' : audience }))
        assert.deepEqual([answer.status, answer.body.code], [500, 'integrity_failure'], column)
        await query(place, `update trust_rules set ${column} = ?`, row[column] ?? null)
      }
    })

    test('keeps no key of a job for long after its end', async (t) => {
      let now = Date.now()
      const { api, rule, trade, issuer, place } = await start(t, { now: () => now })
      await api.post('/v3/trust-rules', { ...rule, key_ttl: 60 })
      for (let at = 0; at < 5; at++) await trade(issuer.token())
      const count = async () => Number((await query(place, 'select count(*) as count from api_keys'))[0]?.['count'])
      assert.equal(await count(), 6)

      now += 8 * 86_400_000
      await trade(issuer.token())

      assert.equal(await count(), 2)
    })
  })
}
