/** The unit of an agent under a running systemd, as it is: what it starts without, what it survives, and how it ends. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, type TestContext, test } from 'node:test'
import { audience, jobClaims, startIssuer } from '../support/issuer.ts'
import { Container, missingForContainers } from './systemd/container.ts'

const skip = missingForContainers()
if (skip !== false) console.error(`The unit of an agent is not tried: ${skip}.`)

const rule = 'trust create app --claim repository_id=123 --scope "secrets:list:app-*" "secrets:read:app-*" --reusable'

async function start(t: TestContext) {
  const issuer = await startIssuer(t)
  const container = new Container(t)
  container.install('deploy/strongroom-agent.service', 'etc/systemd/system/strongroom-agent.service')
  container.write('etc/sysusers.d/test.conf', 'u app -\n')
  container.write('etc/app/app.conf.template', `password = \${{secret.app-db}}\n`)
  container.write('etc/app/strongroom.env', 'STRONGROOM_URL=http://127.0.0.1:4600\n')
  container.write('keys.json', JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }))
  const key = randomBytes(32).toString('base64')
  container.write('etc/app/fallback.key', key, 0o600)
  await container.boot()
  /** A new one, as a token lives for minutes; what is below /run is made when it has booted. */
  const giveToken = async () => {
    container.write('run-identity', await issuer.token(), 0o600)
    await container.run('mkdir -p /run/identity && cp /run-identity /run/identity/strongroom.jwt')
  }
  await giveToken()
  const { code, stderr } = await container.run('systemctl start strongroom')
  assert.equal(code, 0, stderr)
  const made = await container.run(
    'strongroom-host key create owner --account default --scope secrets:list secrets:read secrets:write keys:manage',
  )
  const owner = /sr_\w{49}/.exec(made.stdout)?.[0] ?? assert.fail(made.stderr)
  const ask = async (line: string) => {
    const env = `STRONGROOM_URL=http://127.0.0.1:4600 STRONGROOM_API_KEY=${owner} HOME=/root`
    const node = '/opt/strongroom/node_modules/.bin/node /opt/strongroom/dist/main.js'
    const done = await container.run(line.replaceAll('strongroom ', `${env} ${node} `))
    assert.equal(done.code, 0, done.stderr)
    return done.stdout
  }
  const makeRule = () =>
    ask(
      `strongroom ${rule} --issuer ${issuer.url} --audience ${audience} --claim sub=${jobClaims.sub} --jwks-file /keys.json`,
    )
  await ask('printf one | strongroom secrets set app-db')
  await makeRule()
  return { container, ask, makeRule, giveToken }
}

const file = 'cat /run/app/app.conf'

function until(container: Container, line: string, pattern: RegExp): Promise<void> {
  return container.untilPrints(line, (printed) => pattern.test(printed))
}

suite('strongroom-agent.service', { skip }, () => {
  test('has the file when it is started, keeps it through kills, outages and revocations, and takes the newest token', async (t) => {
    const { container, ask, makeRule, giveToken } = await start(t)
    const log = 'journalctl -u strongroom-agent -o cat --no-pager'
    const said = async () => (await container.run(log)).stdout

    const started = await container.run('systemctl start strongroom-agent')
    assert.equal(started.code, 0, `${started.stderr}${await said()}`)
    assert.equal((await container.run(file)).stdout, 'password = one\n')
    const owned = await container.run('stat -c "%U %a" /run/app /run/app/app.conf /var/lib/app-secrets/copy')
    assert.equal(owned.stdout, 'app 700\napp 600\napp 600\n')
    assert.ok(!(await container.run('cat /var/lib/app-secrets/copy')).stdout.includes('one'))
    assert.equal((await container.run('systemd-analyze verify strongroom-agent.service')).stderr, '')

    await ask('printf two | strongroom secrets set app-db')
    await until(container, file, /two/)
    await container.run('systemctl kill --signal=KILL strongroom-agent')
    await until(container, 'systemctl show --property=NRestarts --value strongroom-agent', /^[1-9]/)
    assert.equal((await container.run(file)).stdout, 'password = two\n')

    // The machine comes up, and the server does not.
    await container.run('systemctl stop strongroom-agent strongroom')
    assert.notEqual((await container.run(file)).code, 0)
    const away = await container.run('systemctl start strongroom-agent')
    assert.equal(away.code, 0, `${away.stderr}${await said()}`)
    assert.equal((await container.run(file)).stdout, 'password = two\n')
    assert.match(await said(), /The sealed copy \/var\/lib\/app-secrets\/copy is used in its place\. It is \d+ s old\./)
    await giveToken()
    await container.run('systemctl start strongroom')
    await ask('printf three | strongroom secrets set app-db')
    await until(container, file, /three/)

    // The rule is gone: it says so, ends with 4, holds no copy, and is started again, until there is a rule again.
    const [, id] = /^(\d+) +app\b/m.exec(await ask('strongroom trust list')) ?? assert.fail()
    await ask(`strongroom trust delete ${id} --yes`)
    await until(container, log, /status=4/)
    assert.match(await said(), /No key was given for the token of this job for 20 seconds/)
    assert.match(await said(), /copy is destroyed: the server has refused/)
    await giveToken()
    await makeRule()
    await ask('printf four | strongroom secrets set app-db')
    await until(container, file, /four/)
  })
})
