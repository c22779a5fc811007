/** Two nodes on three PostgreSQL under Patroni, under load: a switchover and a host that is killed. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startChild } from '../support/child.ts'
import type { Place } from '../support/engines.ts'
import { missingForPatroni, PatroniCluster } from './patroni/cluster.ts'

const skip = missingForPatroni()
if (skip !== false) console.error(`Nodes on Patroni are not tried: ${skip}.`)

/** A write at a time for each node, and what was acknowledged. */
class Load {
  readonly acknowledged = new Map<string, number>()
  readonly failures = new Map<number, number>()
  longestGap = 0
  #isOver = false
  #last = performance.now()

  async run(apis: readonly { post(path: string, body: unknown): Promise<{ status: number; body: { id: number } }> }[]) {
    await Promise.all(
      apis.flatMap((api, node) =>
        [0, 1].map(async (lane) => {
          for (let at = 0; !this.#isOver; at++) {
            const name = `n${node}-${lane}-${at}`
            const { status, body } = await api
              .post('/v3/secrets', { name, value: name })
              .catch(() => ({ status: 0, body: { id: 0 } }))
            if (status === 201) this.#acknowledge(name, body.id)
            else this.failures.set(status, (this.failures.get(status) ?? 0) + 1)
            await setTimeout(20)
          }
        }),
      ),
    )
  }

  #acknowledge(name: string, id: number): void {
    this.acknowledged.set(name, id)
    const now = performance.now()
    this.longestGap = Math.max(this.longestGap, now - this.#last)
    this.#last = now
  }

  /** Waits until writes go through, counted from now. @returns how long the longest pause was meanwhile, in seconds */
  async recovered(): Promise<number> {
    const before = this.acknowledged.size
    const end = performance.now() + 300_000
    while (this.acknowledged.size < before + 20) {
      assert.ok(performance.now() < end, `no write for 300 seconds: ${JSON.stringify([...this.failures])}`)
      await setTimeout(100)
    }
    const seconds = Math.round(this.longestGap / 100) / 10
    this.longestGap = 0
    return seconds
  }

  stop(): void {
    this.#isOver = true
  }
}

suite('Two nodes on Patroni', { skip }, () => {
  test('lose no acknowledged write when the primary is switched over and when it is killed, and go on by themselves', async (t) => {
    const cluster = new PatroniCluster(t)
    const databaseUrl = await cluster.start()
    const env = { STRONGROOM_ROOT_KEY: Buffer.alloc(32, 3).toString('base64url') }
    const first = await startChild(t, placeOf(t, databaseUrl), { env })
    const second = await startChild(t, placeOf(t, databaseUrl), { env })
    const key = first.firstKey ?? ''
    const apis = [first.api(key), second.api(key)]
    const load = new Load()
    const running = load.run(apis)
    t.after(() => load.stop())
    await load.recovered()

    await cluster.switchOver()
    t.diagnostic(`switchover: no write for ${await load.recovered()} s`)
    const killed = await cluster.untilWhole()
    cluster.kill(killed)
    t.diagnostic(`primary killed: no write for ${await load.recovered()} s`)
    cluster.run(killed)
    await cluster.untilWhole()
    await load.recovered()
    load.stop()
    await running

    t.diagnostic(
      `${load.acknowledged.size} writes acknowledged, others by status: ${JSON.stringify([...load.failures])}`,
    )
    for (const [at, api] of apis.entries()) {
      assert.equal((await fetch(`${api.url}/readyz`)).status, 200, `node ${at}`)
    }
    for (const [name, id] of load.acknowledged)
      assert.equal((await apis[0]?.get(`/v3/secrets/${id}`))?.body.value, name)
    const rows = await cluster.query(
      'strongroom',
      'select name, count(*) from secrets group by name having count(*) > 1',
    )
    assert.deepEqual(rows, [])
    for (const node of [first, second]) assert.deepEqual(await node.end('SIGTERM'), { code: 0, signal: null })
  })
})

function placeOf(t: TestContext, databaseUrl: string): Place {
  const dataDir = mkdtempSync(join(tmpdir(), 'strongroom-node-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  return { dataDir, databaseUrl, clear: async () => {} }
}
