/** HMACs made with one call for each hash are those that Node makes. */
import assert from 'node:assert/strict'
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Hmac } from '../../src/crypto/hmac.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'

const texts = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 400 }),
  // Lone surrogates too, and texts that are longer than the room that there is at first.
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4000 }).map((units) => String.fromCharCode(...units)),
)

test('an HMAC is the one that Node makes, of any text, one after the other', () => {
  for (const bytes of [0, 1, 32, 63, 64]) {
    const key = createSecretKey(randomBytes(bytes))
    const [hmac, other] = [new Hmac(key, 'store\0'), new Hmac(createSecretKey(randomBytes(32)), 'store\0')]
    fc.assert(
      fc.property(texts, (text) => {
        const mac = createHmac('sha256', key).update(`store\0${text}`).digest()
        assert.deepEqual(hmac.of(text), mac)
        assert.equal(hmac.isOf(text, mac), true)
        assert.equal(other.isOf(text, mac), false)
        assert.equal(hmac.isOf(`${text}.`, mac), false)
      }),
    )
  }
})

test('an HMAC that lacks a byte, has one more or another is none', () => {
  const hmac = new Hmac(createSecretKey(randomBytes(32)), '')
  const mac = hmac.of('row')
  assert.equal(hmac.isOf('row', mac.subarray(1)), false)
  assert.equal(hmac.isOf('row', Buffer.concat([mac, Buffer.alloc(1)])), false)
  for (let at = 0; at < mac.length; at++) {
    const flipped = Buffer.from(mac)
    flipped[at] = (flipped[at] ?? 0) ^ 1
    assert.equal(hmac.isOf('row', flipped), false)
  }
})

test('a key that would have to be hashed first is refused', () => {
  assert.throws(() => new Hmac(createSecretKey(randomBytes(65)), ''), RangeError)
})
