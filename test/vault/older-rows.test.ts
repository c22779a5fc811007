/**
 * Whoever writes the database puts back single rows as they once were, each with the MAC that it had then. The server cannot
 * know; `audit verify --state` does.
 */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import type { Answer } from '../support/api.ts'
import { query, type Row } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { enrolTotp, password, startWithOwner } from '../support/portal-account.ts'

const ok = (answer: Answer): Answer => {
  assert.ok(answer.status < 300, answer.text)
  return answer
}

/** Of the trail, which has its own tests: an older row comes with the newest of these. */
const ofTheTrail = ['audit_size', 'audit_head', 'audit_ms']

/** By table, what says that one of its rows is as it once was. */
const said: Readonly<Record<string, RegExp>> = {
  accounts: /settings is not as record|The id \d+ is to be given again, though record/,
  account_settings: /settings is not as record/,
  api_keys: /^(API key \d+ is good, though record \d+ revoked it|Session \d+ is open, though record \d+ ended it)/,
  users: /^User \d+ is not as record/,
  factors: /^Factor \d+ is in the store, though record \d+ deleted it/,
  sign_in_rules: /rules for signing in is not as record/,
  lists: /^List \d+ is not as record/,
  secrets: /^Secret \d+ is not as record/,
  machines: /^Machine \d+ is in the store, though record \d+ deleted it/,
  seeds: /^Seed \d+ is in the store, though record \d+ deleted it/,
  trust_rules: /^Trust rule \d+ is not as record/,
  webhooks: /^Webhook \d+ is not as record/,
}

const template = ['$', '{{secret.db}}'].join('')

async function tablesOf(place: Place): Promise<Map<string, readonly Row[]>> {
  const found = new Map<string, readonly Row[]>()
  for (const table of Object.keys(said)) found.set(table, await query(place, `select * from ${table}`))
  return found
}

/** The names of the primary key. */
function keyOf(table: string, row: Row): readonly string[] {
  if (table === 'accounts') return ['id']
  return 'id' in row ? ['account_id', 'id'] : ['account_id']
}

function whereOf(table: string, row: Row): string {
  return keyOf(table, row)
    .map((name) => `${name} = ${row[name]}`)
    .join(' and ')
}

async function put(place: Place, table: string, row: Row, isThere: boolean): Promise<void> {
  const names = Object.keys(row)
  const values = names.map((name) => row[name] ?? null)
  const text = isThere
    ? `update ${table} set ${names.map((name) => `${name} = ?`).join(', ')} where ${whereOf(table, row)}`
    : `insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`
  await query(place, text, ...values)
}

for (const engine of engines) {
  suite(`${engine.name}: a row that is put back as it once was`, { skip: engine.skip }, () => {
    const start = async (t: TestContext) => {
      const server = await startWithOwner(t, engine)
      const { api, invite, url } = server
      const reader = await invite('reader')
      ok(await new Person(url).signIn(reader.email, password))
      await enrolTotp(reader.person, Date.now())
      ok(await api.post('/v3/lists', { name: 'web' }))
      ok(await api.post('/v3/secrets', { name: 'db', value: 'one' }))
      const key = ok(await api.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] })).body.id as number
      ok(await api.post('/v3/machines', { name: 'm', addresses: ['10.0.0.7'] }))
      const rule = { name: 'r', issuer: 'https://ci.example', audience: 'here', claims: { sub: 'job' } }
      ok(await api.post('/v3/trust-rules', { ...rule, scopes: ['secrets:read'] }))
      ok(await api.post('/v3/webhooks', { url: 'https://example.com/hook', actions: ['*'] }))
      ok(await api.post('/v3/seeds', { user_data: 'A', target: 'web-1' }))
      const differences = async () => {
        const [verdict] = await Array.fromAsync(verifyAudit(server.vault, { state: true }))
        assert.equal(verdict?.fault, undefined)
        return verdict?.differences ?? assert.fail()
      }
      return { ...server, reader, key, differences }
    }

    test('is found by the state, in every table', async (t) => {
      const { api, owner, reader, key, place, differences } = await start(t)
      const before = await tablesOf(place)
      ok(await api.put('/v3/settings', { networks: ['127.0.0.0/8'], vm_auth: true }))
      ok(await api.delete(`/v3/keys/${key}`))
      const { sessions } = ok(await reader.person.get('/v3/sessions')).body
      const other = sessions.find(({ current }: { current: boolean }) => !current)
      ok(await reader.person.send('DELETE', `/v3/sessions/${other.id}`))
      ok(await owner.send('PATCH', `/v3/users/${reader.id}`, { role: 'auditor' }))
      ok(await owner.send('DELETE', `/v3/users/${reader.id}/factors`))
      ok(await api.put('/v3/lists/1', { name: 'other' }))
      ok(await api.put('/v3/secrets/1', { value: 'two' }))
      ok(await api.delete('/v3/machines/1'))
      ok(await api.send('PATCH', '/v3/trust-rules/1', { claims: { sub: 'another' } }))
      ok(await api.send('PATCH', '/v3/webhooks/1', { enabled: false }))
      ok(await api.post('/v3/render', { template, target: 'web-2' }))
      ok(await api.delete('/v3/seeds/1'))
      ok(await api.put('/v3/sign-in', { second_factor_required: true }))
      assert.deepEqual(await differences(), [])

      for (const [table, rows] of await tablesOf(place)) {
        const now = new Map(rows.map((row) => [whereOf(table, row), row]))
        let tried = 0
        for (const row of before.get(table) ?? []) {
          const next = now.get(whereOf(table, row))
          const trail = Object.fromEntries(ofTheTrail.map((name) => [name, next?.[name] ?? null]))
          const older = table === 'accounts' ? { ...row, ...trail } : row
          // What a MAC does not cover may have changed alone.
          if (next !== undefined && Buffer.compare(next['mac'] as Uint8Array, row['mac'] as Uint8Array) === 0) continue
          tried++
          await put(place, table, older, next !== undefined)
          const found = await differences()
          assert.ok(
            found.some((one) => said[table]?.test(one)),
            `${table}: ${JSON.stringify(found)}`,
          )
          if (next === undefined) await query(place, `delete from ${table} where ${whereOf(table, row)}`)
          else await put(place, table, next, true)
        }
        assert.ok(tried > 0, table)
      }
      assert.deepEqual(await differences(), [])
    })

    test('is found where it only gives ids again', async (t) => {
      const { api, owner, key, place, differences } = await start(t)
      const makes: readonly (() => Promise<Answer>)[] = [
        () => api.post('/v3/secrets', { name: 'new', value: 'v' }),
        () => api.post('/v3/lists', { name: 'new' }),
        () => api.post('/v3/keys', { name: 'new', scopes: ['secrets:read'] }),
        () => owner.post('/v3/users', { email: 'new@example.com', role: 'reader' }),
        () => api.post('/v3/machines', { name: 'new', addresses: ['10.0.0.8'] }),
        () => api.post('/v3/seeds', { user_data: 'A', target: 'new' }),
        () => api.post('/v3/render', { template, target: 'new' }),
        () => api.post(`/v3/keys/${key}/rotate`, {}),
      ]
      for (const make of makes) {
        const [older] = await query(place, 'select * from accounts where id = 1')
        ok(await make())
        const [newer] = await query(place, 'select * from accounts where id = 1')
        if (older === undefined || newer === undefined) return assert.fail()
        await put(
          place,
          'accounts',
          { ...older, ...Object.fromEntries(ofTheTrail.map((name) => [name, newer[name] ?? null])) },
          true,
        )
        const [one, ...rest] = await differences()
        assert.match(one ?? '', said['accounts'] ?? /$^/)
        assert.deepEqual(rest, [])
        await put(place, 'accounts', newer, true)
      }
      assert.deepEqual(await differences(), [])
    })
  })
}
