/** The description of the API as generators read it: valid, whole, and true of whatever is sent. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { routes } from '../../src/http/routes/all.ts'
import { secretListRoutes } from '../../src/http/routes/secret-lists/all.ts'
import { ask } from '../support/api.ts'
import { type DescribedOperation, type Description, whole } from '../support/description.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines

interface Call extends DescribedOperation {
  readonly method: string
  readonly path: string
}

function callsOf({ paths }: Description): readonly Call[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  )
}

/** Whatever is a text for readers, wherever it is. */
function descriptionsOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) =>
    name === 'description' && typeof one === 'string' ? [one] : descriptionsOf(one),
  )
}

async function start(t: TestContext) {
  assert.ok(sqlite)
  const server = await startServer(t, sqlite)
  const { text, body } = await server.api.get('/openapi.json')
  return { ...server, text, body, calls: callsOf(whole(body)) }
}

suite('The description of the API', () => {
  test('is valid OpenAPI 3.1, and says no schema twice', async (t) => {
    const { body, text } = await start(t)

    const result = await new Validator().validate(body)

    assert.deepEqual([result.valid, result.errors], [true, undefined])
    assert.ok(text.length < 384 * 1024, `${text.length} bytes`)
    const used = [...text.matchAll(/"#\/components\/(\w+)\/([\w-]+)"/g)].map(([, kind, name]) => `${kind}/${name}`)
    const { securitySchemes, ...components } = body.components
    const named = Object.entries(components).flatMap(([kind, ones]) =>
      Object.keys(Object(ones)).map((name) => `${kind}/${name}`),
    )
    // Refusals of both forms are there, whether a route needs them or not.
    const unused = named.filter((one) => !used.includes(one) && !one.startsWith('responses/'))
    assert.deepEqual(unused, [])
    assert.deepEqual(Object.keys(securitySchemes).sort(), ['bearer', 'portal', 'query', 'session'])
  })

  test('calls no two components the same but for case or punctuation, since generators make types of them', async (t) => {
    const { body } = await start(t)
    const { schemas, parameters, responses } = body.components
    const names = [schemas, parameters, responses].flatMap((ones) =>
      Object.keys(ones).map((name) => name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()),
    )

    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    )
  })

  test('has no schema whose name is made of another one and its field, as generators name what stands in a field', async (t) => {
    const { body } = await start(t)
    const plain = (name: string) => name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()
    const named = new Set(Object.keys(body.components.schemas).map(plain))
    const fields = Object.entries(body.components.schemas).flatMap(([name, schema]) =>
      Object.entries(Object(schema).properties ?? {}).flatMap(([field, one]) => {
        const { $ref, items } = Object(one)
        const makesType = $ref === undefined && ['enum', 'properties'].some((word) => word in Object(one))
        const makesItem = items !== undefined && items.$ref === undefined && ('enum' in items || 'properties' in items)
        return [...(makesType ? [`${name}.${field}`] : []), ...(makesItem ? [`${name}.${field}.item`] : [])]
      }),
    )

    assert.ok(fields.length > 10)
    assert.deepEqual(
      fields.filter((field) => named.has(plain(field))),
      [],
    )
  })

  test('says a choice of words as one list of them', async (t) => {
    const { calls } = await start(t)
    const words = calls.flatMap(({ operationId, parameters = [] }) =>
      parameters.filter((one) => 'anyOf' in Object(one)['schema']).map(({ name }) => `${operationId} ${name}`),
    )

    assert.deepEqual(words, [])
  })

  test('names every operation once, by a verb and a noun', async (t) => {
    const { calls } = await start(t)
    const ids = calls.map(({ operationId }) => operationId)

    assert.ok(calls.length > 90)
    assert.deepEqual(new Set(ids).size, ids.length)
    assert.deepEqual(
      // To sign in and to sign out has no noun.
      ids.filter((id) => !/^[a-z]+[A-Z][A-Za-z]*$/.test(id)),
      [],
    )
  })

  test('has numbers where ids are, and says which requests lock, and which are paged', async (t) => {
    const { calls } = await start(t)
    const inPlace = (where: string) => (call: Call) =>
      (call.parameters ?? []).filter((one) => one.in === where).map((one) => one.name)
    const idsOf = calls.filter(({ path }) => path.startsWith('/v3/')).flatMap((call) => call.parameters ?? [])
    const types = idsOf
      .filter((one) => one.in === 'path' && one.name !== 'name')
      .map((one) => Object(one)['schema'].type)
    assert.deepEqual([...new Set(types)], ['integer'])
    const takes = (header: string) =>
      calls.filter((call) => inPlace('header')(call).includes(header)).map((one) => one.operationId)
    assert.deepEqual(takes('If-Match'), [
      'updateSecret',
      'deleteSecret',
      'putSecret',
      'restoreVersion',
      'updateMetadata',
      'renameSecret',
      'updateContent',
    ])
    const keyed = [...routes, ...secretListRoutes].filter(({ repeat }) => repeat === 'keyed')
    assert.deepEqual(new Set(takes('Idempotency-Key')), new Set(keyed.map(({ operationId }) => operationId)))
    const paged = calls.filter((call) => inPlace('query')(call).includes('cursor'))
    assert.ok(paged.length >= 5)
    for (const { operationId, responses } of paged) {
      assert.ok(responses['200']?.headers?.['Strongroom-Next-Cursor'], operationId)
    }
  })

  test('names whatever an operation answers, however it is asked', async (t) => {
    const { api, calls, url, withScopes } = await start(t)
    const { key: narrow } = await withScopes('audit:read')
    const authorization = `Bearer ${api.key}`
    const json = 'application/json'
    const ways: readonly (readonly [name: string, headers: Record<string, string>, query?: string, body?: string])[] = [
      ['no key', {}],
      ['a key that is none', { authorization: 'Bearer sr_x' }],
      ['a key that may not', { authorization: `Bearer ${narrow}` }],
      ['a parameter that is unknown', { authorization }, '?surprise=1'],
      ['a parameter that is wrong', { authorization }, '?limit=x&cursor=!&name=%00'],
      ['a list that is not there', { authorization }, '?list=nowhere'],
      ['another type', { authorization, 'content-type': 'text/plain' }, '', 'x'],
      ['no JSON', { authorization, 'content-type': json }, '', '{'],
      ['an empty object', { authorization, 'content-type': json }, '', '{}'],
      ['a field too many', { authorization, 'content-type': json }, '', '{"surprise":1}'],
      ['a body that is too long', { authorization, 'content-type': json }, '', `"${'x'.repeat(1_600_000)}"`],
      ['a version that is old', { authorization, 'if-match': '"99"' }],
      ['a tag that is none', { authorization, 'if-match': 'x' }],
      ['no JSON in return', { authorization, accept: 'application/json;q=0' }],
      ['what is compressed', { authorization, 'content-encoding': 'gzip' }],
      ['a long address', { authorization }, `?name=${'x'.repeat(9000)}`],
      ['the portal', { 'strongroom-portal': '1', 'content-type': json }, '', '{}'],
    ]
    const undescribed: string[] = []
    const seen = new Map<string, Set<number>>()
    for (const call of calls) {
      // The key that asks goes on being asked with.
      if (call.operationId === 'revokeOwnKey') continue
      for (const [name, headers, query = '', body] of ways) {
        const path = call.path.replaceAll(/\{\w+\}/g, '99')
        const isSent = body !== undefined && call.method !== 'GET'
        const { status, headers: given } = await ask(
          url + path + query,
          call.method,
          headers,
          isSent ? body : undefined,
        )
        const type = (given.get('content-type') ?? '').replace(/;.*/, '')
        const described = call.responses[status]
        if (described?.content?.[type] === undefined)
          undescribed.push(`${call.operationId}, ${name}: ${status} ${type}`)
        for (const [header, { required }] of Object.entries(described?.headers ?? {})) {
          if (required === true && !given.has(header))
            undescribed.push(`${call.operationId}, ${name}: without ${header}`)
        }
        seen.set(call.operationId, (seen.get(call.operationId) ?? new Set()).add(status))
      }
    }
    assert.deepEqual(undescribed, [])
    const { createSecret, updateSecret, createSecretListValue } = Object.fromEntries(seen)
    assert.deepEqual([...(createSecret ?? [])].sort(), [400, 401, 406, 413, 414, 415])
    assert.deepEqual([...(updateSecret ?? [])].sort(), [400, 401, 406, 413, 414, 415])
    assert.ok(createSecretListValue?.has(422))
  })

  test('has examples that work when they are sent, one after another', async (t) => {
    const { api, calls } = await start(t)
    const isForKeys = ({ security }: Call) => security.some((one) => 'bearer' in one)
    // What needs more than an example: a token, a provider, another version of the key.
    const others = [
      'tradeToken',
      'getSso',
      'setSso',
      'getCustomerKey',
      'setCustomerKey',
      'rotateAccountKey',
      'retryDelivery',
    ]
    const order = ['POST', 'PUT', 'PATCH', 'GET', 'DELETE']
    const sent = calls
      .filter((call) => isForKeys(call) && !others.includes(call.operationId))
      .sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method))
    const kept = sent.filter(({ method }) => method !== 'DELETE')
    await api.post('/v3/secrets', { name: 'other', value: 'v' })
    await api.post('/v3/environments', { name: 'staging' })
    await api.put('/v3/settings', { recovery_days: 7 })
    await api.post('/v3/secrets', { name: 'gone', value: 'v' })
    await api.delete('/v3/secrets/2')
    // Its API key, its trust rule and so on are made by the examples themselves, each with the id 1; the key that asks is 1, and
    // so is the environment that is always there.
    const idOf = ({ path }: Call) => (/^\/v3\/(keys|lists|environments)/.test(path) ? '2' : '1')
    const failed: string[] = []
    const rank = ({ path }: Call) => (path.endsWith('/delete') ? 2 : Number(path.includes('{')))
    for (const call of [...kept].sort((a, b) => rank(a) - rank(b))) {
      const media = Object.entries(call.requestBody?.content ?? {})[0]
      const example = media?.[1].example
      if (media !== undefined && example === undefined) failed.push(`${call.operationId} has no example`)
      const path = call.path.replaceAll(/\{\w+\}/g, idOf(call))
      const type: Record<string, string> = media === undefined ? {} : { 'content-type': media[0] }
      const { status, text, headers } = await api.send(call.method, path, example, type)
      if (status >= 300) failed.push(`${call.operationId} ${path}: ${status} ${text}`)
      for (const [header, { required }] of Object.entries(call.responses[status]?.headers ?? {})) {
        if (required === true && !headers.has(header)) failed.push(`${call.operationId} ${path}: without ${header}`)
      }
    }
    assert.deepEqual(failed, [])
  })

  test('shows names and patterns as code, so that Markdown takes nothing from them', async (t) => {
    const { body } = await start(t)
    const bare = descriptionsOf(body).filter((one) => /[*_]/.test(one.replaceAll(/`[^`]*`/g, '')))

    assert.deepEqual(bare, [])
    const { name } = body.components.schemas.NewSecret.properties
    assert.match(name.description, /letters, digits, "`_`", /)
  })

  test('asks for the API key first as a header', async (t) => {
    const { body, calls } = await start(t)

    assert.deepEqual(body.security, [{ bearer: [] }])
    const others = calls.filter(
      ({ security }) => security.some((one) => 'query' in one) && !('bearer' in (security[0] ?? {})),
    )
    assert.deepEqual(others, [])
  })

  test('offers no example that narrows what is listed', async (t) => {
    const { calls } = await start(t)
    const examples = calls.flatMap(({ operationId, parameters = [] }) =>
      parameters
        .filter(
          (one) => one.in === 'query' && ('example' in one || 'examples' in one || 'default' in Object(one)['schema']),
        )
        .map(({ name }) => `${operationId} ${name}`),
    )
    assert.deepEqual(examples, [])
  })
})
