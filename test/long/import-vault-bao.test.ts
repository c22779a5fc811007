/** Moving from OpenBao itself: that it answers as the server does that plays it in the other tests. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startPerson } from '../support/cli.ts'
import { missingBao, rootToken, startBao } from './bao.ts'

suite('strongroom import vault, from OpenBao', {
  skip: missingBao,
}, () => {
  test('brings versions, metadata and folders over, and says what is deleted and destroyed', async (t) => {
    const { origin, call } = await startBao(t)
    const person = await startPerson(t)
    const put = (path: string, data: unknown) => call('POST', `secret/data/${path}`, { data })
    for (const at of [1, 2, 3, 4]) await put('app/db', { user: `u${at}`, deep: { at: [at, null] } })
    await call('POST', 'secret/metadata/app/db', { custom_metadata: { description: 'd', owner: 'web' } })
    await call('POST', 'secret/delete/app/db', { versions: [2] })
    await call('POST', 'secret/destroy/app/db', { versions: [3] })
    await put('plain', { value: 'v' })
    await put('gone', { value: 'v' })
    await call('DELETE', 'secret/data/gone')
    await call('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } })
    await call('POST', 'old/app/key', { key: 'k' })
    const env = { VAULT_ADDR: origin, VAULT_TOKEN: rootToken }

    const first = await person.run(['import', 'vault', '--yes', '--json'], { env })
    assert.equal(first.code, 0, first.stderr)
    const told = JSON.parse(first.stdout)
    assert.deepEqual([told.new, told.versions_stored, told.deleted], [['plain', 'app/db'], 3, ['gone']])
    assert.deepEqual(
      told.notes.map(({ note }: { note: string }) => note),
      ['deleted there: 2', 'destroyed there: 3'],
    )
    const again = JSON.parse((await person.run(['import', 'vault', '--yes', '--json'], { env })).stdout)
    assert.deepEqual([again.stored, again.same], [[], ['plain', 'app/db']])
    const old = await person.run(['import', 'vault', '--mount', 'old', '--prefix', 'old/', '--yes'], { env })
    assert.equal(old.code, 0, old.stderr)

    const { api } = person.server
    const valueAt = async (name: string) =>
      (await api.get(`/v3/secrets/by-name/${encodeURIComponent(name)}`)).body.value
    assert.equal(await valueAt('app/db'), '{"deep":{"at":[4,null]},"user":"u4"}')
    assert.deepEqual([await valueAt('plain'), await valueAt('old/app/key')], ['v', '{"key":"k"}'])
  })
})
