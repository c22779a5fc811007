/** Jobs trade the tokens of their issuers for keys that live minutes: what a rule lets in, for how long, and who makes one. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { Api } from '../support/api.ts'
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
  })
}
