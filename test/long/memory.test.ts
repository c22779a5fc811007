/** Work on whole stores takes no more memory the more there is in them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { runCommand } from '../support/child.ts'
import { emptyPlace, urlOf } from '../support/copied-place.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { fillSecrets } from '../support/fill.ts'
import { makeIdentity } from '../support/identity.ts'
import { startServer } from '../support/server.ts'

const [sqlite, postgres] = engines
assert.ok(sqlite && postgres)

/** What stands for each in memory would not fit beside the program. */
const secrets = 20_000
const heap = { NODE_OPTIONS: '--max-old-space-size=40' }

suite('A store that is larger than memory', { skip: postgres.skip }, () => {
  test('is verified with its state, moved, backed up and restored, on both databases', async (t) => {
    const { vault, place: first, stop } = await startServer(t, sqlite)
    await fillSecrets(vault, 'long'.repeat(60), secrets)
    await stop()
    const newPlace = async (engine: typeof sqlite) => {
      const place = await emptyPlace(t, engine, first)
      return { ...place, url: urlOf(place) }
    }
    const second = await newPlace(postgres)
    const third = await newPlace(sqlite)

    const verified = runCommand(first, ['audit', 'verify', '--state'], heap)

    // Intact, and without a checkpoint from outside.
    assert.equal(verified.code, 3, verified.stderr)
    const move = ['migrate-store', '--from', urlOf(first), '--to', second.url, '--json']
    const moved = runCommand(first, move, heap)
    assert.equal(moved.code, 0, moved.stderr)
    assert.equal(JSON.parse(moved.stdout).secrets, secrets)
    const again = runCommand(second, ['audit', 'verify', '--state'], heap)
    assert.equal(again.code, 3, again.stderr)

    const folder = makeFolder()
    const parts = join(folder, 'backup')
    const { file: identity, recipient } = await makeIdentity()
    const backedUp = runCommand(second, ['backup', '--out', parts, '--recipient', recipient], heap)
    assert.equal(backedUp.code, 0, backedUp.stderr)
    const restored = runCommand(third, ['restore', '--from', parts, '--identity', identity, '--json'], heap)
    assert.equal(restored.code, 0, restored.stderr)
    assert.equal(JSON.parse(restored.stdout).values_opened, secrets)
  })
})
