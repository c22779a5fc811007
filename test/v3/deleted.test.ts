/** What was deleted and is kept for a while: gone for whatever asks, restored whole, destroyed at its end. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sweepDeleted } from '../../src/vault/deleted.ts'
import { finishDeletions } from '../../src/vault/deletion.ts'
import { defaultLeaseMs } from '../../src/vault/leases.ts'
import { rotateAccountKey } from '../../src/vault/rotation.ts'
import type { Answer, Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { differencesOf } from '../support/differences.ts'
import { engines } from '../support/engines.ts'
import { fillSecrets } from '../support/fill.ts'
import { startServer, type TestOptions } from '../support/server.ts'

const day = 24 * 60 * 60 * 1000
const rightsOverSecrets = ['list', 'read', 'write', 'delete'].map((verb) => `secrets:${verb}`)
const prod = { 'strongroom-environment': 'prod' }

function code({ status, body }: Answer): unknown[] {
  return [status, body.code]
}

/** An account that keeps what it deletes for a week. */
async function startKeeping(
  t: Parameters<typeof startServer>[0],
  engine: (typeof engines)[number],
  options: TestOptions = {},
) {
  const server = await startServer(t, engine, options)
  const set = await server.api.put('/v3/settings', { recovery_days: 7 })
  assert.equal(set.body.recovery_days, 7, set.text)
  return server
}

async function deletedIn(api: Api, headers: Record<string, string> = {}) {
  const { body, status, text } = await api.get('/v3/deleted', headers)
  assert.equal(status, 200, text)
  return body.deleted
}

async function namesOf(api: Api): Promise<readonly string[]> {
  return (await deletedIn(api)).map(({ name }: { name: string }) => name)
}

async function actionsOf(api: Api): Promise<readonly string[]> {
  const { records } = (await api.get('/v3/audit?limit=1000')).body
  return records.map(({ action }: { action: string }) => action).toReversed()
}

for (const engine of engines) {
  suite(`${engine.name}: what was deleted`, { skip: engine.skip }, () => {
    test('is gone for good unless the account is set to keep it', async (t) => {
      const { api, place } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })

      const gone = await api.delete('/v3/secrets/1')

      assert.equal(gone.headers.get('strongroom-deleted'), null)
      assert.deepEqual(await deletedIn(api), [])
      assert.equal((await api.get('/v3/settings')).body.recovery_days, 0)
      for (const table of ['secrets', 'secret_keys', 'versions', 'deleted']) {
        assert.deepEqual(await query(place, `select * from ${table}`), [], table)
      }
      for (const days of [-1, 91, 1.5, '7', null]) {
        assert.deepEqual(code(await api.put('/v3/settings', { recovery_days: days })), [400, 'invalid'], String(days))
      }
      assert.equal((await api.get('/v3/deleted')).headers.get('strongroom-recovery-days'), '0')
      await api.put('/v3/settings', { recovery_days: 7 })
      assert.equal((await api.get('/v3/deleted?limit=1')).headers.get('strongroom-recovery-days'), '7')
    })

    test('says of many at once by which deletion each can be restored', async (t) => {
      const { api } = await startKeeping(t, engine)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: 'v' })

      const { deleted } = (await api.post('/v3/secrets/batch/delete', { ids: [1, 2, 9] })).body

      assert.deepEqual(deleted, [
        { id: 1, name: 'a', deletion: 1 },
        { id: 2, name: 'b', deletion: 2 },
      ])
      assert.equal((await api.post('/v3/deleted/2/restore', {})).body.name, 'b')
    })

    test('is gone for whatever asks, and its name is free', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'one-and-only-value' })
      await api.put('/v3/secrets/1', { value: 'two-and-only-value' })
      await api.post('/v3/render', { template: '$\u007b{secret.db}}', target: 'web' })

      const gone = await api.delete('/v3/secrets/1')

      assert.deepEqual(gone.body, { message: 'Secret deleted successfully' })
      assert.equal(gone.headers.get('strongroom-deleted'), '1')
      assert.equal(gone.headers.get('strongroom-stale-deployments'), '1')
      for (const path of ['', '/versions', '/versions/1', '/metadata']) {
        assert.deepEqual(code(await api.get(`/v3/secrets/1${path}`)), [404, 'not_found'], path)
      }
      assert.deepEqual(code(await api.get('/v3/secrets/by-name/db')), [404, 'not_found'])
      assert.deepEqual(code(await api.delete('/v3/secrets/1')), [404, 'not_found'])
      assert.deepEqual((await api.get('/v3/secrets')).body.secrets, [])
      assert.deepEqual((await api.get('/v3/secrets?effective=true')).body.secrets, [])
      const batch = (await api.post('/v3/secrets/batch', { ids: [1] })).body
      assert.deepEqual([batch.secrets, batch.missing], [[], [1]])
      assert.equal((await api.post('/v3/render', { template: '$\u007b{secret.db}}' })).status, 422)
      const scanned = await api.post('/v3/fingerprints', {})
      assert.deepEqual([scanned.status, scanned.body.fingerprints, scanned.body.unscannable], [200, [], []])
      assert.equal((await api.get('/v3/deployments?stale=true')).body.deployments.length, 1)
      await api.post('/v3/environments', { name: 'prod' })
      assert.deepEqual((await api.get('/v3/compare?environments=default,prod')).body.secrets, [])
      assert.equal((await api.get('/api/secrets/all-values')).body.data.length, 0)
      assert.equal((await vault.store.objectCounts(vault.now())).secrets.all, 0)
      assert.equal((await api.post('/v3/secrets', { name: 'db', value: 'another' })).body.id, 2)
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('comes back as it was, with its id, its details and its history', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/lists', { name: 'web' })
      await api.post('/v3/secrets', { name: 'db', value: 'v1' })
      await api.put('/v3/lists/1/secrets/1', undefined)
      await api.put('/v3/secrets/1', { value: 'v2' })
      await api.send('PATCH', '/v3/secrets/1/metadata', { description: 'of old', tags: ['x'] })
      await api.post('/v3/render', { template: '$\u007b{secret.db}}', target: 'web' })
      const [before, details] = [await api.get('/v3/secrets/1'), await api.get('/v3/secrets/1/metadata')]
      const gone = await api.delete('/v3/secrets/1')
      const id = gone.headers.get('strongroom-deleted')
      const [listed] = await deletedIn(api)
      const { deleted_at: at, restorable_until: until, deleted_by: by, ...rest } = listed
      assert.deepEqual(rest, { id: 1, kind: 'secret', thing: 1, name: 'db', environment: 'default' })
      assert.equal(Date.parse(until) - Date.parse(at), 7 * day)
      assert.equal(by.kind, 'key')

      const restored = await api.post(`/v3/deleted/${id}/restore`, {})

      assert.equal(restored.status, 200, restored.text)
      assert.deepEqual(restored.body, { kind: 'secret', id: 1, name: 'db', environment: 'default' })
      assert.deepEqual((await api.get('/v3/secrets/1')).body, before.body)
      assert.deepEqual((await api.get('/v3/secrets/1/metadata')).body, details.body)
      assert.equal((await api.get('/v3/secrets/1/versions/1')).body.value, 'v1')
      assert.equal((await api.get('/v3/secrets?tag=x')).body.secrets.length, 1)
      assert.deepEqual((await api.get('/v3/deployments?stale=true')).body.deployments, [])
      assert.deepEqual(await deletedIn(api), [])
      assert.deepEqual(code(await api.post(`/v3/deleted/${id}/restore`, {})), [404, 'not_found'])
      assert.equal((await api.put('/v3/secrets/1', { value: 'v3' })).status, 200)
      assert.equal((await api.delete('/v3/secrets/1')).headers.get('strongroom-deleted'), '2')
      assert.equal((await api.post('/v3/deleted/2/restore', {})).status, 200)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'v3')
      assert.deepEqual(await differencesOf(vault), [])
      const told = await actionsOf(api)
      for (const action of ['secret.keep', 'secret.restore', 'deleted.list']) assert.ok(told.includes(action), action)
    })

    test('comes back under another name where its own is taken, sealed anew', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'old' })
      await api.delete('/v3/secrets/1')
      await api.post('/v3/secrets', { name: 'db', value: 'new' })

      const taken = await api.post('/v3/deleted/1/restore', {})
      assert.deepEqual([...code(taken), taken.body.errors[0].field], [409, 'name_taken', 'name'])
      assert.deepEqual(code(await api.post('/v3/deleted/1/restore', { name: 'no name' })), [400, 'invalid'])
      const restored = await api.post('/v3/deleted/1/restore', { name: 'db-old' })

      assert.deepEqual(restored.body, { kind: 'secret', id: 1, name: 'db-old', environment: 'default' })
      assert.equal((await api.get('/v3/secrets/by-name/db-old')).body.value, 'old')
      assert.equal((await api.get('/v3/secrets/1')).headers.get('etag'), '"2"')
      assert.equal((await api.get('/v3/secrets/1/versions/1')).body.value, 'old')
      assert.equal((await api.get('/v3/secrets/by-name/db')).body.value, 'new')
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('needs its list: that comes back first, or another is named', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/lists', { name: 'web' })
      await api.post('/v3/lists', { name: 'other' })
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await api.post('/v3/secrets', { name: 'b', value: 'w' })
      await api.put('/v3/lists/1/secrets/1', undefined)
      await api.put('/v3/lists/1/secrets/2', undefined)
      await api.delete('/v3/secrets/1')
      const list = (await api.delete('/v3/lists/1')).headers.get('strongroom-deleted')
      assert.deepEqual(await namesOf(api), ['web', 'a'], 'what went with the list is restored with it')

      const refused = await api.post('/v3/deleted/1/restore', {})
      assert.deepEqual([...code(refused), refused.body.errors[0].field], [409, 'place_gone', 'list'])
      assert.match(refused.body.detail, new RegExp(`\\(${list}\\)`))
      assert.deepEqual(code(await api.post('/v3/deleted/1/restore', { list: 'none' })), [409, 'place_gone'])
      assert.equal((await api.post('/v3/deleted/1/restore', { list: 'other' })).status, 200)
      assert.equal((await api.get('/v3/secrets/1/metadata')).body.list.name, 'other')
      assert.deepEqual((await api.post(`/v3/deleted/${list}/restore`, {})).body, {
        ...{ kind: 'list', id: 1, name: 'web', environment: 'default' },
      })
      assert.equal((await api.get('/v3/secrets/2')).body.value, 'w')
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('is tried anew, with no list made for it, where its value was sealed for another name', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await api.delete('/v3/secrets/1')
      await api.delete('/v3/lists/1')
      const caller = { kind: 'host', accountId: 1, name: 'ada' } as const
      const how = { name: 'b', list: 'default', next: undefined, held: undefined }
      const operation = { kind: 'restore_deleted', id: 1, ...how } as const

      const outcome = await vault.store.submit<'restore_deleted'>({ caller, requestId: 'r', address: '', operation })

      assert.equal(outcome.kind, 'outdated')
      assert.deepEqual((await api.get('/v3/lists')).body.lists, [])
      assert.equal((await api.post('/v3/deleted/1/restore', { name: 'b', list: 'default' })).status, 200)
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('as a list comes back with all that was in it, or not at all', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/lists', { name: 'web' })
      for (const name of ['a', 'b', 'c']) {
        const { id } = (await api.post('/v3/secrets', { name, value: name })).body
        await api.put(`/v3/lists/1/secrets/${id}`, undefined)
      }
      const id = (await api.delete('/v3/lists/1')).headers.get('strongroom-deleted')
      await api.post('/v3/secrets', { name: 'b', value: 'in the way' })

      const refused = await api.post(`/v3/deleted/${id}/restore`, {})
      assert.deepEqual(code(refused), [409, 'name_taken'])
      assert.match(refused.body.errors[0].detail, /^b /)
      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 1)
      await api.post('/v3/lists', { name: 'web' })
      await api.delete('/v3/secrets/4')
      assert.deepEqual(code(await api.post(`/v3/deleted/${id}/restore`, {})), [409, 'name_taken'])
      assert.equal((await api.post(`/v3/deleted/${id}/restore`, { name: 'web-2' })).status, 200)

      assert.equal((await api.get('/v3/lists/1')).body.name, 'web-2')
      for (const [at, name] of ['a', 'b', 'c'].entries()) {
        assert.equal((await api.get(`/v3/secrets/${at + 1}`)).body.value, name)
      }
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('as a list of more than go at once, too: hidden until all is back', async (t) => {
      const { api, vault, place } = await startKeeping(t, engine)
      await api.post('/v3/lists', { name: 'large' })
      await fillSecrets(vault, 's', 230, 'large')
      const id = (await api.delete('/v3/lists/1')).headers.get('strongroom-deleted')
      assert.deepEqual(await namesOf(api), ['large'])
      assert.deepEqual(await differencesOf(vault), [])
      await api.post('/v3/secrets', { name: 's-200', value: 'in the way' })

      const refused = await api.post(`/v3/deleted/${id}/restore`, {})
      assert.deepEqual(code(refused), [409, 'name_taken'])
      assert.equal((await api.get('/v3/secrets')).body.secrets.length, 1, 'what was back has gone again')
      assert.deepEqual(await namesOf(api), ['large'])
      assert.deepEqual(await differencesOf(vault), [])
      await api.delete('/v3/secrets/231')
      const caller = { kind: 'host', accountId: 1, name: 'ada' } as const
      const operation = {
        ...({ kind: 'restore_deleted', id: Number(id) } as const),
        ...{ name: undefined, list: undefined, next: undefined, held: undefined },
      }
      // As a server that is killed right after it began.
      const begun = await vault.store.submit<'restore_deleted'>({ caller, requestId: 'r', address: '', operation })
      assert.ok(begun.kind === 'done' && begun.result.state === 'returning')
      assert.deepEqual((await api.get('/v3/lists')).body.lists.length, 1)
      assert.deepEqual(code(await api.delete('/v3/lists/1')), [404, 'not_found'], 'it is not there yet')
      await finishDeletions(vault)
      await sweepDeleted(vault)

      assert.equal((await api.get('/v3/lists/1')).body.name, 'large')
      assert.equal((await api.get('/v3/secrets?limit=300')).body.secrets.length, 230)
      assert.deepEqual(await namesOf(api), ['s-200'])
      assert.deepEqual(await differencesOf(vault), [])
      const [{ id: inTheWay }] = await deletedIn(api)
      assert.equal((await api.delete(`/v3/deleted/${inTheWay}`)).status, 200)
      const last = (await api.delete('/v3/lists/1')).headers.get('strongroom-deleted')
      assert.equal((await api.delete(`/v3/deleted/${last}`)).status, 200)
      for (const table of ['secrets', 'secret_keys', 'versions'])
        assert.deepEqual(await query(place, `select 1 from ${table}`), [], table)
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('as a list that comes back in parts goes again when a list was given its new name meanwhile', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/lists', { name: 'large' })
      await fillSecrets(vault, 's', 130, 'large')
      const id = Number((await api.delete('/v3/lists/1')).headers.get('strongroom-deleted'))
      const caller = { kind: 'host', accountId: 1, name: 'ada' } as const
      const how = { name: 'other', list: undefined, next: undefined, held: undefined }
      const operation = { kind: 'restore_deleted', id, ...how } as const
      // As a server that is killed right after it began.
      const begun = await vault.store.submit<'restore_deleted'>({ caller, requestId: 'r', address: '', operation })
      assert.ok(begun.kind === 'done' && begun.result.state === 'returning')
      assert.equal((await api.post('/v3/lists', { name: 'other' })).status, 201)

      await sweepDeleted(vault)

      assert.deepEqual(await namesOf(api), ['large'])
      const { lists } = (await api.get('/v3/lists')).body
      assert.ok(lists.some(({ name }: { readonly name: string }) => name === 'other'))
      assert.deepEqual((await api.get('/v3/secrets')).body.secrets, [])
      assert.deepEqual(await differencesOf(vault), [])
      assert.equal((await api.post(`/v3/deleted/${id}/restore`, {})).body.name, 'large')
    })

    test('as an environment comes back, and with it what can be restored there', async (t) => {
      const { api, vault, withScopes } = await startKeeping(t, engine)
      await api.post('/v3/environments', { name: 'base' })
      await api.post('/v3/environments', { name: 'prod', base: 'base' })
      await api.post('/v3/secrets', { name: 'a', value: 'v' }, prod)
      await api.delete('/v3/secrets/1', prod)
      const lists = (await api.get('/v3/lists', prod)).body.lists
      for (const { id } of lists) await api.delete(`/v3/lists/${id}`, prod)
      const gone = await api.delete('/v3/environments/3')
      assert.equal(gone.status, 200, gone.text)
      const id = gone.headers.get('strongroom-deleted')
      await api.delete('/v3/environments/2')
      const secrets = await withScopes(...rightsOverSecrets)

      assert.deepEqual(await namesOf(api), ['base', 'prod'])
      assert.deepEqual(await namesOf(secrets), [], 'nobody but who manages the account')
      assert.deepEqual(code(await api.get('/v3/deleted', prod)), [404, 'not_found'])
      assert.deepEqual(code(await api.post('/v3/deleted/1/restore', {})), [404, 'not_found'])
      assert.deepEqual(code(await secrets.post(`/v3/deleted/${id}/restore`, {})), [404, 'not_found'])
      assert.deepEqual(code(await api.post(`/v3/deleted/${id}/restore`, {})), [409, 'place_gone'])
      assert.equal((await api.post(`/v3/deleted/${Number(id) + 1}/restore`, {})).status, 200)
      const back = await api.post(`/v3/deleted/${id}/restore`, {})
      assert.deepEqual(back.body, { kind: 'environment', id: 3, name: 'prod', environment: null })
      const listed = await deletedIn(api, prod)
      assert.deepEqual(
        listed.map(({ kind, environment }: { kind: string; environment: string }) => [kind, environment]),
        [...lists.map(() => ['list', 'prod']), ['secret', 'prod']],
      )
      for (const one of listed) assert.equal((await api.post(`/v3/deleted/${one.id}/restore`, {}, prod)).status, 200)
      assert.equal((await api.get('/v3/secrets/by-name/a', prod)).body.value, 'v')
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('is destroyed when it is purged: nothing of it is left', async (t) => {
      const { api, vault, place } = await startKeeping(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await api.put('/v3/secrets/1', { value: 'w' })
      await api.delete('/v3/secrets/1')

      assert.equal((await api.delete('/v3/deleted/1')).status, 200)

      assert.deepEqual(code(await api.delete('/v3/deleted/1')), [404, 'not_found'])
      assert.deepEqual(code(await api.post('/v3/deleted/1/restore', {})), [404, 'not_found'])
      for (const table of ['secrets', 'secret_keys', 'versions', 'deleted']) {
        assert.deepEqual(await query(place, `select * from ${table}`), [], table)
      }
      assert.ok((await actionsOf(api)).includes('secret.purge'))
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('is destroyed at its end, which what the account is set to moves; two who sweep do it once', async (t) => {
      let now = Date.UTC(2030, 0, 1)
      const { api, vault, place } = await startKeeping(t, engine, { now: () => now })
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await api.post('/v3/secrets', { name: 'b', value: 'v' })
      await api.post('/v3/environments', { name: 'prod' })
      await api.delete('/v3/secrets/1')
      now += 3 * day
      await api.delete('/v3/secrets/2')
      await api.delete('/v3/lists/1')
      await api.delete('/v3/environments/2')
      now += 4 * day - 1
      await sweepDeleted(vault)
      assert.equal((await namesOf(api)).length, 4)
      now += 1
      assert.deepEqual((await namesOf(api)).length, 3, 'past its end it is not shown')
      assert.deepEqual(code(await api.post('/v3/deleted/1/restore', {})), [404, 'not_found'])

      const fence = (await vault.store.leases.take('deleted', 'another node', defaultLeaseMs)) ?? assert.fail()
      await sweepDeleted(vault)
      assert.ok(!(await actionsOf(api)).includes('secret.purge'), 'another node does it')
      await vault.store.leases.drop({ name: 'deleted', holder: 'another node', fence })
      await Promise.all([sweepDeleted(vault), sweepDeleted(vault)])

      assert.equal((await actionsOf(api)).filter((one) => one === 'secret.purge').length, 1)
      assert.equal((await query(place, 'select * from versions')).length, 1)
      await api.put('/v3/settings', { recovery_days: 4 })
      assert.deepEqual((await namesOf(api)).length, 0)
      await api.put('/v3/settings', { recovery_days: 5 })
      assert.deepEqual((await namesOf(api)).length, 3)
      await api.put('/v3/settings', { recovery_days: 0 })
      await sweepDeleted(vault)
      for (const table of ['secrets', 'secret_keys', 'versions', 'deleted']) {
        assert.deepEqual(await query(place, `select * from ${table}`), [], table)
      }
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('keeps its key through a replacement of the key of the account', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await api.post('/v3/secrets', { name: 'b', value: 'w' })
      await api.delete('/v3/secrets/1')

      const rotation = await rotateAccountKey(vault, { name: 'ada', requestId: 'r' }, 'default')

      assert.deepEqual([rotation.version, rotation.rewrapped], [2, 2])
      assert.equal((await api.post('/v3/deleted/1/restore', { name: 'a-2' })).status, 200)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('is shown to whom it was, and restored and purged by whom it may be', async (t) => {
      const { api, withScopes, otherAccount } = await startKeeping(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      for (const name of ['db-a', 'web-a']) {
        const { id } = (await api.post('/v3/secrets', { name, value: name })).body
        await api.delete(`/v3/secrets/${id}`)
      }
      await api.post('/v3/secrets', { name: 'db-p', value: 'p' }, prod)
      await api.delete('/v3/secrets/3', prod)
      const [lists, writes, deletes] = [
        await withScopes('secrets:list:db-*'),
        await withScopes('secrets:write:db-*', 'secrets:list'),
        await withScopes('secrets:delete:db-*'),
      ]
      const ofProd = await withScopes(...rightsOverSecrets.map((one) => `${one}@prod`))
      const other = await otherAccount()

      assert.deepEqual(await namesOf(lists), ['db-a'])
      assert.deepEqual(await namesOf(ofProd), ['db-p'])
      assert.deepEqual(await namesOf(other), [])
      assert.deepEqual(code(await lists.post('/v3/deleted/1/restore', {})), [403, 'forbidden'])
      assert.deepEqual(code(await writes.post('/v3/deleted/2/restore', {})), [403, 'forbidden'])
      assert.deepEqual(code(await deletes.delete('/v3/deleted/2')), [404, 'not_found'])
      assert.deepEqual(code(await writes.post('/v3/deleted/1/restore', { name: 'web-b' })), [403, 'forbidden'])
      assert.deepEqual(code(await writes.post('/v3/deleted/1/restore', { name: 'db-b' })), [403, 'forbidden'], 'unread')
      for (const foreign of [other, ofProd]) {
        assert.deepEqual(code(await foreign.post('/v3/deleted/1/restore', {})), [404, 'not_found'])
        assert.deepEqual(code(await foreign.delete('/v3/deleted/1')), [404, 'not_found'])
      }
      assert.deepEqual(code(await api.post('/v3/deleted/1/restore', {}, prod)), [404, 'not_found'])
      assert.equal((await writes.post('/v3/deleted/1/restore', {})).status, 200)
      assert.equal((await ofProd.delete('/v3/deleted/3')).status, 200)
    })

    test('as a list or an environment is held to every name that was in it', async (t) => {
      const { api, vault, withScopes } = await startKeeping(t, engine)
      await api.post('/v3/lists', { name: 'small' })
      await api.post('/v3/secrets', { name: 'db-a', value: 'v', list: 'small' })
      await api.post('/v3/secrets', { name: 'web-a', value: 'v', list: 'small' })
      await api.post('/v3/lists', { name: 'large' })
      await fillSecrets(vault, 'db-', 120, 'large')
      await api.post('/v3/secrets', { name: 'web-b', value: 'v', list: 'large' })
      await api.post('/v3/environments', { name: 'prod' })
      for (const path of ['lists/1', 'lists/2', 'environments/2']) {
        assert.equal((await api.delete(`/v3/${path}`)).status, 200, path)
      }
      const all = await deletedIn(api)
      const [small, large, environment] = ['small', 'large', 'prod'].map(
        (name) => all.find((one: { name: string }) => one.name === name).id,
      )
      const narrow = await withScopes('secrets:write:db-*', 'secrets:delete:db-*', 'account:manage')

      for (const id of [small, large]) {
        assert.deepEqual(code(await narrow.post(`/v3/deleted/${id}/restore`, {})), [403, 'forbidden'])
        assert.deepEqual(code(await narrow.delete(`/v3/deleted/${id}`)), [403, 'forbidden'])
      }
      assert.deepEqual(code(await narrow.delete(`/v3/deleted/${environment}`)), [403, 'forbidden'])
      assert.equal((await deletedIn(api)).length, 3)
      const both = await withScopes(
        ...['write', 'delete'].flatMap((verb) => [`secrets:${verb}:db-*`, `secrets:${verb}:web-*`]),
      )
      assert.equal((await both.post(`/v3/deleted/${large}/restore`, {})).status, 200)
      assert.equal((await both.delete(`/v3/deleted/${small}`)).status, 200)
      assert.equal((await api.delete(`/v3/deleted/${environment}`)).status, 200)
      assert.deepEqual(await deletedIn(api), [])
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('two who sweep at a time sweep nothing before its end, whatever they are told', async (t) => {
      const { api, vault } = await startKeeping(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await api.delete('/v3/secrets/1')
      const caller = { kind: 'system', accountId: 1 } as const
      const from = { caller, requestId: 'r', address: '' }

      await vault.store.submit<'sweep_deleted'>({ ...from, operation: { kind: 'sweep_deleted', ids: [1] } })
      await vault.store.submit<'purge_part'>({ ...from, operation: { kind: 'purge_part', id: 1 } })

      assert.deepEqual(await namesOf(api), ['a'])
    })

    test('is destroyed at its end whatever is found to be changed in the rows of another account', async (t) => {
      let now = Date.UTC(2030, 0, 1)
      const { api, vault, place, otherAccount } = await startKeeping(t, engine, { now: () => now })
      const other = await otherAccount()
      await other.put('/v3/settings', { recovery_days: 7 })
      for (const one of [api, other]) {
        await one.post('/v3/secrets', { name: 'a', value: 'v' })
        assert.equal((await one.delete('/v3/secrets/1')).headers.get('strongroom-deleted'), '1')
      }
      await query(place, 'update deleted set deleted_ms = deleted_ms - 1 where account_id = 1')
      now += 7 * day

      await assert.rejects(sweepDeleted(vault), { code: 'integrity_failure' })

      const left = await query(place, 'select account_id from deleted')
      assert.deepEqual(
        left.map((row) => Number(row['account_id'])),
        [1],
      )
    })

    test('is found when it was changed, taken away or put back behind the back of the server', async (t) => {
      const { api, vault, place } = await startKeeping(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      await api.delete('/v3/secrets/1')
      const [row] = await query(place, 'select state from deleted')
      assert.deepEqual({ ...row }, { state: 'kept' })

      await query(place, `update deleted set deleted_ms = deleted_ms + 1`)
      assert.deepEqual(code(await api.post('/v3/deleted/1/restore', {})), [500, 'integrity_failure'])
      assert.ok((await differencesOf(vault)).length > 0)
      await query(place, `update deleted set deleted_ms = deleted_ms - 1`)
      assert.deepEqual(await differencesOf(vault), [])
      await query(place, `update versions set sealed = ${engine.name === 'SQLite' ? "x'00'" : "'\\x00'::bytea"}`)
      assert.deepEqual(await differencesOf(vault), ['The value that deletion 1 keeps is not in the store.'])
      await query(place, `delete from deleted`)
      assert.match(
        (await differencesOf(vault)).join(),
        /What was deleted that record \d+ left in the store is not there/,
      )
    })
  })
}
