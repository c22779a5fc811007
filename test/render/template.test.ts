/** Templates: what a reference is, what becomes of it, and what a refusal says. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import type { Value } from '../../src/render/fill.ts'
import { namesIn, parse, render } from '../../src/render/template.ts'
import { rounds } from '../support/chance.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { renderPlainly } from './reference.ts'

const numRuns = rounds(3000, 100_000)

function rendered(template: string, values: Readonly<Record<string, Value>>): string {
  return render(parse(template), new Map(Object.entries(values)))
}

/** What a call refuses with; a call that does not refuse, or throws anything else, fails the test. */
function refusal(call: () => unknown): Refusal {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return error
  }
  return assert.fail('It was not refused.')
}

suite('A template', () => {
  test('has references replaced by their values', () => {
    assert.equal(rendered('a ${{secret.A}}, ${{ secret.B-2.x\t}}', { A: '1', 'B-2.x': '2' }), 'a 1, 2')
  })

  test('tells the names that it refers to, each once, and all places', () => {
    const template = parse('${{secret.b}}\n  ${{secret.a}}${{ secret.b | json }}')
    assert.deepEqual(namesIn([template]), ['b', 'a'])
    assert.deepEqual(
      template.references.map(({ name, line, column }) => [name, line, column]),
      [
        ['b', 1, 1],
        ['a', 2, 3],
        ['b', 2, 16],
      ],
    )
  })

  test('has a literal ${{ for $${{, and keeps every other $', () => {
    assert.equal(
      rendered('$${{secret.A}} $$${{secret.A}} $ $$ ${ {{ }} ${HOME}', {}),
      '${{secret.A}} $${{secret.A}} $ $$ ${ {{ }} ${HOME}',
    )
  })

  test('distinguishes small letters and capitals', () => {
    const { fields } = refusal(() => rendered('${{secret.key}}${{secret.Key}}', { key: '' }))
    assert.deepEqual(
      fields.map(({ name }) => name),
      ['Key'],
    )
  })

  test('never renders a value again', () => {
    assert.equal(
      rendered('${{secret.A}}${{secret.B}}', { A: '${{secret.B}}', B: '$${{secret.A}}' }),
      '${{secret.B}}$${{secret.A}}',
    )
    assert.equal(rendered('${{secret.A}}secret.B}}', { A: '${{', B: 'no' }), '${{secret.B}}')
    assert.equal(rendered('${{secret.A}}', { A: "$&$1$'$$" }), "$&$1$'$$")
  })

  test('indents the lines of a value that stands alone on an indented line', () => {
    const value = 'one\ntwo\n\n three\n'
    assert.equal(rendered('a:\n    ${{secret.A}} \nb', { A: value }), 'a:\n    one\n    two\n\n     three\n \nb')
    assert.equal(rendered('\t${{secret.A}}\r\n', { A: 'one\r\n\r\ntwo' }), '\tone\r\n\r\n\ttwo\r\n')
    assert.equal(
      rendered('  x ${{secret.A}}\n  ${{secret.A}} x\n  ${{secret.A}}${{secret.A}}', { A: '1\n2' }),
      '  x 1\n2\n  1\n2 x\n  1\n21\n2',
    )
  })

  test('with indent leaves the indentation to it', () => {
    assert.equal(rendered('    ${{secret.A | indent 2}}', { A: 'one\ntwo' }), '    one\n  two')
  })

  for (const [text, line, column] of [
    ['${{', 1, 1],
    ['a\n b ${{ secret.A }', 2, 17],
    ['${{secret.}}', 1, 1],
    ['${{secret.A\n}}', 1, 12],
    ['${{secret.-a}}', 1, 1],
    ['${{secret.a b}}', 1, 13],
    [`\${{secret.${'a'.repeat(256)}}}`, 1, 1],
    ['${{ github.ref }}', 1, 1],
    ['${{Secret.A}}', 1, 1],
    ['ä😀${{secret.A | rot13}}', 1, 18],
    ['${{secret.A | indent}}', 1, 15],
    ['${{secret.A | indent 100}}', 1, 15],
    ['${{secret.A | json 2}}', 1, 15],
    ['${{secret.A |}}', 1, 14],
    ['${{secret.A | constructor}}', 1, 15],
    [`\${{secret.A${'|trim'.repeat(9)}}}`, 1, 1],
  ] as const) {
    test(`that says ${JSON.stringify(text.slice(0, 30))} is refused at line ${line}, column ${column}`, () => {
      const { code, fields, message } = refusal(() => parse(text))
      assert.equal(code, 'invalid')
      assert.deepEqual(
        fields.map((fault) => [fault.field, fault.line, fault.column]),
        [['template', line, column]],
      )
      assert.ok(message.startsWith(`template: line ${line}, column ${column}: `))
    })
  }

  test('with references that nobody resolves is refused with every one of them', () => {
    const template = '${{secret.A}}\n${{secret.B}} ${{secret.C}}\n\n  ${{secret.B | json}}'
    const { code, fields } = refusal(() => rendered(template, { A: 'planted' }))
    assert.equal(code, 'unresolved_references')
    assert.deepEqual(
      fields.map(({ name, line, column }) => [name, line, column]),
      [
        ['B', 2, 1],
        ['C', 2, 15],
        ['B', 4, 3],
      ],
    )
  })

  test('takes a name that every object has for unresolved', () => {
    assert.equal(refusal(() => rendered('${{secret.constructor}}${{secret.__proto__}}', {})).fields.length, 2)
  })

  test('with a binary value wants base64 for it', () => {
    const binary = new Uint8Array([0, 255, 128])
    assert.equal(rendered('${{secret.A | base64 | json}}', { A: binary }), '"AP+A"')
    const { code, fields } = refusal(() => rendered('\n${{secret.A}}${{secret.A | json | base64}}', { A: binary }))
    assert.equal(code, 'unsafe_rendering')
    assert.deepEqual(
      fields.map(({ line, column }) => [line, column]),
      [
        [2, 1],
        [2, 14],
      ],
    )
    assert.match(fields[0]?.detail ?? '', /base64/)
  })

  test('with a value that no shell takes is refused', () => {
    assert.equal(refusal(() => rendered('${{secret.A | shell}}', { A: 'a\0b' })).code, 'unsafe_rendering')
  })

  test('is refused when it is too long, has too many references, or would become too long', () => {
    const limits = { templateBytes: 40, renderedUnits: 100, references: 2, lexemes: 10, parts: 1, depth: 1 }
    assert.equal(refusal(() => parse('ä'.repeat(21), { limits })).code, 'too_large')
    assert.equal(refusal(() => parse('${{secret.A}}'.repeat(3), { limits })).code, 'too_large')
    const template = parse('${{secret.A | shell}}', { limits })
    assert.equal(render(template, new Map([['A', 'a'.repeat(40)]]), limits).length, 42)
    assert.equal(refusal(() => render(template, new Map([['A', 'a'.repeat(80)]]), limits)).code, 'too_large')
    assert.equal(refusal(() => render(template, new Map([['A', "'".repeat(40)]]), limits)).code, 'too_large')
  })

  test('cannot make a value huge by indenting it', () => {
    const value = new Map([['A', 'a\n'.repeat(100_000)]])
    assert.equal(refusal(() => render(parse(`${' '.repeat(400_000)}\${{secret.A}}`), value)).code, 'too_large')
    assert.equal(refusal(() => render(parse('${{secret.A | indent 99}}'), value)).code, 'too_large')
  })

  test('that is refused shows nothing of a value', () => {
    for (const template of [
      '${{secret.A}}${{secret.missing}}',
      '${{secret.A | shell}}',
      '#cloud-config\na: ${{secret.A}}',
      '#cloud-config\na: [${{secret.B}}]',
    ]) {
      const error = refusal(() => rendered(template, { A: 'planted\0: planted\n- planted', B: 'planted]' }))
      assert.ok(!JSON.stringify([error.message, error.fields, String(error.cause), error.stack]).includes('planted'))
    }
  })
})

const name = fc.constantFrom('A', 'b', 'A-b.c', '_x')
const blanks = fc.constantFrom('', ' ', '\t', '  ')
const filter = fc.constantFrom('base64', 'json', 'yaml', 'shell', 'trim', 'indent 0', 'indent 3')
const call = fc.tuple(blanks, filter, blanks).map(([before, text, after]) => `|${before}${text}${after}`)
const reference = fc
  .tuple(blanks, name, blanks, fc.array(call, { maxLength: 3 }))
  .map(([before, text, after, calls]) => `\${{${before}secret.${text}${after}${calls.join('')}}}`)
const broken = fc.constantFrom(
  '${{',
  '${{ secret',
  '${{secret.A',
  '${{secret.A | no}}',
  '${{secret.A b}}',
  '${{secrets.A}}',
)
const literal = fc.oneof(
  fc.constantFrom('$${{', '$', '$$', '{', '}}', '${', '\n', '\r\n', '  ', '\t', '|', 'x: ', "'", '"'),
  fc.string({ unit: anyCharacter, maxLength: 6 }),
)
const value = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 12 }),
  fc
    .array(
      fc.constantFrom('a', "'", '"', '\\', '\n', '\r', ' ', '\t', '\0', '${{secret.A}}', '$', 'é', '😀', '\u2028'),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
)

suite('Any mixture', () => {
  const table = fc.record({ A: value, b: value, 'A-b.c': value }).map((record) => new Map(Object.entries(record)))

  test('of text, references and literals becomes what a plain reading of the rules makes of it', () => {
    const pieces = fc.array(fc.oneof({ weight: 3, arbitrary: literal }, { weight: 3, arbitrary: reference }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(pieces, table, (parts, values) => {
        const template = parts.join('')
        const expected = renderPlainly(template, values)
        if ('text' in expected) return assert.equal(render(parse(template), values), expected.text)
        const { code, fields } = refusal(() => render(parse(template), values))
        if ('missing' in expected)
          assert.deepEqual(
            fields.map((fault) => fault.name),
            expected.missing,
          )
        else assert.ok(['invalid', 'unsafe_rendering'].includes(code))
      }),
      { numRuns },
    )
  })

  test('with broken references in it is refused with a place, or rendered', () => {
    const pieces = fc.array(fc.oneof(literal, reference, broken), { maxLength: 8 })
    fc.assert(
      fc.property(pieces, table, (parts, values) => {
        const template = parts.join('')
        try {
          render(parse(template), values)
        } catch (error) {
          assert.ok(error instanceof Refusal, String(error))
          const lines = template.split('\n')
          for (const { line = 0, column = 0 } of error.fields) assert.ok(column <= (lines[line - 1] ?? '').length + 1)
          assert.ok(error.fields.length > 0)
        }
      }),
      { numRuns },
    )
  })

  test('without a reference passes unchanged', () => {
    fc.assert(
      fc.property(fc.array(literal, { maxLength: 12 }), (parts) => {
        const template = parts.join('').replaceAll('${{', '')
        fc.pre(!template.includes('${{'))
        assert.equal(render(parse(template), new Map()), template)
      }),
      { numRuns },
    )
  })
})

suite('A template of 256 KiB', () => {
  const length = 256 * 1024
  const fillWith = (text: string) => text.repeat(Math.ceil(length / text.length))
  for (const [what, text] of [
    ['dollars', fillWith('$')],
    ['escaped openings', fillWith('$${{')],
    ['openings', fillWith('${{')],
    ['an opening and blanks', `\${{${fillWith(' ')}`],
    ['blanks and references on one line', `${fillWith(' ')}${'${{secret.A}}'.repeat(4000)}`],
    ['references alone behind many blanks', `\${{secret.A}}${fillWith(' ')}x`],
    ['a reference with blanks that end nowhere', `\${{secret.A |${fillWith(' ')}`],
    ['indent and blanks', `\${{secret.A | indent${fillWith(' ')}`],
    ['a name without end', `\${{secret.${fillWith('a')}`],
    ['a filter without end', `\${{secret.A | ${fillWith('a')}`],
    ['what its placeholders look like', Array.from({ length: 30_000 }, (_, at) => `x${at}q0x`).join(' ')],
    ['a cloud-config of brackets', `#cloud-config\n\${{secret.A}}: ${fillWith('[')}`],
    ['a cloud-config of keys', `#cloud-config\n${fillWith('a: \n')}b: \${{secret.A}}\n`],
    ['a cloud-config of line breaks', `#cloud-config\na: \${{secret.A}}${fillWith('\n')}`],
  ] as const) {
    test(`made of ${what} is rendered or refused`, () => {
      try {
        assert.ok(rendered(text, { A: '' }).length > 0)
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error))
      }
    })
  }

  test('has its values trimmed in the time that it takes to read them', () => {
    const value = `x${' '.repeat(500_000)}x`
    assert.equal(rendered('${{secret.A | trim}}', { A: value }), value)
  })
})
