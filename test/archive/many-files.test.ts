/** A query over many files of the archive: bounded for one request, as few of them as there must be, and nobody else waits. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { SegmentFiles, SegmentSource } from '../../src/audit/segment.ts'
import { ArchivedFiles } from '../../src/vault/archived-files.ts'
import { Turns } from '../../src/vault/turns.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { archive, newArchive, pagesOf, ticking, verdictOf } from '../support/archive.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { startServer } from '../support/server.ts'

const name = (at: number) => `s-${at}`

/** Several segments of more records than are indexed at least, each of a thousand and some hundred secrets of its own. */
async function start(t: TestContext, engine: TestEngine, segments: number) {
  const { path, files } = newArchive()
  const server = await startServer(t, engine, { now: ticking(), auditArchive: path })
  for (let segment = 0; segment < segments; segment++) {
    const names = Array.from({ length: 1100 }, (_, at) => name(segment * 1100 + at))
    await makeSecrets(server.vault, names)
    const { failures, archived } = await archive(server.vault, files)
    assert.deepEqual([failures, archived.length], [[], 1])
  }
  return { ...server, path, files }
}

/** The files that are opened, one after the other. */
function opened(t: TestContext, vault: Vault): string[] {
  const found: string[] = []
  const read = vault.archive.read.bind(vault.archive)
  t.mock.method(vault.archive, 'read', (...asked: Parameters<typeof read>) => {
    found.push(asked[1])
    return read(...asked)
  })
  return found
}

for (const engine of engines) {
  suite(`${engine.name}: a query over many files`, { skip: engine.skip }, () => {
    test('opens those that may have what is sought, by an index that is made of the files, and all without it', async (t) => {
      const server = await start(t, engine, 4)
      const { api, vault, files, place } = server
      const made = await vault.store.trailIndex.segments(1)
      assert.deepEqual(
        made.map(({ rows }) => rows),
        [64, 64, 64, 64],
      )
      const asked = `secret=${name(1200)}&action=secret.create`
      const files1 = opened(t, vault)
      const found = await pagesOf(api, asked)
      assert.equal(found.records.length, 1)
      assert.equal(new Set(files1).size, 1)
      const verdict = await verdictOf(vault, files)
      assert.deepEqual([verdict.fault, verdict.differences], [undefined, []])

      // Taken away, it hides nothing, and the next round makes it again.
      await query(place, 'delete from audit_index')
      files1.length = 0
      assert.deepEqual((await pagesOf(api, asked)).records, found.records)
      assert.equal(new Set(files1).size, 4)
      await archive(vault, files)
      assert.deepEqual(
        (await vault.store.trailIndex.segments(1)).map(({ first, last }) => [first, last]),
        made.map(({ first, last }) => [first, last]),
      )
      // What one answer reads has an end, and the next goes on.
      t.mock.getter(vault.archive, 'recordsForPage', () => 2000)
      files1.length = 0
      const parts = await pagesOf(api, 'principal=nobody')
      assert.deepEqual([parts.records, parts.left], [[], []])
      const wide = await pagesOf(api, 'action=secret.create')
      assert.equal(wide.records.length, 4400)
      const rare = await pagesOf(api, `secret=${name(1200)}`)
      assert.ok(rare.records.length > 0)

      // Changed, it is not believed.
      await query(place, 'update audit_index set last_seq = last_seq + 1')
      files1.length = 0
      assert.deepEqual((await pagesOf(api, asked)).records, found.records)
      assert.equal(new Set(files1).size, 5)
      assert.notDeepEqual((await verdictOf(vault, files)).differences, [])
    })
  })
}

const source: SegmentSource = { lines: [], hash: '' }

function filesWhere(open: SegmentFiles['open']): ArchivedFiles {
  return new ArchivedFiles(async () => ({ find: async () => undefined, make: async () => {}, open }))
}

suite('Files of the archive', () => {
  test('that hang are given up after a time, and hold nobody up but those who want such', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const hanging = Promise.withResolvers<SegmentSource>()
    const began = Promise.withResolvers<void>()
    const archived = filesWhere((file) => {
      if (file !== 'hangs') return Promise.resolve(source)
      began.resolve()
      return hanging.promise
    })
    const late = archived.read(1, 'hangs', async () => ({}))
    await began.promise
    const other = { of: 2 }
    assert.equal(await archived.read(2, 'fine', async () => other), other)
    const waiting = archived.read(1, 'fine', async () => other)
    t.mock.timers.tick(10_000)
    assert.deepEqual([await late, await waiting], ['unavailable', 'unavailable'])
    // It was told to end, and when it does the account has its turn again.
    hanging.resolve(source)
    assert.equal(await archived.read(1, 'fine', async () => other), other)
  })

  test('are read one at a time for an account, two in all, and too many that wait are refused', async () => {
    const turns = new Turns(2, 3)
    const { signal } = new AbortController()
    const order: string[] = []
    const running = new Set<string>()
    const work = (of: string) =>
      turns.take(
        of,
        async () => {
          assert.ok(!running.has(of) && running.size < 2)
          running.add(of)
          order.push(of)
          await Promise.resolve()
          running.delete(of)
        },
        signal,
      )
    const all = ['a', 'a', 'a', 'a', 'b', 'c'].map(work)
    await assert.rejects(work('a'), { code: 'overloaded' })
    await Promise.all(all)
    // Who asks for much does not go before those who ask for little.
    assert.deepEqual(order.toSorted(), ['a', 'a', 'a', 'a', 'b', 'c'])
    assert.ok(order.indexOf('b') < order.lastIndexOf('a'))
    await work('a')
  })

  test('that could not be opened once are opened by the next who asks', async () => {
    let tries = 0
    const archived = new ArchivedFiles(async () => {
      tries++
      if (tries === 1) throw new Error('planted')
      return { find: async () => undefined, make: async () => {}, open: async () => source }
    })
    await assert.rejects(
      archived.read(1, 'a', async () => ({})),
      /planted/,
    )
    assert.deepEqual(await archived.read(1, 'a', async () => ({})), {})
    assert.equal(tries, 2)
  })
})
