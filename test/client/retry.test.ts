/** How long the client waits before it sends a request again. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pauseMs, readRetryAfter, wait } from '../../src/client/retry.ts'
import { fc } from '../support/fast-check.ts'

const now = Date.UTC(2026, 0, 15, 10, 30)

suite('A pause before the next try', () => {
  const tries = fc.nat(100)
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test('is anything from nothing to a bound that doubles, and never over ten seconds', () => {
    fc.assert(
      fc.property(tries, random, (count, chance) => {
        const pause = pauseMs(count, undefined, chance) ?? assert.fail()
        assert.ok(pause >= 0 && pause < Math.min(10_000, 250 * 2 ** count))
      }),
    )
    assert.equal(pauseMs(0, undefined, 0), 0)
    assert.deepEqual(
      [0, 1, 2, 9].map((count) => pauseMs(count, undefined, 0.999999)),
      [249, 499, 999, 9999],
    )
  })

  test('is never shorter than the server asks, and none at all when it asks for more than a minute', () => {
    fc.assert(
      fc.property(tries, random, fc.nat(120_000), (count, chance, asked) => {
        const pause = pauseMs(count, asked, chance)
        assert.equal(pause === undefined, asked > 60_000)
        assert.ok(pause === undefined || (pause >= asked && pause <= asked + 10_000))
      }),
    )
  })

  test('leaves no timer behind when it is given up', async (t) => {
    const cleared = t.mock.method(globalThis, 'clearTimeout')

    await assert.rejects(wait(100_000, AbortSignal.abort('enough')), (reason) => reason === 'enough')

    assert.equal(cleared.mock.callCount(), 1)
  })
})

suite('Retry-After', () => {
  test('is read in seconds, and as any date from now on', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.nat(10_000_000), (seconds, ahead) => {
        assert.equal(readRetryAfter(String(seconds), now), seconds * 1000)
        assert.equal(readRetryAfter(new Date(now + ahead * 1000).toUTCString(), now), ahead * 1000)
      }),
    )
  })

  test('of the past asks for no wait', () => {
    assert.equal(readRetryAfter('Thu, 15 Jan 2026 10:29:00 GMT', now), 0)
  })

  for (const text of [
    null,
    '',
    'soon',
    '-1',
    '1.5',
    '1e3',
    '2026-01-15',
    '9999999999',
    'Thu, 99 Jan 2026 10:29:00 GMT',
  ]) {
    test(`that is ${JSON.stringify(text)} says nothing`, () => {
      assert.equal(readRetryAfter(text, now), undefined)
    })
  }
})
