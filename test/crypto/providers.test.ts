/** Where the root key comes from, what is refused as one, and what every provider promises. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { kmsKey } from '../../src/crypto/providers/awskms.ts'
import { customerKey } from '../../src/crypto/providers/customer.ts'
import { decodeKey } from '../../src/crypto/providers/local.ts'
import { openRootKey, openRootKeys } from '../../src/crypto/providers/open.ts'
import type { RootKeySource } from '../../src/crypto/providers/provider.ts'
import { Refusal } from '../../src/errors.ts'
import { makeFolder } from '../support/engines.ts'

const good = randomBytes(32).toString('base64url')
const context = Buffer.from('a store, and what is wrapped in it')

/** Whether what the one wraps, the other unwraps. */
async function isSame(one: RootKeySource, other: RootKeySource): Promise<boolean> {
  const plain = randomBytes(32)
  const wrapped = await (await openRootKey(one)).wrap(plain, context)
  const unwrapped = await (await openRootKey(other)).unwrap(wrapped, context)
  return unwrapped?.equals(plain) === true
}

/** Each kind of provider that asks nobody, with a root key of its own each time. */
const sources: Record<'environment' | 'file', (t: TestContext) => RootKeySource> = {
  environment: () => ({ kind: 'environment', name: 'TEST', text: randomBytes(32).toString('base64url') }),
  file: (t) => ({ kind: 'file', path: join(folder(t), 'root.key'), create: true }),
}

for (const [kind, makeSource] of Object.entries(sources)) {
  suite(`A root key's provider (${kind})`, () => {
    test('unwraps what it wrapped, each time another blob, which shows nothing of it', async (t) => {
      const source = makeSource(t)
      const root = await openRootKey(source)
      const plain = randomBytes(32)

      const [one, other] = [await root.wrap(plain, context), await root.wrap(plain, context)]

      assert.notDeepEqual(one, other)
      for (const wrapped of [one, other]) {
        assert.ok(!Buffer.from(wrapped).includes(plain.subarray(0, 8)))
        assert.deepEqual(await root.unwrap(wrapped, context), plain)
        assert.deepEqual(await (await openRootKey(source)).unwrap(wrapped, context), plain)
      }
    })

    test('unwraps nothing of another root key, another context, or that was changed', async (t) => {
      const root = await openRootKey(makeSource(t))
      const other = await openRootKey(makeSource(t))
      const wrapped = await root.wrap(randomBytes(32), context)

      assert.equal(await other.unwrap(wrapped, context), undefined)
      assert.equal(await root.unwrap(wrapped, Buffer.from('another place')), undefined)
      assert.equal(await root.unwrap(wrapped.subarray(0, -1), context), undefined)
      assert.equal(await root.unwrap(Buffer.alloc(0), context), undefined)
      for (let at = 0; at < wrapped.length; at++) {
        const changed = Uint8Array.from(wrapped, (byte, place) => (place === at ? byte ^ 0x10 : byte))
        assert.equal(await root.unwrap(changed, context), undefined, String(at))
      }
    })
  })
}

suite('A root key', () => {
  test('is 32 bytes in base64url, padded or not, and nothing else', () => {
    for (const text of [good, `${good}=`, ` ${good}\n`]) {
      assert.deepEqual(decodeKey(text, 'test').export(), Buffer.from(good, 'base64url'))
    }
    for (const text of [
      '',
      'x',
      good.slice(1),
      `${good}AA`,
      `${good.slice(0, 20)} ${good.slice(20)}`,
      '!'.repeat(43),
      randomBytes(32).toString('hex'),
    ]) {
      assert.throws(
        () => decodeKey(text, 'STRONGROOM_ROOT_KEY'),
        (error) =>
          error instanceof Refusal &&
          error.message.includes('STRONGROOM_ROOT_KEY') &&
          (text === '' || !error.message.includes(text)),
      )
    }
  })

  test('file is made once, for its owner alone', async (t) => {
    const path = join(folder(t), 'root.key')
    const made = { kind: 'file', path, create: true } as const

    await openRootKey(made)

    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.ok(await isSame(made, { kind: 'environment', name: 'TEST', text: readFileSync(path, 'utf8') }))
    assert.ok(await isSame(made, made))
    assert.ok(await isSame(made, { ...made, create: false }))
  })

  test('of a file is read each time that it is used, and not kept', async (t) => {
    const path = join(folder(t), 'root.key')
    const root = await openRootKey({ kind: 'file', path, create: true })
    const wrapped = await root.wrap(randomBytes(32), context)
    assert.ok(await root.unwrap(wrapped, context))

    rmSync(path)

    await assert.rejects(root.unwrap(wrapped, context), { name: 'ProviderTrouble', reason: 'away' })
  })

  test('that cannot be made ready is told of together with the others', async (t) => {
    const path = join(folder(t), 'root.key')
    await assert.rejects(
      openRootKeys([
        { kind: 'file', path, create: false },
        { kind: 'environment', name: 'SHORT', text: 'short' },
        { kind: 'environment', name: 'GOOD', text: good },
      ]),
      (error: Error) => /does not exist/.test(error.message) && /in SHORT must be 32 bytes/.test(error.message),
    )
  })

  test('file that was named is not made, and must be there', async (t) => {
    const path = join(folder(t), 'root.key')

    await assert.rejects(openRootKey({ kind: 'file', path, create: false }), /does not exist/)
  })

  test('file that others may read, or a link, is refused', async (t) => {
    const path = join(folder(t), 'root.key')
    const source = { kind: 'file', path, create: true } as const
    writeFileSync(path, good)
    for (const mode of [0o640, 0o604, 0o644, 0o660, 0o666]) {
      chmodSync(path, mode)
      await assert.rejects(openRootKey(source), /can be read by others/)
    }
    chmodSync(path, 0o400)
    assert.ok(await isSame(source, { kind: 'environment', name: 'TEST', text: good }))
    symlinkSync(path, `${path}.link`)
    await assert.rejects(openRootKey({ ...source, path: `${path}.link` }), /must not be a link/)
  })
})

suite('A root key at AWS', () => {
  const source = { kind: 'awskms', key: 'alias/a', region: 'eu-central-1', endpoint: undefined } as const

  test('whose client heeds no signal is given up, and what it answers later is wiped', async () => {
    const Plaintext = Buffer.from('key')
    // Long after it was given up, and soon enough for a test that waits for it.
    const answer = setTimeout(2_000, { Plaintext })
    class KMSClient {
      send() {
        return answer
      }
    }
    const load = async () => ({ KMSClient, EncryptCommand: Object, DecryptCommand: Object })
    const provider = await kmsKey(source, load, {}, 20)

    await assert.rejects(provider.unwrap(Buffer.alloc(1), context), {
      reason: 'away',
      message: 'AWS cannot be asked (TimeoutError).',
    })

    await answer
    await setImmediate()
    assert.deepEqual(Plaintext, Buffer.alloc(3))
  })
})

suite('A provider that a customer names', () => {
  test('in place of AWS may write what it likes: of that nothing is repeated but the name of a fault', async () => {
    const troubles: string[] = []
    for (const name of ['AccessDeniedException', 'planted <b>'.repeat(1000), 'planted: 10.0.0.7', '']) {
      class KMSClient {
        send() {
          return Promise.reject(Object.assign(new Error('planted'), { name }))
        }
      }
      const load = async () => ({ KMSClient, EncryptCommand: Object, DecryptCommand: Object })
      const source = { kind: 'awskms', key: 'alias/a', region: 'eu-central-1', endpoint: undefined } as const
      const parts = { access_key_id: 'planted-id', secret_access_key: 'planted-key' }
      const provider = await customerKey(source, parts, () => assert.fail('Nobody is asked.'), load)
      await provider.unwrap(Buffer.alloc(1), context).catch((error) => troubles.push(error.message))
    }
    const unknown = 'AWS cannot be asked (unknown).'
    assert.deepEqual(troubles, ['AWS refuses (AccessDeniedException).', unknown, unknown, unknown])
  })
})

function folder(t: TestContext): string {
  const path = makeFolder()
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}
