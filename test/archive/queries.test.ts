/** A query goes on into the archive: as if nothing had left the database, or it says what it leaves out. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { openSegment } from '../../src/archive/folder.ts'
import { restoreSegment } from '../../src/vault/archive.ts'
import type { Api } from '../support/api.ts'
import { archive, filesIn, newArchive, pagesOf, read, ticking } from '../support/archive.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer, type TestOptions } from '../support/server.ts'

const dayMs = 86_400_000

/** Three days of records of many kinds, and what takes the older two out of the database, a segment for each. */
async function start(t: TestContext, engine: TestEngine, options: TestOptions = {}) {
  const now = ticking()
  const { path, files } = newArchive()
  const server = await startServer(t, engine, { now, auditArchive: path, ...options })
  const { api } = server
  const begin = now()
  const middles: number[] = []
  for (let day = 0; day < 3; day++) {
    if (day > 0) now.skip(dayMs)
    if (day === 0) {
      for (const name of ['a', 'b/c']) await api.post('/v3/secrets', { name, value: 'one' })
      await api.post('/v3/environments', { name: 'staging' })
      await api.post('/v3/secrets', { name: 'd', value: 'one', decoy: { revoke: false } })
    }
    await read(server, 2)
    await api.get('/v3/secrets/2')
    await api.get('/v3/secrets/3')
    middles.push(now())
    await api.get('/v3/secrets/99')
    await api.send('POST', '/v3/secrets?environment=staging', { name: `s-${day}`, value: 'one' })
    await read(server, 1)
  }
  /** One round takes what was recorded before it began: a segment for each day that is over. */
  const takeOld = async () => {
    for (const days of [2, 1]) {
      const { archived, failures } = await archive(server.vault, files, { keepMs: (days - 0.5) * dayMs })
      assert.deepEqual([archived.length, failures], [1, []])
    }
  }
  return { ...server, now, path, files, begin, middles, takeOld }
}

const timeOf = (ms: number) => new Date(ms).toISOString()

function queriesOf({ begin, middles }: Pick<Awaited<ReturnType<typeof start>>, 'begin' | 'middles'>) {
  const [first = 0, second = 0] = middles
  return [
    'outcome=ok',
    'action=secret.read',
    'action=decoy.read',
    'secret=1',
    'secret=b/c',
    'secret=d',
    'principal=1',
    'kind=key',
    'kind=host',
    'outcome=not_found',
    'environment=staging',
    'environment=default',
    'action=secret.read&secret=2&outcome=ok',
    `to=${timeOf(first)}`,
    `from=${timeOf(first)}&to=${timeOf(second)}`,
    `from=${timeOf(begin)}&to=${timeOf(begin)}`,
    'secret=none',
  ].map((query) => `${query}${query.includes('to=') ? '' : `&to=${timeOf(second + dayMs)}`}`)
}

for (const engine of engines) {
  suite(`${engine.name}: a query of the audit trail`, { skip: engine.skip }, () => {
    test('finds in the archive what it found in the database, in pages of any length, for whoever asks', async (t) => {
      const server = await start(t, engine)
      const { api, withScopes, takeOld, vault, path } = server
      const [narrow, staging, reader] = [
        await withScopes('audit:read:a'),
        await withScopes('audit:read@staging'),
        await withScopes('audit:read'),
      ]
      const askers = { api, narrow, staging, reader }
      const found = async (limit: number, asked = Object.entries(askers)) => {
        const all = new Map<string, unknown>()
        for (const [name, asker] of asked) {
          for (const query of queriesOf(server)) {
            const { records, left } = await pagesOf(asker, query, limit)
            assert.deepEqual(left, [])
            all.set(`${name} ${query}`, records)
          }
        }
        return all
      }
      const before = await found(500)
      const isEmpty = (name: string) => JSON.stringify([...before].find(([key]) => key.startsWith(name))?.[1]) === '[]'
      for (const none of ['api secret=none', 'reader action=decoy.read', 'staging secret=1']) assert.ok(isEmpty(none))
      for (const some of ['api action=decoy.read', 'reader secret=d', 'staging outcome=ok', 'narrow secret=1'])
        assert.ok(!isEmpty(some), some)

      await takeOld()

      assert.equal(filesIn(path).length, 2)
      assert.equal((await vault.store.recordsAfter(1, 0, 1))[0]?.record.seq, await nextOf(server))
      assert.deepEqual(await found(500), before)
      const narrowed = await found(3, Object.entries({ api, narrow }))
      assert.deepEqual(narrowed, new Map([...before].filter(([name]) => narrowed.has(name))))
    })

    test('goes on where it was, whatever is archived or comes back between two pages, or while one is read', async (t) => {
      const server = await start(t, engine)
      const { api, path, takeOld, vault, now } = server
      const query = 'action=secret.read'
      const { records } = await pagesOf(api, query)
      const first = await api.get(`/v3/audit?${query}&limit=2`)
      await takeOld()
      const second = await nextPage(api, query, 2, first)
      // It comes back, and the page after is of the database.
      const host = { name: 'root', requestId: 'test' }
      const file = join(path, '1', filesIn(path)[1] ?? '')
      await restoreSegment(vault, () => openSegment(file), now() + 3_600_000, host)
      rmSync(file)
      const third = await nextPage(api, query, 2, second)
      const fourth = await nextPage(api, query, 500, third)
      const found = [first, second, third, fourth].flatMap(({ body }) => body.records)
      assert.deepEqual(found, records)
    })

    test('misses nothing that leaves the database while it is looked for', async (t) => {
      const server = await start(t, engine)
      const { api, takeOld, vault } = server
      const { records } = await pagesOf(api, 'action=secret.read')
      const read = vault.store.recordsBefore.bind(vault.store)
      const mocked = t.mock.method(vault.store, 'recordsBefore', async (...asked: Parameters<typeof read>) => {
        mocked.mock.restore()
        await takeOld()
        return read(...asked)
      })
      const found = await pagesOf(api, 'action=secret.read')
      assert.equal(mocked.mock.callCount(), 1)
      assert.deepEqual(found.records, records)
    })

    test('says what it leaves out and why, shows nothing of a file that is not as it was, and goes on behind it', async (t) => {
      const server = await start(t, engine)
      const { api, path, takeOld, scrape } = server
      const { records } = await pagesOf(api, 'action=secret.read')
      await takeOld()
      const [older = '', newer = ''] = filesIn(path).map((name) => join(path, '1', name))
      const [begin, last] = [Number(newer.slice(-31, -19)), Number(newer.slice(-18, -6))]
      const whole = readFileSync(newer)
      const rest = records.filter(({ seq }) => seq < begin || seq > last)
      assert.ok(rest.some(({ seq }) => seq < begin) && rest.some(({ seq }) => seq > last))
      const text = whole.toString()
      const told = async (code: string, name: string) => {
        for (const limit of [500, 2]) {
          const found = await pagesOf(api, 'action=secret.read', limit)
          assert.deepEqual(found.records, rest, name)
          assert.deepEqual(
            found.left.map((one) => [one.code, one.first, one.last]),
            [[code, begin, last]],
            name,
          )
          assert.match(found.left[0]?.detail ?? '', /^[A-Z].*\.$/)
        }
      }
      for (const [name, bytes] of [
        ['another record', text.replace('"outcome":"ok"', '"outcome":"no"')],
        ['another aside', text.replace('"decoy.read":[', `"decoy.read":[${begin},`)],
        ['cut off', text.slice(0, text.length / 2)],
        ['without its checkpoint', `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`],
        ['another segment', readFileSync(older)],
        ['empty', ''],
        ['no segment', '{"a":'],
      ] as const) {
        writeFileSync(newer, bytes)
        await told('altered', name)
      }
      const altered = await api.get('/v3/audit?outcome=integrity_failure&limit=1')
      assert.deepEqual(altered.body.records[0].object.kind, 'segment')
      assert.match(await scrape(), /strongroom_integrity_failures_total\{[^}]*segment[^}]*\} [1-9]/)
      rmSync(newer)
      await told('missing', 'gone')
      mkdirSync(newer)
      await told('missing', 'a folder')
      rmSync(newer, { recursive: true })
      writeFileSync(newer, whole)
      assert.deepEqual((await pagesOf(api, 'action=secret.read')).records, records)
    })

    test('is of the account that asks, whatever file lies in the place of its own', async (t) => {
      const server = await start(t, engine)
      const { otherAccount, takeOld, path, vault, files } = server
      const other = await otherAccount()
      await other.post('/v3/secrets', { name: 'theirs', value: 'two' })
      await takeOld()
      await archive(vault, files)
      const { records } = await pagesOf(other)
      assert.ok(records.some(({ seq }) => seq === 1))
      assert.doesNotMatch(JSON.stringify(records), /"b\/c"/)
      const [theirs = ''] = filesIn(path, 2)
      copyFileSync(join(path, '1', filesIn(path)[0] ?? ''), join(path, '2', theirs))
      const { records: after, left } = await pagesOf(other)
      assert.doesNotMatch(JSON.stringify(after), /"b\/c"/)
      assert.deepEqual(
        left.map(({ code }) => code),
        ['altered'],
      )
    })

    test('says it once where nothing can be read: the place is gone, or is none', async (t) => {
      const server = await start(t, engine)
      const { api, path, takeOld } = server
      const { records } = await pagesOf(api, 'action=secret.read')
      await takeOld()
      const [, newer = ''] = filesIn(path)
      const last = Number(newer.slice(13, 25))
      const told = async (code: string) => {
        const found = await pagesOf(api, 'action=secret.read')
        assert.deepEqual(
          found.left.map((one) => [one.code, one.first, one.last]),
          [[code, 1, last]],
        )
        assert.deepEqual(
          found.records,
          records.filter(({ seq }) => seq > last),
        )
      }
      const moved = `${path}-moved`
      renameSync(path, moved)
      await told('missing')
      // A loop, which no file is behind.
      symlinkSync(path, path)
      await told('unavailable')
      rmSync(path)
      renameSync(moved, path)
      assert.deepEqual((await pagesOf(api, 'action=secret.read')).records, records)
    })
  })
}

async function nextPage(api: Api, query: string, limit: number, { headers }: { readonly headers: Headers }) {
  return api.get(`/v3/audit?${query}&limit=${limit}&cursor=${headers.get('strongroom-next-cursor')}`)
}

/** The first record that is not archived. */
async function nextOf({ vault }: Pick<Awaited<ReturnType<typeof start>>, 'vault'>) {
  return ((await vault.store.segments.newest(1))?.lastSeq ?? 0) + 1
}
