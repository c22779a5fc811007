/** The definitions of operations: each is whole, and each is in the one list. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { all } from '../../src/store/operations/all.ts'
import { compile } from '../support/compiler.ts'
import { copyTree, writeSettings } from '../support/tree.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'src', 'store', 'operations')
const fields = ['kind', 'action', 'scope', 'delicate', 'grants', 'needs', 'decide'] as const
/** What is no noun: how operations are described, and what follows from that. */
const frame = ['define.ts', 'all.ts', 'registry.ts']
const nouns = readdirSync(folder).filter((name) => !frame.includes(name))

interface Definition {
  readonly kind: string
  /** Its first line, and the one after its last. */
  readonly start: number
  readonly end: number
}

interface Fault {
  readonly file: string
  readonly line: number
  readonly text: string
}

suite('A definition of an operation', () => {
  const texts = new Map(nouns.map((name) => [name, readFileSync(join(folder, name), 'utf8').split('\n')]))
  const count = [...texts.values()].flatMap((lines) => definitionsIn(lines)).length

  test('is in the list of all', () => {
    assert.ok(count > 70)
    assert.equal(Object.keys(all).length, count)
    for (const [kind, definition] of Object.entries(all)) assert.equal(definition.kind, kind)
  })

  test('does not compile without any one of its fields, or where it is in no list of its noun', async () => {
    const tree = makeTree()
    const wanted: { readonly file: string; readonly definition: Definition; readonly message: RegExp }[] = []
    let makersInAll = 0
    for (const [name, lines] of texts) {
      for (const field of fields) {
        const file = name.replace('.ts', `.without-${field}.ts`)
        const changed = without(lines, field)
        writeFileSync(join(tree, 'src', 'store', 'operations', file), changed.join('\n'))
        const message = new RegExp(`Property '${field}' is missing`)
        wanted.push(...definitionsIn(lines, changed).map((definition) => ({ file, definition, message })))
      }
      const forgetful = name.replace('.ts', '.without-once.ts')
      const changed = without(lines, 'once')
      writeFileSync(join(tree, 'src', 'store', 'operations', forgetful), changed.join('\n'))
      const makers = definitionsIn(lines, changed).filter(({ start }) => changed[start - 1]?.includes('defineOnce<'))
      const message = /Property 'once' is missing/
      wanted.push(...makers.map((definition) => ({ file: forgetful, definition, message })))
      makersInAll += makers.length
      const file = name.replace('.ts', '.unlisted.ts')
      const unlisted = lines.filter((line) => !/^ {2}\[\w+\.kind\]: \w+,$/.test(line))
      writeFileSync(join(tree, 'src', 'store', 'operations', file), unlisted.join('\n'))
      const unread = /is declared but its value is never read/
      wanted.push(...definitionsIn(unlisted).map((definition) => ({ file, definition, message: unread })))
    }

    const faults = await typeCheck(tree)

    const unnoticed = wanted.filter(
      ({ file, definition: { start, end }, message }) =>
        !faults.some((one) => one.file === file && start <= one.line && one.line < end && message.test(one.text)),
    )
    assert.ok(makersInAll > 10)
    assert.equal(wanted.length, count * (fields.length + 1) + makersInAll)
    assert.deepEqual(
      unnoticed.map(({ file, definition }) => `${definition.kind} in ${file}`),
      [],
    )
    // Nothing is at fault with what was left as it is.
    assert.deepEqual(
      faults.filter(({ file }) => !/\.(without-\w+|unlisted)\.ts$/.test(file)),
      [],
    )
  })
})

/**
 * Where the definitions of a file are.
 *
 * @param now the lines as they are by now, in the same order, some of them taken out
 */
function definitionsIn(lines: readonly string[], now: readonly string[] = lines): Definition[] {
  const kinds = lines.flatMap((line) => /^ {2}kind: '(\w+)',$/.exec(line)?.[1] ?? [])
  const starts = now.flatMap((line, at) => (/^const \w+ = define(Operation|Once|Founding)</.test(line) ? [at] : []))
  assert.equal(starts.length, kinds.length)
  return starts.map((start, at) => {
    const end = now.indexOf('})', start) + 1
    assert.ok(end > 0)
    return { kind: kinds[at] ?? '', start: start + 1, end: end + 1 }
  })
}

/** The file without one field of each definition. */
function without(lines: readonly string[], field: string): string[] {
  let isInside = false
  let isField = false
  return lines.filter((line) => {
    if (/^const \w+ = define(Operation|Once|Founding)</.test(line)) isInside = true
    if (line === '})') isInside = false
    // What closes a field that goes on over several lines belongs to it.
    if (!isInside || /^ {2}[^\s)}\]]/.test(line)) isField = isInside && line.startsWith(`  ${field}:`)
    return !isField
  })
}

/** What operations stand on, to be compiled beside them. */
function makeTree(): string {
  const tree = copyTree([
    'src/store',
    'src/model',
    'src/audit',
    'src/errors.ts',
    'src/crypto/hmac.ts',
    'src/database-url.ts',
  ])
  writeSettings(tree, 'src/store/operations')
  return tree
}

async function typeCheck(tree: string): Promise<Fault[]> {
  const { code, stdout } = await compile(tree, '--pretty', 'false', '-p', tree)
  assert.notEqual(code, 0)
  const found = stdout.matchAll(/^src\/store\/(?:operations\/)?(\S+)\((\d+),\d+\): error TS\d+: (.*(?:\n .*)*)$/gm)
  return [...found].map(([, file = '', line, text = '']) => ({ file, line: Number(line), text }))
}
