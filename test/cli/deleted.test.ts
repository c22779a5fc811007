/** What was deleted: listed, restored and purged by the command; and an environment rolled back. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startPerson } from '../support/cli.ts'

suite('strongroom deleted and rollback', () => {
  test('list, restore and purge what the account keeps', async (t) => {
    const person = await startPerson(t)
    assert.match((await person.run(['settings', 'show'])).stdout, /^Undo +off: deletion is permanent\n/)
    const on = await person.run(['settings', 'update', '--recovery-days', '7'])
    assert.equal(on.stdout, 'Undo is on: what is deleted can be restored for 7 days.\n', on.stderr)
    await person.run(['secrets', 'set', 'a'], { input: 'x' })
    const until = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10)
    const told = await person.run(['secrets', 'delete', 'a', '--yes'])
    assert.equal(told.stdout, `a is deleted. Until ${until} it can be restored: strongroom deleted restore 1\n`)

    const listed = await person.run(['deleted', 'list'])
    assert.match(listed.stdout, /^ID +KIND +NAME +ENVIRONMENT +DELETED +BY +RESTORABLE UNTIL\n1 +secret +a +default /)
    const { deleted } = JSON.parse((await person.run(['deleted', 'list', '--json'])).stdout)
    assert.deepEqual([deleted.length, deleted[0].name], [1, 'a'])
    assert.equal((await person.run(['deleted', 'restore', '1'])).stdout, 'Restored the secret a (id 1).\n')
    assert.equal((await person.run(['secrets', 'get', 'a'])).stdout.trim(), 'x')
    assert.equal((await person.run(['deleted', 'restore', '1'])).code, 3)
    await person.run(['secrets', 'delete', 'a', '--yes'])
    await person.run(['secrets', 'set', 'a'], { input: 'y' })
    assert.equal((await person.run(['deleted', 'restore', '2'])).code, 5, 'its name is taken')
    const renamed = await person.run(['deleted', 'restore', '2', '--name', 'a-old'])
    assert.equal(renamed.stdout, 'Restored the secret a-old (id 1).\n')
    await person.run(['secrets', 'delete', 'a-old', '--yes'])
    assert.equal((await person.run(['deleted', 'purge', '3'])).code, 2, 'unasked, nothing is destroyed')
    assert.equal((await person.run(['deleted', 'purge', '3', '--yes'])).stdout, 'Deletion 3 is destroyed.\n')
    assert.equal((await person.run(['deleted', 'restore', '3'])).code, 3)
    assert.equal((await person.run(['deleted', 'restore', 'a'])).code, 2)
    const { stdout } = await person.run(['secrets', 'delete', 'a', '--yes', '--json'])
    const gone = { deleted: { id: 2, name: 'a' }, deletion: 4, restorable_until: until }
    assert.deepEqual(JSON.parse(stdout), gone)
    const lower = ['settings', 'update', '--recovery-days', '0']
    assert.equal((await person.run(lower)).code, 2, 'unasked, nothing is destroyed')
    assert.match((await person.run(['settings', 'show'])).stdout, /restored for 7 days/)
    assert.equal((await person.run([...lower, '--yes'])).stdout, 'Undo is off: deletion is permanent.\n')
    assert.equal((await person.run(['settings', 'update', '--recovery-days', '91'])).code, 2)
  })

  test('say before a deletion whether it can be restored, and until when', async (t) => {
    const person = await startPerson(t)
    await person.run(['secrets', 'set', 'a'], { input: 'x' })
    await person.run(['lists', 'create', 'web'])
    await person.run(['env', 'create', 'staging'])
    const asks = async () => [
      (await person.onTerminal(['secrets', 'delete', 'a'], [['Type the name', 'no\r']])).text,
      (await person.onTerminal(['lists', 'delete', 'web'], [['Type the name', 'no\r']])).text,
      (await person.onTerminal(['env', 'delete', 'staging'], [['Delete the environment', 'n\r']])).text,
    ]

    for (const text of await asks()) assert.match(text, /will be gone for good/)
    await person.server.api.put('/v3/settings', { recovery_days: 7 })
    const until = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10)
    for (const text of await asks()) {
      assert.ok(
        text.replace(/\s+/g, ' ').includes(`can be restored until ${until} (see "strongroom deleted list")`),
        text,
      )
      assert.doesNotMatch(text, /for good/)
    }
  })

  test('say where nothing was kept what changes that', async (t) => {
    const person = await startPerson(t)

    const { code, stdout, stderr } = await person.run(['deleted', 'list'])
    assert.deepEqual([code, stdout], [0, ''])
    assert.match(stderr, /^Nothing .* Deletion is permanent .*settings update --recovery-days 7/)
    assert.deepEqual(JSON.parse((await person.run(['deleted', 'list', '--json'])).stdout), { deleted: [] })
  })

  test('say where nothing is kept that it is kept elsewhere, if it is kept', async (t) => {
    const person = await startPerson(t)
    await person.server.api.put('/v3/settings', { recovery_days: 7 })
    await person.run(['env', 'create', 'staging'])
    await person.run(['secrets', 'set', 'a', '-e', 'staging'], { input: 'x' })
    await person.run(['secrets', 'delete', 'a', '-e', 'staging', '--yes'])

    const { code, stdout, stderr } = await person.run(['deleted', 'list'])
    assert.deepEqual([code, stdout], [0, ''])
    assert.match(stderr, /^Nothing .* for 7 days.* its own environment: name it with -e\./)
    assert.doesNotMatch(stderr, /permanent|recovery-days/)
    assert.match((await person.run(['deleted', 'list', '-e', 'staging'])).stdout, /\n1 +secret +a +staging /)
  })

  test('roll an environment back after a preview', async (t) => {
    const person = await startPerson(t)
    await person.run(['secrets', 'set', 'a'], { input: 'one' })
    const to = new Date().toISOString()
    await person.run(['secrets', 'set', 'a'], { input: 'two' })
    await person.run(['secrets', 'set', 'b'], { input: 'new' })

    const preview = await person.run(['rollback', '--to', to, '--dry-run'])
    assert.match(preview.stdout, /gets its old value +a +2 +1\n/, preview.stderr)
    assert.match(preview.stdout, /is new +b +1/)
    assert.match(preview.stderr, /1 secret created since then will stay; --delete-created /)
    assert.equal((await person.run(['secrets', 'get', 'a'])).stdout.trim(), 'two')
    assert.equal((await person.run(['rollback', '--to', to])).code, 2, 'unasked, nothing is done')
    const done = await person.run(['rollback', '--to', to, '--delete-created', '--yes'])
    assert.match(done.stdout, /Rolled back 2 secrets in default to /, done.stderr)
    assert.equal((await person.run(['secrets', 'get', 'a'])).stdout.trim(), 'one')
    assert.equal((await person.run(['secrets', 'get', 'b'])).code, 3)
    for (const how of ['--dry-run', '--yes']) {
      const again = await person.run(['rollback', '--to', to, how])
      assert.deepEqual([again.code, again.stderr], [0, 'Nothing to roll back in default.\n'])
    }
    assert.match((await person.run(['secrets', 'history', 'a'])).stdout, /3/)
    assert.equal((await person.run(['rollback', '--to', 'yesterday'])).code, 2)
    assert.equal((await person.run(['rollback'])).code, 2)
  })
})
