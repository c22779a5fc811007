/** Commands of a job that has tokens in place of a key: from a file, from its platform, from a profile. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { clientOf, keysOf } from '../../src/cli/connection.ts'
import { Fault } from '../../src/cli/output.ts'
import { readToken } from '../../src/cli/tokens.ts'
import { Changes } from '../../src/cli/watch.ts'
import { startPersonWithServer } from '../support/cli.ts'
import { jobClaims, startIssuer } from '../support/issuer.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

preparedSuite('A command with tokens in place of a key', async () => {
  const { person } = await startPersonWithServer({ after })
  const { api, url } = person.server
  const issuer = await startIssuer({ after })
  await api.post('/v3/secrets', { name: 'prod-db', value: 's3cur3' })
  const rule = {
    ...{ name: 'deploy', issuer: issuer.url, audience: url, scopes: ['secrets:list:prod-*', 'secrets:read:prod-*'] },
    ...{ claims: { sub: jobClaims.sub, repository_id: '123' }, jwks: { keys: issuer.keys.map(({ jwk }) => jwk) } },
  }
  assert.equal((await api.post('/v3/trust-rules', rule)).status, 201)
  const path = join(person.folder, 'token')
  const token = (more: object = {}) => issuer.token({ aud: url, ...more })
  const renew = async (more: object = {}) => writeFileSync(path, `${await token(more)}\n`)
  const job = { STRONGROOM_URL: url, STRONGROOM_API_KEY: '' }
  const living = async () => {
    const { keys } = (await api.get('/v3/keys')).body
    return keys.filter((key: { name: string; revoked_at: string | null }) => {
      return key.name.startsWith('deploy:') && key.revoked_at === null
    }).length
  }

  test('trades the one in a file, and gives the key back when it is done', async () => {
    await renew()
    const read = await person.runAlone(['secrets', 'get', 'prod-db', '--token-file', 'token'], { env: job })
    assert.deepEqual([read.code, read.stdout], [0, 's3cur3'], read.stderr)
    assert.equal(await living(), 0)

    // Good once: it has to be another one by now.
    const again = await person.runAlone(['secrets', 'get', 'prod-db', '--token-file', 'token'], { env: job })
    assert.equal(again.code, 4)
    assert.match(again.stderr, /trust rule for this job/)
    await renew()
    const set = await person.runAlone(['secrets', 'get', 'prod-db'], { env: { ...job, STRONGROOM_TOKEN_FILE: path } })
    assert.deepEqual([set.code, set.stdout], [0, 's3cur3'], set.stderr)
    const named = { ...job, STRONGROOM_TOKEN_FILE: path, STRONGROOM_TRUST_RULE: 'other' }
    await renew()
    assert.equal((await person.runAlone(['secrets', 'get', 'prod-db'], { env: named })).code, 4)
  })

  test('gives what it runs neither token nor key, unless it is told to, and has none itself by then', async (t) => {
    const script = 'env; echo "$DB" >&2'
    await renew()
    const given = { ...job, STRONGROOM_TOKEN: 'a-token', STRONGROOM_CLIENT_SECRET: 'a-secret' }
    const words = ['run', '--token-file', 'token', '--strip-prefix', 'prod-']
    const ran = await person.runAlone([...words, '--', 'sh', '-c', script], { env: given })
    assert.equal(ran.code, 0, ran.stderr)
    assert.match(ran.stderr, /s3cur3/)
    assert.ok(!/sr_\w|a-token|a-secret|STRONGROOM_API_KEY/.test(ran.stdout), ran.stdout)

    // While it runs, nobody holds a key.
    await renew()
    const waiting = person.start([...words, '--', 'sh', '-c', 'echo ready; read -r line'], { env: job })
    t.after(() => waiting.stdin?.end())
    await new Promise((resolve) => waiting.stdout?.once('data', resolve))
    assert.equal(await living(), 0)
    waiting.stdin?.end()

    await renew()
    const kept = await person.runAlone([...words, '--keep-key', '--', 'env'], { env: job })
    assert.match(kept.stdout, /^STRONGROOM_API_KEY=sr_\w{49}$/m)
    assert.equal(await living(), 0)
  })

  test('is told of changes again once the tokens are taken again that were refused', async () => {
    await renew({ sub: 'repo:somebody@1/else@2:ref:refs/heads/main' })
    const client = clientOf({ url, credential: { tokenFile: path } })
    const changes = new Changes(client, 3_600_000)
    const over = AbortSignal.timeout(15_000)
    try {
      await changes.ready()
      assert.equal(changes.isTold, false)
      while (!changes.isTold && !over.aborted) {
        await renew()
        await setTimeout(20)
      }
      assert.equal(changes.isTold, true)
    } finally {
      changes.close()
      await keysOf(client)?.close()
    }
  })

  test('is told of one credential alone, and takes no token to a server that a folder names', async () => {
    await renew()
    const both = await person.runAlone(['status'], { env: { STRONGROOM_TOKEN_FILE: path } })
    assert.equal(both.code, 2)
    assert.match(both.stderr, /STRONGROOM_API_KEY and STRONGROOM_TOKEN_FILE are both set/)
    const two = await person.runAlone(['status', '--token-file', 'token', '--oidc', 'github'])
    assert.equal(two.code, 2)
    assert.equal((await person.runAlone(['status', '--token-file', '-'])).code, 2)
    assert.equal((await person.runAlone(['status', '--oidc', 'nobody'])).code, 2)

    const seen: string[] = []
    const trap = createServer((request, answer) => {
      seen.push(request.url ?? '')
      answer.end()
    }).listen(0, '127.0.0.1')
    after(() => trap.close())
    await new Promise((resolve) => trap.once('listening', resolve))
    const project = join(person.folder, '.strongroom.yaml')
    writeFileSync(project, `url: http://127.0.0.1:${(trap.address() as AddressInfo).port}\n`)
    const env = { STRONGROOM_URL: '', STRONGROOM_API_KEY: '', STRONGROOM_PROJECT_FILE: project }
    const led = await person.runAlone(['secrets', 'get', 'prod-db', '--token-file', 'token'], { env })
    assert.equal(led.code, 2)
    assert.match(led.stderr, /not known to be for/)
    assert.deepEqual(seen, [])
  })

  test('logs in without a key being stored, and is shown what it goes by; a shell trades none for a word', async () => {
    await renew()
    const words = ['login', '--url', url, '--profile', 'job', '--token-file', 'token', '--rule', 'deploy']
    const stored = await person.runAlone(words, { env: { STRONGROOM_URL: '', STRONGROOM_API_KEY: '' } })
    assert.equal(stored.code, 0, stored.stderr)
    const profiles = readFileSync(join(person.configFolder, 'profiles.json'), 'utf8')
    assert.deepEqual(JSON.parse(profiles).profiles.job, { url, token_file: path, rule: 'deploy' })
    assert.ok(!profiles.includes('sr_'))

    const env = { STRONGROOM_URL: '', STRONGROOM_API_KEY: '' }
    await renew()
    const completed = await person.runAlone(['__complete', 'secrets', 'get', ''], { env })
    assert.deepEqual([completed.code, completed.stdout], [0, ''])
    const status = await person.runAlone(['status', '--profile', 'job'], { env })
    assert.equal(status.code, 0, status.stderr)
    assert.match(status.stdout, /profile job, with tokens of \S+token, by the trust rule deploy/)
    assert.equal((await person.runAlone(['login', '--rule', 'x'], { env })).code, 2)
  })

  test('asks GitHub Actions at each trade, and takes what GitLab has given', async () => {
    const asked: string[] = []
    const platform = createServer((request, answer) => {
      asked.push(`${request.headers.authorization} ${request.url}`)
      token().then((value) => answer.end(JSON.stringify({ value })))
    }).listen(0, '127.0.0.1')
    after(() => platform.close())
    await new Promise((resolve) => platform.once('listening', resolve))
    const endpoint = `http://127.0.0.1:${(platform.address() as AddressInfo).port}/token?run=1`
    const github = { ACTIONS_ID_TOKEN_REQUEST_URL: endpoint, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-platform' }

    const ofGitHub = await person.runAlone(['secrets', 'get', 'prod-db', '--oidc', 'github'], {
      env: { ...job, ...github },
    })
    assert.deepEqual([ofGitHub.code, ofGitHub.stdout], [0, 's3cur3'], ofGitHub.stderr)
    assert.deepEqual(asked, [`Bearer of-the-platform /token?run=1&audience=${encodeURIComponent(url)}`])
    assert.equal((await person.runAlone(['secrets', 'get', 'prod-db', '--oidc', 'github'], { env: job })).code, 2)

    const gitlab = { ...job, STRONGROOM_OIDC: 'gitlab', STRONGROOM_TOKEN: await token() }
    const ofGitLab = await person.runAlone(['secrets', 'get', 'prod-db'], { env: gitlab })
    assert.deepEqual([ofGitLab.code, ofGitLab.stdout], [0, 's3cur3'], ofGitLab.stderr)
  })
})

suite('A token of NetActuate', () => {
  const answering = (t: TestContext, answer: () => Response) => {
    return t.mock.method(globalThis, 'fetch', async (_url: unknown, _init?: RequestInit) => answer())
  }
  const withClient = (t: TestContext) => {
    Object.assign(process.env, { STRONGROOM_CLIENT_ID: '4711', STRONGROOM_CLIENT_SECRET: 'cl1ent-s3cret' })
    t.after(() => {
      delete process.env['STRONGROOM_CLIENT_ID']
      delete process.env['STRONGROOM_CLIENT_SECRET']
    })
  }

  test('is asked for with the credentials of its client, in the body alone', async (t) => {
    withClient(t)
    const mocked = answering(t, () => Response.json({ id_token: 'a.b.c', access_token: 'x' }))

    assert.equal(await readToken({ platform: 'netactuate' }, 'https://strongroom.example.com'), 'a.b.c')

    const [address, init] = mocked.mock.calls[0]?.arguments ?? assert.fail()
    assert.equal(String(address), 'https://portal.netactuate.com/oauth/token')
    const form = 'grant_type=client_credentials&scope=openid&client_id=4711&client_secret=cl1ent-s3cret'
    assert.equal(String(init?.body), form)
    assert.equal(init?.redirect, 'error')
  })

  test('that is not given is told of without what was answered, and whether another try may help', async (t) => {
    withClient(t)
    const faults = [
      [() => Response.json({ error: 'cl1ent-s3cret' }, { status: 400 }), 'failure'],
      [() => Response.json({ error: 'x' }, { status: 503 }), 'unreachable'],
      [() => Response.json({ access_token: 'x' }), 'failure'],
      [() => Promise.reject(new TypeError('fetch failed')) as never, 'unreachable'],
    ] as const
    for (const [answer, kind] of faults) {
      const mocked = answering(t, answer)
      const fault = await readToken({ platform: 'netactuate' }, 'https://x').catch((error: unknown) => error)
      mocked.mock.restore()
      assert.ok(fault instanceof Fault && fault.kind === kind && !fault.message.includes('s3cret'), String(fault))
    }
    delete process.env['STRONGROOM_CLIENT_SECRET']
    await assert.rejects(readToken({ platform: 'netactuate' }, 'https://x'), /STRONGROOM_CLIENT_SECRET_FILE/)
  })
})
