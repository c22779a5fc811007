/** Decoys: secrets like any other to everyone without `account:manage`, whose reading is told at once to those who have it. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { routes } from '../../src/http/routes/all.ts'
import { secretListRoutes } from '../../src/http/routes/secret-lists/all.ts'
import { keptHash } from '../../src/model/deleted.ts'
import { managesAccount, parseScopes, rights } from '../../src/model/scope.ts'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { postThrough } from '../../src/outbound/fetch.ts'
import { deliverWebhooks } from '../../src/vault/webhook-deliveries.ts'
import { startAccount } from '../support/account.ts'
import type { Answer, Api } from '../support/api.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { listenTo } from '../support/events.ts'
import { Person } from '../support/person.ts'
import { password, startWithOwner } from '../support/portal-account.ts'
import { startReceiver, until } from '../support/receiver.ts'
import { startServer, type TestAccount } from '../support/server.ts'

const loopback = parseAllowance('127.0.0.1') ?? assert.fail()
const told = { decoy: { revoke: false } }
const revoking = { decoy: { revoke: true } }
/** All that there is but what shows decoys. */
const others = rights.filter((right) => right !== 'account:manage')
const reference = (name: string) => `$\u007b{secret.${name}}}`
const prod = { 'strongroom-environment': 'prod' }

interface Shown {
  readonly seq: number
  readonly action: string
  readonly principal: { readonly kind: string; readonly id: number; readonly name: string }
  readonly object: { readonly kind: string; readonly id: number | null; readonly name: string | null } | null
  readonly outcome: string
}

async function recordsOf(api: Api, query = ''): Promise<readonly Shown[]> {
  const { body, status, text } = await api.get(`/v3/audit?limit=1000${query}`)
  assert.equal(status, 200, text)
  return body.records
}

async function made(answer: Promise<Answer>): Promise<Answer> {
  const { status, text } = await answer
  assert.ok(status < 300, text)
  return answer
}

/** The reads of decoys, as who manages the account is shown them, oldest first. */
async function alarms(api: Api): Promise<readonly string[]> {
  const records = await recordsOf(api, '&action=decoy.read')
  return records.toReversed().map(({ principal, object }) => `${principal.name} ${object?.name}`)
}

/** An answer without what differs between any two accounts: ids of theirs, times, random bytes, numbers of requests. */
function likened({ status, headers, text }: Answer): string {
  // Numbers of requests have more digits as they go on: the text says how long it is without them.
  const kept = [...headers].filter(([name]) => !/^(date|content-length|strongroom-request-id)$/.test(name))
  const plain = text
    .replaceAll(/"request_id":"[^"]+"/g, 'REQUEST')
    .replaceAll(/"kind":"account","id":\d+/g, 'ACCOUNT')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/[0-9a-f]{32,}/g, 'HASH')
    .replaceAll(/other-[0-9a-f]{8}/g, 'NAME')
  // What was used in the same millisecond is in no order.
  const sorted = text.includes('"suggested"') ? plain.split('{').sort().join('{') : plain
  return JSON.stringify([status, kept, sorted])
}

/** The same in each account; in one of them a secret is a decoy from the beginning, and another one from a change on. */
async function furnish(
  { api }: TestAccount,
  marks: { readonly first: object; readonly second: object },
): Promise<void> {
  await made(api.post('/v3/secrets', { name: 'bait', value: 'value-1', tags: ['web'], ...marks.first }))
  await made(api.post('/v3/secrets', { name: 'later', value: 'value-2' }))
  await made(api.send('PATCH', '/v3/secrets/2/metadata', { description: 'of the shop', ...marks.second }))
  await made(api.put('/v3/secrets/1', { value: 'value-3' }))
  await made(api.post('/v3/secrets', { name: 'text', type: 'template', value: `a=${reference('bait')}` }))
  await made(api.post('/v3/environments', { name: 'prod', base: 'default' }))
  await made(api.post('/v3/seeds', { user_data: `A=${reference('bait')}\n`, target: 'web-1' }))
}

/** Where a route leads in such an account, by the ids and names that there are. */
function pathsOf(path: string): readonly string[] {
  // Steps of minutes end between two requests.
  if (path === '/v3/audit/activity') return [`${path}?by=week`]
  if (path.includes('by-name')) return ['bait', 'later'].map((name) => path.replace(':name', name))
  return ['1', '2'].map((id) => path.replaceAll(/:\w+/g, id))
}

const extra: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['GET', '/v3/secrets?count=true&sort=updated&order=desc'],
  ['GET', '/v3/secrets/by-name/text'],
  ['GET', '/v3/secrets?q=shop'],
  ['GET', '/v3/metadata?effective=true'],
  ['GET', '/v3/events?after=0&wait=0'],
  ['GET', '/v3/events?after=0&wait=0&action=decoy.*'],
  ['GET', '/v3/audit?action=decoy.read'],
  ['GET', '/v3/audit?action=decoy.mark'],
  ['GET', '/v3/audit?action=metadata.update&limit=1000'],
  ['GET', '/v3/audit?secret=bait&limit=1000'],
  ['GET', '/v3/audit/activity?by=week&action=decoy.read'],
  ['GET', '/v3/audit/activity?by=week&secret=1'],
  ['POST', '/v3/audit/verify', {}],
  ['POST', '/v3/secrets/batch', { names: ['bait', 'later', 'text', 'absent'] }],
  ['POST', '/v3/secrets/batch', { ids: [1, 2, 3, 99] }],
  ['POST', '/v3/render', { template: `${reference('bait')} ${reference('later')}`, target: 'web-1' }],
  ['POST', '/v3/copy', { from: 'default', to: 'prod', names: ['*'], dry_run: true }],
  ['POST', '/v3/copy', { from: 'default', to: 'prod', names: ['bait'] }],
  ['PATCH', '/v3/secrets/1/metadata', { decoy: null }],
  ['PATCH', '/v3/secrets/2/metadata', { decoy: { revoke: true } }],
  ['POST', '/v3/secrets', { name: 'bait', value: 'v', decoy: { revoke: true } }],
  ['PUT', '/v3/secrets/1/name', { name: 'bait-2' }],
  ['PUT', '/v3/secrets/by-name/later', { value: 'value-4' }],
  ['POST', '/v3/secrets/1/versions/1/restore'],
  ['POST', '/v3/secrets/batch/change', { ids: [1, 2], add_tags: ['new'] }],
  ['GET', '/v3/audit?limit=1000'],
  ['DELETE', '/v3/secrets/1'],
  ['GET', '/v3/deleted'],
  ['POST', '/v3/deleted/1/restore', {}],
  ['GET', '/v3/audit?limit=1000'],
]

for (const engine of engines) {
  suite(`${engine.name}: a decoy`, { skip: engine.skip }, () => {
    test('is answered like any other secret by every route, before it is read and after, to who does not manage the account', async (t) => {
      const [plain, marked] = [await startAccount(t, engine), await startAccount(t, engine)]
      for (const { api } of [plain, marked]) await made(api.put('/v3/settings', { recovery_days: 7 }))
      await furnish(plain, { first: {}, second: {} })
      await furnish(marked, { first: told, second: told })
      const [one, other] = [await plain.withScopes(...others), await marked.withScopes(...others)]

      // Secrets and machines of this kind of route are listed in the same call, whoever asks.
      const asked = [...routes, ...secretListRoutes].filter(
        ({ method, scope }) => method === 'GET' && !/portal|session|open/.test(String(scope)),
      )
      assert.ok(asked.length > 30)
      const gets = asked.flatMap(({ path }) => pathsOf(path)).filter((path) => !path.startsWith('/v3/events'))
      const different: unknown[] = []
      for (const [method, path, body] of [...gets.map((path) => ['GET', path] as const), ...extra]) {
        const answers = [await one.send(method, path, body), await other.send(method, path, body)].map(likened)
        if (answers[0] !== answers[1]) different.push([method, path, ...answers])
      }
      assert.deepEqual(different, [], 'no answer differs')
      // The reads were told of all the same, in the one account alone.
      assert.deepEqual(await alarms(plain.api), [])
      assert.ok((await alarms(marked.api)).length > 10)
    })

    test('is told of by however its value leaves, and by nothing else', async (t) => {
      const { api, withScopes, url } = await startAccount(t, engine)
      await made(api.post('/v3/secrets', { name: 'bait', value: 'value', ...told }))
      await made(api.post('/v3/secrets', { name: 'real', value: 'value' }))
      await made(api.post('/v3/secrets', { name: 'text', type: 'template', value: reference('bait') }))
      await made(api.post('/v3/environments', { name: 'prod' }))
      const reader = await withScopes('secrets:read', 'secrets:list', 'secrets:write')
      const seed = await made(api.post('/v3/seeds', { user_data: `A=${reference('bait')}\n`, target: 'web-1' }))
      const before = (await alarms(api)).length

      const ways: Readonly<Record<string, () => Promise<unknown>>> = {
        id: () => made(reader.get('/v3/secrets/1')),
        name: () => made(reader.get('/v3/secrets/by-name/bait')),
        content: () => made(reader.get('/v3/secrets/1/content')),
        version: () => made(reader.get('/v3/secrets/1/versions/1')),
        condition: () => made(reader.get('/v3/secrets/1', { 'if-none-match': '"7"' })),
        batch: () => made(reader.post('/v3/secrets/batch', { names: ['real', 'bait'] })),
        ids: () => made(reader.post('/v3/secrets/batch', { ids: [1] })),
        template: () => made(reader.get('/v3/secrets/by-name/text')),
        render: () => made(reader.post('/v3/render', { template: reference('bait') })),
        list: () => made(reader.get('/api/secrets/all-values')),
        listed: () => made(reader.get('/api/secrets/lists/default/values')),
        one: () => made(reader.get('/api/secrets/lists/default/values/bait')),
        seed: async () => assert.equal((await fetch(`${seed.body.url}user-data`)).status, 200),
        preview: () => made(reader.post('/v3/copy', { from: 'default', to: 'prod', names: ['bait'], dry_run: true })),
        copy: () => made(reader.post('/v3/copy', { from: 'default', to: 'prod', names: ['bait'] })),
        copied: () => made(reader.get('/v3/secrets/by-name/bait', prod)),
      }
      const silent: string[] = []
      let known = before
      for (const [way, read] of Object.entries(ways)) {
        await read()
        const now = (await alarms(api)).length
        // A template that is listed with what goes into it is a read of that, too.
        if (now !== known + (way.startsWith('list') ? 2 : 1)) silent.push(`${way}: ${now - known}`)
        known = now
      }
      assert.deepEqual(silent, [])

      await made(reader.get('/v3/secrets/2'))
      await made(reader.get('/v3/secrets/1/metadata'))
      await made(reader.get('/v3/secrets/1/versions'))
      assert.equal((await reader.get('/v3/secrets/1', { 'if-none-match': '"1"' })).status, 304)
      assert.equal((await (await withScopes('secrets:list')).get('/v3/secrets/1')).status, 403)
      await made(reader.put('/v3/secrets/1', { value: 'next' }))
      assert.equal((await alarms(api)).length, known)
      // Whoever manages is told of as well, or else a stolen key of theirs reads in silence; and the record says which it was of.
      await made(api.get('/v3/secrets/1'))
      const [last] = await recordsOf(api, '&action=decoy.read')
      assert.deepEqual([last?.object?.name, last?.outcome, url], ['bait', 'ok', api.url])
      assert.equal((await alarms(api)).length, known + 1)
    })

    test('is marked and shown by who manages the account alone, and leaves the record of any change', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await made(api.post('/v3/secrets', { name: 'bait', value: 'value', ...revoking }))
      await made(api.post('/v3/secrets', { name: 'real', value: 'value' }))
      const writer = await withScopes(...others)
      const decoyOf = async (id: number, by = api) => (await by.get(`/v3/secrets/${id}/metadata`)).body.decoy

      assert.deepEqual([await decoyOf(1), await decoyOf(2)], [{ revoke: true }, null])
      assert.equal(await decoyOf(1, writer), undefined)
      const { body: listed } = await api.get('/v3/metadata')
      assert.deepEqual(
        listed.secrets.map(({ decoy }: { readonly decoy: unknown }) => decoy),
        [{ revoke: true }, null],
      )
      const tag = (await api.get('/v3/secrets/2/metadata')).headers.get('etag')
      assert.deepEqual((await made(api.send('PATCH', '/v3/secrets/2/metadata', told))).body.decoy, { revoke: false })
      assert.equal((await api.get('/v3/secrets/2/metadata')).headers.get('etag'), tag)
      for (const id of [1, 2]) {
        for (const decoy of [null, { revoke: false }, { revoke: true }]) {
          assert.equal((await writer.send('PATCH', `/v3/secrets/${id}/metadata`, { decoy })).status, 403)
        }
      }
      assert.equal((await writer.post('/v3/secrets', { name: 'new', value: 'value', ...told })).status, 403)
      // What others change leaves the mark.
      await made(writer.send('PATCH', '/v3/secrets/2/metadata', { tags: ['a'] }))
      await made(writer.put('/v3/secrets/2/name', { name: 'other' }))
      await made(writer.post('/v3/secrets/batch/change', { ids: [2], add_tags: ['b'] }))
      await made(writer.post('/v3/secrets/2/versions/1/restore', undefined))
      assert.deepEqual(await decoyOf(2), { revoke: false })
      assert.equal((await made(api.send('PATCH', '/v3/secrets/2/metadata', { decoy: null }))).body.decoy, null)

      const marks = await recordsOf(api)
      const actions = marks.toReversed().map(({ action, object }) => `${action} ${object?.id}`)
      assert.deepEqual(
        actions.filter((one) => one.startsWith('decoy.')),
        ['decoy.mark 1', 'decoy.mark 2', 'decoy.unmark 2'],
      )
      const seen = await recordsOf(writer)
      assert.deepEqual(
        marks
          .filter(({ action }) => action.startsWith('decoy.'))
          .map(({ seq }) => seen.find((one) => one.seq === seq)?.action),
        ['metadata.update', 'metadata.update', 'secret.create'],
      )
    })

    test('that was deleted and restored is one, and so is its copy', async (t) => {
      const { api } = await startAccount(t, engine)
      await made(api.put('/v3/settings', { recovery_days: 7 }))
      await made(api.post('/v3/secrets', { name: 'bait', value: 'value', ...told }))
      await made(api.delete('/v3/secrets/1'))
      await made(api.post('/v3/deleted/1/restore', {}))
      await made(api.post('/v3/environments', { name: 'prod' }))
      await made(api.post('/v3/copy', { from: 'default', to: 'prod', names: ['bait'] }))

      const { body } = await api.get('/v3/metadata', prod)
      assert.deepEqual(
        [(await api.get('/v3/secrets/1/metadata')).body.decoy, body.secrets[0].decoy],
        [told.decoy, told.decoy],
      )
      const chain = await made(api.post('/v3/audit/verify', {}))
      assert.equal(chain.body.fault, null)
    })

    test('ends the key that read it, which is answered as ever, and neither another one nor that of who manages the account', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await made(api.post('/v3/secrets', { name: 'bait', value: 'value', ...revoking }))
      await made(api.post('/v3/secrets', { name: 'real', value: 'value' }))
      const [reader, other] = [await withScopes('secrets:read'), await withScopes('secrets:read')]

      const plain = await reader.get('/v3/secrets/2')
      const answer = await reader.get('/v3/secrets/1')
      assert.deepEqual(
        [answer.status, answer.body.value, [...answer.headers.keys()]],
        [200, 'value', [...plain.headers.keys()]],
      )
      assert.equal((await reader.get('/v3/secrets/2')).status, 401)
      assert.equal((await other.get('/v3/secrets/2')).status, 200)
      const [ended, read] = (await recordsOf(api)).filter(({ action }) => /key.revoke|decoy.read/.test(action))
      assert.deepEqual([ended?.principal.kind, ended?.object?.kind, read?.principal.kind], ['system', 'key', 'key'])
      assert.equal(ended?.object?.id, read?.principal.id)
      assert.equal(ended?.seq, (read?.seq ?? 0) + 1)

      // However many at once, each read that is answered is recorded, and the key ends once.
      const rush = await Promise.all(Array.from({ length: 12 }, () => other.get('/v3/secrets/1')))
      const answered = rush.filter(({ status }) => status === 200).length
      assert.ok(answered >= 1 && rush.every(({ status }) => status === 200 || status === 401))
      assert.equal((await alarms(api)).length, 1 + answered)
      assert.equal((await recordsOf(api, '&action=key.revoke')).length, 2)
      assert.equal((await other.get('/v3/secrets/2')).status, 401)

      // Two decoys in one request end the key once.
      await made(api.post('/v3/secrets', { name: 'other-bait', value: 'value', ...revoking }))
      const third = await withScopes('secrets:read')
      assert.equal((await third.post('/v3/secrets/batch', { ids: [1, 2, 3] })).body.secrets.length, 3)
      assert.equal((await recordsOf(api, '&action=key.revoke')).length, 3)

      for (const _ of [1, 2]) assert.equal((await api.get('/v3/secrets/1')).status, 200)
    })

    test('ends the key of whoever made the seed that reads it, and the stream that the key listens to', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await made(api.post('/v3/secrets', { name: 'bait', value: 'value' }))
      const maker = await withScopes('secrets:read', 'audit:read')
      const stream = await listenTo(t, maker)
      const seed = await made(maker.post('/v3/seeds', { user_data: `A=${reference('bait')}\n`, target: 'web-1' }))
      await made(api.send('PATCH', '/v3/secrets/1/metadata', revoking))
      assert.equal((await maker.get('/v3/secrets/99')).status, 404)

      await (await fetch(`${seed.body.url}user-data`)).text()
      assert.equal((await maker.get('/v3/secrets/99')).status, 401)
      assert.equal(await stream.ended(), 'unauthenticated')
      assert.deepEqual(await alarms(api), ['web-1 bait'])
    })
  })
}

async function hooked(t: TestContext, engine: TestEngine) {
  let stop = async () => {}
  // Before the store is closed.
  t.after(() => stop())
  const receiver = await startReceiver(t)
  const server = await startServer(t, engine)
  const onError = (error: unknown) => assert.fail(String(error))
  stop = deliverWebhooks(server.vault, { post: postThrough({ allowances: [loopback] }), onError })
  return { ...server, receiver }
}

for (const engine of engines) {
  suite(`${engine.name}: the read of a decoy`, { skip: engine.skip }, () => {
    test('is an event and a webhook of its own to who manages the account, and that of any secret to all others', async (t) => {
      const { api, withScopes, receiver } = await hooked(t, engine)
      await made(api.post('/v3/secrets', { name: 'bait', value: 'value', ...told }))
      await made(api.post('/v3/secrets', { name: 'real', value: 'value' }))
      const auditor = await withScopes(...others)
      const hook = (by: Api, actions: readonly string[]) =>
        made(by.post('/v3/webhooks', { url: receiver.url, actions }))
      await hook(api, ['decoy.*'])
      await hook(auditor, ['decoy.*'])
      await hook(auditor, ['secret.read'])
      const [manages, sees] = [
        await listenTo(t, api, '?action=decoy.read'),
        await listenTo(t, auditor, '?action=decoy.read,secret.read'),
      ]
      // Who wants reads is told of all of them, of a decoy's as what it is.
      const reads = await listenTo(t, api, '?action=secret.read')

      await made(auditor.get('/v3/secrets/1'))
      await made(auditor.get('/v3/secrets/2'))
      assert.deepEqual(await sees.take(2), ['secret.read bait', 'secret.read real'])
      assert.deepEqual(await reads.take(2), ['decoy.read bait', 'secret.read real'])
      assert.deepEqual(await manages.take(1), ['decoy.read bait'])
      assert.equal(manages.events[0]?.id, sees.events[0]?.id)
      await until(() => receiver.messages.length >= 3)
      assert.deepEqual(receiver.messages.map(({ event }) => event.action).sort(), [
        'decoy.read',
        'secret.read',
        'secret.read',
      ])
      const deliveries = async (by: Api, id: number) => (await by.get(`/v3/webhooks/${id}/deliveries`)).body.deliveries
      assert.deepEqual(await deliveries(auditor, 2), [])
      assert.equal((await deliveries(api, 1))[0].action, 'decoy.read')
    })

    test('is counted where metrics have an address of their own, and nowhere else', async (t) => {
      const lines: string[] = []
      const logger = pino({ level: 'warn' }, { write: (line) => void lines.push(line) })
      const open = await startServer(t, engine, { logger })
      await made(open.api.post('/v3/secrets', { name: 'bait', value: 'value', ...told }))
      await made(open.api.get('/v3/secrets/1'))
      const { text } = await made(open.api.get('/metrics'))
      assert.deepEqual([text.includes('decoy'), text.includes('strongroom_')], [false, true])
      const { msg, account, secret, reader } = JSON.parse(lines[0] ?? '{}')
      assert.deepEqual(
        [lines.length, msg, account, secret, reader],
        [1, 'a decoy was read', 1, 1, { kind: 'key', id: 1 }],
      )
      assert.doesNotMatch(lines.join(), /bait|value/)

      const apart = await startServer(t, engine, { metricsListen: { host: '127.0.0.1', port: 0 } })
      await made(apart.api.post('/v3/secrets', { name: 'bait', value: 'value', ...told }))
      assert.match(await apart.scrape(), /^strongroom_decoy_reads_total 0$/m)
      await made(apart.api.get('/v3/secrets/1'))
      assert.match(await apart.scrape(), /^strongroom_decoy_reads_total 1$/m)
    })

    test('ends the session of a person, who can sign in again, and never that of an owner', async (t) => {
      const { api, owner, invite, url } = await startWithOwner(t, engine)
      await made(api.post('/v3/secrets', { name: 'bait', value: 'value', ...revoking }))
      const { person, email } = await invite('reader')
      assert.equal((await person.get('/v3/secrets/1')).body.value, 'value')
      assert.equal((await person.get('/v3/secrets')).status, 401)
      const again = new Person(url)
      assert.equal((await again.signIn(email, password)).status, 201)
      assert.equal((await again.get('/v3/secrets')).status, 200)

      for (const _ of [1, 2]) assert.equal((await owner.get('/v3/secrets/1')).status, 200)
      assert.deepEqual((await alarms(api)).length, 3)
      const [ended] = await recordsOf(api, '&action=session.end')
      assert.deepEqual([ended?.principal.kind, ended?.object?.kind], ['system', 'session'])
    })
  })
}

test('What the trail hashes of a deleted secret says nothing of the mark', () => {
  const deleter = { kind: 'key', id: 1, name: 'ci' } as const
  const hashOf = (decoy: string | null) =>
    keptHash({
      ...{ accountId: 1, id: 1, kind: 'secret', thingId: 1, uid: 'u', name: 'bait', environmentId: 1, version: 1 },
      ...{ withId: null, deletedAt: 1, deleter, hash: 'h', row: { id: 1, decoy } },
    })
  assert.equal(hashOf('revoke'), hashOf(null))
})

test('Whoever has all rights but one does not manage the account', () => {
  assert.equal(managesAccount(parseScopes(others)), false)
  assert.equal(managesAccount(parseScopes(['account:manage'])), true)
})
