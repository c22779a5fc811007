/** Webhooks: each record that is asked for, and may be seen, is told to a receiver at least once, signed, whatever the receiver does. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { postThrough } from '../../src/outbound/fetch.ts'
import { deliverWebhooks } from '../../src/vault/webhook-deliveries.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { isSigned, type Message, type Receiver, startReceiver, status, until } from '../support/receiver.ts'
import { startServer, type TestServer } from '../support/server.ts'

const loopback = parseAllowance('127.0.0.1') ?? assert.fail()
const dayMs = 86_400_000

interface Hooked extends TestServer {
  readonly clock: { now: number }
  readonly receiver: Receiver
  readonly errors: unknown[]
  /** Ends what tells webhooks, and begins it again. */
  restart(options?: Partial<Parameters<typeof postThrough>[0]>): Promise<void>
  hush(): Promise<void>
}

async function hooked(
  t: TestContext,
  engine: TestEngine,
  options: Partial<Parameters<typeof postThrough>[0]> = {},
): Promise<Hooked> {
  const clock = { now: Date.now() }
  const errors: unknown[] = []
  let stop = async () => {}
  t.after(() => stop())
  const receiver = await startReceiver(t)
  const server = await startServer(t, engine, { now: () => clock.now })
  const start = (more: Partial<Parameters<typeof postThrough>[0]> = {}) => {
    const onError = (error: unknown) => errors.push(error)
    stop = deliverWebhooks(server.vault, {
      post: postThrough({ allowances: [loopback], ...options, ...more }),
      onError,
    })
  }
  start()
  const hush = async () => {
    await stop()
    stop = async () => {}
  }
  return {
    ...server,
    ...{ clock, receiver, errors, hush },
    restart: async (more) => {
      await hush()
      start(more)
    },
  }
}

async function makeHook(api: Api, { url }: { readonly url: string }, parts: object = {}) {
  const made = await api.post('/v3/webhooks', { url, actions: ['secret.*'], ...parts })
  assert.equal(made.status, 201, made.text)
  return { id: Number(made.body['id']), secret: String(made.body['secret']) }
}

interface Shown {
  readonly id: number
  readonly action: string
  readonly state: string
  readonly attempts: number
  readonly status: number | null
  readonly fault: string | null
  readonly next_attempt_at: string | null
}

async function deliveriesOf(api: Api, id: number, more = ''): Promise<readonly Shown[]> {
  const { body, status: code, text } = await api.get(`/v3/webhooks/${id}/deliveries${more}`)
  assert.equal(code, 200, text)
  return body['deliveries'] as readonly Shown[]
}

/** The one delivery that there is, once it is so. */
async function delivery(api: Api, id: number, isSo: (one: Shown) => boolean): Promise<Shown> {
  let found: Shown | undefined
  await until(async () => {
    found = (await deliveriesOf(api, id)).at(-1)
    return found !== undefined && isSo(found)
  })
  return found ?? assert.fail()
}

/** What an event is about. */
function nameIn(message: Pick<Message, 'event'> | undefined): unknown {
  return (message?.event['object'] as { readonly name: unknown } | undefined)?.name
}

/** Whether there are records that were not looked at for a webhook yet. */
async function isBehind({ store }: Hooked['vault']): Promise<boolean> {
  return (await store.webhooks.behind({ accountId: 0, id: 0 })).length > 0
}

const put = (api: Api, name: string) => api.post('/v3/secrets', { name, value: `value of ${name}` })

for (const engine of engines) {
  suite(`${engine.name}: webhooks`, { skip: engine.skip }, () => {
    test('are told of what they asked for, in order, signed, and never of a value', async (t) => {
      const { api, receiver } = await hooked(t, engine)
      const { id, secret } = await makeHook(api, receiver, { actions: ['secret.create', 'list.*'] })
      for (const name of ['first', 'second']) assert.equal((await put(api, name)).status, 201)
      await api.get('/v3/secrets/1')
      await api.post('/v3/lists', { name: 'prod' })
      await until(() => receiver.messages.length >= 3)
      await until(async () => (await deliveriesOf(api, id)).every(({ state }) => state === 'delivered'))

      const told = receiver.messages.toSorted((a, b) => a.event.id - b.event.id)
      assert.deepEqual(
        told.map(({ event }) => [event.action, nameIn({ event })]),
        [
          ['secret.create', 'first'],
          ['secret.create', 'second'],
          ['list.create', 'prod'],
        ],
      )
      const [first] = told
      assert.ok(first)
      const { body: trail } = await api.get('/v3/audit?action=secret.create')
      const [, record] = trail['records'] as readonly Record<string, never>[]
      assert.deepEqual(first.event, {
        ...{
          id: record?.['seq'],
          time: record?.['time'],
          action: 'secret.create',
          outcome: 'ok',
          environment: 'default',
        },
        object: { kind: 'secret', id: 1, name: 'first', version: 1 },
        principal: record?.['principal'],
      })
      for (const message of told) {
        assert.ok(isSigned(message, secret))
        assert.ok(!isSigned({ ...message, body: `${message.body} ` }, secret))
        assert.equal(message.headers['content-type'], 'application/json')
        assert.match(message.id, /^msg_[0-9a-f]{32}_\d+$/)
        assert.ok(Math.abs(Number(message.headers['webhook-timestamp']) - Date.now() / 1000) < 300)
        assert.doesNotMatch(message.body, /value of/)
      }
      const shown = await api.get(`/v3/webhooks/${id}`)
      assert.doesNotMatch(shown.text, /whsec_/)
      assert.equal(shown.body['url'], receiver.url)
      const { text } = await api.get('/v3/audit')
      assert.doesNotMatch(text, /kept-from-logs|whsec_/)
    })

    test('are narrowed to names and to an environment', async (t) => {
      const { api, receiver } = await hooked(t, engine)
      assert.equal((await api.post('/v3/environments', { name: 'prod' })).status, 201)
      await makeHook(api, receiver, { name: 'db-*', environment: 'prod' })
      const inProd = { 'strongroom-environment': 'prod' }
      for (const name of ['db-1', 'web-1']) {
        await put(api, name)
        assert.equal((await api.post('/v3/secrets', { name, value: 'v' }, inProd)).status, 201)
      }
      await api.post('/v3/secrets', { name: 'db-last', value: 'v' }, inProd)
      await until(() => receiver.messages.length >= 2)
      assert.deepEqual(receiver.messages.map(({ event }) => [event['environment'], nameIn({ event })]).sort(), [
        ['prod', 'db-1'],
        ['prod', 'db-last'],
      ])
    })

    test('are told again after a pause, under the same id, until the receiver takes it', async (t) => {
      const { api, receiver, clock } = await hooked(t, engine)
      receiver.behave = status(503)
      const { id, secret } = await makeHook(api, receiver, { actions: ['secret.create'] })
      await put(api, 'a')
      const waiting = await delivery(api, id, ({ attempts, status: code }) => attempts === 1 && code === 503)
      assert.equal(waiting.state, 'waiting')
      assert.ok(Date.parse(waiting.next_attempt_at ?? '') >= Math.floor(clock.now / 1000) * 1000 + 3000)
      receiver.behave = status(200)
      clock.now += 10_000
      const done = await delivery(api, id, ({ state }) => state === 'delivered')
      assert.equal(done.attempts, 2)
      assert.equal(new Set(receiver.messages.map((message) => message.id)).size, 1)
      assert.ok(receiver.messages.every((message) => isSigned(message, secret)))
    })

    test('wait as long as the receiver asks, and no longer than six hours', async (t) => {
      const { api, receiver, clock } = await hooked(t, engine)
      receiver.behave = status(429, { 'retry-after': '3600' })
      const { id } = await makeHook(api, receiver, { actions: ['secret.create'] })
      await put(api, 'a')
      const first = await delivery(api, id, ({ status: code }) => code === 429)
      assert.ok(Date.parse(first.next_attempt_at ?? '') >= clock.now + 3_599_000)
      receiver.behave = status(503, { 'retry-after': new Date(clock.now + 90 * dayMs).toUTCString() })
      clock.now += 3_700_000
      const second = await delivery(api, id, ({ status: code }) => code === 503)
      const next = Date.parse(second.next_attempt_at ?? '')
      assert.ok(next > clock.now + 5.9 * 3_600_000 && next < clock.now + 6.1 * 3_600_000)
    })

    test('are given up after a day of tries, which leaves a dead letter that can be sent again', async (t) => {
      const { api, receiver, clock } = await hooked(t, engine)
      receiver.behave = status(500)
      const { id } = await makeHook(api, receiver, { actions: ['secret.create'] })
      await put(api, 'a')
      const beganAt = clock.now
      const isOver = ({ state, next_attempt_at: next }: Shown) =>
        state === 'failed' || Date.parse(next ?? '') > clock.now
      for (let attempts = 1; ; attempts++) {
        const one = await delivery(api, id, (found) => found.attempts === attempts && isOver(found))
        if (one.state === 'failed') break
        clock.now = Date.parse(one.next_attempt_at ?? '') + 1000
      }
      const took = clock.now - beganAt
      assert.ok(took > 0.7 * dayMs && took < 1.4 * dayMs, `${took / dayMs} days`)
      const [dead] = await deliveriesOf(api, id, '?state=failed')
      assert.equal(dead?.attempts, 11)
      receiver.behave = status(200)
      const again = await api.post(`/v3/webhooks/${id}/deliveries/${dead?.id}/retry`, undefined)
      assert.equal(again.status, 200, again.text)
      assert.equal(again.body['state'], 'waiting')
      await delivery(api, id, ({ state }) => state === 'delivered')
      assert.equal(new Set(receiver.messages.map((message) => message.id)).size, 1)
      assert.equal((await api.post(`/v3/webhooks/${id}/deliveries/999999/retry`, undefined)).status, 404)
    })

    test('say what went wrong with a receiver that hangs, breaks off, leads elsewhere or is away', async (t) => {
      const { api, receiver, clock } = await hooked(t, engine, { timeoutMs: 300 })
      const { id } = await makeHook(api, receiver, { actions: ['secret.create'] })
      receiver.behave = () => {}
      await put(api, 'a')
      const faultOf = async (fault: string) => {
        const one = await delivery(api, id, (found) => found.fault === fault)
        assert.equal(one.status, null)
        clock.now = Date.parse(one.next_attempt_at ?? '') + 1000
      }
      await faultOf('timeout')
      receiver.behave = (answer) => answer.destroy()
      await faultOf('connection')
      receiver.behave = status(302, { location: 'http://127.0.0.1:9/elsewhere' })
      await faultOf('redirect')
      await receiver.stop()
      await faultOf('connection')
      await receiver.start()
      // After the head of an answer, nothing that comes of it matters: neither how much, nor how slowly.
      receiver.behave = (answer) => {
        answer.writeHead(200)
        answer.write('x'.repeat(2_000_000))
      }
      await delivery(api, id, ({ state }) => state === 'delivered')
    })

    test('do not reach inside, by address or by name', async (t) => {
      const { api, receiver, restart, clock } = await hooked(t, engine, { allowances: [] })
      const { id } = await makeHook(api, receiver, { actions: ['secret.create'] })
      await put(api, 'a')
      const one = await delivery(api, id, ({ fault }) => fault === 'address')
      await api.send('PATCH', `/v3/webhooks/${id}`, { url: 'https://rebinding.example/' })
      await restart({ resolve: async () => ['203.0.114.7', '169.254.169.254'] })
      clock.now = Date.parse(one.next_attempt_at ?? '') + 1000
      await delivery(api, id, ({ attempts, fault }) => attempts === 2 && fault === 'address')
      assert.equal(receiver.messages.length, 0)
    })

    test('are disabled when the receiver is gone for good, and say so', async (t) => {
      const { api, receiver } = await hooked(t, engine)
      receiver.behave = status(410)
      const { id } = await makeHook(api, receiver, { actions: ['secret.create'] })
      await put(api, 'a')
      await until(async () => (await api.get(`/v3/webhooks/${id}`)).body['disabled_for'] === 'gone')
      assert.equal((await deliveriesOf(api, id))[0]?.state, 'failed')
      assert.equal((await api.post(`/v3/webhooks/${id}/test`, undefined)).status, 400)
      const { body } = await api.get('/v3/audit?action=webhook.disable')
      const [record] = body['records'] as readonly Record<string, Record<string, unknown>>[]
      assert.equal(record?.['principal']?.['kind'], 'system')
      await put(api, 'while disabled')
      receiver.behave = status(200)
      assert.equal((await api.send('PATCH', `/v3/webhooks/${id}`, { enabled: true })).body['disabled_for'], null)
      await put(api, 'after')
      await until(() => receiver.messages.length === 2)
      assert.equal(nameIn(receiver.messages[1]), 'after')
    })

    test('are disabled after five days of nothing but failures', async (t) => {
      const { api, receiver, clock } = await hooked(t, engine)
      receiver.behave = status(500)
      const { id } = await makeHook(api, receiver, { actions: ['secret.create'] })
      for (let day = 0; day < 7; day++) {
        const made = await put(api, `day-${day}`)
        assert.equal(made.status, 201)
        await until(async () => {
          const told = await deliveriesOf(api, id)
          // The delivery of this day, answered, and not only sent: the clock goes on for what is on its way, too.
          return (
            (told.length > day && told[0]?.status === 500) ||
            (await api.get(`/v3/webhooks/${id}`)).body['enabled'] === false
          )
        })
        if ((await api.get(`/v3/webhooks/${id}`)).body['enabled'] === false) break
        clock.now += dayMs
      }
      await until(async () => (await api.get(`/v3/webhooks/${id}`)).body['disabled_for'] === 'failing')
      assert.ok(receiver.messages.length >= 5)
    })

    test('cost requests of accounts that have none nothing: it is not looked for them each time', async (t) => {
      const server = await startServer(t, engine)
      let looks = 0
      const webhooks = new Proxy(server.vault.store.webhooks, {
        get(target, name) {
          if (name === 'behind') looks++
          const value = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      const store = new Proxy(server.vault.store, {
        get(target, name) {
          if (name === 'webhooks') return webhooks
          const value = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      const other = await server.otherAccount()
      const made = await other.post('/v3/webhooks', { url: 'https://hooks.example.com/', actions: ['user.*'] })
      assert.equal(made.status, 201, made.text)
      const stop = deliverWebhooks({ ...server.vault, store }, { onError: (error) => assert.fail(String(error)) })
      await server.api.post('/v3/secrets', { name: 'a', value: 'v' })
      await until(() => looks > 0)
      const [before, beganAt] = [looks, performance.now()]

      for (let at = 0; at < 100; at++) await server.api.get('/v3/secrets/1')

      const seconds = (performance.now() - beganAt) / 1000
      await stop()
      assert.ok(looks - before <= seconds + 2, `${looks - before} looks in ${seconds} s`)
    })

    test('tell no more than their maker may see when they tell it', async (t) => {
      const { api, receiver, withScopes, url } = await hooked(t, engine)
      const narrow = await withScopes('audit:read:prod-*')
      await makeHook(narrow, receiver)
      await put(api, 'dev-1')
      await put(api, 'prod-1')
      await until(() => receiver.messages.length === 1)
      assert.equal(nameIn(receiver.messages[0]), 'prod-1')

      const { body: invited } = await api.post('/v3/users', { email: 'ada@example.com', role: 'auditor' })
      const ada = new Person(url)
      await ada.accept(invited['invitation_url'], { password: 'seven orange tractors sing' })
      const hers = await ada.post('/v3/webhooks', { url: receiver.url, actions: ['secret.create'] })
      assert.equal(hers.status, 201, hers.text)
      await put(api, 'for-ada')
      await until(() => receiver.messages.length === 2)
      await api.send('PATCH', '/v3/users/1', { disabled: true })
      await put(api, 'not-for-ada')
      await until(async () => (await api.get(`/v3/webhooks/${hers.body['id']}`)).body['disabled_for'] === 'maker')
      assert.equal(receiver.messages.length, 2)
    })

    test('tell of an environment that is made while records are read, too', async (t) => {
      const { api, receiver, withScopes, vault, hush, restart } = await hooked(t, engine)
      // The scope goes by the name: another environment may have it later.
      assert.equal((await api.post('/v3/environments', { name: 'staging' })).status, 201)
      await makeHook(await withScopes('audit:read@staging', 'secrets:list'), receiver)
      assert.equal((await api.delete('/v3/environments/2')).status, 200)
      await hush()
      const { store } = vault
      const read = store.recordsAfter.bind(store)
      const reading = t.mock.method(store, 'recordsAfter', async (...asked: Parameters<typeof read>) => {
        reading.mock.restore()
        assert.equal((await api.post('/v3/environments', { name: 'staging' })).status, 201)
        const inStaging = { 'strongroom-environment': 'staging' }
        assert.equal((await api.post('/v3/secrets', { name: 'first', value: 'v' }, inStaging)).status, 201)
        return read(...asked)
      })
      await restart()
      await until(() => reading.mock.callCount() > 0)
      await until(async () => !(await isBehind(vault)))
      await api.post('/v3/secrets', { name: 'second', value: 'v' }, { 'strongroom-environment': 'staging' })
      await until(() => receiver.messages.some((message) => nameIn(message) === 'second'))
      assert.deepEqual(receiver.messages.map(nameIn).sort(), ['first', 'second'])
    })

    test('hold back what waits once its maker may not see it any more', async (t) => {
      const { api, receiver, clock, withScopes } = await hooked(t, engine)
      receiver.behave = status(500)
      const made = await api.post('/v3/keys', { name: 'teller', scopes: ['audit:read'] })
      const teller = await withScopes('audit:read')
      const { id } = await makeHook(teller, receiver, { actions: ['secret.create'] })
      await put(api, 'a')
      const one = await delivery(api, id, ({ attempts, status: code }) => attempts === 1 && code === 500)
      assert.equal(made.status, 201)
      const { body } = await api.get('/v3/keys')
      const keys = body['api_keys'] ?? body['keys']
      const last = (keys as readonly { id: number }[]).at(-1)
      assert.equal((await api.delete(`/v3/keys/${last?.id}`)).status, 200)
      receiver.behave = status(200)
      clock.now = Date.parse(one.next_attempt_at ?? '') + 1000
      await until(async () => (await api.get(`/v3/webhooks/${id}`)).body['disabled_for'] === 'maker')
      assert.equal(receiver.messages.length, 1)
    })

    test('are told whatever is found to be changed in the rows of another account', async (t) => {
      const { api, receiver, errors, place, otherAccount, hush, restart } = await hooked(t, engine)
      const other = await otherAccount()
      const actions = ['secret.create']
      assert.equal((await api.post('/v3/environments', { name: 'prod' })).status, 201)
      await makeHook(api, receiver, { actions })
      await makeHook(other, receiver, { actions })
      await hush()
      await put(api, 'ours')
      await put(other, 'theirs')
      await query(place, `update environments set name = 'dev' where account_id = 1`)
      await restart()
      await until(() => receiver.messages.length > 0)
      await until(() => errors.length > 0)
      assert.deepEqual(receiver.messages.map(nameIn), ['theirs'])
      assert.equal(errors.length, 1)
    })

    test('sign with the secret before for a day, and then with the new one alone', async (t) => {
      const { api, receiver, clock } = await hooked(t, engine)
      const { id, secret } = await makeHook(api, receiver, { actions: ['secret.create'] })
      const rotated = await api.post(`/v3/webhooks/${id}/rotate`, undefined)
      assert.equal(rotated.status, 200, rotated.text)
      const next = String(rotated.body['secret'])
      assert.notEqual(next, secret)
      await put(api, 'both')
      await until(() => receiver.messages.length === 1)
      clock.now += dayMs + 1000
      await put(api, 'one')
      await until(() => receiver.messages.length === 2)
      const [both, one] = receiver.messages
      assert.ok(both && one)
      assert.deepEqual([isSigned(both, secret), isSigned(both, next)], [true, true])
      assert.deepEqual([isSigned(one, secret), isSigned(one, next)], [false, true])
    })

    test('are tested with a record that no other is told of', async (t) => {
      const { api, receiver } = await hooked(t, engine)
      const other = await startReceiver(t)
      const { id } = await makeHook(api, receiver, { actions: ['list.create'] })
      await makeHook(api, other, { actions: ['*'] })
      const tested = await api.post(`/v3/webhooks/${id}/test`, undefined)
      assert.equal(tested.status, 200, tested.text)
      await until(() => receiver.messages.length === 1)
      await put(api, 'a')
      await until(() => other.of('secret.create').length === 1)
      assert.equal(receiver.messages[0]?.event.id, tested.body['id'])
      assert.equal(receiver.of('webhook.test').length, 1)
      assert.equal(other.of('webhook.test').length, 0)
    })

    test('are their maker’s, and of whoever manages the account', async (t) => {
      const server = await hooked(t, engine)
      const { api, receiver, withScopes } = server
      const [first, second, without] = await Promise.all([
        withScopes('audit:read'),
        withScopes('audit:read'),
        withScopes('secrets:read'),
      ])
      assert.ok(first && second && without)
      const { id } = await makeHook(first, receiver)
      const listed = async (one: Api) => ((await one.get('/v3/webhooks')).body['webhooks'] as unknown[]).length
      assert.deepEqual([await listed(first), await listed(second), await listed(api)], [1, 0, 1])
      assert.equal((await without.get('/v3/webhooks')).status, 403)
      const other = await server.otherAccount()
      for (const one of [second, other]) {
        assert.equal((await one.get(`/v3/webhooks/${id}`)).status, 404)
        assert.equal((await one.send('PATCH', `/v3/webhooks/${id}`, { enabled: false })).status, 404)
        assert.equal((await one.get(`/v3/webhooks/${id}/deliveries`)).status, 404)
        assert.equal((await one.post(`/v3/webhooks/${id}/test`, undefined)).status, 404)
        assert.equal((await one.post(`/v3/webhooks/${id}/rotate`, undefined)).status, 404)
        assert.equal((await one.delete(`/v3/webhooks/${id}`)).status, 404)
      }
      const bound = await api.post('/v3/keys', { name: 'bound', scopes: ['audit:read'], networks: ['127.0.0.1/32'] })
      const caller = new Api(api.url, String(bound.body['api_key']))
      const refused = await caller.post('/v3/webhooks', { url: receiver.url, actions: ['*'] })
      assert.equal(refused.status, 403)
      assert.equal((await api.delete(`/v3/webhooks/${id}`)).status, 200)
      assert.equal((await first.get(`/v3/webhooks/${id}`)).status, 404)
    })

    test('end with whoever made them', async (t) => {
      const { api, receiver } = await hooked(t, engine)
      const made = await api.post('/v3/keys', { name: 'teller', scopes: ['audit:read'] })
      const teller = new Api(api.url, String(made.body['api_key']))
      const { id } = await makeHook(teller, receiver)
      const things = await api.get(`/v3/keys/${made.body['id']}/made`)
      const host = new URL(receiver.url).host
      assert.deepEqual(things.body['webhooks'], [{ id, name: host }])
      const ended = await api.delete(`/v3/keys/${made.body['id']}?cascade=true`)
      assert.deepEqual((ended.body['ended'] as Record<string, unknown>)['webhooks'], [{ id, name: host }])
      assert.equal((await api.get(`/v3/webhooks/${id}`)).status, 404)
    })

    test('what they must be like is said', async (t) => {
      const { api, receiver } = await hooked(t, engine)
      for (const [parts, field] of [
        [{ url: 'ftp://example.com/' }, 'url'],
        [{ url: 'https://ada:pw@example.com/' }, 'url'],
        [{ actions: [] }, 'actions'],
        [{ actions: ['secret.created'] }, 'actions'],
        [{ name: 'a b' }, 'name'],
        [{ environment: 'nowhere' }, 'environment'],
      ] as const) {
        const made = await api.post('/v3/webhooks', { url: receiver.url, actions: ['*'], ...parts })
        assert.equal(made.status, 400, made.text)
        assert.match(made.text, new RegExp(`"${field}"`))
      }
    })

    test('that were deleted, and what is older than a month, are cleared away', async (t) => {
      const { api, receiver, clock, place, restart } = await hooked(t, engine)
      const { id } = await makeHook(api, receiver, { actions: ['secret.create'] })
      const { id: gone } = await makeHook(api, receiver, { actions: ['secret.create'] })
      await put(api, 'a')
      await until(() => receiver.messages.length === 2)
      await until(async () => (await deliveriesOf(api, gone))[0]?.state === 'delivered')
      await api.delete(`/v3/webhooks/${gone}`)
      const left = async () => Number((await query(place, 'select count(*) as n from deliveries'))[0]?.['n'])
      await restart()
      await until(async () => (await left()) === 1)
      clock.now += 31 * dayMs
      await restart()
      await until(async () => (await left()) === 0)
      await until(
        async () => Number((await query(place, 'select count(*) as n from webhook_positions'))[0]?.['n']) === 1,
      )
      assert.deepEqual(await deliveriesOf(api, id), [])
    })

    test('go no further while a thousand wait, and lose nothing by that', async (t) => {
      const { api, receiver, place, vault, hush, restart } = await hooked(t, engine)
      await hush()
      const { id } = await makeHook(api, receiver, { actions: ['secret.create'] })
      const [position] = await query(place, `select seq from webhook_positions where webhook_id = ${id}`)
      const numbers = 'with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 1000)'
      await query(
        place,
        `${numbers} insert into deliveries select 1, ${id}, 100000 + n, 'secret.create', 'waiting', ${Date.now()}, 0, 0,
          9000000000000000, null, null, null, null from numbers`,
      )
      await put(api, 'a')
      await restart()
      await until(async () => (await query(place, 'select name from leases')).length === 1)
      assert.deepEqual(await vault.store.webhooks.behind({ accountId: 0, id: 0 }), [])
      await query(place, `delete from deliveries where id = 100001`)
      await until(() => receiver.messages.length === 1)
      const [moved] = await query(place, `select seq from webhook_positions where webhook_id = ${id}`)
      assert.ok(Number(moved?.['seq']) > Number(position?.['seq']))
    })
  })
}

suite('A webhook whose URL the server may not send to', () => {
  test('is made, changed and rotated all the same, and each answer says so at once', async (t) => {
    const { api } = await startServer(t, engines[0] ?? assert.fail())
    const warned = async (method: string, path: string, body?: object) => {
      const answer = await api.send(method, `/v3/webhooks${path}`, body)
      assert.ok(answer.status < 300, answer.text)
      return answer.body['warning'] as { readonly fault: string; readonly detail: string } | undefined
    }
    // By its form: no name is looked up.
    const made = await warned('POST', '', { url: 'http://127.0.0.1:4700/hook?token=kept', actions: ['secret.*'] })
    assert.deepEqual(made, {
      fault: 'address',
      detail: '127.0.0.1:4700 is not of the public internet, and the settings do not allow it.',
    })
    assert.equal(await warned('PATCH', '/1', { url: 'https://93.184.215.14/hook' }), undefined)
    assert.equal((await warned('PATCH', '/1', { url: 'http://93.184.215.14/hook' }))?.fault, 'scheme')
    assert.equal((await warned('PATCH', '/1', { url: 'https://93.184.215.14:4700/hook' }))?.fault, 'port')
    assert.equal((await warned('PATCH', '/1', { enabled: false }))?.fault, 'port')
    assert.equal((await warned('POST', '/1/rotate'))?.fault, 'port')
    assert.equal((await warned('PATCH', '/1', { url: 'https://[::1]/' }))?.fault, 'address')
    assert.equal('warning' in (await api.get('/v3/webhooks/1')).body, false)
  })
})
