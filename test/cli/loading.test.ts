/** A command loads what it needs and no more: what a server is made of takes longer to load than most commands take. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { ending, type Person, startPerson, startPersonWithServer } from '../support/cli.ts'
import { main } from '../support/main.ts'

const source = join(import.meta.dirname, '..', '..', 'src/main.ts')

/** Notes every module in a file, whoever loads it and however. */
const noting = (path: string) => `
  import { appendFileSync } from 'node:fs'
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:')) appendFileSync(${JSON.stringify(path)}, url + '\\n')
      return next(url, context)
    },
  })`

suite('The command', () => {
  test('says its version without loading anything else', async (t) => {
    const { own, packages } = await loadedBy(await startPerson(t), ['--version'])

    assert.deepEqual([own, packages], [['commands.ts', 'main.ts', 'package-root.ts', 'start.ts'], []])
  })

  test('shows its help without loading what any command does', async (t) => {
    const { own, packages } = await loadedBy(await startPerson(t), ['help'])

    assert.deepEqual(
      own.filter(
        (path) =>
          !/^(?:main|start|commands|package-root|cli\/(?:failure|output|define|similar|system|value-kinds)|formats\/formats|cli\/(?:host\/)?commands\/[\w-]+|client\/errors|errors|error-code)\.ts$/.test(
            path,
          ),
      ),
      [],
    )
    assert.deepEqual(packages, ['commander'])
  })

  test('reads a secret with nothing of a server: no package but the parser of its options', async (t) => {
    const person = await startPerson(t)
    await person.server.api.post('/v3/secrets', { name: 'db-password', value: 's3cur3' })

    const { own, packages, stdout } = await loadedBy(person, ['secrets', 'get', 'db-password'])

    assert.equal(stdout, 's3cur3')
    assert.deepEqual(packages, ['commander'])
    assert.deepEqual(
      own.filter((path) => /^(?:http|store|vault|crypto|render|copy|oidc|audit|outbound|cli\/host)\//.test(path)),
      [],
    )
  })

  test('asks a server with the least of Node.js: not its client of `fetch`, nor what starts or asks somebody', async (t) => {
    const person = await startPerson(t)
    const path = join(person.folder, 'parts')
    const note = `import { writeFileSync } from 'node:fs'
      process.once('exit', () => writeFileSync(${JSON.stringify(path)}, process.moduleLoadList.join('\\n')))`
    const env = person.environment({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(note)}` })

    const { code, stderr } = await ending(spawn(process.execPath, [main, 'secrets', 'list'], { env }))

    assert.equal(code, 0, stderr)
    const parts = readFileSync(path, 'utf8')
    assert.match(parts, /^NativeModule _http_client$/m)
    assert.doesNotMatch(parts, /^NativeModule (?:.*undici.*|https|child_process|readline|internal\/webstreams\/\w+)$/m)
  })

  test('is seen to load more where it does: of a file in YAML, and on the host of the server', async (t) => {
    const person = await startPerson(t)
    writeFileSync(join(person.folder, 'some.yaml'), 'name: value\n')

    const { packages } = await loadedBy(person, ['import', 'some.yaml', '--dry-run'])
    const { own } = await loadedBy(person, ['key', 'generate'])

    assert.deepEqual(packages, ['commander', 'yaml'])
    assert.ok(own.includes('crypto/token.ts') && own.includes('cli/host/key.ts'), own.join())
  })

  test('opens a store in a file on the host with nothing of PostgreSQL or TLS, and in no thread but its own', async (t) => {
    const { person, server } = await startPersonWithServer(t)
    const { dataDir } = server.place
    const path = join(person.folder, 'parts')
    const note = `import { writeFileSync } from 'node:fs'
      let threads = 0
      process.on('worker', () => threads++)
      process.once('exit', () => writeFileSync(${JSON.stringify(path)}, [threads, ...process.moduleLoadList].join('\\n')))`
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(note)}`
    const listing = ['account', 'list']

    const { own, packages } = await loadedBy(person, listing, { STRONGROOM_DATA_DIR: dataDir })
    const env = person.environment({ STRONGROOM_DATA_DIR: dataDir, NODE_OPTIONS })
    const { code, stderr } = await ending(spawn(process.execPath, [main, ...listing], { env }))

    assert.deepEqual(packages, ['commander'])
    assert.ok(own.includes('store/sqlite/keeper.ts'), own.join())
    assert.equal(code, 0, stderr)
    const [threads, ...parts] = readFileSync(path, 'utf8').split('\n')
    assert.equal(threads, '0')
    assert.doesNotMatch(parts.join('\n'), /^NativeModule (?:tls|https)$/m)
  })
})

/** The files of this project and the packages that were loaded. */
async function loadedBy(person: Person, words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const path = join(person.folder, 'loaded')
  const hook = `data:text/javascript,${encodeURIComponent(noting(path))}`
  const env = person.environment({ ...more, NODE_OPTIONS: `--import=${hook}` })
  // The sources: of what is built of them, the files say less.
  const { code, stdout, stderr } = await ending(
    spawn(process.execPath, [source, ...words], { cwd: person.folder, env }),
  )
  assert.equal(code, 0, stderr)
  const urls = readFileSync(path, 'utf8').trim().split('\n')
  const packages = urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [])
  const own = urls.flatMap((url) => /^(?!.*\/node_modules\/).*\/src\/(.+)$/.exec(url)?.[1] ?? [])
  return { own: [...new Set(own)].sort(), packages: [...new Set(packages)].sort(), stdout }
}
