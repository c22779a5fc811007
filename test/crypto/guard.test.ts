/** The published vector of a guard: what an independent implementation makes of it, and what the product opens. */
import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { seal } from '../../src/crypto/aead.ts'
import { contextOf } from '../../src/crypto/context.ts'
import { unwrapGuard } from '../../src/crypto/guards.ts'
import { Keyring } from '../../src/crypto/keyring.ts'
import { localKey } from '../../src/crypto/providers/local.ts'
import type { RootKeyProvider } from '../../src/crypto/providers/provider.ts'
import * as independent from './aead-independent.ts'

interface Vector {
  readonly storeId: string
  readonly accountId: number
  readonly uid: string
  readonly guard: string
  readonly kind: string
  readonly id: string
  readonly wrapped: string
  readonly form: string
  readonly masterKey: string
  readonly masterVersion: 1
  readonly accountKey: string
  readonly version: number
  readonly innerSalt: string
  readonly innerNonce: string
  readonly salt: string
  readonly nonce: string
  readonly sealed: string
  readonly customerKey: string
  readonly credentials: string
  readonly credentialsSalt: string
  readonly credentialsNonce: string
  readonly credentialsSealed: string
}

const vector = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/guard.json'), 'utf8')) as Vector
const hex = (text: string) => Buffer.from(text, 'hex')
const { storeId, accountId, uid, version, masterVersion } = vector
const [guard, masterKey] = [hex(vector.guard), hex(vector.masterKey)]
const place = { storeId, accountId, uid, name: '' }
const formContext = independent.context({ ...place, purpose: 10, version: 0, keyVersion: 0 })

/** Answers as the vector's provider did. */
const provider: RootKeyProvider = {
  ...{ kind: 'transit', id: vector.id, shown: `transit:${vector.id}` },
  wrap: () => assert.fail('Nothing is wrapped.'),
  unwrap: async (wrapped, context) =>
    hex(vector.wrapped).equals(wrapped) && formContext.equals(context) ? Buffer.from(guard) : undefined,
}

/** A keyring with the vector's master key. */
async function keyringOf(): Promise<Keyring> {
  const root = createSecretKey(Buffer.alloc(32, 1))
  const context = contextOf({ purpose: 'masterKey', storeId, version: masterVersion, keyVersion: 0 })
  const canaryContext = contextOf({ purpose: 'canary', storeId, keyVersion: masterVersion })
  return Keyring.open([localKey(() => root)], {
    storeId,
    masterKeys: [{ version: masterVersion, wrapped: seal(root, masterKey, context, 0), next: undefined }],
    canary: seal(createSecretKey(masterKey), Buffer.from('strongroom canary'), canaryContext, masterVersion),
  })
}

suite('The published guard', () => {
  test('has the form that is described: length by length, and proven by itself', () => {
    const length = (of: Uint8Array, bytes: number) => {
      const number = Buffer.alloc(bytes)
      number.writeUIntBE(of.length, 0, bytes)
      return Buffer.concat([number, of])
    }
    const head = Buffer.concat([
      length(Buffer.from(vector.kind), 1),
      length(Buffer.from(vector.id), 2),
      length(hex(vector.wrapped), 2),
    ])
    const key = independent.hkdf('sha512', guard, hex(storeId), Buffer.from('strongroom 1 root-forms'), 32)
    const check = createHmac('sha256', key).update(formContext).update(head).digest()
    assert.equal(Buffer.concat([Buffer.from([2, 1]), head, check]).toString('hex'), vector.form)
  })

  test("seals the account's key within the master key's seal, and the credentials are under the key derived for them", () => {
    const inner = independent.seal({
      ...{ key: guard, keyVersion: version, salt: hex(vector.innerSalt), nonce: hex(vector.innerNonce) },
      context: independent.context({ ...place, purpose: 11, version, keyVersion: version }),
      message: hex(vector.accountKey),
    })
    assert.equal(inner.length, 113)
    const outer = independent.seal({
      ...{ key: masterKey, keyVersion: masterVersion, salt: hex(vector.salt), nonce: hex(vector.nonce) },
      context: independent.context({ ...place, purpose: 2, version, keyVersion: masterVersion }),
      message: inner,
    })
    assert.equal(outer.toString('hex'), vector.sealed)
    const customerKey = independent.hkdf('sha512', masterKey, hex(storeId), Buffer.from('strongroom 1 customer'), 32)
    assert.equal(customerKey.toString('hex'), vector.customerKey)
    const credentials = independent.seal({
      ...{ key: customerKey, keyVersion: 1, salt: hex(vector.credentialsSalt), nonce: hex(vector.credentialsNonce) },
      context: independent.context({ ...place, purpose: 12, version: 0, keyVersion: 1 }),
      message: Buffer.from(vector.credentials),
    })
    assert.equal(credentials.toString('hex'), vector.credentialsSealed)
  })

  test('is opened by its provider, and opens the account key that is published; changed in any byte of its form, it is not taken', async () => {
    const at = { storeId, accountId, uid }
    const bytes = await unwrapGuard(provider, hex(vector.form), at)
    assert.deepEqual(bytes, guard)
    const keyring = await keyringOf()
    const sealed = { version, wrapped: hex(vector.sealed), guard: uid }
    assert.ok(keyring.isGuardOf(accountId, sealed, { uid, bytes: guard }))
    const credentials = keyring.openCredentials(accountId, uid, hex(vector.credentialsSealed))
    assert.equal(credentials.toString(), vector.credentials)
    // A secret's key that whoever has the account's key has sealed.
    keyring.guards.open(accountId, uid, guard, keyring.guards.now())
    const secret = { accountId, uid: 'ab'.repeat(16), name: 'A', version: 1 }
    const context = contextOf({ purpose: 'secretKey', storeId, accountId, uid: secret.uid, keyVersion: version })
    const wrapped = seal(createSecretKey(hex(vector.accountKey)), Buffer.alloc(32, 9), context, version)
    const key = keyring.secretKey(secret, { keyVersion: version, wrapped }, sealed)
    assert.deepEqual(key.export(), Buffer.alloc(32, 9))

    const form = hex(vector.form)
    for (let byte = 0; byte < form.length; byte++) {
      const changed = Buffer.from(form)
      changed[byte] = (changed[byte] ?? 0) ^ 1
      const found = await unwrapGuard(provider, changed, at).catch(({ code }) => code)
      assert.ok(['foreign', 'wrong', 'integrity_failure'].includes(found), `byte ${byte}`)
    }
    for (const other of [
      { ...at, accountId: 8 },
      { ...at, uid: 'cd'.repeat(16) },
    ]) {
      assert.equal(await unwrapGuard(provider, form, other), 'foreign')
    }
  })
})
