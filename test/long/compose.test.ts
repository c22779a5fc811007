/**
 * `compose.yaml` as it is, run by podman-compose with the commands of docs/deployment.md. No registry is asked for images: Debians
 * of `mmdebstrap` stand in, under the names that the files have.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify, stripVTControlCharacters } from 'node:util'
import { Api } from '../support/api.ts'
import { freePort, isFree } from '../support/free-port.ts'
import { cacheFolder } from './debian.ts'
import { missingForPodman, Podman } from './podman/podman.ts'
import { missingInVenv } from './venv.ts'

const root = join(import.meta.dirname, '..', '..')
const version = '1.6.0'
const venv = join(cacheFolder, `podman-compose-${version}`)
const stoodIn = { node: 'docker.io/library/node:26-bookworm-slim', database: 'docker.io/library/postgres:17-bookworm' }
const server = 'strongroom_strongroom_1'
const database = 'strongroom_postgres_1'

const skip = missingForPodman() || missingInVenv(venv, [`podman-compose==${version}`])
if (skip !== false) console.error(`compose.yaml is not tried: ${skip}.`)

suite('compose.yaml', { skip }, () => {
  test('runs Strongroom over PostgreSQL as docs/deployment.md says: hardened, apart, and whole after a restart and a killed database', async (t) => {
    const stack = await Stack.start(t)
    const { podman, url } = stack
    await podman.untilHealthy(server)
    const log = await stack.compose('logs', 'strongroom')
    assert.match(log, /http:\/\/localhost:\d+\/portal\/welcome#/)
    const api = new Api(url, / {2}(sr_\w{49})$/m.exec(log)?.[1] ?? '')
    await stack.store(api, 'kept')
    await stack.verify()

    await stack.isHardened()
    await stack.isApart()

    await stack.compose('restart', 'strongroom')
    await podman.untilHealthy(server)
    assert.equal((await api.get('/v3/secrets/1')).body.value, 'value of kept')
    await stack.store(api, 'after-the-restart')

    await stack.killDatabase()
    await stack.store(api, 'after-the-kill')
    await stack.crashDatabase()
    await stack.store(api, 'after-the-crash')
    const kept = [1, 2, 3, 4].map(async (id) => (await api.get(`/v3/secrets/${id}`)).body.name)
    assert.deepEqual(await Promise.all(kept), ['kept', 'after-the-restart', 'after-the-kill', 'after-the-crash'])
    await podman.untilHealthy(server)
    await stack.verify()

    await stack.compose('down', '--volumes')
    assert.equal(await podman.tell('ps', '--all', '--quiet'), '')
    assert.equal(await podman.tell('volume', 'ls', '--quiet'), '')
    assert.doesNotMatch(await podman.tell('network', 'ls', '--format', '{{.Name}}'), /strongroom/)
  })
})

/** What `compose.yaml` describes, from a copy of the sources. */
class Stack {
  readonly podman: Podman
  readonly url: string
  readonly #folder: string

  private constructor(podman: Podman, folder: string, port: number) {
    this.podman = podman
    this.#folder = folder
    this.url = `http://127.0.0.1:${port}`
  }

  static async start(t: TestContext): Promise<Stack> {
    const podman = new Podman(t)
    await podman.makeNodeImage(stoodIn.node)
    await podman.makePostgresImage(stoodIn.database)
    // Its name becomes that of the project.
    const folder = join(podman.folder, 'strongroom')
    const left = ['.git', 'node_modules', 'dist', 'secrets', 'data']
    cpSync(root, folder, { recursive: true, filter: (path) => !left.includes(relative(root, path)) })
    const port = (await isFree(4600)) ? 4600 : await freePort()
    if (port !== 4600) writeFileSync(join(folder, 'compose.override.yaml'), portOnly(port))
    const stack = new Stack(podman, folder, port)
    await stack.#run(commandsOfDocs())
    return stack
  }

  /** @returns what it prints, of both streams */
  compose(...parameters: readonly string[]): Promise<string> {
    return this.#run(`docker compose ${parameters.map((part) => `'${part}'`).join(' ')}`)
  }

  async store(api: Api, name: string): Promise<void> {
    const value = `value of ${name}`
    const { status, body } = await api.post('/v3/secrets', { name, value })
    assert.equal(status, 201)
    assert.equal((await api.get(`/v3/secrets/${body.id}`)).body.value, value)
  }

  async verify(): Promise<void> {
    // It ends with 3: no checkpoint from outside was given.
    const verified = await this.podman
      .tell('exec', server, 'node', 'dist/main.js', 'audit', 'verify')
      .catch((error) => `${error.stdout}${error.stderr}`)
    assert.match(verified, /records hold/)
  }

  /** No root, no right, nothing to write but its own, no core dump. */
  async isHardened(): Promise<void> {
    const told = JSON.parse(await this.podman.tell('exec', server, 'node', '--eval', lookAround))
    assert.deepEqual(told.written, { '/new': 'EROFS', '/app/new': 'EROFS', '/etc/new': 'EROFS', '/data/new': 'yes' })
    assert.match(told.status, /^Uid:\t1000\t1000\t1000\t1000$/m)
    assert.match(told.status, /^CapPrm:\t0+$/m)
    assert.match(told.status, /^CapBnd:\t0+$/m)
    assert.match(told.status, /^NoNewPrivs:\t1$/m)
    assert.match(told.limits, /^Max core file size +0 +0 /m)
  }

  /** The server's network has no way to the database, the host has none by name or port, and the database none out. */
  async isApart(): Promise<void> {
    const [{ HostConfig, NetworkSettings }] = JSON.parse(await this.podman.tell('inspect', database))
    assert.deepEqual(HostConfig.PortBindings, {})
    const [network, ...others] = Object.keys(NetworkSettings.Networks)
    assert.deepEqual([network, others], ['strongroom_back', []])
    const address = NetworkSettings.Networks.strongroom_back.IPAddress
    const [open, closed] = [/^open$/m, /^closed$/m]
    const reach = (network: string, host: string, port: number) =>
      this.podman.tell(
        'run',
        '--rm',
        '--network',
        network,
        '--entrypoint',
        'bash',
        stoodIn.database,
        '-c',
        knock(host, port),
      )
    assert.match(await reach('strongroom_back', 'postgres', 5432), open)
    assert.match(await reach('strongroom_front', 'strongroom', 4600), open)
    for (const host of ['postgres', address]) assert.match(await reach('strongroom_front', host, 5432), closed)
    assert.equal(await this.podman.tell('exec', database, 'sh', '-c', defaultRoutes), '0')
    const withoutPassword = ['exec', database, 'psql', '-w', '-U', 'strongroom', '-h', address, '-c', 'select 1']
    await assert.rejects(this.podman.tell(...withoutPassword), /no password supplied/)
  }

  /** Killed by somebody, it stays away until it is started. */
  async killDatabase(): Promise<void> {
    await this.podman.tell('kill', '--signal', 'KILL', database)
    await this.#untilReadyzSays(503)
    await this.compose('start', 'postgres')
    await this.#untilReadyzSays(200)
  }

  /** The engine starts it anew. */
  async crashDatabase(): Promise<void> {
    const [{ State }] = JSON.parse(await this.podman.tell('inspect', database))
    process.kill(State.Pid, 'SIGKILL')
    const end = performance.now() + 180_000
    for (;;) {
      const [{ RestartCount }] = JSON.parse(await this.podman.tell('inspect', database))
      if (RestartCount > 0) break
      assert.ok(performance.now() < end, 'it is not started anew')
      await setTimeout(100)
    }
    await this.podman.untilHealthy(database)
    await this.#untilReadyzSays(200)
  }

  async #untilReadyzSays(status: number): Promise<void> {
    const end = performance.now() + 180_000
    while ((await fetch(`${this.url}/readyz`)).status !== status) {
      if (performance.now() > end) throw new Error(`/readyz does not say ${status}:\n${await this.compose('logs')}`)
      await setTimeout(20)
    }
  }

  async #run(commands: string): Promise<string> {
    const program = `${join(venv, 'bin/podman-compose')} --podman-path '${this.podman.command}'`
    const builds = "--podman-build-args='--network host --format docker'"
    // With any limit given, podman raises these two as well, which a root without CAP_SYS_RESOURCE may not.
    const limits = "--podman-run-args='--ulimit nofile=4096 --ulimit nproc=4096'"
    const replaced = ['set -e', 'sudo() { "$@"; }', `docker() { shift; ${program} ${builds} ${limits} "$@"; }`]
    const how = { cwd: this.#folder, maxBuffer: 2 ** 26, timeout: 1_500_000 }
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', [...replaced, commands].join('\n')], how)
    return stripVTControlCharacters(`${stdout}${stderr}`)
  }
}

const defaultRoutes = `awk '$2 == "00000000"' /proc/net/route | wc -l`

function knock(host: string, port: number): string {
  return `if timeout 5 bash -c '</dev/tcp/${host}/${port}' 2>&-; then echo open; else echo closed; fi`
}

/** Prints what a process in the container may, as JSON. */
const lookAround = `
const { readFileSync, writeFileSync } = require('node:fs')
const written = {}
for (const path of ['/new', '/app/new', '/etc/new', '/data/new']) {
  try { writeFileSync(path, ''); written[path] = 'yes' } catch (error) { written[path] = error.code }
}
const [status, limits] = ['/proc/1/status', '/proc/1/limits'].map((path) => readFileSync(path, 'utf8'))
console.log(JSON.stringify({ written, status, limits }))
`

/** From the secrets to the start, as they stand there. */
function commandsOfDocs(): string {
  const text = readFileSync(join(root, 'docs', 'deployment.md'), 'utf8')
  const commands = /^```sh\n(mkdir -m 700 secrets\n.*?)^```$/ms.exec(text)?.[1] ?? ''
  assert.match(commands, /^docker compose up /m)
  return commands
}

function portOnly(port: number): string {
  return `services:\n  strongroom:\n    ports: !override\n      - "127.0.0.1:${port}:4600"\n`
}
