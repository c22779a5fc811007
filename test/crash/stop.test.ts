/** A server told to stop under load: whoever it let in is answered, and the next server starts at once. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { generateToken } from '../../src/crypto/token.ts'
import { chance } from '../support/chance.ts'
import { startChild } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { main } from '../support/main.ts'
import { Journal } from './journal.ts'

for (const engine of engines) {
  suite(`${engine.name}: a server told to stop`, { skip: engine.skip }, () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
      test(`by ${signal} under load answers what it has begun, keeps it, and ends with 0`, async (t) => {
        const place = await engine.makeMigratedPlace()
        t.after(() => place.clear())
        const key = generateToken()
        const server = await startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key } })
        const journal = new Journal(chance(t))
        const load = Promise.all(Array.from({ length: 8 }, () => journal.write(server.api(key))))
        await journal.grow(20)

        const ended = server.end(signal)
        server.process.kill(signal)

        assert.deepEqual(await ended, { code: 0, signal: null }, server.output())
        await load
        const next = await startChild(t, place)
        await journal.check(next.api(key))
        assert.equal(next.firstKey, undefined)
        await next.end('SIGTERM')
      })
    }
  })
}

test('a server that cannot start ends, even when it listens for metrics already', async (t) => {
  const folder = makeFolder()
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => {
    other.close()
    rmSync(folder, { recursive: true, force: true })
  })
  await once(other, 'listening')
  const address = other.address()
  assert.ok(typeof address === 'object' && address !== null)

  const { status, signal, stderr } = spawnSync(process.execPath, [main, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      STRONGROOM_DATA_DIR: folder,
      STRONGROOM_LISTEN: `127.0.0.1:${address.port}`,
      STRONGROOM_METRICS_LISTEN: '127.0.0.1:0',
    },
    encoding: 'utf8',
    timeout: 60_000,
  })

  assert.deepEqual([status, signal], [1, null], stderr)
  assert.match(stderr, /EADDRINUSE|in use/)
})
