/** The addresses of a machine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddresses, rangesOf } from '../../src/model/machine.ts'

test('Addresses of one machine must be some, and apart', () => {
  assert.deepEqual(parseAddresses(['10.0.0.7', '2001:db8::/64']), ['10.0.0.7/32', '2001:db8::/64'])
  assert.deepEqual(parseAddresses(['10.0.0.1', '::ffff:10.0.0.1']), ['10.0.0.1/32'])
  for (const wrong of [[], ['x'], ['10.0.0.0/16', '10.0.1.0/24'], ['10.0.0.1/33']]) {
    assert.throws(() => parseAddresses(wrong), { code: 'invalid' }, JSON.stringify(wrong))
  }
})

test('A machine has no wider networks than a pool of addresses', () => {
  assert.deepEqual(parseAddresses(['10.1.0.0/16', '2001:db8:7::/48']), ['10.1.0.0/16', '2001:db8:7::/48'])
  for (const wide of ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/15', '::ffff:10.0.0.0/111', '::/0', '2001:db8::/47']) {
    assert.throws(() => parseAddresses([wide]), { code: 'invalid' }, wide)
  }
})

test('A machine kept from before has none of the addresses that mapped and others shared', () => {
  assert.deepEqual(rangesOf({ addresses: ['::ffff:10.0.0.7/32'] }), [])
  assert.equal(rangesOf({ addresses: ['10.0.0.0/15', '::ffff:10.9.0.7/128'] }).length, 2)
})
