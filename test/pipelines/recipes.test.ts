/** The recipes of docs/pipelines.md, run as each platform runs them, against a real server. */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { markedBlock, markedBlocks } from '../support/document.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { metadata, runAction } from '../support/runner.ts'
import { startServer, type TestServer } from '../support/server.ts'

const [sqlite] = engines
const page = 'docs/pipelines.md'
const password = 'p4ss "w0rd" $HOME `id` $(id) %s \\n äöü'
const tlsKey = '-----BEGIN-----\nline one\r\nline two\n\n'
const isReady = spawnSync('sh', ['-c', 'command -v jq && command -v curl']).status === 0
const skip = isReady || process.env['CI'] === 'true' ? false : 'curl and jq are needed'

interface Shell {
  readonly code: number
  readonly output: string
  /** What `deploy.sh` was given, if it was run. */
  readonly deployed: string | undefined
  /** The arguments of every curl and jq. */
  readonly seen: string
  readonly file: (name: string) => Buffer
  readonly mode: (name: string) => number
}

suite('The recipe for any shell', { skip }, () => {
  for (const shell of [['sh'], ['bash'], ['bash', '--posix']]) {
    test(`hands on values as they are, and shows no key to other processes (${shell.join(' ')})`, async (t) => {
      const server = await start(t)
      const { key } = await server.withScopes('secrets:read:db-*', 'secrets:read:tls-*')

      const ran = await run(t, shell, `${markedBlock(page, 'recipe')}./deploy.sh\n`, server.url, key)

      assert.deepEqual([ran.code, ran.output], [0, ''])
      assert.equal(ran.deployed, password)
      assert.equal(ran.file('tls.key').toString(), tlsKey)
      assert.equal(ran.mode('tls.key'), 0o600)
      assert.match(ran.seen, /secret_value/)
      assert.ok(!ran.seen.includes(key) && !ran.seen.includes('p4ss'), ran.seen)
    })

    test(`stops at a secret that is not there, or not its own (${shell.join(' ')})`, async (t) => {
      const server = await start(t)
      const { key } = await server.withScopes('secrets:read:db-*')
      for (const name of ['missing', 'tls-key', '../default']) {
        const script = markedBlock(page, 'recipe').replace('db-password', name)

        const ran = await run(t, shell, `${script}./deploy.sh\n`, server.url, key)

        assert.notEqual(ran.code, 0)
        assert.equal(ran.deployed, undefined)
      }
    })
  }

  test('reads a file as the page says', async (t) => {
    const server = await start(t)
    const [, line] =
      /`(read_secret keystore.*?)`/.exec(readFileSync(join(import.meta.dirname, '../..', page), 'utf8')) ?? []

    const ran = await run(t, ['sh'], `. ./strongroom.sh\n${line}\n`, server.url, server.api.key)

    assert.equal(ran.code, 0, ran.output)
    assert.deepEqual([...ran.file('keystore.p12')], [0, 1, 2, 250, 251, 252])
  })
})

suite('The job for GitLab', { skip }, () => {
  test('deploys with the value', async (t) => {
    const server = await start(t)

    const ran = await gitlab(t, server, server.api.key)

    assert.deepEqual([ran.code, ran.deployed], [0, password])
    assert.ok(!ran.output.includes('p4ss') && !ran.output.includes(server.api.key), ran.output)
  })

  test('deploys nothing when it is refused', async (t) => {
    const ran = await gitlab(t, await start(t), `sr_${'0'.repeat(49)}`)

    assert.notEqual(ran.code, 0)
    assert.equal(ran.deployed, undefined)
  })
})

suite('The pipeline for Jenkins', { skip }, () => {
  test('deploys with the value, and prints neither it nor the key', async (t) => {
    const server = await start(t)
    const [, script = ''] = /sh '''\n([\s\S]*?)'''/.exec(markedBlock(page, 'jenkins')) ?? []

    const ran = await run(t, ['sh', '-xe'], script, server.url, server.api.key)

    assert.deepEqual([ran.code, ran.deployed], [0, password])
    assert.ok(!ran.output.includes('p4ss') && !ran.output.includes(server.api.key), ran.output)
  })
})

suite('The workflow for GitHub', () => {
  interface Workflow {
    readonly jobs: Record<
      string,
      { steps: { id?: string; with?: Record<string, string>; env?: Record<string, string> }[] }
    >
  }

  const workflows = markedBlocks(page, 'workflow')
  for (const [index, shown] of workflows.entries())
    test(`gives the action inputs that it has, and uses outputs that it sets (${index + 1} of ${workflows.length})`, async (t) => {
      const server = await start(t)
      const { jobs }: Workflow = parse(shown)
      const steps = Object.values(jobs).flatMap((job) => job.steps)
      const given = steps.find(({ id }) => id === 'strongroom')?.with ?? assert.fail()
      const known = Object.keys(metadata().inputs)
      assert.deepEqual(
        Object.keys(given).filter((name) => !known.includes(name)),
        [],
      )

      const { outputs } = await runAction(t, { ...given, url: server.url, 'api-key': server.api.key })

      const used = steps.flatMap(({ env = {} }) => Object.values(env)).map((text) => /outputs\.(\w+)/.exec(text)?.[1])
      assert.deepEqual(used.toSorted(), Object.keys(outputs).toSorted())
      assert.equal(outputs['DB_PASSWORD'], password)
    })

  test('stands beside a table of all inputs', () => {
    const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8')
    for (const name of Object.keys(metadata().inputs)) assert.match(text, new RegExp(`^\\|.*\`${name}\`.*\\|`, 'm'))
  })
})

async function start(t: TestContext): Promise<TestServer> {
  assert.ok(sqlite)
  const server = await startServer(t, sqlite)
  for (const secret of [
    { name: 'db-password', value: password },
    { name: 'db-user', value: 'shop' },
    { name: 'tls-key', value: tlsKey },
    { name: 'keystore', type: 'file', value: Buffer.from([0, 1, 2, 250, 251, 252]).toString('base64') },
  ]) {
    assert.equal((await server.api.post('/v3/secrets', secret)).status, 201)
  }
  return server
}

/** GitLab's runner joins the lines of a job, and stops at the first that fails. */
function gitlab(t: TestContext, { url }: TestServer, key: string): Promise<Shell> {
  const { deploy } = parse(markedBlocks(page, 'gitlab').at(-1) ?? '')
  const lines = deploy.script.flatMap((line: string) => [`echo ${quoted(`$ ${line}`)}`, line])
  return run(t, ['bash'], ['set -eo pipefail', ...lines, ''].join('\n'), url, key)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Runs a script beside `strongroom.sh` and a `deploy.sh`, with a key in the environment, as a platform does. */
async function run(t: TestContext, shell: readonly string[], script: string, url: string, key: string): Promise<Shell> {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'strongroom.sh'), markedBlock(page, 'recipe: strongroom.sh'))
  writeFileSync(join(folder, 'deploy.sh'), '#!/bin/sh\nprintf %s "$DB_PASSWORD" >deployed\n', { mode: 0o755 })
  writeFileSync(join(folder, 'seen'), '')
  for (const program of ['curl', 'jq']) watch(folder, program)
  writeFileSync(join(folder, 'script'), script)
  const [program = '', ...parameters] = shell
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    STRONGROOM_URL: url,
    STRONGROOM_API_KEY: key,
  }
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
    execFile(program, [...parameters, 'script'], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    )
  })
  const file = (name: string) => readFileSync(join(folder, name))
  const deployed = statSync(join(folder, 'deployed'), { throwIfNoEntry: false })
  return {
    code,
    output,
    deployed: deployed === undefined ? undefined : file('deployed').toString(),
    seen: file('seen').toString(),
    file,
    mode: (name) => statSync(join(folder, name)).mode & 0o777,
  }
}

/** Writes down what a program is called with, which every process of the machine could see. */
function watch(folder: string, program: string): void {
  const real = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
  const path = join(folder, 'bin', program)
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$*" >>${quoted(join(folder, 'seen'))}\nexec ${real} "$@"\n`)
  chmodSync(path, 0o755)
}
