/** Trust rules at the command line, and a job that gets its key there. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { startPerson } from '../support/cli.ts'
import { audience, jobClaims, startIssuer } from '../support/issuer.ts'

suite('The commands of trust rules', async () => {
  const person = await startPerson({ after })
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
    const again = await person.run(['auth', 'oidc', '--token-file', token])
    assert.equal(again.code, 4)
    assert.ok(!`${again.stdout}${again.stderr}`.includes(await issuer.token().then((text) => text.slice(0, 20))))

    assert.equal((await person.run(['trust', 'delete', '1', '--yes'])).code, 0)
    assert.equal((await person.run(['secrets', 'get', 'prod-db'], { env: asJob })).code, 4)
    assert.equal((await person.run(['trust', 'show', '1'])).code, 3)
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
