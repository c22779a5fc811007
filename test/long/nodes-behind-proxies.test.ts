/**
 * Three nodes behind HAProxy, nginx and Caddy, as the files in `deploy/` set them up, and behind endpoints that are taken away late,
 * as Kubernetes does: replaced one by one, and killed.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { Api } from '../support/api.ts'
import { Balancer, type Target } from '../support/balancer.ts'
import { rounds } from '../support/chance.ts'
import { type Child, startChild } from '../support/child.ts'
import { engines, makeFolder, type Place } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
/** How often each of them is replaced. */
const times = rounds(1, 5)

/** Clients, each with one request at a time, which may be repeated. */
const lanes = 6

interface Proxy {
  readonly program: string
  readonly file: string
  /** The file as it is, but for TLS and the names, with each of the nodes. */
  readonly config: (file: string, port: number, nodes: readonly string[], folder: string) => string
  readonly parameters: (path: string) => readonly string[]
  /** Whether it sends to another node what one was answering when it died. */
  readonly repeats: boolean
}

const proxies: readonly Proxy[] = [
  {
    program: 'haproxy',
    file: 'haproxy.cfg',
    config: (file, port, nodes) =>
      file
        .replace(/bind :::443 .*/, `bind 127.0.0.1:${port}`)
        .replace(/^ +server strongroom .*$/m, (line) =>
          nodes
            .map((node, at) => line.replace(' strongroom ', ` strongroom-${at} `).replace('127.0.0.1:4600', node))
            .join('\n'),
        ),
    parameters: (path) => ['-f', path, '-db'],
    repeats: true,
  },
  {
    program: 'nginx',
    file: 'nginx.conf',
    config: (file, port, nodes, folder) => {
      const plain = file
        .replace('listen 443 ssl', `listen 127.0.0.1:${port}`)
        .replaceAll(/^ +(listen \[::\]:443|ssl_).*$/gm, '')
        .replace(/^ +server 127.*$/m, (line) => nodes.map((node) => line.replace('127.0.0.1:4600', node)).join('\n'))
        .replace('/var/log/nginx/strongroom.log', `${folder}/access.log`)
      const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      const own = folders.map((one) => `${one}_temp_path ${folder}/${one};`).join(' ')
      return `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;\nevents {}\nhttp { ${own}\n${plain}\n}\n`
    },
    parameters: (path) => ['-c', path],
    repeats: true,
  },
  {
    program: 'caddy',
    file: 'Caddyfile',
    config: (file, port, nodes) =>
      file
        .replace('strongroom.example {', `http://:${port} {\n\tbind 127.0.0.1`)
        .replace(/^\ttls .*$/m, '')
        .replace('reverse_proxy 127.0.0.1:4600', `reverse_proxy ${nodes.join(' ')}`),
    parameters: (path) => ['run', '--adapter', 'caddyfile', '--config', path],
    repeats: false,
  },
]

for (const proxy of proxies) {
  const isThere = spawnSync(proxy.program, ['-v']).error === undefined
  const skip = postgres.skip || (isThere ? false : `${proxy.program} is not installed`)
  suite(`Three nodes on PostgreSQL, behind ${proxy.program}`, { skip }, () => {
    test('are replaced, and nothing fails but what came in the moment in which one closed, if that may not be repeated', async (t) => {
      const { key, ports, start, nodes, clients } = await setUpBehind(t, proxy)
      // The system takes connections until a node has closed, and resets those that the node has not seen: on a busy machine, some.
      clients.allowed = proxy.repeats ? 0 : ports.length * times

      await underLoad(t, clients, key, async () => {
        for (let round = 0; round < times; round++) {
          for (const [at, port] of ports.entries()) {
            assert.deepEqual(await nodes[at]?.end('SIGTERM'), { code: 0, signal: null })
            nodes[at] = await start(port)
            await clients.wrote(30)
          }
        }
      })
      t.diagnostic(`${clients.written} written, ${clients.failures.length} failed`)
      assert.ok(clients.failures.length <= clients.allowed, clients.failures.join('\n'))
      for (const failure of clients.failures) assert.match(failure, /^502 /)
    })

    test('are killed, and nothing fails but what they were answering, if that may not be repeated', async (t) => {
      const { key, ports, start, nodes, clients } = await setUpBehind(t, proxy)
      clients.allowed = proxy.repeats ? 0 : ports.length * lanes

      await underLoad(t, clients, key, async () => {
        for (const [at, port] of ports.entries()) {
          await nodes[at]?.end('SIGKILL')
          await clients.wrote(100)
          nodes[at] = await start(port)
          await clients.wrote(30)
        }
      })
      t.diagnostic(`${clients.written} written, ${clients.failures.length} failed`)
      assert.ok(clients.failures.length <= clients.allowed, clients.failures.join('\n'))
    })
  })
}

suite('Three nodes on PostgreSQL', { skip: postgres.skip }, () => {
  test('are replaced where traffic comes for a while after they were told to stop', async (t) => {
    const { place, env, key } = await setUp(t)
    const start = () => startChild(t, place, { env })
    const nodes = new Balancer([await start(), await start(), await start()])
    // Kubernetes asks for readiness too, but it takes an endpoint away because its pod is ending: some time after SIGTERM.
    nodes.heedsReadiness = false

    await underLoad(t, nodes, key, async () => {
      for (let round = 0; round < times; round++) {
        for (const old of nodes.all) {
          const ending = old.end('SIGTERM')
          await setTimeout(1_500)
          nodes.all = nodes.all.filter((one) => one !== old)
          assert.deepEqual(await ending, { code: 0, signal: null }, old.output())
          nodes.all = [...nodes.all, await start()]
          await nodes.wrote(30)
        }
      }
    })
    assert.deepEqual(nodes.failures, [])
  })
})

async function setUp(t: TestContext): Promise<{ place: Place; env: Record<string, string>; key: string }> {
  const place = await postgres.makePlace()
  t.after(() => place.clear())
  const key = generateToken()
  return { place, key, env: { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_DRAIN_SECONDS: '5' } }
}

/** A node on each of three ports, and clients of the proxy before them. */
async function setUpBehind(t: TestContext, proxy: Proxy) {
  const { place, env, key } = await setUp(t)
  const ports = [await freePort(), await freePort(), await freePort()]
  const start = (port: number) => startChild(t, place, { env: { ...env, STRONGROOM_LISTEN: `127.0.0.1:${port}` } })
  const nodes: Child[] = []
  for (const port of ports) nodes.push(await start(port))
  const url = await startProxy(t, proxy, ports)
  const clients = new Balancer([{ url, api: (used: string) => new Api(url, used) }])
  // The proxy does: what it answers for itself is that of a node, which may be stopping.
  clients.heedsReadiness = false
  clients.repeatable = true
  return { key, ports, start, nodes, clients }
}

/** Clients write while something is done. */
async function underLoad(
  t: TestContext,
  nodes: Balancer<Target>,
  key: string,
  work: () => Promise<void>,
): Promise<void> {
  t.after(() => {
    nodes.isOver = true
  })
  await nodes.look()
  const balancing = nodes.balance()
  const clients = Array.from({ length: lanes }, (_, at) => nodes.write(key, `c${at}`))
  await work()
  nodes.isOver = true
  await Promise.all([balancing, ...clients])
  assert.ok(nodes.written > 90, String(nodes.written))
}

async function startProxy(t: TestContext, proxy: Proxy, ports: readonly number[]): Promise<string> {
  const [port, folder] = [await freePort(), makeFolder()]
  const path = join(folder, proxy.file)
  const file = readFileSync(join(import.meta.dirname, '../../deploy', proxy.file), 'utf8')
  const nodes = ports.map((one) => `127.0.0.1:${one}`)
  const config = proxy.config(file, port, nodes, folder)
  for (const node of nodes) assert.ok(config.includes(node), config)
  writeFileSync(path, config)
  const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(proxy.program, proxy.parameters(path), { env, stdio: 'ignore' })
  const gone = once(child, 'exit')
  t.after(async () => {
    child.kill(proxy.program === 'nginx' ? 'SIGTERM' : 'SIGKILL')
    await gone
  })
  const url = `http://127.0.0.1:${port}`
  const end = performance.now() + 60_000
  for (;;) {
    const isUp = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isUp) return url
    assert.ok(child.exitCode === null && performance.now() < end, `${proxy.program} does not answer.`)
    await setTimeout(100)
  }
}
