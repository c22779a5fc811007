/** The definitions of the routes, and what is derived of them: who may ask, 405, and that no part of one is forgotten. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { METHODS } from 'node:http'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { Facts, Method } from '../../src/http/route.ts'
import { routes } from '../../src/http/routes/all.ts'
import { openRoutes } from '../../src/http/routes/open/all.ts'
import { secretListRoutes } from '../../src/http/routes/secret-lists/all.ts'
import { type Right, rights } from '../../src/model/scope.ts'
import { ask } from '../support/api.ts'
import { bodyOf, pathWith } from '../support/calls.ts'
import { compile } from '../support/compiler.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { copyTree, writeSettings } from '../support/tree.ts'

const root = join(import.meta.dirname, '..', '..')
const [sqlite] = engines
/** What no server is asked for by these names: a tunnel, and an echo. */
const unsent = ['CONNECT', 'TRACE']
const every = [...routes, ...secretListRoutes]

/** The rights of which a route needs one; none where it is not about rights. */
function rightsOf({ scope }: Facts): readonly Right[] {
  return rights.filter((right) => (typeof scope === 'string' ? [scope] : scope).some((one) => one === right))
}

suite('A route', () => {
  test('is refused to whoever lacks its right, and to nobody who has that alone', async (t) => {
    assert.ok(sqlite)
    const { withScopes } = await startServer(t, sqlite)
    const wrong: string[] = []
    for (const route of every.filter((one) => rightsOf(one).length > 0)) {
      const needed = rightsOf(route)
      const others = await withScopes(...rights.filter((right) => !needed.includes(right)))
      const own = await withScopes(...needed)
      const send = (api: typeof own) => api.send(route.method, pathWith(route, 77), bodyOf(route))
      const [without, having] = [await send(others), await send(own)]
      const isLacking = (text: string) => needed.some((right) => text.includes(`lacks the scope ${right}`))
      if (without.status !== 403 || !isLacking(without.text))
        wrong.push(`${route.operationId} without: ${without.text}`)
      if (having.status === 401 || isLacking(having.text)) wrong.push(`${route.operationId} with: ${having.text}`)
    }
    assert.deepEqual(wrong, [])
  })

  test('of v3 takes an API key in the query wherever it takes one at all', async (t) => {
    assert.ok(sqlite)
    const { url, api } = await startServer(t, sqlite)
    const ofKeys = routes.filter(({ scope }) => !['open', 'portal', 'session'].includes(String(scope)))

    const lacking = ofKeys.filter(({ schemas: { query } }) => !('key' in Object(Object(query).properties)))
    const copy = JSON.stringify({ from: 'absent', to: 'default', names: ['a'] })
    const headers = { 'content-type': 'application/json' }
    const asked = await fetch(`${url}/v3/copy?key=${api.key}`, { method: 'POST', headers, body: copy })

    assert.deepEqual(
      lacking.map(({ operationId }) => operationId),
      [],
    )
    assert.equal(asked.status, 404)
  })

  test('of people is none for an API key, however much it may', async (t) => {
    assert.ok(sqlite)
    const { api } = await startServer(t, sqlite)

    for (const route of routes.filter(({ scope }) => scope === 'session' || scope === 'portal')) {
      const { status } = await api.send(route.method, pathWith(route, 77), bodyOf(route))
      assert.ok([403, 404].includes(status), `${route.operationId}: ${status}`)
    }
  })

  test('is not answered without a key, unless it is open to anybody or to the portal', async (t) => {
    assert.ok(sqlite)
    const { url } = await startServer(t, sqlite)

    for (const route of every) {
      const isOpen = route.scope === 'open' || route.scope === 'portal'
      const { status } = await ask(url + pathWith(route, 77), route.method, {})
      assert.equal(status === 401, !isOpen, `${route.operationId}: ${status}`)
    }
  })

  test('leaves every method but those of its path to 405, which names these', async (t) => {
    assert.ok(sqlite)
    const { api } = await startServer(t, sqlite)
    const byPath = Map.groupBy(every, (route) => pathWith(route, 77))

    for (const [path, those] of byPath) {
      const methods: readonly Method[] = those.map(({ method }) => method)
      const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).sort()
      for (const method of METHODS.filter((one) => !unsent.includes(one) && !allowed.includes(one))) {
        const { status, headers } = await api.send(method, path)
        assert.deepEqual([status, headers.get('allow')?.split(', ').sort()], [405, allowed], `${method} ${path}`)
      }
    }
  })

  test('names in its path what its schema knows', () => {
    for (const { path, schemas, operationId } of every) {
      const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name)
      assert.deepEqual(Object.keys(Object(schemas.params)['properties']), named, operationId)
    }
  })

  test('that is a POST is carried out once under an Idempotency-Key, or says why not, or is here with why twice is once', () => {
    const twiceIsOnce = {
      getSecrets: 'it makes nothing',
      changeSecrets: 'what is changed so is left as it is',
      deleteSecrets: 'what is gone is gone',
      renderTemplate: 'it makes nothing',
      createFingerprints: 'it makes nothing',
      verifyAudit: 'it makes nothing',
      rotateAccountKey: 'it goes on with a rotation that is under way',
      confirmSession: 'it proves the same again',
      cancelLogin: 'it is called off once',
      showLogin: 'it makes nothing',
      confirmLogin: 'who confirmed it is told so again',
      refuseLogin: 'it is refused once, and unknown then',
      checkInvitation: 'it makes nothing',
      beginPasskeySignIn: 'nothing is kept of a challenge',
      beginTotp: 'nothing is kept of a secret until its first code',
      beginPasskey: 'nothing is kept of a challenge',
      renameSecretList: 'it is what other APIs have PUT for',
      updateSecretListValue: 'it is what other APIs have PUT for',
      restoreDeleted: 'what was restored is no longer there to be restored',
      rollBack: 'it is as it was then',
      tryChange: 'it makes nothing',
      testWebhook: 'a test more is no harm',
      retryDelivery: 'what waits to be sent is sent once',
    }
    const safe = every.filter(({ method, repeat }) => method === 'POST' && repeat === 'safe')
    assert.deepEqual(safe.map(({ operationId }) => operationId).sort(), Object.keys(twiceIsOnce).sort())
    for (const { method, headers, repeat, operationId } of every) {
      if (method !== 'POST') assert.equal(typeof repeat, 'string', operationId)
      if (headers.gives.includes('Location')) assert.equal(repeat, 'keyed', operationId)
    }
  })

  test('that makes something does not compile as one that may be repeated without a key', async () => {
    const faults = (await compiled()).filter((line) => line.includes(`/${wrong}.ts`) && / error /.test(line))

    assert.equal(faults.length, 1, faults.join('\n'))
    assert.match(faults[0] ?? '', /'"safe"' is not assignable/)
  })

  test('takes no field and no parameter that it does not know', () => {
    for (const { schemas, operationId } of routes) {
      const sent = 'schema' in schemas.body ? [schemas.body.schema, schemas.query] : [schemas.query]
      for (const schema of sent) assert.equal(Object(schema)['additionalProperties'], false, operationId)
    }
  })

  test('has an example of what it is sent', () => {
    const bare = every.filter((route) => 'schema' in route.schemas.body && bodyOf(route) === undefined)
    assert.deepEqual(
      bare.map(({ operationId }) => operationId),
      [],
    )
  })
})

suite('A route beside the APIs', () => {
  test('takes GET, HEAD where a look uses nothing up, and nothing else', async (t) => {
    assert.ok(sqlite)
    const { url } = await startServer(t, sqlite)

    for (const { path, isHeadServed } of openRoutes) {
      const allowed = isHeadServed ? ['GET', 'HEAD'] : ['GET']
      const address = url + path.replace(':token', 'none').replace('*', 'x')
      for (const method of METHODS.filter((one) => !unsent.includes(one) && !allowed.includes(one))) {
        const { status, headers } = await ask(address, method, {})
        assert.deepEqual([status, headers.get('allow')], [405, allowed.join(', ')], `${method} ${path}`)
      }
    }
  })
})

suite('A definition without any one of its fields', () => {
  test('does not compile', async () => {
    assert.ok(fields.length >= 16, fields.join())

    const lines = await compiled()

    const refused = lines.flatMap((line) => /tried\/(\w+)\.ts/.exec(line)?.[1] ?? [])
    assert.deepEqual([...new Set(refused)].filter((name) => name !== wrong).sort(), [...fields].sort())
  })
})

/** One that has everything: a path with an id, a query, a body, headers both ways. */
const text = readFileSync(join(root, 'src/http/routes/secrets.ts'), 'utf8')
const [definition = ''] = /^ {2}defineRoute\(\{\n {4}method: 'PUT',\n[\s\S]*?^ {2}\}\),$/m.exec(text) ?? []
const fields = [...definition.matchAll(/^ {4,6}(\w+):/gm)].map(([, name = '']) => name)

const wrong = 'made_as_safe'
const madeAsSafe = `
  import { Type } from 'typebox'
  import { defineRoute, noBody, noParams } from '../../route.ts'
  const facts = { method: 'POST', path: '/v3/things', operationId: 'createThing', tag: 't', summary: 's' } as const
  const schemas = { params: noParams, query: noParams, body: noBody, answers: { 201: Type.Object({}) }, refusals: [] } as const
  const rest = { description: '', scope: 'any', headers: { takes: [], gives: [] } } as const
  export const keyed = defineRoute({ ...facts, ...rest, schemas, repeat: 'keyed', use: () => async () => ({}) })
  export const safe = defineRoute({ ...facts, ...rest, schemas, repeat: 'safe', use: () => async () => ({}) })
`

let compiling: Promise<readonly string[]> | undefined

/** What the compiler says of definitions that are wrong, and of one that is not: at once, as each run of it reads all types. */
function compiled(): Promise<readonly string[]> {
  compiling ??= tryAll()
  return compiling
}

async function tryAll(): Promise<readonly string[]> {
  const folder = copyTree(['src'])
  try {
    const tried = join(folder, 'src/http/routes/tried')
    mkdirSync(tried)
    for (const field of fields) writeFileSync(join(tried, `${field}.ts`), without(field))
    writeFileSync(join(tried, 'nothing.ts'), moved(text))
    writeFileSync(join(tried, `${wrong}.ts`), madeAsSafe)
    writeSettings(folder, 'src/http/routes/tried')
    return (await compile(folder, '--noEmit')).stdout.split('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The file, its imports from one folder further up. */
function moved(source: string): string {
  return source.replaceAll(/from '(\.\.?\/)/g, (_, from: string) => `from '../${from === './' ? '' : from}`)
}

function without(field: string): string {
  const pattern = new RegExp(`^( {4,6})${field}:[\\s\\S]*?\\n(?=\\1\\w|(?!\\1) *\\})`, 'm')
  assert.match(definition, pattern)
  return moved(text.replace(definition, definition.replace(pattern, '')))
}
