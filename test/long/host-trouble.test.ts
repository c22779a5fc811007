/** Every command of the host, in every trouble: nothing is made, a sentence says why, and the exit code is not 0. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { isThorough } from '../support/chance.ts'
import { environment, runCommand, startChild, startCommand } from '../support/child.ts'
import { type Ended, ending } from '../support/cli.ts'
import { query } from '../support/database.ts'
import { engines, makeFolder, type Place } from '../support/engines.ts'
import { main } from '../support/main.ts'
import { startServer } from '../support/server.ts'

const identity = await generateIdentity()
const recipient = await identityToRecipient(identity)

/** Every command that opens a store, as it is typed in a folder for what it writes. */
function commandsIn(folder: string): readonly (readonly string[])[] {
  return [
    ['account', 'create', 'no name'],
    ['account', 'list'],
    ['account', 'rotate-key', 'default'],
    ['key', 'create', 'ci'],
    ['key', 'list'],
    ['key', 'revoke', '1'],
    ['user', 'create', 'ada@example.com'],
    ['user', 'list'],
    ['user', 'disable', 'ada@example.com'],
    ['user', 'reset', 'ada@example.com'],
    ['audit', 'verify'],
    ['audit', 'verify', '--state', '--json'],
    ['audit', 'export'],
    ['audit', 'checkpoint'],
    ['audit', 'key'],
    ['backup', '--out', join(folder, 'backup'), '--recipient', recipient],
    ['rewrap', '--to', join(folder, 'next.key')],
    ['rewrap', '--finish'],
    ['rewrap', '--master'],
  ]
}

/** One of each way to come to a store: all of them go through the same door, as the first test shows of each command. */
const kinds = ['account list', 'key create', 'audit verify', 'audit export', 'backup', 'rewrap --to', 'rewrap --finish']

/** Some of them, where not one trouble but many are tried; all in a thorough run. */
function someIn(folder: string): readonly (readonly string[])[] {
  const all = commandsIn(folder)
  return isThorough
    ? all
    : kinds.map((kind) => all.find((words) => words.join(' ').startsWith(kind)) ?? assert.fail(kind))
}

/** Runs them, a few at a time. */
async function runAll(
  place: Place,
  env: Record<string, string> = {},
  chosen = commandsIn,
): Promise<{ words: string; ended: Ended }[]> {
  const folder = makeFolder()
  const waiting = [...chosen(folder)]
  const found: { words: string; ended: Ended }[] = []
  const work = async () => {
    for (let words = waiting.shift(); words !== undefined; words = waiting.shift()) {
      const child = spawn(process.execPath, [main, ...words], { env: { ...environment(place), ...env } })
      found.push({ words: words.slice(0, 3).join(' '), ended: await ending(child) })
    }
  }
  await Promise.all([work(), work(), work()])
  assert.deepEqual(readdirSync(folder), [], 'Something was written.')
  return found
}

const runSome = (place: Place, env: Record<string, string> = {}) => runAll(place, env, someIn)

function assertRefused(found: readonly { words: string; ended: Ended }[], code: number, words: RegExp): void {
  for (const { words: typed, ended } of found) {
    assert.equal(ended.code, typed.startsWith('audit verify') ? 2 : code, `${typed}: ${ended.stderr}`)
    assert.match(ended.stderr, words, typed)
    assert.equal(ended.stdout, '', typed)
    assertSpoken(ended.stderr, typed)
  }
}

/** In sentences, and not as a program that broke. */
function assertSpoken(stderr: string, typed: string): void {
  assert.doesNotMatch(stderr, /\n\s+at |Unhandled|Uncaught|node:internal|postgres:\/\//, typed)
  for (const line of stderr.trim().split('\n')) assert.match(line, /^strongroom: /, typed)
}

for (const engine of engines) {
  suite(`${engine.name}: every command of the host`, { skip: engine.skip }, () => {
    test('refuses where there is no store, says where it looked, and makes none', async (t) => {
      const place = await emptyPlace(t, engine)

      const found = await runAll(place)

      const where = place.databaseUrl === undefined ? place.dataDir : new URL(place.databaseUrl).pathname.slice(1)
      assertRefused(
        found,
        3,
        new RegExp(`There is no store in the (data folder|database) ${where}\\b.*strongroom serve`),
      )
      assert.deepEqual(readdirSync(place.dataDir), [])
      if (place.databaseUrl === undefined) return
      assert.deepEqual(await query(place, `select * from pg_tables where schemaname = 'public'`), [])
    })

    test('refuses a store whose root key is away, and makes no other', async (t) => {
      const { place } = await madePlace(t, engine)
      const dataDir = makeFolder()
      if (place.databaseUrl === undefined)
        copyFileSync(join(place.dataDir, 'strongroom.db'), join(dataDir, 'strongroom.db'))

      const found = await runSome({ ...place, dataDir })

      assertRefused(found, 1, /The root key file .*root\.key does not exist/)
      assert.ok(!existsSync(join(dataDir, 'root.key')))
      const { code, stderr } = runCommand({ ...place, dataDir }, ['serve'])
      assert.equal(code, 1)
      assert.match(stderr, /root\.key does not exist/)
      assert.ok(!existsSync(join(dataDir, 'root.key')))
    })
  })
}

const [sqlite = assert.fail(), postgres = assert.fail()] = engines

suite('Every command of the host', () => {
  test('refuses a data folder that is not there, or is a file, and makes none', async (t) => {
    const place = await emptyPlace(t, sqlite)
    const [absent, file] = [join(place.dataDir, 'absent'), join(place.dataDir, 'file')]
    writeFileSync(file, 'text')

    assertRefused(await runSome({ ...place, dataDir: absent }), 3, /There is no store in the data folder .*absent\b/)
    assertRefused(await runSome({ ...place, dataDir: file }), 1, /The data folder .*file .*is no folder/)

    assert.deepEqual(readdirSync(place.dataDir), ['file'])
  })

  test('refuses a database file of another program, one that is cut, and one of a newer version', async (t) => {
    const { place } = await madePlace(t, sqlite)
    const [other, cut, newer] = [makeFolder(), makeFolder(), makeFolder()]
    for (const dataDir of [other, cut, newer]) cpSync(place.dataDir, dataDir, { recursive: true })
    writeFileSync(join(other, 'strongroom.db'), 'This is a text, and no database. '.repeat(100))
    truncateSync(join(cut, 'strongroom.db'), 9000)
    await query({ ...place, dataDir: newer }, `insert into migrations values ('9999-later', 1)`)

    assertRefused(await runSome({ ...place, dataDir: other }), 1, /strongroom\.db cannot be opened: .*not a database/)
    assertRefused(await runSome({ ...place, dataDir: cut }), 1, /malformed|cannot be opened/)
    assertRefused(await runSome({ ...place, dataDir: newer }), 1, /9999-later.*newer version/)
  })

  test('refuses root keys that are wrong, open to others or no keys', async (t) => {
    const { place } = await madePlace(t, sqlite)
    const path = join(makeFolder(), 'key')
    writeFileSync(path, randomBytes(32).toString('base64url'), { mode: 0o644 })

    assertRefused(await runSome(place, { STRONGROOM_ROOT_KEY_FILE: path }), 1, /can be read by others/)
    chmodSync(path, 0o600)
    assertRefused(await runSome(place, { STRONGROOM_ROOT_KEY_FILE: path }), 1, /The root key does not open this store/)
    writeFileSync(path, 'planted')
    const noKey = await runSome(place, { STRONGROOM_ROOT_KEY_FILE: path })
    assertRefused(noKey, 1, /must be 32 bytes/)
    assert.ok(noKey.every(({ ended }) => !ended.stderr.includes('planted')))
  })

  test('refuses a database that does not answer, and a URL that is none', async (t) => {
    const place = await emptyPlace(t, sqlite)

    const away = await runSome({ ...place, databaseUrl: 'postgres://u:planted@127.0.0.1:1/db' })
    assertRefused(away, 6, /database db on 127\.0\.0\.1:1: .*ECONNREFUSED/)
    const none = await runSome({ ...place, databaseUrl: 'postgres://u:planted@x@127.0.0.1:1/db' })
    assertRefused(none, 2, /STRONGROOM_DATABASE_URL must have/)

    assert.ok([...away, ...none].every(({ ended }) => !ended.stderr.includes('planted')))
    assert.deepEqual(readdirSync(place.dataDir), [])
  })

  test('refuses a data folder of another user', { skip: isRootHere() ? false : 'Needs root.' }, async (t) => {
    const { place } = await madePlace(t, sqlite)
    const who = (flag: string) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout)

    for (const words of [
      ['account', 'list'],
      ['audit', 'verify'],
      ['backup', '--out', '/tmp/x', '--recipient', recipient],
    ]) {
      const options = { env: environment(place), uid: who('-u'), gid: who('-g'), cwd: '/' }
      const ended = await ending(spawn(process.execPath, [main, ...words], options))
      assert.ok(ended.code === 1 || ended.code === 2, ended.stderr)
      assert.match(ended.stderr, /EACCES/)
      assertSpoken(ended.stderr, words.join(' '))
    }
  })

  for (const engine of engines) {
    test(`but account create: it may set a store up on ${engine.name} before the server first runs, and says so`, {
      skip: engine.skip,
    }, async (t) => {
      const place = await emptyPlace(t, engine)

      const { code, stdout, stderr } = await ending(start(place, ['account', 'create', 'acme', '--json']))

      assert.equal(code, 0, stderr)
      assert.deepEqual(JSON.parse(stdout).account, { id: 1, name: 'acme' })
      assert.match(stderr, /^There was no store in the (data folder|database) .*: a new one is made\.$/m)
      const server = await startChild(t, place)
      assert.equal(server.firstKey, undefined)
      assert.equal((await server.api(JSON.parse(stdout).api_key).get('/v3/secrets')).status, 200)
      await server.end('SIGTERM')
      const second = await ending(start(place, ['account', 'create', 'other']))
      assert.deepEqual([second.code, second.stderr], [0, ''])
    })
  }

  test('says that what it prints cannot be written, with a code that is not 0', async (t) => {
    const { place } = await madePlace(t, sqlite)

    for (const words of [
      ['account', 'create', 'acme'],
      ['key', 'list'],
      ['audit', 'verify'],
      ['audit', 'export'],
    ]) {
      const full = openSync('/dev/full', 'w')
      const ended = await ending(
        spawn(process.execPath, [main, ...words], { env: environment(place), stdio: ['ignore', full, 'pipe'] }),
      )
      assert.ok(ended.code !== 0 && ended.code !== null, words.join(' '))
      assert.match(ended.stderr, /could not be written|disk is full/)
      assertSpoken(ended.stderr, words.join(' '))
    }
  })
})

suite('strongroom backup', () => {
  test('writes both parts or neither, and over none unless told to', async (t) => {
    const { place } = await madePlace(t, sqlite)
    const folder = makeFolder()
    const backup = (out: string, ...more: string[]) =>
      runCommand(place, ['backup', '--out', join(folder, out), '--recipient', recipient, ...more])

    const absent = backup('absent/monday')
    assert.equal(absent.code, 1)
    assert.match(absent.stderr, /absent\/monday.*there is no such file or folder/)
    assertSpoken(absent.stderr, 'backup')

    assert.equal(backup('monday').code, 0)
    const there = backup('monday')
    assert.equal(there.code, 5)
    assert.match(there.stderr, /monday\.values\.age and .*monday\.keys\.age is there already/)
    assert.equal(backup('monday', '--replace').code, 0)
    const records = await query(place, `select seq from audit where action = 'store.backup'`)
    assert.equal(records.length, 2, 'Only what was made is on record.')
    mkdirSync(join(folder, 'tuesday.keys.age'))
    assert.notEqual(backup('tuesday', '--replace').code, 0)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('unfinished') || name === 'tuesday.values.age'),
      [],
    )
  })

  test('that is interrupted leaves no file', async (t) => {
    const { place } = await madePlace(t, sqlite)
    const folder = makeFolder()

    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const words = ['backup', '--out', join(folder, 'b'), '--recipient', recipient]
      const child = startCommand(place, words)
      const ended = ending(child)
      while (child.exitCode === null && readdirSync(folder).length === 0) await setTimeout(1)
      child.kill(signal)
      const { code } = await ended
      const left = readdirSync(folder)
      if (code === 0) assert.equal(left.length, 2)
      else {
        assert.equal(code, signal === 'SIGINT' ? 130 : 143)
        assert.deepEqual(left, [])
      }
      for (const name of left) rmSync(join(folder, name))
    }
  })

  const canMount = isRootHere() && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
  test('on a disk that is full says so, and leaves nothing', {
    skip: canMount ? false : 'Needs a mount.',
  }, async (t) => {
    const { place } = await madePlace(t, sqlite)
    const disk = makeFolder()
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', disk]).status, 0)
    t.after(() => void spawnSync('umount', [disk]))

    const { code, stderr } = runCommand(place, ['backup', '--out', join(disk, 'b'), '--recipient', recipient])

    assert.equal(code, 1)
    assert.match(stderr, /disk is full/)
    assertSpoken(stderr, 'backup')
    assert.deepEqual(readdirSync(disk), [])
  })
})

suite('strongroom restore and migrate-store', () => {
  test('leave nothing where nothing was, when they cannot go on', async (t) => {
    const { place } = await madePlace(t, sqlite)
    const key = { STRONGROOM_ROOT_KEY_FILE: join(place.dataDir, 'root.key') }
    const folder = makeFolder()
    const identityFile = join(folder, 'identity')
    writeFileSync(identityFile, identity)
    const target = join(folder, 'deep', 'target')
    const empty = makeFolder()
    const cases: readonly (readonly string[])[] = [
      ['restore', '--from', join(folder, 'absent'), '--identity', identityFile, '--to', `sqlite:${target}`],
      ['restore', '--from', join(folder, 'absent'), '--identity', identityFile, '--to', `sqlite:${empty}`],
      ['migrate-store', '--from', `sqlite:${join(folder, 'absent')}`, '--to', `sqlite:${empty}`],
      ['backup', 'verify', '--from', join(folder, 'absent'), '--identity', identityFile],
      ['migrate-store', '--from', `sqlite:${join(folder, 'absent')}`, '--to', `sqlite:${target}`],
      ['migrate-store', '--from', `sqlite:${place.dataDir}`, '--to', `sqlite:${identityFile}`],
      ['migrate-store', '--from', `sqlite:${place.dataDir}`, '--to', 'postgres://u:planted@x@h/db'],
      ['migrate-store', '--from', `sqlite:${place.dataDir}`, '--to', 'postgres://u:planted@127.0.0.1:1/db'],
      ['audit', 'verify', '--export', join(folder, 'absent')],
      ['audit', 'verify', '--export', folder],
      ['audit', 'verify', '--checkpoint', join(folder, 'absent')],
      ['rewrap', '--to', join(folder, 'absent', 'next.key')],
    ]
    for (const words of cases) {
      const { code, stderr } = runCommand(place, words, key)
      assert.ok(code !== 0 && code !== null, words.join(' '))
      assertSpoken(stderr, words.join(' '))
      assert.doesNotMatch(stderr, /planted/)
      if (words.includes(join(folder, 'absent')) && /restore|backup/.test(String(words[0]))) {
        assert.match(stderr, /There is no backup file .*absent\.values\.age/)
      }
      assert.deepEqual(readdirSync(folder), ['identity'], words.join(' '))
      assert.deepEqual(readdirSync(empty), [], words.join(' '))
    }
    assert.deepEqual(await query(place, `select seq from audit where action like 'root_key%'`), [])
  })

  test('leave an empty database as it is, when they cannot go on', { skip: postgres.skip }, async (t) => {
    const [place, target] = [(await madePlace(t, sqlite)).place, await emptyPlace(t, postgres)]
    const identityFile = join(makeFolder(), 'identity')
    writeFileSync(identityFile, identity)

    const words = ['restore', '--from', '/absent', '--identity', identityFile, '--to', target.databaseUrl ?? '']
    const { code, stderr } = runCommand(place, words)

    assert.equal(code, 1)
    assertSpoken(stderr, 'restore')
    assert.deepEqual(await query(target, `select * from pg_tables where schemaname = 'public'`), [])
  })
})

function start(place: Place, words: readonly string[]) {
  return spawn(process.execPath, [main, ...words], { env: environment(place) })
}

function isRootHere(): boolean {
  return process.getuid?.() === 0
}

async function emptyPlace(t: TestContext, engine: (typeof engines)[number]): Promise<Place> {
  const place = await engine.makePlace()
  t.after(() => place.clear())
  return place
}

/** A place with a store, which no server uses. */
async function madePlace(t: TestContext, engine: (typeof engines)[number]): Promise<{ readonly place: Place }> {
  const place = await engine.makeMigratedPlace()
  t.after(() => place.clear())
  const { api, stop } = await startServer(t, engine, { place })
  for (let at = 0; at < 3; at++) await api.post('/v3/secrets', { name: `s-${at}`, value: 'v'.repeat(20_000) })
  await stop()
  return { place }
}
