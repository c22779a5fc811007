/** What a key may do, against an oracle that knows the rule and none of the code. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Api } from '../support/api.ts'
import { rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { startServer, type TestServer } from '../support/server.ts'

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

    async function startWithSecrets(t: Parameters<typeof startServer>[0]): Promise<TestServer> {
      const server = await startServer(t, engine)
      for (const name of names) await server.api.post('/v3/secrets', { name, value: 'v' })
      return server
    }
  })
}
