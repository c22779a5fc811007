/** Many callers at once, on one server and on several: names stay unique, versions without gaps, keys repeat nothing. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { verifyAudit } from '../../src/vault/audit.ts'
import { type Answer, Api } from '../support/api.ts'
import { rounds } from '../support/chance.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

const repeats = rounds(10, 200)

/**
 * Asks again where the store did not answer in time, as a client does: a database is given so many seconds, which a busy machine
 * may take for itself. Under an `Idempotency-Key` it is one change, however often it is asked for.
 */
class Patient extends Api {
  override async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const keyed = method === 'GET' ? headers : { 'idempotency-key': randomUUID(), ...headers }
    for (let tries = 0; ; tries++) {
      const answer = await super.send(method, path, body, keyed)
      if (answer.status !== 503 || tries === maxTries) return answer
      await setTimeout(1000 * Number(answer.headers.get('retry-after') ?? 1))
    }
  }
}
const maxTries = 20

for (const engine of engines) {
  /** SQLite has one server to a store; PostgreSQL as many as one likes. */
  for (const nodes of engine.name === 'SQLite' ? [1] : [1, 2]) {
    suite(`${engine.name}, ${nodes} server(s): at once`, { skip: engine.skip }, () => {
      test('fifty creates of one name make one secret', async (t) => {
        const { apis, server } = await start(t)

        for (let round = 0; round < repeats; round++) {
          const answers = await Promise.all(
            times(50, (at) => pick(apis, at).post('/v3/secrets', { name: `n${round}`, value: `v${at}` })),
          )
          assert.deepEqual(countOf(answers), { 201: 1, 409: 49 })
          const winner = answers.findIndex(({ status }) => status === 201)
          const id = answers[winner]?.body.id
          assert.equal((await server.api.get(`/v3/secrets/${id}`)).body.value, `v${winner}`)
        }
        assert.equal((await server.api.get('/v3/secrets')).body.secrets.length, repeats)
        await assertChains(server)
      })

      test('updates under a condition succeed once for each version', async (t) => {
        const { apis, server } = await start(t)
        await server.api.post('/v3/secrets', { name: 'counter', value: '0' })
        let successes = 0

        const count = async (api: Api) => {
          for (let tries = 0; tries < 10; tries++) {
            const { body, headers } = await api.get('/v3/secrets/1')
            const next = String(Number(body.value) + 1)
            const { status } = await api.put(
              '/v3/secrets/1',
              { value: next },
              { 'if-match': headers.get('etag') ?? '' },
            )
            assert.ok([200, 412].includes(status))
            if (status === 200) successes++
          }
        }
        await Promise.all(times(8, (at) => count(pick(apis, at))))

        const { body, headers } = await server.api.get('/v3/secrets/1')
        assert.deepEqual([body.value, headers.get('etag')], [String(successes), `"${successes + 1}"`])
        assert.ok(successes >= 10)
        await assertChains(server)
      })

      test('updates without a condition all succeed, each as a version of its own', async (t) => {
        const { apis, server } = await start(t)
        await server.api.post('/v3/secrets', { name: 'shared', value: '0' })

        const answers = await Promise.all(times(40, (at) => pick(apis, at).put('/v3/secrets/1', { value: `v${at}` })))

        assert.deepEqual(countOf(answers), { 200: 40 })
        const versions = answers.map(({ headers }) => Number(headers.get('etag')?.slice(1, -1)))
        assert.deepEqual(
          versions.toSorted((a, b) => a - b),
          times(40, (at) => at + 2),
        )
        const last = versions.indexOf(41)
        assert.equal((await server.api.get('/v3/secrets/1')).body.value, `v${last}`)
      })

      test('creates and deletes of one name leave one secret or none, and ids are never used twice', async (t) => {
        const { apis, server } = await start(t)
        const made = new Set<number>()

        await Promise.all(
          times(12, async (at) => {
            const api = pick(apis, at)
            for (let round = 0; round < repeats; round++) {
              const { status, body } = await api.post('/v3/secrets', { name: 'contested', value: 'v' })
              if (status === 201) {
                assert.ok(!made.has(body.id))
                made.add(body.id)
                assert.ok([200, 404].includes((await api.delete(`/v3/secrets/${body.id}`)).status))
              } else assert.equal(status, 409)
            }
          }),
        )

        assert.deepEqual((await server.api.get('/v3/secrets')).body.secrets, [])
        for (const table of ['secrets', 'secret_keys', 'versions']) {
          assert.deepEqual(await query(server.place, `select * from ${table}`), [], table)
        }
        await assertChains(server)
      })

      test('repeats under one idempotency key act once, and all get the one answer', async (t) => {
        const { apis, server } = await start(t)
        const key = { 'idempotency-key': 'deploy-42' }

        const answers = await Promise.all(
          times(20, (at) => pick(apis, at).post('/v3/secrets', { name: 'once', value: 'v' }, key)),
        )

        assert.deepEqual(countOf(answers), { 201: 20 })
        assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
        assert.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length, 1)
        const updates = await Promise.all(
          times(20, (at) => pick(apis, at).put('/v3/secrets/1', { value: 'w' }, { 'idempotency-key': 'update' })),
        )
        assert.deepEqual([...new Set(updates.map(({ headers }) => headers.get('etag')))], ['"2"'])
        assert.equal((await server.api.get('/v3/secrets/1')).headers.get('etag'), '"2"')
      })

      async function start(t: TestContext): Promise<{ server: TestServer; apis: Api[] }> {
        const server = await startServer(t, engine)
        const others = await Promise.all(times(nodes - 1, () => startServer(t, engine, { place: server.place })))
        const urls = [server.url, ...others.map(({ url }) => url)]
        return { server, apis: urls.map((url) => new Patient(url, server.api.key)) }
      }
    })
  }

  suite(`${engine.name}, 2 servers`, {
    skip: engine.name === 'SQLite' ? 'one server to a SQLite store' : engine.skip,
  }, () => {
    test('see at once what the other did: a value, a deletion, a revoked key', async (t) => {
      const one = await startServer(t, engine)
      const { url } = await startServer(t, engine, { place: one.place })
      const two = new Api(url, one.api.key)
      const { body: key } = await one.api.post('/v3/keys', { name: 'short', scopes: ['secrets:read'] })
      const short = new Api(url, key.api_key)
      await one.api.post('/v3/secrets', { name: 'shared', value: '0' })

      for (let round = 1; round <= repeats; round++) {
        await one.api.put('/v3/secrets/1', { value: String(round) })
        assert.equal((await short.get('/v3/secrets/1')).body.value, String(round))
        await two.put('/v3/secrets/1', { value: `${round}b` })
        assert.equal((await one.api.get('/v3/secrets/1')).body.value, `${round}b`)
      }
      await one.api.delete('/v3/keys/2')
      assert.equal((await short.get('/v3/secrets/1')).status, 401)
      await one.api.delete('/v3/secrets/1')
      assert.equal((await two.get('/v3/secrets/1')).status, 404)
    })

    test('that start at one moment on an empty database share one store', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())

      const servers = await Promise.all(times(4, () => startServer(t, engine, { place })))

      const keys = servers.map(({ api }) => api.key).filter((key) => key !== '')
      assert.equal(keys.length, 1)
      assert.equal(new Set(servers.map(({ vault }) => vault.keyring.storeId)).size, 1)
      for (const [at, { url }] of servers.entries()) {
        const api = new Api(url, keys[0] ?? '')
        assert.equal((await api.post('/v3/secrets', { name: `n${at}`, value: 'v' })).body.id, at + 1)
      }
    })
  })
}

function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at))
}

function pick(apis: readonly Api[], at: number): Api {
  return apis[at % apis.length] ?? assert.fail()
}

function countOf(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

async function assertChains({ vault }: TestServer): Promise<void> {
  for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
}
