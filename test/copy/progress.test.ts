/** Who makes or restores a backup at a terminal sees how far it is; programs see nothing of it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { environment, runCommand } from '../support/child.ts'
import { runOnTerminal } from '../support/cli.ts'
import { emptyPlace } from '../support/copied-place.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { makeIdentity } from '../support/identity.ts'
import { startServer } from '../support/server.ts'

/** As the text is without the steering of the terminal: each new state of a line after a mark. */
const statesOf = (text: string) => text.replaceAll('\r\u001b[K', '⟲').replaceAll(/\p{Cc}\[\d+m/gu, '')
/** A full bar with these counts. */
const bar = (counts: string) => new RegExp(`⟲█{24} ${counts}⟲`)
const anyBar = /█|░|⟲/

for (const engine of engines) {
  suite(`${engine.name}: a backup`, { skip: engine.skip }, () => {
    test('that is made, proven or restored shows on a terminal how far that is', async (t) => {
      const { api, place } = await startServer(t, engine)
      for (const name of ['a', 'b', 'c']) await api.post('/v3/secrets', { name, value: `value of ${name}` })
      const folder = makeFolder()
      const [out, to] = [join(folder, 'backup'), await emptyPlace(t, engine, place)]
      const { file: identity, recipient } = await makeIdentity()
      const onTerminal = (where: typeof place, words: readonly string[]) =>
        runOnTerminal(words, { folder, env: environment(where) })
      const make = ['backup', '--out', out, '--recipient', recipient]
      const verify = ['backup', 'verify', '--from', out, '--identity', identity]
      const restore = ['restore', '--from', out, '--identity', identity]

      const made = await onTerminal(place, make)
      const proven = await onTerminal(place, verify)
      const restored = await onTerminal(to, restore)

      assert.deepEqual([made.code, proven.code, restored.code], [0, 0, 0], made.text + proven.text + restored.text)
      const [, done, total] = /⟲█{24} (\d+)\/(\d+) rows⟲Backup [0-9a-f]{32} is made/.exec(statesOf(made.text)) ?? []
      assert.ok(Number(done) > 10 && done === total, made.text)
      for (const text of [proven, restored].map((one) => statesOf(one.text))) {
        assert.match(text, bar('1/1 MB read'))
        assert.match(text, bar(`${total}/${total} rows compared`))
        assert.match(text, bar('(\\d+)/\\1 audit records verified'))
        assert.match(text, bar('3/3 values'))
      }
    })

    test('shows nothing of it to a program, or beside JSON', async (t) => {
      const { place } = await startServer(t, engine)
      const folder = makeFolder()
      const out = join(folder, 'backup')
      const { file: identity, recipient } = await makeIdentity()
      const make = ['backup', '--replace', '--out', out, '--recipient', recipient]
      const verify = ['backup', 'verify', '--from', out, '--identity', identity]

      for (const words of [make, verify]) {
        const { text, code } = await runOnTerminal([...words, '--json'], { folder, env: environment(place) })
        assert.equal(code, 0, text)
        assert.doesNotMatch(statesOf(text), anyBar)
        const piped = runCommand(place, words)
        assert.equal(piped.code, 0, piped.stderr)
        assert.doesNotMatch(statesOf(piped.stdout + piped.stderr), anyBar)
      }
    })
  })
}
