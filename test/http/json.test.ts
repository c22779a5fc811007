/** The strict gate before JSON.parse, beside JSON.parse itself. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { parseJson } from '../../src/json.ts'
import { rounds } from '../support/chance.ts'
import { fc } from '../support/fast-check.ts'

const numRuns = rounds(3000, 100_000)
const utf8 = new TextEncoder()

/** The value, or the code of the refusal; anything else that is thrown fails the test. */
function outcome(body: Uint8Array): { value: unknown } | { code: string } {
  try {
    return { value: parseJson(body) }
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return { code: error.code }
  }
}

function parsed(body: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)) }
  } catch {
    return undefined
  }
}

suite('A JSON body', () => {
  test('that is well-formed and small is read as JSON.parse reads it', () => {
    const value = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' })
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (sent, indent) => {
        const text = JSON.stringify(sent, null, indent)
        assert.deepEqual(outcome(utf8.encode(text)), { value: JSON.parse(text) })
      }),
      { numRuns },
    )
  })

  test('with any bytes changed is read as JSON.parse reads it, or refused', () => {
    const edit = fc.tuple(fc.nat(), fc.nat(255))
    const value = fc.jsonValue({ maxDepth: 3 })
    fc.assert(
      fc.property(value, fc.array(edit, { minLength: 1, maxLength: 4 }), (sent, edits) => {
        const body = utf8.encode(JSON.stringify(sent))
        for (const [at, byte] of edits) body[at % body.length] = byte
        const found = outcome(body)
        if ('value' in found) assert.deepEqual(found, parsed(body))
        else assert.equal(found.code, 'invalid')
      }),
      { numRuns },
    )
  })

  test('of any bytes at all gives a value or a refusal', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'a', '1', ' ', 'u'), maxLength: 30 })
        .map((text) => utf8.encode(text)),
    )
    fc.assert(
      fc.property(bytes, (body) => {
        const found = outcome(body)
        if ('value' in found) assert.deepEqual(found, parsed(body))
      }),
      { numRuns },
    )
  })

  test('that gives a field twice is refused at any depth, however the field is spelled', () => {
    const escaped = (name: string) =>
      [...name].map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '_'), minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.nat(8),
        (name, isEscaped, depth) => {
          const object = `{"${name}":1,"x y":2,"${isEscaped ? escaped(name) : name}":3}`
          assert.deepEqual(outcome(utf8.encode(`${'[{"n":'.repeat(depth)}${object}${'}]'.repeat(depth)}`)), {
            code: 'invalid',
          })
        },
      ),
      { numRuns: 300 },
    )
  })

  test('that says what it must not quote is refused without a quote of it', () => {
    for (const body of [
      '{"value":"planted"',
      '{"value":"planted",}',
      '{"planted":1,"planted":2}',
      '"planted\\ud800"',
    ]) {
      try {
        parseJson(utf8.encode(body))
        assert.fail(body)
      } catch (error) {
        assert.ok(error instanceof Refusal)
        assert.ok(!JSON.stringify([error.message, error.fields, String(error.cause)]).includes('planted'))
      }
    }
  })
})
