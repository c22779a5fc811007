/** Patterns over names, against a brute-force oracle. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { covers, matches } from '../../src/model/pattern.ts'
import { fc } from '../support/fast-check.ts'

const patternText = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), minLength: 1, maxLength: 8 })
const nameText = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 8 })

/** What a pattern means, by trying every way to cut the text. */
function oracle(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const [first, rest] = [pattern[0], pattern.slice(1)]
  if (first !== '*') return first === text[0] && oracle(rest, text.slice(1))
  return Array.from({ length: text.length + 1 }, (_, at) => text.slice(at)).some((tail) => oracle(rest, tail))
}

suite('A pattern', () => {
  test('matches exactly what the oracle says', () => {
    fc.assert(
      fc.property(patternText, nameText, (pattern, name) => matches(pattern, name) === oracle(pattern, name)),
      { numRuns: 20_000 },
    )
  })

  test('covers another exactly when it matches every name that the other matches', () => {
    const fillings = fc.array(nameText, { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(patternText, patternText, fillings, (wide, narrow, texts) => {
        const rest = [...texts]
        const name = narrow.replaceAll('*', () => rest.pop() ?? '')
        if (covers(wide, narrow)) assert.ok(oracle(wide, name), `${wide} covers ${narrow}, but not ${name}`)
        // A character that no pattern holds stands for all the others: what it slips past is not covered.
        else assert.ok(!oracle(wide, narrow.replaceAll('*', 'zz')), `${wide} does not cover ${narrow}, but matches it`)
      }),
      { numRuns: 20_000 },
    )
  })

  test('takes time in proportion to its length, whatever it is made of', () => {
    const steps = '*a'.repeat(127)
    assert.equal(matches(steps, `${'a'.repeat(254)}b`), false)
  })
})
