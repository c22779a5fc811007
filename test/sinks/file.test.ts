/** The trail in a file: whole lines, on disk, rotated, on a disk that fills up, and verified as an export. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { generateToken } from '../../src/crypto/token.ts'
import { FileReceiver } from '../../src/sinks/file.ts'
import { chance, rounds } from '../support/chance.ts'
import { type Child, startChild } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { runHere } from '../support/host-command.ts'
import { accountOn, newAccount, startServer, type TestServer } from '../support/server.ts'
import {
  firstArrivals,
  folderOf,
  freeLeases,
  isSent,
  recordsIn,
  sendTo,
  trailOf,
  until,
  write,
} from '../support/sinks.ts'

const [sqlite] = engines
assert.ok(sqlite)

const isRoot = process.getuid?.() === 0
const canMount = isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

const receiverOf = ({ vault }: TestServer, path: string) => new FileReceiver(path, vault.keyring.storeId)

/** What `audit verify --export` says of the parts, put together, held against a checkpoint of all that there is. */
async function verify(t: TestContext, server: Pick<TestServer, 'place'>, ...paths: readonly string[]) {
  const whole = join(folderOf(t), 'whole')
  writeFileSync(whole, Buffer.concat(paths.map((path) => readFileSync(path))))
  const kept = join(folderOf(t), 'checkpoint')
  writeFileSync(kept, (await runHere(server.place, ['audit', 'checkpoint'])).stdout)
  const key = (await runHere(server.place, ['audit', 'key'])).stdout.trim()
  return runHere(server.place, ['audit', 'verify', '--export', whole, '--checkpoint', kept, '--key', key])
}

for (const engine of engines) {
  suite(`${engine.name}: a sink that is a file`, { skip: engine.skip }, () => {
    test('is an export of all accounts, for its owner alone, that verifies without the store', async (t) => {
      const server = await startServer(t, engine)
      const { account } = await newAccount(server.vault)
      const path = join(folderOf(t), 'audit.jsonl')
      const { stop } = sendTo(t, server.vault, receiverOf(server, path))
      await write(server, 5, 'a')
      assert.equal((await server.api.post('/v3/keys', { name: 'Zoë 💡', scopes: ['secrets:read'] })).status, 201)
      await until(() => isSent(server))
      await stop()

      assert.equal(statSync(path).mode & 0o777, 0o600)
      const trails = [...(await trailOf(server.vault)), ...(await trailOf(server.vault, account.id))]
      assert.deepEqual([...recordsIn(path)].sort(), [...trails].sort())
      const { code, stdout, stderr } = await verify(t, server, path)
      assert.equal(code, 0, stderr)
      for (const id of [1, account.id]) {
        assert.match(stdout, new RegExp(`account ${id}: ${await server.vault.store.auditSize(id)} records hold`))
      }
      writeFileSync(path, readFileSync(path, 'utf8').replace('secret.create', 'secret.update'))
      assert.equal((await verify(t, server, path)).code, 1)
    })

    test('goes on in the file that is there after a kill at any point: every record, in order, and no half of a line', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const random = chance(t)
      const path = join(folderOf(t), 'audit.jsonl')
      const key = generateToken()
      const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_AUDIT_SINKS: `file:${path}?name=test` }
      for (let round = 0; round < rounds(2, 30); round++) {
        if (round > 0) await freeLeases(place)
        const child = await startChild(t, place, { env })
        await load(child, key, round, 50 + random() * 700)
        // As whoever is killed while they write, or has only written, leaves it.
        if (existsSync(path)) appendFileSync(path, '{"account_id":1,"acti')
      }
      await freeLeases(place)
      const server = await startServer(t, engine, { place })
      // The tail is mended by whoever has something to add, and the one before may have sent all that there was.
      await write(accountOn(server.url, server.vault, key), 1, 'last')
      const { stop } = sendTo(t, server.vault, receiverOf(server, path))
      await until(() => isSent(server))
      await stop()

      assert.deepEqual(firstArrivals(recordsIn(path)), await trailOf(server.vault))
      const { code, stdout, stderr } = await verify(t, server, path)
      assert.equal(code, 0, stderr + stdout)
    })
  })
}

/** Writes for a while, then kills the server. */
async function load(child: Child, key: string, round: number, forMs: number): Promise<void> {
  const api = child.api(key)
  const end = performance.now() + forMs
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let at = 0; performance.now() < end; at++) {
      await api.post('/v3/secrets', { name: `r-${round}-${writer}-${at}`, value: 'v' }).catch(() => {})
    }
  })
  await Promise.all(writers)
  await child.end('SIGKILL')
}

suite('The file of a sink', () => {
  test('that was moved away is followed by a new one, and both together are an export', async (t) => {
    const server = await startServer(t, sqlite)
    const path = join(folderOf(t), 'audit.jsonl')
    sendTo(t, server.vault, receiverOf(server, path))
    await write(server, 3, 'a')
    await until(() => isSent(server))
    renameSync(path, `${path}.1`)
    await write(server, 3, 'b')
    await until(async () => existsSync(path) && (await isSent(server)))

    assert.ok(recordsIn(path).length > 0)
    assert.deepEqual(recordsIn(`${path}.1`, path), await trailOf(server.vault))
    assert.equal((await verify(t, server, `${path}.1`, path)).code, 0)
  })

  test('is rotated by logrotate, by its own words and by copying', {
    skip: !has('logrotate') && 'Needs logrotate.',
  }, async (t) => {
    for (const how of ['create 600', 'copytruncate']) {
      const server = await startServer(t, sqlite)
      const folder = folderOf(t)
      const path = join(folder, 'audit.jsonl')
      const { stop } = sendTo(t, server.vault, receiverOf(server, path))
      const config = join(folder, 'logrotate.conf')
      writeFileSync(config, `${path} {\n rotate 9\n ${how}\n}\n`, { mode: 0o600 })
      for (const round of ['a', 'b', 'c']) {
        await write(server, 3, round)
        await until(() => isSent(server))
        execFileSync('logrotate', ['--force', '--state', join(folder, 'state'), config], { stdio: 'pipe' })
      }
      await write(server, 3, 'd')
      await until(() => isSent(server))
      await stop()
      const parts = [`${path}.3`, `${path}.2`, `${path}.1`, path]
      assert.deepEqual(firstArrivals(recordsIn(...parts)), await trailOf(server.vault), how)
      const { code, stderr } = await verify(t, server, ...parts)
      assert.equal(code, 0, `${how}: ${stderr}`)
    }
  })

  test('is opened anew upon SIGHUP, and written to the end when the server stops', async (t) => {
    const place = await sqlite.makePlace()
    t.after(() => place.clear())
    const path = join(folderOf(t), 'audit.jsonl')
    const key = generateToken()
    const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_AUDIT_SINKS: `file:${path}` }
    const child = await startChild(t, place, { env })
    assert.equal((await child.api(key).get('/v3/secrets')).status, 200)
    await until(() => existsSync(path) && recordsIn(path).length >= 2)
    child.process.kill('SIGHUP')
    await until(() => child.output().includes('reading files anew'))
    assert.equal((await child.api(key).get('/v3/keys')).status, 200)
    await until(() => recordsIn(path).some((line) => line.includes('key.list')))
    // The header is there again, as of a file that is begun.
    const headers = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.includes('audit export 1'))
    assert.ok(headers.length >= 2, headers.join('\n'))
    assert.deepEqual(await child.end('SIGTERM'), { code: 0, signal: null })
    assert.equal((await verify(t, { place }, path)).code, 0)
    const shown = await runHere(place, ['audit', 'sinks', '--json'], env)
    assert.deepEqual(
      JSON.parse(shown.stdout).sinks.map(({ name, address }: { name: string; address: string }) => [name, address]),
      [['file', path]],
    )
  })

  test('on a disk that is full keeps no half of a line, and goes on once there is room', {
    skip: !canMount && 'Needs the right to mount a small disk.',
  }, async (t) => {
    const server = await startServer(t, sqlite)
    const disk = folderOf(t, (folder) => execFileSync('umount', ['-l', folder]))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', disk])
    const path = join(disk, 'audit.jsonl')
    const { watched } = sendTo(t, server.vault, receiverOf(server, path))
    await write(server, 3, 'a')
    await until(() => isSent(server))
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(52 * 1024))
    for (let at = 0; watched.failures.length === 0; at++) {
      assert.ok(at < 500)
      await write(server, 20, `b${at}`)
    }
    assert.match(watched.failures[0] ?? '', /^The file cannot be written \(ENOSPC\)\.$/)
    // Requests were answered all the while, and go on.
    await write(server, 3, 'c')
    // What another try has written by now is cut off when it fails, too.
    await until(async () => readFileSync(path, 'utf8').endsWith('}\n'))
    rmSync(join(disk, 'ballast'))
    execFileSync('mount', ['-o', 'remount,size=4m', disk])
    await until(() => isSent(server))

    assert.deepEqual(firstArrivals(recordsIn(path)), await trailOf(server.vault))
    assert.equal((await verify(t, server, path)).code, 0)
  })

  test('that can only be appended to ends what was torn off, which verifying passes over', {
    skip: !canAppendOnly() && 'Needs a file system with append-only files.',
  }, async (t) => {
    const server = await startServer(t, sqlite)
    const folder = folderOf(t, (one) => spawnSync('chattr', ['-a', join(one, 'audit.jsonl')]))
    const path = join(folder, 'audit.jsonl')
    const first = sendTo(t, server.vault, receiverOf(server, path))
    await write(server, 2, 'a')
    await until(() => isSent(server))
    await first.stop()
    appendFileSync(path, '{"account_id":1,"acti')
    execFileSync('chattr', ['+a', path])
    await write(server, 2, 'b')
    const second = sendTo(t, server.vault, receiverOf(server, path))
    await until(() => isSent(server))
    await second.stop()

    assert.match(readFileSync(path, 'utf8'), /\n\{"account_id":1,"acti\n\{"format":"strongroom audit export 1"/)
    assert.equal((await verify(t, server, path)).code, 0)
  })

  test('that is a folder, a pipe or not its own to write is said, and is tried again', async (t) => {
    const server = await startServer(t, sqlite)
    const folder = folderOf(t)
    mkdirSync(join(folder, 'folder'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    for (const name of ['folder', 'pipe', 'nowhere/audit.jsonl']) {
      const { watched, stop } = sendTo(t, server.vault, receiverOf(server, join(folder, name)), { name: 'other' })
      await until(() => watched.failures.length > 1, name)
      assert.match(watched.failures[0] ?? '', /^(The file cannot be written|What is at the path)/)
      assert.doesNotMatch(watched.failures[0] ?? '', /\//)
      await stop()
    }
  })
})

function canAppendOnly(): boolean {
  if (!isRoot) return false
  const folder = makeFolder()
  const path = join(folder, 'file')
  closeSync(openSync(path, 'w'))
  const isSo = spawnSync('chattr', ['+a', path]).status === 0 && spawnSync('chattr', ['-a', path]).status === 0
  rmSync(folder, { recursive: true, force: true })
  return isSo
}
