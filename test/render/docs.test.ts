/** docs/templates.md: each example gives what is shown. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { defaultLimits } from '../../src/render/limits.ts'
import { parse, render } from '../../src/render/template.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/templates.md'), 'utf8')
const blocks = [...text.matchAll(/^<!-- (values|template|result|refused) -->\n```\w+\n([\s\S]*?)^```$/gm)].map(
  ([, kind = '', content = '']) => ({ kind, content }),
)
const [first, ...examples] = blocks
const values = new Map(Object.entries<string>(JSON.parse(first?.content ?? '')))

/** What comes out, or each place of a refusal as its message puts it. */
function outcome(template: string): { readonly kind: string; readonly content: string } {
  try {
    return { kind: 'result', content: render(parse(template), values) }
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    const lines = error.fields.map((at) => `${at.field}: line ${at.line}, column ${at.column}: ${at.detail}\n`)
    assert.equal(`${error.message}\n`, lines[0])
    return { kind: 'refused', content: lines.join('') }
  }
}

suite('docs/templates.md', () => {
  test('marks every block as what it is', () => {
    assert.equal(blocks.length, text.match(/^```\w+$/gm)?.length)
    assert.equal(examples.length % 2, 0)
  })

  for (let at = 0; at < examples.length; at += 2) {
    const [template, shown] = examples.slice(at, at + 2)
    test(`shows what becomes of ${template?.content.split('\n').find((line) => line.includes('${{'))}`, () => {
      assert.equal(template?.kind, 'template')
      assert.deepEqual(outcome(template.content), shown)
    })
  }

  test('names the limits as they are', () => {
    const { templateBytes, renderedUnits, references, lexemes, parts, depth } = defaultLimits
    const sentence = `${templateBytes / 1024} KiB and ${references} references in a document, ${parts} parts, ${depth} levels of multiparts, and ${renderedUnits / 1024 ** 2} Mi characters`
    assert.ok(text.replaceAll(/\s+/g, ' ').includes(sentence))
    assert.ok(text.includes(`${lexemes} words, signs and blanks`))
  })
})
