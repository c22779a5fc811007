/** Random bytes: from the system at each use, and never twice. */
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { suite, type TestContext, test } from 'node:test'
import { seal } from '../../src/crypto/aead.ts'
import { fillRandom, newUid, randomBytes } from '../../src/crypto/random.ts'
import { generateToken } from '../../src/crypto/token.ts'
import { fc } from '../support/fast-check.ts'

/** How many bytes the system is asked for, each time that it is. */
function watchSystem(t: TestContext): number[] {
  const asked: number[] = []
  const read = fs.readSync
  t.mock.method(fs, 'readSync', (file: number, bytes: NodeJS.ArrayBufferView, at: number, length: number) => {
    asked.push(length)
    return read(file, bytes, at, length, null)
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  return asked
}

suite('Random bytes', () => {
  test('are read from the system when they are used: a machine that is restored twice repeats none', (t) => {
    newUid()
    const asked = watchSystem(t)
    const key = createSecretKey(Buffer.alloc(32))
    const before = asked.length

    for (let draw = 0; draw < 3; draw++) {
      newUid()
      generateToken()
      seal(key, Buffer.from('value'), Buffer.from('context'), 1)
    }

    assert.equal(before, 0)
    // An id; a token; a salt of 16 bytes with a nonce of 12.
    assert.deepEqual(asked, [16, 32, 28, 16, 32, 28, 16, 32, 28])
  })

  test('fill what is asked for and nothing beside it, however the system hands them out', (t) => {
    const read = fs.readSync
    t.mock.method(fs, 'readSync', (file: number, bytes: NodeJS.ArrayBufferView, at: number, length: number) =>
      read(file, bytes, at, Math.min(length, 7), null),
    )
    syncBuiltinESMExports()
    t.after(() => {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    })
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 20 }), (lengths) => {
        const draws = lengths.map((length) => {
          const bytes = new Uint8Array(length + 2)
          fillRandom(bytes.subarray(1, length + 1))
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
    const counts = new Array<number>(256).fill(0)
    for (const byte of randomBytes(262_144)) counts[byte] = (counts[byte] ?? 0) + 1
    // 1024 of each are expected, with a standard deviation of 32.
    assert.ok(counts.every((count) => count > 700 && count < 1350))
  })

  test('make ids of 16 bytes', () => {
    const ids = Array.from({ length: 1000 }, newUid)
    assert.ok(ids.every((id) => /^[0-9a-f]{32}$/.test(id)))
    assert.equal(new Set(ids).size, ids.length)
  })
})
