/** The keys of a store: which open what, and nothing else. */
import assert from 'node:assert/strict'
import { createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'

import { suite, test } from 'node:test'
import { Keyring } from '../../src/crypto/keyring.ts'
import { addRootKey, createKeyring, keepRootKeys, newMasterKey } from '../../src/crypto/master-key.ts'
import { localKey } from '../../src/crypto/providers/local.ts'
import { readForms } from '../../src/crypto/root-forms.ts'
import { Refusal } from '../../src/errors.ts'
import { gcmOpen } from './aead-independent.ts'

const isBroken = (error: unknown) => error instanceof Refusal && error.code === 'integrity_failure'
const [uid, otherUid] = ['0a'.repeat(16), '0b'.repeat(16)] as const
const place = { accountId: 1, uid, name: 'db-password', version: 1 }

function newRoot() {
  const key = createSecretKey(randomBytes(32))
  return localKey(() => key)
}

async function makeKeyring() {
  const root = newRoot()
  const sealed = await createKeyring([root])
  const accountKeyOf = (keyring: Keyring, accountId: number) => ({
    version: 1,
    wrapped: keyring.newAccountKey(accountId, 1).wrapped,
  })
  /** Another process on the same store: nothing unwrapped yet. */
  const reopen = () => Keyring.open([root], sealed)
  return { root, sealed, keyring: await reopen(), reopen, accountKeyOf }
}

/** The bytes with one bit of each changed. */
function changesOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte, at) => Uint8Array.from(bytes, (other, place) => (place === at ? byte ^ 0x10 : other)))
}

suite('A keyring', () => {
  test('opens with its own root key alone', async () => {
    const { sealed } = await makeKeyring()

    await assert.rejects(Keyring.open([newRoot()], sealed), /root key does not open this store/)
  })

  test('with any part of another store is refused', async () => {
    const [one, two] = [await makeKeyring(), await makeKeyring()]
    const shared = await createKeyring([one.root])

    for (const part of ['storeId', 'masterKeys', 'canary'] as const) {
      await assert.rejects(Keyring.open([one.root], { ...one.sealed, [part]: two.sealed[part] }), isBroken, part)
      await assert.rejects(Keyring.open([one.root], { ...one.sealed, [part]: shared[part] }), isBroken, part)
    }
    for (const changed of changesOf(one.sealed.canary)) {
      await assert.rejects(Keyring.open([one.root], { ...one.sealed, canary: changed }), isBroken)
    }
    const [first] = one.sealed.masterKeys
    assert.ok(first)
    const second = await newMasterKey([one.root], one.sealed, 2)
    for (const wrapped of changesOf(first.wrapped)) {
      const masterKeys = [{ ...first, wrapped }, second]
      await assert.rejects(Keyring.open([one.root], { ...one.sealed, masterKeys }), isBroken)
    }
    for (const wrapped of [...changesOf(second.wrapped), first.wrapped]) {
      const masterKeys = [first, { ...second, wrapped }]
      await assert.rejects(Keyring.open([one.root], { ...one.sealed, masterKeys }), isBroken)
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
      await assert.rejects(Keyring.open([one.root], { ...one.sealed, masterKeys }), isBroken)
    }
  })

  test('with a newer version of the master key opens what either wraps, and wraps under the newer', async () => {
    const { root, sealed, keyring, reopen, accountKeyOf } = await makeKeyring()
    const old = accountKeyOf(keyring, 1)
    const { wrappedKey } = keyring.newSecretKey(1, uid, old)
    const newer = { ...sealed, masterKeys: [...sealed.masterKeys, await newMasterKey([root], sealed, 2)] }

    await keyring.learn([root], newer)
    const rewrapped = keyring.rewrapAccountKey(1, old)

    assert.equal(keyring.masterKeyVersion, 2)
    assert.deepEqual([keyring.masterVersionOf(old), keyring.masterVersionOf(rewrapped)], [1, 2])
    assert.equal(keyring.masterVersionOf(keyring.newAccountKey(2, 1)), 2)
    const [later, another] = [await Keyring.open([root], newer), await Keyring.open([root], newer)]
    assert.ok(later.secretKey(place, wrappedKey, rewrapped).equals(another.secretKey(place, wrappedKey, old)))
    const before = await reopen()
    assert.equal(before.knows(rewrapped), false)
    assert.throws(() => before.secretKey(place, wrappedKey, rewrapped), isBroken)
    assert.throws(() => later.rewrapAccountKey(2, rewrapped), isBroken, 'of another account')
    assert.equal(later.tokenHash('sr_x'), before.tokenHash('sr_x'))
  })

  test('goes to another root key with every version of its master key', async () => {
    const { root, sealed } = await makeKeyring()
    const next = newRoot()
    const both = { ...sealed, masterKeys: [...sealed.masterKeys, await newMasterKey([root], sealed, 2)] }

    const between = { ...both, masterKeys: await addRootKey([root], both, next) }
    const after = { ...both, masterKeys: await keepRootKeys([next], between) }

    for (const one of [root, next]) assert.equal((await Keyring.open([one], between)).masterKeyVersion, 2)
    assert.equal((await Keyring.open([next], after)).masterKeyVersion, 2)
    await assert.rejects(Keyring.open([root], after), isBroken)
  })

  test('opens a value after a restart, through every wrapped key on the way', async () => {
    const { keyring, reopen, accountKeyOf } = await makeKeyring()
    const accountKey = accountKeyOf(keyring, 1)
    const { wrappedKey, key } = keyring.newSecretKey(1, uid, accountKey)
    const sealed = keyring.sealValue(place, key, Buffer.from('value'))

    const later = await reopen()

    assert.equal(later.openValue(place, later.secretKey(place, wrappedKey, accountKey), sealed).toString(), 'value')
  })

  test('refuses every key and every value in every place but its own', async () => {
    const { keyring, reopen, accountKeyOf } = await makeKeyring()
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
        const read = async (change: Partial<typeof to>) => {
          const later = await reopen()
          const { place: at, wrappedKey, accountKey, sealed } = { ...to, ...change }
          return later.openValue(at, later.secretKey(at, wrappedKey, accountKey), sealed)
        }
        if (from === to) assert.equal((await read({})).toString(), 'value')
        else {
          await assert.rejects(read({ sealed: from.sealed }), isBroken)
          await assert.rejects(read({ wrappedKey: from.wrappedKey }), isBroken)
          // The same secret's other version: the key is the same kind, the value is not.
          await assert.rejects(read({ wrappedKey: from.wrappedKey, sealed: from.sealed }), isBroken)
          if (from.accountKey !== to.accountKey) await assert.rejects(read({ accountKey: from.accountKey }), isBroken)
        }
      }
      const later = await reopen()
      assert.throws(
        () => later.secretKey(to.place, { ...to.wrappedKey, keyVersion: 2 }, { ...to.accountKey, version: 2 }),
        isBroken,
      )
    }
  })

  test('knows a row by its MAC, and no other row, store or MAC', async () => {
    const [{ keyring, reopen }, other] = [await makeKeyring(), await makeKeyring()]
    const mac = keyring.rowMac('row')

    for (const one of [keyring, await reopen()]) {
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

  test('derives its working keys as docs/formats.md says', async () => {
    const root = createSecretKey(randomBytes(32))
    const sealed = await createKeyring([localKey(() => root)])
    const keyring = await Keyring.open([localKey(() => root)], sealed)
    // The master key, opened by hand from the blob that the store keeps.
    const context = Buffer.alloc(61)
    context.write('SR1', 0)
    context[3] = 1
    context.write(sealed.storeId, 4, 'hex')
    context[51] = 1
    context[56] = 1
    const blob = Buffer.from(readForms(sealed.masterKeys[0]?.wrapped ?? Buffer.alloc(0))[0]?.wrapped ?? [])
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
