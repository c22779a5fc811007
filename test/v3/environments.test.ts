/** Environments: made, renamed, deleted; what is in one, and in which one a request is. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import { startAccount } from '../support/account.ts'
import { type Answer, Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const rightsOverSecrets = ['list', 'read', 'scan', 'write', 'delete'].map((verb) => `secrets:${verb}`)
const at = (environment: string) => ({ 'strongroom-environment': environment })

function code({ status, body }: Answer): unknown[] {
  return [status, body.code]
}

function namesIn({ body }: Answer): string[] {
  return (body.secrets ?? body.environments ?? body.lists).map(({ name }: { name: string }) => name)
}

for (const engine of engines) {
  suite(`${engine.name}: an environment`, { skip: engine.skip }, () => {
    test('is made, read, renamed and deleted, each with its record', async (t) => {
      const { api } = await startAccount(t, engine)

      const made = await api.post('/v3/environments', { name: 'prod' })
      assert.equal(made.status, 201)
      assert.equal(made.headers.get('location'), '/v3/environments/2')
      const { created_at: createdAt, ...rest } = made.body
      assert.match(createdAt, /^\d{4}-/)
      assert.deepEqual(rest, { id: 2, name: 'prod', base: null, secrets: 0 })
      assert.deepEqual(namesIn(await api.get('/v3/environments')), ['default', 'prod'])
      assert.deepEqual((await api.get('/v3/environments/2')).body, made.body)
      const renamed = await api.send('PATCH', '/v3/environments/2', { name: 'live' })
      assert.deepEqual([renamed.status, renamed.body.name], [200, 'live'])
      const { message } = (await api.delete('/v3/environments/2')).body
      assert.equal(message, 'Environment deleted successfully')
      assert.deepEqual(code(await api.get('/v3/environments/2')), [404, 'not_found'])
      assert.equal((await api.post('/v3/environments', { name: 'prod' })).body.id, 3)

      const { records } = (await api.get('/v3/audit?limit=20')).body
      const told = records.map(({ action, object }: { action: string; object: { name: string } | null }) => [
        action,
        object?.name ?? null,
      ])
      for (const one of [
        ['environment.create', 'prod'],
        ['environment.list', null],
        ['environment.read', 'prod'],
        ['environment.update', 'live'],
        ['environment.delete', 'live'],
      ]) {
        assert.ok(
          told.some((other: unknown[]) => other.join() === one.join()),
          one.join(),
        )
      }
    })

    test('has a name that no other has and that is one', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })

      for (const name of ['prod', 'default']) {
        assert.deepEqual(code(await api.post('/v3/environments', { name })), [409, 'name_taken'])
      }
      for (const name of ['', 'a b', 'a@b', 'a*', 'a/b', 'a,b', '-a', 'x'.repeat(64)]) {
        assert.deepEqual(code(await api.post('/v3/environments', { name })), [400, 'invalid'], name)
      }
      await api.post('/v3/environments', { name: 'dev' })
      assert.deepEqual(code(await api.send('PATCH', '/v3/environments/3', { name: 'prod' })), [409, 'name_taken'])
    })

    test('is made once under one Idempotency-Key', async (t) => {
      const { api } = await startAccount(t, engine)
      const ask = (name: string) => api.post('/v3/environments', { name }, { 'idempotency-key': 'k' })

      const [first, again] = [await ask('prod'), await ask('prod')]
      assert.deepEqual(again.body, first.body)
      assert.equal(again.headers.get('idempotent-replayed'), 'true')
      assert.deepEqual(code(await ask('dev')), [422, 'idempotency_mismatch'])
    })

    test('`default` is there from the beginning, and stays as it is', async (t) => {
      const { api } = await startAccount(t, engine)

      const { body } = await api.get('/v3/environments/1')
      assert.deepEqual([body.id, body.name, body.base], [1, 'default', null])
      for (const change of [{ name: 'other' }, { base: 'default' }]) {
        assert.deepEqual(code(await api.send('PATCH', '/v3/environments/1', change)), [400, 'invalid'])
      }
      assert.deepEqual(code(await api.delete('/v3/environments/1')), [400, 'invalid'])
    })

    test('has the same names as others, with values of its own, and ids of the account', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })

      const first = await api.post('/v3/secrets', { name: 'db', value: 'in default' })
      const second = await api.post('/v3/secrets', { name: 'db', value: 'in prod' }, at('prod'))
      assert.deepEqual([first.body.id, second.body.id], [1, 2])
      assert.equal(second.headers.get('strongroom-environment'), 'prod')
      assert.equal(first.headers.get('strongroom-environment'), 'default')
      assert.deepEqual(code(await api.post('/v3/secrets', { name: 'db', value: 'v' }, at('prod'))), [409, 'name_taken'])

      // By its id, a thing is where it is; named beside it, it must be there.
      const read = await api.get('/v3/secrets/2')
      assert.deepEqual([read.body.value, read.headers.get('strongroom-environment')], ['in prod', 'prod'])
      assert.equal((await api.get('/v3/secrets/1', at('default'))).body.value, 'in default')
      assert.deepEqual(code(await api.get('/v3/secrets/2', at('default'))), [404, 'not_found'])
      assert.deepEqual(code(await api.get('/v3/secrets/1?environment=prod')), [404, 'not_found'])
      assert.deepEqual(namesIn(await api.get('/v3/secrets?environment=prod')), ['db'])
      assert.equal((await api.get('/v3/secrets?environment=prod')).body.secrets[0].id, 2)
      assert.equal((await api.get('/v3/secrets')).body.secrets[0].id, 1)
      assert.equal((await api.put('/v3/secrets/2', { value: 'newer' })).status, 200)
      assert.equal((await api.get('/v3/secrets/2')).body.value, 'newer')
      const counts = (await api.get('/v3/environments')).body.environments
      assert.deepEqual(
        counts.map(({ secrets }: { secrets: number }) => secrets),
        [1, 1],
      )
    })

    test('that is named twice, in two ways, is one; two are refused, and so is what is none', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })

      assert.equal((await api.get('/v3/secrets?environment=prod', at('prod'))).status, 200)
      assert.deepEqual(code(await api.get('/v3/secrets?environment=prod', at('default'))), [400, 'invalid'])
      assert.deepEqual(code(await api.get('/v3/secrets', at('a b'))), [400, 'invalid'])
      assert.deepEqual(code(await api.get('/v3/secrets?environment=')), [400, 'invalid'])
      const absent = await api.get('/v3/secrets', at('nowhere'))
      assert.deepEqual(code(absent), [404, 'not_found'])
      assert.equal(absent.headers.get('strongroom-environment'), null)
    })

    test('is said of the access to a secret, which is found where its records may be read', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      const here = await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const there = await api.post('/v3/secrets', { name: 'db', value: 'v' }, at('prod'))
      const auditor = await withScopes('audit:read')
      const said = async (secret: { body: { id: number } }) => {
        const { status, headers } = await auditor.get(`/v3/secrets/${secret.body.id}/access`)
        return [status, headers.get('strongroom-environment')]
      }

      assert.deepEqual(await said(here), [200, 'default'])
      assert.deepEqual(await said(there), [200, 'prod'])
    })

    test('is the one that all scopes over secrets name, where none is named', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['dev', 'prod']) {
        await api.post('/v3/environments', { name })
        await api.post('/v3/secrets', { name: 'db', value: name }, at(name))
      }
      await api.post('/v3/secrets', { name: 'db', value: 'default' })
      const bound = await withScopes('secrets:list@prod', 'secrets:read@prod', 'secrets:write:x*@prod', 'audit:read')
      const both = await withScopes('secrets:list@prod', 'secrets:list@dev')

      const listed = await bound.get('/v3/secrets')
      assert.deepEqual([listed.headers.get('strongroom-environment'), listed.body.secrets[0].id], ['prod', 2])
      const created = await bound.post('/v3/secrets', { name: 'x', value: 'v' })
      assert.deepEqual([created.status, created.headers.get('strongroom-environment')], [201, 'prod'])
      for (const id of [1, 3]) assert.deepEqual(code(await bound.get(`/v3/secrets/${id}`)), [404, 'not_found'])
      assert.deepEqual(code(await bound.get('/v3/secrets', at('dev'))), [404, 'not_found'])
      // Several: `default`, in which this one has no right.
      assert.deepEqual(code(await both.get('/v3/secrets')), [403, 'forbidden'])
      assert.equal((await both.get('/v3/secrets', at('dev'))).status, 200)
    })

    test('has lists of its own, by name and by id, in both APIs', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      const web = await api.post('/v3/lists', { name: 'web' })
      const placed = await api.post('/v3/lists', { name: 'web' }, at('prod'))
      await api.post('/v3/secrets', { name: 'db', value: 'p', list: 'web' }, at('prod'))
      const bound = await withScopes(
        'secrets:list@prod',
        'secrets:read@prod',
        'secrets:write@prod',
        'secrets:delete@prod',
      )

      assert.notEqual(web.body.id, placed.body.id)
      assert.deepEqual(namesIn(await api.get('/v3/lists', at('prod'))), ['web'])
      const ofVendor = await bound.get('/api/secrets/lists')
      assert.deepEqual(ofVendor.body.data, [{ id: placed.body.id, name: 'web' }])
      assert.equal(ofVendor.headers.get('strongroom-environment'), 'prod')
      assert.equal((await bound.get('/api/secrets/lists/web/values/db')).body.data.secret_value, 'p')
      assert.equal((await bound.get('/api/secrets/all-values')).body.data.length, 1)
      // The vendor's API never looks beyond the environment that is meant, by ids neither.
      assert.equal((await api.get(`/api/secrets/lists/${placed.body.id}`)).status, 404)
      assert.equal((await api.get(`/api/secrets/lists/${placed.body.id}?environment=prod`)).status, 200)
      assert.equal((await bound.get(`/api/secrets/lists/${web.body.id}`)).status, 404)
      assert.deepEqual((await api.get('/api/secrets/all-values')).body.data, [])
      // A secret is moved within its environment alone.
      const moved = await api.put(`/v3/lists/${web.body.id}/secrets/1`, undefined)
      assert.deepEqual(code(moved), [404, 'not_found'])
      // By its id, a list is renamed where it is: no other there has the name.
      await api.post('/v3/lists', { name: 'app' })
      const app = await api.post('/v3/lists', { name: 'app' }, at('prod'))
      assert.deepEqual(code(await api.put(`/v3/lists/${app.body.id}`, { name: 'web' })), [409, 'name_taken'])
      await api.put(`/v3/lists/${placed.body.id}`, { name: 'site' })
      assert.equal((await api.put(`/v3/lists/${app.body.id}`, { name: 'web' })).status, 200)
      assert.deepEqual(namesIn(await api.get('/v3/lists', at('prod'))), ['site', 'web'])
    })

    test('has lists and deployments that are not there by its id for whoever has the right elsewhere, and only sees it', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['dev', 'prod']) await api.post('/v3/environments', { name })
      const { id } = (await api.post('/v3/lists', { name: 'of-prod' }, at('prod'))).body
      await api.post('/v3/render', { template: 'holds nothing', target: 'web-1' }, at('prod'))
      const own = ['list', 'read', 'write', 'delete'].map((right) => `secrets:${right}@dev`)
      const deleter = await withScopes(...own, 'secrets:write:some@prod')
      const writer = await withScopes(...own, 'secrets:scan@prod')
      const calls: readonly (readonly [Api, string, (one: number) => string])[] = [
        [deleter, 'DELETE', (one) => `/v3/lists/${one}`],
        [deleter, 'GET', (one) => `/v3/lists/${one}`],
        [writer, 'DELETE', (one) => `/v3/deployments/${one === id ? 1 : one}`],
      ]

      for (const [asker, method, path] of calls) {
        const [there, absent] = [await asker.send(method, path(id)), await asker.send(method, path(77))]
        const text = (answer: Answer) => answer.text.replace(/"request_id":"[^"]*"/, '')
        assert.equal(there.status, 404, `${method} ${path(id)}: ${there.text}`)
        assert.equal(text(there), text(absent))
      }
      assert.equal((await api.get(`/v3/lists/${id}`)).status, 200)
      assert.equal((await api.get('/v3/deployments', at('prod'))).body.deployments.length, 1)
    })

    test('is deleted only when nothing is in it, and it is told what is', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      await api.post('/v3/environments', { name: 'live', base: 'prod' })
      await api.post('/v3/secrets', { name: 'db', value: 'v' }, at('prod'))
      await api.post('/v3/render', { template: 'x', target: 'web-1' }, at('prod'))
      await api.post('/v3/seeds', { user_data: 'x', target: 'web-1' }, at('prod'))

      const full = await api.delete('/v3/environments/2')
      assert.deepEqual(code(full), [409, 'not_empty'])
      assert.deepEqual(
        full.body.errors.map(({ field }: { field: string }) => field),
        ['secrets', 'deployments', 'seeds', 'environments_that_inherit_from_it'],
      )
      const own = (await api.post('/v3/lists', { name: 'own' }, at('prod'))).body.id
      assert.ok(
        (await api.delete('/v3/environments/2')).body.errors.some((one: { field: string }) => one.field === 'lists'),
      )
      await api.delete(`/v3/lists/${own}`)
      await api.delete('/v3/lists/1')
      await api.delete('/v3/deployments/1')
      await api.delete('/v3/seeds/1')
      await api.delete('/v3/environments/3')
      assert.equal((await api.delete('/v3/environments/2')).status, 200)
    })

    test('is deleted with its list default, empty as that is, and both are restored with what was in it', async (t) => {
      const { api, vault } = await startServer(t, engine)
      const ofAction = async (action: string) => (await api.get(`/v3/audit?action=${action}`)).body.records
      for (const days of [0, 7]) {
        await api.put('/v3/settings', { recovery_days: days })
        const { id } = (await api.post('/v3/environments', { name: 'prod' })).body
        const secret = (await api.post('/v3/secrets', { name: 'db', value: 'v' }, at('prod'))).body.id
        await api.delete(`/v3/secrets/${secret}`, at('prod'))

        const gone = await api.delete(`/v3/environments/${id}`)
        assert.equal(gone.status, 200, gone.text)
        const [deleted] = await ofAction('list.delete')
        assert.deepEqual([deleted.object.name, deleted.environment.id], ['default', id])
        for await (const { fault, differences } of verifyAudit(vault, { state: true })) {
          assert.deepEqual([fault, differences], [undefined, []])
        }
      }
      const kept = async () => (await api.get('/v3/deleted', at('prod'))).body.deleted
      const { body } = await api.get('/v3/deleted')
      await api.post(`/v3/deleted/${body.deleted[0].id}/restore`, {})
      for (const kind of ['list', 'secret']) {
        const { id } = (await kept()).find((one: { kind: string }) => one.kind === kind)
        const restored = await api.post(`/v3/deleted/${id}/restore`, {}, at('prod'))
        assert.equal(restored.status, 200, restored.text)
      }
      assert.equal((await api.get('/v3/secrets/by-name/db', at('prod'))).body.value, 'v')
    })

    test('leaves a trail that says where, and that verifies with its state', async (t) => {
      const { api, vault, withScopes } = await startServer(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      await api.post('/v3/environments', { name: 'dev', base: 'prod' })
      await api.post('/v3/secrets', { name: 'db', value: 'v' }, at('prod'))
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      await api.get('/v3/secrets', at('prod'))
      await api.post('/v3/render', { template: 'x', target: 'web-1' }, at('prod'))
      await api.post('/v3/render', { template: 'x', target: 'web-1' })
      await api.post('/v3/seeds', { user_data: 'x', target: 'web-1' }, at('prod'))
      await api.send('PATCH', '/v3/environments/3', { name: 'test' })

      for await (const { fault, differences } of verifyAudit(vault, { state: true })) {
        assert.deepEqual([fault, differences], [undefined, []])
      }
      const placed = (await api.get('/v3/audit?environment=prod')).body.records
      assert.deepEqual(
        placed.map(({ action }: { action: string }) => action),
        ['seed.create', 'render', 'secret.list', 'secret.create'],
      )
      for (const { environment } of placed) assert.deepEqual(environment, { id: 2, name: 'prod' })
      const inDefault = (await api.get('/v3/audit?environment=default')).body.records
      assert.deepEqual(
        inDefault.map(({ action }: { action: string }) => action),
        ['render', 'secret.create'],
      )
      // Narrowed, it sees what is there and nothing of the account.
      const auditor = await withScopes('audit:read@prod')
      const seen = (await auditor.get('/v3/audit')).body.records
      assert.deepEqual(
        seen.map(({ seq }: { seq: number }) => seq),
        placed.map(({ seq }: { seq: number }) => seq),
      )
      assert.equal((await auditor.get('/v3/audit/activity')).body.records, 4)
      assert.deepEqual((await auditor.get('/v3/audit?environment=test')).body.records, [])
      const ofDefault = await withScopes('audit:read@default')
      assert.deepEqual(
        (await ofDefault.get('/v3/audit')).body.records.map(({ action }: { action: string }) => action),
        ['render', 'secret.create'],
      )
    })

    test('does not mix up what is repeated under one Idempotency-Key', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      const ask = (headers: Record<string, string>) =>
        api.post('/v3/secrets', { name: 'db', value: 'v' }, { 'idempotency-key': 'k', ...headers })

      assert.equal((await ask({})).status, 201)
      assert.deepEqual(code(await ask(at('prod'))), [422, 'idempotency_mismatch'])
      assert.deepEqual((await api.get('/v3/secrets', at('prod'))).body.secrets, [])
    })

    test('is renamed, and given a base, only by whoever has every right over what that lets others reach', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['prod', 'dev']) await api.post('/v3/environments', { name })
      const manager = await withScopes('account:manage', 'secrets:list@dev', 'secrets:read@dev')

      assert.deepEqual(code(await manager.send('PATCH', '/v3/environments/2', { name: 'live' })), [403, 'forbidden'])
      assert.deepEqual(code(await manager.send('PATCH', '/v3/environments/3', { name: 'prod2' })), [403, 'forbidden'])
      assert.deepEqual(code(await manager.send('PATCH', '/v3/environments/3', { base: 'prod' })), [403, 'forbidden'])
      assert.deepEqual(code(await manager.post('/v3/environments', { name: 'x', base: 'prod' })), [403, 'forbidden'])
      // Whoever may write in the base, and nothing here, would have others read it here.
      assert.deepEqual(code(await manager.send('PATCH', '/v3/environments/2', { base: 'dev' })), [403, 'forbidden'])
      assert.deepEqual(code(await manager.send('PATCH', '/v3/environments/2', { base: null })), [403, 'forbidden'])
      const both = await withScopes('account:manage', 'secrets:list@dev', 'secrets:read@dev', 'secrets:write@prod')
      // Of what it may read, it hands on.
      assert.equal((await both.send('PATCH', '/v3/environments/2', { base: 'dev' })).status, 200)
      const unread = await withScopes('account:manage', ...rightsOverSecrets)
      assert.deepEqual(code(await unread.send('PATCH', '/v3/environments/2', { name: 'live' })), [403, 'forbidden'])
      assert.equal((await api.send('PATCH', '/v3/environments/2', { name: 'live', base: null })).status, 200)
    })

    test('that was renamed is no longer reached by its old name, which leads to the one that has it now', async (t) => {
      const { url, api } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      const { body } = await api.post('/v3/keys', { name: 'k', scopes: ['secrets:read@prod', 'secrets:write@prod'] })
      const bound = new Api(url, body.api_key)

      assert.equal((await bound.post('/v3/secrets', { name: 'a', value: 'v' })).status, 201)
      // Renamed: what the key names is another one now, and so is where it reads.
      await api.send('PATCH', '/v3/environments/2', { name: 'old' })
      await api.post('/v3/environments', { name: 'prod' })
      assert.deepEqual(code(await bound.get('/v3/secrets/1')), [404, 'not_found'])
      assert.equal((await bound.post('/v3/secrets', { name: 'a', value: 'w' })).body.id, 2)
      assert.equal((await bound.get('/v3/secrets/2')).body.value, 'w')
    })
  })
}
