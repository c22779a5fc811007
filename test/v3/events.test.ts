/** Events: the trail as it grows, told at once to whoever may see it, without a record. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { listenTo } from '../support/events.ts'
import { startWithOwner } from '../support/portal-account.ts'
import { startServer } from '../support/server.ts'

const prod = { 'strongroom-environment': 'prod' }

for (const engine of engines) {
  suite(`${engine.name}: events`, { skip: engine.skip }, () => {
    test('tell of each change as it is made, from now on, and say where that is', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'before', value: 'v' })
      const stream = await listenTo(t, api)
      const [{ event, id, data } = assert.fail()] = stream.blocks
      assert.deepEqual([event, data], ['position', { position: id, missed: false }])
      assert.equal(stream.response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
      assert.equal(stream.response.headers.get('x-accel-buffering'), 'no')

      await api.post('/v3/secrets', { name: 'db', value: 's3cur3' })
      await api.put('/v3/secrets/2', { value: 's3cur3-2' })
      await api.delete('/v3/secrets/2')

      assert.deepEqual(await stream.take(3), ['secret.create db', 'secret.update db', 'secret.delete db'])
      const { body } = await api.get('/v3/audit?limit=3&secret=2')
      const [deleted, updated, created] = body.records
      assert.deepEqual(
        stream.events.slice(0, 3).map((one) => one.id),
        [created.seq, updated.seq, deleted.seq],
      )
      assert.deepEqual(stream.events[1]?.data, {
        ...{ id: updated.seq, action: 'secret.update', time: updated.time, outcome: 'ok', environment: 'default' },
        object: { kind: 'secret', id: 2, name: 'db', version: 2 },
        principal: updated.principal,
      })
      assert.ok(!JSON.stringify(stream.blocks).includes('s3cur3'))
    })

    test('tell of what comes back: restored, rolled back, with its list', async (t) => {
      const clock = { now: Date.UTC(2030, 0, 1) }
      const { api, withScopes } = await startServer(t, engine, { now: () => clock.now })
      await api.put('/v3/settings', { recovery_days: 7 })
      const list = (await api.post('/v3/lists', { name: 'web' })).body
      for (const id of [1, 2]) {
        await api.post('/v3/secrets', { name: `s${id}`, value: '1' })
        await api.put(`/v3/lists/${list.id}/secrets/${id}`, undefined)
      }
      clock.now += 60_000
      const to = new Date(clock.now).toISOString()
      clock.now += 60_000
      const kept = (await api.delete(`/v3/lists/${list.id}`)).headers.get('strongroom-deleted')
      const stream = await listenTo(t, await withScopes('secrets:list'))

      await api.post(`/v3/deleted/${kept}/restore`, {})
      await api.put('/v3/secrets/1', { value: '2' })
      await api.post('/v3/rollback', { to })

      assert.deepEqual((await stream.take(5)).toSorted(), [
        ...['list.restore web', 'secret.restore s1', 'secret.restore s2', 'secret.rollback s1', 'secret.update s1'],
      ])
    })

    test('leave no record of listening, and one of being refused', async (t) => {
      const { api, vault, withScopes } = await startServer(t, engine)
      const [reader, manager] = [await withScopes('secrets:read'), await withScopes('keys:manage')]
      const size = await vault.store.auditSize(1)
      const stream = await listenTo(t, reader)
      stream.close()
      assert.equal((await reader.get('/v3/events?after=0&wait=0')).status, 200)
      assert.equal((await reader.send('HEAD', '/v3/events?after=0')).status, 200)
      assert.equal(await vault.store.auditSize(1), size)

      assert.equal((await manager.get('/v3/events')).status, 403)
      assert.equal((await reader.get('/v3/events', { 'strongroom-environment': 'none' })).status, 404)
      const { body } = await api.get('/v3/audit?action=event.listen')
      assert.deepEqual(
        body.records.map(({ outcome }: { readonly outcome: string }) => outcome),
        ['not_found', 'forbidden'],
      )
    })

    test('go on after the last one that was taken, with none lost and none twice', async (t) => {
      const { api } = await startAccount(t, engine)
      const first = await listenTo(t, api)
      await api.post('/v3/secrets', { name: 'one', value: 'v' })
      await first.take(1)
      const last = String(first.position)
      first.close()
      await api.post('/v3/secrets', { name: 'two', value: 'v' })
      await api.post('/v3/secrets', { name: 'three', value: 'v' })

      const again = await listenTo(t, api, '?after=1', { 'last-event-id': last })
      await api.post('/v3/secrets', { name: 'four', value: 'v' })
      assert.deepEqual(await again.take(3), ['secret.create two', 'secret.create three', 'secret.create four'])

      const { body } = await api.get(`/v3/events?after=${last}`)
      const told = body.events.filter(({ action }: { readonly action: string }) => action === 'secret.create')
      assert.deepEqual(
        told.map(({ id }: { readonly id: number }) => id),
        again.events.map(({ id }) => id),
      )
      assert.equal(body.missed, false)
    })

    test('are waited for by a request, which is answered when there is one', async (t) => {
      const { api } = await startAccount(t, engine)
      const now = await api.get('/v3/events?wait=60')
      assert.deepEqual(now.body, { events: [], next: now.body.next, missed: false })

      const waiting = api.get(`/v3/events?after=${now.body.next}&wait=60&action=secret.*`)
      await api.post('/v3/secrets', { name: 'one', value: 'v' })
      const { body } = await waiting
      assert.deepEqual(
        body.events.map(({ object }: { readonly object: { readonly name: string } }) => object.name),
        ['one'],
      )
      assert.ok(body.next >= body.events[0].id)

      const none = await api.get(`/v3/events?after=${body.next}&wait=1&name=other-*`)
      assert.deepEqual([none.body.events, none.body.next >= body.next], [[], true])
    })

    test('say that something is missed when the trail does not reach to the position', async (t) => {
      const { api } = await startAccount(t, engine)
      const { body } = await api.get('/v3/events?after=99999&wait=0')
      assert.equal(body.missed, true)
      assert.ok(body.next < 99_999)
      const stream = await listenTo(t, api, '', { 'last-event-id': '99999' })
      assert.deepEqual(stream.blocks[0]?.data, { position: body.next, missed: true })
    })

    test('are of what may be listed or read, by name and environment; all else is for those who may read the trail', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      const listeners = {
        lister: await withScopes('secrets:list:db-*'),
        reader: await withScopes('secrets:read:db-*'),
        ofProd: await withScopes('secrets:read@prod'),
        auditor: await withScopes('audit:read'),
        ofSome: await withScopes('audit:read:db-*', 'secrets:list'),
      }
      const streams = Object.fromEntries(
        await Promise.all(
          Object.entries(listeners).map(async ([name, one]) => [name, await listenTo(t, one)] as const),
        ),
      )
      streams['everywhere'] = await listenTo(t, listeners.auditor, '?everywhere=true')
      streams['readerEverywhere'] = await listenTo(t, listeners.reader, '?everywhere=true')
      await api.post('/v3/secrets', { name: 'db-a', value: 'v' })
      await api.post('/v3/secrets', { name: 'other', value: 'v' })
      await api.post('/v3/secrets', { name: 'db-b', value: 'v' }, prod)
      await api.get('/v3/secrets/1')
      await api.post('/v3/lists', { name: 'web' })
      await api.post('/v3/keys', { name: 'k', scopes: ['secrets:list'] })
      await listeners.reader.get('/v3/secrets/2')
      await api.post('/v3/secrets', { name: 'db-last', value: 'v' })
      await api.post('/v3/secrets', { name: 'last', value: 'v' }, prod)

      const told = async (name: string, last: string) => {
        const stream = streams[name] ?? assert.fail()
        await stream.until(() => stream.events.some(({ data }) => data.object?.name === last), `${name}: ${last}`)
        return stream.events.map(({ data }) => {
          const who = data.principal === undefined ? '' : ` by ${data.principal.kind}`
          return `${data.action} ${data.object?.name}${data.outcome === 'ok' ? '' : ` ${data.outcome}`}${who}`
        })
      }
      const changes = ['secret.create db-a', 'list.create web', 'secret.create db-last']
      assert.deepEqual(await told('lister', 'db-last'), changes)
      assert.deepEqual(await told('reader', 'db-last'), changes)
      assert.deepEqual(await told('ofProd', 'last'), ['secret.create db-b', 'secret.create last'])
      assert.deepEqual(await told('auditor', 'db-last'), [
        ...['secret.create db-a by key', 'secret.create other by key', 'secret.read db-a by key'],
        ...['list.create web by key', 'key.create k by key', 'secret.read other not_found by key'],
        'secret.create db-last by key',
      ])
      assert.deepEqual(await told('everywhere', 'last'), [
        ...['secret.create db-a by key', 'secret.create other by key', 'secret.create db-b by key'],
        ...['secret.read db-a by key', 'list.create web by key', 'key.create k by key'],
        ...['secret.read other not_found by key', 'secret.create db-last by key', 'secret.create last by key'],
      ])
      // Whoever may not read the trail is told no more for asking.
      assert.deepEqual(await told('readerEverywhere', 'db-last'), changes)
      assert.deepEqual(await told('ofSome', 'db-last'), [
        ...['secret.create db-a by key', 'secret.create other', 'secret.read db-a by key', 'list.create web'],
        'secret.create db-last by key',
      ])
    })

    test('of a base are told where they are inherited, and not where something hides them', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod', base: 'default' })
      await api.post('/v3/secrets', { name: 'hidden', value: 'v' })
      await api.post('/v3/secrets', { name: 'hidden', value: 'own' }, prod)
      await api.post('/v3/secrets', { name: 'seen', value: 'v' })
      const stream = await listenTo(t, await withScopes('secrets:read@prod'))
      await api.put('/v3/secrets/1', { value: 'v2' })
      await api.put('/v3/secrets/3', { value: 'v2' })
      await api.put('/v3/secrets/2', { value: 'own2' })

      assert.deepEqual(await stream.take(2), ['secret.update seen', 'secret.update hidden'])
      assert.deepEqual(
        stream.events.map(({ data }) => [data.object.id, data.environment, data.inherited]),
        [
          [3, undefined, true],
          [2, 'prod', undefined],
        ],
      )
    })

    test('name the base that something is inherited from to whoever may know of it, and to nobody else', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'base' })
      await api.post('/v3/environments', { name: 'prod', base: 'base' })
      const [one, both, auditor] = [
        await withScopes('secrets:read@prod', 'audit:read@prod'),
        await withScopes('secrets:read@prod', 'secrets:list@base'),
        await withScopes('secrets:read@prod', 'audit:read@base'),
      ]
      const { position } = await listenTo(t, api)
      await api.post('/v3/secrets', { name: 'inherited', value: 'v' }, { 'strongroom-environment': 'base' })

      const told = async (of: Api) => (await of.get(`/v3/events?after=${position}`, prod)).body.events
      assert.deepEqual(
        [await told(one), await told(both), await told(auditor)].map(([event]) => [event.inherited, event.environment]),
        [
          [true, undefined],
          [true, 'base'],
          [true, 'base'],
        ],
      )
    })

    test('are there at once for whoever asks after what was acknowledged, also while others are being told', async (t) => {
      const { api } = await startAccount(t, engine)
      const other = await listenTo(t, api)
      await api.post('/v3/secrets', { name: 's', value: '0' })
      const versions = Array.from({ length: 30 }, (_, at) => at + 2)
      let after = (await api.get('/v3/events')).body.next
      for (const version of versions) {
        await api.put('/v3/secrets/1', { value: `${version}` })
        const { events, next } = (await api.get(`/v3/events?after=${after}`)).body
        assert.deepEqual(
          events.map(({ object }: { object: { version: number } }) => object.version),
          [version],
        )
        after = next
      }
      assert.equal((await other.take(31)).length, 31)
    })

    test('are filtered by name and action, and refused when these are none', async (t) => {
      const { api } = await startAccount(t, engine)
      const stream = await listenTo(t, api, '?name=db-*&action=secret.update,list.*')
      await api.post('/v3/secrets', { name: 'db-a', value: 'v' })
      await api.put('/v3/secrets/1', { value: 'v' })
      await api.post('/v3/lists', { name: 'web' })
      await api.post('/v3/lists', { name: 'db-list' })
      assert.deepEqual(await stream.take(2), ['secret.update db-a', 'list.create db-list'])

      for (const query of [
        'name=a b',
        'action=secret.none',
        'action=',
        'action=*',
        'after=-1',
        'wait=61',
        'wait=x',
        'more=1',
      ]) {
        assert.equal((await api.get(`/v3/events?${query}`)).status, 400, query)
      }
      assert.equal((await api.get('/v3/events', { 'last-event-id': 'x' })).status, 400)
    })

    test('end at once for a key that is revoked', async (t) => {
      const { api, url } = await startAccount(t, engine)
      const { body } = await api.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] })
      const key = new Api(url, body.api_key)
      const [stream, other] = [await listenTo(t, key), await listenTo(t, api)]
      const waiting = key.get(`/v3/events?after=${stream.position}&wait=60`)
      await api.delete(`/v3/keys/${body.id}`)
      await api.post('/v3/secrets', { name: 'after', value: 'v' })

      assert.equal(await stream.ended(), 'unauthenticated')
      assert.deepEqual(stream.events, [])
      assert.equal((await waiting).status, 401)
      await other.until(() => other.events.some(({ data }) => data.object?.name === 'after'))
    })

    test('tell nothing to whoever lost their right while they were about to begin', async (t) => {
      const { api, url, vault } = await startServer(t, engine)
      const { listeners, store } = vault
      const makeKey = async () => {
        const { body } = await api.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] })
        return { key: new Api(url, body.api_key), revoke: () => api.delete(`/v3/keys/${body.id}`) }
      }
      const first = await makeKey()
      // Once it was let in, and before it is known where it begins.
      const sized = t.mock.method(store, 'auditSize', async (accountId: number) => {
        sized.mock.restore()
        await first.revoke()
        return store.auditSize(accountId)
      })
      assert.equal((await first.key.get('/v3/events?wait=60')).status, 401)

      const other = await listenTo(t, api)
      const second = await makeKey()
      // Before it begins, when others have been told of all that came meanwhile.
      const added = t.mock.method(listeners, 'add', async (...given: Parameters<typeof listeners.add>) => {
        added.mock.restore()
        await second.revoke()
        await api.post('/v3/secrets', { name: 'after', value: 'v' })
        await other.until(() => other.events.some(({ data }) => data.object?.name === 'after'))
        return listeners.add(...given)
      })
      assert.equal((await second.key.get(`/v3/events?after=${other.position}&wait=60`)).status, 401)
    })

    test('end at once with the session of a person, and when they are disabled', async (t) => {
      const { api, url, owner, invite } = await startWithOwner(t, engine)
      const { person, id } = await invite('editor')
      const [first, second] = await Promise.all(
        [owner, person].map(({ cookie }) => listenTo(t, { url, cookie }, '?action=secret.*')),
      )
      await api.post('/v3/secrets', { name: 'one', value: 'v' })
      for (const stream of [first, second]) assert.deepEqual(await stream?.take(1), ['secret.create one'])

      await owner.send('PATCH', `/v3/users/${id}`, { disabled: true })
      assert.equal(await second?.ended(), 'unauthenticated')
      assert.equal(first?.isOver, false)
      await owner.send('DELETE', '/v3/session')
      assert.equal(await first?.ended(), 'unauthenticated')
    })

    test('end when the key does, with nothing said of it by anybody', async (t) => {
      const clock = { now: Date.now() }
      const { api, url } = await startServer(t, engine, { now: () => clock.now })
      const { body } = await api.post('/v3/keys', {
        ...{ name: 'k', scopes: ['secrets:read'] },
        expires_at: new Date(clock.now + 200).toISOString(),
      })
      // What else would end it, or be waited by, does not come: that all are asked for their rights, and signs of life.
      const start = globalThis.setTimeout
      const soon = (call: () => void, ms = 0) => start(call, ms > 1_000 ? 2 ** 30 : ms)
      t.mock.method(globalThis, 'setTimeout', soon as typeof start)
      t.mock.timers.enable({ apis: ['setInterval'] })
      const stream = await listenTo(t, new Api(url, body.api_key))
      clock.now += 200
      const ended = await stream.ended()
      t.mock.timers.reset()
      assert.equal(ended, 'unauthenticated')
    })

    test('are not told to another account', async (t) => {
      const { api, otherAccount } = await startServer(t, engine)
      const other = await otherAccount()
      const stream = await listenTo(t, other)
      await api.post('/v3/secrets', { name: 'mine', value: 'v' })
      await other.post('/v3/secrets', { name: 'theirs', value: 'v' })
      assert.deepEqual(await stream.take(1), ['secret.create theirs'])
    })

    test('are told to hundreds at once, and so many of one key and on one server, and no more', async (t) => {
      const { api, withScopes } = await startServer(t, engine, { maxConnections: 400 })
      const keys = [api, await withScopes('secrets:list')]
      const streams = await Promise.all(Array.from({ length: 250 }, () => listenTo(t, api)))
      const beyond = await api.get('/v3/events?after=0&wait=60')
      assert.deepEqual(
        [beyond.status, beyond.body.code, beyond.headers.get('retry-after')],
        [429, 'rate_limited', '10'],
      )
      streams.push(...(await Promise.all(Array.from({ length: 50 }, () => listenTo(t, keys[1] ?? api)))))
      const full = await (keys[1] ?? api).get('/v3/events')
      assert.deepEqual([full.status, full.body.code, full.headers.get('retry-after')], [503, 'overloaded', '5'])

      await api.post('/v3/secrets', { name: 'one', value: 'v' })
      for (const stream of streams) assert.deepEqual(await stream.take(1), ['secret.create one'])
      for (const stream of streams.slice(0, 10)) stream.close()
      let status = 0
      for (const end = performance.now() + 20_000; status !== 200 && performance.now() < end; ) {
        status = (await api.get('/v3/events')).status
      }
      assert.equal(status, 200)
    })
  })
}
