/** A server that starts: what it waits for it says, and signals that come meanwhile never end it by themselves. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { linkSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { startUnready } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'

const [sqlite] = engines

test('a server that waits for its database goes on upon SIGHUP, and ends upon SIGTERM', async (t) => {
  const dataDir = makeFolder()
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const databaseUrl = `postgres://nobody@127.0.0.1:${await freePort()}/nothing`
  const server = startUnready(t, { dataDir, databaseUrl, clear: async () => {} }, await freePort(), {})
  await server.says(/the database cannot be used yet/)

  server.process.kill('SIGHUP')
  await server.says(/files are read anew once the server is ready/)

  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null }, server.output())
})

test('a server that waits for its database says why anew once it is for another reason', async (t) => {
  const [dataDir, port] = [makeFolder(), await freePort()]
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const databaseUrl = `postgres://nobody@127.0.0.1:${port}/nothing`
  const server = startUnready(t, { dataDir, databaseUrl, clear: async () => {} }, await freePort(), {})
  await server.says(/ECONNREFUSED/)

  const breaksOff = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1')
  t.after(() => breaksOff.close())

  await server.says(/ECONNREFUSED.*the database cannot be used yet.*the database cannot be used yet/s)
  await server.end('SIGTERM')
})

test('a server whose store is open, and which does not listen yet, ends in order upon SIGTERM', async (t) => {
  const place = (await sqlite?.makeMigratedPlace()) ?? assert.fail()
  t.after(() => place.clear())
  const [folder, metrics] = [makeFolder(), await freePort()]
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const socket = await abandonedSocket(join(folder, 'api'))
  const server = startUnready(t, place, await freePort(), {
    STRONGROOM_LISTEN: `unix:${socket}`,
    STRONGROOM_METRICS_LISTEN: `127.0.0.1:${metrics}`,
  })
  // It listens for metrics first, and then waits for whoever takes the socket away.
  await answers(metrics)

  const { code, signal } = await server.end('SIGTERM')

  assert.deepEqual([code, signal], [0, null], server.output())
  assert.match(server.output(), /"msg":"stop(ped|ping)/)
})

test('a signal that is on its way while the server gets ready is heard', () => {
  const source = pathToFileURL(join(import.meta.dirname, '../../src/cli/host/signals.ts')).href
  const program = `
    import { ServerSignals } from ${JSON.stringify(source)}
    const say = (what) => (signal) => process.exit(console.log(what, signal))
    const signals = new ServerSignals({ end: say('ended'), onReload: say('later') })
    signals.hold()
    process.kill(process.pid, 'SIGTERM')
    signals.serve({ stop: say('stopped'), reload: say('reloaded') })
    setTimeout(say('heard nothing'), 20_000)`

  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })

  assert.equal(stdout, 'stopped SIGTERM\n', stderr)
})

/** As a server leaves it that was killed, while another one is about to take it away. */
async function abandonedSocket(path: string): Promise<string> {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(path, resolve))
  const { ino } = lstatSync(path)
  // Closing it would take the file away.
  const kept = `${path}.kept`
  linkSync(path, kept)
  await new Promise((resolve) => other.close(resolve))
  renameSync(kept, path)
  writeFileSync(`${path}.${ino}.left`, '')
  return path
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
    if (answer?.status === 200) return
    await setTimeout(2)
  }
}
