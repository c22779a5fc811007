/** Old records leave the database for files, and nothing of the trail is lost, doubled, or to be taken away unseen. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { suite, type TestContext, test } from 'node:test'
import { ArchiveFolder, openSegment } from '../../src/archive/folder.ts'
import { signedNote } from '../../src/audit/checkpoint.ts'
import { checkpointLine } from '../../src/audit/export.ts'
import { encodeRecord } from '../../src/audit/record.ts'
import type { SegmentFiles } from '../../src/audit/segment.ts'
import { restoreSegment } from '../../src/vault/archive.ts'
import { exportLines } from '../../src/vault/audit.ts'
import { signedCheckpoint } from '../../src/vault/checkpoints.ts'
import type { Vault } from '../../src/vault/vault.ts'
import type { Api } from '../support/api.ts'
import { archive, filesIn, newArchive, pagesOf, read, ticking, verdictOf } from '../support/archive.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { fillSecrets } from '../support/fill.ts'
import { newAccount, startServer } from '../support/server.ts'

const host = { name: 'root', requestId: 'test' }

/** A trail of three segments and some records after them. */
async function start(t: TestContext, engine: TestEngine) {
  const server = await startServer(t, engine, { now: ticking() })
  await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
  const { path, files } = newArchive()
  for (let round = 0; round < 3; round++) {
    await read(server, 3)
    await archive(server.vault, files)
  }
  const names = filesIn(path)
  assert.equal(names.length, 3)
  return { ...server, path, files, names }
}

async function linesOf(server: Pick<Awaited<ReturnType<typeof start>>, 'vault' | 'files'>): Promise<string[]> {
  const account = await server.vault.store.account(1)
  assert.ok(account)
  return Array.fromAsync(exportLines(server.vault, account, 0, server.files))
}

const rowsOf = (server: { readonly place: Parameters<typeof query>[0] }) =>
  query(server.place, 'select seq from audit where account_id = 1 order by seq')

for (const engine of engines) {
  suite(`${engine.name}: the archive of the trail`, { skip: engine.skip }, () => {
    test('has what the database has no more: the trail is the same, and holds to the last record', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      await newAccount(server.vault)
      await read(server, 5)
      const { path, files } = newArchive()
      const before = await linesOf({ ...server, files })

      const watched = await archive(server.vault, files)
      await read(server, 1)

      assert.deepEqual(watched.failures, [])
      assert.deepEqual(filesIn(path), [`000000000001-${String(before.length - 2).padStart(12, '0')}.jsonl`])
      assert.deepEqual((await linesOf({ ...server, files })).slice(0, before.length), before)
      assert.equal(Number((await rowsOf(server))[0]?.['seq']), before.length - 1)
      const verdict = await verdictOf(server.vault, files)
      assert.equal(verdict.fault, undefined)
      assert.deepEqual(verdict.differences, [])
      assert.equal(verdict.size, await server.vault.store.auditSize(1))
      const { records } = (await server.api.get('/v3/audit?action=audit.archive')).body
      const [{ object, principal }] = records
      assert.equal(object.kind, 'segment')
      assert.equal(object.id, before.length - 2)
      assert.equal(principal.kind, 'system')
      // For nobody but who runs the server.
      assert.equal(statSync(join(path, object.name)).mode & 0o777, 0o600)
      assert.equal(statSync(path).mode & 0o777, 0o700)
    })

    test('shows a file that is missing, cut, changed, exchanged or of another time', async (t) => {
      const { vault, path, files, names } = await start(t, engine)
      const [first = '', second = '', third = ''] = names.map((name) => join(path, '1', name))
      assert.equal((await verdictOf(vault, files)).fault, undefined)
      const text = readFileSync(second, 'utf8')
      const firstOfSecond = Number(names[1]?.slice(0, 12))
      const kept = `${second}.kept`
      copyFileSync(second, kept)
      const tamperings: readonly (readonly [() => void, RegExp])[] = [
        [() => rmSync(second), /is missing from the archive/],
        [() => truncateSync(second, text.length - 10), /not the one that was archived/],
        [() => truncateSync(second, 0), /not the one that was archived/],
        [
          () => writeFileSync(second, text.replace('"outcome":"ok"', '"outcome":"no"')),
          /not the one that was archived/,
        ],
        [() => copyFileSync(first, second), /not the one that was archived/],
        [() => writeFileSync(second, `${text}\n`), /not the one that was archived/],
      ]
      for (const [tamper, reason] of tamperings) {
        tamper()
        const { fault } = await verdictOf(vault, files)
        assert.match(fault?.reason ?? '', reason)
        assert.equal(fault?.seq, firstOfSecond)
        copyFileSync(kept, second)
      }
      renameSync(third, `${third}.away`)
      assert.match((await verdictOf(vault, files)).fault?.reason ?? '', /is missing/)
      renameSync(`${third}.away`, third)
      assert.equal((await verdictOf(vault, files)).fault, undefined)
    })

    test('shows a row of a segment that was taken away, changed or made, and a start that was moved', async (t) => {
      const server = await start(t, engine)
      const { vault, files, place } = server
      const [, second, third] = await query(
        place,
        'select last_seq, first_seq from audit_segments where account_id = 1 order by last_seq',
      )
      const tamperings: readonly (readonly [string, RegExp])[] = [
        [`delete from audit_segments where account_id = 1 and last_seq = ${third?.['last_seq']}`, /record is missing/],
        [`delete from audit_segments where account_id = 1 and last_seq = ${second?.['last_seq']}`, /record is missing/],
        [
          `update audit_segments set head_before = head where account_id = 1 and last_seq = ${second?.['last_seq']}`,
          /not authentic/,
        ],
        [
          `update audit_segments set hash = head where account_id = 1 and last_seq = ${second?.['last_seq']}`,
          /not authentic/,
        ],
        [
          `update audit_segments set last_seq = last_seq + 1 where account_id = 1 and last_seq = ${third?.['last_seq']}`,
          /not authentic/,
        ],
        [`delete from audit where account_id = 1 and seq = ${Number(third?.['last_seq']) + 1}`, /record is missing/],
      ]
      const rows = await query(place, 'select * from audit_segments where account_id = 1')
      const [next] = await query(
        place,
        `select * from audit where account_id = 1 and seq = ${Number(third?.['last_seq']) + 1}`,
      )
      assert.ok(next)
      for (const [statement, reason] of tamperings) {
        await query(place, statement)
        assert.match((await verdictOf(vault, files)).fault?.reason ?? '', reason, statement)
        await query(place, 'delete from audit_segments where account_id = 1')
        await query(place, `delete from audit where account_id = 1 and seq = ${Number(next['seq'])}`)
        for (const [table, row] of [...rows.map((row) => ['audit_segments', row] as const), ['audit', next] as const]) {
          const columns = Object.keys(row)
          const marks = columns.map((_, at) => (engine.name === 'SQLite' ? '?' : `$${at + 1}`)).join(', ')
          const values = Object.values(row).map((value) => (typeof value === 'bigint' ? Number(value) : value))
          await query(place, `insert into ${table} (${columns.join(', ')}) values (${marks})`, ...values)
        }
        assert.equal((await verdictOf(vault, files)).fault, undefined)
      }
      // What is archived is not read from the database, whoever wrote it there.
      await query(
        place,
        'update audit set seq = 2 where account_id = 1 and seq = (select max(seq) from audit where account_id = 1)',
      )
      assert.match((await verdictOf(vault, files)).fault?.reason ?? '', /was written into the database/)
    })

    test('lets others have their turn while it reads a file that it has written', async (t) => {
      const { vault } = await startServer(t, engine, { now: ticking() })
      await fillSecrets(vault, 'one', 1000)
      const { files } = newArchive()
      let [lines, inTurn, longest] = [0, 0, 0]
      function* counted(all: Iterable<string>) {
        for (const line of all) {
          if (inTurn++ === 0) setImmediate(() => (inTurn = 0))
          longest = Math.max(longest, inTurn)
          lines++
          yield line
        }
      }
      const watching: SegmentFiles = {
        find: (...asked) => files.find(...asked),
        make: (...made) => files.make(...made),
        open: async (...opened) => {
          const source = await files.open(...opened)
          return source && { ...source, lines: counted(source.lines) }
        },
      }

      await archive(vault, watching)

      assert.ok(lines >= 1000, `${lines} lines were read`)
      assert.ok(longest <= 250, `${longest} lines were read at once`)
    })

    test('goes on after a crash between the file and the database, without a second file', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      await read(server, 3)
      const { path, files } = newArchive()
      const broken = await archive(killedBeforeItIsNoted(server.vault), files)
      assert.deepEqual(broken.failures, ['killed'])
      const [left, ...none] = filesIn(path)
      assert.deepEqual(none, [])
      const text = readFileSync(join(path, '1', left ?? ''))
      writeFileSync(join(path, '1', '.unfinished-000000000001-000000000002.jsonl'), 'half')
      await read(server, 2)

      const watched = await archive(server.vault, files)

      assert.deepEqual(watched.failures, [])
      assert.equal(watched.archived[0], `1/${left}`)
      assert.deepEqual(readFileSync(join(path, '1', left ?? '')), text)
      assert.equal((await verdictOf(server.vault, files)).fault, undefined)
      assert.ok(!filesIn(path).some((name) => name.startsWith('.')))
    })

    test('goes on after a crash beside a file of more than is due since', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      await read(server, 3)
      const { path, files } = newArchive()
      await archive(killedBeforeItIsNoted(server.vault), files)
      const [left = ''] = filesIn(path)
      const text = readFileSync(join(path, '1', left))
      await query(server.place, "insert into audit_sinks (account_id, name, seq, moved_ms) values (1, 'siem', 2, 1)")

      const some = await archive(server.vault, files, { followers: [{ name: 'siem', accountIds: [] }] })
      const others = await archive(server.vault, files)

      assert.deepEqual([some.failures, some.archived], [[], ['1/000000000001-000000000002.jsonl']])
      assert.deepEqual([others.failures, others.archived.length], [[], 1])
      assert.deepEqual(readFileSync(join(path, '1', left)), text)
      assert.equal((await verdictOf(server.vault, files)).fault, undefined)
    })

    test('takes nothing from the database that its file does not hold', async (t) => {
      const server = await start(t, engine)
      const { vault, path, files } = server
      await read(server, 3)
      const size = (await rowsOf(server)).length
      const lying = new ArchiveFolder(path)
      lying.make = async (file, lines) => {
        const all = await Array.fromAsync(lines)
        writeFileSync(join(path, file), `${all.filter((_, at) => at !== 2).join('\n')}\n`)
      }
      const { failures, archived } = await archive(vault, lying)
      assert.deepEqual(archived, [])
      assert.match(failures[0] ?? '', /missing, or was changed/)
      assert.equal((await rowsOf(server)).length, size)
      // And a trail that does not hold stays where it is.
      rmSync(join(path, '1', filesIn(path).at(-1) ?? ''))
      await query(
        server.place,
        `update audit set outcome = 'no' where account_id = 1 and seq = (select max(seq) - 1 from audit where account_id = 1)`,
      )
      const changed = await archive(vault, files)
      assert.match(changed.failures[0] ?? '', /The record was changed/)
      assert.equal((await rowsOf(server)).length, size)
    })

    test('says that its disk is full, leaves everything where it is, and goes on when there is room', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      await read(server, 3)
      const { path, files } = newArchive()
      const full = new ArchiveFolder(path)
      full.make = (file, lines) =>
        files.make(
          file,
          (async function* () {
            for await (const line of lines) {
              yield line
              throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
            }
          })(),
        )
      const size = (await rowsOf(server)).length
      assert.deepEqual((await archive(server.vault, full)).failures, ['ENOSPC: no space left on device, write'])
      assert.deepEqual(filesIn(path), [])
      assert.equal((await rowsOf(server)).length, size)

      assert.deepEqual((await archive(server.vault, files)).failures, [])
      assert.equal((await verdictOf(server.vault, files)).fault, undefined)
    })

    test('waits for whoever follows the trail, and says for whom', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      await read(server, 3)
      const { files } = newArchive()
      const followers = [{ name: 'siem', accountIds: [] }]
      assert.deepEqual((await archive(server.vault, files, { followers })).held, [['the sink siem', 0]])
      const other = [{ name: 'siem', accountIds: [7] }]
      assert.equal((await archive(server.vault, files, { followers: other })).archived.length, 1)

      await server.api.post('/v3/webhooks', { url: 'https://example.com/x', actions: ['secret.*'] })
      const [position] = await query(server.place, 'select seq from webhook_positions')
      await read(server, 3)
      await archive(server.vault, files)
      const { held } = await archive(server.vault, files)
      assert.deepEqual(held, [['a webhook', Number(position?.['seq'])]])
      assert.equal(Number((await rowsOf(server))[0]?.['seq']), Number(position?.['seq']) + 1)
    })

    test('keeps what is young, and makes no segment for a few records before a day is over', async (t) => {
      const now = ticking()
      const server = await startServer(t, engine, { now })
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      const { path, files } = newArchive()
      assert.deepEqual((await archive(server.vault, files, { keepMs: 3_600_000 })).archived, [])
      assert.deepEqual((await archive(server.vault, files, { isAll: false })).archived, [])
      assert.ok(!existsSync(path))
      now.skip(90_000_000)
      const late = await archive(server.vault, files, { isAll: false })
      assert.equal(late.archived.length, 1)
    })

    test('is written by one at a time: who lost the lease deletes nothing', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      const { files } = newArchive()
      const size = (await rowsOf(server)).length
      const slow = new ArchiveFolder(newArchive().path)
      slow.open = async (file) => {
        await query(
          server.place,
          `update leases set fence = fence + 1, holder = 'another' where name = 'audit archive'`,
        )
        return ArchiveFolder.prototype.open.call(slow, file)
      }
      const { archived } = await archive(server.vault, slow)
      assert.deepEqual(archived, [])
      assert.equal((await rowsOf(server)).length, size)
      assert.deepEqual((await archive(server.vault, files)).archived, [])
    })

    test('gives records back for a time, as they were, and takes them out again', async (t) => {
      const server = await start(t, engine)
      const { vault, path, files, names, place, api } = server
      const before = await linesOf(server)
      const file = join(path, '1', names[1] ?? '')
      const [first, last] = (names[1] ?? '').slice(0, -6).split('-').map(Number)
      const until = vault.now() + 3_600_000

      const segment = await restoreSegment(vault, () => openSegment(file), until, host)

      assert.equal(segment?.lastSeq, last)
      const { records, left } = await pagesOf(api)
      const seqs = records.map(({ seq }) => seq)
      for (let seq = first ?? 0; seq <= (last ?? 0); seq++) assert.ok(seqs.includes(seq))
      assert.ok(!seqs.includes((first ?? 0) - 1))
      assert.deepEqual(
        left.map((one) => [one.first, one.last]),
        [
          [(last ?? 0) + 1, Number(names[2]?.slice(13, 25))],
          [1, (first ?? 0) - 1],
        ],
      )
      assert.equal((await verdictOf(vault, files)).fault, undefined)
      assert.deepEqual((await linesOf(server)).slice(0, before.length), before)
      // What came back and is changed then, is found.
      const outcome = `update audit set outcome = 'no' where account_id = 1 and seq = ${first}`
      await query(place, outcome)
      assert.match((await verdictOf(vault, files)).fault?.reason ?? '', /is not as it is there/)
      await query(place, outcome.replace("'no'", "'ok'"))
      await query(place, `delete from audit where account_id = 1 and seq = ${last}`)
      assert.match((await verdictOf(vault, files)).fault?.reason ?? '', /is not as it is there/)
      await restoreSegment(vault, () => openSegment(file), until, host)
      assert.equal((await verdictOf(vault, files)).fault, undefined)

      // Not before its time, and not while the file is away.
      assert.deepEqual((await archive(vault, files)).ended, [])
      const later = { ...vault, now: () => until + 1 }
      renameSync(file, `${file}.away`)
      assert.match((await archive(later, files)).failures[0] ?? '', /is gone/)
      renameSync(`${file}.away`, file)
      assert.deepEqual((await archive(later, files)).ended, [`1/${names[1]}`])
      assert.equal((await rowsOf(server)).filter(({ seq }) => Number(seq) <= (last ?? 0)).length, 0)
      assert.equal((await verdictOf(vault, files)).fault, undefined)
    })

    test('keeps of records that they are of decoys, in files and when they come back, for who manages the account', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      const { api, vault, place } = server
      await api.post('/v3/secrets', { name: 'bait', value: 'one', decoy: { revoke: false } })
      const auditor = await server.withScopes('audit:read')
      await read(server, 2)
      const { path, files } = newArchive()
      const shownTo = async (by: Api, action: string) => {
        const { records } = await pagesOf(by, `action=${action}`)
        return records.map(({ seq }) => seq)
      }
      const [made, reads] = [await shownTo(api, 'decoy.mark'), await shownTo(api, 'decoy.read')]
      assert.deepEqual([made.length, reads.length], [1, 2])
      // A file that lay there already, and says less.
      const killed = new Proxy(vault.store, {
        get: (of, name) => {
          const value = name === 'submit' ? () => Promise.reject(new Error('killed')) : Reflect.get(of, name)
          return typeof value === 'function' ? value.bind(of) : value
        },
      })
      assert.deepEqual((await archive({ ...vault, store: killed }, files)).failures, ['killed'])
      const file = join(path, '1', filesIn(path)[0] ?? '')
      const text = readFileSync(file, 'utf8')
      const asides = `,"asides":{"decoy.read":[${reads.toReversed()}],"decoy.mark":[${made}]}`
      assert.ok(text.split('\n')[0]?.includes(asides))
      writeFileSync(file, text.replace(asides, ''))
      assert.match((await archive(vault, files)).failures[0] ?? '', /says otherwise than the database/)
      assert.deepEqual(await shownTo(api, 'decoy.read'), reads)
      writeFileSync(file, text)

      assert.deepEqual((await archive(vault, files)).failures, [])
      assert.deepEqual(await shownTo(api, 'decoy.read'), [])
      assert.equal((await verdictOf(vault, files)).fault, undefined)
      await restoreSegment(vault, () => openSegment(file), vault.now() + 3_600_000, host)

      assert.deepEqual(await shownTo(api, 'decoy.read'), reads)
      assert.deepEqual(await shownTo(api, 'decoy.mark'), made)
      assert.deepEqual(await shownTo(auditor, 'decoy.read'), [])
      assert.ok((await shownTo(auditor, 'secret.read')).includes(reads[0] ?? 0))
      assert.equal((await verdictOf(vault, files)).fault, undefined)
      await query(place, `update audit set aside = null where account_id = 1 and seq = ${reads[0]}`)
      assert.match((await verdictOf(vault, files)).fault?.reason ?? '', /is not as it is there/)
    })

    test('takes no file that another key has signed, or that is signed for another end', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
      await read(server, 2)
      const { path } = newArchive()
      const { publicKey, privateKey } = generateKeyPairSync('ed25519')
      const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
      for (const isOther of [true, false]) {
        const files = new ArchiveFolder(`${path}-${isOther}`)
        files.make = async (file, lines) => {
          const all = await Array.fromAsync(lines)
          const note = String(JSON.parse(all.pop() ?? '').checkpoint)
          const text = note.slice(0, note.indexOf('\n\n') + 1)
          const other = signedNote(text, server.vault.keyring.storeId, raw, sign(null, Buffer.from(text), privateKey))
          const shorter = signedCheckpoint(server.vault, { accountId: 1, size: 2, head: Buffer.alloc(32) })
          const last = checkpointLine(isOther ? other : shorter)
          await ArchiveFolder.prototype.make.call(files, file, Readable.from([...all, last]))
        }
        const { archived, failures } = await archive(server.vault, files)
        assert.deepEqual(archived, [])
        assert.match(failures[0] ?? '', /The checkpoint at the end/)
      }
    })

    test('gives nothing back of a file that is not the one that was archived', async (t) => {
      const server = await start(t, engine)
      const { vault, path, names } = server
      const file = join(path, '1', names[1] ?? '')
      const until = vault.now() + 1000
      const there = await rowsOf(server)
      const restore = () => restoreSegment(vault, () => openSegment(file), until, host)
      const text = readFileSync(file, 'utf8')
      const lines = text.trimEnd().split('\n')
      for (const changed of [
        text.replace('"outcome":"ok"', '"outcome":"no"'),
        text.slice(0, -20),
        // What no chain covers.
        text.replace('"}}\n', `","asides":{"decoy.read":[${Number(names[1]?.slice(0, 12))}]}}}\n`),
        [...lines.slice(0, -1), ''].join('\n'),
        '{}\n',
        '',
      ]) {
        writeFileSync(file, changed)
        await assert.rejects(restore, { code: 'invalid' })
      }
      rmSync(file)
      await assert.rejects(restore, { code: 'invalid' })
      assert.equal((await vault.store.segments.newestBack(1, Number.MAX_SAFE_INTEGER)) ?? undefined, undefined)
      assert.deepEqual(await rowsOf(server), there)
    })
  })
}

/** Writes a file, and does not live to tell the database. */
function killedBeforeItIsNoted(vault: Vault): Vault {
  const killed = async () => {
    throw new Error('killed')
  }
  const store = new Proxy(vault.store, {
    get: (of, name) => {
      const value = Reflect.get(of, name)
      if (name === 'submit') return killed
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
  return { ...vault, store }
}

test('The text of a record that is read from a segment is the text that it was archived with', async (t) => {
  const [sqlite] = engines
  assert.ok(sqlite)
  const server = await startServer(t, sqlite, { now: ticking() })
  await server.api.post('/v3/environments', { name: 'prod' })
  await server.api.post('/v3/secrets?environment=prod', { name: 'ä"\\b', value: 'one' })
  await server.api.get('/v3/secrets/999?environment=prod')
  const { files } = newArchive()
  const lines = await linesOf({ ...server, files })
  await archive(server.vault, files)
  const found = await Array.fromAsync(
    (await import('../../src/vault/archived-trail.ts')).wholeTrail(
      server.vault,
      { accountId: 1, after: 0, upTo: lines.length - 2 },
      files,
    ),
  )
  assert.deepEqual(
    found.flat().map(({ record }) => encodeRecord(record)),
    lines.slice(1, -1),
  )
})
