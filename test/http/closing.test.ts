/** A server that stops: who is connected is answered, though it has not got to them yet. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

/** Connects when it may, and asks once the server may go on: it stands still until all are connected. */
const program = `
const { connect } = require('node:net')
const { parentPort, workerData: { port, clients, connected } } = require('node:worker_threads')
const line = 'GET /v3/secrets HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n'
const ask = () => new Promise((resolve) => {
  let text = ''
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(line)
    Atomics.add(connected, 0, 1)
    Atomics.notify(connected, 0)
  })
  socket.on('data', (data) => {
    text += data
    if (text.includes('}')) socket.destroy()
  })
  socket.on('error', ({ code }) => resolve(code))
  socket.on('close', () => resolve(text.split('\\r\\n')[0]))
})
Atomics.wait(connected, 1, 0)
Promise.all(Array.from({ length: clients }, ask)).then((answers) => parentPort.postMessage(answers))
`

const clients = 5

suite('A server that stops', () => {
  test('answers who was connected when it was told to, and the system had not shown to it', async (t) => {
    const [engine] = engines
    assert.ok(engine)
    const { server, connect, answers } = await startWithClients(t, engine)

    connect()
    await server.stop()

    assert.deepEqual(await answers, Array(clients).fill('HTTP/1.1 401 Unauthorized'))
  })

  test('answers who is connected while it has something else to do, after it has looked for the last time', async (t) => {
    const [engine] = engines
    assert.ok(engine)
    const { server, connect, answers } = await startWithClients(t, engine)

    // Before its own of the second turn.
    setImmediate(() => setImmediate(connect))
    await server.stop()

    assert.deepEqual(await answers, Array(clients).fill('HTTP/1.1 401 Unauthorized'))
  })
})

/** With what has clients connect, while this process stands still. */
async function startWithClients(t: TestContext, engine: TestEngine) {
  const server = await startServer(t, engine)
  // What is made for the first request is there then.
  assert.equal((await server.api.get('/v3/secrets')).status, 200)
  const connected = new Int32Array(new SharedArrayBuffer(8))
  const workerData = { port: Number(new URL(server.url).port), clients, connected }
  const worker = new Worker(program, { eval: true, workerData })
  t.after(() => worker.terminate())
  const answers = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const connect = () => {
    Atomics.store(connected, 1, 1)
    Atomics.notify(connected, 1)
    for (let count = 0; count < clients; count = Atomics.load(connected, 0)) {
      assert.notEqual(Atomics.wait(connected, 0, count, 60_000), 'timed-out')
    }
  }
  return { server, connect, answers }
}
