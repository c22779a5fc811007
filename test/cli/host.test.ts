/** The command on the server's host: set-up, accounts, keys and verification, beside a running server and without one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { generateToken } from '../../src/crypto/token.ts'
import { Api } from '../support/api.ts'
import { environment, runCommand, startChild } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines, type Place, type TestEngine } from '../support/engines.ts'
import { runHere } from '../support/host-command.ts'
import { main } from '../support/main.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: strongroom`, { skip: engine.skip }, () => {
    test('serve makes everything on the first start, and prints the first key once', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())

      const first = await startChild(t, place)
      const key = first.firstKey ?? ''
      assert.equal((await first.api(key).get('/v3/secrets')).status, 200)
      for (const part of ['/v3', '/docs', place.databaseUrl === undefined ? place.dataDir : 'PostgreSQL', 'root.key']) {
        assert.ok(first.output().includes(part), part)
      }
      assert.ok(!first.output().includes('postgres://'))
      assert.equal(statSync(join(place.dataDir, 'root.key')).mode & 0o777, 0o600)
      for (const file of readdirSync(place.dataDir)) {
        assert.equal(statSync(join(place.dataDir, file)).mode & 0o077, 0, file)
      }
      await first.end('SIGTERM')

      const second = await startChild(t, place)
      assert.equal(second.firstKey, undefined)
      assert.equal((await second.api(key).get('/v3/secrets')).status, 200)
      await second.end('SIGTERM')
    })

    test('serve takes STRONGROOM_BOOTSTRAP_API_KEY for an empty store alone, and never prints it', async (t) => {
      const place = await engine.makeMigratedPlace()
      t.after(() => place.clear())
      const [key, later] = [generateToken(), generateToken()]

      const first = await startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key } })
      assert.equal((await first.api(key).get('/v3/secrets')).status, 200)
      assert.ok(!first.output().includes(key))
      await first.end('SIGTERM')
      const second = await startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: later } })

      assert.equal((await second.api(key).get('/v3/secrets')).status, 200)
      assert.equal((await second.api(later).get('/v3/secrets')).status, 401)
      await second.end('SIGTERM')
    })

    test('refuses a wrong root key with a sentence, before anything is served or changed', async (t) => {
      const place = await placeWithStore(t, engine)
      const wrong = { STRONGROOM_ROOT_KEY: randomBytes(32).toString('base64url') }

      for (const command of [['serve'], ['account', 'list'], ['key', 'list'], ['audit', 'verify']]) {
        const { code, stderr } = await (command[0] === 'serve' ? runCommand : runHere)(place, command, wrong)
        assert.ok(code === 1 || (command[0] === 'audit' && code === 2), String(code))
        assert.match(stderr, /The root key does not open this store\. Set STRONGROOM_ROOT_KEY/)
        assert.ok(!stderr.includes(wrong.STRONGROOM_ROOT_KEY))
      }
    })

    test('account and key work beside a running server, at once and for it', async (t) => {
      const place = await engine.makeMigratedPlace()
      t.after(() => place.clear())
      const server = await startChild(t, place)

      const made = runCommand(place, ['account', 'create', 'acme', '--json'])
      assert.equal(made.code, 0, made.stderr)
      const { account, api_key } = JSON.parse(made.stdout)
      assert.deepEqual(account, { id: 2, name: 'acme' })
      const acme = new Api(server.url, api_key)
      assert.equal((await acme.post('/v3/secrets', { name: 'theirs', value: 'v' })).status, 201)
      const create = [
        'key',
        'create',
        'deploy',
        '--account',
        'acme',
        '--scope',
        'secrets:read:th*',
        '--network',
        '127.0.0.0/8',
        '--expires',
        '2099-01-31T00:00:00Z',
        '--json',
      ]
      const key = JSON.parse((await runHere(place, create)).stdout)
      assert.deepEqual(
        [key.id, key.name, key.scopes, key.expires_at],
        [2, 'deploy', ['secrets:read:th*'], '2099-01-31T00:00:00Z'],
      )
      const deploy = new Api(server.url, key.api_key)
      assert.equal((await deploy.get('/v3/secrets/1')).body.value, 'v')
      assert.equal((await deploy.get('/v3/secrets')).status, 403)

      const listed = JSON.parse((await runHere(place, ['key', 'list', '--account', 'acme', '--json'])).stdout)
      assert.deepEqual(
        listed.keys.map(({ id }: { id: number }) => id),
        [1, 2],
      )
      assert.match((await runHere(place, ['key', 'list', '--account', 'acme'])).stdout, /deploy +until 2099/)
      assert.match((await runHere(place, ['account', 'list'])).stdout, /^ID +NAME +CREATED\n1 +default .*\n2 +acme /)
      assert.equal((await runHere(place, ['key', 'revoke', '2', '--account', 'acme'])).code, 0)
      assert.equal((await deploy.get('/v3/secrets/1')).status, 401)

      const { body } = await acme.get('/v3/audit?action=key.revoke')
      assert.equal(body.records[0].principal.kind, 'host')
      assert.equal((await runHere(place, ['audit', 'verify'])).code, 3)
      await server.end('SIGTERM')
      assert.equal((await runHere(place, ['account', 'list'])).code, 0)
    })

    test('audit verify says what holds, what was tampered with, and that nothing outside vouches for it', async (t) => {
      const { place, api, stop } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'b' })
      await stop()

      const clean = await runHere(place, ['audit', 'verify', '--json'])
      assert.deepEqual([clean.code, JSON.parse(clean.stdout).result], [3, 'unanchored'])
      await query(place, `update audit set address = '10.0.0.1' where seq = 2`)
      const tampered = await runHere(place, ['audit', 'verify'])

      assert.equal(tampered.code, 1)
      assert.match(tampered.stderr, /TAMPERED: account default, record 2: /)
    })

    test('answers what it cannot do with a sentence and a code that is not 0', async (t) => {
      const place = await placeWithStore(t, engine)
      await runHere(place, ['account', 'create', 'acme'])

      for (const [command, words] of [
        [['account', 'create', 'acme'], /acme|exists/],
        [['account', 'create', 'a b'], /name/],
        [['account', 'create'], /missing required argument/],
        [['key', 'create', 'x', '--account', 'nobody'], /No account of this name/],
        [['key', 'create', 'x', '--account', 'acme', '--scope', 'all'], /secrets:read/],
        [['key', 'create', 'x', '--account', 'acme', '--expires', 'soon'], /2027-01-31T00:00:00Z/],
        [['key', 'revoke', '9', '--account', 'acme'], /No API key with this id/],
        [['key', 'revoke', 'x', '--account', 'acme'], /positive integer/],
        [['steal'], /unknown command/],
        [['serve', '--fast'], /unknown option/],
      ] as const) {
        const { code, stderr } = await runHere(place, command)
        assert.ok(code !== 0, command.join(' '))
        assert.match(stderr, words, command.join(' '))
        assert.doesNotMatch(stderr, /\n\s+at /)
      }
    })
  })
}

suite('strongroom serve', () => {
  const [sqlite] = engines

  test('has a data folder for itself: a second server is refused and the first goes on', async (t) => {
    assert.ok(sqlite)
    const place = await sqlite.makeMigratedPlace()
    t.after(() => place.clear())
    const first = await startChild(t, place)

    const second = runCommand(place, ['serve'])

    assert.equal(second.code, 1)
    assert.match(second.stderr, /Another Strongroom server uses the data folder/)
    assert.equal((await first.api(first.firstKey ?? '').get('/v3/secrets')).status, 200)
    await first.end('SIGKILL')
    await (await startChild(t, place)).end('SIGTERM')
  })

  test('reports all faults of its settings together, and starts nothing', async (t) => {
    assert.ok(sqlite)
    const place = await sqlite.makePlace()
    t.after(() => place.clear())

    const { code, stderr } = runCommand(place, ['serve'], {
      STRONGROOM_LISTEN: 'nowhere',
      STRONGROOM_RATE_LIMIT: '-1',
      STRONGROOM_ROOT_KEY: 'planted-secret',
    })

    assert.equal(code, 2)
    assert.deepEqual(
      [...stderr.matchAll(/strongroom: (STRONGROOM_\w+) must/g)].map(([, name]) => name),
      ['STRONGROOM_LISTEN', 'STRONGROOM_ROOT_KEY', 'STRONGROOM_RATE_LIMIT'],
    )
    assert.doesNotMatch(stderr, /planted-secret/)
    assert.deepEqual(readdirSync(place.dataDir), [])
  })

  test('says so when its port is taken, and leaves nothing locked', async (t) => {
    assert.ok(sqlite)
    const place = await sqlite.makePlace()
    t.after(() => place.clear())
    const first = await startServer(t, sqlite)

    const { code, stderr } = runCommand(place, ['serve'], { STRONGROOM_LISTEN: new URL(first.url).host })

    assert.equal(code, 1)
    assert.match(stderr, /EADDRINUSE|in use/)
    const other = runCommand(place, ['serve'], {
      STRONGROOM_LISTEN: '127.0.0.1:0',
      STRONGROOM_METRICS_LISTEN: new URL(first.url).host,
    })
    assert.equal(other.code, 1)
    await first.stop()
    const server = await startChild(t, place)
    // Whoever chooses another port has missed nothing that is shown once.
    assert.equal((await server.api(server.firstKey ?? '').get('/v3/secrets')).status, 200)
    assert.match(server.output(), /portal\/welcome#/)
    await server.end('SIGTERM')
  })

  test('shows the first key even when it cannot go on once that is made', async (t) => {
    assert.ok(sqlite)
    const place = await sqlite.makePlace()
    t.after(() => place.clear())
    const taken = join(place.dataDir, 'taken')
    mkdirSync(place.dataDir, { recursive: true })
    writeFileSync(taken, '')

    const { code, stdout, stderr } = runCommand(place, ['serve'], { STRONGROOM_LISTEN: `unix:${taken}` })

    assert.notEqual(code, 0)
    assert.match(stderr, /is not a socket/)
    const key = /^ {2}(sr_\w+)$/m.exec(stdout)?.[1] ?? ''
    const server = await startChild(t, place)
    assert.equal(server.firstKey, undefined)
    assert.equal((await server.api(key).get('/v3/secrets')).status, 200)
    await server.end('SIGTERM')
  })

  test('warns of a setting that it does not know', async (t) => {
    assert.ok(sqlite)
    const place = await sqlite.makeMigratedPlace()
    t.after(() => place.clear())

    const server = await startChild(t, place, { env: { STRONGROOM_RATELIMIT: '5' } })

    await server.says(/"setting":"STRONGROOM_RATELIMIT".*not known/)
    await server.end('SIGTERM')
  })

  test('ends a command quietly, and as it ended, when nobody reads what it prints', async (t) => {
    assert.ok(sqlite)
    const place = await sqlite.makePlace()
    t.after(() => place.clear())
    await runHere(place, ['account', 'create', 'acme'])
    for (let made = 0; made < 3; made++) await runHere(place, ['key', 'create', `k${made}`, '--account', 'acme'])

    for (const [words, code] of [
      ['audit export --account acme', 0],
      ['account list', 0],
      ['audit verify --state', 3],
      ['audit verify --json', 3],
    ] as const) {
      const line = `"$0" "$1" ${words} | true`
      const env = environment(place)
      const { status, stderr } = spawnSync('bash', ['--norc', '-o', 'pipefail', '-c', line, process.execPath, main], {
        env,
      })
      assert.deepEqual([status, stderr.toString()], [code, ''], words)
    }
  })

  test('refuses a store of a newer program', async (t) => {
    assert.ok(sqlite)
    const place = await placeWithStore(t, sqlite)
    await query(place, `insert into migrations values ('9999-from-the-future', 0)`)

    const { code, stderr } = runCommand(place, ['serve'])

    assert.equal(code, 1)
    assert.match(stderr, /newer/)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

  test('says what is wrong with a file that is no store', async (t) => {
    assert.ok(sqlite)
    const place = await sqlite.makePlace()
    t.after(() => place.clear())
    writeFileSync(
      join(place.dataDir, 'strongroom.db'),
      'This is not a database at all, but a text of some length.'.repeat(40),
    )

    const { code, stderr } = runCommand(place, ['serve'])

    assert.equal(code, 1)
    assert.match(stderr, /not a database/)
  })
})

/** What a server leaves. */
async function placeWithStore(t: TestContext, engine: TestEngine): Promise<Place> {
  const { place, stop } = await startServer(t, engine)
  await stop()
  return place
}
