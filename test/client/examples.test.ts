/** The examples of docs/client.md: they compile against the packed client, and print what is shown. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { compile } from '../support/compiler.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { pack } from '../support/package.ts'
import { startServer } from '../support/server.ts'

const root = join(import.meta.dirname, '..', '..')
const [sqlite] = engines
const run = promisify(execFile)

interface Example {
  readonly code: string
  readonly printed: string
}

const document = readFileSync(join(root, 'docs/client.md'), 'utf8')
const examples: readonly Example[] = [
  ...document.matchAll(/^<!-- example -->\n```ts\n([\s\S]*?)^```$(?:\n\n```text\n([\s\S]*?)^```$)?/gm),
].map(([, code = '', printed = '']) => ({ code, printed }))
/** What needs a platform that is not here: whole programs, which only have to compile. */
const programs = [...document.matchAll(/^<!-- program -->\n```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)

suite('The examples of the client', () => {
  const folder = makeFolder()
  after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'node_modules'))
  cpSync(pack(folder, 'server'), join(folder, 'node_modules/strongroom'), { recursive: true })
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  symlinkSync(join(root, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'))
  // One program: what an example makes, the next one uses.
  const separator = '-- next --'
  const program = examples.map(({ code }) => code).join(`console.log('${separator}')\n`)
  writeFileSync(join(folder, 'examples.mts'), program)
  const files = ['examples.mts', ...programs.map((_, at) => `program-${at}.mts`)]
  for (const [at, code] of programs.entries()) writeFileSync(join(folder, `program-${at}.mts`), code)

  test('are all of the code that is shown', () => {
    assert.equal(examples.length + programs.length, document.match(/^```ts/gm)?.length)
    assert.ok(examples.length > 5)
  })

  test('compile', async () => {
    const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))

    const { stdout } = await compile(root, '--project', folder)

    assert.equal(stdout, '')
  })

  test('print what is shown', async (t) => {
    assert.ok(sqlite)
    const { api } = await startServer(t, sqlite)
    const env = { PATH: process.env['PATH'], STRONGROOM_URL: api.url, STRONGROOM_API_KEY: api.key }

    const { stdout } = await run(process.execPath, ['examples.mts'], { cwd: folder, env })

    assert.deepEqual(
      stdout.split(`${separator}\n`),
      examples.map(({ printed }) => printed),
    )
  })
})
