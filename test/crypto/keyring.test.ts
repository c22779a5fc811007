/** The keys of a store: which open what, and nothing else. */
import assert from 'node:assert/strict'
import { createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'

import { suite, test } from 'node:test'
import { Keyring } from '../../src/crypto/keyring.ts'
import { createKeyring, masterKeysUnder, newMasterKey, sealUnderNext } from '../../src/crypto/master-key.ts'
import { Refusal } from '../../src/errors.ts'
import { gcmOpen } from './aead-independent.ts'

const isBroken = (error: unknown) => error instanceof Refusal && error.code === 'integrity_failure'
const [uid, otherUid] = ['0a'.repeat(16), '0b'.repeat(16)] as const
const place = { accountId: 1, uid, name: 'db-password', version: 1 }

function makeKeyring() {
  const rootBytes = randomBytes(32)
  const root = createSecretKey(rootBytes)
  const sealed = createKeyring(root)
  const accountKeyOf = (keyring: Keyring, accountId: number) => ({
    version: 1,
    wrapped: keyring.newAccountKey(accountId, 1).wrapped,
  })
  /** Another process on the same store: nothing unwrapped yet. */
  const reopen = () => new Keyring(root, sealed)
  return { root, sealed, keyring: new Keyring(root, sealed), reopen, accountKeyOf }
}

/** The bytes with one bit of each changed. */
function changesOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte, at) => Uint8Array.from(bytes, (other, place) => (place === at ? byte ^ 0x10 : other)))
}

suite('A keyring', () => {
  test('opens with its own root key alone', () => {
    const { sealed } = makeKeyring()

    assert.throws(() => new Keyring(createSecretKey(randomBytes(32)), sealed), /root key does not open this store/)
  })

  test('with any part of another store is refused', () => {
    const [one, two] = [makeKeyring(), makeKeyring()]
    const shared = createKeyring(one.root)

    for (const part of ['storeId', 'masterKeys', 'canary'] as const) {
      assert.throws(() => new Keyring(one.root, { ...one.sealed, [part]: two.sealed[part] }), isBroken, part)
      assert.throws(() => new Keyring(one.root, { ...one.sealed, [part]: shared[part] }), isBroken, part)
    }
    for (const changed of changesOf(one.sealed.canary)) {
      assert.throws(() => new Keyring(one.root, { ...one.sealed, canary: changed }), isBroken)
    }
    const [first] = one.sealed.masterKeys
    assert.ok(first)
    const second = newMasterKey(one.root, one.sealed.storeId, 2)
    for (const wrapped of changesOf(first.wrapped)) {
      const masterKeys = [{ ...first, wrapped }, second]
      assert.throws(() => new Keyring(one.root, { ...one.sealed, masterKeys }), isBroken)
    }
    for (const wrapped of [...changesOf(second.wrapped), first.wrapped]) {
      const masterKeys = [first, { ...second, wrapped }]
      assert.throws(() => new Keyring(one.root, { ...one.sealed, masterKeys }), isBroken)
    }
    for (const masterKeys of [
      [],
      [second],
      [second, first],
      [
        { ...second, version: 1 },
        { ...first, version: 2 },
      ],
    ]) {
      assert.throws(() => new Keyring(one.root, { ...one.sealed, masterKeys }), isBroken)
    }
  })

  test('with a newer version of the master key opens what either wraps, and wraps under the newer', () => {
    const { root, sealed, keyring, reopen, accountKeyOf } = makeKeyring()
    const old = accountKeyOf(keyring, 1)
    const { wrappedKey } = keyring.newSecretKey(1, uid, old)
    const newer = { ...sealed, masterKeys: [...sealed.masterKeys, newMasterKey(root, sealed.storeId, 2)] }

    keyring.learn(root, newer)
    const rewrapped = keyring.rewrapAccountKey(1, old)

    assert.equal(keyring.masterKeyVersion, 2)
    assert.deepEqual([keyring.masterVersionOf(old), keyring.masterVersionOf(rewrapped)], [1, 2])
    assert.equal(keyring.masterVersionOf(keyring.newAccountKey(2, 1)), 2)
    const later = new Keyring(root, newer)
    assert.ok(
      later.secretKey(place, wrappedKey, rewrapped).equals(new Keyring(root, newer).secretKey(place, wrappedKey, old)),
    )
    assert.equal(reopen().knows(rewrapped), false)
    assert.throws(() => reopen().secretKey(place, wrappedKey, rewrapped), isBroken)
    assert.throws(() => later.rewrapAccountKey(2, rewrapped), isBroken, 'of another account')
    assert.equal(later.tokenHash('sr_x'), reopen().tokenHash('sr_x'))
  })

  test('goes to another root key with every version of its master key', () => {
    const { root, sealed } = makeKeyring()
    const next = createSecretKey(randomBytes(32))
    const both = { ...sealed, masterKeys: [...sealed.masterKeys, newMasterKey(root, sealed.storeId, 2)] }

    const between = { ...both, masterKeys: sealUnderNext(root, both, next) }
    const after = { ...both, masterKeys: masterKeysUnder(next, between) }

    for (const one of [root, next]) assert.equal(new Keyring(one, between).masterKeyVersion, 2)
    assert.equal(new Keyring(next, after).masterKeyVersion, 2)
    assert.throws(() => new Keyring(root, after), isBroken)
  })

  test('opens a value after a restart, through every wrapped key on the way', () => {
    const { keyring, reopen, accountKeyOf } = makeKeyring()
    const accountKey = accountKeyOf(keyring, 1)
    const { wrappedKey, key } = keyring.newSecretKey(1, uid, accountKey)
    const sealed = keyring.sealValue(place, key, Buffer.from('value'))

    const later = reopen()

    assert.equal(later.openValue(place, later.secretKey(place, wrappedKey, accountKey), sealed).toString(), 'value')
  })

  test('refuses every key and every value in every place but its own', () => {
    const { keyring, reopen, accountKeyOf } = makeKeyring()
    const accountKeys = new Map([1, 2].map((id) => [id, accountKeyOf(keyring, id)]))
    const places = [1, 2].flatMap((accountId) =>
      [uid, otherUid].flatMap((one) =>
        [1, 2].map((version) => ({ accountId, uid: one, name: 'db-password', version })),
      ),
    )
    const stored = places.map((one) => {
      const accountKey = accountKeys.get(one.accountId) ?? assert.fail()
      const { wrappedKey, key } = keyring.newSecretKey(one.accountId, one.uid, accountKey)
      return { place: one, accountKey, wrappedKey, sealed: keyring.sealValue(one, key, Buffer.from('value')) }
    })

    for (const to of stored) {
      for (const from of stored) {
        const read = (change: Partial<typeof to>) => {
          const later = reopen()
          const { place: at, wrappedKey, accountKey, sealed } = { ...to, ...change }
          return later.openValue(at, later.secretKey(at, wrappedKey, accountKey), sealed)
        }
        if (from === to) assert.equal(read({}).toString(), 'value')
        else {
          assert.throws(() => read({ sealed: from.sealed }), isBroken)
          assert.throws(() => read({ wrappedKey: from.wrappedKey }), isBroken)
          // The same secret's other version: the key is the same kind, the value is not.
          assert.throws(() => read({ wrappedKey: from.wrappedKey, sealed: from.sealed }), isBroken)
          if (from.accountKey !== to.accountKey) assert.throws(() => read({ accountKey: from.accountKey }), isBroken)
        }
      }
      assert.throws(
        () => reopen().secretKey(to.place, { ...to.wrappedKey, keyVersion: 2 }, { ...to.accountKey, version: 2 }),
        isBroken,
      )
    }
  })

  test('knows a row by its MAC, and no other row, store or MAC', () => {
    const [{ keyring, reopen }, other] = [makeKeyring(), makeKeyring()]
    const mac = keyring.rowMac('row')

    for (const one of [keyring, reopen()]) {
      for (let repeat = 0; repeat < 2; repeat++) {
        assert.equal(one.isRowMac('row', mac), true)
        assert.equal(one.isRowMac('Row', mac), false)
        assert.equal(one.isRowMac('row', mac.subarray(1)), false)
        assert.equal(one.isRowMac('row', Buffer.concat([mac, mac])), false)
        assert.equal(one.isRowMac('row', Buffer.alloc(0)), false)
        for (let bit = 0; bit < 256; bit++) {
          const flipped = Buffer.from(mac)
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          assert.equal(one.isRowMac('row', flipped), false)
        }
      }
    }
    assert.equal(other.keyring.isRowMac('row', mac), false)
  })

  test('derives its working keys as docs/formats.md says', () => {
    const root = createSecretKey(randomBytes(32))
    const sealed = createKeyring(root)
    const keyring = new Keyring(root, sealed)
    // The master key, opened by hand from the blob that the store keeps.
    const context = Buffer.alloc(61)
    context.write('SR1', 0)
    context[3] = 1
    context.write(sealed.storeId, 4, 'hex')
    context[51] = 1
    context[56] = 1
    const blob = Buffer.from(sealed.masterKeys[0]?.wrapped ?? [])
    const keys = Buffer.from(hkdfSync('sha512', root, blob.subarray(5, 21), context, 64))
    assert.deepEqual(keys.subarray(32), blob.subarray(33, 65))
    const master = gcmOpen(keys.subarray(0, 32), blob.subarray(21, 33), blob.subarray(65), context)
    const derived = (label: string) =>
      Buffer.from(hkdfSync('sha512', master, Buffer.from(sealed.storeId, 'hex'), `strongroom 1 ${label}`, 32))

    assert.equal(keyring.tokenHash('sr_x'), createHmac('sha256', derived('api-key')).update('sr_x').digest('hex'))
    assert.deepEqual(
      keyring.rowMac('row'),
      createHmac('sha256', derived('row-mac')).update(`${sealed.storeId}\0row`).digest(),
    )
  })
})
