/** A server killed at random moments under load: what it acknowledged is there, newest value and all. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { chance, rounds } from '../support/chance.ts'
import { startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { runHere } from '../support/host-command.ts'
import { Journal } from './journal.ts'

const times = rounds(2, 100)
const writers = 16

for (const engine of engines) {
  suite(`${engine.name}: a server killed under load`, { skip: engine.skip }, () => {
    test(`loses nothing that it acknowledged, ${times} times over`, async (t) => {
      const place = await engine.makeMigratedPlace()
      t.after(() => place.clear())
      const key = generateToken()
      const random = chance(t)
      const journal = new Journal(random)

      for (let round = 0; round < times; round++) {
        const server = await startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key } })
        const api = server.api(key)
        if (round > 0) await journal.check(api)
        const load = Promise.all(Array.from({ length: writers }, () => journal.write(api)))
        await journal.grow(10)
        await setTimeout(random() * 300)
        await server.end('SIGKILL')
        await load
      }

      const server = await startChild(t, place)
      await journal.check(server.api(key))
      const reads = await countReads(server.api(key))
      assert.ok(reads >= journal.reads, `${journal.reads} values were read, ${reads} reads are recorded`)
      assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null })
      const verified = await runHere(place, ['audit', 'verify'])
      assert.match(verified.stdout, /intact|holds|UNANCHORED/i)
      assert.equal(verified.code, 3)
      if (engine.name === 'SQLite') assertIntegrity(place.dataDir)
      t.diagnostic(`${journal.acknowledged} changes acknowledged over ${times} kills`)
    })
  })
}

async function countReads(api: ReturnType<Awaited<ReturnType<typeof startChild>>['api']>): Promise<number> {
  let count = 0
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await api.get(`/v3/audit?limit=1000&action=secret.read&outcome=ok${cursor && `&cursor=${cursor}`}`)
    count += page.body.records.length
    cursor = page.headers.get('strongroom-next-cursor')
  }
  return count
}

function assertIntegrity(dataDir: string): void {
  const database = new DatabaseSync(join(dataDir, 'strongroom.db'))
  assert.deepEqual(
    database
      .prepare('pragma integrity_check')
      .all()
      .map((row) => ({ ...row })),
    [{ integrity_check: 'ok' }],
  )
  database.close()
}
