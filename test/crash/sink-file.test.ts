/** What is written to the file of a sink is made durable, as the calls to the system show. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateToken } from '../../src/crypto/token.ts'
import { startChild } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { recordsIn, until } from '../support/sinks.ts'

const [sqlite] = engines
const canTrace = spawnSync('strace', ['-qq', 'true']).status === 0

test('Each write to the file of a sink is synced before the next, and its folder when it is new', {
  skip: !canTrace && 'Needs strace.',
}, async (t) => {
  assert.ok(sqlite)
  const place = await sqlite.makeMigratedPlace()
  const folder = makeFolder()
  t.after(async () => {
    await place.clear()
    rmSync(folder, { recursive: true, force: true })
  })
  const [path, trace] = [join(folder, 'audit.jsonl'), join(folder, 'trace')]
  const key = generateToken()
  const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_AUDIT_SINKS: `file:${path}` }
  const under = ['strace', '-f', '-y', '-qq', '-s', '64', '-e', 'trace=write,pwrite64,fsync,fdatasync', '-o', trace]
  const child = await startChild(t, place, { env, under })
  for (let round = 1; round <= 3; round++) {
    await child.api(key).get('/v3/secrets')
    await until(() => recordsIn(path).some((line) => line.includes('"secret.list"')) && recordsIn(path).length > round)
  }
  const pid = Number(readFileSync(trace, 'utf8').split(' ', 1)[0])
  process.kill(pid, 'SIGTERM')
  await child.end('SIGTERM')

  const calls = readFileSync(trace, 'utf8').split('\n')
  const writes = calls.flatMap((call, at) => (call.includes('write') && call.includes(`${path}>`) ? [at] : []))
  assert.ok(writes.length >= 2, String(writes.length))
  for (const at of writes) {
    const rest = calls.slice(at + 1)
    const synced = rest.findIndex((call) => /f(data)?sync\(/.test(call) && call.includes(`${path}>`))
    const again = rest.findIndex((call) => call.includes('write') && call.includes(`${path}>`))
    assert.ok(synced >= 0 && (again < 0 || synced < again), String(calls[at]))
  }
  const folderSynced = calls.some((call) => /fsync\(/.test(call) && call.includes(`${folder}>`))
  assert.ok(folderSynced, 'A new file is in its folder once that is synced.')
})
