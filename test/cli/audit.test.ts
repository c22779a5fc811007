/** Verifying with what was kept elsewhere: a trail that was cut, forked or rolled back is found, and so is its state. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { nextHead } from '../../src/audit/chain.ts'
import { splitNotes } from '../../src/audit/checkpoint.ts'
import { toStoredRecord } from '../../src/store/tables/record.ts'
import { Api } from '../support/api.ts'
import type { AuditRow } from '../support/audit-row.ts'
import { startChild, startCommand } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { runHere } from '../support/host-command.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: strongroom audit`, { skip: engine.skip }, () => {
    test('verify is 0 with a checkpoint that the chain continues from, and 3 without one', async (t) => {
      const { place, api, stop } = await startWithSecrets(t)
      const file = await keepCheckpoint(place)
      await api.get('/v3/secrets/1')
      await stop()

      const anchored = await runHere(place, ['audit', 'verify', '--checkpoint', file, '--state', '--json'])

      assert.equal(anchored.code, 0, anchored.stderr)
      assert.equal(JSON.parse(anchored.stdout).result, 'anchored')
      assert.equal((await runHere(place, ['audit', 'verify', '--state'])).code, 3)
      const key = (await runHere(place, ['audit', 'key'])).stdout.trim()
      assert.match(key, /^strongroom\/[0-9a-f]{32}\+[0-9a-f]{8}\+/)
      assert.equal((await runHere(place, ['audit', 'verify', '--checkpoint', file, '--key', key])).code, 0)
      assert.equal((await runHere(place, ['audit', 'verify', '--checkpoint', file, '--key', `${key}x`])).code, 2)
    })

    test('verify finds a tail that was cut so that it holds by itself', async (t) => {
      const { place, stop } = await startWithSecrets(t)
      const file = await keepCheckpoint(place)
      await stop()
      await query(place, 'delete from audit where account_id = 1 and seq > 3')
      await query(
        place,
        'update accounts set audit_size = 3, audit_head = (select head from audit where account_id = 1 and seq = 3) where id = 1',
      )

      assert.equal((await runHere(place, ['audit', 'verify'])).code, 3)
      const found = await runHere(place, ['audit', 'verify', '--checkpoint', file])

      assert.equal(found.code, 1)
      assert.match(
        found.stderr,
        /TAMPERED: account default, record 4: The record is missing: a checkpoint states \d+ records/,
      )
    })

    test('verify finds a trail that was written anew from some record on', async (t) => {
      const { place, stop } = await startWithSecrets(t)
      const file = await keepCheckpoint(place)
      await stop()
      await rewriteFrom(place, 3)

      assert.equal((await runHere(place, ['audit', 'verify'])).code, 3)
      const found = await runHere(place, ['audit', 'verify', '--checkpoint', file])

      assert.equal(found.code, 1)
      assert.match(found.stderr, /not the one of a checkpoint/)
    })

    test('verify refuses a checkpoint that was changed, or is none', async (t) => {
      const { place, stop } = await startWithSecrets(t)
      const file = await keepCheckpoint(place)
      await stop()
      const note = readFileSync(file, 'utf8')

      for (const text of [note.replace(/\n\d+\n/, '\n1\n'), note.slice(0, -20), '', 'nonsense']) {
        writeFileSync(file, text)
        const { code, stderr } = await runHere(place, ['audit', 'verify', '--checkpoint', file])
        assert.equal(code, 2)
        assert.match(stderr, /--checkpoint: /)
      }
      assert.equal((await runHere(place, ['audit', 'verify', '--checkpoint', `${file}.none`])).code, 2)
    })

    test('verify --state finds what was changed in the tables behind the trail', async (t) => {
      const older = 'select sealed from versions where account_id = 1 and secret_id = 1 and version = 1'
      const tamperings: readonly (readonly [string, RegExp])[] = [
        [
          'delete from secrets where account_id = 1 and id = 2',
          /A secret that record \d+ left in the store is not there/,
        ],
        ['update secrets set version = 1 where account_id = 1 and id = 1', /Secret 1 is not as record \d+ left it/],
        [
          `update versions set sealed = (${older}) where account_id = 1 and secret_id = 1 and version = 2`,
          /Secret 1 is not as/,
        ],
        [`update secrets set name = 'other' where account_id = 1 and id = 1`, /Secret 1 is not as/],
        [
          `update secrets set uid = '${'0a'.repeat(16)}' where account_id = 1 and id = 1`,
          /the trail knows nothing of it/,
        ],
        [
          'update api_keys set revoked_ms = null where account_id = 1',
          /API key 2 is good, though record \d+ revoked it/,
        ],
      ]
      const { place: made, stop } = await startWithSecrets(t)
      await stop()
      for (const [statement, words] of tamperings) {
        const place = await engine.copyPlace(made)
        t.after(() => place.clear())
        assert.equal((await runHere(place, ['audit', 'verify', '--state'])).code, 3)

        await query(place, statement)

        const { code, stderr } = await runHere(place, ['audit', 'verify', '--state'])
        assert.equal(code, 1, statement)
        assert.match(stderr, words)
      }
    })

    test('verify --state raises no alarm while the server is writing', async (t) => {
      const { place, api } = await startWithSecrets(t)
      let isDone = false
      const load = Promise.all(
        Array.from({ length: 4 }, async (_, worker) => {
          for (let at = 0; !isDone; at++) {
            const { body } = await api.post('/v3/secrets', { name: `n-${worker}-${at}`, value: 'v' })
            await api.put(`/v3/secrets/${body.id}`, { value: 'w' })
            await api.put('/v3/secrets/1', { value: String(at) })
            if (at % 2 === 0) await api.delete(`/v3/secrets/${body.id}`)
          }
        }),
      )

      const results: (number | null)[] = []
      for (let round = 0; round < 3; round++) results.push(await verifyBeside(place))
      isDone = true
      await load

      assert.deepEqual(results, [3, 3, 3])
    })

    async function startWithSecrets(t: TestContext) {
      const { place, api, stop } = await startServer(t, engine)
      for (const name of ['one', 'two', 'three']) await api.post('/v3/secrets', { name, value: 'v' })
      await api.put('/v3/secrets/1', { value: 'w' })
      await api.delete('/v3/secrets/3')
      await api.post('/v3/keys', { name: 'short', scopes: ['secrets:read'] })
      await api.delete('/v3/keys/2')
      return { place, api, stop }
    }
  })
}

suite('strongroom serve with checkpoints', () => {
  const [sqlite] = engines

  test("appends them to a file that last week's store then contradicts", async (t) => {
    assert.ok(sqlite)
    const place = await sqlite.makePlace()
    t.after(() => place.clear())
    const file = join(place.dataDir, 'checkpoints')
    const env = { STRONGROOM_CHECKPOINTS: file, STRONGROOM_CHECKPOINT_SECONDS: '1' }
    const server = await startChild(t, place, { env })
    const api = new Api(server.url, server.firstKey ?? '')
    await api.post('/v3/secrets', { name: 'one', value: 'v' })
    await server.end('SIGTERM')
    const database = join(place.dataDir, 'strongroom.db')
    cpSync(database, `${database}.old`)
    const [account] = await query(place, 'select audit_size from accounts where id = 1')

    const later = await startChild(t, place, { env })
    await later.api(api.key).put('/v3/secrets/1', { value: 'w' })
    const stated = () => Number(splitNotes(readFileSync(file, 'utf8')).at(-1)?.split('\n')[1])
    while (stated() <= Number(account?.['audit_size'])) await setTimeout(20)
    await later.end('SIGTERM')

    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal((await runHere(place, ['audit', 'verify', '--checkpoint', file])).code, 0)
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${database}${suffix}`, { force: true })
    cpSync(`${database}.old`, database)
    assert.equal((await runHere(place, ['audit', 'verify'])).code, 3)
    assert.equal((await runHere(place, ['audit', 'verify', '--checkpoint', file])).code, 1)
  })
})

/** Keeps a checkpoint in a file, as somebody elsewhere would. */
async function keepCheckpoint(place: Place): Promise<string> {
  const file = join(place.dataDir, 'kept-checkpoint')
  const { code, stdout, stderr } = await runHere(place, ['audit', 'checkpoint'])
  assert.equal(code, 0, stderr)
  writeFileSync(file, stdout)
  return file
}

/** What somebody who can write the database, and knows the format, can do: the chain holds again. */
async function rewriteFrom(place: Place, first: number): Promise<void> {
  const rows = (await query(place, 'select * from audit where account_id = 1 order by seq')) as AuditRow[]
  let head: Uint8Array = rows[first - 2]?.head ?? assert.fail()
  for (const row of rows.slice(first - 1).map(numbers)) {
    const { record } = toStoredRecord(row)
    head = nextHead(head, { ...record, address: '10.0.0.1' })
    await query(
      place,
      `update audit set address = '10.0.0.1', head = ? where account_id = 1 and seq = ?`,
      head,
      row.seq,
    )
  }
  await query(place, 'update accounts set audit_head = ? where id = 1', head)
}

/** PostgreSQL gives whole numbers as text to a client that does not ask for more. */
function numbers(row: AuditRow): AuditRow {
  const names = ['account_id', 'seq', 'ms', 'principal_id', 'object_id', 'object_version', 'format'] as const
  const whole = names.map((name) => [name, row[name] === null ? null : Number(row[name])])
  return { ...row, ...Object.fromEntries(whole) }
}

function verifyBeside(place: Place): Promise<number | null> {
  return new Promise((resolve) => {
    startCommand(place, ['audit', 'verify', '--state']).once('exit', (code) => resolve(code))
  })
}
