/** Versions whose values were destroyed, in copies of a store: they stay so, beside the versions that are kept. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { Api } from '../support/api.ts'
import { emptyPlace, urlOf } from '../support/copied-place.ts'
import { query } from '../support/database.ts'
import { engines, makeFolder, type Place, type TestEngine } from '../support/engines.ts'
import { runHere } from '../support/host-command.ts'
import { makeIdentity } from '../support/identity.ts'
import { startServer } from '../support/server.ts'

const [sqlite, postgres] = engines
assert.ok(sqlite && postgres)

for (const engine of engines) {
  const other = engine === sqlite ? postgres : sqlite
  suite(`${engine.name}: a version that was destroyed`, { skip: engine.skip || other.skip }, () => {
    test('is so in what is restored from a backup, on both stores', async (t) => {
      const { place, ...kept } = await startWithDestroyed(t, engine)
      const { file, recipient } = await makeIdentity()
      const out = join(makeFolder(), 'backup')
      const opened = ['--identity', file]
      await run(place, ['backup', '--out', out, '--recipient', recipient])

      const proven = JSON.parse(await run(place, ['backup', 'verify', '--from', out, ...opened, '--json']))

      assert.deepEqual([proven.secrets, proven.values_opened], [2, 5])
      for (const target of [engine, other]) {
        const copy = await emptyPlace(t, target, place)
        await run(copy, ['restore', '--from', out, ...opened])
        await isDestroyedStill(t, target, copy, kept)
      }
    })

    test('is so in the other kind of store, and back', async (t) => {
      const { place, ...kept } = await startWithDestroyed(t, engine)
      const there = await emptyPlace(t, other, place)
      await run(place, ['migrate-store', '--from', urlOf(place), '--to', urlOf(there)])
      const back = await emptyPlace(t, engine, place)

      await run(there, ['migrate-store', '--from', urlOf(there), '--to', urlOf(back)])

      await isDestroyedStill(t, other, there, kept)
      await isDestroyedStill(t, engine, back, kept)
    })
  })
}

/**
 * A store of a secret without its second version, one without the current version, and one that was deleted, without either. No
 * server is left on it.
 *
 * @returns what {@link shownOf} says of it, too, and the command that holds a copy against its trail
 */
async function startWithDestroyed(t: TestContext, engine: TestEngine) {
  const { api, place, stop } = await startServer(t, engine)
  assert.equal((await api.put('/v3/settings', { recovery_days: 7 })).status, 200)
  for (const name of ['middle', 'current', 'deleted']) {
    for (const value of ['one', 'two', 'three'])
      await api.put(`/v3/secrets/by-name/${name}`, { value: `${name} ${value}` })
  }
  for (const [id, version] of [
    [1, 2],
    [2, 3],
    [3, 2],
    [3, 3],
  ]) {
    assert.equal((await api.delete(`/v3/secrets/${id}/versions/${version}`)).status, 200)
  }
  assert.equal((await api.delete('/v3/secrets/3')).status, 200)
  const shown = await shownOf(api)
  await stop()
  const checkpoint = join(makeFolder(), 'checkpoint')
  writeFileSync(checkpoint, await run(place, ['audit', 'checkpoint']))
  return { place, shown, key: api.key, verify: ['audit', 'verify', '--state', '--checkpoint', checkpoint] }
}

/** What is known of the versions of both secrets, and each value, or the code of why there is none. */
async function shownOf(api: Api) {
  const answered = async (path: string) => {
    const { body } = await api.get(path)
    return body.value ?? body.code
  }
  const shown: unknown[] = []
  for (const id of [1, 2]) {
    shown.push(await answered(`/v3/secrets/${id}`), (await api.get(`/v3/secrets/${id}/versions`)).body.versions)
    for (const version of [1, 2, 3]) shown.push(await answered(`/v3/secrets/${id}/versions/${version}`))
  }
  return shown
}

/** The state is as the trail says, nothing of a value is left, and the secrets are read, restored and written as before. */
async function isDestroyedStill(
  t: TestContext,
  engine: TestEngine,
  place: Place,
  { shown, key, verify }: Omit<Awaited<ReturnType<typeof startWithDestroyed>>, 'place'>,
): Promise<void> {
  await run(place, verify)
  const rows = await query(place, 'select sealed from versions where destroyed_ms is not null')
  assert.deepEqual(
    rows.map(({ sealed }) => Buffer.from(sealed as Uint8Array).length),
    [0, 0, 0, 0],
  )
  const server = await startServer(t, engine, { place })
  const api = new Api(server.url, key)
  assert.deepEqual(await shownOf(api), shown)
  const read = (id: number, version: number) => api.get(`/v3/secrets/${id}/versions/${version}`)
  assert.deepEqual([(await read(1, 1)).body.value, (await read(2, 2)).body.value], ['middle one', 'current two'])
  for (const { status, body } of [await read(1, 2), await read(2, 3)]) {
    assert.equal(status, 404)
    assert.match(body.message, /was destroyed/)
  }
  const [{ id }] = (await api.get('/v3/deleted')).body.deleted
  assert.equal((await api.post(`/v3/deleted/${id}/restore`, {})).status, 200)
  assert.deepEqual(
    (await api.get('/v3/secrets/3/versions')).body.versions.map((one: { readonly destroyed_at?: string }) =>
      Boolean(one.destroyed_at),
    ),
    [true, true, false],
  )
  await server.stop()
  await run(place, verify)
}

/** @returns what a command that goes well prints */
async function run(place: Place, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runHere(place, words)
  assert.equal(code, 0, stderr)
  return stdout
}
