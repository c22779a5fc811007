/** The unit under a running systemd, as it is: when it is started, what it survives, and commands beside it. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { Authority, type Pair, replacePair } from '../support/certificates.ts'
import { Container, missingForContainers } from './systemd/container.ts'

const skip = missingForContainers()
if (skip !== false) console.error(`The unit of systemd is not tried: ${skip}.`)

async function start(t: TestContext, prepare: (container: Container) => void = () => {}): Promise<Container> {
  const container = new Container(t)
  prepare(container)
  await container.boot()
  const { code, stderr } = await container.run('systemctl start strongroom')
  assert.equal(code, 0, stderr)
  return container
}

const ask = (how: string) =>
  `/opt/strongroom/node_modules/.bin/node -e "require('node:http').get({${how},path:'/readyz'},(a)=>{console.log(a.statusCode)}).on('error',(e)=>{console.log(e.code)})"`

const files = `find /var/lib/private/strongroom ! -perm 0600 ! -type d -o -type d ! -perm 0700 -o ! -user strongroom`

suite('strongroom.service', { skip }, () => {
  test('is started when it listens, and no sooner; reads files anew, and is started again whatever ended it', async (t) => {
    const container = await start(t)

    assert.equal((await container.run(ask("host:'127.0.0.1',port:4600"))).stdout, '200\n')
    assert.equal(await container.show('StatusText'), 'listening on http://127.0.0.1:4600')
    const pid = await container.show('MainPID')
    assert.equal((await container.run('systemctl reload strongroom')).code, 0)
    await container.until('StatusText', 'files were read anew')
    assert.deepEqual([await container.show('MainPID'), await container.show('ActiveState')], [pid, 'active'])
    for (const [at, signal] of ['KILL', 'TERM', 'QUIT'].entries()) {
      await container.run(`systemctl kill --signal=${signal} strongroom`)
      await container.until('NRestarts', String(at + 1))
      await container.until('ActiveState', 'active')
    }
    await container.run('systemctl stop strongroom')
    assert.deepEqual([await container.show('ActiveState'), await container.show('Result')], ['inactive', 'success'])
    assert.match((await container.run('systemd-analyze security --no-pager strongroom')).stdout, /level.*: [01]\.\d OK/)
    assert.deepEqual((await container.run('systemd-analyze verify strongroom.service')).stderr, '')
  })

  test('is started again when it hangs', async (t) => {
    const container = await start(t, (one) =>
      one.write('etc/systemd/system/strongroom.service.d/watch.conf', '[Service]\nWatchdogSec=6s\n'),
    )

    await container.run('kill -STOP $(systemctl show --property=MainPID --value strongroom)')

    await container.untilRestarted(1)
    await container.until('ActiveState', 'active')
  })

  test('keeps its files to itself, whoever runs commands beside it, or without it', async (t) => {
    const container = await start(t)

    const made = await container.run('strongroom-host key create robot --account default --scope secrets:list')
    assert.match(made.stdout, /sr_\w{49}/, made.stderr)
    assert.match((await container.run('strongroom-host health')).stdout, /^ready/)
    const piped = await container.run('strongroom-host audit verify | wc -l')
    assert.ok(Number(piped.stdout) > 0, piped.stderr)
    assert.equal((await container.run('strongroom-host nonsense')).code, 2)
    assert.equal((await container.run(files)).stdout, '')
    await container.run('systemctl stop strongroom')
    assert.match((await container.run('strongroom-host account list')).stdout, /default/)
    const { stdout } = await container.run(
      "find /var/lib/private/strongroom -printf '%m %U\\n' | sort -u; stat -c %u /var/lib/private/strongroom",
    )
    const [owner = ''] = stdout.trim().split('\n').slice(-1)
    assert.notEqual(owner, '0')
    assert.equal(stdout, `600 ${owner}\n700 ${owner}\n${owner}\n`)
    assert.equal((await container.run('systemctl start strongroom')).code, 0)
  })

  test('gives up upon wrong settings, at once, and upon nothing else', async (t) => {
    const container = await start(t)
    const wrong = 'etc/systemd/system/strongroom.service.d/wrong.conf'
    container.write(wrong, '[Service]\nEnvironment=STRONGROOM_KEEP_VERSIONS=none\n')

    await container.run('systemctl daemon-reload; systemctl restart strongroom')

    assert.deepEqual([await container.show('ActiveState'), await container.show('ExecMainStatus')], ['failed', '2'])
    // A database that is not there: whoever waits for it is started again, for as long as it takes.
    container.write(wrong, '[Service]\nEnvironment=STRONGROOM_DATABASE_URL=postgres://u@127.0.0.1:1/d\n')
    await container.run('systemctl daemon-reload; systemctl start --no-block strongroom')
    await container.until('StatusText', 'waiting for the database')
    assert.equal(await container.show('ActiveState'), 'activating')
    await container.run('systemctl kill --signal=KILL strongroom')
    await container.untilRestarted(1)
  })

  test('lets the group of its socket in, and nobody else', async (t) => {
    const container = await start(t, (one) => {
      one.install('deploy/strongroom-socket.conf', 'etc/systemd/system/strongroom.service.d/socket.conf')
      const settings = one.read('etc/strongroom/strongroom.env').replace(/^STRONGROOM_LISTEN=.*$/m, '')
      one.write('etc/strongroom/strongroom.env', settings.replaceAll(/^#(STRONGROOM_LISTEN(_MODE)?=)/gm, '$1'))
      one.write(
        'etc/sysusers.d/test.conf',
        'g strongroom-socket -\nu proxy2 -\nu stranger -\nm proxy2 strongroom-socket\n',
      )
    })
    const as = (user: string) =>
      container.run(
        `setpriv --reuid=${user} --regid=${user} --init-groups ${ask("socketPath:'/run/strongroom/http.sock'")}`,
      )

    assert.equal((await as('proxy2')).stdout, '200\n')
    assert.equal((await as('stranger')).stdout, 'EACCES\n')
    assert.equal((await container.run('strongroom-host health')).stdout.trim(), 'ready')
    assert.equal((await container.run(files)).stdout, '')
  })

  test('takes a new certificate by reload', async (t) => {
    const authority = new Authority(t)
    const [first, second] = [authority.issue(), authority.issue()]
    const container = await start(t, (one) => {
      one.install('deploy/strongroom-tls.conf', 'etc/systemd/system/strongroom.service.d/tls.conf')
      one.write('etc/sysusers.d/test.conf', 'g strongroom-tls 950\n')
      for (const name of ['cert', 'key'] as const) one.write(`etc/strongroom/tls/${name}.pem`, '')
      put(one, first)
      const paths = 'STRONGROOM_TLS_CERT=/etc/strongroom/tls/cert.pem\nSTRONGROOM_TLS_KEY=/etc/strongroom/tls/key.pem\n'
      one.write('etc/strongroom/strongroom.env', `STRONGROOM_LISTEN=127.0.0.1:4600\n${paths}`)
    })
    const program = `const s=require('node:tls').connect({port:4600,host:'127.0.0.1',rejectUnauthorized:false},()=>{console.log(s.getPeerCertificate().subject.CN);s.destroy()})`
    const served = `/opt/strongroom/node_modules/.bin/node -e "${program}"`

    assert.equal((await container.run(served)).stdout, 'leaf-1\n')
    put(container, second)
    await container.run('systemctl reload strongroom')
    await container.untilPrints(served, (name) => name === 'leaf-2')
    assert.equal(await container.show('NRestarts'), '0')
  })
})

/** As deploy/strongroom-tls.conf says. */
function put({ folder }: Container, pair: Pair): void {
  const there = { cert: `${folder}/etc/strongroom/tls/cert.pem`, key: `${folder}/etc/strongroom/tls/key.pem` }
  replacePair(there, pair)
  chownSync(there.key, 0, 950)
  chmodSync(there.key, 0o640)
}
