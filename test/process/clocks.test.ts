/** Nodes whose clocks are wrong, on one database: what is over is over by the database's clock, on every node alike. */
import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { type Child, startChild } from '../support/child.ts'
import { engines, type Place } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { enrolTotp, password } from '../support/portal-account.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
/** Debian: `faketime`. Shows a process another time; timers and counts go on as they were. */
const [library = ''] = globSync('/usr/lib/*/faketime/libfaketime.so.1')
const skip = postgres.skip ?? (existsSync(library) ? undefined : 'Needs libfaketime (Debian: faketime).')
const key = generateToken()

/** @param seconds by how much its clock is ahead */
function startNode(t: TestContext, place: Place, seconds: number): Promise<Child> {
  const wrong = {
    LD_PRELOAD: library,
    FAKETIME: `${seconds > 0 ? '+' : ''}${seconds}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  return startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key, ...(seconds === 0 ? {} : wrong) } })
}

suite('Nodes whose clocks are ten minutes ahead and behind', { skip }, () => {
  async function start(t: TestContext) {
    const place = await postgres.makeMigratedPlace()
    t.after(() => place.clear())
    const right = await startNode(t, place, 0)
    const [ahead, behind] = await Promise.all([startNode(t, place, 600), startNode(t, place, -600)])
    return { right, ahead, behind, all: [right, ahead, behind] }
  }

  test('end a rotated key, let seeds, links, sessions and codes live, and expire keys, all as the database says', async (t) => {
    const { right, ahead, behind, all } = await start(t)
    const status = async (node: Child, used: string) => (await node.api(used).get('/v3/secrets')).status
    const soon = (seconds: number) => `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`

    for (const node of [ahead, behind]) {
      // A key that lives two minutes is not over where it is ten minutes later, and is where it is over.
      const made = await node
        .api(key)
        .post('/v3/keys', { name: 'ci', scopes: ['secrets:list', 'secrets:read'], expires_at: soon(120) })
      assert.equal(made.status, 201, made.text)
      assert.deepEqual(await Promise.all(all.map((one) => status(one, made.body.api_key))), [200, 200, 200])
      const over = await node
        .api(key)
        .post('/v3/keys', { name: 'ci', scopes: ['secrets:list'], expires_at: soon(-120) })
      assert.equal(over.status, 400, over.text)

      const rotated = await node.api(key).post(`/v3/keys/${made.body.id}/rotate`, { overlap_seconds: 1 })
      assert.equal(rotated.status, 201, rotated.text)
      const ends = Date.parse((await right.api(key).get(`/v3/keys/${made.body.id}`)).body.expires_at)
      assert.ok(Math.abs(ends - Date.now()) < 30_000)
      while (Date.now() < ends + 1_100) await setTimeout(100)
      assert.deepEqual(await Promise.all(all.map((one) => status(one, made.body.api_key))), [401, 401, 401])
      assert.deepEqual(await Promise.all(all.map((one) => status(one, rotated.body.api_key))), [200, 200, 200])

      const seed = await node
        .api(key)
        .post('/v3/seeds', { user_data: '#cloud-config', target: 'web-1', expires_in: 120 })
      assert.equal(seed.status, 201, seed.text)
      const { pathname } = new URL(seed.body.url)
      for (const one of all) assert.equal((await fetch(`${one.url}${pathname}meta-data`)).status, 200)
    }

    const link = (await behind.api(key).post('/v3/users', { email: 'ada@example.com', role: 'editor' })).body
      .invitation_url
    const ada = new Person(ahead.url)
    assert.equal((await ada.accept(link, { password })).status, 201)
    for (const one of all) {
      const elsewhere = new Person(one.url)
      elsewhere.cookie = ada.cookie
      assert.equal((await elsewhere.get('/v3/session')).status, 200)
    }
    // A code is of this half minute, by the clock of the phone.
    await enrolTotp(ada, Date.now())
  })

  test('say so once in the log, in /readyz and in the metrics, and go on', async (t) => {
    const { right, ahead, behind } = await start(t)
    for (const node of [ahead, behind]) await node.api(key).get('/v3/secrets')

    for (const [node, words, sign] of [
      [ahead, 'ahead of', 1],
      [behind, 'behind', -1],
    ] as const) {
      const ready = await fetch(`${node.url}/readyz`)
      const { status, conditions } = JSON.parse(await ready.text())
      assert.deepEqual([ready.status, status, conditions.length, conditions[0].name], [200, 'ready', 1, 'clock'])
      assert.match(conditions[0].detail, new RegExp(`^the clock of this host is (599|600|601) seconds ${words} `))
      const metrics = await (await fetch(`${node.url}/metrics`)).text()
      const skew = Number(/^strongroom_clock_skew_seconds (\S+)$/m.exec(metrics)?.[1])
      assert.ok(Math.abs(skew - sign * 600) < 5, String(skew))
      assert.match(metrics, /^strongroom_store_condition\{condition="clock"\} 1$/m)
      assert.equal(node.output().split(`seconds ${words} that of the database`).length, 2, node.output())
    }
    assert.deepEqual(await (await fetch(`${right.url}/readyz`)).json(), { status: 'ready' })
  })

  test('decide nothing any more when they are hours apart: one does not start, and says why', async (t) => {
    const place = await postgres.makeMigratedPlace()
    t.after(() => place.clear())

    for (const seconds of [7_200, -7_200]) {
      await assert.rejects(
        startNode(t, place, seconds),
        /The clocks of the server and of its database are too far apart/,
      )
    }
  })
})
