/** Public random bytes: drawn in blocks, and never twice. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fillPublic, newUid } from '../../src/crypto/random.ts'
import { fc } from '../support/fast-check.ts'

suite('Public random bytes', () => {
  test('fill what is asked for, and never come twice, however draws fall over the blocks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 16, max: 700 }), { minLength: 1, maxLength: 100 }), (lengths) => {
        const draws = lengths.map((length) => {
          const bytes = new Uint8Array(length + 2)
          fillPublic(bytes.subarray(1, length + 1))
          assert.deepEqual([bytes[0], bytes[length + 1]], [0, 0])
          return Buffer.from(bytes.subarray(1, length + 1))
        })
        const pieces = draws.flatMap((draw) =>
          Array.from({ length: Math.floor(draw.length / 16) }, (_, at) =>
            draw.subarray(16 * at, 16 * at + 16).toString('hex'),
          ),
        )
        assert.equal(new Set(pieces).size, pieces.length)
      }),
    )
  })

  test('are as evenly spread as chance has it', () => {
    const bytes = new Uint8Array(4096)
    const counts = new Array<number>(256).fill(0)
    for (let round = 0; round < 64; round++) {
      fillPublic(bytes)
      for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
    }
    // 1024 of each are expected, with a standard deviation of 32.
    assert.ok(counts.every((count) => count > 700 && count < 1350))
  })

  test('are not more than a block holds', () => {
    assert.throws(() => fillPublic(new Uint8Array(4097)), RangeError)
  })

  test('make ids of 16 bytes', () => {
    const ids = Array.from({ length: 1000 }, newUid)
    assert.ok(ids.every((id) => /^[0-9a-f]{32}$/.test(id)))
    assert.equal(new Set(ids).size, ids.length)
  })
})
