/** What a key may do, against an oracle that knows the rule and none of the code. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { routes } from '../../src/http/routes/all.ts'
import { secretListRoutes } from '../../src/http/routes/secret-lists/all.ts'
import { startAccount } from '../support/account.ts'
import type { Api } from '../support/api.ts'
import { bodyOf, pathWith } from '../support/calls.ts'
import { rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** What takes others away comes last. */
const isLast = ({ method, path }: { method: string; path: string }) => method === 'DELETE' || path.endsWith('/delete')

const runs = rounds(40, 400)
const names = ['prod-db', 'prod-web', 'test-db']
const rights = [
  ...['secrets:list', 'secrets:read', 'secrets:scan', 'secrets:write', 'secrets:delete', 'keys:manage', 'audit:read'],
]
const patterns = ['', ':*', ':prod-*', ':*-db', ':test-db', ':none']

interface Operation {
  readonly right: string
  /** The secret that it is about. */
  readonly name?: string
  /** How it is recognised to have been let through. */
  readonly ok: number
  ask(api: Api): Promise<{ status: number; text: string }>
}

/** Every operation on every secret; what they change is made good by `repair`. */
const operations: readonly Operation[] = [
  ...names.flatMap((name, at) => [
    { right: 'secrets:read', name, ok: 200, ask: (api: Api) => api.get(`/v3/secrets/${at + 1}`) },
    { right: 'secrets:write', name, ok: 200, ask: (api: Api) => api.put(`/v3/secrets/${at + 1}`, { value: 'n' }) },
    // Held back by its condition when it is allowed: the secret must be there for the next one.
    {
      right: 'secrets:delete',
      name,
      ok: 412,
      ask: (api: Api) => api.delete(`/v3/secrets/${at + 1}`, { 'if-match': '"0"' }),
    },
  ]),
  { right: 'secrets:list', ok: 200, ask: (api) => api.get('/v3/secrets') },
  { right: 'secrets:scan', ok: 200, ask: (api) => api.post('/v3/fingerprints', {}) },
  { right: 'keys:manage', ok: 200, ask: (api) => api.get('/v3/keys') },
  { right: 'audit:read', ok: 200, ask: (api) => api.get('/v3/audit?limit=1') },
]

/** Brute force: tries every way to fill the stars. */
function matches(pattern: string, name: string): boolean {
  if (pattern === '' || name === '') return pattern.replaceAll('*', '') === name
  if (pattern[0] === '*') return matches(pattern.slice(1), name) || matches(pattern, name.slice(1))
  return pattern[0] === name[0] && matches(pattern.slice(1), name.slice(1))
}

function holds(scopes: readonly string[], right: string, name?: string): boolean {
  return scopes.some((scope) => {
    const [group = '', verb = '', pattern = '*'] = scope.split(':')
    const isEnough = `${group}:${verb}` === right || (right === 'secrets:scan' && scope.startsWith('secrets:read'))
    return isEnough && (name === undefined || matches(pattern, name))
  })
}

/** The rule: the right for the name; else 403, or 404 where even existence is not the caller's to know. */
function expected(scopes: readonly string[], { right, name, ok }: Operation): number {
  if (!holds(scopes, right)) return 403
  if (name === undefined || holds(scopes, right, name)) return ok
  return holds(scopes, 'secrets:list', name) ? 403 : 404
}

for (const engine of engines) {
  suite(`${engine.name}: scopes`, { skip: engine.skip }, () => {
    test('decide every operation as the oracle does', async (t) => {
      const server = await startWithSecrets(t)
      const scope = fc.tuple(fc.constantFrom(...rights), fc.constantFrom(...patterns)).map((parts) => parts.join(''))

      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(scope, { minLength: 1, maxLength: 5 }), async (scopes) => {
          const api = await server.withScopes(...scopes)
          for (const operation of operations) {
            const { status, text } = await operation.ask(api)
            assert.equal(status, expected(scopes, operation), `${operation.right} ${operation.name}: ${text}`)
            if (status === 403) assert.ok(text.includes(`lacks the scope ${operation.right}`), text)
          }
        }),
        { numRuns: runs },
      )
    })

    test('decide which names may be created', async (t) => {
      const { withScopes } = await startWithSecrets(t)
      const api = await withScopes('secrets:write:new-*')

      assert.equal((await api.post('/v3/secrets', { name: 'new-one', value: 'v' })).status, 201)
      const refused = await api.post('/v3/secrets', { name: 'old-one', value: 'v' })
      assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden'])
      // Not even whether the name is taken.
      assert.equal((await api.post('/v3/secrets', { name: 'prod-db', value: 'v' })).status, 403)
    })

    test('of a key that has none for secrets tell it nothing of any id', async (t) => {
      const { withScopes } = await startWithSecrets(t)
      const api = await withScopes('keys:manage')

      const [there, absent] = [await api.get('/v3/secrets/1'), await api.get('/v3/secrets/99')]
      const withoutId = (text: string) => text.replace(/"request_id":"[^"]*"/, '')
      assert.deepEqual([there.status, withoutId(there.text)], [absent.status, withoutId(absent.text)])
    })

    test('to write show no more of a secret or a list than was said, by any route', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const own = await withScopes('secrets:write', 'secrets:delete')
      const { expires_at, ...details } = {
        ...{ description: 'told-description', tags: ['told-tag'], filename: 'told-name' },
        expires_at: '2031-02-03T00:00:00Z',
      }
      await api.post('/v3/lists', { name: 'told-list' })
      for (const name of ['one', 'two', 'three'])
        await api.post('/v3/secrets', {
          ...{ name, type: 'file', value: Buffer.from('told-value').toString('base64'), list: 'told-list' },
          ...{ ...details, expires_at },
        })
      const changing = [...routes, ...secretListRoutes].filter(({ method }) => method !== 'GET')
      const known = /told-|dG9sZC12YWx1ZQ|2031-02/

      assert.match((await api.get('/v3/secrets/1/metadata')).text, known)
      let changed = 0
      for (const route of changing.toSorted((a, b) => Number(isLast(a)) - Number(isLast(b)))) {
        if (route.operationId === 'revokeOwnKey') continue
        for (const body of [{}, bodyOf(route)]) {
          const { status, text, headers } = await own.send(route.method, pathWith(route, 1), body)
          if (status < 300) changed++
          assert.doesNotMatch(text, known, route.operationId)
          assert.doesNotMatch([...headers].join(), known, route.operationId)
        }
      }
      assert.ok(changed > 15, String(changed))
    })

    test('to write, and not to list, are answered after a change of what is known with id, name and time', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'v', description: 'of the shop' })
      const own = await withScopes('secrets:write', 'secrets:list:other-*')

      const changed = await own.send('PATCH', '/v3/secrets/1/metadata', { tags: ['a'] })

      const { updated_at } = (await api.get('/v3/secrets/1/metadata')).body
      assert.deepEqual(changed.body, { id: 1, name: 'db', updated_at })
      assert.equal(changed.headers.get('etag'), null)
      const full = await api.send('PATCH', '/v3/secrets/1/metadata', {})
      assert.deepEqual([full.body.description, full.body.tags], ['of the shop', ['a']])
      assert.notEqual(full.headers.get('etag'), null)
      const writer = await withScopes('secrets:write')
      const renamed = await writer.put('/v3/lists/1', { name: 'web' })
      assert.deepEqual(Object.keys(renamed.body).sort(), ['id', 'name', 'updated_at'])
      assert.deepEqual((await writer.put('/v3/lists/1/secrets/1', undefined)).body, {
        id: 1,
        name: 'db',
        list: { id: 1 },
      })
      assert.equal((await api.put('/v3/lists/1/secrets/1', undefined)).body.list.name, 'web')
    })

    async function startWithSecrets(t: Parameters<typeof startServer>[0]): Promise<TestServer> {
      const server = await startServer(t, engine)
      for (const name of names) await server.api.post('/v3/secrets', { name, value: 'v' })
      return server
    }
  })
}
