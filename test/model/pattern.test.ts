/** Patterns over names, against a brute-force oracle. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { covers, matches } from '../../src/model/pattern.ts'
import { fc } from '../support/fast-check.ts'

const patternText = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), minLength: 1, maxLength: 8 })
const nameText = fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 1, maxLength: 8 })

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

  test('covers no pattern that matches more than it does, whichever characters the two are made of', () => {
    const pair = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 6 })
    const names = textsOver(['a', 'b'], 7)
    fc.assert(
      fc.property(pair, pair, (wide, narrow) => {
        if (!covers(wide, narrow)) return
        for (const name of names) if (oracle(narrow, name)) assert.ok(oracle(wide, name), `${wide} ${narrow} ${name}`)
      }),
      { numRuns: 1000 },
    )
  })

  test('covers every pattern that matches no more, where names have a character that it lacks', () => {
    const pair = fc.string({ unit: fc.constantFrom('a', '*'), minLength: 1, maxLength: 5 })
    const names = textsOver(['a', 'z'], 8)
    fc.assert(
      fc.property(pair, pair, (wide, narrow) => {
        const isWithin = names.every((name) => !oracle(narrow, name) || oracle(wide, name))
        assert.equal(covers(wide, narrow), isWithin, `${wide} ${narrow}`)
      }),
      { numRuns: 1000 },
    )
  })

  test('is matched in steps in proportion to the length of the text, whatever the two are made of', () => {
    const costly = [
      [`*${'a'.repeat(120)}b`, 'a'.repeat(255)],
      [`*${'a'.repeat(120)}b*`, 'a'.repeat(255)],
      [`*${'ab'.repeat(60)}a*${'a'.repeat(60)}b*`, 'ab'.repeat(8000)],
      ['*a'.repeat(127), `${'a'.repeat(254)}b`],
      [`${'*ab'.repeat(80)}*c*`, 'ab'.repeat(8000)],
      [`*${`${'a'.repeat(20)}*`.repeat(12)}b*`, 'a'.repeat(16_000)],
    ] as const
    for (const [pattern, text] of costly) assert.ok(stepsOf(pattern, text) <= 3 * text.length + pattern.length, pattern)
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 60 })
    const texts = fc.string({ unit: fc.constantFrom('a', 'a', 'a', 'b'), maxLength: 300 })
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        assert.ok(stepsOf(pattern, text) <= 3 * text.length + pattern.length, `${pattern} ${text}`)
      }),
      { numRuns: 5000 },
    )
  })

  test('matches long texts as a regular expression of the same meaning does', () => {
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', 'ab', '*'), minLength: 1, maxLength: 12 })
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'aab', 'ab'), maxLength: 40 })
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const meaning = new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
        assert.equal(matches(pattern, text), meaning.test(text), `${pattern} ${text}`)
      }),
      { numRuns: 20_000 },
    )
  })
})

/** How often a character of the text is looked at. */
function stepsOf(pattern: string, text: string): number {
  let steps = 0
  const counted = {
    length: text.length,
    charCodeAt: (at: number) => {
      steps++
      return text.charCodeAt(at)
    },
  }
  assert.equal(matches(pattern, counted), matches(pattern, text))
  return steps
}

function textsOver(characters: readonly string[], maxLength: number): readonly string[] {
  const texts: string[] = []
  for (let last = ['']; last[0] === undefined || last[0].length < maxLength; ) {
    last = last.flatMap((text) => characters.map((character) => text + character))
    texts.push(...last)
  }
  return texts
}
