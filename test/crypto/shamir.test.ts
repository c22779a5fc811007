/** Splitting a secret into parts, and the shares that people keep and type: what opens, what does not, what is said of either. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { createKeyring, findRootKey, nameOf, openMasters } from '../../src/crypto/master-key.ts'
import { shamirKey } from '../../src/crypto/providers/shamir.ts'
import { readShare, writeShare } from '../../src/crypto/providers/share.ts'
import { Shares } from '../../src/crypto/providers/shares.ts'
import { inverse, multiply, type Part, split, valueAt } from '../../src/crypto/shamir.ts'
import { Refusal } from '../../src/errors.ts'
import { fc } from '../support/fast-check.ts'

/** By the school's way: carry-less, then divided by the polynomial. */
function slowProduct(a: number, b: number): number {
  let product = 0
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) product ^= a << bit
  for (let bit = 14; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11b << (bit - 8)
  return product
}

/** m and n, a secret, and an order of the parts. */
const splits = fc
  .tuple(fc.integer({ min: 2, max: 10 }), fc.integer({ min: 0, max: 8 }))
  .map(([threshold, more]) => ({ threshold, count: Math.min(10, threshold + more) }))
  .chain(({ threshold, count }) =>
    fc.record({
      threshold: fc.constant(threshold),
      count: fc.constant(count),
      order: fc.shuffledSubarray(
        Array.from({ length: count }, (_, at) => at),
        { minLength: count },
      ),
    }),
  )

const text = (share: string | undefined) => Buffer.from(share ?? assert.fail())
const isInvalid = (pattern: RegExp) => (error: unknown) =>
  error instanceof Refusal && error.code === 'invalid' && pattern.test(error.message)

/** By another way: as one number, with the checksum behind it. */
function typed(bytes: Buffer): string {
  const whole = Buffer.concat([bytes, Buffer.alloc(4)])
  whole.writeUInt32BE(crc32(bytes), bytes.length)
  const number = BigInt(`0x${whole.toString('hex')}`) << 4n
  const digits = Array.from({ length: 68 }, (_, at) => Number((number >> BigInt(5 * (67 - at))) & 31n))
  return digits.map((digit) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[digit]).join('')
}

/** Shares of a new root key, and what collects them in another process, which knows from the store what it waits for. */
function newSet(threshold = 3, count = 5) {
  const made = new Shares(threshold, count)
  const shares = made.make()
  const id = made.id ?? assert.fail()
  const collecting = () => {
    const shares = new Shares(threshold, count)
    shares.want(id)
    return shares
  }
  return { made, shares, id, collecting }
}

/** The share of the same number with another part: well formed, and wrong. */
function forged(share: string | undefined): Buffer {
  const read = readShare(text(share))
  return Buffer.from(writeShare({ ...read, bytes: randomBytes(32) }))
}

suite('A secret that is split', () => {
  test('is computed in the field of AES', () => {
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) if (multiply(a, b) !== slowProduct(a, b)) assert.fail(`${a} * ${b}`)
      assert.equal(multiply(a, inverse(a)), a === 0 ? 0 : 1)
    }
  })

  test('is whole again from any so many of its parts, in any order, and each part from them', () => {
    fc.assert(
      fc.property(splits, ({ threshold, count, order }) => {
        const secret = randomBytes(32)
        const parts = split(secret, threshold, count)
        const some = order.slice(0, threshold).map((at) => parts[at] ?? assert.fail())
        assert.deepEqual(valueAt(0, some), secret)
        for (const { index, bytes } of parts) assert.deepEqual(valueAt(index, some), bytes)
      }),
    )
  })

  test('is as likely to be any other for whoever has one part too few', () => {
    // Of every such choice there is, for each value of a byte, exactly one that completes it.
    const parts = split(Buffer.of(0x5a), 3, 5)
    const few = parts.slice(0, 2)
    const secrets = new Set(
      Array.from({ length: 256 }, (_, value): Part => ({ index: 4, bytes: Buffer.of(value) })).map(
        (last) => valueAt(0, [...few, last])[0],
      ),
    )
    assert.equal(secrets.size, 256)
    // And what is random in it is: the same secret has other parts each time.
    const first = Array.from({ length: 64 }, () => split(Buffer.alloc(8), 2, 2)[0]?.bytes ?? assert.fail())
    assert.equal(new Set(first.map(String)).size, 64)
  })

  test('is split as the field says, and in no other way', () => {
    // f(x) = 0x42 + 0x99 x, computed by hand.
    const parts = [1, 2, 3].map((index) => ({ index, bytes: Buffer.of(0x42 ^ slowProduct(0x99, index)) }))
    assert.deepEqual(valueAt(0, parts.slice(1)), Buffer.of(0x42))
    for (const [threshold, count] of [
      [1, 3],
      [4, 3],
      [2, 256],
    ] as const) {
      assert.throws(() => split(Buffer.of(1), threshold, count), RangeError)
    }
    assert.throws(
      () =>
        valueAt(
          0,
          [parts[0], parts[0]].flatMap((one) => one ?? []),
        ),
      RangeError,
    )
  })
})

suite('A share', () => {
  test('has the form that docs/formats.md says', () => {
    const bytes = Buffer.from(Array.from({ length: 32 }, (_, at) => at))
    const share = writeShare({ set: 'a1b2c3d4', threshold: 3, count: 5, index: 2, bytes })
    assert.equal(share, '28TT-3CP3-TG00-20G3-0G2G-C1R8-1450-P30D-1R7H-048J-2CA1-A5GQ-30CH-M6RW-3MF1-ZSGK-THN0')
    assert.equal(typed(Buffer.concat([Buffer.from('1235a1b2c3d4', 'hex'), bytes])), share.replaceAll('-', ''))
    assert.deepEqual(readShare(text(share)), { set: 'a1b2c3d4', threshold: 3, count: 5, index: 2, bytes })
    // Of a later version, and with numbers that no share has: 0 of 5, 6 of 5, 1 of 5, 6 of 5 needed, of 11.
    for (const head of ['2235', '1035', '1635', '1115', '1165', '113b']) {
      const bad = typed(Buffer.concat([Buffer.from(`${head}a1b2c3d4`, 'hex'), bytes]))
      assert.throws(
        () => readShare(text(bad)),
        isInvalid(head === '2235' ? /newer version/ : /none that Strongroom/),
        head,
      )
    }
  })

  test('is read however it is typed, and known for mistyped at once, wherever that is', () => {
    const [share = ''] = newSet().shares
    const read = readShare(text(share))
    for (const other of [
      share.toLowerCase(),
      share.replaceAll('-', ''),
      ` ${share.replaceAll('-', ' ')}\r\n`,
      share.replaceAll('0', 'O').replaceAll('1', 'l'),
      share.replaceAll('1', 'i'),
    ]) {
      assert.deepEqual(readShare(text(other)), read)
    }
    const plain = share.replaceAll('-', '')
    for (let at = 0; at < plain.length; at++) {
      for (const other of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
        if (other === plain[at]) continue
        const typed = `${plain.slice(0, at)}${other}${plain.slice(at + 1)}`
        assert.throws(() => readShare(text(typed)), isInvalid(/mistyped/), typed)
      }
      const [one = '', two = ''] = plain.slice(at, at + 2)
      if (one === two || two === '') continue
      const swapped = `${plain.slice(0, at)}${two}${one}${plain.slice(at + 2)}`
      assert.throws(() => readShare(text(swapped)), isInvalid(/mistyped/), swapped)
    }
    for (const [typed, why] of [
      ['', /0 characters/],
      [plain.slice(1), /67 characters/],
      [`${plain}0`, /69 characters/],
      [plain.replace(/.$/, 'U'), /no letter or digit/],
      ['é'.repeat(68), /no letter or digit/],
      ['0'.repeat(100_000), /characters, and a share has 68/],
    ] as const) {
      assert.throws(() => readShare(text(typed)), isInvalid(why), typed.slice(0, 80))
      // Nothing of it is repeated.
      if (plain.includes(typed.slice(0, 60)) && typed !== '') {
        assert.throws(
          () => readShare(text(typed)),
          (error: Error) => !error.message.includes(typed.slice(0, 8)),
        )
      }
    }
  })
})

suite('Shares that are given', () => {
  test('open when enough are there, in any order, and never before', () => {
    fc.assert(
      fc.property(splits, ({ threshold, count, order }) => {
        const { shares, id, collecting } = newSet(threshold, count)
        const here = collecting()
        let opened = 0
        here.onOpen(() => opened++)
        for (const [at, place] of order.slice(0, threshold).entries()) {
          assert.equal(here.keyOf(id), undefined)
          const given = here.give(text(shares[place]), 'host')
          assert.deepEqual([given.outcome, given.have], at + 1 === threshold ? ['open', threshold] : ['kept', at + 1])
        }
        assert.equal(opened, 1)
        assert.notEqual(here.keyOf(id), undefined)
      }),
      { numRuns: 30 },
    )
  })

  test('twice are no progress', () => {
    const { shares, collecting } = newSet()
    const here = collecting()
    for (const outcome of ['kept', 'same', 'same']) {
      const given = here.give(text(shares[1]), 'host')
      assert.deepEqual([given.outcome, given.have], [outcome, 1])
    }
  })

  test('that are wrong are found when enough right ones are there, named, and hold nobody up', () => {
    const { shares, id, collecting } = newSet()
    const here = collecting()
    const outcomeOf = (share: Buffer) => {
      const { outcome, have, wrong } = here.give(share, 'network')
      return [outcome, have, wrong]
    }
    assert.deepEqual(outcomeOf(forged(shares[0])), ['kept', 1, []])
    assert.deepEqual(outcomeOf(text(shares[1])), ['kept', 2, []])
    // Which of the three it is cannot be known.
    assert.deepEqual(outcomeOf(text(shares[2])), ['mismatch', 3, []])
    assert.equal(here.keyOf(id), undefined)
    // The right one of the same number, beside the wrong one.
    assert.deepEqual(outcomeOf(text(shares[0])), ['open', 3, [1]])
    assert.notEqual(here.keyOf(id), undefined)
  })

  test('of another set, or of another number of shares, are refused, and no more are kept than there may be', () => {
    const { shares, collecting } = newSet()
    const here = collecting()
    assert.throws(() => here.give(text(newSet().shares[0]), 'host'), isInvalid(/another set.*opened by the set/))
    assert.throws(
      () => here.give(text(newSet(2, 3).shares[0]), 'host'),
      isInvalid(/shamir:2\/3; asked for is shamir:3\/5/),
    )
    assert.equal(here.progress.have, 0)
    assert.throws(
      () => new Shares(3, 5).give(text(shares[0]), 'host'),
      (error: unknown) => error instanceof Refusal && error.code === 'sealed',
    )

    // Strangers fill what is theirs, and those on the host still open it.
    for (const at of [0, 1, 2, 3, 4]) here.give(forged(shares[at]), 'network')
    assert.throws(() => here.give(text(shares[0]), 'network'), isInvalid(/no more are taken.*--reset/))
    for (const at of [0, 1]) assert.equal(here.give(text(shares[at]), 'host').outcome, 'mismatch')
    assert.deepEqual(here.give(text(shares[2]), 'host').wrong, [1, 2, 3, 4, 5])
  })

  test('are forgotten when that is asked, and wiped when they have opened', (t) => {
    const { shares, collecting } = newSet()
    const here = collecting()
    here.give(text(shares[0]), 'host')
    here.give(text(shares[1]), 'host')
    here.forget()
    assert.equal(here.progress.have, 0)
    assert.equal(here.give(text(shares[2]), 'host').outcome, 'kept')

    const kept: Buffer[] = []
    const from = Buffer.from.bind(Buffer)
    t.mock.method(Buffer, 'from', (...parameters: Parameters<typeof from>) => {
      const made = from(...parameters)
      if (made.length === 32) kept.push(made)
      return made
    })
    here.give(Buffer.from(shares[0] ?? ''), 'host')
    assert.equal(here.give(Buffer.from(shares[1] ?? ''), 'host').outcome, 'open')
    // Two shares, the key, and what each of three shares has to be.
    assert.equal(kept.length, 6)
    for (const bytes of kept) assert.ok(bytes.equals(Buffer.alloc(32)))
    assert.equal(here.give(Buffer.from(shares[3] ?? ''), 'host').outcome, 'open')
    assert.ok(kept.at(-1)?.equals(Buffer.alloc(32)))
  })
})

suite("A root key's provider (shamir)", () => {
  test('opens what it wrapped once its shares are there, and nothing changed, moved or of another set', async () => {
    const { made, shares, collecting } = newSet(2, 3)
    const sealed = await createKeyring([shamirKey({ shares: made })])
    const here = collecting()
    const root = shamirKey({ shares: here })

    const { state, detail, name } = await findRootKey(root, sealed)
    assert.deepEqual([state, detail], ['locked', '2 of its 3 shares open it, and 0 are here.'])
    assert.equal(name, nameOf(shamirKey({ shares: made })))
    await assert.rejects(
      openMasters([root], sealed),
      (error: unknown) => error instanceof Refusal && error.code === 'sealed',
    )
    here.give(text(shares[2]), 'host')
    here.give(text(shares[0]), 'host')
    assert.equal((await findRootKey(root, sealed)).state, 'opens')

    const plain = randomBytes(32)
    const place = Buffer.from('a place')
    const wrapped = await root.wrap(plain, place)
    assert.deepEqual(await root.unwrap(wrapped, place), plain)
    assert.equal(await root.unwrap(wrapped, Buffer.from('another')), undefined)
    for (let at = 0; at < wrapped.length; at++) {
      const changed = Uint8Array.from(wrapped, (byte, here) => (here === at ? byte ^ 1 : byte))
      const opened = root.unwrap(changed, place)
      // The set's id: that of a set whose shares may come.
      if (at >= 2 && at < 10) await assert.rejects(opened, { reason: 'locked' })
      else assert.equal(await opened, undefined, String(at))
    }
    assert.equal(await root.unwrap(wrapped.subarray(0, 10), place), undefined)
    const others = newSet(2, 3)
    await assert.rejects(shamirKey({ shares: others.collecting() }).unwrap(wrapped, place), { reason: 'locked' })
    assert.equal(await shamirKey({ shares: newSet(2, 4).made }).unwrap(wrapped, place), undefined)
  })

  test('begins no store by itself, as its shares would be shown to nobody', async () => {
    await assert.rejects(
      createKeyring([shamirKey({ shares: new Shares(3, 5) })]),
      isInvalid(/rewrap --add shamir:3\/5/),
    )
  })
})
