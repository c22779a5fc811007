/** The right that each route says it needs is the one that the store asks for. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Route } from '../../src/http/route.ts'
import { routes } from '../../src/http/routes/all.ts'
import { type Right, rights } from '../../src/model/scope.ts'
import type { Answer, Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

/** Those of which a route says that one will do; none where it needs none. */
function rightsOf({ scope }: Route): readonly Right[] {
  const named = typeof scope === 'string' ? [scope] : scope
  return rights.filter((right) => named.includes(right))
}

/** Bodies of those whose schema has no example. */
const bodies: Readonly<Record<string, unknown>> = {
  setSso: { label: 'a', issuer: 'https://login.example', client_id: 'b', domains: [], role: null, only: false },
}

/** With the example of its body, in the first of what it may be about. */
function ask(api: Api, { method, path, operationId, schemas: { body } }: Route): Promise<Answer> {
  const { examples = [bodies[operationId]] } = body.kind === 'json' ? { ...body.schema } : {}
  const [example] = [examples].flat()
  return api.send(method, path.replace(/:\w+/g, '1'), body.kind === 'bytes' ? 'x' : example)
}

for (const engine of engines) {
  suite(`${engine.name}: a route`, { skip: engine.skip }, () => {
    test('refuses whoever has every right but the one that it says it needs, and names that one', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'one', value: 'v' })
      const needing = routes.filter((route) => rightsOf(route).length > 0)
      assert.ok(needing.length > 50)

      const wrong: string[] = []
      for (const route of needing) {
        const needed = rightsOf(route)
        const api = await server.withScopes(...rights.filter((right) => !needed.includes(right)))
        const { status, text } = await ask(api, route)
        const isNamed = needed.some((right) => text.includes(`lacks the scope ${right} `))
        if (status !== 403 || !isNamed) wrong.push(`${route.method} ${route.path}: ${text}`)
      }

      assert.deepEqual(wrong, [])
    })
  })
}
