/** Ports for programs that tests start, end and start again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort, portsOfConnections } from './support/free-port.ts'

test('A port that is free stays free while nobody listens on it: no connection is given one of those', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort))

  for (const port of ports) assert.ok(port > 1024 && port < portsOfConnections(), String(port))
})
