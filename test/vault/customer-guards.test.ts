/** Keys of customers, in one process: what opens an account's key, and for how long it does after its provider did. */
import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { keyUnavailable, newGuard, unwrapGuard, wrapGuard } from '../../src/crypto/guards.ts'
import { type VersionedKey as AccountKeyRead, Keyring } from '../../src/crypto/keyring.ts'
import { createKeyring } from '../../src/crypto/master-key.ts'
import { localKey } from '../../src/crypto/providers/local.ts'
import { ProviderTrouble, type RootKeyProvider } from '../../src/crypto/providers/provider.ts'
import { newUid } from '../../src/crypto/random.ts'
import { Refusal } from '../../src/errors.ts'
import type { ClosedReason, CustomerKey } from '../../src/model/customer-key.ts'
import { rowText } from '../../src/store/coverage.ts'
import { CustomerGuards } from '../../src/vault/customer-guards.ts'

const accountId = 7
const isClosed = (error: unknown) => error instanceof Refusal && error.code === keyUnavailable().code
const isBroken = (error: unknown) => error instanceof Refusal && error.code === 'integrity_failure'

/** A provider that does as it is told. */
function makeProvider() {
  const key = createSecretKey(randomBytes(32))
  const local = localKey(() => key)
  const state: {
    trouble: 'away' | 'denied' | undefined
    isLying: boolean
    asked: number
    hold: Promise<void> | undefined
  } = {
    hold: undefined,
    trouble: undefined,
    isLying: false,
    asked: 0,
  }
  const provider: RootKeyProvider = {
    ...local,
    unwrap: async (wrapped, context) => {
      state.asked++
      await state.hold
      if (state.trouble !== undefined) throw new ProviderTrouble(state.trouble, 'As it was told.')
      return state.isLying ? Buffer.alloc(32, 1) : local.unwrap(wrapped, context)
    },
  }
  return { provider, state }
}

async function setUp() {
  const rootKey = createSecretKey(randomBytes(32))
  const root = localKey(() => rootKey)
  const clock = { now: 1_000_000 }
  const sealed = await createKeyring([root])
  const keyring = await Keyring.open([root], sealed, () => clock.now)
  const { provider, state } = makeProvider()
  const uid = newUid()
  const bytes = newGuard()
  const plainKey = keyring.newAccountKey(accountId, 1)
  const place = { accountId, uid: newUid(), name: 'A', version: 1 }
  const { wrappedKey, key } = keyring.newSecretKey(accountId, place.uid, plainKey)
  const value = keyring.sealValue(place, key, Buffer.from('value'))
  const form = await wrapGuard(provider, bytes, { storeId: keyring.storeId, accountId, uid })
  const accountKey = keyring.guardAccountKey(accountId, plainKey, { uid, bytes })
  state.asked = 0
  const unsealed = {
    ...{ accountId, uid, provider: 'transit:https://bao.example.com/transit/one' },
    credentials: keyring.sealCredentials(accountId, uid, Buffer.from('{"token":"t"}')),
    ...{ form, createdAt: 0, closedAt: null, closedFor: null },
  }
  const row: CustomerKey = { ...unsealed, mac: keyring.rowMac(rowText('customer_keys', unsealed)) }
  const rows = [row]
  const changes: (number | undefined)[] = []
  const notes: (ClosedReason | null)[] = []
  /** What it has read, it gives when the gate opens. */
  const store: { gate: Promise<void> | undefined; looks: number } = { gate: undefined, looks: 0 }
  const given = async <T>(found: T): Promise<T> => {
    await store.gate
    return found
  }
  const needed = {
    store: {
      customerKey: () => given(rows[0]),
      customerKeys: () => {
        store.looks++
        return given([...rows])
      },
    },
    keyring,
    door: () => assert.fail('Nothing is asked but the provider.'),
    makeProvider: async () => provider,
    events: {
      note: async (_accountId: number, _uid: string, closedFor: ClosedReason | null) => void notes.push(closedFor),
      onChange: (changed: number | undefined) => void changes.push(changed),
    },
  }
  const guards = new CustomerGuards(needed)
  const read = (under: AccountKeyRead = accountKey) => {
    const secretKey = keyring.knownSecretKey(place) ?? keyring.secretKey(place, wrappedKey, under)
    return keyring.openValue(place, secretKey, value).toString()
  }
  return {
    root,
    sealed,
    clock,
    keyring,
    state,
    provider,
    store,
    row,
    rows,
    bytes,
    plainKey,
    accountKey,
    guards,
    needed,
    notes,
    changes,
    read,
    isUnwrapped: () => keyring.knownSecretKey(place) !== undefined,
  }
}

suite("A customer's key", () => {
  test('is opened by neither the master key nor the provider alone', async () => {
    const { root, sealed, provider, row, bytes, accountKey, keyring } = await setUp()
    const operator = await Keyring.open([root], sealed)
    assert.throws(() => operator.newSecretKey(accountId, newUid(), accountKey), isClosed)
    // Nor with another guard, nor as one that has none.
    operator.guards.open(accountId, accountKey.guard, newGuard(), operator.guards.now())
    assert.throws(() => operator.newSecretKey(accountId, newUid(), accountKey), isBroken)
    operator.guards.drop(accountId)
    assert.throws(() => operator.newSecretKey(accountId, newUid(), { ...accountKey, guard: '' }), isBroken)

    // The customer has the guard, and the database: without the master key that is nothing.
    const otherRoot = createSecretKey(randomBytes(32))
    const other = [localKey(() => otherRoot)]
    const strange = await Keyring.open(other, await createKeyring(other))
    strange.guards.open(accountId, accountKey.guard, bytes, strange.guards.now())
    assert.throws(() => strange.newSecretKey(accountId, newUid(), accountKey), isBroken)

    assert.ok(keyring.isGuardOf(accountId, accountKey, { uid: row.uid, bytes }))
    assert.ok(!keyring.isGuardOf(accountId, accountKey, { uid: row.uid, bytes: newGuard() }))
    const elsewhere = { storeId: keyring.storeId, accountId: accountId + 1, uid: row.uid }
    assert.equal(await unwrapGuard(provider, row.form, elsewhere), 'foreign')
  })

  test('that its provider denies closes what was open, at once, and all that it opened is forgotten', async () => {
    const { guards, state, read, notes } = await setUp()
    await guards.learn(accountId)
    assert.equal(read(), 'value')
    assert.deepEqual(notes, [])

    state.trouble = 'denied'
    await guards.look(0)
    assert.throws(read, isClosed)
    assert.deepEqual(notes, ['denied'])
    assert.deepEqual(guards.states(), [{ accountId, closedFor: 'denied' }])

    await guards.look(0)
    assert.deepEqual(notes, ['denied'])
    state.trouble = undefined
    await guards.look(0)
    assert.equal(read(), 'value')
    assert.deepEqual(notes, ['denied', null])
  })

  test('whose provider cannot be reached goes on for a minute since it opened it, and not for longer, asked or not', async () => {
    const { guards, state, read, notes, clock } = await setUp()
    await guards.look()
    state.trouble = 'away'
    clock.now += 59_999
    await guards.look()
    assert.equal(read(), 'value')
    assert.deepEqual(notes, [])
    clock.now += 1
    assert.throws(read, isClosed)
    assert.deepEqual(guards.states(), [{ accountId, closedFor: 'away' }])
    await guards.look()
    assert.deepEqual(notes, ['away'])
    state.trouble = undefined
    await guards.look()
    assert.equal(read(), 'value')
    assert.deepEqual(notes, ['away', null])
  })

  test('is asked for every half a minute, more often while it is away, and once by all who wait', async () => {
    const { guards, state, clock } = await setUp()
    await Promise.all([guards.learn(accountId), guards.learn(accountId), guards.look()])
    assert.equal(state.asked, 1)
    clock.now += 10_000
    await guards.look()
    await guards.learn(accountId)
    assert.equal(state.asked, 1)
    clock.now += 20_000
    state.trouble = 'away'
    await guards.look()
    assert.equal(state.asked, 2)
    clock.now += 10_000
    await guards.look()
    assert.equal(state.asked, 3)
  })

  test('is looked for while values are read, and where nobody has one, by nobody who reads none', async () => {
    const { guards, store, rows, row, plainKey, changes, read, isUnwrapped } = await setUp()
    rows.length = 0
    // Keys were used to set this up.
    await guards.lookAgain()
    store.looks = 0
    await guards.lookAgain()
    await guards.lookAgain()
    assert.equal(store.looks, 0)

    assert.equal(read(plainKey), 'value')
    await guards.lookAgain()
    assert.equal(store.looks, 1)

    // Nobody asks for a while: what was unwrapped goes, and whatever says how it was sealed.
    changes.length = 0
    await guards.lookAgain()
    assert.deepEqual([store.looks, isUnwrapped(), changes], [1, false, [undefined]])

    // Where somebody has one it is looked for, read or not.
    rows.push(row)
    read(plainKey)
    for (const looks of [2, 3, 4]) {
      await guards.lookAgain()
      assert.equal(store.looks, looks)
    }
  })

  test('whose provider opens it to something else is closed, and so is one whose row is not authentic', async () => {
    const lying = await setUp()
    await lying.guards.learn(accountId)
    lying.state.isLying = true
    await lying.guards.look(0)
    assert.throws(lying.read, isClosed)
    assert.deepEqual(lying.notes, ['wrong'])

    const forged = await setUp()
    forged.rows[0] = { ...forged.row, provider: 'transit:https://evil.example.com/transit/one' }
    await forged.guards.learn(accountId)
    assert.throws(forged.read, isClosed)
    assert.equal(forged.state.asked, 0)
  })

  test('that is set while another node or a look reads the one before stays: what was read earlier does not come after it', async () => {
    const { guards, needed, rows, row, store, keyring, accountKey, provider, plainKey, state } = await setUp()
    await guards.learn(accountId)
    const gate = Promise.withResolvers<void>()
    store.gate = gate.promise
    const [looked, learnt] = [guards.look(0), guards.learn(accountId)]
    const [uid, bytes] = [newUid(), newGuard()]
    const form = await wrapGuard(provider, bytes, { storeId: keyring.storeId, accountId, uid })
    const next = keyring.guardAccountKey(accountId, accountKey, { uid, bytes })
    guards.adopt({ ...row, uid, form }, provider, bytes, keyring.guards.now())
    // The one before is no longer good.
    state.trouble = 'denied'
    const asked = state.asked
    gate.resolve()
    await Promise.all([looked, learnt])
    assert.equal(state.asked, asked)
    assert.ok(keyring.newSecretKey(accountId, newUid(), next))
    // Who has read the key as it was is told to come again, and not that it is gone: they would destroy their copies.
    assert.throws(() => keyring.newAccountKey(accountId, 2, accountKey.guard), { code: 'overloaded' })

    // Who learns of it late waits for the answer to whoever learnt of it since.
    const fresh = new CustomerGuards(needed)
    keyring.guards.drop(accountId)
    rows[0] = row
    state.trouble = undefined
    const slow = Promise.withResolvers<void>()
    store.gate = slow.promise
    const first = fresh.learn(accountId).then(() => keyring.guards.keyOf(accountId, row.uid))
    store.gate = undefined
    await new Promise(setImmediate)
    const answer = Promise.withResolvers<void>()
    state.hold = answer.promise
    const second = fresh.learn(accountId)
    await new Promise(setImmediate)
    slow.resolve()
    await new Promise(setImmediate)
    answer.resolve()
    await second
    assert.ok(await first)

    // Nor does one come back that was removed meanwhile.
    const again = Promise.withResolvers<void>()
    store.gate = again.promise
    const late = guards.look(0)
    store.gate = undefined
    rows.length = 0
    await guards.learn(accountId)
    again.resolve()
    await late
    assert.ok(keyring.newSecretKey(accountId, newUid(), plainKey))
  })

  test('is not taken from a provider that does not open what it has wrapped', async () => {
    const { provider, state, keyring } = await setUp()
    state.isLying = true
    const place = { storeId: keyring.storeId, accountId, uid: newUid() }
    await assert.rejects(wrapGuard(provider, newGuard(), place), { code: 'invalid' })
  })

  test('is wrapped anew under another master key while it is closed, and a key from before it no longer opens', async () => {
    const { keyring, accountKey, plainKey, guards, read, state } = await setUp()
    state.trouble = 'denied'
    await guards.learn(accountId)
    const rewrapped = keyring.rewrapAccountKey(accountId, accountKey)
    assert.equal(rewrapped.guard, accountKey.guard)
    assert.notDeepEqual(rewrapped.wrapped, accountKey.wrapped)
    assert.throws(() => keyring.newAccountKey(accountId, 2, accountKey.guard), isClosed)
    state.trouble = undefined
    await guards.look(0)
    assert.equal(read(), 'value')
    keyring.guards.close(accountId, accountKey.guard)
    await guards.look(0)
    // One that says nothing of a guard which there is.
    assert.throws(() => keyring.newSecretKey(accountId, newUid(), plainKey), { code: 'overloaded' })
    assert.ok(keyring.newSecretKey(accountId, newUid(), rewrapped))
  })
})
