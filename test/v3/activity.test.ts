/** The trail counted: by time and action, by whom, as far as it is counted, and only what the asker may see. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { maxCounted } from '../../src/vault/activity.ts'
import { startAccount } from '../support/account.ts'
import type { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

interface Activity {
  readonly by: string
  readonly from: string
  readonly to: string
  readonly complete: boolean
  readonly records: number
  readonly steps: readonly {
    readonly start: string
    readonly actions: readonly { readonly action: string; readonly ok: number; readonly refused: number }[]
  }[]
  readonly readers: readonly {
    readonly principal: { readonly kind: string; readonly id: number }
    readonly reads: number
  }[]
}

const minute = 60_000
const hour = 60 * minute
const start = Date.UTC(2026, 0, 14, 10, 30)

for (const engine of engines) {
  suite(`${engine.name}: the activity of an account`, { skip: engine.skip }, () => {
    test('is counted by time and action, done and refused', async (t) => {
      const clock = { now: start }
      const { api } = await startServer(t, engine, { now: () => clock.now })
      await api.post('/v3/secrets', { name: 'one', value: 'v' })
      clock.now += 10 * minute
      for (const id of [1, 1, 9]) await api.get(`/v3/secrets/${id}`)
      clock.now += 2 * hour
      await api.get('/v3/secrets/1')

      assert.deepEqual(linesOf(await activity(api, 'by=hour&from=2026-01-14T10:40:00Z')), [
        '2026-01-14T10:00:00.000Z secret.read 2 1',
        '2026-01-14T12:00:00.000Z audit.read 1 0',
        '2026-01-14T12:00:00.000Z secret.read 1 0',
      ])
      assert.deepEqual(linesOf(await activity(api, 'by=day&action=secret.read')), [
        '2026-01-14T00:00:00.000Z secret.read 3 1',
      ])
      assert.deepEqual(linesOf(await activity(api, 'by=week&action=secret.read')), [
        '2026-01-12T00:00:00.000Z secret.read 3 1',
      ])
      assert.deepEqual(linesOf(await activity(api, 'by=minute&action=secret.read')), [
        '2026-01-14T10:40:00.000Z secret.read 2 1',
        '2026-01-14T12:40:00.000Z secret.read 1 0',
      ])
    })

    test('takes the filters of the trail, and finds the same records', async (t) => {
      const clock = { now: start }
      const { api, withScopes } = await startServer(t, engine, { now: () => clock.now })
      const reader = await withScopes('secrets:read')
      for (const name of ['one', 'two']) await api.post('/v3/secrets', { name, value: 'v' })
      for (const id of [1, 2, 9, 1]) {
        clock.now += minute
        await reader.get(`/v3/secrets/${id}`)
      }
      await api.delete('/v3/secrets/1')

      for (const filter of [
        'secret=1',
        'secret=two',
        'principal=2',
        'principal=test&outcome=ok',
        'outcome=not_found',
        'kind=user',
        'kind=key&secret=one',
        'action=secret.read&secret=one',
        'action=secret.read&from=2026-01-14T10:32:00Z',
        'secret=1&to=2026-01-14T10:31:00Z',
        'action=secret.read&from=2026-01-14T10:31:00.001Z&to=2026-01-14T10:33:59Z',
        'action=secret.read&from=2026-01-14T10:33:00Z&to=2026-01-14T10:33:00Z',
        'secret=three',
        'action=secret.read&from=2027-01-01T00:00:00Z',
        'action=secret.read&to=2025-01-01T00:00:00Z',
        'action=secret.read&from=2026-01-14T10:34:00Z&to=2026-01-14T10:32:00Z',
      ]) {
        const { records, steps, complete } = await activity(api, filter)
        const { body } = await api.get(`/v3/audit?limit=1000&${filter}`)
        const counted = steps.flatMap(({ actions }) => actions.map(({ ok, refused }) => ok + refused))
        const sum = counted.reduce((all, count) => all + count, 0)
        assert.deepEqual([records, sum, complete], [body.records.length, body.records.length, true], filter)
      }
    })

    test('says who was handed out most values', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const [busy, idle] = [await withScopes('secrets:read'), await withScopes('secrets:list')]
      await api.post('/v3/secrets', { name: 'one', value: 'v' })
      await api.get('/v3/secrets/1/versions/1')
      for (let at = 0; at < 3; at++) await busy.get('/v3/secrets/1')
      await busy.get('/v3/secrets/9')
      await idle.get('/v3/secrets')
      await idle.get('/v3/secrets/1')

      const { readers } = await activity(api)

      assert.deepEqual(
        readers.map(({ principal: { kind, id }, reads }) => `${kind} ${id} ${reads}`),
        ['key 2 3', 'key 1 1'],
      )
    })

    test('is as much as a narrowed key sees of the trail, and nothing without the right', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['prod-db', 'test-db']) await api.post('/v3/secrets', { name, value: 'v' })
      for (const id of [1, 2, 2]) await api.get(`/v3/secrets/${id}`)
      const [auditor, reader] = [await withScopes('audit:read:prod-*'), await withScopes('secrets:read')]

      const { records, steps, readers } = await activity(auditor)

      assert.deepEqual(
        steps.flatMap(({ actions }) => actions),
        [
          { action: 'secret.create', ok: 1, refused: 0 },
          { action: 'secret.read', ok: 1, refused: 0 },
        ],
      )
      assert.deepEqual([records, readers.map(({ reads }) => reads)], [2, [1]])
      assert.deepEqual((await activity(auditor, 'secret=test-db')).records, 0)
      const { status, body } = await reader.get('/v3/audit/activity')
      assert.deepEqual([status, body.code], [403, 'forbidden'])
    })

    test('is recorded when it is asked for, allowed or refused', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const reader = await withScopes('secrets:read')
      await activity(api)
      await reader.get('/v3/audit/activity')

      const { body } = await api.get('/v3/audit?action=audit.read')

      const outcomes = body.records.map(({ principal, outcome }: { principal: { id: number }; outcome: string }) => [
        principal.id,
        outcome,
      ])
      assert.deepEqual(outcomes, [
        [1, 'ok'],
        [2, 'forbidden'],
        [1, 'ok'],
      ])
    })

    test('is counted in steps that fit the time, and refused in steps that are too short for it', async (t) => {
      const clock = { now: start }
      const { api } = await startServer(t, engine, { now: () => clock.now })
      const steps: string[] = []
      for (const days of [0, 1, 30, 500]) {
        clock.now = start + days * 24 * hour
        steps.push((await activity(api)).by)
      }

      assert.deepEqual(steps, ['minute', 'hour', 'day', 'week'])
      for (const [filter = '', field] of [
        ['by=minute', 'by'],
        ['by=day', 'by'],
        ['by=year', 'by'],
        ['from=yesterday', 'from'],
        ['action=secret.steal', 'action'],
        ['limit=1', 'limit'],
      ]) {
        const { status, body } = await api.get(`/v3/audit/activity?${filter}`)
        assert.deepEqual([status, body.errors[0].field], [400, field], filter)
      }
      assert.equal((await activity(api, 'by=minute&from=2027-05-29T00:00:00Z')).records, 4)
    })

    test('says from when on it is counted, of more than are counted at once', async (t) => {
      const clock = { now: start }
      const { api, place } = await startServer(t, engine, { now: () => clock.now })
      await api.post('/v3/secrets', { name: 'one', value: 'v' })
      const size = await lengthen(place, maxCounted + 100)
      clock.now = start + size * 1000 + hour

      const whole = await activity(api)
      const late = await activity(api, `from=${new Date(start + 200 * 1000).toISOString()}`)
      const early = await activity(api, `to=${new Date(start + 150 * 1000).toISOString()}`)

      assert.deepEqual([whole.complete, whole.records], [false, maxCounted])
      // The two that asked are at the end.
      assert.equal(Date.parse(whole.from), start + (size + 1 - maxCounted + 1) * 1000)
      assert.deepEqual([late.complete, late.records], [true, size - 200 + 1 + 2])
      assert.deepEqual([early.complete, early.records], [true, 150])
    })
  })
}

async function activity(api: Api, filter = ''): Promise<Activity> {
  const { status, body, text } = await api.get(`/v3/audit/activity?${filter}`)
  assert.equal(status, 200, text)
  return body
}

function linesOf({ steps }: Activity): string[] {
  return steps.flatMap(({ start: time, actions }) =>
    actions.map(({ action, ok, refused }) => `${time} ${action} ${ok} ${refused}`),
  )
}

/** Writes records behind the server's back, each a second after the one before, as many as the trail is to have. */
async function lengthen(place: Place, size: number): Promise<number> {
  await query(place, 'delete from audit')
  await query(
    place,
    `insert into audit (account_id, seq, ms, principal_kind, principal_id, principal_name, action, object_kind, object_id,
       object_uid, object_name, object_version, object_hash, outcome, request_id, address, head)
     with recursive n(seq) as (select 1 union all select seq + 1 from n where seq < ${size})
     select 1, seq, ${start} + seq * 1000, 'key', 1, 'first key', 'secret.read', 'secret', 1, 'u', 'one', 1, null, 'ok',
       'r', '127.0.0.1', (select audit_head from accounts) from n`,
  )
  await query(place, `update accounts set audit_size = ${size}, audit_ms = ${start} + ${size} * 1000`)
  return size
}
