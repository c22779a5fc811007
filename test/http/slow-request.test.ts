/** A request that does not end: given up on, in a file of its own because that takes its time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engines } from '../support/engines.ts'
import { sendRaw } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines

test('headers or a body that never end are given up on, and the server goes on', async (t) => {
  assert.ok(sqlite)
  const { url, api } = await startServer(t, sqlite)
  const head = `POST /v3/secrets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\n`

  const answers = await Promise.all([
    sendRaw(url, head),
    sendRaw(url, `${head}Content-Type: application/json\r\nContent-Length: 40\r\n\r\n{"name"`),
  ])

  for (const { status, isClosed } of answers) assert.deepEqual([status, isClosed], [408, true])
  assert.deepEqual((await api.get('/v3/secrets')).body.secrets, [])
})
