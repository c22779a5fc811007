/**
 * Random tampering with whole stores, behind the server's back: with a checkpoint that was kept, and `--state`, all of it
 * is found, and what was left alone raises no alarm.
 */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { suite, test } from 'node:test'
import type { Checkpoint } from '../../src/audit/checkpoint.ts'
import { readStoreAt } from '../../src/copy/location.ts'
import { openVault } from '../../src/open.ts'
import type { Row } from '../../src/store/dump/dump.ts'
import type { Table } from '../../src/store/tables/table.ts'
import { tables } from '../../src/store/tables/tables.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { rounds } from '../support/chance.ts'
import { engines, makeFolder, type Place } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { startServer, type TestServer, testConfig } from '../support/server.ts'

const [sqlite] = engines
assert.ok(sqlite)

/** What the trail and the row MACs speak of; the rest of a row is not a claim of the trail (docs/security.md). */
const covered: Readonly<Record<string, readonly string[]>> = {
  secrets: ['id', 'uid', 'name', 'version', 'type', 'filename', 'description', 'tags', 'expires_ms', 'mac'],
  versions: ['secret_id', 'version', 'sealed'],
  api_keys: ['id', 'uid', 'name', 'token_hash', 'scopes', 'networks', 'created_ms', 'expires_ms', 'revoked_ms', 'mac'],
  lists: ['id', 'uid', 'name'],
  machines: ['id', 'uid', 'name', 'addresses', 'scopes', 'created_ms', 'mac'],
  users: ['id', 'uid', 'email', 'name', 'role', 'patterns', 'is_disabled', 'link_hash', 'created_ms', 'mac'],
  account_settings: ['vm_auth', 'mac'],
  deployments: ['id', 'target', 'principal_kind', 'principal_id', 'principal_name', 'seed_id', 'created_ms'],
  deployment_secrets: ['deployment_id', 'secret_id', 'secret_uid', 'name', 'version'],
  seeds: [
    ...['id', 'uid', 'token_hash', 'target', 'sealed', 'scopes', 'maker_kind', 'maker_id', 'maker_name', 'created_ms'],
    ...['expires_ms', 'max_fetches', 'fetches', 'used_ms', 'returns', 'refetched_ms', 'mac'],
  ],
  trust_rules: [
    ...['id', 'uid', 'name', 'issuer', 'audience', 'claims', 'scopes', 'networks', 'key_ttl', 'is_single_use'],
    ...['jwks_url', 'created_ms', 'updated_ms', 'mac'],
  ],
  audit: [
    ...['seq', 'ms', 'principal_kind', 'principal_id', 'principal_name', 'action', 'outcome', 'request_id', 'address'],
    'head',
  ],
  accounts: ['audit_size', 'audit_head'],
}

type Rows = Readonly<Record<string, readonly Row[]>>

interface Scene {
  readonly place: Place
  /** The files of the store as they were, the oldest first, without the last. */
  readonly older: readonly string[]
  /** The rows of the tables as they were after each change. */
  readonly history: readonly Rows[]
  readonly now: Rows
  readonly checkpoints: readonly Checkpoint[]
}

const rule = { issuer: 'https://ci.example', audience: 'here', claims: { sub: 'job' }, scopes: ['secrets:read'] }

/** Everything that the API can change, twice. */
async function changeEverything({ api }: TestServer, keep: () => Promise<void>): Promise<void> {
  const steps: (() => Promise<{ status: number; text: string }>)[] = [
    () => api.post('/v3/secrets', { name: 'a', value: 'one' }),
    () => api.post('/v3/secrets', { name: 'b', value: 'one', description: 'first', tags: ['x'] }),
    () => api.put('/v3/secrets/1', { value: 'two' }),
    () => api.send('PATCH', '/v3/secrets/2/metadata', { description: 'second', tags: ['y'] }),
    () => api.send('PATCH', '/v3/secrets/2/metadata', { expires_at: '2030-01-01T00:00:00Z' }),
    () => api.post('/v3/lists', { name: 'prod' }),
    () => api.put('/v3/lists/2', { name: 'production' }),
    () => api.post('/v3/keys', { name: 'k2', scopes: ['secrets:read'] }),
    () => api.post('/v3/keys', { name: 'k3', scopes: ['secrets:list'], expires_at: '2031-01-01T00:00:00Z' }),
    () => api.post('/v3/keys/3/rotate', {}),
    () => api.delete('/v3/keys/2'),
    () => api.post('/v3/machines', { name: 'm1', addresses: ['10.1.0.0/24'] }),
    () => api.post('/v3/machines', { name: 'm2', addresses: ['10.2.0.0/24'] }),
    () => api.delete('/v3/machines/1'),
    () => api.post('/v3/users', { email: 'ada@example.com', role: 'editor' }),
    () => api.post('/v3/users', { email: 'eve@example.com', role: 'reader' }),
    () => api.send('PATCH', '/v3/users/1', { role: 'reader' }),
    () => api.delete('/v3/users/2'),
    () => api.put('/v3/settings', { vm_auth: true }),
    () => api.put('/v3/settings', { vm_auth: false }),
    () => api.post('/v3/render', { template: '$\u007b{secret.a}}$\u007b{secret.b}}', target: 'web-1' }),
    () => api.post('/v3/render', { template: '$\u007b{secret.b}}', target: 'web-2' }),
    () => api.post('/v3/render', { template: '$\u007b{secret.a}}', target: 'web-1' }),
    () => api.post('/v3/render', { template: 'nothing', target: 'web-3' }),
    () => api.delete('/v3/deployments/4'),
    () => api.post('/v3/seeds', { user_data: '$\u007b{secret.a}}', target: 'web-4' }),
    async () => {
      const { url } = (await api.post('/v3/seeds', { user_data: '$\u007b{secret.a}}', target: 'web-5' })).body
      await fetch(`${url}user-data`)
      const answer = await fetch(`${url}user-data`)
      return { status: answer.status, text: await answer.text() }
    },
    () => api.post('/v3/seeds', { user_data: 'x', target: 'web-6' }),
    () => api.delete('/v3/seeds/3'),
    () => api.post('/v3/trust-rules', { ...rule, name: 'r1' }),
    () => api.post('/v3/trust-rules', { ...rule, name: 'r2', jwks_url: 'https://ci.example/keys' }),
    () => api.send('PATCH', '/v3/trust-rules/1', { key_ttl: 60 }),
    () => api.delete('/v3/trust-rules/2'),
    () => api.post('/v3/trust-rules', { ...rule, name: 'r3' }),
    () => api.post('/v3/secrets', { name: 'c', value: 'gone' }),
    () => api.delete('/v3/secrets/3'),
    () => api.put('/v3/secrets/2', { value: 'two' }),
  ]
  for (const step of steps) {
    const { status, text } = await step()
    assert.ok(status < 300, text)
    await keep()
  }
}

async function makeScene(t: Parameters<typeof startServer>[0]): Promise<Scene> {
  assert.ok(sqlite)
  const place = await sqlite.makePlace()
  t.after(() => place.clear())
  const server = await startServer(t, sqlite, { place })
  const history: Rows[] = []
  const older: string[] = []
  await changeEverything(server, async () => {
    history.push(await rowsOf(place))
    const file = join(place.dataDir, `older-${older.length}`)
    const database = new DatabaseSync(join(place.dataDir, 'strongroom.db'))
    database.exec(`vacuum into '${file}'`)
    database.close()
    older.push(file)
  })
  await server.stop()
  const now = await rowsOf(place)
  const accounts = now['accounts'] ?? []
  const { vault, close } = await openVault(testConfig(place))
  const { storeId } = vault.keyring
  await close()
  const at = (column: string) => {
    return Object.keys(tables.find(({ name }) => name === 'accounts')?.columns ?? {}).indexOf(column)
  }
  const checkpoints = accounts.map((row) => ({
    storeId,
    accountId: Number(row[0]),
    size: Number(row[at('audit_size')]),
    head: Buffer.from(row[at('audit_head')] as Uint8Array),
    time: Date.now(),
  }))
  return { place, older: older.slice(0, -1), history: history.slice(0, -1), now, checkpoints }
}

async function rowsOf(place: Place): Promise<Rows> {
  const snapshot = await readStoreAt(place)
  try {
    const found: Record<string, Row[]> = {}
    for (const table of tables) found[table.name] = (await Array.fromAsync(snapshot.rows(table))).flat()
    return found
  } finally {
    await snapshot.close()
  }
}

/** Verifies a copy of the store on which something was done. */
async function isAlarmRaised({ place, checkpoints }: Scene, tamper: (file: string) => void): Promise<boolean> {
  const dataDir = join(makeFolder(), 'data')
  mkdirSync(dataDir)
  for (const file of ['strongroom.db', 'root.key']) copyFileSync(join(place.dataDir, file), join(dataDir, file))
  tamper(join(dataDir, 'strongroom.db'))
  const { vault, close } = await openVault(testConfig({ ...place, dataDir }))
  try {
    const verdicts = await Array.fromAsync(verifyAudit(vault, { checkpoints, state: true }))
    return verdicts.some(({ fault, differences }) => fault !== undefined || differences.length > 0)
  } catch {
    // A row that cannot even be read is no quiet one.
    return true
  } finally {
    await close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Edited, removed, as it was, back, exchanged, cut off, all as it was. */
const kinds = 7

/** A tampering, or nothing when chance drew one that would change nothing. */
function tamperingOf(scene: Scene, [kind, pick, column, other]: readonly [number, number, number, number]) {
  const table = tableOf(kind, pick)
  const rows = scene.now[table.name] ?? []
  const row = rows[other % Math.max(1, rows.length)]
  const old = scene.history[column % scene.history.length]?.[table.name] ?? []
  const edits = covered[table.name] ?? []
  switch (kind) {
    case 0:
      return row === undefined ? undefined : edit(table, row, edits[column % edits.length] ?? '')
    case 1:
      return row === undefined || table.name === 'accounts' ? undefined : remove(table, row)
    case 2: {
      // Back to what it was: with a MAC that was right once.
      const was = old.find((one) => keyOf(table, one) === (row === undefined ? '' : keyOf(table, row)))
      return row === undefined || was === undefined || !differ(table, was, row) ? undefined : replace(table, row, was)
    }
    case 3: {
      // Something that was deleted, or never was there at this place, comes back.
      const all = scene.history.flatMap((then) => then[table.name] ?? [])
      const gone = all.filter((one) => !rows.some((now) => keyOf(table, now) === keyOf(table, one)))
      const back = gone[other % Math.max(1, gone.length)]
      return back === undefined ? undefined : insert(table, back)
    }
    case 4: {
      const second = rows[(other + 1 + (column % Math.max(1, rows.length - 1))) % Math.max(1, rows.length)]
      if (row === undefined || second === undefined || !differ(table, row, second)) return undefined
      return exchange(table, row, second)
    }
    case 5: {
      const size = 1 + (other % Math.max(1, (scene.now['audit']?.length ?? 1) - 1))
      return cutTail(size)
    }
    default: {
      const file = scene.older[other % scene.older.length] ?? ''
      return (target: string) => {
        for (const end of ['', '-wal', '-shm']) rmSync(`${target}${end}`, { force: true })
        copyFileSync(file, target)
      }
    }
  }
}

/** Only of some is anything ever deleted. */
function tableOf(kind: number, pick: number): Table {
  const names = kind === 3 ? ['secrets', 'machines'] : Object.keys(covered)
  return tables.find(({ name }) => name === names[pick % names.length]) as Table
}

/** Old versions of a secret are not what the trail says that it holds. */
function isCovered(scene: Scene, { name }: Table, row: Row): boolean {
  if (name !== 'versions') return true
  return (scene.now['secrets'] ?? []).some((secret) => secret[1] === row[1] && secret[4] === row[2])
}

const keyOf = ({ keyLength }: Table, row: Row) => JSON.stringify(row.slice(0, keyLength))

function differ(table: Table, a: Row, b: Row): boolean {
  const names = Object.keys(table.columns)
  return (covered[table.name] ?? []).some((column) => {
    const at = names.indexOf(column)
    const text = (row: Row) => (row[at] instanceof Uint8Array ? Buffer.from(row[at]).toString('hex') : row[at])
    return at >= table.keyLength && text(a) !== text(b)
  })
}

type Tamper = (file: string) => void

function run(file: string, sql: string, ...parameters: readonly (readonly SQLInputValue[])[]): void {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  try {
    const statement = database.prepare(sql)
    for (const one of parameters) statement.run(...one)
  } finally {
    database.close()
  }
}

function whereKey({ columns, keyLength }: Table): string {
  const names = Object.keys(columns).slice(0, keyLength)
  return names.map((name) => `${name} = ?`).join(' and ')
}

const keyValues = ({ keyLength }: Table, row: Row) => row.slice(0, keyLength) as SQLInputValue[]

function edit(table: Table, row: Row, column: string): Tamper {
  const at = Object.keys(table.columns).indexOf(column)
  const value = changed(row[at] ?? null, table.columns[column] ?? 'text', column)
  return (file) => {
    const sql = `update ${table.name} set ${column} = ? where ${whereKey(table)}`
    run(file, sql, [value, ...keyValues(table, row)])
  }
}

function changed(value: Row[number], kind: string, column: string): SQLInputValue {
  if (value === null) return kind.startsWith('integer') ? 1 : 'x'
  if (column === 'vm_auth' || column === 'is_disabled') return 1 - Number(value)
  // Far from any other row's, which it may not clash with.
  if (typeof value === 'number') return value + 1_000_003
  if (typeof value === 'string') return `${value}x`
  const bytes = Uint8Array.from(value)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  return bytes
}

const remove =
  (table: Table, row: Row): Tamper =>
  (file) =>
    run(file, `delete from ${table.name} where ${whereKey(table)}`, keyValues(table, row))

const insert =
  (table: Table, row: Row): Tamper =>
  (file) =>
    run(
      file,
      `insert into ${table.name} (${Object.keys(table.columns).join(', ')}) values (${row.map(() => '?').join(', ')})`,
      row as SQLInputValue[],
    )

const replace =
  (table: Table, row: Row, by: Row): Tamper =>
  (file) => {
    remove(table, row)(file)
    insert(table, by)(file)
  }

/** Each gets what the other has, but for the place that it is found at. */
const exchange =
  (table: Table, a: Row, b: Row): Tamper =>
  (file) => {
    remove(table, a)(file)
    remove(table, b)(file)
    insert(table, [...a.slice(0, table.keyLength), ...b.slice(table.keyLength)])(file)
    insert(table, [...b.slice(0, table.keyLength), ...a.slice(table.keyLength)])(file)
  }

/** So that what is left holds by itself. */
const cutTail =
  (size: number): Tamper =>
  (file) => {
    run(file, 'delete from audit where account_id = 1 and seq > ?', [size])
    const head = '(select head from audit where account_id = 1 and seq = ?)'
    run(file, `update accounts set audit_size = ?, audit_head = ${head} where id = 1`, [size, size])
  }

suite('Tampering with a store', () => {
  test('is found, whatever it is, by a kept checkpoint and the state', { timeout: 3_600_000 }, async (t) => {
    const scene = await makeScene(t)
    // Of each kind as many, so that none is left out however few there are.
    for (let kind = 0; kind < kinds; kind++) {
      await fc.assert(
        fc.asyncProperty(fc.noBias(fc.tuple(fc.nat(), fc.nat(), fc.nat())), async (drawn) => {
          const tamper = tamperingOf(scene, [kind, ...drawn])
          const table = tableOf(kind, drawn[0])
          const rows = scene.now[table.name] ?? []
          const row = rows[drawn[2] % Math.max(1, rows.length)]
          fc.pre(tamper !== undefined && (kind > 4 || row === undefined || isCovered(scene, table, row)))
          assert.ok(await isAlarmRaised(scene, tamper ?? assert.fail()), `kind ${kind} on ${table.name}`)
        }),
        { numRuns: rounds(10, 1500) },
      )
    }
  })

  test('is not suspected of a store that nobody touched', async (t) => {
    const scene = await makeScene(t)

    for (let run = 0; run < rounds(10, 1000); run++) assert.equal(await isAlarmRaised(scene, () => {}), false)
  })
})
