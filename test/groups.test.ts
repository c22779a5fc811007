/** Files of tests that share a process: each with its own suites and hooks, and none that can stand still. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { groupsOf } from '../scripts/test-groups.ts'
import { ending } from './support/cli.ts'
import { makeFolder } from './support/engines.ts'

const support = join(import.meta.dirname, 'support/group.ts')

const whole = `
  import { after, before, beforeEach, suite, test } from 'node:test'
  const steps = []
  suite('outer', () => {
    before(() => steps.push('before'))
    beforeEach(() => steps.push('each'))
    after(() => console.log(steps.join()))
    suite('inner', async () => {
      await null
      test('first', async (t) => {
        t.after(() => steps.push('after first'))
        await new Promise((resolve) => setTimeout(resolve, 1))
        await t.test('part', () => steps.push('part'))
      })
      test('second', () => steps.push('second'))
    })
  })`

/** A suite that is known late, when the tests of another file have begun. */
const late = `
  import { after, test } from 'node:test'
  import { preparedSuite } from ${JSON.stringify(join(import.meta.dirname, 'support/prepared-suite.ts'))}
  const steps = []
  preparedSuite('late', async () => {
    after(() => console.log(steps.join()))
    for (let round = 0; round < 5; round++) await new Promise((resolve) => setTimeout(resolve, 100))
    test('third', () => steps.push('third'))
  })`

const later = (what: string) => `
  import { test } from 'node:test'
  test('stands still', () => new Promise(() => setTimeout(() => ${what}, 1)))`

suite('Files of tests in one process', () => {
  test('keep their suites, hooks and parts', async () => {
    const { code, stdout } = await runTogether(whole, whole)

    const once = 'before,each,each,part,after first,each,second'
    assert.equal(stdout.match(new RegExp(`^(?:# )?${once}$`, 'gm'))?.length, 2, stdout)
    assert.match(stdout, /\b1\.mjs[\s\S]*outer[\s\S]*inner[\s\S]*first[\s\S]*second[\s\S]*\b2\.mjs[\s\S]*outer/)
    assert.equal(code, 0)
  })

  test('know whose a test is that comes late', async () => {
    const { code, stdout } = await runTogether(whole, late, whole)

    assert.match(stdout, /^(?:# )?third$/m)
    assert.match(stdout, /\b2\.mjs[\s\S]*late[\s\S]*third[\s\S]*\b3\.mjs/)
    assert.equal(code, 0)
  })

  test('tell when a suite is not built at once', () => {
    const files = globSync('test/**/*.test.ts', { cwd: join(import.meta.dirname, '..') })
    assert.ok(files.length > 250)
    const unsaid = files.filter((file) => /^suite\(.*async \(/m.test(readFileSync(file, 'utf8')))
    assert.deepEqual(unsaid, [])
  })

  for (const what of ['{ throw new Error("planted") }', 'void Promise.reject(new Error("planted"))']) {
    test(`end at once when something is not caught: ${what}`, { timeout: 60_000 }, async () => {
      const { code, stderr } = await runTogether(later(what), whole)

      assert.equal(code, 1)
      assert.match(stderr, /^Not caught, in ".*stands still"[\s\S]*Error: planted\n {4}at .*1\.mjs/m)
    })
  }
})

suite('What shares a process', () => {
  const files = globSync('test/**/*.test.ts').sort()
  const costs = Object.fromEntries(files.map((file, at) => [file, (at * 37) % 101]))
  const total = (groups: readonly { readonly cost: number }[]) => groups.reduce((sum, { cost }) => sum + cost, 0)

  for (const [known, of] of [
    [costs, 'what they cost'],
    [{}, 'their size'],
  ] as const) {
    test(`is dealt by ${of}: each file once, the dearest first and little at the end`, () => {
      const groups = groupsOf(files, known)

      assert.deepEqual(groups.flatMap((group) => group.files).sort(), files)
      const whole = total(groups)
      for (const { files: inside, cost } of groups) assert.ok(inside.length === 1 || cost <= whole / 15, inside.join())
      for (const groupsOfOne of [
        groups.filter(({ kind }) => kind === 'alone'),
        groups.filter(({ kind }) => kind !== 'alone'),
      ]) {
        const sorted = groupsOfOne.toSorted((a, b) => b.cost - a.cost)
        assert.deepEqual(groupsOfOne, sorted)
      }
      assert.ok(groups.length < files.length / 2)
    })
  }

  test('is known for a file that has not run yet', () => {
    const [first = '', ...others] = files
    const groups = groupsOf(files, Object.fromEntries(others.map((file) => [file, 1])))

    assert.ok(groups.some(({ files: inside }) => inside.includes(first)))
    assert.ok(total(groups) > others.length)
  })
})

test('A process of tests ends, though something was not closed', { timeout: 60_000 }, async () => {
  const { code, stderr } = await runTogether(`
    import { createServer } from 'node:net'
    import { test } from 'node:test'
    test('leaves something open', (t) => {
      t.after(() => { throw new Error('planted') })
      const server = createServer().listen(0)
      // What comes after a hook that failed is not called.
      t.after(() => server.close())
    })`)

  assert.equal(code, 1)
  assert.match(stderr, /^Still open .* TCPServerWrap|^Still open .*: TCPServerWrap/m)
})

function runTogether(...files: readonly string[]) {
  const folder = makeFolder()
  const paths = files.map((text, at) => {
    const path = join(folder, `${at + 1}.mjs`)
    writeFileSync(path, text)
    return path
  })
  const entry = join(folder, 'all.mjs')
  writeFileSync(entry, `import { runGroup } from ${JSON.stringify(support)}\nrunGroup(${JSON.stringify(paths)})\n`)
  // A run within a run of the test runner would report to the outer one.
  const { NODE_TEST_CONTEXT: _, STRONGROOM_TEST_COSTS: __, ...env } = process.env
  return ending(spawn(process.execPath, [entry], { env: { ...env, STRONGROOM_TEST_GRACE_MS: '100' } }))
}
