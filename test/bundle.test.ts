/** The bundle of the sources that `npm test` runs: it is of the sources as they are, and every import leads to it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
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
