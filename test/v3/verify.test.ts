/** The trail verified over the API: what was changed behind the server's back is named, part by part. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Strongroom } from '../../src/client/index.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: the trail, verified over the API`, { skip: engine.skip }, () => {
    const start = async (t: Parameters<typeof startServer>[0]) => {
      const server = await startServer(t, engine)
      for (let at = 1; at <= 5; at++) await server.api.post('/v3/secrets', { name: `s-${at}`, value: 'v' })
      const records = (await server.api.get('/v3/audit')).body.records as readonly { seq: number; head: string }[]
      return { ...server, heads: new Map(records.map(({ seq, head }) => [seq, head])) }
    }

    test('holds while nobody touched it, and the verification is in it', async (t) => {
      const { api, heads } = await start(t)

      const { status, body } = await api.post('/v3/audit/verify', {})

      assert.equal(status, 200)
      assert.deepEqual(body, { records: 7, total: 7, archived: 0, head: body.head, fault: null })
      assert.equal((await api.get('/v3/audit?limit=1&action=audit.verify')).body.records[0].seq, 8)
      const again = await api.post('/v3/audit/verify', { after: { seq: 7, head: body.head } })
      assert.deepEqual([again.body.records, again.body.total, again.body.fault], [9, 9, null])
      const middle = await api.post('/v3/audit/verify', { after: { seq: 3, head: heads.get(3) } })
      assert.equal(middle.body.fault, null)
    })

    const tamperings: readonly (readonly [what: string, sql: string, seq: number, reason: RegExp])[] = [
      ['a changed record', `update audit set outcome = 'forbidden' where seq = 3`, 3, /was changed/],
      ['a record that is gone', 'delete from audit where seq = 3', 3, /is missing; 4 comes next/],
      ['an end that was cut off', 'delete from audit where seq > 5', 6, /is missing/],
    ]
    for (const [what, sql, seq, reason] of tamperings) {
      test(`names ${what}`, async (t) => {
        const { api, place, url, heads } = await start(t)
        await query(place, sql)

        const { body } = await api.post('/v3/audit/verify', {})

        assert.deepEqual([body.records, body.fault.seq], [seq - 1, seq])
        assert.match(body.fault.reason, reason)
        assert.equal(body.head, heads.get(seq - 1))
        const client = new Strongroom({ url, apiKey: api.key })
        assert.equal((await client.audit.verify()).fault?.seq, seq)
        assert.match((await api.get('/metrics')).text, /strongroom_integrity_failures_total\{object="account"\} 2/)
      })
    }

    test('is read some hundred records at a time, between which others are answered', async (t) => {
      const { api, vault } = await start(t)
      const read = t.mock.method(vault.store, 'recordsAfter')

      assert.equal((await api.post('/v3/audit/verify', {})).body.fault, null)

      assert.ok(read.mock.callCount() > 0)
      for (const { arguments: asked } of read.mock.calls) assert.ok(asked[2] <= 500, `${asked[2]} records at once`)
    })

    test('is held against a head that was kept, so that a trail written anew shows', async (t) => {
      const { api, heads } = await start(t)

      for (const after of [
        { seq: 3, head: heads.get(4) },
        { seq: 3, head: '0'.repeat(64) },
      ]) {
        const { body } = await api.post('/v3/audit/verify', { after })
        assert.deepEqual([body.records, body.fault.seq], [3, 3])
        assert.match(body.fault.reason, /not the one that was asked about/)
      }
      const beyond = await api.post('/v3/audit/verify', { after: { seq: 1000, head: '0'.repeat(64) } })
      assert.deepEqual([beyond.status, beyond.body.errors[0].field], [400, 'after'])
    })

    test('is not for whoever sees a part of it alone, and takes nothing that is odd', async (t) => {
      const { api, withScopes } = await start(t)
      const narrow = await withScopes('audit:read:s-*', 'secrets:read')

      assert.equal((await narrow.post('/v3/audit/verify', {})).body.code, 'forbidden')
      for (const body of [{ after: 3 }, { after: { seq: 3 } }, { after: { seq: 0, head: '' } }, { state: true }, []]) {
        assert.equal((await api.post('/v3/audit/verify', body)).status, 400, JSON.stringify(body))
      }
    })

    test('is verified once at a time, and says so to others', async (t) => {
      const { api, vault } = await start(t)
      const [begun, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const recordsAfter = vault.store.recordsAfter.bind(vault.store)
      t.mock.method(vault.store, 'recordsAfter', async (...asked: Parameters<typeof recordsAfter>) => {
        begun.resolve()
        await mayGoOn.promise
        return recordsAfter(...asked)
      })

      const first = api.post('/v3/audit/verify', {})
      await begun.promise
      const second = await api.post('/v3/audit/verify', {})
      mayGoOn.resolve()

      assert.deepEqual([second.status, second.body.code], [503, 'overloaded'])
      assert.equal(second.headers.get('retry-after'), '1')
      assert.equal((await first).status, 200)
      assert.equal((await api.post('/v3/audit/verify', {})).status, 200)
    })

    test('is told of no other account', async (t) => {
      const { api, place, otherAccount } = await start(t)
      const other = await otherAccount()
      await query(place, `update audit set outcome = 'forbidden' where account_id = 1 and seq = 3`)

      assert.deepEqual((await other.post('/v3/audit/verify', {})).body.fault, null)
      assert.equal((await api.post('/v3/audit/verify', {})).body.fault.seq, 3)
    })
  })
}
