/** A store of each released version, opened by the command of now as a process: it serves, its trail holds, host commands work. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { facts, firstStore } from '../store/first-store.ts'
import { runCommand, startChild } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { makeIdentity } from '../support/identity.ts'

const root = join(import.meta.dirname, '..', '..')

test('there is a store of each released version', () => {
  const released = [...readFileSync(join(root, 'CHANGELOG.md'), 'utf8').matchAll(/^## \[(\d+\.\d+)\.0\]/gm)]
  for (const [, version = ''] of released) {
    assert.ok(existsSync(join(root, `test/store/store-${version}`)), `test/store/store-${version}: see CONTRIBUTING.md`)
  }
  assert.ok(existsSync(join(root, 'test/store/store-0.1')))
})

for (const engine of engines) {
  suite(`${engine.name}: a store of 0.1 and the command of now`, { skip: engine.skip }, () => {
    test('serves, verifies, is administered, backed up and restored', async (t) => {
      const place = await firstStore(t, engine)
      const host = (...words: string[]) => {
        const { code, stdout, stderr } = runCommand(place, words)
        assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
        return stdout
      }
      const server = await startChild(t, place)
      const api = server.api(facts.key)

      assert.equal((await api.get('/v3/secrets/1')).body.value, 'third ✓')
      assert.match(host('account', 'list'), /default[\s\S]*other/)
      const key = /sr_\w{49}/.exec(host('key', 'create', 'made-now', '--account', 'other'))?.[0] ?? ''
      assert.equal((await server.api(key).get('/v3/secrets/1')).body.value, 'of the other')
      assert.match(host('key', 'list', '--account', 'default'), /reader/)
      assert.match(host('user', 'list', '--account', 'default'), /ada@example\.com/)
      host('account', 'rotate-key', 'default')
      assert.equal((await api.post('/v3/secrets', { name: 'of-now', value: 'new' })).status, 201)
      const folder = makeFolder()
      const { file, recipient } = await makeIdentity()
      host('backup', '--out', join(folder, 'all'), '--recipient', recipient)
      assert.match(
        host('backup', 'verify', '--from', join(folder, 'all'), '--identity', file),
        /can be restored: 2 accounts/,
      )
      assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null })
      const verified = runCommand(place, ['audit', 'verify', '--state'])
      // 3: no checkpoint from outside was given.
      assert.equal(verified.code, 3, verified.stdout + verified.stderr)
      assert.match(verified.stdout, /default .*records hold/)
      const next = await startChild(t, place)
      assert.equal((await next.api(facts.key).get('/v3/secrets/1')).body.value, 'third ✓')
      await next.end('SIGTERM')
    })
  })
}
