/** Whoever asks for what is archived is told so, and never just less. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { openSegment } from '../../src/archive/folder.ts'
import { restoreSegment } from '../../src/vault/archive.ts'
import { archive, filesIn, newArchive, pagesOf, read, ticking } from '../support/archive.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

/** Two segments a day from each other, and some records a day after them. */
async function start(t: TestContext, engine: TestEngine) {
  const now = ticking()
  const begin = now()
  const server = await startServer(t, engine, { now })
  const { path, files } = newArchive()
  await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
  await read(server, 3)
  for (let day = 0; day < 2; day++) {
    await archive(server.vault, files)
    now.skip(86_400_000)
    await read(server, 3)
  }
  const [first = '', second = ''] = filesIn(path)
  const last = Number(second.slice(13, 25))
  return { ...server, path, begin, first, second, last, size: await server.vault.store.auditSize(1), now }
}

const timeOf = (ms: number) => new Date(ms).toISOString()

for (const engine of engines) {
  suite(`${engine.name}: what is archived`, { skip: engine.skip }, () => {
    test('is said where the trail is listed, by a server that does not know where it is', async (t) => {
      const { api, vault, begin, path, first, second, last, now } = await start(t, engine)
      const { records, archived } = (await api.get('/v3/audit')).body
      assert.equal(records.at(-1).seq, last + 1)
      assert.deepEqual([archived.first, archived.last, archived.code], [1, last, 'not_configured'])
      assert.equal(archived.from >= timeOf(begin) && archived.from < archived.to, true)
      assert.match(archived.detail, /STRONGROOM_AUDIT_ARCHIVE/)

      // Only the last page has something to tell of.
      const found = await pagesOf(api, '', 2)
      assert.equal(found.records.at(-1)?.seq, last + 1)
      assert.deepEqual(found.left, [archived])
      assert.equal(new Set(found.records.map(({ seq }) => seq)).size, found.records.length)

      const day = `from=${timeOf(begin)}&to=${timeOf(begin + 3_600_000)}`
      const early = (await api.get(`/v3/audit?${day}`)).body
      assert.deepEqual(early.records, [])
      // The newest record of that day is the first of the next segment, which ends on the day after.
      assert.equal(early.archived.last, last - 1)
      const late = (await api.get(`/v3/audit?from=${timeOf(now() - 3_600_000)}`)).body
      assert.ok(late.records.length > 0)
      assert.equal(late.archived, undefined)

      const host = { name: 'root', requestId: 'test' }
      await restoreSegment(vault, () => openSegment(join(path, '1', first)), now() + 3_600_000, host)
      const again = await pagesOf(api, day)
      assert.equal(again.records.at(-1)?.seq, 1)
      const begins = Number(second.slice(0, 12))
      assert.deepEqual(
        again.left.map((one) => [one.first, one.last]),
        [[begins, last - 1]],
      )
      const all = await pagesOf(api)
      assert.deepEqual(
        all.left.map((one) => [one.first, one.last]),
        [[begins, last]],
      )
      assert.deepEqual(
        all.records.map(({ seq }) => seq).slice(1 - begins),
        Array.from({ length: begins - 1 }, (_, at) => begins - 1 - at),
      )
    })

    test('is said of counts, usage and readers, which are of what is there', async (t) => {
      const { api, begin } = await start(t, engine)
      const activity = (await api.get('/v3/audit/activity?action=secret.read')).body
      // The newest record stays in the database, whatever goes.
      assert.deepEqual([activity.complete, activity.records], [false, 4])
      assert.ok(activity.from > timeOf(begin + 86_400_000))
      const within = (await api.get(`/v3/audit/activity?to=${timeOf(begin + 3_600_000)}`)).body
      assert.deepEqual([within.complete, within.records], [false, 0])
      const usage = (await api.get('/v3/keys/1/usage')).body
      assert.equal(usage.complete, false)
      const access = (await api.get('/v3/secrets/1/access')).body
      assert.equal(access.complete, false)
      const tried = await api.post('/v3/what-if', { kind: 'secret', id: 1, change: 'delete' })
      if (tried.status === 200) assert.equal(tried.body.complete, false)
    })

    test('is said where the trail is verified over the API, and to listeners that ask for it', async (t) => {
      const { api, last, size } = await start(t, engine)
      const { body } = await api.post('/v3/audit/verify', {})
      assert.deepEqual([body.archived, body.fault, body.records], [last, null, body.total])
      const { records } = (await api.get('/v3/audit?limit=1')).body
      const from = await api.post('/v3/audit/verify', { after: { seq: records[0].seq, head: records[0].head } })
      assert.deepEqual([from.body.archived, from.body.fault], [0, null])
      const wrong = await api.post('/v3/audit/verify', { after: { seq: last, head: '0'.repeat(64) } })
      assert.equal(wrong.body.fault.seq, last)

      const events = (await api.get('/v3/events?after=1&wait=0')).body
      assert.equal(events.missed, true)
      assert.ok(events.events.length > 0)
      assert.ok(events.events.every(({ id }: { id: number }) => id > last))
      const later = (await api.get(`/v3/events?after=${size}&wait=0`)).body
      assert.equal(later.missed, false)
    })

    test('is not believed of a forged row, which would hide what is there', async (t) => {
      const { api, place, size } = await start(t, engine)
      await query(
        place,
        `update audit_segments set last_seq = ${size - 1} where last_seq = (select max(last_seq) from audit_segments where account_id = 1)`,
      )
      for (const path of ['/v3/audit', '/v3/audit/activity', '/v3/events?after=1&wait=0', '/v3/secrets/1/access']) {
        const answer = await api.get(path)
        assert.deepEqual([answer.status, answer.body.code], [500, 'integrity_failure'], path)
      }
    })

    test('is not guessed at: a rollback to a time before is refused', async (t) => {
      const { api, begin } = await start(t, engine)
      const answer = await api.post('/v3/rollback', { to: timeOf(begin + 3_600_000), dry_run: true })
      assert.equal(answer.status, 400)
      assert.match(answer.body.detail, /is archived/)
      const fine = await api.post('/v3/rollback', { to: timeOf(begin + 2 * 86_400_000 + 1_000_000), dry_run: true })
      assert.notEqual(fine.status, 500)
      assert.doesNotMatch(String(fine.body.detail), /is archived/)
    })

    test('is waited for by a webhook that has not had it, and not by one that has', async (t) => {
      const { api, vault } = await start(t, engine)
      const held = await vault.store.segments.holders(1, [])
      assert.deepEqual(held, [])
      const { body } = await api.post('/v3/webhooks', { url: 'https://example.com/x', actions: ['*'] })
      assert.equal((await vault.store.segments.holders(1, [])).length, 1)
      await api.send('PATCH', `/v3/webhooks/${body.id}`, { enabled: false })
      assert.deepEqual(await vault.store.segments.holders(1, []), [])
    })
  })
}
