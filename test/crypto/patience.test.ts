/** How long providers are waited for. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Patience } from '../../src/crypto/providers/patience.ts'
import type { RootKeyProvider } from '../../src/crypto/providers/provider.ts'

const context = Buffer.from('a context')
const away = { name: 'ProviderTrouble', reason: 'away', message: 'The provider takes too long.' }

suite('Patience with providers', () => {
  test('is one for all that they are asked, and what comes after its end is wiped', async () => {
    const answer = Promise.withResolvers<Buffer>()
    const slow: RootKeyProvider = {
      ...{ kind: 'transit', id: 'slow', shown: 'transit:slow' },
      wrap: async (plain) => plain,
      unwrap: () => answer.promise,
    }
    const patience = new Patience(20)
    const provider = patience.with(slow)
    assert.deepEqual(await provider.wrap(Buffer.from('plain'), context), Buffer.from('plain'))

    await assert.rejects(provider.unwrap(Buffer.of(), context), away)

    // Whatever is asked from now on is not waited for, by whichever provider.
    await assert.rejects(patience.with(slow).unwrap(Buffer.of(), context), away)
    const late = Buffer.from('key')
    answer.resolve(late)
    await setImmediate()
    assert.deepEqual(late, Buffer.alloc(3))
    assert.deepEqual([provider.kind, provider.id, provider.shown], ['transit', 'slow', 'transit:slow'])
  })

  test('leaves answers as they are that come in time, refusals too', async () => {
    const key = Buffer.from('key')
    const quick: RootKeyProvider = {
      ...{ kind: 'transit', id: 'quick', shown: 'transit:quick' },
      wrap: () => Promise.reject(new Error('as it says')),
      unwrap: async () => key,
    }
    const provider = new Patience().with(quick)
    assert.equal(await provider.unwrap(Buffer.of(), context), key)
    await assert.rejects(provider.wrap(Buffer.of(), context), /as it says/)
    assert.equal(key.toString(), 'key')
  })
})
