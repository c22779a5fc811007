/** What the portal says of the trail's records. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { kindOf } from '../../portal/src/audit/actions.ts'
import { outcomes } from '../../src/audit/record.ts'

suite('The audit page', () => {
  test('draws every refusal as one, every action that hands out a value as a read, and every deletion and its undoing as a change', () => {
    for (const outcome of outcomes) {
      assert.equal(kindOf('secret.read', outcome) === 'Refused', !['ok', 'replayed'].includes(outcome), outcome)
    }
    for (const action of ['secret.read', 'version.read', 'seed.fetch']) {
      assert.equal(kindOf(action, 'ok'), 'Reads of values', action)
    }
    for (const action of ['secret.delete', 'secret.keep', 'list.purge', 'secret.restore', 'secret.rollback']) {
      assert.equal(kindOf(action, 'ok'), 'Changes', action)
    }
  })
})
