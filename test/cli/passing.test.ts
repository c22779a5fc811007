/** Signals that a command hands on to the process which it stands for. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startPassing } from '../../src/cli/process.ts'

test('A signal that comes with the end of the process is heard, though that is told of first', async () => {
  const { child, ended, deadly } = startPassing(() => spawn('sleep', ['60'], { stdio: 'inherit' }))
  await once(child, 'spawn')
  child.kill('SIGKILL')
  // In one go, so that nothing is told of before both are there.
  for (let state = ''; state !== 'Z'; ) {
    state = /\) (\w) /.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))?.[1] ?? ''
  }
  process.kill(process.pid, 'SIGTERM')

  assert.deepEqual(await ended, { code: null, signal: 'SIGKILL' })

  assert.equal(deadly(), 'SIGTERM')
})
