/** What the editor of templates says of references is what the server says, at the same place. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { faultsIn, referencesIn } from '../../portal/src/cloud-init/references.ts'
import { Refusal } from '../../src/errors.ts'
import { parse } from '../../src/render/template.ts'
import { rounds } from '../support/chance.ts'

const numRuns = rounds(5000, 100_000)

/** Pieces of templates, whole and broken. */
const pieces = [
  ...['${{', '$${{', '}}', '}', '{{', '$', '|', ' | ', ' ', '\n', '\t', 'text'],
  ...['secret.A', 'secret.', 'secret.db-password', 'SECRET.A', ' secret.B '],
  ...['json', 'yaml', 'shell', 'base64', 'trim', 'indent 4', 'indent', 'indent 100', 'json 2', 'nosuch', 'JSON'],
  ...['${{secret.A}}', '${{secret.A | json}}', '${{secret.A | nosuch}}', '${{ secret.A|trim|yaml }}'],
]
const templates = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((some) => some.join(''))

/** The first fault that the server finds, as it says it, or nothing. */
function serverSays(template: string): string | undefined {
  try {
    parse(template)
    return undefined
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    const [fault] = error.fields
    return `line ${fault?.line}, column ${fault?.column}: ${fault?.detail}`
  }
}

function editorSays(template: string): string | undefined {
  const [fault] = faultsIn(template, undefined)
  if (fault === undefined) return undefined
  const before = template.slice(0, fault.from).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${fault.message}`
}

suite('The editor of templates', () => {
  test('finds the first fault that the server finds, at its line and column, in its words', () => {
    fc.assert(
      fc.property(templates, (template) => {
        assert.equal(editorSays(template), serverSays(template))
      }),
      { numRuns },
    )
  })

  test('finds the references that the server finds', () => {
    fc.assert(
      fc.property(templates, (template) => {
        if (serverSays(template) !== undefined) return
        assert.deepEqual(
          referencesIn(template).map(({ name }) => name),
          parse(template).references.map(({ name }) => name),
        )
      }),
      { numRuns },
    )
  })

  test('goes on behind a fault, and marks what is wrong', () => {
    const template = 'a ${{secret.A | nosuch | json}}\n${{secret.B}} ${{secrets.C}} ${{secret.D ${{secret.E | indent}}'
    const faults = faultsIn(template, new Set(['B', 'D']))
    assert.deepEqual(
      faults.map(({ from, to }) => template.slice(from, to)),
      ['nosuch', '${{secrets.C}}', '${{secret.E', 'indent'],
    )
    for (const { to } of referencesIn(template)) assert.ok(to <= template.length)
  })

  test('takes time that grows with the length of the template', () => {
    const many = '${{secret.A | nosuch '.repeat(20_000)
    assert.equal(faultsIn(many, undefined).length, 20_000)
  })
})
