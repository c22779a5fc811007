/** Filters, each judged by the program that reads what it writes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { parse, render } from '../../src/render/template.ts'
import { rounds } from '../support/chance.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { missingInPython, python } from '../support/python.ts'

const numRuns = rounds(1000, 20_000)
const unit = fc.oneof(
  fc.string({ unit: anyCharacter, minLength: 1, maxLength: 1 }),
  fc.constantFrom(...'\'"\\$`!*?#~{}[]:-&|> \t\r\n\0\x07\x7f\x85\u2028\u2029\ufeff\uffff', '${{secret.A}}', '😀'),
)
/** Values are UTF-8, so no half of a surrogate pair is in one. */
const value = fc.array(unit, { maxLength: 20 }).map((parts) => parts.join('').toWellFormed())

function filtered(text: string, filters: string): string {
  return render(parse(`\${{secret.A | ${filters}}}`), new Map([['A', text]]))
}

suite('A filter', () => {
  test('shell gives sh the value and nothing else', () => {
    const texts = fc.sample(value, numRuns).map((text) => text.replaceAll('\0', ''))
    const script = texts.map((text) => `printf '%s\\0' ${filtered(text, 'shell')}`).join('\n')
    const { status, stdout, stderr } = spawnSync('sh', { input: script, encoding: 'utf8', maxBuffer: 2 ** 28 })
    assert.equal(status, 0, stderr)
    assert.deepEqual(stdout.split('\0').slice(0, -1), texts)
  })

  test('shell survives a command line', () => {
    const text = `'; echo planted; '"$(echo planted)\`echo planted\`\\`
    const { stdout } = spawnSync('sh', ['-c', `printf %s ${filtered(text, 'shell')}`], { encoding: 'utf8' })
    assert.equal(stdout, text)
  })

  test('json gives a JSON string on one line', () => {
    fc.assert(
      fc.property(value, (text) => {
        assert.equal(JSON.parse(filtered(text, 'json')), text)
        assert.ok(!/[\r\n\u2028\u2029]/.test(filtered(text, 'json')))
      }),
      { numRuns },
    )
  })

  test('yaml gives a scalar that is this text for the yaml package', () => {
    fc.assert(
      fc.property(value, (text) => {
        assert.equal(parseYaml(filtered(text, 'yaml')), text)
        assert.deepEqual(parseYaml(`a: [${filtered(text, 'yaml')}]`), { a: [text] })
      }),
      { numRuns },
    )
  })

  test('yaml and json give a scalar that is this text for Python', { skip: missingInPython('yaml') }, () => {
    const texts = fc.sample(value, numRuns)
    const documents = texts.flatMap((text) => [`a: ${filtered(text, 'yaml')}`, `{"a": ${filtered(text, 'json')}}`])
    const found = python('import yaml\nout = [yaml.safe_load(text)["a"] for text in data]', documents)
    assert.deepEqual(
      found,
      texts.flatMap((text) => [text, text]),
    )
  })

  test('base64 gives the bytes of the UTF-8', () => {
    fc.assert(
      fc.property(value, (text) => {
        const encoded = filtered(text, 'base64')
        assert.match(encoded, /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
        assert.equal(new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.fromBase64(encoded)), text)
      }),
      { numRuns },
    )
  })

  test('base64 gives the bytes of a binary value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const encoded = render(parse('${{secret.A|base64}}'), new Map([['A', bytes]]))
        assert.deepEqual(Uint8Array.fromBase64(encoded), bytes)
      }),
      { numRuns },
    )
  })

  test('trim takes white space from both ends alone', () => {
    assert.equal(filtered('\n\t a  b\r\n\v\f', 'trim'), 'a  b')
    assert.equal(filtered(' \n ', 'trim'), '')
    assert.equal(filtered('\u00a0a', 'trim'), '\u00a0a')
  })

  test('indent leaves the first line and empty ones', () => {
    assert.equal(filtered('a\n\nb\n c\n', 'indent 2'), 'a\n\n  b\n   c\n')
    assert.equal(filtered('a\nb', 'indent 0'), 'a\nb')
  })

  test('works upon what the one before it gave', () => {
    assert.equal(filtered(' a\n', 'trim | json | shell | base64'), Buffer.from(`'"a"'`).toString('base64'))
  })
})
