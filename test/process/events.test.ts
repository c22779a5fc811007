/** Listeners lose nothing and get nothing twice, whatever becomes of the servers. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Api } from '../support/api.ts'
import { startChild } from '../support/child.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { type Listened, listenTo } from '../support/events.ts'
import { startServer } from '../support/server.ts'

/** Makes secrets on whichever server answers, until it is told to stop. */
async function write(urlOf: () => string, apiKey: string, name: string, isOver: () => boolean): Promise<number> {
  let made = 0
  while (!isOver()) {
    const answer = await new Api(urlOf(), apiKey)
      .post('/v3/secrets', { name: `${name}-${made}`, value: 'v' }, { 'idempotency-key': `${name}-${made}` })
      .catch(() => undefined)
    if (answer?.status === 201) made++
    // A load that leaves the servers that start their CPU.
    await setTimeout(20)
  }
  return made
}

/** Listens to whichever server answers, each time from where it stopped, and adds what it is told of to `ids`. */
async function follow(t: TestContext, urlOf: () => string, apiKey: string, ids: number[], isEnough: () => boolean) {
  let last: number | undefined
  let streams = 0
  while (!isEnough()) {
    const after = last === undefined ? '?after=0&action=secret.create' : '?action=secret.create'
    const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': String(last) }
    const stream: Listened | undefined = await listenTo(t, { url: urlOf(), key: apiKey }, after, headers).catch(
      () => undefined,
    )
    if (stream === undefined) {
      await setTimeout(20)
      continue
    }
    streams++
    assert.equal(stream.blocks[0]?.data.missed, false)
    let taken = 0
    await stream.until(() => {
      for (const { id, data } of stream.events.slice(taken)) if (data.outcome === 'ok') ids.push(id)
      taken = stream.events.length
      last = stream.events.at(-1)?.id ?? last
      return stream.isOver || isEnough()
    })
    stream.close()
  }
  return streams
}

async function createdIn(api: Api): Promise<readonly number[]> {
  const seqs: number[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { body, headers } = await api.get(`/v3/audit?action=secret.create&outcome=ok&limit=1000${more}`)
    seqs.push(...body.records.map(({ seq }: { readonly seq: number }) => seq))
    cursor = headers.get('strongroom-next-cursor')
  }
  return seqs.toSorted((a, b) => a - b)
}

async function survive(t: TestContext, engine: TestEngine, count: number, kills: number): Promise<void> {
  const place = await engine.makeMigratedPlace()
  t.after(() => place.clear())
  const first = await startChild(t, place)
  const apiKey = first.firstKey ?? assert.fail()
  const nodes = [first]
  while (nodes.length < count) nodes.push(await startChild(t, place))
  let turn = 0
  const someUrl = () => nodes[turn++ % nodes.length]?.url ?? ''
  let isOver = false
  const writers = ['a', 'b', 'c'].map((name) => write(someUrl, apiKey, name, () => isOver))
  let wanted = Number.POSITIVE_INFINITY
  const ids: number[] = []
  const followed = follow(t, someUrl, apiKey, ids, () => ids.length >= wanted)
  const toldOfMore = async () => {
    const before = ids.length
    while (ids.length < before + 20) await setTimeout(10)
  }
  for (let kill = 0; kill < kills; kill++) {
    await toldOfMore()
    const at = kill % nodes.length
    await nodes[at]?.end('SIGKILL')
    nodes[at] = await startChild(t, place)
  }
  await toldOfMore()
  isOver = true
  const made = (await Promise.all(writers)).reduce((sum, one) => sum + one, 0)
  const api = new Api(someUrl(), apiKey)
  // One more, whose coming has the follower look whether it has them all.
  wanted = (await createdIn(api)).length + 1
  assert.equal((await api.post('/v3/secrets', { name: 'last', value: 'v' })).status, 201)

  const streams = await followed
  const created = await createdIn(api)
  assert.ok(created.length > made && made > 0)
  assert.deepEqual(ids, created)
  assert.ok(streams > 1)
}

for (const engine of engines) {
  const count = engine.name === 'SQLite' ? 1 : 2
  suite(`${engine.name}: listeners`, { skip: engine.skip }, () => {
    test('lose nothing and get nothing twice, when servers are killed and they go on at another one', (t) =>
      survive(t, engine, count, 3))

    test('are sent away politely by a server that stops, and waiting requests are answered', async (t) => {
      const server = await startServer(t, engine)
      const stream = await listenTo(t, server.api)
      const waiting = server.api.get(`/v3/events?after=${stream.position}&wait=60`)
      await server.api.get('/v3/events')
      await server.stop()
      assert.equal(await stream.ended(), 'stopping')
      const { status, body } = await waiting
      assert.deepEqual([status, body.events], [200, []])
    })

    test('who do not take what is sent are let go, and nobody waits for them', async (t) => {
      const { api } = await startServer(t, engine)
      const { port, hostname } = new URL(api.url)
      const slow = connect(Number(port), hostname)
      slow.on('error', () => {})
      slow.write(
        `GET /v3/events HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nauthorization: Bearer ${api.key}\r\n\r\n`,
      )
      await new Promise((resolve) => slow.once('data', resolve))
      slow.pause()
      const stream = await listenTo(t, api, '?action=secret.create')
      const name = 'n'.repeat(200)
      const gone = new Promise((resolve) => slow.once('close', resolve))
      let made = 0
      let isGone = false
      void gone.then(() => {
        isGone = true
      })
      const listeners = async () =>
        Number((await api.get('/metrics')).text.match(/^strongroom_event_listeners (\d+)/m)?.[1])
      // As much as the sockets of both sides hold, and more.
      while ((await listeners()) > 1 && made < 200) {
        const four = Array.from({ length: 4 }, () => {
          made++
          const secrets = Array.from({ length: 100 }, (_, at) => ({ name: `${name}-${made}-${at}`, value: 'v' }))
          return api.post('/v3/secrets/batch/create', { secrets })
        })
        for (const { status, text } of await Promise.all(four)) assert.equal(status, 201, text)
      }
      assert.equal(await listeners(), 1)
      await stream.until(() => stream.events.length === made * 100)
      slow.destroy()
      assert.equal(isGone || slow.destroyed, true)
    })
  })
}

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

suite('PostgreSQL: listeners on one node', { skip: postgres.skip }, () => {
  test('are told of what is done on another, and end when their key is revoked there', async (t) => {
    const first = await startServer(t, postgres)
    const second = await startServer(t, postgres, { place: first.place })
    const { body } = await first.api.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] })
    const stream = await listenTo(t, { url: second.url, key: body.api_key })
    await first.api.post('/v3/secrets', { name: 'one', value: 'v' })
    assert.deepEqual(await stream.take(1), ['secret.create one'])

    await first.api.delete(`/v3/keys/${body.id}`)
    assert.equal(await stream.ended(), 'unauthenticated')
  })
})
