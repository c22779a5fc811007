/** Copies of whole stores: from one kind to the other, into backups, and back; whole, or refused with nothing changed. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { restore } from '../../src/copy/backup.ts'
import { fillStoreAt, readStoreAt } from '../../src/copy/location.ts'
import { readPart, writePart } from '../../src/copy/part.ts'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import type { Row } from '../../src/store/dump/dump.ts'
import { tables } from '../../src/store/tables/tables.ts'
import { Api } from '../support/api.ts'
import { archive, newArchive } from '../support/archive.ts'
import { emptyPlace, urlOf } from '../support/copied-place.ts'
import { query } from '../support/database.ts'
import { atEnd } from '../support/ends.ts'
import { engines, makeFolder, type Place, type TestEngine } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { runHere } from '../support/host-command.ts'
import { makeIdentity } from '../support/identity.ts'
import { makeKey, sign, timesAt } from '../support/issuer.ts'
import { Person } from '../support/person.ts'
import { enrolTotp } from '../support/portal-account.ts'
import { type Lasting, startServer, type TestServer, testConfig } from '../support/server.ts'
import { indexNow } from '../support/trail-index.ts'
import { startTransit } from '../support/transit-server.ts'

const [sqlite, postgres] = engines
assert.ok(sqlite && postgres)

/** The server may reach a provider of the test's, and answers wrapped. */
const reaching = { outboundAllowances: [parseAllowance('127.0.0.0/8') ?? assert.fail()], isVaultApiServed: true }

/** Something of everything that a store can hold. @returns what leads to what is archived of it */
async function makeRich(t: Lasting, server: TestServer): Promise<{ readonly STRONGROOM_AUDIT_ARCHIVE: string }> {
  const { api } = server
  // Before another account is there, which machines have addresses is the account's own affair.
  const registered = await api.post('/v3/machines', { name: 'web-1', addresses: ['10.9.8.0/24'] })
  assert.equal(registered.status, 201, registered.text)
  const other = await server.otherAccount()
  for (const one of [api, other]) {
    assert.equal((await one.put('/v3/settings', { recovery_days: 30 })).status, 200)
    await one.post('/v3/secrets', { name: 'db-password', value: 'first' })
    await one.put('/v3/secrets/1', { value: 'zweites ✓\r\n' })
    await one.post('/v3/secrets', { name: 'gone', value: 'gone' })
    await one.delete('/v3/secrets/2')
  }
  await api.post('/v3/lists', { name: 'prod' })
  await api.post('/v3/environments', { name: 'prod', base: 'default' })
  const file = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 256)).toString('base64')
  const details = { type: 'file', encoding: 'base64', filename: 'key.p12', description: 'a\nb', tags: ['x'] }
  const made = await api.post(
    '/v3/secrets',
    { name: 'store', value: file, list: 'prod', expires_at: '2030-01-01T00:00:00Z', ...details },
    { 'idempotency-key': 'once' },
  )
  assert.equal(made.status, 201, made.text)
  for (let at = 0; at < 30; at++) {
    const mark = at === 7 ? { decoy: { revoke: true } } : {}
    await api.post('/v3/secrets', { name: `s-${at}`, value: `v ${at}`, ...mark })
  }
  assert.equal((await api.get('/v3/secrets/by-name/s-7')).status, 200)
  await api.post('/v3/keys', { name: 'short', scopes: ['secrets:list'], expires_at: '2030-01-01T00:00:00Z' })
  await api.delete('/v3/keys/2')
  const password = 'seven orange tractors sing'
  const { body: invited } = await api.post('/v3/users', { email: 'ada@example.com', role: 'editor' })
  const ada = new Person(server.url)
  assert.equal((await ada.accept(invited.invitation_url, { password })).status, 201)
  await enrolTotp(ada, Date.now())
  assert.equal((await api.put('/v3/sign-in', { second_factor_required: true })).status, 200)
  assert.equal((await api.put('/v3/settings', { vm_auth: true })).status, 200)
  const template = '$\u007b{secret.s-1}} $\u007b{secret.s-2}}'
  assert.equal((await api.post('/v3/render', { template, target: 'web-1' })).status, 200)
  assert.equal((await api.post('/v3/seeds', { user_data: template, target: 'web-2' })).status, 201)
  assert.equal((await api.get('/v1/secret/data/s-1', { 'x-vault-wrap-ttl': '1h' })).status, 200)
  const job = await makeKey()
  const says = { ...timesAt(Date.now()), iss: 'https://ci.example', aud: 'here', sub: 'job' }
  const rule = { issuer: says.iss, audience: says.aud, claims: { sub: says.sub }, scopes: ['secrets:list'] }
  assert.equal((await api.post('/v3/trust-rules', { ...rule, name: 'r', jwks: { keys: [job.jwk] } })).status, 201)
  assert.equal((await api.post('/v3/auth/oidc', { token: await sign(job, says) })).status, 201)
  assert.equal((await api.post('/v3/logins', { account: 'default', host: 'laptop' })).status, 201)
  const fence = (await server.vault.store.leases.take('work', 'this', 60_000)) ?? assert.fail()
  const lease = { name: 'work', holder: 'this', fence }
  assert.equal(await server.vault.store.sinks.move(lease, 'file', [{ accountId: 1, seq: 1 }], 1), true)
  await indexNow(server.vault)
  assert.equal((await api.post('/v3/webhooks', { url: 'https://example.com/hook', actions: ['*'] })).status, 201)
  assert.equal((await api.post('/v3/webhooks/1/test', undefined)).status, 200)
  // Of the other account alone: what is archived is not held against the tables where its files are not known.
  const followers = [{ name: 'holds', accountIds: [1] }]
  const { path, files } = newArchive()
  assert.equal((await archive(server.vault, files, { followers })).archived.length, 1)
  // What opens that account's values is out of reach of commands on the host.
  const transit = await startTransit(t)
  transit.tokens.set('planted-token', 3600)
  const provider = `transit:${transit.origin}/transit/strongroom`
  const set = await other.put('/v3/account/customer-key', { provider, credentials: { token: 'planted-token' } })
  assert.equal(set.status, 200, set.text)
  return { STRONGROOM_AUDIT_ARCHIVE: path }
}

interface Rich {
  readonly place: Place
  readonly key: string
  /** For whoever looks at what is archived. */
  readonly env: Readonly<Record<string, string>>
}

const rich = new Map<TestEngine, Promise<Rich>>()

/** Made once of each kind. */
async function makeRichStore(engine: TestEngine): Promise<Rich> {
  const server = await startServer({ after: atEnd }, engine, reaching)
  const env = await makeRich({ after: atEnd }, server)
  await server.stop()
  return { place: server.place, key: server.api.key, env }
}

/** A copy of the rich store of a kind, without a server. */
async function richStore(t: TestContext, engine: TestEngine): Promise<Rich> {
  const made = await copyOfRich(engine)
  t.after(() => made.place.clear())
  return made
}

/** The same with a server. */
async function richServer(t: TestContext, engine: TestEngine) {
  const made = await copyOfRich(engine)
  const { url, stop } = await startServer(t, engine, { ...reaching, place: made.place })
  t.after(() => made.place.clear())
  return { ...made, api: new Api(url, made.key), stop }
}

async function copyOfRich(engine: TestEngine): Promise<Rich> {
  const making = rich.get(engine) ?? makeRichStore(engine)
  rich.set(engine, making)
  const made = await making
  return { ...made, place: await engine.copyPlace(made.place) }
}

/** The one of a rich store: marked, its read still told of, and whoever reads it now is told of and revoked. */
async function isDecoyStill(api: Api): Promise<void> {
  assert.deepEqual((await api.get('/v3/metadata?name=s-7')).body.secrets[0].decoy, { revoke: true })
  const { body: key } = await api.post('/v3/keys', { name: 'thief', scopes: ['secrets:read'] })
  const thief = new Api(api.url, key.api_key)
  assert.equal((await thief.get('/v3/secrets/by-name/s-7')).body.value, 'v 7')
  assert.equal((await thief.get('/v3/secrets/by-name/s-7')).status, 401)
  const { records } = (await api.get('/v3/audit?action=decoy.read')).body
  assert.deepEqual(
    records.map((one: { readonly principal: { readonly name: string } }) => one.principal.name),
    ['thief', 'first key'],
  )
}

/** Every row of every table, by ascending key. */
async function rowsOf(place: Place): Promise<Record<string, Row[]>> {
  const snapshot = await readStoreAt(place)
  try {
    const found: Record<string, Row[]> = {}
    for (const table of tables) {
      found[table.name] = (await Array.fromAsync(snapshot.rows(table)))
        .flat()
        .map((row) => row.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)))
    }
    return found
  } finally {
    await snapshot.close()
  }
}

for (const engine of engines) {
  const other = engine === sqlite ? postgres : sqlite
  suite(`${engine.name}: a store`, { skip: engine.skip || other.skip }, () => {
    test('is copied with every table and column that the schema has', async (t) => {
      const { place } = await startServer(t, engine)
      const columns =
        place.databaseUrl === undefined
          ? `select m.name as "table", c.name as "column", (select group_concat(k.name, ' ') from
               (select name from pragma_table_info(m.name) where pk > 0 order by pk) k) as "key"
             from sqlite_schema m join pragma_table_info(m.name) c where m.type = 'table'`
          : `select table_name as "table", column_name as "column", (
               select string_agg(k.column_name, ' ' order by k.ordinal_position)
               from information_schema.key_column_usage k join information_schema.table_constraints t
                 on t.constraint_name = k.constraint_name and t.constraint_schema = k.constraint_schema
               where t.constraint_type = 'PRIMARY KEY' and t.table_name = c.table_name) as "key"
             from information_schema.columns c where table_schema = 'public'`
      const found = (await query(place, columns)).filter(
        // The tags are filled by the database, as an index is.
        ({ table }) => !/^(migrations$|secret_tags$|sqlite_)/.test(String(table)),
      )

      const copied = tables.flatMap(({ name, columns: own, keyLength }) => {
        const names = Object.keys(own)
        return names.map((column) => [name, column, names.slice(0, keyLength).join(' ')].join(' '))
      })
      assert.deepEqual(found.map(({ table, column, key }) => `${table} ${column} ${key}`).sort(), copied.sort())
    })

    test('moves to the other kind and back without a byte of difference', async (t) => {
      const server = await richStore(t, engine)
      const there = await emptyPlace(t, other, server.place)
      const back = await emptyPlace(t, engine, server.place)
      const before = await rowsOf(server.place)
      for (const { name } of tables) assert.ok((before[name]?.length ?? 0) > 0, `${name} is tested`)

      const moved = await runHere(server.place, ['migrate-store', '--from', urlOf(server.place), '--to', urlOf(there)])

      assert.equal(moved.code, 0, moved.stderr)
      assert.match(moved.stdout, /Copied and checked: 2 accounts, 33 secrets \(\d+ values opened\), \d+ audit records/)
      const after = await rowsOf(there)
      // Only the record of the copy itself is new, and with it the heads of the trails.
      assert.deepEqual({ ...after, accounts: [], audit: [] }, { ...before, accounts: [], audit: [] })
      assert.deepEqual(
        after['audit']?.filter((row) => row[6] !== 'store.migrate'),
        before['audit'],
      )
      const returned = await runHere(there, ['migrate-store', '--from', urlOf(there), '--to', urlOf(back), '--json'])
      assert.equal(returned.code, 0, returned.stderr)
      assert.equal(JSON.parse(returned.stdout).secrets, 33)
      const again = await startServer(t, engine, { place: back })
      const api = new Api(again.url, server.key)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'zweites ✓\r\n')
      await isDecoyStill(api)
    })

    test('is not copied over another, nor half when it is broken off', async (t) => {
      const server = await richStore(t, engine)
      const target = await startServer(t, other)
      await target.stop()
      const before = await rowsOf(target.place)

      const refused = await runHere(server.place, [
        ...['migrate-store', '--from', urlOf(server.place)],
        ...['--to', urlOf(target.place)],
      ])

      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /The target is not empty. Nothing was changed/)
      assert.deepEqual(await rowsOf(target.place), before)
      const empty = await emptyPlace(t, other, server.place)
      const filling = await fillStoreAt(empty)
      const snapshot = await readStoreAt(server.place)
      for (const table of tables.slice(0, 6)) {
        for await (const page of snapshot.rows(table)) await filling.insert(table, page)
      }
      await snapshot.close()
      await filling.close()
      await assert.rejects(readStoreAt(empty), /There is no store in/)
      const { code, stderr } = await runHere(server.place, [
        ...['migrate-store', '--from', urlOf(server.place)],
        ...['--to', urlOf(empty)],
      ])
      assert.equal(code, 0, stderr)
    })

    test('is backed up while it serves, proven, and restored', async (t) => {
      const server = await richServer(t, engine)
      const { file, recipient } = await makeIdentity()
      const out = join(makeFolder(), 'backup')

      const made = await runHere(server.place, ['backup', '--out', out, '--recipient', recipient])

      assert.equal(made.code, 0, made.stderr)
      for (const part of ['keys', 'values']) assert.equal(statSync(`${out}.${part}.age`).mode & 0o777, 0o600)
      await server.api.put('/v3/secrets/1', { value: 'later' })
      const proven = await runHere(server.place, ['backup', 'verify', '--from', out, '--identity', file])
      assert.equal(proven.code, 0, proven.stderr)
      assert.match(made.stdout, /The values of account other-\w+ need transit:http:\S+ as well/)
      assert.match(proven.stdout, /can be restored: 2 accounts, 33 secrets, 34 values opened/)
      assert.match(proven.stdout, /Not opened: the values of account other-\w+\. Their key is kept with transit:/)
      await server.stop()
      for (const target of [engine, other]) {
        const place = await emptyPlace(t, target, server.place)
        const { code, stderr } = await runHere(place, ['restore', '--from', out, '--identity', file])
        assert.equal(code, 0, stderr)
        const restored = await startServer(t, target, { place })
        const api = new Api(restored.url, server.key)
        assert.equal((await api.get('/v3/secrets/1')).body.value, 'zweites ✓\r\n')
        await isDecoyStill(api)
        await restored.stop()
        assert.equal((await runHere(place, ['restore', '--from', out, '--identity', file])).code, 1)
      }
    })

    test('that lost something by a restore is found by a checkpoint that was kept', async (t) => {
      const server = await richServer(t, engine)
      const { env } = server
      const { file, recipient } = await makeIdentity()
      const out = join(makeFolder(), 'backup')
      assert.equal((await runHere(server.place, ['backup', '--out', out, '--recipient', recipient])).code, 0)
      await server.api.put('/v3/secrets/1', { value: 'lost' })
      const checkpoint = join(makeFolder(), 'checkpoint')
      writeFileSync(checkpoint, (await runHere(server.place, ['audit', 'checkpoint'])).stdout)
      await server.stop()
      const place = await emptyPlace(t, engine, server.place)
      assert.equal((await runHere(place, ['restore', '--from', out, '--identity', file])).code, 0)

      const found = await runHere(place, ['audit', 'verify', '--state', '--checkpoint', checkpoint], env)

      assert.equal(found.code, 1)
      assert.match(found.stderr, /TAMPERED: account default, record \d+/)
    })
  })
}

suite('A backup', () => {
  test('is refused when it is another’s, cut, changed anywhere, or of two', async (t) => {
    const server = await richStore(t, sqlite)
    const [own, stranger] = [await makeIdentity(), await makeIdentity()]
    const folder = makeFolder()
    const make = async (name: string) => {
      const out = join(folder, name)
      assert.equal((await runHere(server.place, ['backup', '--out', out, '--recipient', own.recipient])).code, 0)
      return out
    }
    const [one, two] = [await make('one'), await make('two')]
    const refused = async (from: string, identity: string, why: RegExp) => {
      const { code, stderr } = await runHere(server.place, ['backup', 'verify', '--from', from, '--identity', identity])
      assert.equal(code, 1)
      assert.match(stderr, why)
    }

    await refused(one, stranger.file, /cannot be opened, and nothing was changed/)
    renameSync(`${two}.keys.age`, `${one}.keys.age`)
    await refused(one, own.file, /The two parts are of different backups/)
    copyFileSync(`${one}.values.age`, `${one}.keys.age`)
    await refused(one, own.file, /It holds values, where keys were expected/)
    const whole = readFileSync(`${two}.values.age`)
    for (const length of [0, 100, 1000, whole.length - 1]) {
      writeFileSync(`${two}.values.age`, whole.subarray(0, length))
      await refused(two, own.file, /nothing was changed/)
    }
    const flipped = Buffer.from(whole)
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1
    writeFileSync(`${two}.values.age`, flipped)
    await refused(two, own.file, /nothing was changed/)
  })

  test('of which any row, any count or any line was changed or left out is refused', async (t) => {
    const server = await startServer(t, sqlite)
    for (let at = 0; at < 5; at++) await server.api.post('/v3/secrets', { name: `s-${at}`, value: 'v' })
    await server.stop()
    const snapshot = await readStoreAt(server.place)
    const header = { part: 'values', backup: '0a', schema: snapshot.schema, madeAt: '2026-01-15T10:00:00Z' } as const
    const text = (await Array.fromAsync(writePart(snapshot, header))).join('')
    await snapshot.close()
    const start = text.indexOf('\n') + 1
    const read = async (changed: string) => {
      const filling = { schema: header.schema, insert: async () => {}, commit: async () => {}, close: async () => {} }
      return readPart(oneChunk(Buffer.from(changed)), filling, { part: 'values' })
    }
    await read(text)

    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: start, max: text.length - 2 }),
        fc.integer({ min: 1, max: 127 }),
        async (at, mask) => {
          const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ mask) + text.slice(at + 1)
          await assert.rejects(read(changed), { code: 'invalid' })
        },
      ),
      { numRuns: 300 },
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: text.length - 1 }), async (length) => {
        await assert.rejects(read(text.slice(0, length)), { code: 'invalid' })
      }),
    )
    const lines = text.split('\n')
    for (let at = 0; at < lines.length - 1; at++) {
      await assert.rejects(read(lines.toSpliced(at, 1).join('\n')), { code: 'invalid' })
      await assert.rejects(read(lines.toSpliced(at, 0, lines[at] ?? '').join('\n')), { code: 'invalid' })
    }
  })

  test('whose rows were forged by somebody who can write one is refused for its MACs and values', async (t) => {
    const server = await richStore(t, sqlite)
    const forged: [table: string, column: number, value: (was: Row) => Row[number]][] = [
      ['api_keys', 5, () => 'secrets:read'],
      ['users', 5, () => 'owner'],
      ['sessions', 5, () => 'account:manage'],
      ['secrets', 3, () => 'renamed'],
      ['machines', 5, () => 'secrets:write'],
      ['account_settings', 1, () => 0],
      ['versions', 4, (was) => Buffer.from(was[4] as Uint8Array).fill(1, 70, 80)],
      ['secret_keys', 3, (was) => Buffer.from(was[3] as Uint8Array).fill(1, 70, 80)],
      ['audit', 15, () => '1.2.3.4'],
    ]
    for (const [name, column, value] of forged) {
      const place = await emptyPlace(t, sqlite, server.place)
      const snapshot = await readStoreAt(server.place)
      const forging = {
        schema: snapshot.schema,
        count: async () => 0,
        close: async () => {},
        rows: async function* (table: (typeof tables)[number]) {
          let isFirst = table.name === (name === 'sessions' ? 'api_keys' : name)
          for await (const page of snapshot.rows(table)) {
            yield page.map((row) => {
              if (!isFirst || (name === 'sessions' && row[12] === null)) return row
              isFirst = false
              return row.with(column, value(row))
            })
          }
        },
      }
      const part = async function* (which: 'keys' | 'values') {
        const header = { part: which, backup: '0a', schema: snapshot.schema, madeAt: '2026-01-15T10:00:00Z' }
        for await (const chunk of writePart(forging, header)) yield Buffer.from(chunk)
      }

      await assert.rejects(restore(testConfig(place), place, part), { code: 'integrity_failure' }, name)
      await snapshot.close()
    }
  })

  test('needs a recipient or a passphrase, and a passphrase of some length', async (t) => {
    const server = await startServer(t, sqlite)
    const folder = makeFolder()
    const [short, long] = [join(folder, 'short'), join(folder, 'long')]
    writeFileSync(short, 'too short\n')
    writeFileSync(long, 'correct horse battery staple\n')
    const out = join(folder, 'backup')
    const run = (...parameters: string[]) => runHere(server.place, ['backup', '--out', out, ...parameters])

    assert.match((await run()).stderr, /--recipient: Say for whom the backup is/)
    assert.match((await run('--passphrase-file', short)).stderr, /at least 12 characters/)
    assert.match((await run('--recipient', 'age1nonsense')).stderr, /Must be public keys of age/)
    assert.ok(!existsSync(`${out}.values.age`))
    assert.equal((await run('--passphrase-file', long)).code, 0)
    const verified = await runHere(server.place, [
      'backup',
      'verify',
      '--from',
      out,
      '--passphrase-file',
      long,
      '--json',
    ])
    assert.equal(verified.code, 0, verified.stderr)
    assert.equal(JSON.parse(verified.stdout).accounts, 1)
  })

  test('of a store in use can be made, a copy of a SQLite store in use cannot', async (t) => {
    const { place } = await startServer(t, sqlite)
    const target = join(makeFolder(), 'target')
    mkdirSync(target)

    const { code, stderr } = await runHere(place, ['migrate-store', '--from', urlOf(place), '--to', `sqlite:${target}`])

    assert.equal(code, 1)
    assert.match(stderr, /Another Strongroom server uses the data folder/)
  })
})

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
