/** Seeds: what a machine gets with a token that works once, and what nobody gets. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { parse } from 'yaml'
import { seedDocuments } from '../../src/model/seed.ts'
import { startAccount } from '../support/account.ts'
import { type Answer, Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

const reference = (name: string, filter = '') => `\${{secret.${name}${filter}}}`
const hour = 3600_000

/** What is at a seed's URL. */
async function get(url: string, document: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(url + document)
  return { status: answer.status, text: await answer.text() }
}

async function makeSeed({ api }: Pick<TestServer, 'api'>, more: object = {}): Promise<Answer['body']> {
  const made = await api.post('/v3/seeds', { user_data: `A=${reference('db')}\n`, target: 'web-1', ...more })
  assert.equal(made.status, 201, made.text)
  return made.body
}

for (const engine of engines) {
  suite(`${engine.name}: a seed`, { skip: engine.skip }, () => {
    test('gives user-data once, rendered with the newest values, and the rest beside it', async (t) => {
      const server = await startServer(t, engine)
      const { api, url: base } = server
      await api.post('/v3/secrets', { name: 'db', value: 'old' })
      const made = await api.post('/v3/seeds', {
        user_data: `A=${reference('db')}\n`,
        target: 'web-1',
        vendor_data: `B=${reference('db')}\n`,
      })
      await api.put('/v3/secrets/1', { value: 'new' })

      const { id, url, target, expires_at: expiresAt } = made.body
      assert.deepEqual(Object.keys(made.body), ['id', 'url', 'target', 'expires_at'])
      assert.deepEqual([id, target, made.headers.get('location')], [1, 'web-1', '/v3/seeds/1'])
      assert.match(url, new RegExp(`^${base}/seed/[^/]+/$`))
      assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - hour) < 60_000)
      assert.deepEqual(await get(url, 'meta-data'), {
        status: 200,
        text: 'instance-id: "web-1"\nlocal-hostname: "web-1"\n',
      })
      assert.deepEqual(await get(url, 'user-data'), { status: 200, text: 'A=new\n' })
      assert.deepEqual(await get(url, 'vendor-data'), { status: 200, text: 'B=new\n' })
      assert.deepEqual(await get(url, 'network-config'), { status: 200, text: '' })
      for (const document of ['user-data', 'vendor-data']) {
        const { status, text } = await get(url, document)
        assert.deepEqual([status, text.includes('new')], [200, false])
      }
      const shown = (await api.get('/v3/seeds/1')).body
      assert.deepEqual([shown.state, shown.fetches.user_data, shown.max_fetches], ['used', 1, 1])
      assert.ok(!JSON.stringify(shown).includes(url.split('/').at(-2)))
    })

    test('takes its target for a name, whatever that looks like', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'never-in-meta-data' })

      for (const [target, host] of [
        [reference('db'), 'secret.db'],
        ['a${{b', 'a-b'],
        ['no', 'no'],
        ['say "1e3"', 'say-1e3'],
      ] as const) {
        const { body } = await api.post('/v3/seeds', { user_data: 'x', target })
        const { status, text } = await get(body.url, 'meta-data')
        assert.deepEqual([status, parse(text)], [200, { 'instance-id': target, 'local-hostname': host }])
      }
    })

    test('that cannot be made names the document that is wrong', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'x' })

      const { status, body } = await api.post('/v3/seeds', {
        user_data: reference('db'),
        meta_data: `instance-id: a\nx: ${reference('absent')}`,
        target: 'web-1',
      })

      assert.deepEqual([status, body.errors.length], [422, 1])
      assert.deepEqual([body.errors[0].field, body.errors[0].line, body.errors[0].name], ['meta_data', 2, 'absent'])
    })

    test('is told apart from none by nobody, once it has expired unused, is revoked or not there', async (t) => {
      let now = Date.now()
      const server = await startServer(t, engine, { now: () => now })
      const { api, url: base } = server
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const [revoked, ended] = [await makeSeed(server), await makeSeed(server)]
      await get(ended.url, 'user-data')
      for (const { id } of [revoked, ended]) assert.equal((await api.delete(`/v3/seeds/${id}`)).status, 200)
      const expired = await makeSeed(server, { expires_in: 60 })
      now += 61_000
      const known = (await api.get(`/v3/seeds/${expired.id}`)).body
      assert.equal(known.state, 'expired')

      const wrong = `${base}/seed/sr_${'A'.repeat(49)}/`
      const urls = [revoked.url, ended.url, expired.url, wrong, `${base}/seed/x/`]
      const asked = urls.flatMap((url) => seedDocuments.map((document) => get(url, document)))
      const answers = await Promise.all(asked)

      const bodies = answers.map(({ text }) => ({ ...JSON.parse(text), request_id: '' }))
      assert.deepEqual(bodies, Array(asked.length).fill(bodies[0]))
      assert.deepEqual([bodies[0].status, bodies[0].code], [404, 'not_found'])
      assert.equal((await get(expired.url, '')).status, 404)
    })

    test('serves one of many fetches at once', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'db', value: 'v' })
      for (const most of [1, 3]) {
        const { url, id } = await makeSeed(server, { max_fetches: most })

        const answers = await Promise.all(Array.from({ length: 12 }, () => get(url, 'user-data')))

        assert.equal(answers.filter(({ text }) => text === 'A=v\n').length, most)
        assert.equal(answers.filter(({ text }) => text.includes('v\n')).length, most)
        assert.ok(answers.every(({ status }) => status === 200))
        assert.equal((await server.api.get(`/v3/seeds/${id}`)).body.fetches.user_data, most)
      }
    })

    test('is not used up by an answer that reached nobody, three times at most', async (t) => {
      const server = await startServer(t, engine)
      const { api, vault, scrape } = server
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const { url, id } = await makeSeed(server)
      const connections = async () => /^strongroom_connections (\d+)$/m.exec(await scrape())?.[1]
      const stateOf = async () => (await api.get(`/v3/seeds/${id}`)).body.state
      const submit = vault.store.submit.bind(vault.store)
      /** Asks, and is gone when the fetch is durable and its answer not on its way. */
      const askAndLeave = async () => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1')
        const hasLeft = new Promise<void>((resolve) => {
          vault.store.submit = async (request) => {
            const outcome = await submit(request)
            if (request.operation.kind !== 'fetch_seed') return outcome
            vault.store.submit = submit
            const before = await connections()
            socket.destroy()
            // Until the server knows that they are gone.
            while ((await connections()) === before) await setTimeout(5)
            resolve()
            return outcome
          }
        })
        socket.write(`GET ${new URL(url).pathname}user-data HTTP/1.1\r\nHost: x\r\n\r\n`)
        await hasLeft
      }

      for (let lost = 1; lost <= 3; lost++) {
        await askAndLeave()
        while ((await stateOf()) !== 'open') await setTimeout(20)
        assert.equal((await api.get('/v3/audit?action=seed.return')).body.records.length, lost)
      }
      await askAndLeave()

      for (let look = 0; look < 10; look++) assert.equal(await stateOf(), 'used')
      assert.ok(!(await get(url, 'user-data')).text.includes('A=v'))
    })

    test('is refused while it refers to what is not there, and says where', async (t) => {
      const server = await startServer(t, engine)
      const { api, withScopes } = server
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const narrowed = await withScopes('secrets:read:dev-*')
      const seed = { user_data: `a\n ${reference('absent')} ${reference('db')}`, target: 'web-1' }

      const absent = await api.post('/v3/seeds', seed)
      const forbidden = await narrowed.post('/v3/seeds', seed)

      assert.deepEqual([absent.status, absent.body.code], [422, 'unresolved_references'])
      assert.deepEqual(
        absent.body.errors.map(({ name, line, column }: Record<string, unknown>) => [name, line, column]),
        [['absent', 2, 2]],
      )
      assert.deepEqual([forbidden.status, forbidden.body.errors.length], [422, 2])
      assert.equal((await (await withScopes('secrets:list')).post('/v3/seeds', seed)).status, 403)
      assert.deepEqual((await api.get('/v3/seeds')).body, { seeds: [] })
    })

    test('that could not be rendered now is not made, unless its maker insists, and says nothing of a value', async (t) => {
      const server = await startServer(t, engine)
      const { api } = server
      const value = 'kept-secret\n"; rm: -rf'
      await api.post('/v3/secrets', { name: 'db', value })
      await api.post('/v3/secrets', { name: 'key', value: 'AP8=', type: 'file' })
      const bad = [
        { user_data: `#cloud-config\npassword: ${reference('db')}\n` },
        { user_data: 'x', vendor_data: `#cloud-config\na: 1\npassword: ${reference('db')}\n` },
        { user_data: `A=${reference('key')}\n` },
      ]
      const told: string[] = []
      for (const documents of bad) {
        const { status, body, text } = await api.post('/v3/seeds', { ...documents, target: 'web-1' })
        assert.deepEqual([status, body.code], [422, 'unsafe_rendering'], text)
        assert.deepEqual(Object.keys(body.errors[0]).sort(), ['column', 'detail', 'field', 'line', 'name'])
        told.push(text)
      }

      assert.ok(!told.some((text) => text.includes('kept-secret') || text.includes('rm: -rf')))
      assert.deepEqual((await api.get('/v3/seeds')).body, { seeds: [] })
      const refused = (await api.get('/v3/audit?action=seed.create')).body.records
      assert.deepEqual(
        new Set(refused.map(({ outcome }: { outcome: string }) => outcome)),
        new Set(['unsafe_rendering']),
      )
      const read = (await api.get('/v3/audit?action=secret.read')).body.records
      assert.equal(read.length, bad.length, 'whether a value fits is known to whoever may read it, and recorded')
      const insisted = await makeSeed(server, { ...bad[0], check: false })
      assert.equal((await get(insisted.url, 'user-data')).status, 422)
      await api.put('/v3/secrets/1', { value: 'plain' })
      assert.deepEqual(await get(insisted.url, 'user-data'), { status: 200, text: '#cloud-config\npassword: plain\n' })
      assert.equal((await api.post('/v3/seeds', { ...bad[0], target: 'a', check: 'no' })).status, 400)
    })

    test('is checked with what its maker may read, and with no more', async (t) => {
      const server = await startServer(t, engine)
      const { api, withScopes } = server
      await api.post('/v3/secrets', { name: 'dev-db', value: 'fits' })
      await api.post('/v3/secrets', { name: 'prod-db', value: 'kept-secret\nx: y' })
      const narrowed = await withScopes('secrets:read:dev-*')
      const of = (...names: string[]) => ({
        user_data: names.map((name) => `#cloud-config\npassword: ${reference(name)}\n`).join(''),
        target: 'web-1',
      })

      const absent = await narrowed.post('/v3/seeds', of('absent'))
      const hidden = await narrowed.post('/v3/seeds', of('prod-db'))
      const unchecked = await narrowed.post('/v3/seeds', { ...of('prod-db'), check: false })

      for (const { status, body } of [absent, hidden, unchecked]) {
        assert.deepEqual([status, body.code], [422, 'unresolved_references'])
        const { detail, name } = body.errors[0]
        assert.equal(detail.replace(`"${name}"`, '"absent"'), absent.body.errors[0].detail)
      }
      assert.equal((await narrowed.post('/v3/seeds', of('dev-db'))).status, 201)
      assert.equal((await (await withScopes('secrets:write')).post('/v3/seeds', of('dev-db'))).status, 403)
      const read = (await api.get('/v3/audit?action=secret.read')).body.records
      const shown = read.filter(({ outcome }: { outcome: string }) => outcome === 'ok')
      assert.deepEqual(
        shown.map(({ object }: { object: { name: string } }) => object.name),
        ['dev-db'],
      )
    })

    test('that cannot be rendered any more says so, and is not used up', async (t) => {
      const server = await startServer(t, engine)
      const { api } = server
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const { url } = await makeSeed(server)
      await api.delete('/v3/secrets/1')

      const failed = await get(url, 'user-data')
      await api.post('/v3/secrets', { name: 'db', value: 'again' })

      assert.deepEqual([failed.status, JSON.parse(failed.text).code], [422, 'unresolved_references'])
      assert.deepEqual(await get(url, 'user-data'), { status: 200, text: 'A=again\n' })
    })

    test('ends when the key that made it is revoked or expires: it never outlives its maker', async (t) => {
      let now = Date.now()
      const server = await startServer(t, engine, { now: () => now })
      const { api } = server
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const soon = new Date(now + 60_000).toISOString()
      const scopes = ['secrets:read']
      const short = (await api.post('/v3/keys', { name: 'job', scopes, expires_at: soon })).body
      const revoked = (await api.post('/v3/keys', { name: 'lost', scopes })).body
      const job = new Api(server.url, short.api_key)
      const longer = { user_data: 'A', target: 'web-1', expires_in: 120 }
      const refused = await job.post('/v3/seeds', longer)
      const first = await makeSeed({ api: job })
      const second = await makeSeed({ api: new Api(server.url, revoked.api_key) })
      const third = await makeSeed({ api: new Api(server.url, revoked.api_key) })
      await api.delete(`/v3/keys/${revoked.id}`)

      assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden'])
      assert.match(refused.body.detail, /^expires_in: This API key expires/)
      assert.equal(first.expires_at, short.expires_at)
      assert.equal((await get(second.url, 'user-data')).status, 404)
      now += 61_000
      assert.equal((await get(first.url, 'user-data')).status, 404)
      assert.equal((await get(third.url, 'meta-data')).status, 404)
    })

    test('shows itself to whoever made it and to who manages the account', async (t) => {
      const server = await startServer(t, engine)
      const { api, withScopes, otherAccount } = server
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const [one, two] = [await withScopes('secrets:read'), await withScopes('secrets:read')]
      const { id } = await makeSeed({ api: one })

      assert.equal((await one.get('/v3/seeds')).body.seeds.length, 1)
      assert.equal((await api.get('/v3/seeds')).body.seeds.length, 1)
      assert.equal((await two.get('/v3/seeds')).body.seeds.length, 0)
      for (const stranger of [two, await otherAccount()]) {
        assert.equal((await stranger.get(`/v3/seeds/${id}`)).status, 404)
        assert.equal((await stranger.delete(`/v3/seeds/${id}`)).status, 404)
      }
      for (let count = 0; count < 4; count++) await makeSeed({ api: one })
      const first = await one.get('/v3/seeds?limit=3')
      const cursor = first.headers.get('strongroom-next-cursor')
      const rest = await one.get(`/v3/seeds?limit=3&cursor=${cursor}`)
      assert.deepEqual([first.body.seeds.length, rest.body.seeds.length], [3, 2])
      assert.equal((await one.get(`/v3/deployments?cursor=${cursor}`)).status, 403)
    })

    test('leaves records of who fetched what, under its own name', async (t) => {
      const server = await startServer(t, engine)
      const { api } = server
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const { url } = await makeSeed(server)
      await get(url, 'user-data')
      await get(url, 'user-data')

      const { records } = (await api.get('/v3/audit?limit=5')).body
      const lines = records.map((record: Record<string, { kind: string; name: string }>) =>
        [record['principal']?.kind, record['principal']?.name, record['action'], record['outcome']].join(' '),
      )
      assert.deepEqual(lines.slice(1), [
        'seed web-1 seed.refetch ok',
        'seed web-1 seed.fetch ok',
        'seed web-1 render ok',
        'seed web-1 secret.read ok',
      ])
    })

    test('that somebody changed in the database is not served', async (t) => {
      const server = await startServer(t, engine)
      const { api, place } = server
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const { url } = await makeSeed(server)
      await get(url, 'user-data')
      await query(place, "update seeds set used_ms = null, fetches = '0 0 0 0'")

      const { status, text } = await get(url, 'user-data')

      assert.equal(status, 500)
      assert.equal(JSON.parse(text).code, 'integrity_failure')
    })

    test('keeps neither its token nor its templates in the database', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'db', value: 'v' })
      const { url } = await makeSeed(server, { user_data: 'find-this-template', meta_data: 'and-this-one' })
      const [row] = await query(server.place, 'select * from seeds')
      const texts = Object.values(row ?? {}).map((value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
      )
      for (const hidden of ['find-this-template', 'and-this-one', url.split('/').at(-2) ?? '']) {
        assert.ok(texts.every((text) => !text.includes(hidden)))
      }
    })

    test('takes limits of its rule only', async (t) => {
      const server = await startAccount(t, engine)
      const bad: readonly [object, string][] = [
        [{ expires_in: 0 }, 'expires_in'],
        [{ expires_in: 604_801 }, 'expires_in'],
        [{ expires_in: 1.5 }, 'expires_in'],
        [{ expires_in: '60' }, 'expires_in'],
        [{ max_fetches: 0 }, 'max_fetches'],
        [{ max_fetches: 101 }, 'max_fetches'],
        [{ target: '' }, 'target'],
        [{ target: 'a\nb' }, 'target'],
        [{ user_data: undefined }, 'user_data'],
        [{ user_data: '${{secret.' }, 'user_data'],
        [{ network_config: 7 }, 'network_config'],
        [{ more: 1 }, 'more'],
      ]
      for (const [part, field] of bad) {
        const { status, body } = await server.api.post('/v3/seeds', { user_data: 'x', target: 'web-1', ...part })
        assert.equal(status, 400, JSON.stringify(part))
        assert.ok(
          body.errors.some((fault: { field: string }) => fault.field === field),
          JSON.stringify(body),
        )
      }
      const { status } = await server.api.post('/v3/seeds', { user_data: 'x'.repeat(1024 * 1024 + 1), target: 'a' })
      assert.equal(status, 413)
    })
  })
}
