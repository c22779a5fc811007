/** Jobs without a stored key: the platform's token endpoint on the loopback, a real issuer, and a real trade. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { Api } from '../support/api.ts'
import { markedBlock } from '../support/document.ts'
import { engines } from '../support/engines.ts'
import { audience, jobClaims, startIssuer } from '../support/issuer.ts'
import { Middleman } from '../support/middleman.ts'
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

  test('asks for another token when the answer to one was lost, which is good for one key alone', async (t) => {
    for (const trick of ['lose', 'cut'] as const) {
      const { url, tokens, permission } = await start(t)
      const middleman = await Middleman.start(t, url)
      middleman.tricks.push(trick)

      const ran = await runAction(t, { url: middleman.url, audience, secrets }, permission)

      assert.deepEqual([ran.code, ran.errors, ran.stderr], [0, [], ''])
      assert.deepEqual(ran.outputs, { DB_PASSWORD: 's3cur3-p4ssw0rd' })
      assert.equal(tokens.length, 2)
      for (const token of tokens) assert.ok(ran.masks.includes(token))
    }
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

suite('The key of a job', () => {
  const said = 'The API key of this job is revoked.'

  test('is good no more once the secrets are fetched, on record, and nothing is left to do', async (t) => {
    const { api, url, permission } = await start(t)

    const ran = await runAction(t, { url: `${url}/v3/`, audience, secrets }, permission)

    assert.deepEqual([ran.code, ran.outputs], [0, { DB_PASSWORD: 's3cur3-p4ssw0rd' }])
    assert.deepEqual(ran.lines, ['Fetched 1 as outputs: DB_PASSWORD', said])
    assert.equal(await statusOf(url, ran), 401)
    const [record] = (await api.get('/v3/audit?action=key.revoke')).body.records
    assert.deepEqual(
      [record.principal.kind, record.principal.id, record.object.id, record.outcome],
      ['key', 2, 2, 'ok'],
    )
    assert.deepEqual([ran.state['key'], await endOf(ran)], ['', [0, [], []]])
    assert.equal((await api.get('/v3/audit?action=key.revoke')).body.records.length, 1)
  })

  test('is good no more when the step fails', async (t) => {
    const { url, permission } = await start(t)

    const ran = await runAction(t, { url, audience, secrets: 'db-missing' }, permission)

    assert.deepEqual([ran.code, ran.lines], [1, [said]])
    assert.equal(await statusOf(url, ran), 401)
  })

  test('is revoked at the end of the job if it could not be before, and shown nowhere', async (t) => {
    const { url, permission } = await start(t)
    const middleman = await Middleman.start(t, url)
    const message = 'no\n::add-path::/planted'
    const body = { type: 'urn:strongroom:problem:forbidden', code: 'forbidden', message, request_id: 'r' }
    // The trade, the list and the read pass.
    middleman.tricks.push('pass', 'pass', 'pass', { status: 403, body })

    const ran = await runAction(t, { url: middleman.url, audience, secrets }, permission)

    assert.deepEqual([ran.code, ran.errors], [0, []])
    assert.deepEqual(ran.outputs, { DB_PASSWORD: 's3cur3-p4ssw0rd' })
    const [, key = ''] = ran.masks
    assert.deepEqual(ran.state, { url: middleman.url, key })
    const warnings = ran.commands.filter(({ name }) => name === 'warning').map(({ data }) => data)
    assert.deepEqual(warnings, [
      'The API key of this job could not be revoked, and is good until it expires. Strongroom answered with 403.',
    ])
    assert.ok(!ran.stdout.includes('planted'))
    assert.equal(await statusOf(url, ran), 200)
    assert.deepEqual(await endOf(ran), [0, ['add-mask'], [said]])
    assert.equal(await statusOf(url, ran), 401)
    // Such as after a first answer that was lost.
    const again = await ran.end()
    assert.deepEqual([again.code, again.lines], [0, [said]])
    for (const { stdout } of [ran, again]) assert.ok(!stdout.replaceAll(/^::add-mask::.*$/gm, '').includes(key))
  })

  test('fails no job that ends when the server is gone', async (t) => {
    const { url, permission, stop } = await start(t)
    const ran = await runAction(t, { url, audience, secrets, revoke: 'false' }, permission)
    const [, key = ''] = ran.masks
    await stop()

    const ended = await ran.end({ STATE_url: url, STATE_key: key })

    assert.deepEqual([ended.code, ended.stderr, ended.lines], [0, '', []])
    assert.match(ended.commands.at(-1)?.data ?? '', /could not be revoked, .* Strongroom gave no answer/)
  })

  test('stays good if the workflow says so', async (t) => {
    const { url, permission } = await start(t)

    const ran = await runAction(t, { url, audience, secrets, revoke: 'false' }, permission)

    assert.deepEqual([ran.code, ran.state, await endOf(ran)], [0, {}, [0, [], []]])
    assert.equal(await statusOf(url, ran), 200)
  })

  test('that the workflow gave itself is never revoked', async (t) => {
    const { api, url } = await start(t)

    const ran = await runAction(t, { url, 'api-key': api.key, secrets, revoke: 'true' })
    const failed = await runAction(t, { url, 'api-key': api.key, secrets: 'missing' })

    assert.deepEqual([ran.code, failed.code, ran.state, failed.state], [0, 1, {}, {}])
    for (const one of [ran, failed]) assert.deepEqual(await endOf(one), [0, [], []])
    assert.equal((await api.get('/v3/keys/self')).status, 200)
  })

  /** Whether the key that was got is taken still. */
  async function statusOf(url: string, { masks: [, key = ''] }: Ran): Promise<number> {
    return (await new Api(url, key).get('/v3/keys/self')).status
  }

  async function endOf(ran: Ran) {
    const { code, commands, lines } = await ran.end()
    return [code, commands.map(({ name }) => name), lines]
  }
})

suite('The recipe for any shell', () => {
  const script = `${markedBlock('docs/pipelines.md', 'recipe: strongroom.sh')}
    set -eu
    STRONGROOM_API_KEY=$(trade_token)
    trap revoke_key EXIT
    read_secret db-password`

  const run = (url: string, token: string) =>
    new Promise<{ isWell: boolean; stdout: string; stderr: string }>((resolve) => {
      const env = { PATH: process.env['PATH'], STRONGROOM_URL: url, STRONGROOM_ID_TOKEN: token }
      execFile('sh', ['-c', script], { env }, (error, stdout, stderr) => {
        resolve({ isWell: error === null, stdout, stderr })
      })
    })

  test("trades a job's token, reads with the key, and revokes it", async (t) => {
    const { api, url, issuer } = await start(t)

    assert.deepEqual(await run(url, await issuer.token()), { isWell: true, stdout: 's3cur3-p4ssw0rd', stderr: '' })
    assert.notEqual((await api.get('/v3/keys')).body.keys.at(-1).revoked_at, null)
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
  const outboundAllowances = [parseAllowance('127.0.0.1') ?? assert.fail()]
  const { api, url, stop } = await startServer(t, sqlite, { outboundAllowances })
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
  return { api, url, stop, issuer, asked, tokens, permission, say }
}

function assertRefused(ran: Ran, says: RegExp): void {
  assert.equal(ran.code, 1, ran.stdout)
  assert.deepEqual([ran.outputs, ran.lines, ran.stderr], [{}, [], ''])
  assert.match(ran.errors.join(), says)
}
