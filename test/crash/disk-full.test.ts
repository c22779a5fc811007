/** A disk with no room left: changes are refused with nothing half-done, and all goes on when there is room again. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { verifyAudit } from '../../src/vault/audit.ts'
import { Api } from '../support/api.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const [sqlite] = engines
const canMount =
  process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
const skip = canMount ? false : 'Needs the right to mount a small disk.'

test('a full disk refuses with a clear answer, loses nothing, and is got over', { skip }, async (t) => {
  assert.ok(sqlite)
  const dataDir = smallDisk(t)
  const { api, vault } = await startServer(t, sqlite, {
    place: { dataDir, databaseUrl: undefined, clear: async () => {} },
  })
  const kept = new Map<number, string>()
  const create = async (at: number) => {
    const value = randomBytes(20_000).toString('hex')
    const answer = await api.post('/v3/secrets', { name: `s-${at}`, value })
    if (answer.status === 201) kept.set(answer.body.id, value)
    return answer
  }
  for (let at = 0; at < 20; at++) assert.equal((await create(at)).status, 201)

  const ballast = join(dataDir, 'ballast')
  fill(ballast)
  let refused = await create(100)
  for (let at = 101; refused.status === 201 && at < 300; at++) refused = await create(at)

  assert.deepEqual([refused.status, refused.body.code], [507, 'storage_full'])
  const others = [
    await api.put('/v3/secrets/1', { value: randomBytes(20_000).toString('hex') }),
    await api.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] }),
  ]
  for (const { status, body } of others) assert.ok([507, 201, 200].includes(status), JSON.stringify(body))
  if (others[0]?.status === 200) kept.delete(1)
  // A read is answered with its record, or not at all.
  const read = await api.get('/v3/secrets/2')
  assert.ok([200, 507].includes(read.status))
  rmSync(ballast)

  assert.equal((await create(500)).status, 201)
  for (const [id, value] of kept) assert.equal((await api.get(`/v3/secrets/${id}`)).body.value, value)
  const { body } = await api.get('/v3/secrets')
  assert.equal(
    body.secrets.some(({ name }: { name: string }) => name === `s-${100 + kept.size}`),
    false,
  )
  for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
})

test('a disk with less than its reserve refuses changes, and goes on with reads and deletions', { skip }, async (t) => {
  assert.ok(sqlite)
  const dataDir = smallDisk(t)
  const place = { dataDir, databaseUrl: undefined, clear: async () => {} }
  const { api } = await startServer(t, sqlite, { place, diskReserveBytes: 3 * 2 ** 20 })
  const stranger = new Api(api.url, 'sr_mistyped')
  for (const name of ['one', 'two']) assert.equal((await api.post('/v3/secrets', { name, value: 'v' })).status, 201)
  const ballast = join(dataDir, 'ballast')
  writeFileSync(ballast, Buffer.alloc(3 * 2 ** 20))

  await until(async () => (await api.put('/v3/secrets/1', { value: 'w' })).status === 507)

  const refused = await api.post('/v3/secrets', { name: 'three', value: 'v' })
  assert.deepEqual([refused.status, refused.body.code], [507, 'storage_full'])
  assert.equal((await stranger.post('/v3/secrets', { name: 'three', value: 'v' })).status, 401)
  assert.equal((await api.get('/v3/secrets/2')).body.value, 'v')
  assert.equal((await api.delete('/v3/secrets/2')).status, 200)
  rmSync(ballast)
  await until(async () => (await api.post('/v3/secrets', { name: 'three', value: 'v' })).status === 201)
})

/** The disk is looked at once a second; meanwhile, ask. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000
  while (performance.now() < end) {
    if (await isSo()) return
    await setTimeout(50)
  }
  assert.fail('It did not come to be.')
}

function smallDisk(t: TestContext): string {
  const folder = makeFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m,mode=700', 'tmpfs', folder])
  t.after(() => {
    execFileSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Leaves room for a page or two. */
function fill(path: string): void {
  for (let size = 4 * 1024 * 1024; size >= 4096; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
    } catch {
      // Full for this size: a smaller piece may still fit.
    }
  }
}
