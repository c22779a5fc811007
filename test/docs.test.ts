/** The documents: tables as the source has them, links that lead somewhere, and commands that do what is shown. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { buildCommandOnce } from '../scripts/build.ts'
import { brokenLinks, type Document, documents, regenerate } from '../scripts/docs.ts'
import { tables } from '../src/store/tables/tables.ts'
import { listening } from './support/child.ts'
import { ending } from './support/cli.ts'
import { engines, makeFolder } from './support/engines.ts'
import { startServer } from './support/server.ts'

const root = join(import.meta.dirname, '..')
const shownUrl = 'http://127.0.0.1:4600'

suite('The documents', () => {
  for (const document of documents()) {
    test(`${document.path} has its tables as the source has them`, async () => {
      assert.equal(document.text, await regenerate(document), 'Run: npm run docs')
    })

    test(`${document.path} links to nothing that does not exist`, () => {
      assert.deepEqual(brokenLinks(document), [])
    })
  }

  test('with a stale table or a broken link are found out', async () => {
    const path = 'docs/planted.md'
    const stale = '<!-- generated: errors -->\n| `invalid` | 418 |\n<!-- end -->\n'
    assert.notEqual(await regenerate({ path, text: stale }), stale)
    await assert.rejects(regenerate({ path, text: stale.replace('errors', 'nothing') }))
    const broken =
      '# A title\n[a](nowhere.md) [b](#no-title) [c](../README.md#no-title) `src/nowhere.ts` `frame/nowhere.ts` `http/nowhere/`\n'
    assert.equal(brokenLinks({ path, text: broken }).length, 6)
    assert.deepEqual(brokenLinks({ path, text: '# A title\n[a](../README.md) [b](#a-title) `src/main.ts`\n' }), [])
  })

  test('tell of every room, of the portal too, and of every table', () => {
    const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    const roomsOf = (folder: string) =>
      readdirSync(join(root, folder), { withFileTypes: true }).map((one) => (one.isFile() ? one.name : `${one.name}/`))
    const names = [...roomsOf('src'), ...roomsOf('portal/src'), ...tables.map(({ name }) => name)]

    assert.ok(names.length > 80, String(names.length))
    assert.deepEqual(
      names.filter((name) => !page.includes(`\`${name}\``)),
      [],
    )
  })
})

/** Commands that a document shows, and what it says that they print. */
interface Block {
  readonly commands: string
  readonly exitCode: number
  /** A program that not every machine has. */
  readonly needs: string | undefined
  readonly output: { readonly language: string; readonly text: string } | undefined
}

/** The blocks below `<!-- run -->`, with the output block that follows at once, if there is one. */
function blocksOf({ text }: Document): readonly Block[] {
  const form =
    /^<!-- run(?:: exit (\d+))?(?:: needs ([\w-]+))? -->\n```sh\n([\s\S]*?)^```$(?:\n\n```(json|text)\n([\s\S]*?)^```$)?/gm
  return [...text.matchAll(form)].map(([, exitCode = '0', needs, commands = '', language, output]) => ({
    commands,
    exitCode: Number(exitCode),
    needs,
    output: language === undefined || output === undefined ? undefined : { language, text: output },
  }))
}

for (const document of documents()) {
  const blocks = blocksOf(document)
  test(`every marked block of ${document.path} is read as one`, () => {
    assert.equal(blocks.length, document.text.match(/^<!-- run/gm)?.length ?? 0)
  })
  if (blocks.length === 0) continue

  test(`the commands of ${document.path} do what it shows`, async (t) => {
    // What is typed on its host, and what its settings are, want the server as the README starts it; others ask one of this process.
    const isAsShown = blocks.some(({ commands }) => /bin\/strongroom\.js|\$URL\/account\b/.test(commands))
    const terminal = await (isAsShown ? startAsShown(t, document.path === 'README.md') : startHere(t))
    for (const block of blocks) {
      const skip = block.needs === undefined || isInstalled(block.needs) ? false : `${block.needs} is not installed`
      await t.test(block.commands.split('\n')[0], { skip }, () => terminal.check(block))
    }
  })
}

function isInstalled(program: string): boolean {
  return spawnSync('bash', ['-c', `command -v ${program}`]).status === 0
}

/** Somebody who follows a document: remembers the variables they set and the last API key they saw. */
class Terminal {
  readonly #folder: string
  readonly #url: string
  #lastKey: string
  #variables = ''

  constructor(folder: string, url: string, firstKey: string) {
    this.#folder = folder
    this.#url = url
    this.#lastKey = firstKey
  }

  async check({ commands, exitCode, output }: Block): Promise<void> {
    const typed = commands.replaceAll(shownUrl, this.#url).replaceAll(/\bsr_\.\.\./g, this.#lastKey)
    // A shell whose standard input is a socket reads ~/.bashrc, as if by rsh.
    const shell = spawn('bash', ['--norc', '-c', this.#variables + typed], {
      cwd: this.#folder,
      env: {
        ...environment(),
        PATH: `${join(this.#folder, 'shell')}:${process.env['PATH']}`,
        XDG_CONFIG_HOME: this.#folder,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { code, stdout, stderr } = await ending(shell)
    this.#variables += (typed.match(/^[A-Z_]+=("[^"]*"|\S*)\n/gm) ?? []).join('')
    this.#lastKey = /\bsr_\w{49}\b/.exec(stdout)?.[0] ?? this.#lastKey
    assert.equal(code, exitCode, `${commands}${stdout}${stderr}`)
    if (output === undefined) return
    const printed = stdout.replaceAll(this.#url, shownUrl)
    if (output.language === 'json') assert.deepEqual(toJson(printed), toJson(output.text))
    else assert.equal(generalise(printed.trim()), generalise(output.text.trim()))
  }
}

/** One document per line, in the order of its fields, without what differs every time. */
function toJson(text: string): readonly string[] {
  const documents = text
    .trim()
    .split(/\n(?=\{)/)
    .map((line): unknown => JSON.parse(line))
  return documents.map((value) =>
    generalise(JSON.stringify(value, (name, part: unknown) => (name === 'request_id' ? '' : part), 1)),
  )
}

function generalise(text: string): string {
  return text
    .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z/g, (_, fraction) => (fraction ? '<ms>' : '<time>'))
    .replaceAll(/\bsr_(\.\.\.|\w{49})/g, '<key>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<hash>')
    .replaceAll(/\b[0-9a-f]{32}\b/g, '<uid>')
}

/** Of the tests' own environment nothing that a newcomer would not have. */
function environment(): Record<string, string | undefined> {
  return { PATH: process.env['PATH'], HOME: process.env['HOME'] }
}

/** A folder that looks like a checkout, and where the command is on the `PATH`. */
async function makeCheckout(): Promise<string> {
  // What "npm test" has just built is what the tests of other files run; in a run without that it is built here.
  if (process.env['STRONGROOM_TEST_MAIN'] === undefined) await buildCommandOnce(join(root, 'dist'))
  const folder = makeFolder()
  // Links: what Node.js has compiled of a copy would be of no use to the next. What "npm ci" gives has just run this test.
  for (const part of ['bin', 'src', 'dist', 'package.json', 'package-lock.json', '.npmrc', 'node_modules']) {
    symlinkSync(join(root, part), join(folder, part))
  }
  mkdirSync(join(folder, 'shell'))
  const command = `#!/bin/sh\nexec node "${join(folder, 'bin/strongroom.js')}" "$@"\n`
  writeFileSync(join(folder, 'shell/strongroom'), command, { mode: 0o755 })
  return folder
}

/** A server that has just been started for the first time, and somebody who is not on its host. */
async function startHere(t: TestContext): Promise<Terminal> {
  const { url, api } = await startServer(t, engines[0] ?? assert.fail())
  const folder = await makeCheckout()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return new Terminal(folder, url, api.key)
}

/** A server as the README starts it; only its port is another. */
async function startAsShown(t: TestContext, isReadme: boolean): Promise<Terminal> {
  const readme = documents().find(({ path }) => path === 'README.md')
  const [, commands] = /<!-- start -->\n```sh\n([\s\S]*?)```/.exec(readme?.text ?? '') ?? []
  assert.equal(commands, 'npm ci\nnpm start\n')
  const folder = await makeCheckout()
  // What npm runs, as npm itself takes longer to start than the server: it is asked to as often as the README is followed.
  const words = isReadme ? ['npm', 'start'] : ['sh', '-c', startScript()]
  const [program = '', ...rest] = words
  const PATH = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`
  const server = spawn(program, rest, {
    cwd: folder,
    env: { ...environment(), PATH, STRONGROOM_LISTEN: '127.0.0.1:0' },
    detached: true,
  })
  t.after(async () => {
    await stop(server)
    rmSync(folder, { recursive: true, force: true })
  })
  const { url, firstKey = '' } = await listening(server)
  return new Terminal(folder, url, firstKey)
}

function startScript(): string {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return scripts.start
}

/** The server and who started it, which are a process group of their own. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return
  const gone = new Promise((resolve) => server.once('exit', resolve))
  process.kill(-server.pid, 'SIGTERM')
  await gone
}
