/** Addresses as they are compared, against Node's own notion of them. */
import assert from 'node:assert/strict'
import { BlockList } from 'node:net'
import { test } from 'node:test'
import { addressHex, parseAddresses, rangeOf } from '../../src/model/machine.ts'
import { fc } from '../support/fast-check.ts'

const network = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
)

test('An address lies between the ends of a network exactly when it lies in the network', () => {
  fc.assert(
    fc.property(network, fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(255), ([base, prefix], other, near) => {
      const isV4 = base.includes('.') && !base.includes(':')
      // Some near the network, or hardly any would lie in it.
      const address = isV4 && near > 128 ? base.replace(/\d+$/, String(near)) : other
      const list = new BlockList()
      list.addSubnet(base, prefix, isV4 ? 'ipv4' : 'ipv6')
      const hex = addressHex(address)
      assert.match(hex ?? '', /^[0-9a-f]{32}$/)
      const { first, last } = rangeOf(`${base}/${prefix}`)

      const isInside = list.check(address, address.includes(':') ? 'ipv6' : 'ipv4')

      // Node takes a mapped address for IPv4 only where the list has IPv4; here both are one.
      const isMapped = (hex ?? '').startsWith(`${'0'.repeat(20)}ffff`)
      if (isMapped && !isV4) return
      assert.equal(first <= (hex ?? '') && (hex ?? '') <= last, isInside)
    }),
    { numRuns: 2000 },
  )
})

test('An IPv4 address and the same as IPv4-mapped IPv6 are one', () => {
  for (const same of ['::ffff:10.1.2.3', '::FFFF:a01:203', '0:0:0:0:0:ffff:0a01:0203']) {
    assert.equal(addressHex(same), addressHex('10.1.2.3'))
  }
  assert.deepEqual(rangeOf('::ffff:10.0.0.0/104'), rangeOf('10.0.0.0/8'))
  for (const none of ['', 'localhost', '10.1.2', '10.1.2.3/32', 'fe80::1%eth0', '1.2.3.4:80', 'unknown']) {
    assert.equal(addressHex(none), undefined)
  }
})

test('Addresses of one machine must be some, and apart', () => {
  assert.deepEqual(parseAddresses(['10.0.0.7', '2001:db8::/64']), ['10.0.0.7/32', '2001:db8::/64'])
  for (const wrong of [[], ['x'], ['10.0.0.0/8', '10.1.0.0/16'], ['10.0.0.1', '::ffff:10.0.0.1'], ['10.0.0.1/33']]) {
    assert.throws(() => parseAddresses(wrong), { code: 'invalid' }, JSON.stringify(wrong))
  }
})
