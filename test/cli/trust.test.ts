/** Trust rules at the command line, and a job that gets its key there. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startPersonWithServer } from '../support/cli.ts'
import { audience, jobClaims, startIssuer } from '../support/issuer.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

preparedSuite('The commands of trust rules', async () => {
  const { person } = await startPersonWithServer({ after })
  const issuer = await startIssuer({ after })
  await person.server.api.post('/v3/secrets', { name: 'prod-db', value: 'v' })
  const keys = join(person.folder, 'keys.json')
  writeFileSync(keys, JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }))

  test('make, show, change and delete a rule, and trade a token for a key in between', async () => {
    const of = ['--issuer', issuer.url, '--audience', audience, '--claim', `sub=${jobClaims.sub}`]
    const may = ['--claim', 'repository_id=123', '--scope', 'secrets:read:prod-*', '--jwks-file', keys]
    const made = await person.run(['trust', 'create', 'deploy', ...of, ...may, '--json'])
    assert.equal(made.code, 0, made.stderr)
    assert.deepEqual(JSON.parse(made.stdout).claims, { sub: jobClaims.sub, repository_id: '123' })
    assert.match((await person.run(['trust', 'list'])).stdout, /1 +deploy +http/)
    assert.equal((await person.run(['trust', 'update', '1', '--key-ttl', '5m'])).code, 0)
    assert.match((await person.run(['trust', 'show', '1'])).stdout, /live 300 seconds/)

    const token = join(person.folder, 'token')
    writeFileSync(token, `${await issuer.token()}\n`)
    const traded = await person.run(['auth', 'oidc', '--token-file', token])
    assert.equal(traded.code, 0, traded.stderr)
    assert.match(traded.stdout, /^sr_\w{49}\n$/)
    const asJob = { STRONGROOM_API_KEY: traded.stdout.trim(), STRONGROOM_URL: person.server.url }
    assert.equal((await person.run(['secrets', 'get', 'prod-db'], { env: asJob })).stdout, 'v')
    const narrower = ['trust', 'update', '1', '--scope', 'secrets:list', '--dry-run']
    assert.match((await person.run(narrower)).stdout, /^1 of 1 requests would have been refused/)
    assert.equal((await person.run([...narrower, '--key-ttl', '5m'])).code, 2)
    assert.equal((await person.run(['trust', 'update', '1', '--dry-run'])).code, 2)
    assert.match((await person.run(['trust', 'show', '1'])).stdout, /may +secrets:read:prod-\*/)
    const again = await person.run(['auth', 'oidc', '--token-file', token])
    assert.equal(again.code, 4)
    assert.ok(!`${again.stdout}${again.stderr}`.includes(await issuer.token().then((text) => text.slice(0, 20))))

    assert.equal((await person.run(['trust', 'delete', '1', '--yes'])).code, 0)
    assert.equal((await person.run(['secrets', 'get', 'prod-db'], { env: asJob })).code, 4)
    assert.equal((await person.run(['trust', 'show', '1'])).code, 3)
  })

  test('know the issuer of a platform, and say what of its tokens should be demanded besides', async () => {
    const may = ['--scope', 'secrets:read:prod-*', '--jwks-file', keys]
    const github = ['trust', 'create', 'release', '--platform', 'github', '--audience', audience]
    const sub = ['--claim', 'sub=repo:acme@7/app@123:environment:production', '--claim', 'repository_id=123']
    const made = await person.run([...github, ...sub, ...may])
    assert.equal(made.code, 0, made.stderr)
    assert.match(made.stderr, /demanded: --claim repository_owner_id=…\. gh api repos\/OWNER\/REPOSITORY/)
    const worker = ['trust', 'create', 'worker', '--platform', 'netactuate', '--audience', '4711']
    const whole = await person.run([...worker, '--claim', 'sub=b7c1f0', ...may])
    assert.deepEqual([whole.code, whole.stderr], [0, ''])
    const own = ['trust', 'create', 'own', '--platform', 'gitlab', '--issuer', 'https://git.example.com']
    const project = ['--claim', 'sub=project_path:acme/app:*', '--claim', 'project_id=1']
    assert.equal((await person.run([...own, '--audience', audience, ...project, ...may])).code, 0)
    const rules = (await person.server.api.get('/v3/trust-rules')).body.trust_rules
    const issuers = rules.map(({ issuer }: { issuer: string }) => issuer)
    assert.deepEqual(issuers, [
      'https://token.actions.githubusercontent.com',
      'https://portal.netactuate.com',
      'https://git.example.com',
    ])
    for (const { id } of rules) await person.run(['trust', 'delete', String(id), '--yes'])
    assert.equal((await person.run(['trust', 'create', 'x', '--platform', 'nothing'])).code, 2)
  })

  test('ask GitHub Actions for the token of the job, for this server', async () => {
    const asked: string[] = []
    const platform = createServer((request, answer) => {
      asked.push(`${request.headers.authorization} ${request.url}`)
      issuer.token().then((value) => answer.end(JSON.stringify({ value })))
    }).listen(0, '127.0.0.1')
    after(() => platform.close())
    await new Promise((resolve) => platform.once('listening', resolve))
    const endpoint = `http://127.0.0.1:${(platform.address() as AddressInfo).port}/token?run=1`
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: endpoint, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-platform' }
    const rule = [
      '--issuer',
      issuer.url,
      '--audience',
      audience,
      '--claim',
      `sub=${jobClaims.sub}`,
      '--scope',
      'secrets:read',
    ]
    assert.equal((await person.run(['trust', 'create', 'github', ...rule, '--jwks-file', keys])).code, 0)

    const traded = await person.run(['auth', 'oidc', '--json'], { env })

    assert.equal(traded.code, 0, traded.stderr)
    assert.equal(JSON.parse(traded.stdout).rule, 'github')
    const wanted = encodeURIComponent(person.server.url)
    assert.deepEqual(asked, [`Bearer of-the-platform /token?run=1&audience=${wanted}`])
  })

  test('say what is wrong with what was typed', async () => {
    const wrong = await person.run(['trust', 'create', 'x', '--issuer', issuer.url, '--claim', 'nothing'])
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /--claim must be such as/)
    const none = await person.run(['auth', 'oidc'], { input: '' })
    assert.equal(none.code, 2)
    assert.match(none.stderr, /There is no token/)
  })
})
