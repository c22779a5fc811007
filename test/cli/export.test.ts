/** The trail far from its store: exports that verify by themselves, and a witness that takes no step back. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { engines, makeFolder } from '../support/engines.ts'
import { runHere } from '../support/host-command.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: an export of the trail`, { skip: engine.skip }, () => {
    test('is JSON lines whose hashes give the head, by the description of the format alone', async (t) => {
      const { files } = await exportOf(t)
      const [first = '', ...lines] = readFileSync(files.export, 'utf8').trimEnd().split('\n')
      const header = JSON.parse(first)
      assert.deepEqual([header.format, header.account_id, header.after], ['strongroom audit export 1', 1, 0])

      const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
      let head = sha256(Buffer.from(`strongroom audit chain 1\0${header.store_id}\0${header.account_id}`))
      for (const line of lines) head = sha256(Uint8Array.of(1), head, sha256(Uint8Array.of(0), Buffer.from(line)))

      const [, size, stated] = readFileSync(files.checkpoint, 'utf8').split('\n')
      assert.deepEqual([String(lines.length), head.toString('base64')], [size, stated])
    })

    test('is verified without the store, with a checkpoint 0 and without one 3', async (t) => {
      const { files, nowhere, key } = await exportOf(t)

      const anchored = await runHere(nowhere, [
        'audit',
        'verify',
        '--export',
        files.export,
        '--checkpoint',
        files.checkpoint,
        '--key',
        key,
      ])
      assert.equal(anchored.code, 0, anchored.stderr)
      assert.equal((await runHere(nowhere, ['audit', 'verify', '--export', files.export])).code, 3)
      assert.equal(
        (await runHere(nowhere, ['audit', 'verify', '--export', files.export, '--checkpoint', files.checkpoint])).code,
        2,
      )
    })

    test('that was broken off is continued where it ended', async (t) => {
      const { files, nowhere, key, place } = await exportOf(t)
      const lines = readFileSync(files.export, 'utf8').split('\n')
      const rest = (await runHere(place, ['audit', 'export', '--after', '3'])).stdout

      writeFileSync(files.export, `${lines.slice(0, 4).join('\n')}\n${rest}`)
      assert.equal(
        (
          await runHere(nowhere, [
            'audit',
            'verify',
            '--export',
            files.export,
            '--checkpoint',
            files.checkpoint,
            '--key',
            key,
          ])
        ).code,
        0,
      )
      writeFileSync(files.export, `${lines.slice(0, 3).join('\n')}\n${rest}`)
      assert.equal((await runHere(nowhere, ['audit', 'verify', '--export', files.export])).code, 1)
      writeFileSync(files.export, rest)
      assert.equal((await runHere(nowhere, ['audit', 'verify', '--export', files.export])).code, 2)
    })

    test('with any record changed, dropped, doubled or exchanged is found, and the record named', async (t) => {
      const { files, nowhere, key } = await exportOf(t)
      const lines = readFileSync(files.export, 'utf8').trimEnd().split('\n')
      const verify = async (changed: readonly string[]) => {
        writeFileSync(files.export, `${changed.join('\n')}\n`)
        return runHere(nowhere, [
          'audit',
          'verify',
          '--export',
          files.export,
          '--checkpoint',
          files.checkpoint,
          '--key',
          key,
        ])
      }

      for (const [changed, words] of [
        [lines.with(3, (lines[3] ?? '').replace('"ok"', '"no"')), /checkpoint/],
        [lines.toSpliced(3, 1), /record 3: The record is missing/],
        [lines.toSpliced(3, 0, lines[3] ?? ''), /record 4: The record is missing/],
        [lines.with(3, lines[4] ?? '').with(4, lines[3] ?? ''), /record 3: The record is missing/],
        [lines.slice(0, -1), /a checkpoint states/],
        [lines.with(3, 'nonsense'), /record 3: The record is none/],
      ] as const) {
        const { code, stderr } = await verify(changed)
        assert.equal(code, 1, stderr)
        assert.match(stderr, words)
      }
    })
  })
}

suite('A witness', () => {
  const [sqlite] = engines

  test('takes what continues what it keeps, and refuses a trail that shrank or forked', async (t) => {
    assert.ok(sqlite)
    const { server, place, files, nowhere, key } = await exportOf(t, sqlite)
    const kept = join(nowhere.dataDir, 'kept')
    const witness = async (after: number, checkpoint = files.checkpoint) => {
      writeFileSync(files.export, (await runHere(place, ['audit', 'export', '--after', String(after)])).stdout)
      return runHere(nowhere, [
        'audit',
        'witness',
        '--kept',
        kept,
        '--checkpoint',
        checkpoint,
        '--export',
        files.export,
        '--key',
        key,
      ])
    }
    const sizeKept = () => Number(readFileSync(kept, 'utf8').split('\n')[1])
    assert.equal((await witness(0)).code, 0)
    const first = sizeKept()

    await server.api.get('/v3/secrets/1')
    const older = `${files.checkpoint}.older`
    writeFileSync(older, readFileSync(files.checkpoint))
    writeFileSync(files.checkpoint, (await runHere(place, ['audit', 'checkpoint'])).stdout)
    assert.equal((await witness(0)).code, 2)
    assert.equal((await witness(first)).code, 0)
    assert.ok(sizeKept() > first)

    const shrunk = await witness(sizeKept(), older)
    assert.equal(shrunk.code, 1)
    assert.match(shrunk.stderr, /The trail had \d+ records; the checkpoint states \d+/)
    await server.api.get('/v3/secrets/1')
    writeFileSync(files.checkpoint, (await runHere(place, ['audit', 'checkpoint'])).stdout)
    const before = readFileSync(kept, 'utf8')
    writeFileSync(
      files.export,
      (await runHere(place, ['audit', 'export', '--after', String(sizeKept())])).stdout.replace('"ok"', '"no"'),
    )
    const forked = await runHere(nowhere, [
      'audit',
      'witness',
      '--kept',
      kept,
      '--checkpoint',
      files.checkpoint,
      '--export',
      files.export,
      '--key',
      key,
    ])
    assert.equal(forked.code, 1)
    assert.equal(readFileSync(kept, 'utf8'), before)
    assert.equal((await witness(sizeKept())).code, 0)
  })
})

/** A store with a trail, its export and its checkpoint, and a folder that has nothing of the store. */
async function exportOf(t: TestContext, engine = engines[0]) {
  assert.ok(engine)
  const elsewhere = makeFolder()
  t.after(() => rmSync(elsewhere, { recursive: true, force: true }))
  const server = await startServer(t, engine)
  const { place } = server
  for (const name of ['one', 'two']) await server.api.post('/v3/secrets', { name, value: 'planted-value' })
  await server.api.get('/v3/secrets/1')
  await server.api.get('/v3/secrets/9')
  const files = { export: join(elsewhere, 'export'), checkpoint: join(elsewhere, 'checkpoint') }
  const printed = await runHere(place, ['audit', 'export'])
  assert.equal(printed.code, 0, printed.stderr)
  assert.doesNotMatch(printed.stdout, /planted-value/)
  writeFileSync(files.export, printed.stdout)
  writeFileSync(files.checkpoint, (await runHere(place, ['audit', 'checkpoint'])).stdout)
  const key = (await runHere(place, ['audit', 'key'])).stdout.trim()
  const nowhere = { dataDir: elsewhere, databaseUrl: undefined, clear: async () => {} }
  return { server, place, files, key, nowhere }
}
