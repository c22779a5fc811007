/** The archive on the host: a server that archives by itself, commands beside it, files that are verified alone, copies. */
import assert from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { ArchiveFolder } from '../../src/archive/folder.ts'
import { runArchive } from '../../src/cli/host/archive.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import { filesIn, newArchive, read, ticking } from '../support/archive.ts'
import { engines } from '../support/engines.ts'
import { runHere } from '../support/host-command.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/sinks.ts'

const [sqlite] = engines
assert.ok(sqlite)

test('Commands archive, verify through the files, export across them, and bring a segment back', async (t) => {
  const { path } = newArchive()
  const server = await startServer(t, sqlite, { auditArchive: path })
  const { place, api, vault } = server
  const env = { STRONGROOM_AUDIT_ARCHIVE: path }
  const run = (...parameters: string[]) => runHere(place, ['audit', ...parameters], env)
  await api.post('/v3/secrets', { name: 'a', value: 'one', decoy: { revoke: false } })
  await read(server, 3)
  assert.match((await runHere(place, ['audit', 'archive', '--days', '0'])).stderr, /STRONGROOM_AUDIT_ARCHIVE/)
  for (let round = 0; round < 2; round++) {
    const made = await run('archive', '--days', '0', '--json')
    assert.equal(made.code, 0, made.stderr)
    assert.equal(JSON.parse(made.stdout).archived.length, 1)
    await read(server, 3)
  }
  const { records } = (await api.get('/v3/audit?action=audit.archive')).body
  assert.equal(records[0].principal.kind, 'host')

  const key = (await run('key')).stdout.trim()
  assert.equal((await run('verify', '--state')).code, 3)
  const away = `${path}-away`
  renameSync(path, away)
  assert.equal((await run('verify', '--archive', away)).code, 3)
  const lost = await run('verify')
  assert.equal(lost.code, 1)
  assert.match(lost.stderr, /TAMPERED: account default, record 1: .* is missing from the archive/)
  assert.equal((await runHere(place, ['audit', 'verify'])).code, 2)
  renameSync(away, path)

  // Without the store: one file, all of them, and the export across them and the database.
  const files = filesIn(path).map((name) => join(path, '1', name))
  const [first = '', second = ''] = files
  const together = join(path, 'together.jsonl')
  const verified = async (text: string) => {
    writeFileSync(together, text)
    return (await run('verify', '--export', together, '--key', key)).code
  }
  const text = readFileSync(second, 'utf8')
  const lines = text.trimEnd().split('\n')
  // What records are besides is said in the header, which is passed over.
  assert.match(lines[0] ?? '', /"asides":\{"decoy.read":/)
  assert.equal(await verified(text), 0)
  assert.equal(await verified(readFileSync(first, 'utf8') + text), 0)
  assert.equal(await verified(text.replace('"outcome":"ok"', '"outcome":"no"')), 1)
  // Without its checkpoint it is a part of a trail of which nobody says that it is the true one.
  assert.equal(await verified(`${lines.slice(0, -1).join('\n')}\n`), 3)
  assert.equal(await verified((await run('export')).stdout), 3)

  const restored = await run('restore-segment', first, '--days', '2', '--json')
  assert.equal(restored.code, 0, restored.stderr)
  assert.equal(JSON.parse(restored.stdout).first, 1)
  assert.equal((await vault.store.recordsAfter(1, 0, 1))[0]?.record.seq, 1)
  assert.equal((await run('restore-segment', together)).code, 2)
})

test('A server archives by itself, counts it, says when it cannot, and goes on when it can', async (t) => {
  const now = ticking()
  const server = await startServer(t, sqlite, { now })
  const { path } = newArchive()
  await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
  await read(server, 3)
  now.skip(3 * 86_400_000)
  await read(server, 1)
  const metrics = createMetrics()
  const said: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line).msg) })
  const [config, files] = [{ auditKeepDays: 1, auditSinks: [] }, new ArchiveFolder(path)]
  const counted = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value

  // What is in the way of the folder is a file.
  writeFileSync(path, '')
  const failing = runArchive(server.vault, files, config, logger, metrics.archive)
  await until(async () => said.length > 0)
  await failing()
  assert.equal(said[0], 'the audit trail could not be archived: trying again')
  assert.equal(await counted('strongroom_audit_archive_failures_total'), 1)
  assert.equal((await server.api.get('/v3/secrets/1')).status, 200)
  renameSync(path, `${path}.file`)

  const stop = runArchive(server.vault, files, config, logger, metrics.archive)
  await until(async () => said.includes('audit records were archived'))
  await stop()
  assert.equal(filesIn(path).length, 1)
  const archived = await counted('strongroom_audit_archived_records_total')
  assert.equal(archived, Number(filesIn(path)[0]?.slice(13, 25)))
  const scraped = await (await fetch(`${server.url}/metrics`)).text()
  assert.match(scraped, /^strongroom_audit_archive_segments 1$/m)
  const [, age] = /^strongroom_audit_oldest_record_seconds (\S+)$/m.exec(scraped) ?? []
  assert.ok(Number(age) >= 0 && Number(age) < 86_400, String(age))
})

test('A copy without the files is proven from where its database begins; with them, from the first record', async (t) => {
  const server = await startServer(t, sqlite)
  const { place } = server
  await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
  await read(server, 3)
  const { path } = newArchive()
  await runHere(place, ['audit', 'archive', '--days', '0'], { STRONGROOM_AUDIT_ARCHIVE: path })
  await server.stop()
  const copy = async (env: Record<string, string>) => {
    const to = await sqlite.makePlace()
    t.after(() => to.clear())
    return runHere(place, ['migrate-store', '--from', `sqlite:${place.dataDir}`, '--to', `sqlite:${to.dataDir}`], env)
  }
  const without = await copy({})
  assert.equal(without.code, 0, without.stderr)
  assert.equal((await copy({ STRONGROOM_AUDIT_ARCHIVE: path })).code, 0)
  const [file = ''] = filesIn(path)
  writeFileSync(join(path, '1', file), '{}\n')
  assert.equal((await copy({ STRONGROOM_AUDIT_ARCHIVE: path })).code, 1)
})
