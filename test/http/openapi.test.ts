/** The API's own description, held against what the API does, and the page that shows it. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { suite, test } from 'node:test'
import { Compile } from 'typebox/compile'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { type Answer, Api } from '../support/api.ts'
import { Authenticator } from '../support/authenticator.ts'
import { type DescribedOperation, whole } from '../support/description.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { codeOf } from '../support/portal-account.ts'
import { clientId, clientSecret, Provider } from '../support/provider.ts'
import { startServer } from '../support/server.ts'
import { startTransit } from '../support/transit-server.ts'

const [sqlite] = engines

suite('The description of the API', () => {
  test('is OpenAPI 3.1 and describes every answer of every operation', async (t) => {
    assert.ok(sqlite)
    const provider = await Provider.start(t)
    const transit = await startTransit(t)
    const outboundAllowances = [parseAllowance('127.0.0.0/8') ?? assert.fail()]
    const { api, url } = await startServer(t, sqlite, { outboundAllowances })
    const description = whole((await api.get('/openapi.json')).body)
    assert.equal(description.openapi, '3.1.0')
    const seen = new Set<string>()
    const callAs = async (
      sender: Pick<Api, 'send'>,
      method: string,
      path: string,
      body?: unknown,
      headers?: Record<string, string>,
    ) => {
      const inside = path.includes('/lists/') ? '/{secret}' : path.includes('/webhooks/') ? '/{delivery}' : '/{version}'
      const template = path.startsWith('/api/')
        ? path.replace(/lists\/\w+/, 'lists/{list}').replace(/values\/[\w-]+/, 'values/{value}')
        : path
            .replace(/\?.*/, '')
            .replace(/by-name\/.*/, 'by-name/{name}')
            .replace(/\/\d+/, '/{id}')
            .replace(/\/\d+/, inside)
      const operation = description.paths[template]?.[method.toLowerCase()] ?? assert.fail(`${method} ${template}`)
      const answer = await sender.send(method, path, body, headers)
      assertDescribed(operation, answer, `${method} ${path}`)
      seen.add(`${method} ${template}`)
      return answer
    }
    const call = callAs.bind(undefined, api)

    await call('POST', '/v3/secrets', { name: 'db-password', value: 'v' })
    await call('POST', '/v3/secrets', { name: 'db-password', value: 'v' })
    await call('POST', '/v3/secrets', { name: '' })
    await call('POST', '/v3/secrets/batch/create', { secrets: [{ name: 'of-many', value: 'v' }] })
    await call('POST', '/v3/secrets/batch', { names: ['of-many', 'none'] })
    await call('POST', '/v3/secrets/batch', { ids: [2, 99] })
    await call('POST', '/v3/secrets/batch', {})
    await call('PUT', '/v3/secrets/by-name/web%2Fapi', { value: 'v' })
    await call('PUT', '/v3/secrets/by-name/web%2Fapi', { value: 'w' })
    await call('PUT', '/v3/secrets/by-name/web%2Fapi', { value: 'w' }, { 'if-none-match': '*' })
    await call('GET', '/v3/secrets/by-name/web%2Fapi')
    await call('GET', '/v3/secrets/by-name/none')
    await call('PUT', '/v3/secrets/by-name/broken', { type: 'template', value: `\${{secret.none}}` })
    await call('GET', '/v3/secrets/by-name/broken')
    await call('GET', '/v3/secrets/by-name/broken?resolve=false')
    await call('POST', '/v3/secrets/batch', { names: ['broken'] })
    await call('POST', '/v3/secrets/batch/create', { secrets: [{ name: 'of-many', value: 'v' }] })
    await call('PUT', '/v3/secrets/1/name', { name: 'of-many' })
    await call('PUT', '/v3/secrets/1/name', { name: 'db-secret' })
    await call('PUT', '/v3/secrets/1/name', { name: 'db-password' })
    await call('PUT', '/v3/secrets/99/name', { name: 'other' })
    const stored = { secrets: [{ name: 'of-many', value: 'w' }] }
    await call('POST', '/v3/secrets/batch/store', { ...stored, dry_run: true })
    await call('POST', '/v3/secrets/batch/store', stored)
    await call('POST', '/v3/secrets/batch/store', { secrets: [{ name: 'of-many', value: 'w', version: 0 }] })
    await call('POST', '/v3/secrets/batch/store', { secrets: [{ name: 'of-web', value: 'w', list: 'none' }] })
    await call('POST', '/v3/secrets/batch/change', { ids: [1, 99], add_tags: ['web'] })
    await call('POST', '/v3/secrets/batch/delete', { ids: [98, 99] })
    await call('POST', '/v3/secrets', 'x', { 'content-type': 'text/plain' })
    await call('GET', '/v3/secrets')
    await call('GET', '/v3/secrets?limit=0')
    await call('GET', '/v3/secrets', undefined, { authorization: 'Bearer x' })
    await call('GET', '/v3/secrets/1')
    await call('GET', '/v3/secrets/2')
    await call('PUT', '/v3/secrets/1', { value: 'w' })
    await call('PUT', '/v3/secrets/1', { value: 'w' }, { 'if-match': '"7"' })
    await call('PUT', '/v3/secrets/2', { value: 'w' })
    await call('GET', '/v3/secrets/1/versions')
    await call('GET', '/v3/secrets/1/versions/1')
    await call('GET', '/v3/secrets/1/versions/9')
    await call('POST', '/v3/secrets/1/versions/1/restore')
    await call('POST', '/v3/secrets/1/versions/9/restore')
    await call('POST', '/v3/secrets/1/versions/1/restore', undefined, { 'if-match': '"7"' })
    await call('DELETE', '/v3/secrets/1/versions/1')
    await call('DELETE', '/v3/secrets/1/versions/9')
    await call('GET', '/v3/secrets/1/versions')
    await call('GET', '/v3/secrets/1/metadata')
    await call('GET', '/v3/metadata?limit=1&count=true&sort=name')
    await call('GET', '/v3/metadata/summary')
    await call('GET', '/v3/folders?folder=web/&limit=1')
    await call('GET', '/v3/metadata?limit=0')
    await call('PATCH', '/v3/secrets/1/metadata', { tags: ['a'], expires_at: null })
    await call('PATCH', '/v3/secrets/1/metadata', { tags: ['a b'] })
    await call('GET', '/v3/secrets/1/content')
    await call('PUT', '/v3/secrets/1/content', 'plain', { 'content-type': 'text/plain' })
    await call('POST', '/v3/lists', { name: 'one' })
    await call('POST', '/v3/lists', { name: 'one' })
    await call('GET', '/v3/lists')
    await call('GET', '/v3/lists/2')
    await call('PUT', '/v3/lists/2', { name: 'two' })
    await call('GET', '/v3/lists/2/secrets')
    await call('PUT', '/v3/lists/2/secrets/1')
    await call('PUT', '/v3/lists/9/secrets/1')
    await call('DELETE', '/v3/lists/1')
    await call('POST', '/v3/environments', { name: 'dev' })
    await call('POST', '/v3/environments', { name: 'prod', base: 'dev' })
    await call('POST', '/v3/environments', { name: 'prod' })
    await call('GET', '/v3/environments')
    await call('GET', '/v3/environments/3')
    await call('PATCH', '/v3/environments/3', { name: 'live', base: null })
    await call('POST', '/v3/secrets', { name: 'placed', value: 'v' }, { 'strongroom-environment': 'live' })
    await call('GET', '/v3/secrets?environment=live')
    await call('GET', '/v3/secrets?environment=nowhere')
    await call('GET', '/v3/compare?environments=dev,live&limit=1')
    await call('GET', '/v3/compare?environments=dev,nowhere')
    await call('POST', '/v3/copy', { from: 'live', to: 'dev', names: ['placed'], dry_run: true })
    await call('POST', '/v3/copy', { from: 'live', to: 'nowhere', names: ['placed'] })
    await call('PUT', '/v3/settings', { recovery_days: 7 })
    const { body: kept } = await call('POST', '/v3/secrets', { name: 'kept', value: 'v' })
    await call('DELETE', `/v3/secrets/${kept.id}`)
    await call('GET', '/v3/deleted')
    await call('POST', '/v3/rollback', { to: '2026-01-01T00:00:00Z', dry_run: true })
    await call('POST', '/v3/rollback', { to: 'x' })
    await call('POST', '/v3/deleted/1/restore', { list: 'nowhere' })
    await call('POST', '/v3/deleted/1/restore', {})
    await call('POST', '/v3/deleted/1/restore', {})
    await call('DELETE', '/v3/deleted/1')
    await call('DELETE', '/v3/environments/3')
    await call('DELETE', '/v3/environments/2')
    await call('DELETE', '/v3/secrets/1')
    await call('DELETE', '/v3/secrets/1')
    await describeLists(call)
    const made = await call('POST', '/v3/keys', { name: 'k', scopes: ['secrets:read'] })
    await call('POST', '/v3/keys', { name: 'k', scopes: ['nothing'] })
    await call('GET', '/v3/keys')
    await call('GET', '/v3/keys/self')
    await call('GET', '/v3/keys/2')
    await call('GET', '/v3/keys/2/made')
    await call('GET', '/v3/keys/2/usage?days=1')
    await call('POST', '/v3/what-if', { kind: 'key', id: 2, change: 'remove' })
    await call('POST', '/v3/what-if', { kind: 'secret', id: 99, change: 'rotate' })
    await call('POST', '/v3/what-if', { kind: 'key', id: 2, change: 'rotate' })
    await call('POST', '/v3/keys/2/rotate', {})
    await callAs(new Api(url, made.body.api_key), 'DELETE', '/v3/keys/self')
    await callAs(new Api(url, made.body.api_key), 'DELETE', '/v3/keys/self')
    await call('DELETE', '/v3/keys/2')
    await call('POST', '/v3/render', { template: 'plain', target: 'web-1' })
    await call('POST', '/v3/fingerprints', {})
    await call('POST', '/v3/render', { script_content: 'cGxhaW4=' })
    await call('POST', '/v3/render', { template: ['$', '{{secret.nothing}}'].join('') })
    await call('POST', '/v3/seeds', { user_data: 'x', target: 'web-1' })
    await call('GET', '/v3/seeds')
    await call('GET', '/v3/seeds/1')
    await call('DELETE', '/v3/seeds/1')
    await call('GET', '/v3/deployments?include=principal')
    await call('GET', '/v3/secrets/1/deployments')
    await call('POST', '/v3/secrets', { name: 'told', value: 'v' })
    await call('GET', '/v3/secrets/2/access')
    await call('GET', '/v3/secrets/99/access')
    await call('DELETE', '/v3/deployments/1')
    const rule = { issuer: 'https://ci.example', audience: 'a', claims: { sub: 'job' }, scopes: ['secrets:list'] }
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    await call('POST', '/v3/trust-rules', { ...rule, name: 'r', jwks: { keys: [pair] } })
    await call('POST', '/v3/trust-rules', { ...rule, name: 'r' })
    await call('GET', '/v3/trust-rules')
    await call('GET', '/v3/trust-rules/1')
    await call('PATCH', '/v3/trust-rules/1', { key_ttl: 60, jwks: null })
    await call('PATCH', '/v3/trust-rules/1', { key_ttl: 1 })
    await call('POST', '/v3/auth/oidc', { token: 'a.b.c' })
    await call('DELETE', '/v3/trust-rules/1')
    const hook = { url: 'https://example.com/hook', actions: ['secret.*'], name: 'prod-*' }
    await call('POST', '/v3/webhooks', hook)
    await call('POST', '/v3/webhooks', { ...hook, actions: ['nothing'] })
    await call('GET', '/v3/webhooks')
    await call('GET', '/v3/webhooks/1')
    await call('PATCH', '/v3/webhooks/1', { name: null, enabled: true })
    const { body: tested } = await call('POST', '/v3/webhooks/1/test')
    await call('GET', '/v3/webhooks/1/deliveries?state=waiting')
    await call('POST', `/v3/webhooks/1/deliveries/${tested.id}/retry`)
    await call('POST', '/v3/webhooks/1/rotate')
    await call('DELETE', '/v3/webhooks/1')
    await call('POST', '/v3/machines', { name: 'web', addresses: ['192.0.2.1'] })
    await call('POST', '/v3/machines', { name: 'web', addresses: ['192.0.2.2'] })
    await call('GET', '/v3/machines')
    await call('GET', '/v3/machines/1')
    await call('DELETE', '/v3/machines/1')
    await call('PUT', '/v3/settings', { vm_auth: true })
    await call('GET', '/v3/settings')
    await call('GET', '/v3/audit')
    await call('GET', '/v3/audit/activity?by=hour')
    await call('GET', '/v3/audit/activity?by=year')
    await call('POST', '/v3/audit/verify', {})
    await call('GET', '/v3/events')
    await call('GET', '/v3/events?after=1&wait=1')
    await call('GET', '/v3/events?wait=61')
    await call('POST', '/v3/audit/verify', { after: 1 })
    await call('GET', '/v3/account')
    await call('POST', '/v3/account/rotate-key', { version: 2 })
    await call('POST', '/v3/account/rotate-key', { version: 9 })
    const email = 'ada@example.com'
    const password = 'seven orange tractors sing'
    const { body: invited } = await call('POST', '/v3/users', { email, role: 'owner' })
    await call('POST', '/v3/users', { email, role: 'owner' })
    await call('GET', '/v3/users')
    await call('GET', '/v3/users/1')
    await call('GET', '/v3/users/1/made')
    await call('PATCH', '/v3/users/1', { name: 'Ada' })
    const ada = new Person(url)
    const token = invited.invitation_url.split('#')[1]
    await callAs(ada, 'POST', '/v3/invitations/check', { token })
    await callAs(ada, 'POST', '/v3/invitations/check', { token: 'x' })
    await callAs(ada, 'POST', '/v3/invitations/accept', { token, password: 'short' })
    await callAs(ada, 'POST', '/v3/invitations/accept', { token, password })
    await callAs(ada, 'POST', '/v3/session', { email, password: 'wrong' })
    await callAs(ada, 'POST', '/v3/session', { email, password })
    await callAs(ada, 'GET', '/v3/session')
    await callAs(ada, 'GET', '/v3/sessions')
    await callAs(ada, 'POST', '/v3/session/confirm', { password })
    await callAs(ada, 'PUT', '/v3/session/password', { current_password: password, password: `${password} loud` })
    await describeFactors(callAs, ada, { url, email, password: `${password} loud` })
    await call('DELETE', '/v3/users/1/factors')
    await call('GET', '/v3/sign-in')
    await call('PUT', '/v3/sign-in', { second_factor_required: false })
    const customerKey = '/v3/account/customer-key'
    transit.tokens.set('planted-token', 3600)
    const input = { provider: `transit:${transit.origin}/transit/strongroom`, credentials: { token: 'planted-token' } }
    await call('GET', customerKey)
    await call('PUT', customerKey, { ...input, credentials: { token: 'x' } })
    await call('PUT', customerKey, input)
    await call('GET', customerKey)
    await call('DELETE', customerKey)
    await call('GET', '/v3/sso')
    const settings = { label: 'x', issuer: provider.issuer, client_id: clientId, domains: [], role: null, only: false }
    await call('PUT', '/v3/sso', { ...settings, issuer: 'x' })
    await call('PUT', '/v3/sso', { ...settings, client_secret: clientSecret })
    await call('GET', '/v3/sso')
    await callAs(ada, 'GET', '/v3/session/sso')
    await callAs(ada, 'POST', '/v3/session/sso', { account: 'default' })
    await callAs(ada, 'POST', '/v3/session', { email, password: `${password} loud` })
    await callAs(ada, 'POST', '/v3/session/sso/link', {})
    await call('DELETE', '/v3/sso')
    await call('PATCH', '/v3/users/1', { role: 'reader' })
    await call('POST', '/v3/users/1/reset')
    await callAs(ada, 'DELETE', '/v3/sessions/99')
    const { body: begun } = await callAs(ada, 'POST', '/v3/logins', { host: 'ada-laptop' })
    await callAs(ada, 'POST', '/v3/logins', { host: '' })
    await callAs(ada, 'POST', '/v3/logins', { host: 'h', account: 'nobody' })
    const byUser = { user_code: begun.user_code }
    const byDevice = { device_code: begun.device_code }
    await callAs(ada, 'POST', '/v3/logins/poll', byDevice)
    await callAs(ada, 'POST', '/v3/logins/poll', { device_code: 'x' })
    await callAs(ada, 'POST', '/v3/logins/show', byUser)
    await callAs(ada, 'POST', '/v3/logins/show', { user_code: 'x' })
    await callAs(ada, 'POST', '/v3/logins/confirm', byUser)
    await callAs(ada, 'POST', '/v3/logins/poll', byDevice)
    await callAs(ada, 'POST', '/v3/logins/cancel', byDevice)
    await callAs(ada, 'POST', '/v3/logins/refuse', byUser)
    await callAs(ada, 'DELETE', '/v3/session')
    await call('DELETE', '/v3/users/1')

    const all = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    assert.deepEqual([...seen].sort(), all.sort())
  })

  test('is shown by a page that runs one script of its own and asks nobody else', async (t) => {
    assert.ok(sqlite)
    const { url } = await startServer(t, sqlite)

    const page = await fetch(`${url}/docs/`)
    const html = await page.text()

    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'; script-src 'self' 'sha256-[^']+'; /)
    assert.doesNotMatch(policy, /https?:|script-src[^;]*unsafe|\*/)
    assert.doesNotMatch(html, /(src|href)="(https?:)?\/\//)
    const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source = '']) => source)
    assert.ok(sources.length > 0)
    for (const source of sources) assert.equal((await fetch(new URL(source, `${url}/docs/`))).status, 200, source)
    assert.match(html, /"url": "\/openapi.json"/)
  })
})

async function describeLists(call: (method: string, path: string, body?: unknown) => Promise<Answer>): Promise<void> {
  await call('POST', '/api/secrets/lists', { name: 'old' })
  await call('POST', '/api/secrets/lists', { name: 'old' })
  await call('GET', '/api/secrets/lists')
  await call('POST', '/api/secrets/lists/old', { name: 'web' })
  await call('GET', '/api/secrets/lists/web')
  await call('GET', '/api/secrets/lists/nowhere')
  await call('POST', '/api/secrets/lists/web/values', { secret_key: 'db-password', secret_value: 'v' })
  await call('POST', '/api/secrets/lists/web/values', { secret_key: 'a b' })
  await call('GET', '/api/secrets/lists/web/values')
  await call('GET', '/api/secrets/all-values')
  await call('GET', '/api/secrets/lists/web/values/db-password')
  await call('POST', '/api/secrets/lists/web/values/db-password', { secret_value: 'w' })
  await call('DELETE', '/api/secrets/lists/web/values/db-password')
  await call('DELETE', '/api/secrets/lists/web')
  await call('GET', '/api/cloud/locations')
}

type CallAs = (sender: Person, method: string, path: string, body?: unknown) => Promise<Answer>

async function describeFactors(
  callAs: CallAs,
  ada: Person,
  { url, email, password }: { readonly url: string; readonly email: string; readonly password: string },
): Promise<void> {
  const begun = (await callAs(ada, 'POST', '/v3/session/totp')).body
  await callAs(ada, 'PUT', '/v3/session/totp', { enrolment: 'x', code: '000000' })
  const code = codeOf(begun.secret, Date.now())
  await callAs(ada, 'PUT', '/v3/session/totp', { enrolment: begun.enrolment, code })
  await callAs(ada, 'POST', '/v3/session', { email, password })
  await callAs(ada, 'POST', '/v3/session/recovery-codes')
  const device = new Authenticator(url)
  const credential = device.create((await callAs(ada, 'POST', '/v3/session/passkeys/challenge')).body)
  const { body } = await callAs(ada, 'POST', '/v3/session/passkeys', { name: 'Laptop', credential })
  await callAs(ada, 'POST', '/v3/session/passkeys', { name: 'Laptop', credential })
  await callAs(ada, 'GET', '/v3/session/factors')
  const asked = (await callAs(ada, 'POST', '/v3/session/passkey/challenge')).body
  await callAs(ada, 'POST', '/v3/session/passkey', { passkey: device.get(asked) })
  await callAs(ada, 'POST', '/v3/session/passkey', { passkey: device.get(asked) })
  await callAs(ada, 'PATCH', `/v3/session/factors/${body.id}`, { name: 'Work laptop' })
  await callAs(ada, 'DELETE', '/v3/session/factors/999')
}

function assertDescribed({ responses }: DescribedOperation, answer: Answer, what: string): void {
  const described = responses[answer.status]
  assert.ok(described, `${what}: ${answer.status} is not described`)
  const type = (answer.headers.get('content-type') ?? '').replace(/;.*/, '')
  const schema = described.content?.[type]?.schema
  if (type === 'text/plain' && described.content?.[type] !== undefined) return
  assert.ok(schema, `${what}: ${answer.status} as ${type} is not described`)
  // Closed, so that a field which is not described is a fault.
  const errors = Compile(closed(schema) as never).Errors(answer.body)
  assert.deepEqual([...errors], [], `${what}: ${answer.text}`)
}

/** Objects with no field beyond those described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).map(([name, value]) => [name, closed(value)])
  const properties = 'properties' in schema ? { additionalProperties: false } : {}
  return { ...Object.fromEntries(entries), ...properties }
}
