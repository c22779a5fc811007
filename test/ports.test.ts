/** Ports for programs that tests start, end and start again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort, portsOfConnections } from './support/free-port.ts'

/** Where the system gives nearly every port to connections, there is none that it does not. */
const skip = portsOfConnections() < 12_000 && 'The system takes ports of connections from all.'

test('A port that is free stays free while nobody listens on it: no connection is given one of those', {
  skip,
}, async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort))

  for (const port of ports) assert.ok(port > 1024 && port < portsOfConnections(), String(port))
})
