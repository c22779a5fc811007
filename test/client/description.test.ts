/** The client is written from the routes, and held against the API's own description: every operation, every field. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { serverCodes } from '../../src/client/errors.ts'
import { type Operation, type Sent, Strongroom, session, tradeToken } from '../../src/client/index.ts'
import { operations } from '../../src/client/operations.ts'
import { statusOf } from '../../src/http/problem.ts'
import { compile } from '../support/compiler.ts'
import { whole } from '../support/description.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const root = join(import.meta.dirname, '..', '..')
const [sqlite] = engines

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly (string | null)[]
  readonly const?: string
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly required?: readonly string[]
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

interface Described {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Description = { readonly paths: Record<string, Record<string, Described>> }

suite('The client and the description of the API', () => {
  test('know the same operations', async (t) => {
    const description = await describe(t)

    assert.deepEqual(Object.keys(operations).sort(), operationsOf(description).sort())
  })

  test('know the same codes', () => {
    assert.deepEqual([...serverCodes].sort(), Object.keys(statusOf).sort())
  })

  test('are written of the same definitions, which the client has as they are', () => {
    execFileSync(process.execPath, [join(root, 'scripts/client.ts'), '--check'], { stdio: 'pipe' })
  })

  test('agree on every operation, which can be called by its name', async (t) => {
    const described = operationsOf(await describe(t))
    const sent = new Set<string>()
    const client = new Strongroom({ url: 'https://strongroom.example', apiKey: session, fetch: recording(sent) })

    const nothing: Sent<Operation> = {}
    const ids = { ...nothing, ...{ id: 11, version: 12, secret: 13, delivery: 14, name: 'a/b' } }
    for (const operation of Object.keys(operations).filter(isOperation)) {
      await assert.rejects(client.call(operation, ids))
    }

    assert.deepEqual([...sent].sort(), described.sort())
  })

  test('agree on what the methods send', async (t) => {
    const description = await describe(t)
    const sent = new Set<string>()
    const fetch = recording(sent)
    const client = new Strongroom({
      url: 'https://strongroom.example',
      apiKey: 'sr_x',
      fetch,
    })
    const { secrets, lists, machines, settings, keys, audit } = client

    const newKey = { name: '', scopes: [] }
    await Promise.allSettled([
      secrets.page(),
      secrets.get(11),
      secrets.create({ name: '', value: '' }),
      secrets.update(11, { value: '' }),
      secrets.delete(11),
      secrets.versions(11),
      secrets.version(11, 12),
      secrets.restore(11, 12),
      Array.fromAsync(keys.list()),
      keys.self(),
      keys.revokeSelf(),
      keys.get(11),
      keys.create(newKey),
      keys.rotate(11),
      keys.revoke(11),
      keys.made(11),
      audit.page(),
      audit.activity(),
      audit.verify(),
      client.account.get(),
      client.account.rotateKeyPart(2),
      secrets.getByName('a/b'),
      secrets.getMany(['a/b']),
      secrets.putByName('a/b', { value: '' }),
      secrets.metadata(11),
      Array.fromAsync(secrets.listMetadata()),
      secrets.updateMetadata(11, {}),
      Array.fromAsync(lists.list()),
      lists.get(11),
      lists.create({ name: '' }),
      lists.rename(11, ''),
      lists.delete(11),
      Array.fromAsync(lists.secrets(11)),
      lists.move(11, 13),
      Array.fromAsync(machines.list()),
      machines.get(11),
      machines.create({ name: '', addresses: [] }),
      machines.delete(11),
      client.render({ template: '' }),
      client.fingerprints(),
      client.environments.list(),
      client.environments.get(11),
      client.environments.create({ name: '' }),
      client.environments.update(11, {}),
      client.environments.delete(11),
      Array.fromAsync(client.environments.compare(['a', 'b'])),
      client.environments.copy({ from: '', to: '', names: [] }),
      Array.fromAsync(client.seeds.list()),
      client.seeds.get(11),
      client.seeds.create({ user_data: '', target: '' }),
      client.seeds.delete(11),
      Array.fromAsync(client.deployments.list()),
      client.deployments.ofSecret(11),
      client.deployments.delete(11),
      settings.get(),
      settings.update({ vm_auth: true }),
      Array.fromAsync(client.trustRules.list()),
      client.trustRules.get(11),
      client.trustRules.create({ name: '', issuer: '', audience: '', claims: {}, scopes: [] }),
      client.trustRules.update(11, {}),
      client.trustRules.delete(11),
      tradeToken({ url: 'https://strongroom.example', fetch }, { token: '' }),
      client.signIn.get(),
      client.signIn.update({ second_factor_required: true }),
      client.signIn.sso(),
      client.signIn.setSso({ label: '', issuer: '', client_id: '', domains: [], role: null, only: false }),
      client.signIn.removeSso(),
    ])

    assert.deepEqual(
      [...sent].filter((operation) => !operationsOf(description).includes(operation)),
      [],
    )
    // Each method one of its own: whatever has none is called by its name.
    assert.equal(sent.size, 67)
  })

  test('agree on every field: its type, and whether it may be left out', async (t) => {
    assert.deepEqual(await compare(t, await describe(t)), [])
  })

  const drifts: readonly (readonly [what: string, operation: string, (described: Described) => void])[] = [
    ['a new field of an answer', 'GET /v3/secrets/{id}', (it) => grow(answerOf(it), 'owner', true)],
    ['a lost field of an answer', 'GET /v3/keys/{id}', (it) => shrink(answerOf(it), 'networks')],
    ['a field that may be null now', 'POST /v3/secrets', (it) => loosen(answerOf(it), 'name')],
    ['a new field of a request', 'PUT /v3/secrets/{id}', (it) => grow(bodyOf(it), 'note', false)],
    ['a field that must be given now', 'POST /v3/keys', (it) => grow(bodyOf(it), 'networks', true)],
    ['a new parameter', 'GET /v3/audit', (it) => Object.assign(it.parameters ?? [], { 8: { in: 'query', name: 'x' } })],
  ]
  for (const [what, operation, drift] of drifts) {
    test(`that differ in ${what} are found out`, async (t) => {
      const description = await describe(t)
      const [method = '', path = ''] = operation.split(' ')
      drift(description.paths[path]?.[method.toLowerCase()] ?? assert.fail(operation))

      assert.deepEqual(await compare(t, description), [operation])
    })
  }
})

function isOperation(name: string): name is Operation {
  return name in operations
}

/** Notes down what is sent, with the ids of the tests by their names, and answers nothing of use. */
function recording(sent: Set<string>) {
  return async (url: string, { method }: RequestInit) => {
    const path = new URL(url).pathname
      .replace('/11', '/{id}')
      .replace('/12', '/{version}')
      .replace('/13', '/{secret}')
      .replace('/14', '/{delivery}')
      .replace('/a%2Fb', '/{name}')
    sent.add(`${method} ${path}`)
    return new Response('', { status: 418 })
  }
}

async function describe(t: TestContext): Promise<Description> {
  assert.ok(sqlite)
  const { api } = await startServer(t, sqlite)
  const { paths } = whole((await api.get('/openapi.json')).body)
  // The Lists API has clients of its own.
  return { paths: Object.fromEntries(Object.entries(paths).filter(([path]) => path.startsWith('/v3/'))) }
}

function operationsOf({ paths }: Description): string[] {
  // Of its value a secret's content is another form, which the client does not need.
  const others = Object.entries(paths).filter(([path]) => !path.endsWith('/content'))
  return others.flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, described]) =>
      isStream(described) ? [] : [`${method.toUpperCase()} ${path}`],
    ),
  )
}

/** A stream is no answer to a call: the client has a method of its own for it (`test/client/events.test.ts`). */
function isStream({ responses }: Described): boolean {
  return responses['200']?.content?.['text/event-stream'] !== undefined
}

/** The operations whose types are not the same, as the compiler sees it. */
async function compare(t: TestContext, description: Description): Promise<string[]> {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const described = operationsOf(description).map((operation) => {
    const [method = '', path = ''] = operation.split(' ')
    return `  '${operation}': ${typeOf(description.paths[path]?.[method.toLowerCase()] ?? assert.fail())}`
  })
  const lines = [
    `import type { Operations } from '${join(root, 'src/client/operations.ts')}'`,
    `interface Described {\n${described.join('\n')}\n}`,
    // Queries are texts on the way; the client takes numbers where numbers are meant.
    `type Flat<T> = T extends number | string | null ? T : T extends readonly (infer I)[] ? Flat<I>[] : { -readonly [K in keyof T]: Flat<T[K]> }`,
    `type Plain<T> = Flat<T extends { query: infer Q } ? Omit<T, 'query'> & { query: { [K in keyof Q]: string } } : T>`,
    `type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false`,
    ...operationsOf(description).map(
      (one) => `export const same${toName(one)}: Same<Plain<Operations['${one}']>, Plain<Described['${one}']>> = true`,
    ),
  ]
  writeFileSync(join(folder, 'compare.mts'), `${lines.join('\n')}\n`)
  const compilerOptions = {
    noEmit: true,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
    rootDir: '/',
  }
  const config = { extends: join(root, 'tsconfig.client.json'), compilerOptions, include: ['compare.mts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const { stdout } = await compile(folder, '--project', folder, '--pretty', 'true')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of a terminal
  const output = stdout.replaceAll(/\x1b\[[\d;]*m/g, '')
  const wrong = operationsOf(description).filter((one) => output.includes(`same${toName(one)}:`))
  // Whatever else the compiler says is a fault of this test.
  assert.equal(output.split('error TS').length - 1, wrong.length, output)
  return wrong
}

function toName(operation: string): string {
  return `_${operation.replaceAll(/\W+/g, '_')}_`
}

/** An operation as a TypeScript type. */
function typeOf(described: Described): string {
  const inPlace = (place: string) => (described.parameters ?? []).filter((parameter) => parameter.in === place)
  const [path, query] = [inPlace('path'), inPlace('query')]
  const [ids, names] = [false, true].map((isName) => path.filter(({ name }) => (name === 'name') === isName))
  const parts = query.map(({ name, required }) => `${name}${required === true ? '' : '?'}: string`)
  return `{ ${[
    ...namesOf('ids', ids),
    ...namesOf('names', names),
    ...(parts.length === 0 ? [] : [`query: { ${parts.join('; ')} }`]),
    ...(described.requestBody === undefined ? [] : [`body: ${schemaType(bodyOf(described))}`]),
    `answer: ${answersOf(described).map(schemaType).join(' | ')}`,
  ].join('; ')} }`
}

function namesOf(what: string, parts: readonly { readonly name: string }[] = []): readonly string[] {
  return parts.length === 0 ? [] : [`${what}: ${parts.map(({ name }) => `'${name}'`).join(' | ')}`]
}

function schemaType(schema: Schema): string {
  const { type, anyOf, enum: words, const: word, items, properties, additionalProperties, required = [] } = schema
  if (words !== undefined) return words.map((one) => (one === null ? 'null' : `'${one}'`)).join(' | ')
  if (type !== undefined && typeof type !== 'string')
    return type.map((one) => schemaType({ ...schema, type: one })).join(' | ')
  if (word !== undefined) return `'${word}'`
  if (type === 'boolean') return type
  if (anyOf !== undefined) return anyOf.map(schemaType).join(' | ')
  if (type === 'integer') return 'number'
  if (type === 'string' || type === 'null') return type
  if (type === undefined && Object.keys(schema).length === 0) return 'unknown'
  if (type === 'object' && additionalProperties === true && Object.keys(properties ?? {}).length === 0) {
    return 'Record<string, unknown>'
  }
  if (type === 'object' && typeof additionalProperties === 'object') {
    return `Record<string, ${schemaType(additionalProperties)}>`
  }
  if (type === 'array' && items !== undefined) return `(${schemaType(items)})[]`
  if (type !== 'object' || properties === undefined)
    throw new Error(`A schema of type ${type} is new: ${JSON.stringify(schema)}`)
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${name}${required.includes(name) ? '' : '?'}: ${schemaType(schema)}`,
  )
  return `{ ${fields.join('; ')} }`
}

function answersOf({ responses }: Described): readonly Schema[] {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const schemas = successes.map(([, { content }]) => content?.['application/json']?.schema ?? assert.fail('No JSON.'))
  return schemas.flatMap((schema) => schema.anyOf ?? schema).filter((schema) => !isMadeBefore(schema))
}

/** What a repeated request is answered in place of a token: the client throws it as `AlreadyMade`. */
function isMadeBefore({ properties = {} }: Schema): boolean {
  return Object.keys(properties).join() === 'id,message'
}

function answerOf(described: Described): Schema {
  return answersOf(described)[0] ?? assert.fail('No success is described.')
}

function bodyOf({ requestBody }: Described): Schema {
  return requestBody?.content['application/json']?.schema ?? assert.fail('No body is described.')
}

function grow({ properties, required = [] }: Schema, name: string, isRequired: boolean): void {
  Object.assign(properties ?? assert.fail(), { [name]: properties?.[name] ?? { type: 'string' } })
  if (isRequired) Object.assign(required, { [required.length]: name })
}

function shrink({ properties }: Schema, name: string): void {
  Reflect.deleteProperty(properties ?? assert.fail(), name)
}

function loosen({ properties }: Schema, name: string): void {
  Object.assign(properties ?? assert.fail(), { [name]: { anyOf: [{ type: 'string' }, { type: 'null' }] } })
}
