/** Lists of more secrets than go in one transaction: deleted for everybody at one moment, and then part by part. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseScopes } from '../../src/model/scope.ts'
import { deleteList, finishDeletions } from '../../src/vault/deletion.ts'
import { Api } from '../support/api.ts'
import { startChild } from '../support/child.ts'
import { query } from '../support/database.ts'
import { differencesOf } from '../support/differences.ts'
import { engines } from '../support/engines.ts'
import { fillSecrets } from '../support/fill.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Ten parts, and few enough that a listing of them is one page. */
const many = 950

/** A list `doomed` with so many secrets, and one secret beside it. */
async function startWith(t: Parameters<typeof startServer>[0], engine: (typeof engines)[number], count = many) {
  const server = await startServer(t, engine)
  await server.api.post('/v3/lists', { name: 'doomed' })
  await fillSecrets(server.vault, 's', count, 'doomed')
  await server.api.post('/v3/secrets', { name: 'spared', value: 'v' })
  return server
}

/** As a server that is killed right after the transaction that takes the list from everybody. */
async function begin({ vault }: TestServer, list: number): Promise<void> {
  const caller = { kind: 'host', accountId: 1, name: 'ada' } as const
  const operation = { kind: 'delete_list', list, held: undefined } as const
  const outcome = await vault.store.submit<'delete_list'>({ caller, requestId: 'r', address: '', operation })
  assert.ok(outcome.kind === 'done' && outcome.result.state === 'going')
}

async function namesOf(api: Api): Promise<readonly string[]> {
  return (await api.get('/v3/secrets')).body.secrets.map(({ name }: { name: string }) => name)
}

async function recordsOf(api: Api, action: string) {
  const found: { principal: { name: string }; object: { name: string } }[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `/v3/audit?limit=1000&action=${action}&outcome=ok${cursor && `&cursor=${cursor}`}`
    const page = await api.get(path)
    found.push(...page.body.records)
    cursor = page.headers.get('strongroom-next-cursor')
  }
  return found
}

for (const engine of engines) {
  suite(`${engine.name}: a list with very many secrets`, { skip: engine.skip }, () => {
    test('is gone for everybody at one moment, and others are answered between its parts', async (t) => {
      const server = await startWith(t, engine)
      const { api, vault } = server
      const sizes: number[] = []
      vault.store.events.onBatch = ({ requests }) => {
        sizes.push(requests.filter(({ operation }) => operation.kind === 'delete_part').length)
      }
      let isDone = false
      const seen: boolean[] = []
      const watch = async () => {
        while (!isDone) {
          const [list, all, one] = await Promise.all([
            api.get('/v3/lists/1/secrets'),
            namesOf(api),
            api.get('/v3/secrets/1000'),
          ])
          const isThere = list.status === 200
          // The three come one after the other: the first may have been before the moment, the others after.
          if (isThere) assert.ok([0, many].includes(list.body.secrets.length))
          assert.ok(all.length === 1 || all.length === many + 1, `${all.length} are listed`)
          seen.push(all.length > 1)
          if (all.length === 1) assert.equal((await api.get('/v3/secrets/999')).status, 404)
          if (one.status === 200) assert.ok(!seen.slice(0, -1).includes(false))
          assert.equal((await api.get(`/v3/secrets/${many + 1}`)).body.value, 'v')
        }
      }
      const watching = watch()

      const deleted = await api.delete('/v3/lists/1')

      isDone = true
      await watching
      assert.equal(deleted.status, 200, deleted.text)
      assert.deepEqual(deleted.body, { message: 'List deleted successfully' })
      assert.ok(!seen.slice(seen.indexOf(false)).includes(true) || !seen.includes(false), 'what is gone stays gone')
      assert.ok(sizes.filter((size) => size > 0).length >= many / 100, 'it took a transaction for each part')
      assert.deepEqual(await namesOf(api), ['spared'])
      assert.equal((await api.delete('/v3/lists/1')).status, 404)
      assert.equal((await api.post('/v3/secrets', { name: 's-7', value: 'again' })).status, 201)
      const gone = await recordsOf(api, 'secret.delete')
      assert.equal(new Set(gone.map(({ object }) => object.name)).size, many)
      assert.equal(gone.length, many)
      const [list] = await recordsOf(api, 'list.delete')
      assert.equal(list?.object.name, 'doomed')
      for (const one of gone) assert.deepEqual(one.principal, list?.principal)
      for (const table of ['secret_keys', 'versions']) {
        assert.equal(Number((await query(server.place, `select count(*) as n from ${table}`))[0]?.['n']), 2)
      }
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('that was being deleted when the server was killed is seen through by the next one', async (t) => {
      const server = await startWith(t, engine, 250)
      const { api, vault } = server
      await begin(server, 1)

      assert.equal((await api.get('/v3/lists/1')).status, 404)
      assert.deepEqual(
        (await api.get('/v3/lists')).body.lists.map(({ name }: { name: string }) => name),
        ['default'],
      )
      assert.equal((await api.get('/v3/secrets/3')).status, 404)
      assert.equal((await api.get('/v3/secrets/3/versions')).status, 404)
      assert.equal((await api.get('/v3/secrets?name=s-3')).body.secrets.length, 0)
      assert.equal((await api.put('/v3/secrets/3', { value: 'x' })).status, 404)
      assert.equal((await api.post('/v3/secrets', { name: 'n', value: 'v', list: 'doomed' })).status, 404)
      assert.equal((await api.put('/v3/lists/1/secrets/251', undefined)).status, 404)
      assert.equal((await api.post('/v3/lists', { name: 'doomed' })).status, 201)
      assert.deepEqual(await differencesOf(vault), [])

      await finishDeletions(vault)

      const gone = await recordsOf(api, 'secret.delete')
      assert.equal(gone.length, 250)
      for (const { principal } of gone) assert.equal(principal.name, 'ada')
      assert.equal(Number((await query(server.place, 'select count(*) as n from secrets'))[0]?.['n']), 1)
      assert.equal(Number((await query(server.place, 'select count(*) as n from lists'))[0]?.['n']), 2)
      assert.deepEqual(await differencesOf(vault), [])
    })

    test('is seen through though another one cannot be, which is said', async (t) => {
      const server = await startWith(t, engine, 150)
      const other = (await server.api.post('/v3/lists', { name: 'other' })).body.id
      await fillSecrets(server.vault, 'o', 150, 'other')
      await begin(server, 1)
      await begin(server, other)
      await query(server.place, 'update secrets set updated_ms = updated_ms - 1 where list_id = 1')

      await assert.rejects(finishDeletions(server.vault), { code: 'integrity_failure' })

      const left = await query(server.place, `select list_id from secrets where list_id in (1, ${other})`)
      assert.deepEqual([...new Set(left.map((row) => Number(row['list_id'])))], [1])
    })

    test('is deleted by whoever asks again', async (t) => {
      const server = await startWith(t, engine, 250)
      await begin(server, 1)

      assert.equal((await server.api.delete('/v3/lists/1')).status, 200)

      assert.equal(Number((await query(server.place, 'select count(*) as n from secrets'))[0]?.['n']), 1)
      assert.equal((await recordsOf(server.api, 'list.delete')).length, 1)
    })

    test('leaves its name to another at once, also where secrets go that name no list', async (t) => {
      const server = await startServer(t, engine)
      await fillSecrets(server.vault, 's', 150)
      await begin(server, 1)

      const made = await server.api.post('/v3/secrets', { name: 'new', value: 'v' })

      assert.equal(made.status, 201, made.text)
      assert.deepEqual(
        (await server.api.get('/v3/lists')).body.lists.map(({ id }: { id: number }) => id),
        [2],
      )
      assert.equal((await server.api.post('/v3/secrets', { name: 's-3', value: 'v' })).body.code, 'name_taken')
      await finishDeletions(server.vault)
      assert.equal((await server.api.post('/v3/secrets', { name: 's-3', value: 'v' })).status, 201)
      assert.deepEqual(await differencesOf(server.vault), [])
    })

    test('keeps the names of what is in it until that is gone, in whichever way they are asked for', async (t) => {
      const server = await startWith(t, engine, 150)
      const { api } = server
      await api.post('/v3/environments', { name: 'dev' })
      for (const name of ['s-3', 'x']) await api.post('/v3/secrets?environment=dev', { name, value: 'v' })
      await begin(server, 1)
      const named = { name: 's-3', value: 'v' }
      const ways = {
        create: () => api.post('/v3/secrets', named),
        createSome: () => api.post('/v3/secrets/batch/create', { secrets: [named] }),
        put: () => api.put('/v3/secrets/by-name/s-3', { value: 'v' }),
        store: () => api.post('/v3/secrets/batch/store', { secrets: [{ name: 'x', value: 'v' }, named] }),
        rename: () => api.put('/v3/secrets/151/name', { name: 's-3' }),
        copy: () => api.post('/v3/copy', { from: 'dev', to: 'default', names: ['x', 's-3'] }),
      }

      for (const [way, ask] of Object.entries(ways)) {
        const { status, body } = await ask()
        assert.deepEqual([way, status, body.code], [way, 409, 'name_taken'])
      }
      const dry = await api.post('/v3/copy', { from: 'dev', to: 'default', names: ['s-3'], dry_run: true })
      assert.equal(dry.body.secrets[0].state, 'refused', dry.text)
      assert.deepEqual(await namesOf(api), ['spared'])

      await finishDeletions(server.vault)

      assert.equal((await ways.store()).status, 200)
      const copied = await api.post('/v3/copy', { from: 'dev', to: 'default', names: ['s-3'] })
      assert.equal(copied.status, 200, copied.text)
      assert.deepEqual(await differencesOf(server.vault), [])
    })

    test('stays whole for whoever may not delete all that is in it', async (t) => {
      const server = await startWith(t, engine, 250)
      const { api } = server
      const narrowed = await server.withScopes('secrets:delete:s-*')
      const { id } = (await api.post('/v3/secrets', { name: 'other', value: 'v', list: 'doomed' })).body

      const refused = await narrowed.delete('/v3/lists/1')
      assert.equal(refused.status, 403, refused.text)
      assert.equal((await namesOf(api)).length, 252)
      const [record] = (await api.get('/v3/audit?action=list.delete')).body.records
      assert.equal(record.outcome, 'forbidden')

      await api.delete(`/v3/secrets/${id}`)
      assert.equal((await narrowed.delete('/v3/lists/1')).status, 200)
      assert.deepEqual(await namesOf(api), ['spared'])
    })

    test('is not deleted upon names that have changed since they were looked at', async (t) => {
      const server = await startWith(t, engine, 250)
      const { api, vault } = server
      const key = (await api.post('/v3/keys', { name: 'narrow', scopes: ['secrets:delete:s-*'] })).body
      const caller = { kind: 'token', hash: vault.keyring.tokenHash(key.api_key) } as const
      const by = { scopes: parseScopes(['secrets:delete:s-*']), environment: 'default' }
      const ask = (size: number) => {
        const operation = { kind: 'delete_list', list: 1, held: { ...by, size, forbidden: undefined } } as const
        return vault.store.submit<'delete_list'>({ caller, requestId: 'r', address: '127.0.0.1', operation })
      }
      const size = await vault.store.auditSize(1)
      const changes = [
        () => api.post('/v3/secrets', { name: 'made', value: 'v', list: 'doomed' }),
        () => api.put('/v3/lists/1/secrets/251', undefined),
      ]

      for (const change of changes) {
        const before = await vault.store.auditSize(1)
        await change()
        assert.equal((await ask(before)).kind, 'outdated')
      }
      assert.equal((await ask(size)).kind, 'outdated')
      assert.equal((await namesOf(api)).length, 252)
      const now = await ask(await vault.store.auditSize(1))
      assert.ok(now.kind === 'done' && now.result.state === 'going')
    })

    test('is not deleted upon rights that are others since its names were held against them', async (t) => {
      const server = await startServer(t, engine)
      const { api, vault } = server
      for (const name of ['dev', 'prod']) await api.post('/v3/environments', { name })
      const { id } = (await api.post('/v3/lists?environment=dev', { name: 'doomed' })).body
      for (let at = 0; at < 300; at += 100) {
        const secrets = Array.from({ length: 100 }, (_, one) => ({ name: `s-${at + one}`, value: 'v', list: 'doomed' }))
        assert.equal((await api.post('/v3/secrets/batch/create?environment=dev', { secrets })).status, 201)
      }
      const scopes = ['secrets:delete:s-*@dev', 'secrets:delete:x@prod']
      const key = (await api.post('/v3/keys', { name: 'narrow', scopes })).body
      const asker = {
        ...{ caller: { kind: 'token', hash: vault.keyring.tokenHash(key.api_key) } as const },
        ...{ requestId: 'r', address: '127.0.0.1' },
      }
      let asked = 0
      const rename = async (from: string, to: string) => {
        const { environments } = (await api.get('/v3/environments')).body
        const { id: of } = environments.find(({ name }: { name: string }) => name === from)
        assert.equal((await api.send('PATCH', `/v3/environments/${of}`, { name: to })).status, 200)
      }
      const store = new Proxy(vault.store, {
        get(target, name) {
          const own = Reflect.get(target, name)
          if (name !== 'submit') return typeof own === 'function' ? own.bind(target) : own
          return async (request: Parameters<typeof target.submit>[0]) => {
            // Once its names were looked at, it is where these are called otherwise.
            if (request.operation.kind === 'delete_list' && ++asked === 2) {
              await rename('prod', 'old')
              await rename('dev', 'prod')
            }
            return target.submit(request)
          }
        },
      })

      await assert.rejects(deleteList({ ...vault, store }, asker, id), { code: 'forbidden' })

      assert.equal((await api.get(`/v3/lists/${id}`)).status, 200)
    })

    test('is found by the state when somebody says behind the trail that it is deleted', async (t) => {
      const server = await startWith(t, engine, 3)
      await query(
        server.place,
        `update lists set deleter_kind = 'host', deleter_id = 0, deleter_name = 'x' where id = 1`,
      )

      assert.deepEqual(await differencesOf(server.vault), [
        'The row of list 1 is not authentic.',
        'List 1 is being deleted, and no record says so.',
      ])
    })

    test('goes whole or stays whole, whenever the server is killed', async (t) => {
      const server = await startWith(t, engine)
      const { key } = server.api
      await server.stop()
      let child = await startChild(t, server.place)
      let isBegun = false
      const deadline = Date.now() + 60_000
      const asking = child
        .api(key)
        .delete('/v3/lists/1')
        .catch(() => undefined)
      while (!isBegun && Date.now() < deadline) isBegun = (await child.api(key).get('/v3/lists/1')).status === 404
      await child.end('SIGKILL')
      await asking

      child = await startChild(t, server.place)
      const left = async () => Number((await query(server.place, 'select count(*) as n from secrets'))[0]?.['n'])
      assert.deepEqual(await namesOf(child.api(key)), ['spared'])
      while ((await left()) > 1 && Date.now() < deadline) assert.deepEqual(await namesOf(child.api(key)), ['spared'])
      await child.end('SIGTERM')

      const again = await startServer(t, engine, { place: server.place })
      const seen = await recordsOf(new Api(again.url, key), 'secret.delete')
      assert.equal(new Set(seen.map(({ object }) => object.name)).size, many)
      assert.equal(seen.length, many)
      assert.deepEqual(await differencesOf(again.vault), [])
    })
  })
}
