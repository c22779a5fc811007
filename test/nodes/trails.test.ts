/** What a node acknowledged of a trail is held against what it reads of it, and not against what it began to read before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Trails } from '../../src/store/trails.ts'

test('A trail is held against what was acknowledged before it was read, and not after', () => {
  const trails = new Trails()
  const lost: number[] = []
  trails.onLost(({ size }, found) => lost.push(size, found))
  const trail = (auditSize: number, fill = auditSize) => [
    { id: 1, auditSize, auditHead: new Uint8Array(32).fill(fill) },
  ]
  trails.acknowledge(trail(5))
  const since = trails.moment
  trails.compare(trail(5), since)

  // Another batch went on with it, and was answered while this one was being read.
  trails.acknowledge(trail(7))
  trails.acknowledge(trail(6))
  trails.compare(trail(5), since)
  assert.deepEqual(lost, [])
  assert.equal(trails.known[0]?.size, 7)

  trails.compare(trail(7, 9), trails.moment)
  assert.deepEqual(lost, [7, 7])
  trails.acknowledge(trail(8))
  trails.compare(trail(5), trails.moment)
  assert.deepEqual(lost, [7, 7, 8, 5])
})

test('What a trail has lost is told once, though two come upon it, and what was acknowledged since is kept', () => {
  const trails = new Trails()
  const lost: number[] = []
  trails.onLost((_, found) => lost.push(found))
  trails.acknowledge([{ id: 1, auditSize: 5, auditHead: new Uint8Array(32) }])
  const known = trails.known[0] ?? assert.fail()

  trails.lose(known, 3)
  trails.lose(known, 3)
  assert.deepEqual(lost, [3])

  trails.acknowledge([{ id: 1, auditSize: 4, auditHead: new Uint8Array(32) }])
  trails.lose(known, 4)
  assert.deepEqual([lost, trails.known.map(({ size }) => size)], [[3], [4]])
})
