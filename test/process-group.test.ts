/** A run of the tests that is ended before its time: nothing that it started is left. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { makeFolder } from './support/engines.ts'

const scripts = join(import.meta.dirname, '../scripts')
/** A server that is left stays longer, and not for ever. */
const timeout = 90_000

/** Says at which port it listens, in a file. */
const server = `
setTimeout(() => process.exit(), ${2 * timeout})
const { appendFileSync } = require('node:fs')
require('node:net').createServer().listen(0, '127.0.0.1', function () { appendFileSync(process.env.PORTS, this.address().port + ' ') })`

/** Starts servers, and stands still. */
const still = (...groups: readonly ('its own' | 'that of the test')[]) => `
import { spawn } from 'node:child_process'
for (const group of ${JSON.stringify(groups)}) {
  spawn(process.execPath, ['-e', ${JSON.stringify(server)}], { stdio: 'ignore', detached: group === 'its own' })
}
await new Promise((resolve) => setTimeout(resolve, ${2 * timeout}))`

suite('A run of the tests', () => {
  test('that is told to end leaves none of their servers', { timeout }, async (t) => {
    const { run, ports } = await start(t, 2, (folder) => {
      const file = join(folder, 'still.test.mjs')
      writeFileSync(file, still('that of the test', 'its own'))
      return [join(scripts, 'test.ts'), file]
    })

    run.kill('SIGTERM')
    await once(run, 'exit')

    for (const port of ports) await untilGone(port)
  })

  test('that is killed leaves none of their servers in its group', { timeout }, async (t) => {
    const { run, ports } = await start(t, 1, (folder) => {
      const [program, outer] = [join(folder, 'still.mjs'), join(folder, 'outer.mjs')]
      writeFileSync(program, still('that of the test'))
      const group = JSON.stringify(join(scripts, 'process-group.ts'))
      const starting = `startGroup([${JSON.stringify(program)}], process.env)`
      writeFileSync(outer, `import { startGroup } from ${group}\nawait ${starting}.ended\n`)
      return [outer]
    })

    run.kill('SIGKILL')

    for (const port of ports) await untilGone(port)
  })
})

/** Starts a run, and waits until its servers listen. */
async function start(t: TestContext, servers: number, parameters: (folder: string) => readonly string[]) {
  const folder = makeFolder()
  const path = join(folder, 'ports')
  // A run within a run of the test runner would report to the outer one.
  const { NODE_TEST_CONTEXT: _, STRONGROOM_TEST_COSTS: __, ...env } = process.env
  const run = spawn(process.execPath, parameters(folder), { env: { ...env, PORTS: path }, stdio: 'pipe' })
  let text = ''
  for (const stream of [run.stdout, run.stderr]) {
    stream.on('data', (data: Buffer) => (text += data))
    // What is left of it has it too.
    t.after(() => stream.destroy())
  }
  t.after(() => void run.kill())
  const listening = () => (existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').map(Number) : [])
  while (listening().length < servers) {
    assert.ok(run.exitCode === null && run.signalCode === null, text)
    await setTimeout(20)
  }
  return { run, ports: listening() }
}

/** Until nobody listens there. */
async function untilGone(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (!isThere) return
    await setTimeout(50)
  }
}
