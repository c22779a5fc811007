/** What keeps the Vault API to what the key may see, by every route that it has; and what it does with anything that is sent. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { vaultRoutes } from '../../src/http/routes/vault-api/all.ts'
import { type Answer, Api } from '../support/api.ts'
import { rounds } from '../support/chance.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { startServer } from '../support/server.ts'

/** The routes that lead to secrets, or folders, by a name. */
const naming = vaultRoutes.filter(({ path }) => path.startsWith('/:mount/') && path.endsWith('/*'))
const patchType = { 'content-type': 'application/merge-patch+json' }
/** Good for every route: whatever one does not know is left out. */
const body = { data: { v: 'mine' }, versions: [1], custom_metadata: { description: 'mine' } }

function ask(by: Api, { method, path }: (typeof naming)[number], mount: string, name: string): Promise<Answer> {
  const url = `/v1${path.replace(':mount', mount).replace('*', name)}`
  const isSent = method === 'POST' || method === 'PATCH'
  return by.send(method, url, isSent ? body : undefined, method === 'PATCH' ? patchType : {})
}

/** All of an answer but what tells one request from the next. */
function comparable({ status, headers, text }: Answer) {
  const kept = [...headers].filter(([name]) => !['date', 'strongroom-request-id', 'content-length'].includes(name))
  return [status, kept, text.replace(/"request_id":"[^"]*"/, '').replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"<time>"')]
}

async function start(t: TestContext, engine: TestEngine) {
  const server = await startServer(t, engine, { isVaultApiServed: true })
  await server.api.post('/v3/environments', { name: 'prod' })
  return server
}

/** A secret for each route, below a folder. */
async function makeNamed(by: Api, mount = 'secret'): Promise<void> {
  for (const [at] of naming.entries()) {
    const { status, text } = await by.post(`/v1/${mount}/data/theirs-${at}/leaf`, { data: { v: 'theirs' } })
    assert.equal(status, 200, text)
  }
}

for (const engine of engines) {
  suite(`${engine.name}: by every route of the Vault API`, { skip: engine.skip }, () => {
    test('what is another account’s is as what never was', async (t) => {
      const { api, otherAccount } = await start(t, engine)
      const other = await otherAccount()
      await makeNamed(other)
      const before = (await other.get('/v3/secrets')).text
      assert.ok(naming.length >= 12, String(naming.length))
      for (const [at, route] of naming.entries()) {
        for (const part of ['', '/leaf']) {
          const [foreign, absent] = [
            await ask(api, route, 'secret', `theirs-${at}${part}`),
            await ask(api, route, 'secret', `absent-${at}${part}`),
          ]
          assert.deepEqual(comparable(foreign), comparable(absent), `${route.method} ${route.path}`)
        }
      }
      assert.equal((await other.get('/v3/secrets')).text, before)
    })

    test('what is in an environment that the key does not see is as what is in none', async (t) => {
      const { api, withScopes } = await start(t, engine)
      await makeNamed(api, 'prod')
      const before = (await api.get('/v3/secrets', { 'strongroom-environment': 'prod' })).text
      const bound = await withScopes(
        ...['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete'].map((right) => `${right}@default`),
      )
      for (const [at, route] of naming.entries()) {
        const [hidden, absent] = [
          await ask(bound, route, 'prod', `theirs-${at}/leaf`),
          await ask(bound, route, 'nowhere', `theirs-${at}/leaf`),
        ]
        assert.deepEqual(comparable(hidden), comparable(absent), `${route.method} ${route.path}`)
        assert.notEqual(hidden.status, 200, `${route.method} ${route.path}`)
      }
      assert.equal((await api.get('/v3/secrets', { 'strongroom-environment': 'prod' })).text, before)
    })

    test('what the key has no name of is as what never was, and stays as it is', async (t) => {
      const { api, withScopes } = await start(t, engine)
      await makeNamed(api)
      const before = (await api.get('/v3/secrets')).text
      const narrow = await withScopes(
        ...['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete'].map((right) => `${right}:own/*`),
      )
      for (const [at, route] of naming.entries()) {
        const [hidden, absent] = [
          await ask(narrow, route, 'secret', `theirs-${at}/leaf`),
          await ask(narrow, route, 'secret', `absent-${at}/leaf`),
        ]
        assert.deepEqual(comparable(hidden), comparable(absent), `${route.method} ${route.path}`)
      }
      assert.equal((await api.get('/v3/secrets')).text, before)
    })
  })
}

const [sqlite] = engines
assert.ok(sqlite)

suite('Whatever is sent to the Vault API', () => {
  test('is answered in its form, without an echo, and reaches nothing that it does not name', async (t) => {
    const { api, url } = await start(t, sqlite)
    await api.post('/v1/secret/data/kept', { data: { v: 'kept' } })
    const marker = 'ECHO-4711'
    const text = fc.oneof(fc.string({ unit: anyCharacter, maxLength: 12 }), fc.constant(marker))
    const field = fc.constantFrom(
      'data',
      'options',
      'cas',
      'versions',
      'custom_metadata',
      'token',
      'role_id',
      'jwt',
      'paths',
    )
    const json = fc.oneof(
      fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }).map((one) => JSON.stringify(one)),
      fc.dictionary(field, text, { maxKeys: 4 }).map((one) => JSON.stringify(one)),
      text,
      fc.constant(`{"data":{"${marker}":`),
    )
    const segment = fc
      .oneof(text, fc.constantFrom('..', '.', '', '%2e%2e', 'a/b', '%00', '%ff'))
      .map((one) => (/^%[0-9a-f]{2}/.test(one) ? one : encodeURIComponent(one)))
    const header = fc.constantFrom('', '60', '0', '-1', `${marker}`, '9'.repeat(30), '1h', '1e3')
    const key = fc.constantFrom(api.key, api.key, api.key, '', 's.none')
    // What ends the key itself is tried elsewhere.
    const routes = vaultRoutes.filter(({ path }) => path !== '/auth/token/revoke-self')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        segment,
        segment,
        json,
        header,
        key,
        async (route, a, b, sent, ttl, as) => {
          const path = `/v1${route.path.replace(':mount', 'secret').replace('*', `x${a}/${b}`)}`
          const isSent = route.method === 'POST' || route.method === 'PATCH'
          const headers = { 'x-vault-wrap-ttl': ttl, ...(route.method === 'PATCH' ? patchType : {}) }
          const answer = await new Api(url, as).send(route.method, path, isSent ? sent : undefined, headers)
          const what = `${route.method} ${path} ${sent}: ${answer.status} ${answer.text}`
          assert.ok(answer.status < 500, what)
          if (answer.status === 204) return
          assert.ok(typeof answer.body === 'object' && answer.body !== null, what)
          if (answer.status < 300) return
          assert.ok(Array.isArray(answer.body.errors), what)
          // But for the path of what there is no route for, which the real server repeats.
          const said = answer.body.errors.filter((one: string) => !/no handler for route|preflight/.test(one)).join()
          assert.ok(!said.includes(marker), what)
        },
      ),
      { numRuns: rounds(150, 3000) },
    )
    assert.equal((await api.get('/v1/secret/data/kept')).body.data.data.v, 'kept')
  })
})
