/** The file of checkpoints: whatever the disk does, it has whole notes, and what it has not is said. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { makeFolder } from '../support/engines.ts'

test('A checkpoint that the disk takes a part of is refused, and nothing of it is kept', (t) => {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'checkpoints')
  const before = 'a note\n'.repeat(100)
  writeFileSync(path, before)
  const source = pathToFileURL(join(import.meta.dirname, '../../src/cli/host/checkpoint-file.ts')).href
  const program = `
    import { appendTo } from ${JSON.stringify(source)}
    process.on('SIGXFSZ', () => {})
    try {
      appendTo(${JSON.stringify(path)})('another note\\n'.repeat(1000))
    } catch ({ code }) {
      console.log(code)
    }`

  // No file may be longer than a thousand bytes, or two.
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 2; exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: 'utf8', env: {} },
  )

  assert.equal(stdout.trim(), 'EFBIG', stderr)
  assert.equal(readFileSync(path, 'utf8'), before)
})
