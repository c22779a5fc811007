/** An account that its customer has closed: by every route, what would need a value is refused whole, and everything else goes on. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { Patience } from '../../src/crypto/providers/patience.ts'
import { routes } from '../../src/http/routes/all.ts'
import { secretListRoutes } from '../../src/http/routes/secret-lists/all.ts'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { type Answer, Api } from '../support/api.ts'
import { bodyOf, pathWith } from '../support/calls.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { startTransit } from '../support/transit-server.ts'

const engine = engines[0] ?? assert.fail()
const loopback = parseAllowance('127.0.0.0/8') ?? assert.fail()
const keyPath = '/v3/account/customer-key'
const planted = 'planted-value-5d1f'
const marks = [planted, Buffer.from(planted).toString('base64').slice(0, -4)]
const template = `a: \${{secret.db-password}}\n`

function ok({ status, text, body }: Answer) {
  assert.ok(status < 300, text)
  return body
}

type Request = readonly [operationId: string, method: string, path: string, body?: unknown]

/** Each with what was made in `setUp`: while the account is open, all of them are answered. */
function needingValues(then: string): readonly Request[] {
  const value = planted
  return [
    ['getSecret', 'GET', '/v3/secrets/1'],
    ['getSecret', 'GET', '/v3/secrets/3'],
    ['getSecretByName', 'GET', '/v3/secrets/by-name/db-password'],
    ['getSecrets', 'POST', '/v3/secrets/batch', { names: ['db-password', 'absent'] }],
    ['getVersion', 'GET', '/v3/secrets/1/versions/1'],
    ['getContent', 'GET', '/v3/secrets/4/content'],
    ['renderTemplate', 'POST', '/v3/render', { template, target: 'web-1' }],
    ['createFingerprints', 'POST', '/v3/fingerprints', { names: '*' }],
    ['compareEnvironments', 'GET', '/v3/compare?environments=default,staging'],
    ['copySecrets', 'POST', '/v3/copy', { from: 'default', to: 'staging', names: ['web/*'], dry_run: true }],
    ['copySecrets', 'POST', '/v3/copy', { from: 'default', to: 'staging', names: ['web/*'] }],
    ['rollBack', 'POST', '/v3/rollback', { to: then }],
    ['createSecret', 'POST', '/v3/secrets', { name: 'new-1', value }],
    ['createSecrets', 'POST', '/v3/secrets/batch/create', { secrets: [{ name: 'new-2', value }] }],
    ['storeSecrets', 'POST', '/v3/secrets/batch/store', { secrets: [{ name: 'db-password', value: 'other' }] }],
    ['storeSecrets', 'POST', '/v3/secrets/batch/store', { secrets: [{ name: 'new-3', value }] }],
    ['putSecret', 'PUT', '/v3/secrets/by-name/new-4', { value }],
    ['putSecret', 'PUT', '/v3/secrets/by-name/db-password', { value }],
    ['updateSecret', 'PUT', '/v3/secrets/1', { value: `${value}2` }],
    ['updateContent', 'PUT', '/v3/secrets/4/content', 'bytes'],
    ['restoreVersion', 'POST', '/v3/secrets/1/versions/1/restore'],
    ['renameSecret', 'PUT', '/v3/secrets/2/name', { name: 'web/renamed' }],
    ['restoreDeleted', 'POST', '/v3/deleted/1/restore', { name: 'other' }],
    ['createSeed', 'POST', '/v3/seeds', { user_data: `#cloud-config\n${template}`, target: 'web-2', check: true }],
    ['listAllSecretValues', 'GET', '/api/secrets/all-values'],
    ['listSecretListValues', 'GET', '/api/secrets/lists/1/values'],
    ['getSecretListValue', 'GET', '/api/secrets/lists/1/values/1'],
    ['createSecretListValue', 'POST', '/api/secrets/lists/1/values', { secret_key: 'new-6', secret_value: value }],
    ['updateSecretListValue', 'POST', '/api/secrets/lists/1/values/1', { secret_value: `${value}3` }],
    ['rotateAccountKey', 'POST', '/v3/account/rotate-key', { version: 2 }],
    ['removeCustomerKey', 'DELETE', keyPath],
  ]
}

/** A stream that does not end; what ends the key that asks; and what names a provider, of which `customer-key.test.ts` is. */
const apart: ReadonlySet<string> = new Set([
  'setCustomerKey',
  'listenToEvents',
  'revokeOwnKey',
  'rotateKey',
  'revokeKey',
])

async function setUp(t: TestContext) {
  const transit = await startTransit(t)
  transit.tokens.set('planted-token', 3600)
  const server = await startServer(t, engine, { outboundAllowances: [loopback], isVaultApiServed: true })
  const { api, vault } = server
  const make = async (name: string, more: object = {}) =>
    ok(await api.post('/v3/secrets', { name, value: planted, ...more }))
  ok(await api.put('/v3/settings', { recovery_days: 7 }))
  await make('db-password')
  await make('web/token')
  await make('both', { type: 'template', value: '{{secret.db-password}}' })
  await make('cert', {
    type: 'file',
    filename: 'cert.pem',
    value: Buffer.from(planted).toString('base64'),
    encoding: 'base64',
  })
  const then = new Date(vault.now()).toISOString()
  while (vault.now() <= Date.parse(then)) await new Promise(setImmediate)
  ok(await api.put('/v3/secrets/1', { value: `${planted}-2` }))
  const gone = await make('gone')
  ok(await api.delete(`/v3/secrets/${gone.id}`))
  ok(await api.post('/v3/environments', { name: 'staging' }))
  ok(await api.post('/v3/secrets', { name: 'db-password', value: planted }, { 'strongroom-environment': 'staging' }))
  const seed = ok(
    await api.post('/v3/seeds', { user_data: `#cloud-config\n${template}`, target: 'web-1', max_fetches: 3 }),
  )
  ok(await api.post('/v3/webhooks', { url: 'https://127.0.0.1:9/hook', actions: ['list.*'] }))
  const provider = `transit:${transit.origin}/transit/strongroom`
  ok(await api.put(keyPath, { provider, credentials: { token: 'planted-token' } }))
  const turn = async (isOpen: boolean) => {
    if (isOpen) transit.tokens.set('planted-token', 3600)
    else transit.tokens.delete('planted-token')
    await vault.customerKeys.look(0)
  }
  return { ...server, transit, provider, then, seed, turn, requests: needingValues(then) }
}

function checkUnspoken({ text, headers }: Answer, what: string) {
  const all = text + JSON.stringify([...headers])
  for (const mark of marks) assert.ok(!all.includes(mark), `${what} gives a value`)
}

function checkClosed(answer: Answer, what: string) {
  assert.equal(answer.status, 403, `${what}: ${answer.text}`)
  // The Secret Lists API has its own form of refusals, with the status as the code.
  const isOfLists = secretListRoutes.some(({ operationId }) => operationId === what)
  assert.equal(answer.body.code, isOfLists ? 403 : 'account_key_unavailable', what)
  checkUnspoken(answer, what)
}

/** What there is, without what was asked of it when. */
async function everything(api: Api): Promise<string> {
  const paths = [
    '/v3/secrets',
    '/v3/deleted',
    '/v3/seeds',
    '/v3/deployments',
    '/v3/environments',
    '/v3/keys',
    '/v3/account',
    '/v3/secrets/1/versions',
    '/v3/secrets/2/metadata',
    '/v3/wrappings',
  ]
  const found = []
  for (const path of paths) {
    for (const environment of ['default', 'staging']) {
      found.push((await api.get(path, { 'strongroom-environment': environment })).text)
    }
  }
  return found.join('\n').replaceAll(/"(last_used_at|request_id)":("[^"]*"|null)/g, '')
}

/** Every route that is not in the table, with its example: deletions last. */
async function callOthers(
  api: Api,
  named: ReadonlySet<string>,
  isEnding: boolean,
  check: (answer: Answer, what: string) => void,
) {
  const others = [...routes, ...secretListRoutes].filter(
    ({ operationId }) => !named.has(operationId) && !apart.has(operationId),
  )
  for (const route of others.filter(({ method }) => (method === 'DELETE') === isEnding)) {
    check(await api.send(route.method, pathWith(route, 1), bodyOf(route)), route.operationId)
  }
}

test('While an account is closed, each route that needs a value is refused, and leaves everything as it was', async (t) => {
  const { api, turn, requests, otherAccount, seed, url } = await setUp(t)
  const other = await otherAccount()
  ok(await other.post('/v3/secrets', { name: 'theirs', value: 'theirs' }))
  const wrapped = ok(await api.get('/v1/secret/data/db-password', { 'x-vault-wrap-ttl': '60s' })).wrap_info.token
  const unwrap = () => new Api(url, wrapped).post('/v1/sys/wrapping/unwrap', undefined)
  await turn(false)
  const before = await everything(api)

  for (const [at, [operationId, method, path, body]] of requests.entries()) {
    for (const headers of [{}, { 'idempotency-key': `k-${at}` }]) {
      const [mine, theirs] = await Promise.all([api.send(method, path, body, headers), other.get('/v3/secrets/1')])
      checkClosed(mine, operationId)
      assert.equal(ok(theirs).value, 'theirs')
    }
  }
  for (const [path, etag] of [
    ['/v3/secrets/1', '"2"'],
    ['/v3/secrets/1', '*'],
    ['/v3/secrets/by-name/db-password', '"1.2"'],
    ['/v3/secrets/4/content', '"1"'],
  ] as const) {
    checkClosed(await api.get(path, { 'if-none-match': etag }), `${path} ${etag}`)
  }
  const vaultRead = await api.get('/v1/secret/data/db-password')
  assert.equal(vaultRead.status, 403)
  checkUnspoken(vaultRead, 'the Vault API')
  assert.equal((await api.post('/v1/secret/data/new-5', { data: { value: 'v' } })).status, 403)
  assert.equal((await unwrap()).status, 403)
  const booted = await fetch(`${seed.url}user-data`)
  assert.equal(booted.status, 403)
  assert.equal(await everything(api), before)

  await turn(true)
  assert.equal(await everything(api), before)
  ok(await unwrap())
  assert.match(await (await fetch(`${seed.url}user-data`)).text(), new RegExp(planted))
  // Each of them would have been answered: and what was refused under an idempotency key is done under it now.
  for (const [at, [, method, path, body]] of requests.entries()) {
    ok(await api.send(method, path, body, { 'idempotency-key': `k-${at}` }))
  }
})

test('While an account is closed, each other route is answered as ever, and none of them gives a value when it is open', async (t) => {
  const { api, turn, requests } = await setUp(t)
  const named = new Set(requests.map(([operationId]) => operationId))
  for (const isOpen of [true, false]) {
    await turn(isOpen)
    const check = (answer: Answer, what: string) => {
      checkUnspoken(answer, what)
      // What reaches out may not get there.
      assert.ok(answer.status < 500 || answer.status === 502, `${what}: ${answer.text}`)
      assert.notEqual(answer.body?.code, 'account_key_unavailable', what)
    }
    await callOthers(api, named, false, check)
    if (!isOpen) await callOthers(api, named, true, check)
  }
})

test('What a provider opens for a change that fails stays closed: nothing is answered in between, or after it', async (t) => {
  const { api, transit, provider, turn } = await setUp(t)
  await turn(false)
  transit.tokens.set('next-token', 3600)
  transit.mayEncrypt = false
  const next = { provider, credentials: { token: 'next-token' } }
  assert.equal((await api.put(keyPath, next)).status, 400)
  checkClosed(await api.get('/v3/secrets/1'), 'getSecret')
  transit.mayEncrypt = true
  ok(await api.put(keyPath, next))
  assert.equal(ok(await api.get('/v3/secrets/1')).value, `${planted}-2`)
})

test('A wrapped answer whose account closes as it is opened is given, or is not used up', async (t) => {
  const { api, turn, vault, url } = await setUp(t)
  const wrapped = ok(await api.get('/v1/secret/data/db-password', { 'x-vault-wrap-ttl': '60s' })).wrap_info.token
  const unwrap = () => new Api(url, wrapped).post('/v1/sys/wrapping/unwrap', undefined)
  const submit = vault.store.submit.bind(vault.store)
  const submitted = t.mock.method(vault.store, 'submit', async (...asked: Parameters<typeof submit>) => {
    if (asked[0].operation.kind === 'open_wrapping') {
      submitted.mock.restore()
      await turn(false)
    }
    return submit(...asked)
  })

  const first = await unwrap()
  await turn(true)
  const second = await unwrap()

  const values = [first, second].filter(({ status }) => status === 200).map(({ body }) => body.data.data.value)
  assert.deepEqual(values, [`${planted}-2`])
})

test('A provider that does not answer holds up nobody else: neither the start of a server, nor other accounts', async (t) => {
  const { api, transit, otherAccount, stop, place, turn } = await setUp(t)
  const other = await otherAccount()
  ok(await other.post('/v3/secrets', { name: 'theirs', value: 'theirs' }))
  const held = Promise.withResolvers<void>()
  transit.hold = held.promise
  t.after(() => held.resolve())
  const looked = turn(true)
  assert.equal(ok(await other.get('/v3/secrets/1')).value, 'theirs')
  // What it opened a moment ago is open.
  assert.equal(ok(await api.get('/v3/secrets/1')).value, `${planted}-2`)
  await stop()
  const again = await startServer(t, engine, { place, outboundAllowances: [loopback] })
  const [mine, theirs] = [new Api(again.url, api.key), new Api(again.url, other.key)]
  const waiting = [mine.get('/v3/secrets/1'), mine.get('/v3/secrets/2')]
  const learning = again.vault.customerKeys.look()
  assert.equal(ok(await theirs.get('/v3/secrets/1')).value, 'theirs')
  assert.equal(ok(await theirs.get('/readyz')).status, 'ready')
  held.resolve()
  transit.hold = undefined
  for (const answer of await Promise.all(waiting)) ok(answer)
  await Promise.all([looked, learning])
})

test('A provider that answers nothing is waited for once by a change, however often it would be asked', async (t) => {
  const { api, vault, transit, provider } = await setUp(t)
  const held = Promise.withResolvers<void>()
  transit.hold = held.promise
  t.after(() => held.resolve())
  vault.customerKeys.patience = () => new Patience(50)

  const answer = await api.put(keyPath, { provider })

  assert.deepEqual(
    [answer.status, answer.body.errors?.[0]?.detail ?? answer.body.detail],
    [400, 'The provider takes too long.'],
  )
  assert.equal(ok(await api.get('/v3/secrets/1')).value, `${planted}-2`)
})

test('What a provider is shown is in no answer, record, metric or line of the log, whatever becomes of it', async (t) => {
  const lines: string[] = []
  const transit = await startTransit(t)
  transit.tokens.set('planted-token', 3600)
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const { api, vault, scrape } = await startServer(t, engine, { outboundAllowances: [loopback], logger })
  const provider = `transit:${transit.origin}/transit/strongroom`
  const answers: Answer[] = []
  const put = async (credentials: object, named = provider) => {
    answers.push(await api.put(keyPath, { provider: named, credentials }))
  }
  await put({ token: 'planted-bad' })
  await put({ token: 'planted\r\nx-bad: 1' })
  await put({ token: 'planted-token', more: 'planted-more' })
  await put({ token: ['planted-list'] })
  await put({ role_id: 'planted-role', secret_id: 'planted-secret' })
  await put({ token: 'planted-token' }, `${provider}?token=planted-in-url`)
  await put({ token: 'planted-token' }, `transit:https://u:planted@bao.example.com/transit/a`)
  transit.instead = [302, {}]
  await put({ token: 'planted-token' })
  transit.instead = [400, { errors: ['planted by whoever answers'] }]
  await put({ token: 'planted-token' })
  transit.instead = undefined
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([400]))
  await put({ token: 'planted-token' })
  transit.tokens.delete('planted-token')
  await vault.customerKeys.look(0)
  answers.push(await api.get(keyPath), await api.get('/v3/audit?limit=200'))
  const all = [...answers.map(({ text }) => text), ...lines, await scrape()].join('\n')
  assert.ok(all.includes('customer_key.close') && lines.length > 0)
  assert.doesNotMatch(all, /planted/)
})
