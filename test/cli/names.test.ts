/** Names that a hostile server sends: no path for the command, and nothing that steers a terminal. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { startPerson } from '../support/cli.ts'
import { Middleman } from '../support/middleman.ts'

suite('strongroom secrets edit', () => {
  test('writes to no place that a name of the server leads to, and lets no name steer the terminal', async (t) => {
    const person = await startPerson(t)
    await person.run(['secrets', 'set', 'config'], { input: 'x' })
    const [editor, left] = [join(person.folder, 'editor.sh'), join(person.folder, 'left')]
    writeFileSync(editor, `#!/bin/sh\necho "$1" > ${left}\n`, { mode: 0o700 })
    const middleman = await Middleman.start(t, person.server.url)
    const { body } = await person.server.api.get('/v3/metadata?name=config')
    const [secret] = body.secrets
    for (const name of [
      '../../planted',
      '/tmp/planted',
      '..',
      'a/../../planted.txt',
      '\u001b]52;c;eA==\u0007\u009b2J\u202e',
    ]) {
      const headers = { 'content-type': 'application/json', etag: '"1"' }
      middleman.tricks.push({ status: 200, headers, body: { ...secret, name } })
      const env = { EDITOR: editor, STRONGROOM_URL: middleman.url }
      const { code, stdout, stderr } = await person.run(['secrets', 'edit', `id:${secret.id}`], { env })

      assert.equal(code, 0, stderr)
      assert.match(readFileSync(left, 'utf8').trim(), /\/strongroom-[A-Za-z0-9]+\/value(\.txt)?$/)
      assert.match(stdout, / is as it was/)
      assert.doesNotMatch((stdout + stderr).replaceAll('\n', ''), /[\p{Cc}\u202e]/u)
    }
  })
})
