/** The audit trail: one record for every operation, readable, filterable, and a condition of every answer. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type Place, type TestEngine } from '../support/engines.ts'
import { connect } from '../support/rows.ts'
import { startServer } from '../support/server.ts'

interface Shown {
  readonly seq: number
  readonly action: string
  readonly outcome: string
  readonly principal: { readonly kind: string; readonly id: number; readonly name: string }
  readonly object: {
    readonly kind: string
    readonly id: number
    readonly name: string
    readonly version: number
  } | null
}

for (const engine of engines) {
  suite(`${engine.name}: the audit trail`, { skip: engine.skip }, () => {
    test('leaves out nothing of an environment that is made while it is read, where it shows what is newer', async (t) => {
      const { api, vault, withScopes } = await startServer(t, engine)
      assert.equal((await api.post('/v3/environments', { name: 'staging' })).status, 201)
      const auditor = await withScopes('audit:read@staging', 'audit:read:db-*')
      assert.equal((await api.delete('/v3/environments/2')).status, 200)
      const { store } = vault
      const read = store.environments.bind(store)
      const reading = t.mock.method(store, 'environments', async (accountId: number) => {
        const found = await read(accountId)
        reading.mock.restore()
        assert.equal((await api.post('/v3/environments', { name: 'staging' })).status, 201)
        const inStaging = { 'strongroom-environment': 'staging' }
        assert.equal((await api.post('/v3/secrets', { name: 'web', value: 'v' }, inStaging)).status, 201)
        assert.equal((await api.post('/v3/secrets', { name: 'db-1', value: 'v' })).status, 201)
        return found
      })

      const shown = await trail(auditor)

      assert.equal(reading.mock.callCount(), 1)
      const there = (await trail(auditor)).filter(({ seq }) => seq <= (shown[0]?.seq ?? 0))
      assert.deepEqual(shown, there)
    })

    test('has one record for every operation, allowed or refused, and never a value', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const narrow = await withScopes('secrets:read:none')
      const start = (await trail(api))[0]?.seq ?? 0
      const body = { name: 'db-password', value: 'planted-value-1' }
      await api.post('/v3/secrets', body)
      await api.post('/v3/secrets', body)
      await api.get('/v3/secrets/1')
      await api.get('/v3/secrets/9')
      await api.put('/v3/secrets/1', { value: 'planted-value-2' })
      await api.put('/v3/secrets/1', { value: 'planted-value-3' }, { 'if-match': '"1"' })
      await api.get('/v3/secrets')
      await narrow.get('/v3/secrets/1')
      await narrow.get('/v3/secrets')
      await api.delete('/v3/secrets/1')
      await api.get('/v3/keys')
      await api.delete('/v3/keys/2')
      await narrow.get('/v3/secrets/1')

      const records = (await trail(api)).filter(({ seq }) => seq > start).reverse()

      const lines = records.map(({ action, outcome, principal, object }) =>
        [principal.id, action, outcome, object && `${object.kind} ${object.id} ${object.name} ${object.version}`].join(
          ' ',
        ),
      )
      assert.deepEqual(lines, [
        '1 secret.create ok secret 1 db-password 1',
        '1 secret.create name_taken secret null db-password null',
        '1 secret.read ok secret 1 db-password 1',
        '1 secret.read not_found secret 9 null null',
        '1 secret.update ok secret 1 db-password 2',
        '1 secret.update stale_version secret 1 db-password 2',
        '1 secret.list ok ',
        '2 secret.read not_found secret 1 db-password 2',
        '2 secret.list forbidden ',
        '1 secret.delete ok secret 1 db-password 2',
        '1 key.list ok ',
        '1 key.revoke ok key 2 test null',
        '2 secret.read unauthenticated ',
        '1 audit.read ok ',
      ])
      assert.deepEqual(
        records.map(({ seq }) => seq),
        records.map((_, at) => start + 1 + at),
      )
      assert.doesNotMatch((await api.get('/v3/audit?limit=1000')).text, /planted-value/)
    })

    test('knows whose key was refused, and a stranger only counts', async (t) => {
      const { api, url, withScopes } = await startServer(t, engine)
      const revoked = await withScopes('secrets:list')
      await api.delete('/v3/keys/2')
      const bound = { name: 'bound', scopes: ['secrets:list'], networks: ['10.0.0.0/8'] }
      const elsewhere = new Api(url, (await api.post('/v3/keys', bound)).body.api_key)
      const before = (await trail(api)).length

      await revoked.get('/v3/secrets')
      await elsewhere.get('/v3/secrets')
      await new Api(url, unknownKey).get('/v3/secrets')
      await new Api(url, 'sr_mistyped').get('/v3/secrets')
      await fetch(`${url}/v3/secrets`)

      const records = await trail(api)
      assert.deepEqual(
        records.slice(1, records.length - before).map(({ principal, outcome }) => [principal.id, outcome]),
        [
          [3, 'unauthenticated'],
          [2, 'unauthenticated'],
        ],
      )
      const metrics = (await api.get('/metrics')).text
      const counted = (reason: string) =>
        new RegExp(`strongroom_authentication_failures_total\\{reason="${reason}"\\} (\\d+)`).exec(metrics)?.[1]
      assert.deepEqual(['refused', 'malformed', 'missing'].map(counted), ['3', '1', '1'])
    })

    test('is read newest first, in pages, and every record once', async (t) => {
      const { api } = await startAccount(t, engine)
      for (let at = 1; at <= 5; at++) await api.get(`/v3/secrets/${at}`)

      const seqs: number[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const answer = await api.get(`/v3/audit?limit=2&action=secret.read${cursor === '' ? '' : `&cursor=${cursor}`}`)
        seqs.push(...answer.body.records.map(({ seq }: Shown) => seq))
        cursor = answer.headers.get('strongroom-next-cursor')
      }

      assert.equal(seqs.length, 5)
      assert.deepEqual(
        seqs,
        [...seqs].sort((a, b) => b - a),
      )
    })

    test('is filtered by time, action, secret, principal and outcome, alone and together', async (t) => {
      let now = Date.UTC(2026, 0, 1)
      const { api, withScopes } = await startServer(t, engine, { now: () => now })
      const reader = await withScopes('secrets:read')
      for (const name of ['one', 'two']) await api.post('/v3/secrets', { name, value: 'v' })
      now += 60_000
      for (const id of [1, 2, 9]) await reader.get(`/v3/secrets/${id}`)
      now += 60_000
      await api.get('/v3/secrets/1')
      const found = async (filter: string) =>
        (await trail(api, filter)).map(({ action, object, principal }) => `${action} ${object?.id} by ${principal.id}`)

      assert.deepEqual(await found('secret=1'), ['secret.read 1 by 1', 'secret.read 1 by 2', 'secret.create 1 by 1'])
      assert.deepEqual(await found('secret=two'), ['secret.read 2 by 2', 'secret.create 2 by 1'])
      assert.deepEqual(await found('principal=2&outcome=ok'), ['secret.read 2 by 2', 'secret.read 1 by 2'])
      assert.deepEqual(await found('outcome=not_found'), ['secret.read 9 by 2'])
      assert.deepEqual(await found('kind=key&secret=two'), ['secret.read 2 by 2', 'secret.create 2 by 1'])
      assert.deepEqual(await found('kind=user'), [])
      assert.equal((await api.get('/v3/audit?kind=person')).status, 400)
      assert.deepEqual(await found('principal=test&secret=one'), ['secret.read 1 by 2'])
      assert.deepEqual(await found('action=secret.read&from=2026-01-01T00:02:00Z'), ['secret.read 1 by 1'])
      assert.deepEqual(await found('secret=1&to=2026-01-01T00:01:00Z'), ['secret.read 1 by 2', 'secret.create 1 by 1'])
      assert.deepEqual(await found('secret=1&from=2026-01-01T00:00:01%2B00:00&to=2026-01-01T00:01:59Z'), [
        'secret.read 1 by 2',
      ])
      assert.deepEqual(await found('secret=three'), [])
      for (const [field, text] of [
        ['from', 'yesterday'],
        ['to', '2026-02-31'],
        ['action', 'secret.steal'],
        ['limit', '0'],
        ['colour', 'blue'],
      ]) {
        const answer = await api.get(`/v3/audit?${field}=${text}`)
        assert.deepEqual([answer.status, answer.body.errors[0].field], [400, field])
      }
    })

    test('of a time is sought there, and not gone to from the end', async (t) => {
      const { api, place, vault } = await startServer(t, engine)
      const database = await connect(place)
      const [{ size = 0, ms = 0 } = {}] = await database.query({
        sql: 'select audit_size as size, audit_ms as ms from accounts',
        parameters: [],
      })
      const hour = 3_600_000
      const records = Array.from({ length: 30_000 }, (_, at) => ({
        ...{
          account_id: 1,
          seq: Number(size) + at + 1,
          ms: Number(ms) + at * hour,
          principal_kind: 'key',
          principal_id: 1,
        },
        ...{ principal_name: 'first key', action: 'secret.read', object_kind: 'secret', object_id: at, outcome: 'ok' },
        ...{ object_name: `s${at}`, request_id: 'r', address: '127.0.0.1', head: Buffer.from('00', 'hex') },
      }))
      await database.insert('audit', records)
      await database.query({
        sql: `update accounts set audit_size = audit_size + 30000, audit_ms = ${records.at(-1)?.ms}`,
        parameters: [],
      })
      await database.close()
      const { mock: read } = t.mock.method(vault.store, 'recordsBefore')
      const timeOf = (at: number) => new Date(Number(ms) + at * hour).toISOString()
      const found = async (query: string) => {
        read.resetCalls()
        const { body, headers } = await api.get(`/v3/audit?limit=10&${query}`)
        const looked = read.calls.reduce((sum, call) => sum + Number(call.arguments[1]?.window), 0)
        const names = body.records.map(({ object }: { object: { name: string } | null }) => object?.name)
        assert.ok(read.callCount() <= 2, `${read.callCount()} queries`)
        return { names, looked, next: headers.get('strongroom-next-cursor') }
      }

      const one = `from=${timeOf(500)}&to=${timeOf(503)}`
      assert.deepEqual(await found(one), { names: ['s503', 's502', 's501', 's500'], looked: 4, next: null })
      assert.deepEqual(await found(`${one}&secret=s502`), { names: ['s502'], looked: 4, next: null })
      assert.deepEqual(await found('to=2001-01-01T00:00:00Z'), { names: [], looked: 0, next: null })
      assert.deepEqual((await found(`from=${timeOf(29_998)}&action=secret.read`)).names, ['s29999', 's29998'])
    })

    test('shows a narrowed key the records of its secrets alone', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['prod-db', 'test-db']) await api.post('/v3/secrets', { name, value: 'v' })
      const auditor = await withScopes('audit:read:prod-*')

      const names = (await trail(auditor)).map(({ object }) => object?.name)

      assert.deepEqual(names, ['prod-db'])
    })

    test('that cannot be written stops every answer and every change', async (t) => {
      const { api, place } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'db-password', value: 'planted-value' })
      const repair = await breakAudit(engine, place)

      for (const [method, path, body] of [
        ['GET', '/v3/secrets/1'],
        ['GET', '/v3/secrets'],
        ['GET', '/v3/secrets/9'],
        ['POST', '/v3/secrets', { name: 'new', value: 'v' }],
        ['PUT', '/v3/secrets/1', { value: 'new' }],
        ['DELETE', '/v3/secrets/1'],
        ['GET', '/v3/keys'],
        ['POST', '/v3/keys', { name: 'new', scopes: ['secrets:read'] }],
        ['DELETE', '/v3/keys/1'],
        ['GET', '/v3/audit'],
        ['GET', '/v3/audit/activity'],
      ] as const) {
        const answer = await api.send(method, path, body)
        assert.deepEqual([answer.status, answer.body?.code], [503, 'audit_unavailable'], `${method} ${path}`)
        assert.ok(Number(answer.headers.get('retry-after')) > 0)
        assert.doesNotMatch(answer.text, /planted-value|trigger|broken/)
      }
      await repair()

      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 1)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'planted-value')
      assert.equal((await api.get('/v3/keys')).body.keys.length, 1)
    })
  })
}

/** A well-formed key that no store knows. */
const unknownKey = 'sr_00000000000000000000000000000000000000000002CZclj'

async function trail(api: Api, filter = ''): Promise<Shown[]> {
  const { status, body, text } = await api.get(`/v3/audit?limit=1000&${filter}`)
  assert.equal(status, 200, text)
  return body.records
}

/** Makes every insert into the trail fail, until what it returns is called. */
async function breakAudit(engine: TestEngine, place: Place): Promise<() => Promise<unknown>> {
  if (engine.name === 'SQLite') {
    await query(place, `create trigger broken before insert on audit begin select raise(abort, 'broken'); end`)
    return () => query(place, 'drop trigger broken')
  }
  await query(place, `create function broken() returns trigger language plpgsql as $$ begin raise 'broken'; end $$`)
  await query(place, 'create trigger broken before insert on audit execute function broken()')
  return () => query(place, 'drop trigger broken on audit')
}
