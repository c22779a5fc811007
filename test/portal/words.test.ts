/** What the portal knows by name is what the server has. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { kindOf, actions as offered } from '../../portal/src/audit/actions.ts'
import { actions } from '../../src/audit/record.ts'

suite('The audit page', () => {
  test('filters by every action of the trail', () => {
    assert.deepEqual([...offered].sort(), [...actions].sort())
  })

  test('draws every refusal as one, and every action that hands out a value as a read', () => {
    assert.equal(kindOf('secret.read', 'forbidden'), 'Refused')
    for (const action of ['secret.read', 'version.read', 'seed.fetch']) {
      assert.equal(kindOf(action, 'ok'), 'Reads of values', action)
    }
  })
})
