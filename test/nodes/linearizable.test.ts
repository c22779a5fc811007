/** The judge of histories is judged: by histories that are known to be right or wrong, and by ones that were made up. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../support/fast-check.ts'
import { type Done, explain } from '../support/linearizable.ts'
import { type Step, secretAndKey } from './model.ts'

const never = Number.POSITIVE_INFINITY
const at = (from: number, to: number, operation: Step): Done<Step> => ({ from, to, operation })
const put = (value: string): Step => ({ kind: 'put', value })
const get = (value: string): Step => ({ kind: 'get', value })
const revoke: Step = { kind: 'revoke' }
const shutOut: Step = { kind: 'shut_out' }
const isRight = (...history: Done<Step>[]) => explain(history, secretAndKey('a')) !== undefined

suite('The judge of histories', () => {
  test('lets pass what could have happened one after the other', () => {
    assert.ok(isRight())
    assert.ok(isRight(at(0, 1, get('a')), at(2, 3, put('b')), at(4, 5, get('b'))))
    // Reads beside a change see it or not, in any order that fits.
    assert.ok(isRight(at(0, 9, put('b')), at(1, 2, get('a')), at(3, 4, get('b')), at(1, 8, get('a'))))
    assert.ok(isRight(at(0, 5, get('a')), at(1, 2, revoke), at(3, 4, shutOut)))
    // Nobody knows whether it happened, or when.
    assert.ok(isRight(at(0, never, put('b')), at(5, 6, get('a')), at(7, 8, get('b'))))
    assert.ok(isRight(at(0, never, revoke), at(5, 6, get('a'))))
  })

  test('finds what could not', () => {
    // A value that was never there, or is there no more.
    assert.ok(!isRight(at(0, 1, get('b'))))
    assert.ok(!isRight(at(0, 1, put('b')), at(2, 3, get('a'))))
    // A new value, and then the old one.
    assert.ok(!isRight(at(0, 9, put('b')), at(1, 2, get('b')), at(3, 4, get('a'))))
    assert.ok(!isRight(at(0, never, put('b')), at(1, 2, get('b')), at(3, 4, get('a'))))
    // A read after the revocation was answered, or after somebody else was refused.
    assert.ok(!isRight(at(0, 1, revoke), at(2, 3, get('a'))))
    assert.ok(!isRight(at(0, 9, revoke), at(1, 2, shutOut), at(3, 4, get('a'))))
    assert.ok(!isRight(at(0, 1, shutOut)))
    // An acknowledged change that is lost.
    assert.ok(!isRight(at(0, 1, put('b')), at(2, 3, put('c')), at(4, 5, get('b'))))
  })

  test('lets pass any history that was made by doing one after the other, and not when one value in it is another', () => {
    const calls = fc.array(
      fc.record({
        kind: fc.constantFrom('put', 'get', 'get', 'revoke'),
        value: fc.integer(),
        early: fc.nat(5),
        late: fc.nat(5),
      }),
      { maxLength: 14 },
    )
    fc.assert(
      fc.property(calls, (made) => {
        const state = { value: 'a', isRevoked: false }
        const history = made.map(({ kind, value, early, late }, moment): Done<Step> => {
          const span = [moment * 2 - early, moment * 2 + 1 + late] as const
          if (kind === 'put') state.value = `v${moment} ${value}`
          if (kind === 'revoke') state.isRevoked = true
          if (kind === 'put') return at(...span, put(state.value))
          if (kind === 'revoke') return at(...span, revoke)
          return at(...span, state.isRevoked ? shutOut : get(state.value))
        })
        assert.ok(isRight(...history))
        const wrong = history.map((one) => (one.operation.kind === 'get' ? { ...one, operation: get('never') } : one))
        assert.equal(isRight(...wrong), !history.some(({ operation }) => operation.kind === 'get'))
      }),
    )
  })
})
