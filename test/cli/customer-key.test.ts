/** The provider that an account keeps its key with, by the command. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { startPersonWithServer } from '../support/cli.ts'
import { startTransit } from '../support/transit-server.ts'

suite('strongroom settings customer-key', () => {
  test('sets, shows and removes the provider, and says why a value cannot be had', async (t) => {
    const outboundAllowances = [parseAllowance('127.0.0.0/8') ?? assert.fail()]
    const { person, server } = await startPersonWithServer(t, { outboundAllowances })
    const transit = await startTransit(t)
    transit.tokens.set('planted-token', 3600)
    const provider = `transit:${transit.origin}/transit/strongroom`
    const set = ['settings', 'set-customer-key', provider, '--credentials', '-']
    assert.match((await person.run(['settings', 'customer-key'])).stdout, /^The account has no key of its own/)
    await person.run(['secrets', 'set', 'a'], { input: 'x' })

    const wrong = await person.run(set, { input: 'planted-token' })
    assert.deepEqual([wrong.code, wrong.stderr.includes('planted-token')], [2, false])
    const made = await person.run(set, { input: '{"token":"planted-token"}' })
    assert.deepEqual(made.stdout.split('\n'), [`Provider  ${provider}`, 'Access    open', ''], made.stderr)
    transit.tokens.clear()
    await server.vault.customerKeys.look(0)
    assert.match((await person.run(['settings', 'customer-key'])).stdout, /Access +closed since 20\S+: denied\n/)
    const refused = await person.run(['secrets', 'get', 'a'])
    assert.equal(refused.code, 4)
    assert.match(refused.stderr, /is not available, so its values are not either.*\n.*settings customer-key/s)
    transit.tokens.set('planted-token', 3600)
    await server.vault.customerKeys.look(0)
    assert.equal((await person.run(['settings', 'remove-customer-key'])).code, 2, 'unasked, nothing is changed')
    assert.equal((await person.run(['settings', 'remove-customer-key', '--yes'])).code, 0)
    assert.equal((await person.run(['settings', 'customer-key', '--json'])).stdout.trim(), 'null')
  })
})
