/** Jobs without a stored key: the platform's token endpoint on the loopback, a real issuer, and a real trade. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { markedBlock } from '../support/document.ts'
import { engines } from '../support/engines.ts'
import { audience, jobClaims, startIssuer } from '../support/issuer.ts'
import { type Ran, runAction } from '../support/runner.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
const bearer = 'planted-bearer-of-the-runner'
const secrets = 'db-*'

suite('A job without a stored key', () => {
  test('gets what the rule lets it have, and shows neither its token nor its key', async (t) => {
    const { api, url, asked, tokens, permission } = await start(t)

    const ran = await runAction(t, { url, audience, secrets }, permission)

    assert.deepEqual([ran.code, ran.errors, ran.stderr], [0, [], ''])
    assert.deepEqual(ran.outputs, { DB_PASSWORD: 's3cur3-p4ssw0rd' })
    assert.deepEqual(asked, [`Bearer ${bearer} ${audience}`])
    const { keys } = (await api.get('/v3/keys')).body
    assert.equal(keys.at(-1).name, `deploy: ${jobClaims.sub}`)
    const [token = '', key = ''] = ran.masks
    assert.deepEqual([token, /^sr_\w{49}$/.test(key)], [tokens.at(-1), true])
    const said = ran.stdout.replaceAll(/^::add-mask::.*$/gm, '')
    for (const secret of [token, key, bearer, 's3cur3']) assert.ok(!said.includes(secret), said)
  })

  test('names the rule and the account that it means', async (t) => {
    const { url, permission } = await start(t)

    const named = await runAction(t, { url, audience, secrets, account: 'default', rule: 'deploy' }, permission)
    const unknown = await runAction(t, { url, audience, secrets, rule: 'release' }, permission)
    const elsewhere = await runAction(t, { url, audience, secrets, account: 'elsewhere' }, permission)

    assert.equal(named.code, 0, named.stdout)
    for (const ran of [unknown, elsewhere]) assertRefused(ran, /^Strongroom answered the job's token with 401: /)
  })

  test('gets nothing for another audience, or with claims that no rule lets in', async (t) => {
    const { url, permission, say } = await start(t)
    const other = await runAction(t, { url, audience: 'https://other.example.com', secrets }, permission)
    say({ repository_id: '124' })
    const stranger = await runAction(t, { url, audience, secrets }, permission)

    for (const ran of [other, stranger]) assertRefused(ran, /^Strongroom answered the job's token with 401: /)
  })

  test('gets nothing without the permission to have a token', async (t) => {
    const { url, permission } = await start(t)

    const forbidden = await runAction(
      t,
      { url, audience, secrets },
      { ...permission, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'another' },
    )
    const absent = await runAction(t, { url, audience, secrets })

    assertRefused(forbidden, /^The platform's token endpoint answered 403 without a token/)
    assertRefused(absent, /permissions: id-token: write/)
  })

  test('asks for a token for the URL, unless it is told for whom', async (t) => {
    const { url, asked, permission } = await start(t)

    await runAction(t, { url, secrets }, permission)

    assert.deepEqual(asked, [`Bearer ${bearer} ${url}`])
  })
})

suite('The recipe for any shell', () => {
  const script = `${markedBlock('docs/pipelines.md', 'recipe: strongroom.sh')}
    set -eu
    STRONGROOM_API_KEY=$(trade_token)
    read_secret db-password`

  const run = (url: string, token: string) =>
    new Promise<{ isWell: boolean; stdout: string; stderr: string }>((resolve) => {
      const env = { PATH: process.env['PATH'], STRONGROOM_URL: url, STRONGROOM_ID_TOKEN: token }
      execFile('sh', ['-c', script], { env }, (error, stdout, stderr) => {
        resolve({ isWell: error === null, stdout, stderr })
      })
    })

  test("trades a job's token, and reads with the key", async (t) => {
    const { url, issuer } = await start(t)

    assert.deepEqual(await run(url, await issuer.token()), { isWell: true, stdout: 's3cur3-p4ssw0rd', stderr: '' })
  })

  test('stops at a token that no rule lets in, and shows nothing of it', async (t) => {
    const { url, issuer } = await start(t)
    const token = await issuer.token({ repository_id: '124' })

    const { isWell, stdout, stderr } = await run(url, token)

    assert.deepEqual([isWell, stdout], [false, ''])
    assert.match(stderr, /401/)
    assert.ok(!stderr.includes(token))
  })
})

async function start(t: TestContext) {
  assert.ok(sqlite)
  const oidcAllowances = [parseAllowance('127.0.0.1') ?? assert.fail()]
  const { api, url } = await startServer(t, sqlite, { oidcAllowances })
  const issuer = await startIssuer(t)
  await api.post('/v3/secrets', { name: 'db-password', value: 's3cur3-p4ssw0rd' })
  const claims = { sub: jobClaims.sub, repository_id: '123' }
  const scopes = ['secrets:list:db-*', 'secrets:read:db-*']
  const rule = await api.post('/v3/trust-rules', { name: 'deploy', issuer: issuer.url, audience, claims, scopes })
  assert.equal(rule.status, 201, rule.text)
  const asked: string[] = []
  const tokens: string[] = []
  let said: Record<string, string> = {}
  const endpoint = createServer(async (request, answer) => {
    const wanted = new URL(request.url ?? '', 'http://localhost').searchParams
    asked.push(`${request.headers.authorization} ${wanted.get('audience')}`)
    const isAllowed = request.headers.authorization === `Bearer ${bearer}` && wanted.get('api-version') === '2.0'
    const value = isAllowed ? await issuer.token({ aud: wanted.get('audience') ?? '', ...said }) : undefined
    if (value !== undefined) tokens.push(value)
    answer.writeHead(isAllowed ? 200 : 403, { 'content-type': 'application/json' }).end(JSON.stringify({ value }))
  })
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
  t.after(() => void endpoint.close())
  const address = endpoint.address()
  assert.ok(address !== null && typeof address !== 'string')
  const permission = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${address.port}/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
  }
  const say = (more: Record<string, string>) => {
    said = more
  }
  return { api, url, issuer, asked, tokens, permission, say }
}

function assertRefused(ran: Ran, says: RegExp): void {
  assert.equal(ran.code, 1, ran.stdout)
  assert.deepEqual([ran.outputs, ran.lines, ran.stderr], [{}, [], ''])
  assert.match(ran.errors.join(), says)
}
