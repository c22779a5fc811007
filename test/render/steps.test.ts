/** Long documents: how much work they may ask for, and that a server answers others meanwhile. */
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../src/errors.ts'
import { defaultLimits } from '../../src/render/limits.ts'
import { inTurns, type Steps } from '../../src/render/steps.ts'
import { parse, parsing, render, renderingAll } from '../../src/render/template.ts'
import { parseUserData, parsingUserData, renderingUserData } from '../../src/render/user-data.ts'
import { rounds } from '../support/chance.ts'

const numRuns = rounds(30, 500)

const hostile = [
  ['that adds a key', 'x\n  b: 1'],
  ['that adds a key at the root', 'x\nb: 1'],
  ['that becomes a mapping', '{b: c}'],
  ['that adds an item', 'x\n- y'],
  ['that makes the rest a comment', 'x #y'],
  ['that begins a quotation and does not end it', '"x'],
  ['that begins a sequence and does not end it', '[x'],
  ['that is an anchor', '&x y'],
  ['that is an alias to nothing', '*x'],
  ['that begins a block', '|\n  x'],
  ['that is a tab', 'a\tb'],
  ['that is another number', '0777'],
  ['that ends the document', 'x\n---\ny'],
] as const

/** A document of so many references, each to a value of its own. */
function documentOf(count: number): string {
  const items = Array.from({ length: count }, (_, at) => `  - path: /etc/${at}\n    content: \${{secret.s-${at}}}\n`)
  return `#cloud-config\nwrite_files:\n${items.join('')}`
}

/** Values that change nothing, and one that does. */
function valuesOf(count: number, at: number, value: string): Map<string, string> {
  return new Map(Array.from({ length: count }, (_, index) => [`s-${index}`, index === at ? value : `value ${index}`]))
}

/** How often the work lets others have their turn, which is as often as it has read so much, and what it was refused with. */
function drain(steps: Steps<unknown>): { readonly count: number; readonly refusal: Refusal | undefined } {
  for (let count = 0; ; count++) {
    try {
      if (steps.next().done) return { count, refusal: undefined }
    } catch (error) {
      assert.ok(error instanceof Refusal, String(error))
      return { count, refusal: error }
    }
  }
}

function countSteps(steps: Steps<unknown>, code = 'unsafe_rendering'): number {
  const { count, refusal } = drain(steps)
  assert.ok(refusal === undefined || refusal.code === code, String(refusal))
  return count
}

suite('Of a thousand values', () => {
  const count = 1000
  const template = parse(documentOf(count))
  let well = 0
  before(() => {
    well = countSteps(renderingAll([template], valuesOf(count, -1, ''), defaultLimits))
  })

  for (const [what, value] of hostile) {
    test(`one ${what} is found wherever it is, without much more reading than when all are well`, () => {
      assert.ok(well > 10)

      for (const at of [0, 1, 499, 998, 999]) {
        // As `render` does, which takes all steps at once.
        const { count: steps, refusal } = drain(renderingAll([template], valuesOf(count, at, value), defaultLimits))
        assert.ok(refusal)
        assert.deepEqual([refusal.code, refusal.fields.map(({ name }) => name)], ['unsafe_rendering', [`s-${at}`]])
        assert.ok(steps <= 3 * well + 3)
      }
    })
  }

  test('one of several that are unsafe is named', () => {
    const value = fc.constantFrom(...hostile.map(([, text]) => text))
    const count = 40
    const template = parse(documentOf(count))
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: 4 }), value, (places, text) => {
        const values = valuesOf(count, -1, '')
        for (const at of places) values.set(`s-${at}`, text)
        const unsafe = places.map((at) => `s-${at}`)
        assert.throws(
          () => render(template, values),
          (error) => error instanceof Refusal && unsafe.includes(error.fields[0]?.name ?? ''),
        )
      }),
      { numRuns },
    )
  })
})

suite('A document with more words and signs than are read', () => {
  const many = defaultLimits.lexemes
  for (const [what, text] of [
    ['in a line', `#cloud-config\na: \${{secret.A}}\nb: [${'a,'.repeat(many / 2)}]\n`],
    ['in lines', `#cloud-config\na: \${{secret.A}}\n${'\n'.repeat(many)}`],
  ] as const) {
    test(`${what} is refused as too large`, () => {
      assert.throws(
        () => parse(text),
        (error) => error instanceof Refusal && error.code === 'too_large' && /words and signs/.test(error.message),
      )
    })
  }

  test('that are no YAML is read up to the first fault', () => {
    const text = `#cloud-config\na: \${{secret.A}}\n${']\n'.repeat(200_000)}`

    assert.ok(countSteps(parsing(text), 'invalid') < 3)
    assert.throws(
      () => parse(text),
      (error) => error instanceof Refusal && error.code === 'invalid' && error.fields[0]?.line === 3,
    )
  })

  test('in all of its parts is refused too', () => {
    const part = `Content-Type: text/cloud-config\n\n#cloud-config\na: \${{secret.A}}\nb: [${'a,'.repeat(60)}]\n`
    const message = (parts: number) =>
      Buffer.from(
        `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n${`--x\n${part}\n`.repeat(parts)}--x--\n`,
      )
    const limits = { ...defaultLimits, lexemes: 700 }
    assert.equal(parseUserData(message(2), 'user_data', limits).templates.length, 2)

    assert.throws(
      () => parseUserData(message(4), 'user_data', limits),
      (error) => error instanceof Refusal && error.code === 'too_large',
    )
  })

  test('by the doing of a value is refused for that value, and not read to its end', () => {
    const template = parse('#cloud-config\na: [${{secret.A}}]\nb: ${{secret.B}}\n')
    const values = new Map([
      ['A', 'a'],
      ['B', `[${'a,'.repeat(500_000)}]`],
    ])

    const steps = countSteps(renderingAll([template], values, defaultLimits))

    assert.ok(steps < 3)
    assert.throws(
      () => render(template, values),
      (error) => error instanceof Refusal && error.code === 'unsafe_rendering' && error.fields[0]?.name === 'B',
    )
  })
})

suite('A long document', () => {
  test('lets others have their turns while it is read and rendered, and comes out the same', async () => {
    const count = 4000
    const document = Buffer.from(documentOf(count))
    const values = valuesOf(count, -1, '')
    let turns = 0
    let isOver = false
    const others = () => {
      if (isOver) return
      turns++
      setImmediate(others)
    }
    setImmediate(others)

    const data = await inTurns(parsingUserData(document))
    const afterReading = turns
    const rendered = await inTurns(renderingUserData(data, values))
    isOver = true

    assert.ok(afterReading > 1 && turns > afterReading + 1, `${afterReading} ${turns}`)
    assert.equal(rendered.toString(), render(parse(document.toString()), values))
  })
})
