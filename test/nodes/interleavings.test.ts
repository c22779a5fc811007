/** Every interleaving of a few batches keeps what is promised, and each rule is needed for that. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isThorough } from '../support/chance.ts'
import { allRules, explore, type Rules, type Work } from './interleavings.ts'

const casts: readonly (readonly Work[])[] = [
  ['read', 'read', 'revoke'],
  ['read', 'revoke', 'write'],
  ['read', 'write', 'look', 'follow'],
  ...(isThorough ? ([['read', 'read', 'revoke', 'write']] as const) : []),
]

suite('Batches that share an account', () => {
  for (const cast of casts) {
    test(`keep all promises in every interleaving of ${cast.join(', ')}, with a crash and a kill anywhere`, (t) => {
      const { states, ends, wrong } = explore(cast, allRules, 1)

      assert.equal(wrong, undefined)
      assert.ok(ends > 100)
      t.diagnostic(`${states} states, ${ends} ends`)
    })
  }

  for (const [rule, without] of Object.entries({
    turns: /wrong side of the revocation|another moment|fork/,
    loadsInTurn: /wrong side of the revocation/,
    headLock: /fork/,
    settles: /left nothing/,
    changesDurable: /never there/,
    trailSettled: /not there/,
  } satisfies Record<keyof Rules, RegExp>)) {
    test(`need the rule ${rule}`, () => {
      const rules = { ...allRules, [rule]: false }

      const found = casts.map((cast) => explore(cast, rules, 0).wrong).filter((wrong) => wrong !== undefined)

      assert.ok(found.length > 0)
      assert.match(found[0] ?? '', without)
    })
  }
})
