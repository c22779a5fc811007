/** The index of a segment while it is made: what it says is held against a model, and its memory against a limit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Indexed, placeOf, read, SegmentIndex, trailShape } from '../../src/audit/trail-index.ts'
import { collectAll } from '../../src/collect.ts'

const { segment, stretch } = trailShape
/** Live objects and bytes of the longest segment, whatever its records are about. */
const mostBytes = 32e6

/** As an import leaves them: each is of another secret. */
function recordAt(at: number): Indexed {
  return {
    ...{ seq: 1 + at, kind: 'key', principalId: 1, principalName: 'ci', action: 'secret.create', outcome: 'ok' },
    ...{ secretId: 1 + at, secretName: `imported-${at}`, environmentId: null },
  }
}

function liveBytes(): number {
  collectAll()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test('the index of a segment whose records are each of another secret is small, and knows all of them', () => {
  const before = liveBytes()
  const index = new SegmentIndex(trailShape, 1)
  for (let at = 0; at < segment; at++) index.take(recordAt(at))
  const bytes = liveBytes() - before

  assert.ok(index.isWhole)
  assert.ok(bytes < mostBytes, `It takes ${Math.round(bytes / 1e6)} MB.`)
  for (const at of [0, 1, stretch, 777, segment / 2, segment - 1]) {
    for (const thing of [`secret ${1 + at}`, `action secret.create secret named imported-${at}`]) {
      const { bucket, key } = placeOf(thing)
      const bits = read(index.row(bucket), [key]).found.get(key)
      assert.ok(bits !== undefined, thing)
      const where = Math.floor(at / stretch)
      assert.ok(((bits[where >> 3] ?? 0) & (1 << (where & 7))) !== 0, thing)
    }
  }
})
