/** Three nodes behind a real HAProxy, and behind endpoints that are taken away late, as Kubernetes does: replaced one by one. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { Api } from '../support/api.ts'
import { Balancer, type Target } from '../support/balancer.ts'
import { type Child, startChild } from '../support/child.ts'
import { engines, makeFolder, type Place } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
const hasProxy = spawnSync('haproxy', ['-v']).status === 0
/** All of them; more often in a long run. */
const rounds = process.env['SLOW'] === '1' ? 5 : 1

suite('Three nodes on PostgreSQL', { skip: postgres.skip }, () => {
  test('are replaced behind HAProxy without a failed request', {
    skip: hasProxy ? undefined : 'Needs haproxy (Debian: haproxy).',
  }, async (t) => {
    const { place, env, key } = await setUp(t)
    const ports = [await freePort(), await freePort(), await freePort()]
    const start = (port: number) => startChild(t, place, { env: { ...env, STRONGROOM_LISTEN: `127.0.0.1:${port}` } })
    const nodes: Child[] = []
    for (const port of ports) nodes.push(await start(port))
    const url = await startProxy(t, ports)
    const clients = new Balancer([{ url, api: (used: string) => new Api(url, used) }])
    // The proxy does: what it answers for itself is that of a node, which may be stopping.
    clients.heedsReadiness = false

    await underLoad(t, clients, key, async () => {
      for (let round = 0; round < rounds; round++) {
        for (const [at, port] of ports.entries()) {
          assert.deepEqual(await nodes[at]?.end('SIGTERM'), { code: 0, signal: null })
          nodes[at] = await start(port)
          await clients.wrote(30)
        }
      }
    })
  })

  test('are replaced where traffic comes for a while after they were told to stop', async (t) => {
    const { place, env, key } = await setUp(t)
    const start = () => startChild(t, place, { env })
    const nodes = new Balancer([await start(), await start(), await start()])
    // Kubernetes asks for readiness too, but it takes an endpoint away because its pod is ending: some time after SIGTERM.
    nodes.heedsReadiness = false

    await underLoad(t, nodes, key, async () => {
      for (let round = 0; round < rounds; round++) {
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
  })
})

async function setUp(t: TestContext): Promise<{ place: Place; env: Record<string, string>; key: string }> {
  const place = await postgres.makePlace()
  t.after(() => place.clear())
  const key = generateToken()
  return { place, key, env: { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_DRAIN_SECONDS: '4' } }
}

/** Clients write while something is done; none may fail. */
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
  const clients = Array.from({ length: 6 }, (_, at) => nodes.write(key, `c${at}`))
  await work()
  nodes.isOver = true
  await Promise.all([balancing, ...clients])
  assert.deepEqual(nodes.failures, [])
  assert.ok(nodes.written > 90, String(nodes.written))
}

/** As docs/operations.md shows it, with checks that are as quick as the drain of the test is short. */
async function startProxy(t: TestContext, ports: readonly number[]): Promise<string> {
  const port = await freePort()
  const path = join(makeFolder(), 'haproxy.cfg')
  const servers = ports.map((one, at) => `  server node${at} 127.0.0.1:${one} check inter 500ms fall 2 rise 1`)
  writeFileSync(
    path,
    `global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option redispatch
  retries 3
frontend api
  bind 127.0.0.1:${port}
  default_backend nodes
backend nodes
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
${servers.join('\n')}
`,
  )
  const child = spawn('haproxy', ['-f', path, '-db'], { stdio: 'ignore' })
  t.after(async () => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    const isUp = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isUp) return url
    assert.ok(tries < 100, 'HAProxy does not answer.')
    await setTimeout(100)
  }
}
