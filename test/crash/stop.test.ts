/** A server told to stop under load: whoever it let in is answered, and the next server starts at once. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { generateToken } from '../../src/crypto/token.ts'
import { startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { Journal } from './journal.ts'

for (const engine of engines) {
  suite(`${engine.name}: a server told to stop`, { skip: engine.skip }, () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
      test(`by ${signal} under load answers what it has begun, keeps it, and ends with 0`, async (t) => {
        const place = await engine.makePlace()
        t.after(() => place.clear())
        const key = generateToken()
        const server = await startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key } })
        const journal = new Journal()
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
