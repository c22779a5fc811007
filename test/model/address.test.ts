/** Addresses and networks as they are compared, against an oracle that goes through their bits one by one. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { addressHex, canonicalAddress, contains, formatNetwork, parseNetwork } from '../../src/model/address.ts'
import { inNetworks, parseNetworks, withinNetworks } from '../../src/model/network.ts'
import { fc } from '../support/fast-check.ts'

/** An address by its bytes: 4 or 16. */
type Bytes = readonly number[]
interface Net {
  readonly bytes: Bytes
  readonly prefix: number
}

/** Near one another, so that networks meet: few values for each byte. */
const byte = fc.constantFrom(0, 1, 10, 127, 128, 255)
const v4 = fc.tuple(byte, byte, byte, byte)
/** IPv6 outside the mapped addresses. */
const v6 = fc.array(byte, { minLength: 16, maxLength: 16 }).map((bytes) => [0x20, 0x01, ...bytes.slice(2)])
const net4 = fc.record({ bytes: v4, prefix: fc.integer({ min: 0, max: 32 }) })
const net6 = fc.record({ bytes: v6, prefix: fc.integer({ min: 4, max: 128 }) })
const net = fc.oneof(net4, net6)
const address = fc.oneof(v4, v6)
const spelling = fc.nat(5)

const decimals = (bytes: Bytes) => bytes.join('.')
const words = (bytes: Bytes) =>
  Array.from({ length: bytes.length / 2 }, (_, at) =>
    ((bytes[2 * at] ?? 0) * 256 + (bytes[2 * at + 1] ?? 0)).toString(16),
  )

/** The same address in one of its many spellings, and by how many bits its prefix is longer there. */
function spell(bytes: Bytes, how: number): { readonly text: string; readonly more: number } {
  if (bytes.length === 16) {
    const full = words(bytes).join(':')
    return { text: how % 2 === 0 ? full : full.toUpperCase().replace(/(^|:)0(:|$)/, '$10000$2'), more: 0 }
  }
  const hex = words(bytes).join(':')
  const mapped = [
    `::ffff:${decimals(bytes)}`,
    `::FFFF:${hex}`,
    `0:0:0:0:0:ffff:${hex}`,
    `0000::ffff:${decimals(bytes)}`,
  ]
  const text = mapped[how]
  return text === undefined ? { text: decimals(bytes), more: 0 } : { text, more: 96 }
}

function write({ bytes, prefix }: Net, how: number): string {
  const { text, more } = spell(bytes, how)
  return `${text}/${prefix + more}`
}

function bitsOf(bytes: Bytes): string {
  return bytes.map((value) => value.toString(2).padStart(8, '0')).join('')
}

function holds(outer: Net, inner: Net): boolean {
  if (outer.bytes.length !== inner.bytes.length || inner.prefix < outer.prefix) return false
  return bitsOf(outer.bytes).slice(0, outer.prefix) === bitsOf(inner.bytes).slice(0, outer.prefix)
}

const single = (bytes: Bytes): Net => ({ bytes, prefix: bytes.length * 8 })

suite('Networks', () => {
  test('hold exactly the addresses that share their first bits, however both are written', () => {
    fc.assert(
      fc.property(
        fc.array(net, { minLength: 1, maxLength: 4 }),
        address,
        spelling,
        spelling,
        (nets, bytes, one, other) => {
          const own = parseNetworks(nets.map((each) => write(each, one)))
          const expected = nets.some((each) => holds(each, single(bytes)))

          assert.equal(inNetworks(own, spell(bytes, other).text), expected)
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('lie within others exactly when one of those holds all of each', () => {
    const some = fc.array(net, { maxLength: 3 })
    fc.assert(
      fc.property(some, some, spelling, spelling, (wanted, own, one, other) => {
        const expected =
          own.length === 0 || (wanted.length > 0 && wanted.every((want) => own.some((has) => holds(has, want))))

        const answer = withinNetworks(
          parseNetworks(wanted.map((each) => write(each, one))),
          parseNetworks(own.map((each) => write(each, other))),
        )

        assert.equal(answer, expected)
      }),
      { numRuns: 3000 },
    )
  })

  test('never lie within others and hold an address that those do not', () => {
    fc.assert(
      fc.property(
        fc.array(net, { maxLength: 3 }),
        fc.array(net, { maxLength: 3 }),
        address,
        spelling,
        (a, b, bytes, how) => {
          const wanted = parseNetworks(a.map((each) => write(each, how)))
          const own = parseNetworks(b.map((each) => write(each, 5)))
          const { text } = spell(bytes, how)
          if (withinNetworks(wanted, own) && inNetworks(wanted, text)) assert.ok(inNetworks(own, text))
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('have one canonical text, and mapped ones are IPv4', () => {
    fc.assert(
      fc.property(net, spelling, spelling, (each, one, other) => {
        const text = parseNetworks([write(each, one)])
        assert.deepEqual(text, parseNetworks([write(each, other)]))
        assert.deepEqual(text, parseNetworks(text))
        assert.equal(text[0]?.includes(':'), each.bytes.length === 16)
      }),
    )
    assert.deepEqual(parseNetworks(['::ffff:127.0.0.1']), ['127.0.0.1/32'])
    assert.deepEqual(parseNetworks(['::ffff:10.9.9.9/104', '10.0.0.0/8']), ['10.0.0.0/8'])
    assert.deepEqual(parseNetworks(['2001:DB8:0:0::1/32', '::/0', '0.0.0.0/0']), ['0.0.0.0/0', '2001:db8::/32', '::/0'])
  })

  test('of mapped and other addresses at once are refused', () => {
    for (const prefix of [0, 1, 32, 64, 80, 95]) {
      assert.throws(() => parseNetworks([`::ffff:127.0.0.1/${prefix}`]), { code: 'invalid' }, String(prefix))
    }
    for (const text of ['::/1', '::/64', '::fffe:0:0/79', '::/80', '::1.2.3.4/8']) {
      assert.throws(() => parseNetworks([text]), { code: 'invalid' }, text)
    }
    assert.equal(parseNetwork('::/0')?.family, 'ipv6')
    assert.ok(!inNetworks(['::/0'], '127.0.0.1') && !inNetworks(['::/0'], '::ffff:127.0.0.1'))
    assert.ok(inNetworks(['::/0'], '2001:db8::1') && !inNetworks(['0.0.0.0/0'], '2001:db8::1'))
  })

  test('kept from before that are none any more hold nothing and give nothing', () => {
    for (const old of ['::ffff:127.0.0.1/32', 'nonsense', '']) {
      assert.ok(!inNetworks([old], '127.0.0.1'), old)
      assert.ok(!withinNetworks(['127.0.0.1/32'], [old]), old)
      assert.ok(!withinNetworks([old], ['0.0.0.0/0', '::/0']), old)
    }
  })

  test('are written plainly: anything else is refused', () => {
    for (const text of [
      '',
      '/',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/08',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      '10.0.0/8',
    ]) {
      assert.equal(parseNetwork(text), undefined, text)
    }
    for (const text of ['fe80::1%eth0', 'fe80::%eth0/64', '::1/129', '::g', '1.2.3.4:80', ' 10.0.0.1', '010.0.0.1']) {
      assert.equal(parseNetwork(text), undefined, text)
    }
  })
})

suite('An address', () => {
  test('has one canonical text for all its spellings', () => {
    for (const text of ['10.1.2.3', '::ffff:10.1.2.3', '::FFFF:a01:203', '0:0:0:0:0:ffff:0a01:0203']) {
      assert.equal(canonicalAddress(text), '10.1.2.3')
      assert.equal(addressHex(text), addressHex('10.1.2.3'))
    }
    assert.equal(canonicalAddress('2001:0DB8:0:0:1::'), '2001:db8:0:0:1::')
    assert.equal(canonicalAddress('FE80::1%eth0'), 'fe80::1%eth0')
    assert.equal(canonicalAddress('::ffff:10.1.2.3%eth0'), '10.1.2.3')
    for (const none of ['fe80::1%', 'fe80::1%<b>', 'fe80::1%a b', 'fe80::1%e%f', '10.1.2.3%eth0']) {
      assert.equal(canonicalAddress(none), undefined)
    }
    for (const none of ['', 'localhost', '10.1.2', '10.1.2.3/32', '1.2.3.4:80', 'unknown']) {
      assert.equal(canonicalAddress(none), undefined)
      assert.equal(addressHex(none), undefined)
    }
  })

  test('of one link lies in the networks that hold it without its zone', () => {
    const network = parseNetwork('fe80::/10')
    assert.ok(network !== undefined && contains(network, 'fe80::1%eth0') && !contains(network, 'fec0::1%eth0'))
    assert.equal(network === undefined ? '' : formatNetwork(network), 'fe80::/10')
  })
})
