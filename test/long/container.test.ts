/**
 * The container image, built and run by podman as docs/deployment.md says. What stands in for the image of Node.js is a Debian of
 * `mmdebstrap` with the Node.js and the npm of this machine.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Api } from '../support/api.ts'
import { freePort } from '../support/free-port.ts'
import { readyDebian } from './debian.ts'

const root = join(import.meta.dirname, '..', '..')
const debian = { name: 'container', packages: 'ca-certificates,libatomic1,binutils' }
const authorities = '/etc/ssl/certs/ca-certificates.crt'

const skip = missing()
if (skip !== false) console.error(`The container image is not tried: ${skip}.`)

function missing(): string | false {
  if (process.getuid?.() !== 0) return 'mmdebstrap and podman run as root here'
  const absent = ['podman', 'runc', 'mmdebstrap', 'npm'].filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  )
  return absent.length > 0 ? `${absent.join(', ')}: not installed` : false
}

/** Podman with a storage of its own, which is gone when the test ends. */
class Podman {
  readonly folder = mkdtempSync('/var/tmp/strongroom-podman-')
  readonly #environment: NodeJS.ProcessEnv

  constructor(t: TestContext) {
    const settings = join(this.folder, 'containers.conf')
    // Neither may be set by a root that lacks CAP_SYS_RESOURCE; crun does not take cgroups of both versions.
    writeFileSync(
      settings,
      '[containers]\ndefault_ulimits = []\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n',
    )
    this.#environment = { ...process.env, CONTAINERS_CONF: settings }
    t.after(async () => {
      await this.tell('rm', '--all', '--force').catch(() => {})
      await this.tell('rmi', '--all', '--force').catch(() => {})
      spawnSync('umount', ['-R', join(this.folder, 'root', 'overlay')])
      rmSync(this.folder, { recursive: true, force: true })
    })
  }

  /** @returns what it prints, of both streams */
  async tell(...parameters: readonly string[]): Promise<string> {
    const places = ['--root', join(this.folder, 'root'), '--runroot', join(this.folder, 'run')]
    const options = { env: this.#environment, maxBuffer: 2 ** 26, timeout: 1_500_000 }
    const { stdout, stderr } = await promisify(execFile)('podman', [...places, ...parameters], options)
    return `${stdout}${stderr}`.trim()
  }

  /** An image that has what the build asks of that of Node.js. */
  async makeNodeImage(): Promise<string> {
    await this.tell('import', '--quiet', readyDebian(debian), 'localhost/debian')
    const folder = join(this.folder, 'node')
    mkdirSync(folder)
    cpSync(process.execPath, join(folder, 'node'))
    const npm = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim()
    cpSync(resolve(npm, '../..'), join(folder, 'npm'), { recursive: true })
    if (existsSync(authorities)) cpSync(authorities, join(folder, 'authorities.pem'))
    else writeFileSync(join(folder, 'authorities.pem'), '')
    const lines = [
      'FROM localhost/debian',
      'COPY node /usr/local/bin/node',
      'COPY npm /usr/local/lib/npm',
      `COPY authorities.pem ${authorities}`,
      `ENV NODE_EXTRA_CA_CERTS=${authorities}`,
      'RUN ln -s ../lib/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/npm/bin/npx-cli.js /usr/local/bin/npx',
    ]
    writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`)
    await this.tell('build', '--network', 'host', '--tag', 'localhost/node', folder)
    return 'localhost/node'
  }
}

suite('The container image', { skip }, () => {
  test('is built, small, and runs as docs/deployment.md says: no root, nothing to write, healthy, stopped in order', async (t) => {
    const podman = new Podman(t)
    const node = await podman.makeNodeImage()
    const how = ['--format', 'docker', '--network', 'host', '--build-arg', `NODE_IMAGE=${node}`, '--tag', 'strongroom']
    await podman.tell('build', ...how, root)
    const [image] = JSON.parse(await podman.tell('inspect', 'strongroom'))
    assert.equal(image.Config.User, '1000:1000')
    // As podman says it; others in its configuration.
    const health = JSON.stringify(image.Healthcheck ?? image.Config.Healthcheck)
    assert.match(health, /"health"/)
    assert.ok(image.Size < 200e6, `${image.Size} bytes`)

    const key = join(podman.folder, 'root.key')
    writeFileSync(key, Buffer.alloc(32, 7).toString('base64url'))
    chownSync(key, 1000, 1000)
    chmodSync(key, 0o400)
    const port = await freePort()
    const bounds = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']
    const places = ['-v', 'strongroom:/data', '-v', `${key}:/run/root.key:ro`, '-p', `127.0.0.1:${port}:4600`]
    const env = ['-e', 'STRONGROOM_ROOT_KEY_FILE=/run/root.key']
    const run = ['--detach', '--name', 'sr', '--ulimit', 'host', '--stop-timeout', '30', ...bounds, ...places, ...env]
    await podman.tell('run', ...run, 'strongroom')
    await untilHealthy(podman)

    const log = await podman.tell('logs', 'sr')
    assert.match(log, /http:\/\/localhost:\d+\/portal\/welcome#/)
    const api = new Api(`http://127.0.0.1:${port}`, /^ +(sr_\w{49})$/m.exec(log)?.[1] ?? '')
    assert.equal((await api.post('/v3/secrets', { name: 'kept', value: 'in the volume' })).status, 201)
    assert.match(await podman.tell('exec', 'sr', 'node', 'dist/main.js', 'account', 'list'), /default/)
    await podman.tell('kill', '--signal', 'HUP', 'sr')
    assert.equal((await api.get('/v3/secrets/1')).body.value, 'in the volume')
    await podman.tell('stop', 'sr')
    assert.equal(await podman.tell('inspect', '--format', '{{.State.ExitCode}}', 'sr'), '0')
    await podman.tell('start', 'sr')
    await untilHealthy(podman)
    assert.equal((await api.get('/v3/secrets/1')).body.value, 'in the volume')
    const verify = ['exec', 'sr', 'node', 'dist/main.js', 'audit', 'verify']
    // It ends with 3: no checkpoint from outside was given.
    assert.match(await podman.tell(...verify).catch((error) => String(error.stdout)), /records hold/)
  })
})

/** As an engine finds it out. */
async function untilHealthy(podman: Podman): Promise<void> {
  const end = performance.now() + 120_000
  for (;;) {
    const why = await podman.tell('healthcheck', 'run', 'sr').then(
      () => undefined,
      (error) => String(error),
    )
    if (why === undefined) return
    assert.ok(performance.now() < end, `${why}\n${await podman.tell('logs', 'sr')}`)
    await setTimeout(500)
  }
}
