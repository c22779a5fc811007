/** A backup beside a server that writes: of one moment, and the server's write-ahead log stays as it is. */
import assert from 'node:assert/strict'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { readBusyStoreAt, readStoreAt } from '../../src/copy/location.ts'
import { sqlitePath } from '../../src/store/location.ts'
import { secrets } from '../../src/store/tables/secret.ts'
import { runBeside } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { makeIdentity } from '../support/identity.ts'
import { startServer, type TestServer } from '../support/server.ts'

const [sqlite] = engines
assert.ok(sqlite)

/** What the log may take: as much as is kept of it, and what is written until the next checkpoint. */
const most = 24 * 2 ** 20
const value = 'v'.repeat(60_000)
/** 42 MB, in requests of 20 secrets. */
const requests = 35

async function writeMuch({ api }: TestServer): Promise<void> {
  for (let at = 0; at < requests; at++) {
    const secrets = Array.from({ length: 20 }, (_, one) => ({ name: `w-${process.hrtime.bigint()}-${one}`, value }))
    const { status, text } = await api.post('/v3/secrets/batch/create', { secrets })
    assert.equal(status, 201, text)
  }
}

const logOf = ({ place }: TestServer) => statSync(`${sqlitePath(place.dataDir)}-wal`).size

for (const engine of engines) {
  suite(`${engine.name}: a store that is backed up while it is written to`, { skip: engine.skip }, () => {
    test('is read as it was at one moment, and keeps nobody from writing', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'before', value: 'v' })
      const snapshot = await readBusyStoreAt(server.place)

      assert.equal((await server.api.post('/v3/secrets', { name: 'after', value: 'v' })).status, 201)

      const rows = (await Array.fromAsync(snapshot.rows(secrets))).flat()
      await snapshot.close()
      assert.deepEqual(
        rows.map((row) => row[3]),
        ['before'],
      )
    })

    test('is backed up whole under writers', async (t) => {
      const server = await startServer(t, engine)
      let isDone = false
      const writing = (async () => {
        for (let at = 0; !isDone; at++) await server.api.post('/v3/secrets', { name: `s-${at}`, value: 'v' })
      })()
      const { file, recipient } = await makeIdentity()
      const out = `${makeFolder()}/b`

      const made = await runBeside(server.place, ['backup', '--out', out, '--recipient', recipient])
      isDone = true
      await writing

      assert.equal(made.code, 0)
      const verified = await runBeside(server.place, ['backup', 'verify', '--from', out, '--identity', file])
      assert.equal(verified.code, 0, verified.stdout)
    })
  })
}

suite('SQLite: the write-ahead log', () => {
  test('does not grow while a backup takes its time, and nothing of the copy is left', async (t) => {
    const server = await startServer(t, sqlite)
    await server.api.post('/v3/secrets', { name: 'before', value: 'v' })
    const before = readdirSync(server.place.dataDir)
    // Of a backup that was killed: no process has such a number.
    writeFileSync(`${sqlitePath(server.place.dataDir)}.copy-999999999`, 'half')
    const snapshot = await readBusyStoreAt(server.place)

    await writeMuch(server)

    assert.ok(logOf(server) < most, `${logOf(server)} bytes`)
    assert.deepEqual(readdirSync(server.place.dataDir), before)
    assert.ok((await snapshot.count()) > 0)
    await snapshot.close()
  })

  test('is short again after whatever kept it', async (t) => {
    const server = await startServer(t, sqlite)
    await server.api.post('/v3/secrets', { name: 'before', value: 'v' })
    const snapshot = await readStoreAt(server.place)
    assert.ok((await snapshot.count()) > 0)
    await writeMuch(server)
    assert.ok(logOf(server) > most, `${logOf(server)} bytes`)
    await snapshot.close()

    for (let at = 0; at < 3; at++) await server.api.post('/v3/secrets', { name: `short-${at}`, value: 'v' })

    assert.ok(logOf(server) < most, `${logOf(server)} bytes`)
  })
})
