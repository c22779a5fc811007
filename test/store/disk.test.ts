/** How much room a disk has is asked in bounded numbers, whatever the disk does. */
import assert from 'node:assert/strict'
import type { statfs } from 'node:fs/promises'
import { test } from 'node:test'
import { DiskWatch } from '../../src/store/disk.ts'

test('A disk that hangs is asked once, and again when it has answered', async (t) => {
  const answers: PromiseWithResolvers<{ bavail: number; bsize: number }>[] = []
  const ask = (() => {
    const answer = Promise.withResolvers<{ bavail: number; bsize: number }>()
    answers.push(answer)
    return answer.promise
  }) as unknown as typeof statfs
  const watch = new DiskWatch('/', 1000, ask)
  t.after(() => watch.stop())

  const looks = [watch.look(), watch.look(), watch.look()]
  assert.equal(answers.length, 1)
  answers[0]?.resolve({ bavail: 1, bsize: 999 })
  await Promise.all(looks)
  assert.ok(watch.isLow)

  const again = watch.look()
  assert.equal(answers.length, 2)
  answers[1]?.reject(new Error('gone'))
  await again
  assert.ok(watch.isLow)
})
