/** Secrets that were deleted and are kept, as a copy of their store is proven. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { readBusyStoreAt } from '../../src/copy/location.ts'
import { proveVault } from '../../src/copy/verify-copy.ts'
import type { Row, Snapshot } from '../../src/store/dump/dump.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { fillSecrets } from '../support/fill.ts'
import { startServer } from '../support/server.ts'

/** More than one page of a copy has. */
const count = 120

for (const engine of engines) {
  suite(`${engine.name}: a copy with secrets that were deleted and are kept`, { skip: engine.skip }, () => {
    test('is proven page by page, in whatever order they were deleted', async (t) => {
      const { vault, snapshot } = await startWithDeleted(t, engine)
      const given = { deleted: 0, versions: 0 }
      let atFirstVersion = 0
      const watching = watched(snapshot, (table, page) => {
        if (table === 'versions' && given.versions === 0) atFirstVersion = given.deleted
        if (table === 'deleted' || table === 'versions') given[table] += page.length
      })

      const proof = await proveVault(vault, watching, new Map(), { everyOf: () => 1 })

      assert.deepEqual([proof.secrets, proof.opened], [2, count + 2])
      assert.deepEqual(given, { deleted: count, versions: count + 2 })
      assert.ok(atFirstVersion < count, `${atFirstVersion} deletions were in memory at once`)
    })
  })
}

/** The first secret and the last are there, and those between were deleted, the later ones first. */
async function startWithDeleted(t: TestContext, engine: TestEngine) {
  const { vault, api, place } = await startServer(t, engine)
  assert.equal((await api.put('/v3/settings', { recovery_days: 7 })).status, 200)
  await fillSecrets(vault, 'one', count + 2)
  const ids = Array.from({ length: count }, (_, at) => at + 2).reverse()
  for (const half of [ids.slice(0, count / 2), ids.slice(count / 2)]) {
    assert.equal((await api.post('/v3/secrets/batch/delete', { ids: half })).status, 200)
  }
  const snapshot = await readBusyStoreAt(place)
  t.after(() => snapshot.close())
  return { vault, snapshot }
}

function watched(snapshot: Snapshot, onPage: (table: string, page: readonly Row[]) => void): Snapshot {
  return {
    ...snapshot,
    async *rows(table, by) {
      for await (const page of snapshot.rows(table, by)) {
        onPage(table.name, page)
        yield page
      }
    },
  }
}
