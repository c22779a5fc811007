/** Planted secrets, hunted in every place and spelling where they could have leaked. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Client } from 'pg'
import { generateToken } from '../../src/crypto/token.ts'
import { type Api, Api as Caller } from '../support/api.ts'
import { startChild } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'

/** A place that was searched, and what is in it. */
interface Found {
  readonly where: string
  readonly bytes: Buffer
}

for (const engine of engines) {
  suite(`${engine.name}: what is secret`, { skip: engine.skip }, () => {
    test('is in no file, log, metric or error, in no spelling', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const planted = new Set<string>()
      const plant = <T extends string>(text: T): T => {
        planted.add(text)
        return text
      }
      const key = plant(generateToken())
      const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_LOG_LEVEL: 'debug' }
      const server = await startChild(t, place, { env })
      const api = server.api(key)

      const answers = await exercise(api, () => plant(randomBytes(24).toString('hex')), plant)
      const places: Found[] = [
        ...filesOf(place.dataDir),
        ...(await tablesOf(place)),
        { where: 'metrics', bytes: Buffer.from((await api.get('/metrics')).text) },
        ...answers.map((text, at) => ({ where: `answer ${at}`, bytes: Buffer.from(text) })),
      ]
      await server.end('SIGTERM')
      places.push({ where: 'output', bytes: Buffer.from(server.output()) }, ...filesOf(place.dataDir))

      assert.ok(planted.size > 10 && places.length > 5)
      const leaks = places.flatMap(({ where, bytes }) =>
        [...planted].filter((text) => leaksIn(bytes, text)).map((text) => `${text.slice(0, 6)}… in ${where}`),
      )
      assert.deepEqual(leaks, [])
    })

    test('and would be found, were it there', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const key = generateToken()
      const server = await startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key } })
      // A name is not secret, and is kept as it is: the hunt finds it in the tables.
      const name = `planted-${randomBytes(8).toString('hex')}`
      await server.api(key).post('/v3/secrets', { name, value: 'v' })

      const places = [...filesOf(place.dataDir), ...(await tablesOf(place))]

      assert.ok(places.some(({ bytes }) => leaksIn(bytes, name)))
      await server.end('SIGTERM')
    })
  })
}

test('what is rendered is not printed by a library, whatever the environment asks it for', {
  skip: process.env['STRONGROOM_TEST_MAIN'] === undefined && 'The sources run with the library as it is.',
}, async (t) => {
  const [sqlite] = engines
  const place = await sqlite?.makePlace()
  assert.ok(place)
  t.after(() => place.clear())
  const env = { LOG_TOKENS: '1', LOG_STREAM: '1', DEBUG: '*', NODE_DEBUG: 'semver' }
  const server = await startChild(t, place, { env })
  const api = server.api(server.firstKey ?? '')
  const value = randomBytes(24).toString('hex')
  await api.post('/v3/secrets', { name: 'db', value })

  const { status, text } = await api.post('/v3/render', { template: `#cloud-config\npassword: $\u007b{secret.db}}\n` })

  assert.deepEqual([status, text.includes(value)], [200, true], text)
  await server.end('SIGTERM')
  assert.equal(server.output().includes(value), false)
})

suite('The hunt', () => {
  test('knows every spelling', () => {
    const secret = 'pa"ss/wörd+42 \u0001 and more'
    const spellings: (string | Buffer)[] = [
      secret,
      JSON.stringify(secret),
      encodeURIComponent(secret),
      Buffer.from(secret).toString('hex').toUpperCase(),
      Buffer.from(secret, 'utf16le'),
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${secret}`).toString('base64')),
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${secret}!`).toString('base64url')),
    ]
    for (const spelling of spellings) {
      const around = Buffer.concat([Buffer.from('before '), Buffer.from(spelling), Buffer.from(' after')])
      assert.ok(leaksIn(around, secret), String(spelling))
    }
    assert.equal(leaksIn(Buffer.from('nothing of it'), secret), false)
  })
})

for (const engine of engines.filter(({ name }) => name === 'SQLite')) {
  suite(`${engine.name}: a deleted secret`, () => {
    test('leaves neither its value nor its key in the files, sealed as they were', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const key = generateToken()
      const server = await startChild(t, place, { env: { STRONGROOM_BOOTSTRAP_API_KEY: key } })
      const api = server.api(key)
      await api.post('/v3/secrets', { name: 'doomed', value: 'x'.repeat(500) })
      await api.put('/v3/secrets/1', { value: 'y'.repeat(500) })
      const sealed = await sealedOf(place)
      assert.equal(sealed.length, 3)
      const isIn = (found: readonly Found[]) =>
        sealed.some((blob) => found.some(({ bytes }) => bytes.includes(blob.subarray(40, 100))))
      assert.equal(isIn(filesOf(place.dataDir)), true)

      await api.delete('/v3/secrets/1')
      await server.end('SIGTERM')

      assert.equal(isIn(filesOf(place.dataDir)), false)
    })
  })

  suite(`${engine.name}: a version beyond those that are kept`, () => {
    test('leaves nothing of its value in the files, sealed as it was', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const key = generateToken()
      const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_KEEP_VERSIONS: '2' }
      const server = await startChild(t, place, { env })
      const api = server.api(key)
      await api.post('/v3/secrets', { name: 'db', value: 'x'.repeat(500) })
      await api.put('/v3/secrets/1', { value: 'y'.repeat(500) })
      const rows = await query(place, 'select sealed from versions order by version')
      const isIn = rows.map(
        ({ sealed }) =>
          (found: readonly Found[]) =>
            found.some(({ bytes }) => bytes.includes(Buffer.from(sealed as Uint8Array).subarray(40, 100))),
      )
      assert.deepEqual(
        isIn.map((find) => find(filesOf(place.dataDir))),
        [true, true],
      )

      await api.put('/v3/secrets/1', { value: 'z'.repeat(500) })
      await server.end('SIGTERM')

      assert.deepEqual(
        isIn.map((find) => find(filesOf(place.dataDir))),
        [false, true],
      )
    })
  })
}

/** Every operation, well and badly asked; gives the texts of all that must not hold a secret. */
async function exercise(api: Api, value: () => string, plant: (text: string) => string): Promise<string[]> {
  const answers: string[] = []
  const send = async (...parameters: Parameters<Api['send']>) => {
    const answer = await api.send(...parameters)
    answers.push(answer.text)
    return answer
  }
  for (let at = 0; at < 5; at++) await send('POST', '/v3/secrets', { name: `s-${at}`, value: value() })
  const updated = value()
  await send('PUT', '/v3/secrets/1', { value: updated }, { 'idempotency-key': value() })
  assert.equal((await api.get('/v3/secrets/1')).body.value, updated)
  await send('POST', '/v3/secrets', { name: 's-0', value: value() })
  await send('POST', '/v3/secrets', { name: 'x', value: value(), extra: value() })
  await send('POST', '/v3/secrets', { name: 'x', value: [value()] })
  await send('POST', '/v3/secrets', `{"name":"x","value":"${value()}"`)
  await send('POST', '/v3/secrets', `{"name":"x","value":"${value()}","value":"${value()}"}`)
  await send('POST', '/v3/secrets', `name=x&value=${value()}`, { 'content-type': 'application/x-www-form-urlencoded' })
  await send('POST', '/v3/secrets', { name: 'x', value: value().repeat(2000) })
  await send('PUT', '/v3/secrets/99', { value: value() })
  await send('PUT', '/v3/secrets/1', { value: value() }, { 'if-match': '"1"' })
  await send('DELETE', '/v3/secrets/2')
  const made = await api.post('/v3/keys', { name: 'made', scopes: ['secrets:read', 'secrets:list'] })
  const narrow = new Caller(api.url, plant(made.body.api_key))
  await narrow.get('/v3/secrets/3')
  answers.push((await narrow.post('/v3/secrets', { name: 'y', value: value() })).text)
  plant((await api.post('/v3/keys/2/rotate', { overlap_seconds: 0 })).body.api_key)
  answers.push((await narrow.get('/v3/secrets/3')).text)
  const template = `${value()} $\u007b{secret.s-3}}`
  const { url } = (await api.post('/v3/seeds', { user_data: template, target: 'web-1' })).body
  plant(new URL(url).pathname.split('/')[2] ?? '')
  for (const _ of ['used', 'refused']) await (await fetch(`${url}user-data`)).text()
  await api.post('/v3/seeds', { user_data: `${value()} $\u007b{secret.nothing}}`, target: 'web-1' })
  answers.push((await api.get('/v3/seeds')).text, (await api.get('/v3/deployments')).text)
  for (const path of ['/v3/secrets', '/v3/secrets/77', '/v3/nothing', '/v3/secrets?limit=x']) {
    const answer = await fetch(`${api.url}${path}${path.includes('?') ? '&' : '?'}key=${api.key}`)
    answers.push(await answer.text(), JSON.stringify([...answer.headers]))
  }
  for (const path of ['/v3/keys', '/v3/keys/1', '/v3/audit?limit=1000', '/v3/secrets', '/openapi.json'])
    await send('GET', path)
  return answers
}

function filesOf(folder: string): Found[] {
  return globSync('**', { cwd: folder })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ where: path, bytes: readFileSync(path) }))
}

/** PostgreSQL's own files, and a dump of every table. */
async function tablesOf({ databaseUrl }: Place): Promise<Found[]> {
  if (databaseUrl === undefined) return []
  const client = new Client(databaseUrl)
  await client.connect()
  try {
    await client.query('checkpoint')
    const { rows: tables } = await client.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    )
    const dumps: Found[] = []
    for (const { name } of tables) {
      const { rows } = await client.query(`select row_to_json(t)::text as text, t::text as plain from ${name} t`)
      const text = rows.map((row) => `${row['text']}\n${row['plain']}`).join('\n')
      // What a dump shows in hexadecimal is searched as bytes too.
      const bytes = [...text.matchAll(/\\\\?x([0-9a-f]+)/g)].map(([, digits = '']) => Buffer.from(digits, 'hex'))
      dumps.push({ where: `table ${name}`, bytes: Buffer.concat([Buffer.from(text), ...bytes]) })
    }
    assert.ok(dumps.length > 5)
    const { rows: folders } = await client.query<{ path: string }>(
      `select current_setting('data_directory') || '/base/' || oid as path from pg_database where datname = current_database()`,
    )
    return [...dumps, ...localFiles(folders[0]?.path ?? '')]
  } finally {
    await client.end()
  }
}

/** The database's files, when its server is on this machine. */
function localFiles(folder: string): Found[] {
  try {
    return filesOf(folder)
  } catch {
    return []
  }
}

async function sealedOf({ dataDir }: Place): Promise<Buffer[]> {
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(join(dataDir, 'strongroom.db'))
  const rows = database.prepare('select sealed as blob from versions union all select wrapped from secret_keys').all()
  database.close()
  return rows.map(({ blob }) => Buffer.from(blob as Uint8Array))
}

/** Raw, escaped for JSON and URLs, hexadecimal, UTF-16, and base64 at each of its three alignments. */
function leaksIn(bytes: Buffer, secret: string): boolean {
  const raw = Buffer.from(secret)
  const aligned = [0, 1, 2].flatMap((skip) => {
    // Without the characters that also depend on what stands before and after.
    const text = Buffer.concat([Buffer.alloc(skip), raw]).toString('base64')
    const inner = text.slice(Math.ceil((skip * 8) / 6), Math.floor(((skip + raw.length) * 8) / 6))
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
  const hex = raw.toString('hex')
  const spellings: (Buffer | string)[] = [
    raw,
    Buffer.from(secret, 'utf16le'),
    Buffer.from(secret, 'utf16le').swap16(),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    hex,
    hex.toUpperCase(),
    ...aligned,
  ]
  return spellings.some((spelling) => bytes.includes(spelling))
}
