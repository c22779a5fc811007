/** Nodes that are stopped and started one after the other: whoever heeds `/readyz` loses no request. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { Balancer } from '../support/balancer.ts'
import { type Child, startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { CommitProxy } from '../support/proxy.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

suite('Nodes on PostgreSQL', { skip: postgres.skip }, () => {
  test('are replaced one after the other without a failed request', async (t) => {
    const place = await postgres.makeMigratedPlace()
    t.after(() => place.clear())
    const key = generateToken()
    const start = () =>
      startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_DRAIN_SECONDS: '3' } })
    const nodes = new Balancer([await start(), await start()])
    // However it ends: the loops would keep the process.
    t.after(() => {
      nodes.isOver = true
    })
    await nodes.look()
    const balancing = nodes.balance()
    const clients = Array.from({ length: 6 }, (_, at) => nodes.write(key, `c${at}`))

    for (const _ of [1, 2]) {
      const [old] = nodes.all
      assert.ok(old !== undefined)
      const began = performance.now()
      assert.deepEqual(await old.end('SIGTERM'), { code: 0, signal: null }, old.output())
      assert.ok(performance.now() - began >= 2_900)
      nodes.all = [...nodes.all.filter((one) => one !== old), await start()]
      await nodes.settled()
    }
    nodes.isOver = true
    await Promise.all([balancing, ...clients])

    assert.deepEqual(nodes.failures, [])
    assert.ok(nodes.written > 50, String(nodes.written))
  })

  test('are stopped at once by a second signal, however long they would go on', async (t) => {
    const place = await postgres.makeMigratedPlace()
    t.after(() => place.clear())
    const node = await startChild(t, place, { env: { STRONGROOM_DRAIN_SECONDS: '3600' } })
    node.process.kill('SIGTERM')
    await draining(node)

    assert.deepEqual(await node.end('SIGTERM'), { code: 0, signal: null })
  })

  test('wait for a database that is away when they start, and say so once', async (t) => {
    const place = await postgres.makeMigratedPlace()
    const before = await CommitProxy.start(place.databaseUrl ?? assert.fail())
    await before.stop()
    const [main, metrics] = [await freePort(), await freePort()]
    const listen = { STRONGROOM_LISTEN: `127.0.0.1:${main}`, STRONGROOM_METRICS_LISTEN: `127.0.0.1:${metrics}` }
    const starting = startChild(t, { ...place, databaseUrl: before.url }, { env: listen })
    // An exit would reject it.
    const isOver = starting.then(() => assert.fail('It did not wait.'))
    const whileWaiting = Promise.all([main, metrics].map((port) => untilAnswered(`http://127.0.0.1:${port}`)))
    await Promise.race([whileWaiting, isOver])
    const other = await fetch(`http://127.0.0.1:${main}/v3/secrets`, { headers: { authorization: 'Bearer x' } })
    assert.deepEqual([other.status, Reflect.get(Object(await other.json()), 'code')], [503, 'overloaded'])

    const proxy = await CommitProxy.start(place.databaseUrl ?? assert.fail(), Number(new URL(before.url).port))
    t.after(() => place.clear())
    t.after(() => proxy.stop())
    const node = await starting

    assert.equal(node.output().split('waiting for it').length, 2, node.output())
    for (const port of [main, metrics]) assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
    await node.end('SIGTERM')
  })
})

/** Until a server that waits for its database says that it is alive, and not ready. */
async function untilAnswered(url: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const alive = await fetch(`${url}/healthz`).catch(() => undefined)
    if (alive === undefined) {
      await setTimeout(50)
      continue
    }
    const ready = await fetch(`${url}/readyz`)
    assert.deepEqual([alive.status, ready.status, await ready.json()], [200, 503, { status: 'starting' }])
    return
  }
  assert.fail('It does not answer while it waits.')
}

async function draining(node: Child): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`${node.url}/readyz`)
    const isServed = (await fetch(`${node.url}/healthz`)).status === 200
    if (answer.status === 503) {
      assert.deepEqual(
        [await answer.json(), answer.headers.get('connection'), isServed],
        [{ status: 'draining' }, 'close', true],
      )
      return
    }
    await setTimeout(50)
  }
  assert.fail('It does not drain.')
}
