/** Versions whose values were destroyed while others stay: what is left of them, and that nothing brings a value back. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import type { Answer, Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

for (const engine of engines) {
  suite(`${engine.name}: a version that was destroyed`, { skip: engine.skip }, () => {
    test('keeps its number and its time, and nothing of its value', async (t) => {
      const { api, place, trail, differences } = await startWith(t, engine, ['one', 'two', 'three'])
      const before = (await api.get('/v3/secrets/1/versions')).body.versions

      const { status, body } = await destroy(api, 2)

      assert.deepEqual([status, body], [200, { message: 'Version destroyed successfully' }])
      const { versions } = (await api.get('/v3/secrets/1/versions')).body
      assert.match(versions[1].destroyed_at, time)
      const { destroyed_at: _, ...second } = versions[1]
      assert.deepEqual([versions[0], second, versions[2]], before)
      assertProblem(await api.get('/v3/secrets/1/versions/2'), 404, 'not_found', /was destroyed/)
      assert.equal((await api.get('/v3/secrets/1/versions/1')).body.value, 'one')
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'three')
      const [row] = await query(place, 'select sealed, destroyed_ms from versions where version = 2')
      assert.deepEqual(
        [Buffer.from(row?.['sealed'] as Uint8Array).length, Number(row?.['destroyed_ms']) > 0],
        [0, true],
      )
      assert.deepEqual(await trail('version.destroy'), ['2 ok'])
      assert.deepEqual(await differences(), [])
    })

    test('is not destroyed twice, and one that is not kept is not found', async (t) => {
      const { api, trail } = await startWith(t, engine, ['one', 'two'])
      for (const wanted of [200, 200]) assert.equal((await destroy(api, 1)).status, wanted)
      assertProblem(await destroy(api, 3), 404, 'not_found', /No such version/)
      assertProblem(await api.delete('/v3/secrets/9/versions/1'), 404, 'not_found', /./)
      assert.deepEqual(await trail('version.destroy'), ['1 ok', '3 not_found', 'null not_found'])
    })

    test('is destroyed by whoever may delete the secret, and nobody else', async (t) => {
      const { api, withScopes, otherAccount } = await startWith(t, engine, ['one', 'two'])
      const writer = await withScopes('secrets:write', 'secrets:read', 'secrets:list')
      const ofOthers = await withScopes('secrets:delete:web-*', 'secrets:list:web-*')
      assertProblem(await destroy(writer, 1), 403, 'forbidden', /./)
      assertProblem(await destroy(ofOthers, 1), 404, 'not_found', /./)
      assertProblem(await destroy(await otherAccount(), 1), 404, 'not_found', /./)
      assert.equal((await api.get('/v3/secrets/1/versions/1')).body.value, 'one')
      assert.equal((await destroy(await withScopes('secrets:delete:db'), 1)).status, 200)
    })

    test('is not restored, and versions after it are counted on', async (t) => {
      const { api } = await startWith(t, engine, ['one', 'two', 'three'])
      await destroy(api, 2)
      const restored = await api.post('/v3/secrets/1/versions/2/restore', undefined)
      assertProblem(restored, 404, 'not_found', /was destroyed/)
      assert.equal((await api.post('/v3/secrets/1/versions/1/restore', undefined)).headers.get('etag'), '"4"')
      assert.deepEqual(await shownOf(api), ['4', '3', '2 destroyed', '1'])
    })

    test('of the current value leaves a secret without one, until the next is stored', async (t) => {
      const { api, listsApi, trail, differences } = await startWith(t, engine, ['one', 'two'])
      await destroy(api, 2)

      assertProblem(await api.get('/v3/secrets/1'), 404, 'not_found', /was destroyed/)
      assertProblem(await api.get('/v3/secrets/by-name/db'), 404, 'not_found', /was destroyed/)
      // Whoever has the version must learn that it is gone.
      const known = await api.get('/v3/secrets/1', { 'if-none-match': '"2"' })
      assertProblem(known, 404, 'not_found', /was destroyed/)
      const batch = await api.post('/v3/secrets/batch', { names: ['db'] })
      assert.deepEqual([batch.body.secrets, batch.body.missing], [[], []])
      const [{ name, code, detail }] = batch.body.unresolved
      assert.deepEqual([name, code], ['db', 'not_found'])
      assert.match(detail, /was destroyed/)
      const rendered = await api.post('/v3/render', { template: `\${{secret.db}}` })
      assertProblem(rendered, 422, 'unresolved_references', /"db" was destroyed/)
      const values = await listsApi('secrets/all-values')
      assert.deepEqual(
        values.body.data.map(({ secret_key: key }: { secret_key: string }) => key),
        [],
      )
      assert.equal((await listsApi('secrets/lists/default/values/db')).status, 404)
      await api.post('/v3/secrets', { name: 'text', value: `\${{secret.db}}`, type: 'template' })
      assertProblem(await api.get('/v3/secrets/2'), 422, 'unresolved_references', /"db" was destroyed/)
      const reads = await trail('secret.read')
      assert.deepEqual([reads.includes('2 not_found'), reads.includes('2 ok')], [true, false])
      assert.deepEqual(
        (await api.get('/v3/secrets')).body.secrets.map(({ name }: { name: string }) => name),
        ['db', 'text'],
      )
      assertProblem(await api.put('/v3/secrets/1/name', { name: 'other' }), 400, 'invalid', /must come with a value/i)
      assert.deepEqual(await differences(), [])

      assert.equal((await api.send('PUT', '/v3/secrets/1', { value: 'three' }, { 'if-match': '"2"' })).status, 200)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'three')
      assert.equal((await api.get('/v3/secrets/2')).body.value, 'three')
      assert.deepEqual(await shownOf(api), ['3', '2 destroyed', '1'])
      assert.deepEqual(await trail('version.destroy'), ['2 ok'])
      assert.deepEqual(await differences(), [])
    })

    test('is found nowhere: in no fingerprint, no comparison, no copy', async (t) => {
      const strong = (text: string) => `${text}-2mZ4xQ8vL1nR7tB5kW9c`
      const { api } = await startWith(t, engine, ['one', 'two', 'three'].map(strong))
      await api.post('/v3/environments', { name: 'prod' })
      await destroy(api, 2)
      const versions = async () => {
        const { body } = await api.post('/v3/fingerprints', {})
        return [...new Set(body.fingerprints.map(({ version }: { version: number }) => version))].sort()
      }
      assert.deepEqual(await versions(), [1, 3])
      await destroy(api, 3)
      assert.deepEqual(await versions(), [1])
      const copy = (names: readonly string[]) => api.post('/v3/copy', { from: 'default', to: 'prod', names })
      assertProblem(await copy(['db']), 404, 'not_found', /./)
      assert.deepEqual((await copy(['*'])).body.secrets, [])
      const compared = await api.get('/v3/compare?environments=default,prod')
      assert.equal(compared.body.secrets[0].in[0].group, null)
      // One that is there is replaced, whatever it was.
      await api.send('PUT', '/v3/secrets/by-name/db', { value: 'x' }, { 'strongroom-environment': 'prod' })
      const back = await api.post('/v3/copy', { from: 'prod', to: 'default', names: ['db'] })
      assert.deepEqual([back.status, back.body.secrets[0].state], [200, 'replaced'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'x')
    })

    test('stays destroyed when the secret is deleted and restored', async (t) => {
      const { api, differences } = await startWith(t, engine, ['one', 'two', 'three'])
      assert.equal((await api.put('/v3/settings', { recovery_days: 7 })).status, 200)
      for (const version of [2, 3]) await destroy(api, version)
      await api.delete('/v3/secrets/1')
      const [{ id }] = (await api.get('/v3/deleted')).body.deleted
      assert.deepEqual(await differences(), [])
      assertProblem(await api.post(`/v3/deleted/${id}/restore`, { name: 'other' }), 400, 'invalid', /was destroyed/)
      assert.equal((await api.post(`/v3/deleted/${id}/restore`, {})).status, 200)
      assertProblem(await api.get('/v3/secrets/1'), 404, 'not_found', /was destroyed/)
      assert.deepEqual(await shownOf(api), ['3 destroyed', '2 destroyed', '1'])
      assert.deepEqual(await differences(), [])
    })

    test('is what a rollback cannot bring back, and says so', async (t) => {
      let now = Date.parse('2026-01-15T10:00:00Z')
      const { api } = await startWith(t, engine, [], { clock: () => now })
      const at: string[] = []
      const pass = () => {
        at.push(new Date(now).toISOString())
        now += 60_000
      }
      for (const value of ['one', 'two', 'three']) {
        await api.put('/v3/secrets/by-name/db', { value })
        pass()
      }
      await destroy(api, 2)
      await destroy(api, 3)
      pass()
      const preview = async (to: string | undefined) => {
        const { body } = await api.post('/v3/rollback', { to, dry_run: true })
        return body.items.map(({ state, was }: { state: string; was: number }) => `${state} ${was}`)
      }
      assert.deepEqual(await preview(at[0]), ['changed 1'])
      assert.deepEqual(await preview(at[1]), ['lost 2'])
      assert.deepEqual(await preview(at[2]), ['lost 3'])
      assert.deepEqual(await preview(at[3]), [])
      assert.equal((await api.post('/v3/rollback', { to: at[0] })).status, 200)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'one')
    })

    test('is not made by hand in the database, nor unmade there', async (t) => {
      const { api, place, differences } = await startWith(t, engine, ['one', 'two', 'three'])
      const [kept] = await query(place, 'select * from versions where version = 2')
      await destroy(api, 2)
      const back = async (version: number, row: Record<string, unknown> | undefined) => {
        const { sealed, mac, destroyed_ms: at } = row ?? {}
        const [text, values] = ['sealed = ?, mac = ?, destroyed_ms = ?', [sealed, mac, at ?? null]]
        await query(place, `update versions set ${text} where version = ${version}`, ...(values as never[]))
      }
      const [destroyed] = await query(place, 'select * from versions where version = 2')

      // As it was before: it fits, and the trail says otherwise.
      await back(2, kept)
      assert.deepEqual(await differences(), [
        'Version 2 of secret 1 is in the store, though record 5 destroyed its value.',
      ])
      await back(2, destroyed)
      assert.deepEqual(await differences(), [])
      await query(place, 'update versions set destroyed_ms = null where version = 2')
      assertProblem(await api.get('/v3/secrets/1/versions'), 500, 'integrity_failure', /./)
      await back(2, destroyed)
      await query(place, 'update versions set destroyed_ms = 7 where version = 1')
      assertProblem(await api.get('/v3/secrets/1/versions'), 500, 'integrity_failure', /./)
      assertProblem(await api.post('/v3/fingerprints', {}), 500, 'integrity_failure', /./)
      await query(place, 'update versions set destroyed_ms = null where version = 1')
      await query(place, 'update secrets set destroyed_ms = 7')
      assertProblem(await api.get('/v3/secrets/1'), 500, 'integrity_failure', /./)
    })

    test('of the current value is not unmade in the database', async (t) => {
      const { api, place, differences } = await startWith(t, engine, ['one'])
      const [secret] = await query(place, 'select mac, updated_ms from secrets')
      const [version] = await query(place, 'select mac, sealed from versions')
      await destroy(api, 1)
      await query(
        place,
        'update secrets set destroyed_ms = null, mac = ?, updated_ms = ?',
        secret?.['mac'] as Uint8Array,
        secret?.['updated_ms'] as number,
      )
      assertProblem(await api.get('/v3/secrets/1'), 500, 'integrity_failure', /./)
      await query(
        place,
        'update versions set destroyed_ms = null, mac = ?, sealed = ?',
        version?.['mac'] as Uint8Array,
        version?.['sealed'] as Uint8Array,
      )
      assert.deepEqual(await differences(), [
        'Secret 1 is not as record 3 left it.',
        'Version 1 of secret 1 is in the store, though record 3 destroyed its value.',
      ])
    })
  })
}

interface Options {
  readonly clock?: () => number
}

/** With a secret `db` that has had these values. */
async function startWith(t: TestContext, engine: TestEngine, values: readonly string[], { clock }: Options = {}) {
  const server = await startServer(t, engine, clock === undefined ? {} : { now: clock })
  const { api, vault, url } = server
  for (const value of values) await api.put('/v3/secrets/by-name/db', { value })
  const trail = async (action: string): Promise<readonly string[]> => {
    const { body } = await api.get(`/v3/audit?action=${action}`)
    return body.records.map(({ object, outcome }: Rec) => `${object?.version ?? null} ${outcome}`).reverse()
  }
  const differences = async () =>
    (await Array.fromAsync(verifyAudit(vault, { state: true }))).flatMap((one) => [
      ...(one.fault === undefined ? [] : [one.fault.reason]),
      ...one.differences,
    ])
  const listsApi = async (path: string) => {
    const answer = await fetch(`${url}/api/${path}?key=${api.key}`)
    return { status: answer.status, body: JSON.parse(await answer.text()) }
  }
  return { ...server, trail, differences, listsApi }
}

interface Rec {
  readonly outcome: string
  readonly object: { readonly version: number | null } | null
}

function destroy(api: Api, version: number) {
  return api.delete(`/v3/secrets/1/versions/${version}`)
}

async function shownOf(api: Api): Promise<readonly string[]> {
  const { body } = await api.get('/v3/secrets/1/versions')
  return body.versions.map(({ version, destroyed_at: at }: { version: number; destroyed_at?: string }) =>
    at === undefined ? String(version) : `${version} destroyed`,
  )
}

function assertProblem({ status, body }: Answer, expected: number, code: string, message: RegExp): void {
  assert.deepEqual([status, body.code], [expected, code], JSON.stringify(body))
  assert.match(body.message, message)
}
