/** Names of secrets, with their folders, against what is said of them in docs/concepts.md. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isName, isSecretName } from '../../src/model/name.ts'
import { isPattern, matches } from '../../src/model/pattern.ts'
import { readReference } from '../../src/render/reference.ts'
import { fc } from '../support/fast-check.ts'

const first = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_'

/** One character after another. */
function isNameByHand(text: string): boolean {
  if (text.length > 255) return false
  let isBeginning = true
  for (const letter of text) {
    if (letter === '/' ? isBeginning : !(isBeginning ? first : `${first}.-`).includes(letter)) return false
    isBeginning = letter === '/'
  }
  return !isBeginning
}

suite('The name of a secret', () => {
  const texts = fc.string({
    unit: fc.constantFrom('a', '0', '_', '.', '-', '/', '/', ' ', '%', '\n', 'ä'),
    maxLength: 12,
  })

  test('is parts joined by slashes, each a name, and nothing else', () => {
    fc.assert(
      fc.property(texts, (text) => assert.equal(isSecretName(text), isNameByHand(text), JSON.stringify(text))),
      { numRuns: 5000 },
    )
    for (const text of [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      'a/..',
      '../a',
      'a/../b',
      'a/./b',
      'a/.b',
      'a/-b',
      'a\n',
      'a\\b',
    ]) {
      assert.ok(!isSecretName(text), text)
    }
    for (const text of ['a', 'a/b', '_/0/a.b-c']) assert.ok(isSecretName(text), text)
  })

  test('has 255 characters in all, its slashes among them', () => {
    const longest = `${'ab/'.repeat(84)}abc`
    assert.equal(longest.length, 255)

    assert.ok(isSecretName(longest))
    assert.ok(!isSecretName(`${longest}d`))
    assert.ok(!isName('a/b'))
  })

  test('stands in a reference and in a pattern as it is', () => {
    const names = texts.filter(isNameByHand)
    fc.assert(
      fc.property(names, (name) => {
        const read = readReference(`\${{secret.${name}}}`, 0)
        assert.equal('name' in read && read.name, name)
        assert.ok(isPattern(name) && matches(name, name))
        assert.ok(matches(`${name}/*`, `${name}/b/c`))
      }),
      { numRuns: 500 },
    )
  })
})
