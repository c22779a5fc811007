/** The bundle of the sources that `npm test` runs: it is of the sources as they are, and every import leads to it; and that of the command. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { bundleCommand } from '../scripts/build.ts'
import { makeFolder } from './support/engines.ts'

const root = join(import.meta.dirname, '..')
const bundle = process.env['STRONGROOM_TEST_BUNDLE']

suite('The bundle of the sources', () => {
  test('is made anew when a source changes, and the one of before stays as it is', (t) => {
    const tree = makeTree()
    t.after(() => rmSync(tree, { recursive: true, force: true }))
    const errors = join(tree, 'src/errors.ts')

    const first = bundleIn(tree)
    assert.equal(bundleIn(tree), first)
    writeFileSync(errors, `${readFileSync(errors, 'utf8')}\nexport const planted = 'a change of the source'\n`)
    const second = bundleIn(tree)

    assert.notEqual(second, first)
    const has = (folder: string) => readFileSync(join(folder, 'all.js'), 'utf8').includes('a change of the source')
    assert.deepEqual([has(first), has(second)], [false, true])
  })

  test('takes the place of each source that a test imports', { skip: bundle === undefined }, () => {
    const folder = `${pathToFileURL(bundle ?? '')}/`
    const elsewhere = globSync('src/**/*.ts', { cwd: root }).filter(
      (file) => file !== join('src', 'main.ts') && !import.meta.resolve(`../${file}`).startsWith(folder),
    )
    assert.deepEqual(elsewhere, [])
  })
})

test('A build of the command that fails leaves what was built before, and nothing else', async (t) => {
  const place = makeFolder()
  t.after(() => rmSync(place, { recursive: true, force: true }))
  const dist = join(place, 'dist')
  mkdirSync(dist)
  writeFileSync(join(dist, 'main.js'), 'built before')

  await assert.rejects(bundleCommand(dist, new Map([[join(root, 'src/start.ts'), 'import missing from']])))

  assert.equal(readFileSync(join(dist, 'main.js'), 'utf8'), 'built before')
  assert.deepEqual(readdirSync(place), ['dist'])
})

/** A copy of what a bundle is made of. */
function makeTree(): string {
  const tree = makeFolder()
  for (const part of ['src', 'scripts', 'package.json', 'package-lock.json'])
    cpSync(join(root, part), join(tree, part), { recursive: true })
  mkdirSync(join(tree, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => one !== '.cache'))
    symlinkSync(join(root, 'node_modules', name), join(tree, 'node_modules', name))
  return tree
}

function bundleIn(tree: string): string {
  const script = pathToFileURL(join(tree, 'scripts/bundle-sources.ts')).href
  const asked = `console.log(await (await import(${JSON.stringify(script)})).bundleSources())`
  return execFileSync(process.execPath, ['--input-type=module', '-e', asked], { encoding: 'utf8' }).trim()
}
