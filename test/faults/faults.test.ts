/** Takes each guard away in a copy of the sources: a test must notice. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, suite, test } from 'node:test'
import { isThorough } from '../support/chance.ts'
import { makeFolder } from '../support/engines.ts'
import { type Fault, faults } from './faults.ts'

const root = join(import.meta.dirname, '..', '..')

/** A part of them, larger in CI; all in a thorough run. `FAULT=text` takes those whose names have it; or one of several, as in `a|b`. */
function chosen(): readonly Fault[] {
  const wanted = process.env['FAULT']
  if (wanted !== undefined) return faults.filter(({ name }) => wanted.split('|').some((text) => name.includes(text)))
  if (isThorough) return faults
  // The same ones in each run of CI, as properties have the same cases there; others each time elsewhere.
  const isCI = process.env['CI'] === 'true'
  const count = isCI ? 8 : 4
  const first = isCI ? 0 : Math.floor(Math.random() * faults.length)
  // A step that has no divisor in common with their number meets each once.
  return Array.from({ length: count }, (_, at) => faults[(first + at * 11) % faults.length] ?? assert.fail())
}

suite('Without a guard, a test fails:', { concurrency: 2 }, () => {
  /** Trees to plant in, each used by one test at a time: what they compiled before is not compiled again. */
  const idle: string[] = []
  const trees: string[] = []
  after(() => {
    for (const tree of trees) rmSync(tree, { recursive: true, force: true })
  })

  for (const fault of chosen()) {
    test(fault.name, async () => {
      const tree = idle.pop() ?? makeTree()
      if (isOfPortal(fault)) addPortal(tree)
      const clear = plant(tree, fault)
      if (isOfPortal(fault)) await buildPortal(tree)

      const { code, output } = await runTest(tree, fault)

      clear()
      idle.push(tree)
      assert.notEqual(code, 0, `No test of ${fault.test} noticed:\n${output.slice(-2000)}`)
      // A test that could not even start has noticed nothing.
      assert.match(output, /^ℹ fail [1-9]/m, output.slice(-2000))
      assert.doesNotMatch(output, /SyntaxError|ERR_MODULE_NOT_FOUND|test failed$/m, output.slice(-2000))
    })
  }

  function makeTree(): string {
    const tree = makeFolder()
    trees.push(tree)
    for (const part of ['src', 'action', 'test', 'package.json', 'tsconfig.json'])
      cpSync(join(root, part), join(tree, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
    return tree
  }
})

test('Every planted fault still finds its text in the sources, once', () => {
  const edits = faults.flatMap((fault) => [fault, ...othersOf(fault).map((also) => ({ ...fault, ...also }))])
  const lost = edits.filter(({ file, find }) => readFileSync(pathIn(root, file), 'utf8').split(find).length !== 2)
  assert.deepEqual(
    lost.map(({ name }) => name),
    [],
  )
})

function othersOf({ also }: Fault) {
  return [also ?? []].flat()
}

const isOfPortal = ({ file }: Pick<Fault, 'file'>) => file.startsWith('portal/')

function pathIn(tree: string, file: string): string {
  return isOfPortal({ file }) ? join(tree, file) : join(tree, 'src', file)
}

/** What the portal is built of, without what it was built into. */
function addPortal(tree: string): void {
  if (existsSync(join(tree, 'portal'))) return
  for (const part of ['portal', 'docs', 'scripts', 'package-lock.json']) {
    const filter = (path: string) => relative(root, path) !== join('portal', 'dist')
    cpSync(join(root, part), join(tree, part), { recursive: true, filter })
  }
}

/** A browser shows what was built. */
async function buildPortal(tree: string): Promise<void> {
  const { code, output } = await run(tree, [join(tree, 'scripts', 'build-portal.ts')])
  assert.equal(code, 0, output.slice(-2000))
}

/** @returns what takes the fault out again */
function plant(tree: string, fault: Fault): () => void {
  const kept: (readonly [string, string])[] = []
  for (const { file, find, replace } of [fault, ...othersOf(fault)]) {
    const path = pathIn(tree, file)
    const text = readFileSync(path, 'utf8')
    assert.ok(text.includes(find))
    kept.push([path, text])
    writeFileSync(
      path,
      text.replace(find, () => replace),
    )
  }
  return () => {
    for (const [path, text] of kept.reverse()) writeFileSync(path, text)
  }
}

interface Ran {
  readonly code: number | null
  readonly output: string
}

function runTest(tree: string, { test: file, pattern }: Fault): Promise<Ran> {
  return run(tree, [
    '--test',
    '--test-isolation=none',
    '--test-reporter=spec',
    '--test-timeout=60000',
    `--test-name-pattern=${pattern}`,
    join(tree, 'test', file),
  ])
}

function run(tree: string, parameters: readonly string[]): Promise<Ran> {
  // A run within a run of the test runner would report to the outer one.
  const { NODE_TEST_CONTEXT: _, STRONGROOM_TEST_MAIN: __, STRONGROOM_TEST_COSTS: ___, ...env } = process.env
  const child = spawn(process.execPath, parameters, {
    cwd: tree,
    env: { ...env, NODE_COMPILE_CACHE: join(tree, 'compiled') },
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}
