/** Trust rules and the exchange at the command line: a job gets its key, and nobody else sees one. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { Api } from '../support/api.ts'
import { startPerson } from '../support/cli.ts'
import { audience, jobClaims, makeKey, sign, timesAt } from '../support/issuer.ts'

const issuer = 'https://ci.example.com'

suite('strongroom trust and auth', async () => {
  const person = await startPerson({ after })
  const { api, url } = person.server
  const key = await makeKey()
  writeFileSync(join(person.folder, 'keys.json'), JSON.stringify({ keys: [key.jwk] }))
  const token = (more: object = {}) =>
    sign(key, { ...timesAt(Date.now()), iss: issuer, aud: audience, ...jobClaims, ...more })
  const job = { STRONGROOM_API_KEY: '' }
  const create = (name: string, ...more: string[]) => [
    ...['trust', 'create', name, '--issuer', issuer, '--audience', audience, '--jwks', 'keys.json'],
    ...['--claim', `sub=${jobClaims.sub}`, 'repository_id=123', '--scope', 'secrets:read', ...more],
  ]

  test('makes, shows, changes and deletes a rule', async () => {
    const made = await person.run(create('made', '--ttl', '5m', '--reusable', '--network', '127.0.0.0/8', '--json'))
    assert.equal(made.code, 0, made.stderr)
    const rule = JSON.parse(made.stdout)
    assert.deepEqual([rule.key_ttl, rule.single_use, rule.networks], [300, false, ['127.0.0.0/8']])
    assert.deepEqual(rule.claims, { repository_id: '123', sub: jobClaims.sub })

    const shown = await person.run(['trust', 'show', String(rule.id)])
    assert.match(shown.stdout, /made[\s\S]*ci\.example\.com[\s\S]*repository_id=123[\s\S]*300 seconds/)
    assert.match((await person.run(['trust', 'list'])).stdout, /made/)
    const changed = await person.run([
      'trust',
      'update',
      String(rule.id),
      '--single-use',
      '--name',
      'renamed',
      '--json',
    ])
    assert.deepEqual([JSON.parse(changed.stdout).single_use, JSON.parse(changed.stdout).name], [true, 'renamed'])
    assert.equal((await person.run(['trust', 'update', String(rule.id)])).code, 2)
    assert.equal((await person.run(['trust', 'delete', String(rule.id)])).code, 2)
    assert.equal((await person.run(['trust', 'delete', String(rule.id), '--yes'])).code, 0)
    assert.equal((await person.run(['trust', 'show', String(rule.id)])).code, 3)
  })

  test('refuses what is no rule, before and after it is sent', async () => {
    assert.equal((await person.run([...create('x'), '--claim', 'nothing'])).code, 2)
    assert.equal((await person.run([...create('x'), '--claim', 'sub=a', 'sub=b'])).code, 2)
    assert.equal((await person.run([...create('x'), '--jwks', 'missing.json'])).code, 1)
    const loose = await person.run(create('x').map((word) => (word.startsWith('sub=') ? 'sub=repo:acme/*' : word)))
    assert.notEqual(loose.code, 0)
    assert.match(loose.stderr, /sub/)
  })

  test('trades a token for a key: from a file, from standard input, for the shell', async () => {
    await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
    assert.equal((await person.run(create('deploy'))).code, 0)
    writeFileSync(join(person.folder, 'token'), `${await token()}\n`)

    const fromFile = await person.run(['auth', 'oidc', '--token-file', 'token'], { env: job })
    assert.equal(fromFile.code, 0, fromFile.stderr)
    assert.deepEqual(Object.keys(JSON.parse(fromFile.stdout)), ['api_key', 'key_id', 'rule', 'scopes', 'expires_at'])
    const words = ['auth', 'oidc', '--url', url, '--rule', 'deploy', '--format', 'env']
    const forShell = await person.run(words, { env: { ...job, STRONGROOM_URL: '' }, input: await token() })
    const [, given = ''] =
      /^export STRONGROOM_URL='[^']+'\nexport STRONGROOM_API_KEY='(sr_\w{49})'\n$/.exec(forShell.stdout) ?? []
    assert.equal((await new Api(url, given).get('/v3/secrets/1')).body.value, 'v')

    // Used up, or not the job's: denied, and the token is not repeated.
    const again = await person.run(['auth', 'oidc', '--token-file', 'token'], { env: job })
    assert.deepEqual([again.code, again.stdout], [4, ''])
    assert.doesNotMatch(again.stderr, /ey[JI]/)
    assert.equal((await person.run(['auth', 'oidc'], { env: job, input: 'no token' })).code, 4)
    assert.equal((await person.run(['auth', 'oidc'], { env: job, input: '' })).code, 2)
  })

  test('asks GitHub Actions for the token of the job, for this server', async () => {
    const asked: string[] = []
    const platform = createServer((request, answer) => {
      asked.push(`${request.headers.authorization} ${request.url}`)
      token().then((value) => answer.end(JSON.stringify({ value })))
    }).listen(0, '127.0.0.1')
    after(() => platform.close())
    await new Promise((resolve) => platform.once('listening', resolve))
    const endpoint = `http://127.0.0.1:${(platform.address() as AddressInfo).port}/token?run=1`
    const env = { ...job, ACTIONS_ID_TOKEN_REQUEST_URL: endpoint, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-platform' }

    const traded = await person.run(['auth', 'oidc'], { env })

    assert.equal(traded.code, 0, traded.stderr)
    assert.deepEqual(asked, [`Bearer of-the-platform /token?run=1&audience=${encodeURIComponent(url)}`])
  })
})
