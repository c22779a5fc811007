/** Templates that refer to others, against a naive resolver: random graphs with circles, depths and rights. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { plainDetails, type Secret } from '../../src/model/secret.ts'
import { type Look, maxDepth, type Part, resolveAll, resolveEach } from '../../src/vault/templates.ts'
import { fc } from '../support/fast-check.ts'

type Known = ReadonlyMap<string, Part>

function secretOf(name: string, type: Secret['type'], value: string | Buffer): Exclude<Part, string> {
  const ids = { accountId: 1, id: 1, uid: name, listId: 1, environmentId: 1, version: 1, createdAt: 0, updatedAt: 0 }
  return {
    secret: { ...plainDetails, ...ids, decoy: null, destroyedAt: null, name, type, mac: Buffer.alloc(0) },
    value: Buffer.from(value),
  }
}

function lookIn(known: Known, asked: string[][] = []): Look {
  return async (names) => {
    asked.push([...names])
    return names.map((name) => known.get(name) ?? 'absent')
  }
}

/** What the text becomes, by going down each path by itself; `undefined` if anything on any is at fault. */
function naively(known: Known, name: string, path: readonly string[]): string | undefined {
  const part = known.get(name)
  if (part === undefined || typeof part === 'string') return undefined
  if (part.secret.type !== 'template') return part.value.toString()
  if (path.includes(name) || path.length === maxDepth) return undefined
  let out = ''
  for (const [at, piece] of part.value.toString().split(`\${{secret.`).entries()) {
    if (at === 0) {
      out += piece
      continue
    }
    const [inside = '', rest] = piece.split('}}')
    const [wanted = '', filter] = inside.split(' | ')
    const value = naively(known, wanted, [...path, name])
    if (value === undefined) return undefined
    out += (filter === 'base64' ? Buffer.from(value).toString('base64') : value) + rest
  }
  return out
}

const names = Array.from({ length: 12 }, (_, at) => (at % 3 === 0 ? `web/n${at}` : `n${at}`))
const reference = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom('', ' | base64'))
  .map(([name, filter]) => `x\${{secret.${name}${filter}}}y`)
const template = fc.array(reference, { maxLength: 3 }).map((all) => `[${all.join()}]`)
/** Values that look like references stay text. */
const text = fc.constantFrom('', 'plain', '$', `$\${{secret.n1}}`, `\${{secret.n1}}`, 'a\nb')
const part = fc.oneof(
  { weight: 5, arbitrary: template.map((value) => ['template', value] as const) },
  { weight: 3, arbitrary: text.map((value) => ['text', value] as const) },
  { weight: 1, arbitrary: fc.constantFrom('absent', 'forbidden') },
)
/** Those that come later are referred to by those before: deep ones, beside circles. */
const chained = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean()), { minLength: 12, maxLength: 12 })

async function outcomeOf(known: Known, root: Part): Promise<string | undefined> {
  assert.ok(typeof root !== 'string')
  try {
    const { values } = await resolveAll([root], lookIn(known))
    return values[0]?.toString()
  } catch (error) {
    assert.ok(error instanceof Refusal && error.code === 'unresolved_references', String(error))
    assert.ok(error.fields.length > 0)
    for (const { field, line, column, name } of error.fields) {
      assert.match(field, /^secret\.(web\/)?n\d+$/)
      assert.ok(line !== undefined && column !== undefined && name !== undefined)
    }
    return undefined
  }
}

suite('Templates', () => {
  test('become what a naive resolver makes of them, or are refused where it refuses', async () => {
    let whole = 0
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 12, maxLength: 12 }), async (parts) => {
        const known = new Map<string, Part>()
        for (const [at, one] of parts.entries()) {
          const name = names[at] ?? ''
          if (one === 'forbidden') known.set(name, one)
          else if (one !== 'absent') known.set(name, secretOf(name, one[0], one[1]))
        }
        for (const [name, one] of known) {
          if (typeof one === 'string' || one.secret.type !== 'template') continue
          const expected = naively(known, name, [])
          if (expected !== undefined) whole++
          assert.equal(await outcomeOf(known, one), expected)
        }
      }),
      { numRuns: 400 },
    )
    assert.ok(whole > 100, `${whole} were whole`)
  })

  test('that are resolved apart are each what they are alone, whatever is at fault with others', async () => {
    const seen = { whole: 0, refused: 0 }
    const several = fc.array(part, { minLength: 12, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(several, fc.shuffledSubarray(names), async (parts, order) => {
        const known = new Map<string, Part>()
        for (const [at, one] of parts.entries()) {
          if (typeof one !== 'string') known.set(names[at] ?? '', secretOf(names[at] ?? '', one[0], one[1]))
        }
        const roots = order.flatMap((name) => {
          const one = known.get(name)
          return one === undefined || typeof one === 'string' || one.secret.type !== 'template' ? [] : [one]
        })
        const resolved = await resolveEach(roots, lookIn(known))
        for (const [at, root] of roots.entries()) {
          const one = resolved[at]
          const alone = await resolveAll([root], lookIn(known)).catch((error: unknown) => error)
          seen[one instanceof Refusal ? 'refused' : 'whole']++
          if (!(one instanceof Refusal)) assert.equal(one?.toString(), naively(known, root.secret.name, []))
          else assert.deepEqual(one.fields, alone instanceof Refusal ? alone.fields : undefined)
        }
      }),
      { numRuns: 200 },
    )
    assert.ok(seen.whole > 100 && seen.refused > 100, JSON.stringify(seen))
  })

  test('that are resolved apart, as deep as they may be, are not refused for where others stand', async () => {
    const nine = chain(9)
    const roots = Array.from({ length: 9 }, (_, at) => rootOf(nine, `t${at + 1}`))
    const resolved = await resolveEach(roots, lookIn(nine))
    assert.deepEqual(
      resolved.map((one) => (one instanceof Refusal ? one.code : one.toString())),
      ['unresolved_references', ...Array.from({ length: 8 }, (_, at) => `${'-'.repeat(8 - at)}v`)],
    )
    const large = new Map<string, Part>([
      ['mb', secretOf('mb', 'text', 'x'.repeat(1_100_000))],
      ['large', secretOf('large', 'template', `\${{secret.mb}}`)],
      ['leaf', secretOf('leaf', 'text', 'v')],
      ['small', secretOf('small', 'template', `\${{secret.leaf}}`)],
    ])
    const [first, second] = await resolveEach([rootOf(large, 'large'), rootOf(large, 'small')], lookIn(large))
    assert.deepEqual([first instanceof Refusal && first.code, String(second)], ['too_large', 'v'])
  })

  test('are as deep in one another as they may be, and no deeper, by whichever path', async () => {
    const depths = { whole: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(chained, async (steps) => {
        const known = new Map<string, Part>([['leaf', secretOf('leaf', 'text', 'v')]])
        for (const [at, [step, hasLeaf]] of steps.entries()) {
          const next = names[at + step] ?? 'leaf'
          const near = names[at + 1] ?? 'leaf'
          const value = `${hasLeaf ? `a\${{secret.leaf}}` : ''}b\${{secret.${next}}}${hasLeaf ? `c\${{secret.${near}}}` : ''}`
          known.set(names[at] ?? '', secretOf(names[at] ?? '', 'template', value))
        }
        for (const name of names) {
          const root = known.get(name) ?? assert.fail()
          const expected = naively(known, name, [])
          depths[expected === undefined ? 'refused' : 'whole']++
          assert.equal(await outcomeOf(known, root), expected)
        }
      }),
      { numRuns: 200 },
    )
    assert.ok(depths.whole > 100 && depths.refused > 100, JSON.stringify(depths))
  })

  const chain = (length: number) =>
    new Map<string, Part>([
      ...Array.from({ length }, (_, at) => {
        const name = `t${at + 1}`
        return [name, secretOf(name, 'template', `-\${{secret.${at + 1 === length ? 'leaf' : `t${at + 2}`}}}`)] as const
      }),
      ['leaf', secretOf('leaf', 'text', 'v')],
    ])

  test('may be eight deep, and say where the ninth is', async () => {
    const eight = chain(8)
    const asked: string[][] = []
    const { values, parts } = await resolveAll([rootOf(eight, 't1')], lookIn(eight, asked))

    assert.equal(values[0]?.toString(), '--------v')
    assert.deepEqual(parts.map(({ secret }) => secret.name).sort(), ['leaf', 't2', 't3', 't4', 't5', 't6', 't7', 't8'])
    assert.equal(asked.length, 8)
    const nine = chain(9)
    await assert.rejects(resolveAll([rootOf(nine, 't1')], lookIn(nine)), ({ fields }: Refusal) => {
      assert.deepEqual(
        fields.map(({ field, name, line, column }) => [field, name, line, column]),
        [['secret.t8', 't9', 1, 2]],
      )
      return true
    })
  })

  test('that go in a circle are refused with the way around', async () => {
    const known = new Map<string, Part>([
      ['a', secretOf('a', 'template', `first\n  \${{secret.b}} \${{secret.none}}`)],
      ['b', secretOf('b', 'template', `\${{secret.c}}\${{secret.hidden}}`)],
      ['c', secretOf('c', 'template', `\${{secret.b}}`)],
      ['hidden', 'forbidden'],
    ])

    await assert.rejects(resolveAll([rootOf(known, 'a')], lookIn(known)), ({ code, message, fields }: Refusal) => {
      assert.equal(code, 'unresolved_references')
      assert.deepEqual(
        fields.map(({ field, name, line, column, detail }) => [field, name, line, column, detail]),
        [
          ['secret.c', 'b', 1, 1, 'It leads back to itself: b -> c -> b.'],
          ['secret.b', 'hidden', 1, 14, 'The secret "hidden" is there, and whoever asks may not read it.'],
          ['secret.a', 'none', 2, 17, 'There is no secret "none", or none that may be read.'],
        ],
      )
      assert.match(message, /^secret\.c: line 1, column 1: It leads back/)
      return true
    })
  })

  test('are looked up level by level, each name once, however often it is referred to', async () => {
    const known = new Map<string, Part>([
      ['a', secretOf('a', 'template', `\${{secret.b}}\${{secret.c}}\${{secret.b}}`)],
      ['b', secretOf('b', 'template', `\${{secret.c}}\${{secret.v}}`)],
      ['c', secretOf('c', 'template', `\${{secret.v | base64}}`)],
      ['v', secretOf('v', 'file', 'bytes')],
    ])
    const asked: string[][] = []
    known.set('b', secretOf('b', 'template', `\${{secret.c}}\${{secret.v | base64}}`))

    const { values } = await resolveAll([rootOf(known, 'a'), rootOf(known, 'c')], lookIn(known, asked))

    const coded = Buffer.from('bytes').toString('base64')
    assert.deepEqual(values.map(String), [coded.repeat(5), coded])
    assert.deepEqual(asked, [['b', 'c', 'v']])
  })

  test('that take in bytes, or more than there may be, are refused', async () => {
    const wide = (count: number) => Array.from({ length: count }, (_, at) => `\${{secret.w${at}}}`).join('')
    const known = new Map<string, Part>([
      ['bytes', secretOf('bytes', 'file', Buffer.from([0, 255]))],
      ['long', secretOf('long', 'text', 'x'.repeat(60_000))],
      ['of-bytes', secretOf('of-bytes', 'template', `a \${{secret.bytes}}`)],
      ['many', secretOf('many', 'template', wide(1001))],
      ['huge', secretOf('huge', 'template', `\${{secret.long}}`.repeat(20))],
      // Twofold at each step: of a few hundred bytes, more than any memory.
      ...Array.from({ length: 8 }, (_, at) => {
        const next = at === 7 ? 'long' : `d${at + 1}`
        return [`d${at}`, secretOf(`d${at}`, 'template', `\${{secret.${next}}}`.repeat(30))] as const
      }),
    ])
    const refused = (name: string) =>
      resolveAll([rootOf(known, name)], lookIn(known)).then(
        () => 'none',
        (error: Refusal) => error.code,
      )

    assert.equal(await refused('of-bytes'), 'unsafe_rendering')
    assert.equal(await refused('many'), 'too_large')
    assert.equal(await refused('huge'), 'too_large')
    assert.equal(await refused('d0'), 'too_large')
    const roots = Array.from({ length: 8 }, (_, at) =>
      secretOf(`r${at}`, 'template', `\${{secret.bytes | base64}}`.repeat(3000)),
    )
    await assert.rejects(resolveAll(roots, lookIn(known)), { code: 'too_large' })
  })
})

function rootOf(known: Known, name: string): Exclude<Part, string> {
  const found = known.get(name)
  assert.ok(found !== undefined && typeof found !== 'string')
  return found
}
