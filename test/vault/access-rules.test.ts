/** Which trust rule gave a key that is gone, by its name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrustRule } from '../../src/model/trust-rule.ts'
import { ruleOf, rulesAmong } from '../../src/vault/access.ts'

const rule = (id: number, name: string) => ({ id, name }) as TrustRule
const rules = rulesAmong([rule(1, 'ci'), rule(2, 'ci: deploy'), rule(3, 'ci'), rule(4, 'a:b')])
const giver = (name: string) => ruleOf({ kind: 'key', id: 9, name }, undefined, rules)?.id

test('A key that is gone is of the rule with the longest name that its own begins with', () => {
  assert.deepEqual(
    [
      'ci: deploy: job 7',
      'ci: test: deploy: 7',
      'ci: ',
      'a:b: x',
      'ci',
      'ci:x',
      'cid: x',
      ': ',
      '',
      'other: ci: x',
    ].map(giver),
    [2, 1, 1, 4, undefined, undefined, undefined, undefined, undefined, undefined],
  )
  assert.equal(ruleOf({ kind: 'user', id: 9, name: 'ci: x' }, undefined, rules), undefined)
})
