/** A root key in a token of PKCS#11: SoftHSM, and where it cannot do what others do, a library that says so. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { openRootKey } from '../../src/crypto/providers/open.ts'
import { ask, callPath, pkcs11Key } from '../../src/crypto/providers/pkcs11.ts'
import { askToken, type Pkcs11, type TokenRequest, type TokenSource } from '../../src/crypto/providers/pkcs11-token.ts'
import { addRootKey, checkRootKeys, removeRootKey } from '../../src/root-keys.ts'
import { engines } from '../support/engines.ts'
import { startServer, testConfig } from '../support/server.ts'
import { makeToken, pin, softhsmSkip } from '../support/softhsm.ts'
import { gcm } from './aead-independent.ts'

const context = Buffer.from('a context')
const plain = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
/** As docs/formats.md says. */
const vector = {
  key: Buffer.alloc(32, 0xa5),
  nonce: Buffer.alloc(12, 0x0c),
  wrapped:
    '010c0c0c0c0c0c0c0c0c0c0c0cdcf0d981a67060c96eee9bcfe74c2aff70012fa60d214c088c57e631267da4e0b92ac025be9577270d05a03200463582',
}

suite('A root key in a token (PKCS#11)', { skip: softhsmSkip }, () => {
  test('opens what it wrapped, in its context and under its key alone, and in the form of docs/formats.md', async (t) => {
    const { source } = makeToken(t, [{ value: vector.key }, { value: randomBytes(32), label: 'other key', id: 2 }])
    const root = await openRootKey(source)
    const other = await openRootKey({ ...source, object: undefined, id: '02' })

    const wrapped = await root.wrap(plain, context)

    assert.equal(wrapped.length, 1 + 12 + 32 + 16)
    assert.deepEqual(await root.unwrap(wrapped, context), plain)
    assert.equal(await other.unwrap(wrapped, context), undefined)
    assert.equal(await root.unwrap(wrapped, Buffer.from('another')), undefined)
    for (const at of [0, 1, 60]) {
      const changed = Uint8Array.from(wrapped, (byte, place) => (place === at ? byte ^ 0x10 : byte))
      assert.equal(await root.unwrap(changed, context), undefined, String(at))
    }
    assert.equal(await root.unwrap(wrapped.subarray(0, 28), context), undefined)
    const byHand = Buffer.concat([Buffer.of(1), vector.nonce, gcm(vector.key, vector.nonce, plain, context)])
    assert.equal(byHand.toString('hex'), vector.wrapped)
    assert.deepEqual(await root.unwrap(byHand, context), plain)
    assert.equal(root.shown, 'pkcs11:token=the%20token;object=root')
    assert.equal(other.id, 'token=the%20token;id=%02')
  })

  test('says in a sentence what is missing, and never the PIN', async (t) => {
    const weak = { value: randomBytes(32), label: 'leaves', id: 3, isExtractable: true }
    const short = { value: randomBytes(16), label: 'short', id: 4 }
    const { source, pinPath } = makeToken(t, [{ value: vector.key }, { value: vector.key, id: 9 }, weak, short])
    const cases: readonly [Partial<TokenSource>, 'away' | 'denied', RegExp][] = [
      [
        { modulePath: '/no/such.so' },
        'away',
        /^The PKCS#11 module \/no\/such\.so is not there, or cannot be loaded\.$/,
      ],
      [{ modulePath: pinPath }, 'away', /cannot be loaded\.$/],
      [{ token: 'another' }, 'away', /^The token is in no slot/],
      [{ serial: '0' }, 'away', /^The token is in no slot/],
      [{ object: 'none' }, 'denied', /^The token has no AES key of this name\.$/],
      [{ pinPath: undefined }, 'denied', /no AES key of this name, or shows it to nobody who has not logged in/],
      [{}, 'denied', /^Several AES keys of the token are called so: name one by id=\.$/],
      [{ object: 'leaves' }, 'denied', /^The key can leave the token/],
      [{ object: 'short' }, 'denied', /^The key is shorter than 256 bits/],
      [{ pinPath: '/no/pin' }, 'away', /^The file \/no\/pin cannot be read \(ENOENT\)\.$/],
    ]
    for (const [part, reason, message] of cases) {
      const root = await openRootKey({ ...source, ...part })
      await assert.rejects(root.wrap(plain, context), { name: 'ProviderTrouble', reason, message })
    }
    writeFileSync(pinPath, 'planted-wrong')
    await assert.rejects((await openRootKey(source)).wrap(plain, context), (error: Error) => {
      assert.match(
        error.message,
        /^The token refuses the PIN of .* It is not tried again until another one is there\.$/,
      )
      return !/planted/.test(`${error.message}${error.stack}${JSON.stringify(error)}`)
    })
  })

  test('is killed when it hangs, and is found again when it was taken out and put back', async (t) => {
    const { source, tokens, pinPath } = makeToken(t, [{ value: vector.key }])
    const root = pkcs11Key(source, (request, bytes) => ask(request, bytes, 2000))
    const wrapped = await root.wrap(plain, context)

    renameSync(tokens, `${tokens}-out`)
    await assert.rejects(root.unwrap(wrapped, context), { reason: 'away' })
    renameSync(`${tokens}-out`, tokens)
    assert.deepEqual(await root.unwrap(wrapped, context), plain)

    rmSync(pinPath)
    execFileSync('mkfifo', [pinPath])
    const began = performance.now()
    await assert.rejects(root.unwrap(wrapped, context), { reason: 'away', message: /did not end within/ })
    assert.ok(performance.now() - began < 6000)
    rmSync(pinPath)
    writeFileSync(pinPath, pin)
    assert.deepEqual(await root.unwrap(wrapped, context), plain)
  })

  test('is asked by one process at a time, though the one before hung and was killed', async (t) => {
    const { source, pinPath } = makeToken(t, [{ value: vector.key }])
    rmSync(pinPath)
    execFileSync('mkfifo', [pinPath])
    const running: number[] = []
    const root = pkcs11Key(source, async (request, bytes) => {
      running.push(processesOf(callPath))
      const asking = ask(request, bytes, 1000)
      running.push(processesOf(callPath))
      return asking
    })

    const asked = await Promise.allSettled([1, 2, 3].map(() => root.wrap(plain, context)))

    assert.ok(asked.every((one) => one.status === 'rejected' && /did not end within/.test(one.reason.message)))
    assert.deepEqual(running, [0, 1, 0, 1, 0, 1])
  })

  test('is not kept by a process that hangs and has nobody to end it', async (t) => {
    const { source, pinPath } = makeToken(t, [])
    rmSync(pinPath)
    execFileSync('mkfifo', [pinPath])
    const child = spawn(process.execPath, [callPath], { stdio: ['pipe', 'ignore', 'ignore', 'pipe'] })
    t.after(() => child.kill('SIGKILL'))
    const request: TokenRequest = {
      ...source,
      ...{ operation: 'unwrap', lifeMs: 200, context: '', pinSalt: '', refusedPin: undefined },
    }
    child.stdin?.end(`${JSON.stringify(request)}\n`)

    const ended = once(child, 'exit', { signal: AbortSignal.timeout(10_000) })

    assert.deepEqual(await ended, [null, 'SIGKILL'])
  })

  test('is added to a store, opens it alone, and is taken away', async (t) => {
    const { source } = makeToken(t, [{ value: randomBytes(32) }])
    const { place } = await startServer(t, engines[0] ?? assert.fail())
    const host = { name: 'tester', requestId: 'test' }
    const [first] = testConfig(place).rootKeys
    assert.ok(first)
    const [both, alone] = [[first, source], [source]].map((rootKeys) => testConfig(place, { rootKeys }))
    assert.ok(both && alone)

    assert.equal((await addRootKey(testConfig(place), source, host)).name, 'pkcs11:token=the%20token;object=root')

    assert.deepEqual(
      (await checkRootKeys(alone)).findings.map(({ state }) => state),
      ['opens'],
    )
    await removeRootKey(both, 'pkcs11:token=the%20token;object=root', host)
    assert.deepEqual(
      (await checkRootKeys(both)).findings.map(({ state }) => state),
      ['opens', 'unused'],
    )
  })
})

interface Library {
  logins: number
  flags: number
  pin: string
  says?: string
  isOut?: boolean
}

/** A library with one token, which takes one PIN, and locks; and with another, which is broken. */
function library(state: Library): Pkcs11 {
  return {
    load: () => {},
    C_Initialize: () => {},
    C_GetSlotList: () => (state.isOut === true ? [] : [Buffer.of(0), Buffer.of(1)]),
    C_GetTokenInfo: (slot) => {
      if (slot[0] === 0) throw new Error('CKR_TOKEN_NOT_RECOGNIZED:225')
      return { label: 'the token'.padEnd(32), serialNumber: '1', flags: state.flags }
    },
    C_OpenSession: () => Buffer.of(2),
    C_Login: (_session, _user, given) => {
      state.logins++
      if (state.says !== undefined) throw new Error(`${state.says}:1`)
      if (given !== state.pin) throw new Error('CKR_PIN_INCORRECT:160')
    },
    C_FindObjectsInit: () => {},
    C_FindObjects: () => [],
    C_FindObjectsFinal: () => {},
    C_GetAttributeValue: () => [],
    C_EncryptInit: () => {},
    C_Encrypt: (_session, bytes) => bytes,
    C_DecryptInit: () => {},
    C_Decrypt: (_session, bytes) => bytes,
    C_Finalize: () => {},
  }
}

suite('A PIN of a token', { skip: softhsmSkip }, () => {
  const rootOf = (t: TestContext, state: Library) => {
    const { source, pinPath } = makeToken(t, [])
    const call = async (request: TokenRequest, bytes: Uint8Array) => {
      const { answer, bytes: output } = askToken(library(state), request, Buffer.from(bytes))
      return { answer, output }
    }
    return { make: () => pkcs11Key(source, call), pinPath }
  }

  test('that was refused is not tried again, by whoever asks and however many at once, until another one is there', async (t) => {
    const state = { logins: 0, flags: 0, pin: 'right' }
    const { make, pinPath } = rootOf(t, state)
    const tryAll = () =>
      Promise.allSettled([make(), make(), make()].map((root) => root.unwrap(Buffer.alloc(61, 1), context)))

    await tryAll()
    await tryAll()
    assert.equal(state.logins, 1)

    writeFileSync(pinPath, 'right')
    const [one] = await tryAll()
    assert.equal(state.logins, 4)
    assert.match(String(one?.status === 'rejected' && one.reason), /has no AES key/)
  })

  test('that was refused stays so when the token was away in between, or its file was', async (t) => {
    const state: Library = { logins: 0, flags: 0, pin: 'right' }
    const { make, pinPath } = rootOf(t, state)
    const root = make()
    const trouble = (message: RegExp) =>
      assert.rejects(root.unwrap(Buffer.alloc(61, 1), context), { name: 'ProviderTrouble', message })
    await trouble(/refuses the PIN/)

    state.isOut = true
    await trouble(/is in no slot/)
    state.isOut = false
    await trouble(/refuses the PIN/)
    const wrong = readFileSync(pinPath)
    rmSync(pinPath)
    await trouble(/cannot be read/)
    writeFileSync(pinPath, wrong)
    await trouble(/refuses the PIN/)

    assert.equal(state.logins, 1)
  })

  test('that was locked is tried again when it is so no more, whichever it is then', async (t) => {
    const state: Library = { logins: 0, flags: 0, pin: 'another' }
    const { make } = rootOf(t, state)
    const root = make()
    const trouble = (message: RegExp) =>
      assert.rejects(root.unwrap(Buffer.alloc(61, 1), context), { name: 'ProviderTrouble', message })
    await trouble(/refuses the PIN/)
    state.flags = 0x40000
    await trouble(/PIN is locked/)

    // As the security officer sets it.
    Object.assign(state, { flags: 0, pin })

    await trouble(/has no AES key/)
  })

  test('is none that an empty file holds, as while another one is written', async (t) => {
    const state: Library = { logins: 0, flags: 0, pin: 'right' }
    const { make, pinPath } = rootOf(t, state)
    writeFileSync(pinPath, '\n')

    await assert.rejects(make().unwrap(Buffer.alloc(61, 1), context), { reason: 'away', message: /has no PIN/ })

    assert.equal(state.logins, 0)
  })

  test('is not tried when it is locked, nor when one more wrong one would lock it', async (t) => {
    for (const [flags, message] of [
      [0x40000, /PIN is locked/],
      [0x20000, /locks its PIN if that is wrong once more/],
    ] as const) {
      const state = { logins: 0, flags, pin: 'right' }
      const { make } = rootOf(t, state)
      await assert.rejects(make().unwrap(Buffer.alloc(61, 1), context), { reason: 'denied', message })
      assert.equal(state.logins, 0)
    }
    for (const [says, reason] of [
      ['CKR_PIN_LOCKED', 'denied'],
      ['CKR_USER_TYPE_INVALID', 'denied'],
      ['CKR_DEVICE_ERROR', 'away'],
    ] as const) {
      const { make } = rootOf(t, { logins: 0, flags: 0, pin: 'right', says })
      await assert.rejects(make().unwrap(Buffer.alloc(61, 1), context), { reason })
    }
  })
})

/** How many processes that this one has begun run a file. */
function processesOf(path: string): number {
  return readdirSync('/proc').filter((name) => {
    try {
      const ofUs = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(process.pid)
      return ofUs && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(path)
    } catch {
      // It ended meanwhile, or is no process.
      return false
    }
  }).length
}
