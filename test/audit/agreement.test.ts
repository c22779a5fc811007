/** Two verifiers, one of them written from the formats alone, agree on exports and checkpoints, whole or tampered with. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { splitNotes } from '../../src/audit/checkpoint.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { runHere } from '../support/host-command.ts'
import { startServer } from '../support/server.ts'
import * as second from './second-verifier.ts'

async function makeTrail(t: TestContext, engine: (typeof engines)[number]) {
  const { api, place, stop } = await startServer(t, engine)
  for (const name of ['one', 'zwei-ü', 'drei']) await api.post('/v3/secrets', { name, value: 'v' })
  for (const id of [1, 2, 7]) await api.get(`/v3/secrets/${id}`)
  await stop()
  const print = async (...command: string[]) => (await runHere(place, ['audit', ...command])).stdout
  const [text, notes, key] = [await print('export'), await print('checkpoint'), await print('key')]
  return { text, note: splitNotes(notes)[0] ?? '', key: key.trim() }
}

/** What `strongroom audit verify --export` says. */
async function firstSays({ text, note, key }: Awaited<ReturnType<typeof makeTrail>>): Promise<boolean> {
  const folder = makeFolder()
  const [exported, checkpoint] = [join(folder, 'export'), join(folder, 'checkpoint')]
  writeFileSync(exported, text)
  writeFileSync(checkpoint, note)
  const place = { dataDir: folder, databaseUrl: undefined, clear: async () => {} }
  const command = ['audit', 'verify', '--export', exported, '--checkpoint', checkpoint, '--key', key]
  return (await runHere(place, command)).code === 0
}

function secondSays({ text, note, key }: Awaited<ReturnType<typeof makeTrail>>): boolean {
  const stated = second.readCheckpoint(note, key)
  return stated !== undefined && second.verifyExport(text, stated)
}

for (const engine of engines) {
  suite(`${engine.name}: two verifiers`, { skip: engine.skip }, () => {
    test('take an export that continues to its checkpoint', async (t) => {
      const trail = await makeTrail(t, engine)

      assert.ok(await firstSays(trail))
      assert.ok(secondSays(trail))
    })
  })
}

suite('Two verifiers', () => {
  test('refuse every change of an export, a checkpoint or a key', async (t) => {
    const [sqlite] = engines
    assert.ok(sqlite)
    const trail = await makeTrail(t, sqlite)
    const changed = fc.tuple(fc.constantFrom('text', 'note', 'key'), fc.nat(), fc.integer({ min: 1, max: 31 }))

    await fc.assert(
      fc.property(changed, ([part, at, mask]) => {
        const was = trail[part as keyof typeof trail]
        const place = at % (was.length - 1)
        const now = was.slice(0, place) + String.fromCharCode(was.charCodeAt(place) ^ mask) + was.slice(place + 1)
        assert.equal(secondSays({ ...trail, [part]: now }), false)
      }),
      { numRuns: 2000 },
    )
    for (const [part, at, mask] of fc.sample(changed, 12)) {
      const was = trail[part as keyof typeof trail]
      const place = at % (was.length - 1)
      const now = was.slice(0, place) + String.fromCharCode(was.charCodeAt(place) ^ mask) + was.slice(place + 1)
      assert.equal(await firstSays({ ...trail, [part]: now }), false, `${part} ${place} ${mask}`)
    }
  })
})
