/** Sealing: equal to an independent implementation, and broken by every change and every move. */
import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { open, overheadBytes, seal } from '../../src/crypto/aead.ts'
import { contextOf, type SealContext } from '../../src/crypto/context.ts'
import { Refusal } from '../../src/errors.ts'
import { fc } from '../support/fast-check.ts'
import * as independent from './aead-independent.ts'

interface Vector {
  readonly purpose: keyof typeof purposes
  readonly storeId: string
  readonly accountId: number
  readonly uid: string
  readonly version: number
  readonly keyVersion: number
  readonly name: string
  readonly key: string
  readonly salt: string
  readonly nonce: string
  readonly message: string
  readonly context: string
  readonly sealed: string
}

const purposes = { masterKey: 1, accountKey: 2, secretKey: 3, value: 4, canary: 5 } as const
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/sealed.json'), 'utf8')) as Vector[]
const hex = (text: string) => Buffer.from(text, 'hex')
const isBroken = (error: unknown) => error instanceof Refusal && error.code === 'integrity_failure'
const place: SealContext = {
  purpose: 'value',
  storeId: '0a'.repeat(16),
  accountId: 1,
  uid: '0b'.repeat(16),
  version: 1,
  keyVersion: 1,
  name: 'db',
}

suite('The independent implementation', () => {
  test('agrees with RFC 5869, A.1', () => {
    const okm = independent.hkdf(
      'sha256',
      Buffer.alloc(22, 0x0b),
      hex('000102030405060708090a0b0c'),
      hex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    )
    assert.equal(
      okm.toString('hex'),
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    )
  })

  test('agrees with the GCM specification, test cases 13 and 16', () => {
    assert.equal(
      independent.gcm(Buffer.alloc(32), Buffer.alloc(12), Buffer.alloc(0), Buffer.alloc(0)).toString('hex'),
      '530f8afbc74536b9a963b4f1c4cb738b',
    )
    const text = independent.gcm(
      hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
      hex('cafebabefacedbaddecaf888'),
      hex(
        'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
      ),
      hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
    )
    assert.equal(
      text.toString('hex'),
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    )
  })
})

suite('A sealed value', () => {
  test('of the published vectors opens, and has the published form', () => {
    assert.ok(vectors.length >= 6)
    for (const vector of vectors) {
      const { purpose, key, salt, nonce, message, keyVersion } = vector
      const context = independent.context({ ...vector, purpose: purposes[purpose] })
      const parts = { key: hex(key), keyVersion, salt: hex(salt), nonce: hex(nonce), context, message: hex(message) }

      assert.equal(contextOf(vector).toString('hex'), vector.context)
      assert.equal(context.toString('hex'), vector.context)
      assert.equal(independent.seal(parts).toString('hex'), vector.sealed)
      assert.equal(
        open(createSecretKey(hex(key)), hex(vector.sealed), contextOf(vector), keyVersion).toString('hex'),
        message,
      )
    }
  })

  test('is what the independent implementation makes of the same salt and nonce', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 100 }),
        fc.nat(2 ** 32 - 1),
        (key, message, keyVersion) => {
          const context = contextOf(place)
          const blob = seal(createSecretKey(key), message, context, keyVersion)
          const [salt, nonce] = [blob.subarray(5, 21), blob.subarray(21, 33)]
          assert.deepEqual(blob, independent.seal({ key, keyVersion, salt, nonce, context, message }))
          assert.equal(blob.length, message.length + overheadBytes)
          assert.deepEqual(open(createSecretKey(key), blob, context, keyVersion), Buffer.from(message))
        },
      ),
    )
  })

  test('with any one bit flipped is refused', () => {
    const [key, context] = [createSecretKey(randomBytes(32)), contextOf(place)]
    const blob = seal(key, Buffer.from('s3cur3-p4ssw0rd'), context, 1)
    assert.equal(open(key, blob, context, 1).toString(), 's3cur3-p4ssw0rd')

    for (let bit = 0; bit < blob.length * 8; bit++) {
      const flipped = Buffer.from(blob)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.throws(() => open(key, flipped, context, 1), isBroken, `bit ${bit}`)
    }
  })

  test('with its tag cut, anything cut or anything added is refused', () => {
    const [key, context] = [createSecretKey(randomBytes(32)), contextOf(place)]
    const blob = seal(key, Buffer.from('s3cur3-p4ssw0rd'), context, 1)

    for (let length = 0; length < blob.length; length++) {
      assert.throws(() => open(key, blob.subarray(0, length), context, 1), isBroken, `cut to ${length}`)
      assert.throws(() => open(key, blob.subarray(blob.length - length), context, 1), isBroken, `last ${length}`)
    }
    for (const tail of [Buffer.alloc(1), Buffer.alloc(16), blob]) {
      assert.throws(() => open(key, Buffer.concat([blob, tail]), context, 1), isBroken)
    }
    assert.throws(() => open(key, seal(key, Buffer.alloc(0), context, 1).subarray(0, -1), context, 1), isBroken)
  })

  test('of an unknown algorithm is refused', () => {
    const [key, context] = [createSecretKey(randomBytes(32)), contextOf(place)]
    const blob = seal(key, Buffer.from('value'), context, 1)

    for (let algorithm = 0; algorithm < 256; algorithm++) {
      if (algorithm === 1) continue
      blob[0] = algorithm
      assert.throws(() => open(key, blob, context, 1), isBroken)
    }
  })

  test('opens in its own place alone, and under its own key alone', () => {
    const places: SealContext[] = [
      place,
      { ...place, purpose: 'secretKey' },
      { ...place, storeId: '0c'.repeat(16) },
      { ...place, accountId: 2 },
      { ...place, accountId: 2 ** 32 + 1 },
      { ...place, uid: '0d'.repeat(16) },
      { ...place, version: 2 },
      { ...place, version: 2 ** 32 + 1 },
      { ...place, keyVersion: 2 },
      { ...place, name: 'dB' },
      { ...place, name: 'db\0' },
      { ...place, name: '' },
    ]
    const keys = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))] as const

    for (const from of places) {
      const blob = seal(keys[0], Buffer.from('value'), contextOf(from), 1)
      for (const to of places) {
        if (to === from) assert.equal(open(keys[0], blob, contextOf(to), 1, true).toString(), 'value')
        else assert.throws(() => open(keys[0], blob, contextOf(to), 1, true), isBroken)
        assert.throws(() => open(keys[1], blob, contextOf(to), 1, true), isBroken)
      }
    }
    const contexts = places.map((one) => contextOf(one).toString('hex'))
    assert.equal(new Set(contexts).size, places.length)
  })

  test('is new each time, even of the same value', () => {
    const [key, context] = [createSecretKey(randomBytes(32)), contextOf(place)]
    const blobs = Array.from({ length: 1000 }, () =>
      seal(key, Buffer.from('same'), context, 1).subarray(5, 33).toString('hex'),
    )
    assert.equal(new Set(blobs).size, 1000)
  })
})
