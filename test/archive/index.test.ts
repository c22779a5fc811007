/** The index of the audit log and the archive: what is archived is not missed, and what came back is found as before. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { openSegment } from '../../src/archive/folder.ts'
import { restoreSegment } from '../../src/vault/archive.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { type Indexing, indexTrails } from '../../src/vault/trail-indexing.ts'
import { stretchesWith } from '../../src/vault/trail-search.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { archive, filesIn, newArchive, ticking, verdictOf } from '../support/archive.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/sinks.ts'

const shape = { segment: 16, stretch: 4 }
const pace = { lookMs: 10, lookAtAllMs: 10, rest: 0 }
const hour = 3_600_000
const host = { name: 'root', requestId: 'test' }

/** Records 1 to more than 16 are old, and those up to more than 48 young: the archive ends in the middle of a segment of the index. */
async function start(t: TestContext, engine: TestEngine) {
  const now = ticking()
  const server = await startServer(t, engine, { now })
  const { api, vault } = server
  for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: 'v' })
  const read = async (times: number) => {
    for (let at = 0; at < times; at++) await api.get(`/v3/secrets/${1 + (at % 2)}`)
  }
  await read(20)
  const last = await vault.store.auditSize(1)
  now.skip(2 * hour)
  await read(32)
  const { path, files } = newArchive()
  const takeOld = () => archive(vault, files, { keepMs: hour })
  const bringBack = async () => {
    const file = join(path, '1', filesIn(path)[0] ?? '')
    return restoreSegment(vault, () => openSegment(file), now() + hour, host)
  }
  return { ...server, files, last, takeOld, bringBack }
}

/** Makes the index until it has all whole segments that begin after a record, and nothing else is left to be made. */
async function index(t: TestContext, vault: Vault, after: number, more: Partial<Indexing> = {}) {
  const size = await vault.store.auditSize(1)
  const all = Array.from({ length: Math.floor(size / shape.segment) }, (_, at) => 1 + at * shape.segment)
  const wanted = all.filter((first) => first > after)
  assert.ok(wanted.length > 0)
  const failures: unknown[] = []
  const { mock: looked } = t.mock.method(vault.store.trailIndex, 'long')
  const stop = indexTrails(vault, { shape, pace, onError: (error) => void failures.push(error), ...more })
  t.after(stop)
  const segments = async () => (await vault.store.trailIndex.segments(1)).map(({ first }) => first)
  await until(async () => (await segments()).length === wanted.length)
  const looks = looked.callCount()
  await until(() => looked.callCount() >= looks + 2)
  await stop()
  t.mock.restoreAll()
  assert.deepEqual(await segments(), wanted)
  assert.deepEqual(failures, [])
}

/** Reads of the first secret: as they are listed and counted, and where the index says that they may be. */
async function found({ api, vault }: Pick<Awaited<ReturnType<typeof start>>, 'api' | 'vault'>, first = 1) {
  const { records, archived } = (await api.get('/v3/audit?action=secret.read&secret=1&limit=500')).body
  const seqs: readonly number[] = records.map(({ seq }: { readonly seq: number }) => seq)
  const activity = (await api.get('/v3/audit/activity?action=secret.read&secret=1&by=week')).body
  const part = { first, last: await vault.store.auditSize(1) }
  const parts = await Array.fromAsync(stretchesWith(vault, 1, { action: 'secret.read', secret: 1 }, part, 8))
  const missed = seqs.filter((seq) => !parts.some(({ after, upTo }) => after < seq && seq <= upTo))
  return { seqs, archived, complete: activity.complete, counted: activity.records, missed }
}

/** What verifying finds besides the chain: through files, and without them. */
async function differences(server: Pick<Awaited<ReturnType<typeof start>>, 'vault' | 'files'>) {
  const whole = await verdictOf(server.vault, server.files)
  const [part] = await Array.fromAsync(verifyAudit(server.vault, { isArchiveOptional: true }))
  assert.deepEqual([whole.fault, part?.fault], [undefined, undefined])
  return [...whole.differences, ...(part?.differences ?? [])]
}

for (const engine of engines) {
  suite(`${engine.name}: the index of what is archived`, { skip: engine.skip }, () => {
    test('stays, and is right: for what is listed and counted, for verifying, and for what came back', async (t) => {
      const server = await start(t, engine)
      await index(t, server.vault, 0)
      const before = await found(server)
      assert.deepEqual([before.seqs.length, before.counted, before.complete, before.missed], [26, 26, true, []])

      assert.equal((await server.takeOld()).archived.length, 1)

      const after = await found(server, server.last + 1)
      assert.deepEqual(
        after.seqs,
        before.seqs.filter((seq) => seq > server.last),
      )
      assert.deepEqual([after.counted, after.complete, after.missed], [after.seqs.length, false, []])
      assert.deepEqual([after.archived.first, after.archived.last], [1, server.last])
      assert.deepEqual(await differences(server), [])

      await server.bringBack()
      assert.deepEqual(await found(server), before)
      assert.deepEqual(await differences(server), [])
      // What the index says of them is held against their file.
      await query(server.place, 'delete from audit_index where first_seq = 1 and bucket = 5')
      await query(server.place, 'update audit_index set bucket = 5 where first_seq = 1 and bucket = 6')
      const forged = 'Rows of the index of the records from 1 on are not authentic.'
      assert.deepEqual(await differences(server), [forged, forged])
    })

    test('is made by nobody who has not the records, who says of no gap, and is made when they came back', async (t) => {
      const server = await start(t, engine)
      await server.takeOld()
      const gaps: number[] = []
      const onGap = (_: number, { first }: { readonly first: number }) => void gaps.push(first)
      await index(t, server.vault, server.last, { onGap })
      assert.deepEqual(gaps, [])
      const after = await found(server, server.last + 1)
      assert.deepEqual(
        [after.seqs.every((seq) => seq > server.last), after.counted, after.missed],
        [true, after.seqs.length, []],
      )

      await server.bringBack()
      await index(t, server.vault, 0, { onGap })
      assert.deepEqual(gaps, [])
      const again = await found(server)
      assert.deepEqual([again.seqs.length, again.counted, again.complete, again.missed], [26, 26, true, []])
      assert.deepEqual(await differences(server), [])
    })

    test('is not waited for: records are counted as without an index from where the database begins', async (t) => {
      const { vault, place, takeOld } = await start(t, engine)
      await takeOld()
      const left = () => vault.store.trailIndex.left()
      await query(place, 'update accounts set audit_size = 200000 where id = 1')
      assert.equal(await left(), 131_072)
      await query(place, 'update audit_segments set last_seq = 65536 where account_id = 1')
      assert.equal(await left(), 131_072)
      await query(place, 'update audit_segments set last_seq = 65537 where account_id = 1')
      assert.equal(await left(), 65_536)
      await query(place, 'update audit_segments set is_restored = 1 where account_id = 1')
      assert.equal(await left(), 196_608)
    })
  })
}
