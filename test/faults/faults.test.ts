/** Takes each guard away in a build of the sources: a test must notice. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { after, suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { bundleCommand } from '../../scripts/build.ts'
import { isThorough } from '../support/chance.ts'
import { makeFolder } from '../support/engines.ts'
import { type Fault, faults } from './faults.ts'

const root = join(import.meta.dirname, '..', '..')

/** What Node.js compiled of the sources stays for the next run: but for a few, they are the same. */
const compiled = join(root, 'node_modules/.cache/planted')

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

const isOfPortal = ({ file }: Pick<Fault, 'file'>) => file.startsWith('portal/')

/** Their tests read the sources where they lie, and not what was built of them. */
const readSources = [
  ...['cli/render', 'http/routes', 'process/checkpoint-file', 'process/idle-memory', 'process/two-builds'],
  ...['store/long-map', 'store/newer-schema', 'store/operations', 'store/tables'],
].map((name) => `${name}.test.ts`)

/** Whether the fault is planted in a copy of all sources. */
const isOfTree = (fault: Fault) => isOfPortal(fault) || readSources.includes(fault.test)

/** Folders to plant in, each used by one test at a time: what was compiled before is not compiled again. */
class Places {
  readonly #make: () => string
  readonly #idle: string[] = []
  readonly #all: string[] = []

  constructor(make: () => string) {
    this.#make = make
  }

  async use(work: (place: string) => Promise<Ran>): Promise<Ran> {
    const place = this.#idle.pop() ?? this.#make()
    if (!this.#all.includes(place)) this.#all.push(place)
    const ran = await work(place)
    this.#idle.push(place)
    return ran
  }

  remove(): void {
    for (const place of this.#all) rmSync(place, { recursive: true, force: true })
  }
}

suite('Without a guard, a test fails:', { concurrency: 2 }, () => {
  const inPlaces = new Places(makePlace)
  const inTrees = new Places(makeTree)
  after(() => {
    inPlaces.remove()
    inTrees.remove()
  })

  for (const fault of chosen()) {
    test(fault.name, async () => {
      const { code, output } = await (isOfTree(fault)
        ? inTrees.use((tree) => tryInTree(tree, fault))
        : inPlaces.use((place) => tryInPlace(place, fault)))

      assert.notEqual(code, 0, `No test of ${fault.test} noticed:\n${output.slice(-2000)}`)
      // A test that could not even start has noticed nothing.
      assert.match(output, /^ℹ fail [1-9]/m, output.slice(-2000))
      assert.doesNotMatch(output, /SyntaxError|ERR_MODULE_NOT_FOUND|test failed$/m, output.slice(-2000))
    })
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

function pathIn(tree: string, file: string): string {
  return isOfPortal({ file }) ? join(tree, file) : join(tree, 'src', file)
}

/** With what a build finds beside itself. */
function makePlace(): string {
  const place = makeFolder()
  for (const part of ['node_modules', 'package.json', 'portal', 'docs'])
    symlinkSync(join(root, part), join(place, part))
  return place
}

/** Modules that the test imports are read with the fault, and the command that it runs is built with it. */
async function tryInPlace(place: string, fault: Fault): Promise<Ran> {
  const texts = textsWith(fault, root)
  const planted = join(place, 'planted.json')
  writeFileSync(planted, JSON.stringify([...texts]))
  const isRun = reachedFrom(join(root, 'test', fault.test)).has(join(root, 'test/support/main.ts'))
  if (isRun) await bundleCommand(join(place, 'dist'), texts)
  const preloaded = pathToFileURL(join(root, 'test/support/planted.mjs'))
  preloaded.searchParams.set('texts', pathToFileURL(planted).href)
  return runTest(root, fault, [`--import=${preloaded.href}`], {
    NODE_COMPILE_CACHE: compiled,
    ...(isRun ? { STRONGROOM_TEST_MAIN: join(place, 'dist/main.js') } : {}),
  })
}

/** All files of tests that a file imports, and those that they import. */
function reachedFrom(file: string, reached = new Set<string>()): ReadonlySet<string> {
  if (reached.has(file)) return reached
  reached.add(file)
  for (const [, found = ''] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+\.ts)'/g)) {
    const path = join(dirname(file), found)
    if (path.startsWith(join(root, 'test'))) reachedFrom(path, reached)
  }
  return reached
}

function makeTree(): string {
  const tree = makeFolder()
  for (const part of ['src', 'action', 'test', 'package.json', 'tsconfig.json'])
    cpSync(join(root, part), join(tree, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  return tree
}

async function tryInTree(tree: string, fault: Fault): Promise<Ran> {
  if (isOfPortal(fault)) addPortal(tree)
  const texts = textsWith(fault, tree)
  const before = [...texts.keys()].map((path) => [path, readFileSync(path, 'utf8')] as const)
  for (const [path, text] of texts) writeFileSync(path, text)
  if (isOfPortal(fault)) await buildPortal(tree)
  const ran = await runTest(tree, fault, [], { NODE_COMPILE_CACHE: join(tree, 'compiled') })
  for (const [path, text] of before) writeFileSync(path, text)
  return ran
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

/** @returns the sources with the fault, by their paths */
function textsWith(fault: Fault, tree: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { file, find, replace } of [fault, ...othersOf(fault)]) {
    const path = pathIn(tree, file)
    const text = texts.get(path) ?? readFileSync(path, 'utf8')
    assert.ok(text.includes(find))
    texts.set(
      path,
      text.replace(find, () => replace),
    )
  }
  return texts
}

interface Ran {
  readonly code: number | null
  readonly output: string
}

function runTest(
  tree: string,
  { test: file, pattern }: Fault,
  options: readonly string[] = [],
  variables: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  const asked = [
    ...options,
    '--test',
    '--test-isolation=none',
    '--test-reporter=spec',
    '--test-timeout=60000',
    '--test-force-exit',
    `--test-name-pattern=${pattern}`,
    join(tree, 'test', file),
  ]
  return run(tree, asked, variables)
}

function run(cwd: string, parameters: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<Ran> {
  // A run within a run of the test runner would report to the outer one.
  const { NODE_TEST_CONTEXT: _, STRONGROOM_TEST_MAIN: __, STRONGROOM_TEST_COSTS: ___, ...env } = process.env
  const child = spawn(process.execPath, parameters, { cwd, env: { ...env, ...variables } })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}
