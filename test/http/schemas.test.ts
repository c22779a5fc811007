/** What the server takes for granted of its own schemas, which it does not look at again when it starts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import AjvCompiler from '@fastify/ajv-compiler'
import { routes } from '../../src/http/routes/all.ts'
import { secretListRoutes } from '../../src/http/routes/secret-lists/all.ts'

test('Schemas of routes are what a schema may be', () => {
  const compile = AjvCompiler()({}, { customOptions: { keywords: ['x-described-as', 'x-about'] } })
  const parts = [...routes, ...secretListRoutes].flatMap(
    ({ method, path, schemas: { params, query, body, answers } }) =>
      [
        ...[params, query, ...(body.kind === 'json' ? [body.schema] : [])],
        ...Object.values(answers).filter((answer) => !('content' in answer)),
      ].map((schema) => ({ method, path, schema })),
  )

  for (const { method, path, schema } of parts) {
    assert.doesNotThrow(() => compile({ schema, method, url: path, httpPart: 'body' }), `${method} ${path}`)
  }
  assert.ok(parts.length > 100)
  assert.throws(() => compile({ schema: { type: 'text' }, method: 'GET', url: '/', httpPart: 'body' }), /type/)
})
