/** Which addresses count as one client where somebody is slowed down. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { clientNetwork } from '../../src/model/client-network.ts'

suite('The network of a client', () => {
  test('is an IPv4 address, however it is written', () => {
    assert.equal(clientNetwork('192.0.2.7'), '192.0.2.7')
    for (const text of ['::ffff:192.0.2.7', '::FFFF:192.0.2.7', '::ffff:c000:207', '0:0:0:0:0:ffff:c000:0207']) {
      assert.equal(clientNetwork(text), '192.0.2.7', text)
    }
    assert.notEqual(clientNetwork('192.0.2.8'), '192.0.2.7')
  })

  test('is a /64 of IPv6, however the address is written', () => {
    const own = clientNetwork('2001:db8:1:2::1')
    for (const text of ['2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:0db8:0001:0002::', '2001:db8:1:2:a::192.0.2.7']) {
      assert.equal(clientNetwork(text), own, text)
    }
    for (const text of ['2001:db8:1:3::1', '2001:db8:1::1', '::1', '2001:db8:1:2']) {
      assert.notEqual(clientNetwork(text), own, text)
    }
  })

  test('is of one link where the address is of that link alone', () => {
    assert.equal(clientNetwork('fe80::1%eth0'), clientNetwork('fe80::2%eth0'))
    assert.notEqual(clientNetwork('fe80::1%eth0'), clientNetwork('fe80::1%eth1'))
  })

  test('is the text itself of what is no address', () => {
    for (const text of ['none', 'host', '']) assert.equal(clientNetwork(text), text)
  })
})
