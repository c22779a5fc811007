/** Decoys at the command line: marked, listed and unmarked by who manages the account, and seen by nobody else. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startPerson } from '../support/cli.ts'

suite('strongroom secrets decoy', () => {
  test('marks, lists and unmarks, for who manages the account alone', async (t) => {
    const person = await startPerson(t)
    const { api, withScopes } = person.server
    await api.post('/v3/secrets', { name: 'old-root-password', value: 'planted-5ecret' })
    const writer = await withScopes('secrets:read', 'secrets:list', 'secrets:write')
    const asWriter = { env: { STRONGROOM_API_KEY: writer.key } }
    const decoy = (...words: string[]) => person.run(['secrets', 'decoy', ...words])
    const marked = async () => JSON.parse((await decoy('--json')).stdout).secrets.map(markOf)

    assert.match((await decoy()).stderr, /^There is no decoy\. Make one: strongroom secrets decoy NAME\n$/)
    const told = await decoy('old-root-password')
    assert.equal(told.stdout, 'old-root-password is a decoy: each read of it is told of as decoy.read.\n', told.stderr)
    assert.match((await decoy()).stdout, /^NAME +LIST +READ BY SOMEBODY\nold-root-password +default +told of\n$/)
    assert.match((await decoy('old-root-password', '--revoke')).stdout, /, and the key that reads it is revoked\.\n$/)
    assert.match((await decoy()).stdout, / told of, key revoked\n$/)
    assert.deepEqual(await marked(), [['old-root-password', { revoke: true }]])

    // Who does not manage the account is shown nothing of it, is refused, and loses the key by reading it.
    const shown = await person.run(['secrets', 'list', '--json'], asWriter)
    assert.deepEqual([shown.code, /decoy/.test(shown.stdout)], [0, false], shown.stderr)
    const list = await person.run(['secrets', 'decoy'], asWriter)
    assert.deepEqual([list.code, list.stdout], [2, ''])
    assert.match(list.stderr, /Which secrets are decoys takes a key with account:manage\./)
    assert.equal((await person.run(['secrets', 'decoy', 'old-root-password', '--off'], asWriter)).code, 4)
    const read = await person.run(['secrets', 'get', 'old-root-password'], asWriter)
    assert.equal(read.stdout.trim(), 'planted-5ecret')
    assert.equal((await person.run(['secrets', 'list'], asWriter)).code, 4)
    assert.match((await person.run(['audit', 'list', '--action', 'decoy.read'])).stdout, /decoy\.read/)

    assert.equal((await decoy('old-root-password', '--off')).stdout, 'old-root-password is an ordinary secret.\n')
    assert.deepEqual(await marked(), [])
    assert.equal((await decoy('old-root-password', '--off', '--revoke')).code, 2)
    assert.equal((await decoy('--revoke')).code, 2)
    assert.equal((await decoy('no-such-secret')).code, 3)
  })
})

function markOf({ name, decoy }: { readonly name: string; readonly decoy: unknown }) {
  return [name, decoy]
}
