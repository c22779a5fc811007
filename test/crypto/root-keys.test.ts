/** Several root keys of one store: any one opens it, none is believed, and what is kept of each. */
import assert from 'node:assert/strict'
import { createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import {
  addRootKey,
  createKeyring,
  findRootKey,
  keepRootKeys,
  nameOf,
  newMasterKey,
  openMasters,
  removeRootKey,
  rootKeyNames,
  type SealedKeyring,
} from '../../src/crypto/master-key.ts'
import { localKey } from '../../src/crypto/providers/local.ts'
import { ProviderTrouble, type RootKeyProvider } from '../../src/crypto/providers/provider.ts'
import { checkOf, readForms, writeForms } from '../../src/crypto/root-forms.ts'
import { Refusal } from '../../src/errors.ts'

function newRoot(): RootKeyProvider {
  const key = createSecretKey(randomBytes(32))
  return localKey(() => key)
}

/** A provider that binds nothing and commits to nothing: what it wraps is the plain text, turned by a byte. */
function weakRoot(id: string, turn = 0x5a): RootKeyProvider {
  const turned = (bytes: Uint8Array) => Buffer.from(bytes.map((byte) => byte ^ turn))
  return {
    kind: 'command',
    id,
    shown: `weak:${id}`,
    wrap: async (plain) => turned(plain),
    unwrap: async (wrapped) => turned(wrapped),
  }
}

const awayRoot = (root: RootKeyProvider, reason: 'away' | 'denied' = 'away'): RootKeyProvider => {
  const fail = () => Promise.reject(new ProviderTrouble(reason, 'It is not there.'))
  return { ...root, wrap: fail, unwrap: fail }
}
const hangingRoot = (root: RootKeyProvider): RootKeyProvider => ({ ...root, unwrap: () => new Promise(() => {}) })

const isCode = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code

async function mastersOf(roots: readonly RootKeyProvider[], sealed: SealedKeyring): Promise<string[]> {
  return (await openMasters(roots, sealed)).map(({ bytes }) => bytes.toString('hex'))
}

/** The store with other forms of its only master key. */
function withForms(sealed: SealedKeyring, change: (forms: Buffer) => Uint8Array): SealedKeyring {
  const [first] = sealed.masterKeys
  assert.ok(first)
  return { ...sealed, masterKeys: [{ ...first, wrapped: change(Buffer.from(first.wrapped)) }] }
}

suite('Root keys', () => {
  test('each open a store by themselves, and to the same master key', async () => {
    const roots = [newRoot(), newRoot(), weakRoot('a')]
    const sealed = await createKeyring(roots)
    const both = { ...sealed, masterKeys: [...sealed.masterKeys, await newMasterKey(roots, sealed, 2)] }

    const opened = await Promise.all(roots.map((root) => mastersOf([root], both)))

    assert.equal(opened[0]?.length, 2)
    assert.equal(new Set(opened.map(String)).size, 1)
    assert.deepEqual(rootKeyNames(both.masterKeys[1]?.wrapped ?? Buffer.alloc(0)), roots.map(nameOf))
  })

  test('that hang or are away hold nobody up whose root key answers', async () => {
    const [one, other, third] = [newRoot(), newRoot(), newRoot()]
    const sealed = await createKeyring([one, other, third])

    assert.equal((await mastersOf([hangingRoot(one), awayRoot(other), third], sealed)).length, 1)
  })

  test('that are away or deny are not taken for wrong ones, and wrong ones not for away', async () => {
    const [one, other] = [newRoot(), newRoot()]
    const sealed = await createKeyring([one, other])

    for (const reason of ['away', 'denied'] as const) {
      await assert.rejects(mastersOf([awayRoot(one, reason), newRoot()], sealed), isCode('sealed'))
    }
    await assert.rejects(mastersOf([newRoot(), weakRoot('a')], sealed), isCode('integrity_failure'))
    await assert.rejects(createKeyring([one, awayRoot(other)]), isCode('sealed'))
  })

  test('that lie are found at every version of the master key, and the next one is asked', async () => {
    const [honest, weak] = [newRoot(), weakRoot('a')]
    const sealed = await createKeyring([honest, weak])
    const both = { ...sealed, masterKeys: [...sealed.masterKeys, await newMasterKey([honest, weak], sealed, 2)] }
    const lying = weakRoot('a', 0x5b)
    const [one, two] = both.masterKeys
    assert.ok(one && two)
    // A liar about the second version alone.
    const [form] = readForms(two.wrapped).filter(({ kind }) => kind === 'command')
    const lyingLater = {
      ...weak,
      unwrap: (wrapped: Uint8Array, context: Uint8Array) =>
        (Buffer.from(wrapped).equals(form?.wrapped ?? Buffer.alloc(0)) ? lying : weak).unwrap(wrapped, context),
    }

    for (const liar of [lying, lyingLater]) {
      await assert.rejects(mastersOf([liar], both), isCode('integrity_failure'))
      assert.equal((await findRootKey(liar, both)).state, 'wrong')
      assert.deepEqual(await mastersOf([liar, honest], both), await mastersOf([honest], both))
    }
    assert.equal((await findRootKey(weak, both)).state, 'opens')
  })

  test('that do not open what they wrap get nothing to keep', async () => {
    const root = newRoot()
    const sealed = await createKeyring([root])
    const forgetful = { ...weakRoot('a'), unwrap: async () => randomBytes(32) }

    await assert.rejects(addRootKey([root], sealed, forgetful), /does not open what it has wrapped/)
    await assert.rejects(createKeyring([forgetful]), /does not open what it has wrapped/)
  })

  test('open no form of another place, of another provider, or that was changed', async () => {
    const weak = weakRoot('a')
    const sealed = await createKeyring([weak])
    const second = await newMasterKey([weak], sealed, 2)
    const other = await createKeyring([weak])
    const [first] = sealed.masterKeys
    assert.ok(first)

    for (const stranger of [second.wrapped, other.masterKeys[0]?.wrapped ?? assert.fail()]) {
      await assert.rejects(
        mastersOf(
          [weak],
          withForms(sealed, () => stranger),
        ),
        isCode('integrity_failure'),
      )
    }
    // As a later version, where no canary proves it.
    for (const wrapped of [first.wrapped, other.masterKeys[0]?.wrapped ?? assert.fail()]) {
      const masterKeys = [first, { ...second, wrapped }]
      await assert.rejects(mastersOf([weak], { ...sealed, masterKeys }), isCode('integrity_failure'))
    }
    for (let at = 0; at < first.wrapped.length; at++) {
      const changed = withForms(sealed, (forms) =>
        Buffer.from(forms.map((byte, place) => (place === at ? byte ^ 1 : byte))),
      )
      await assert.rejects(mastersOf([weak], changed), isCode('integrity_failure'), String(at))
    }
    for (const cut of [
      first.wrapped.subarray(0, -1),
      Buffer.concat([first.wrapped, Buffer.of(0)]),
      Buffer.alloc(0),
      Buffer.of(2, 0),
    ]) {
      await assert.rejects(
        mastersOf(
          [weak],
          withForms(sealed, () => cut),
        ),
        isCode('integrity_failure'),
      )
    }
  })

  test('are added and taken away one by one, and the last one stays', async () => {
    const [one, two, weak] = [newRoot(), newRoot(), weakRoot('a')]
    const sealed = await createKeyring([one])
    const state = async (root: RootKeyProvider, now: SealedKeyring) => (await findRootKey(root, now)).state

    const added = { ...sealed, masterKeys: await addRootKey([one], sealed, two) }
    const again = { ...added, masterKeys: await addRootKey([one], added, two) }
    const three = { ...again, masterKeys: await addRootKey([two], again, weak) }
    assert.deepEqual(await Promise.all([one, two, weak].map((root) => state(root, three))), ['opens', 'opens', 'opens'])
    assert.equal(readForms(three.masterKeys[0]?.wrapped ?? Buffer.alloc(0)).length, 3)

    const without = { ...three, masterKeys: await removeRootKey([one], three, nameOf(two)) }
    assert.deepEqual(await Promise.all([one, two, weak].map((root) => state(root, without))), [
      'opens',
      'foreign',
      'opens',
    ])
    await assert.rejects(removeRootKey([one], without, nameOf(two)), isCode('not_found'))
    await assert.rejects(removeRootKey([one], sealed, nameOf(one)), /the only root key/)
    // What is left is not opened by the settings: nobody would know whether anything opens it.
    await assert.rejects(removeRootKey([one], without, nameOf(one)), isCode('integrity_failure'))
    await assert.rejects(keepRootKeys([weak, two], without), isCode('integrity_failure'))
    const left = { ...without, masterKeys: await keepRootKeys([weak], without) }
    assert.deepEqual(await Promise.all([one, two, weak].map((root) => state(root, left))), [
      'unused',
      'unused',
      'opens',
    ])
    let full = left
    for (const id of ['b', 'c', 'd', 'e']) full = { ...full, masterKeys: await addRootKey([weak], full, weakRoot(id)) }
    await assert.rejects(addRootKey([weak], full, weakRoot('f')), /At most 5/)
  })

  test('of a store of before are kept, named and checked when another one is added', async () => {
    const [old, next] = [newRoot(), newRoot()]
    const sealed = await createKeyring([old])
    const before = withForms(sealed, (forms) => readForms(forms)[0]?.wrapped ?? assert.fail())
    assert.deepEqual(await mastersOf([old], before), await mastersOf([old], sealed))
    assert.deepEqual(rootKeyNames(before.masterKeys[0]?.wrapped ?? Buffer.alloc(0)), ['local:unknown'])

    const both = { ...before, masterKeys: await addRootKey([old], before, next) }

    const forms = readForms(both.masterKeys[0]?.wrapped ?? Buffer.alloc(0))
    assert.deepEqual(forms.map(nameOf), [nameOf(old), nameOf(next)])
    assert.ok(forms.every(({ check }) => check?.length === 32))
    for (const root of [old, next]) assert.equal((await findRootKey(root, both)).state, 'opens')
  })

  test('are all to be named when a new version of the master key is made', async () => {
    const [one, two] = [newRoot(), newRoot()]
    const sealed = await createKeyring([one, two])

    await assert.rejects(newMasterKey([one], sealed, 2), /do not name every root key/)
  })

  test('have forms as docs/formats.md says', () => {
    const master = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
    const storeId = 'f0'.repeat(16)
    const place = { storeId, context: Buffer.from('a context') }
    const form = { kind: 'transit', id: 'https://h/m/k', wrapped: Buffer.from('vault:v1:abc') }
    const head = Buffer.concat([
      ...[Buffer.of(7), Buffer.from('transit'), Buffer.of(0, 13), Buffer.from('https://h/m/k')],
      ...[Buffer.of(0, 12), Buffer.from('vault:v1:abc')],
    ])
    const key = Buffer.from(hkdfSync('sha512', master, Buffer.from(storeId, 'hex'), 'strongroom 1 root-forms', 32))
    const check = createHmac('sha256', key).update('a context').update(head).digest()

    assert.deepEqual(checkOf(master, place, { ...form }), check)
    assert.equal(check.toString('hex'), '23d95042beb14cd1f33e615486293a1d8fd3c6d3751b8df5bd4d68ec9abf7982')
    const set = writeForms([{ ...form, check }])
    assert.deepEqual(set, Buffer.concat([Buffer.of(2, 1), head, check]))
    assert.deepEqual(readForms(set), [{ ...form, check }])
  })
})
