/** A command loads what it needs and no more: what a server is made of takes longer to load than most commands take. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { ending, type Person, startPerson } from '../support/cli.ts'
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

    assert.deepEqual([own, packages], [['commands.ts', 'main.ts', 'package-root.ts'], []])
  })

  test('shows its help without loading what any command does', async (t) => {
    const { own, packages } = await loadedBy(await startPerson(t), ['help'])

    assert.deepEqual(
      own.filter(
        (path) =>
          !/^(?:main|commands|package-root|cli\/(?:failure|output|define|similar|value-kinds)|formats\/formats|cli\/(?:host\/)?commands\/[\w-]+|client\/errors|errors)\.ts$/.test(
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

  test('is seen to load more where it does: a command on the host of the server', async (t) => {
    const person = await startPerson(t)

    const { packages } = await loadedBy(person, ['key', 'generate'])

    assert.ok(packages.length > 1, packages.join())
  })
})

/** The files of this project and the packages that were loaded. */
async function loadedBy(person: Person, words: readonly string[]) {
  const path = join(person.folder, 'loaded')
  const hook = `data:text/javascript,${encodeURIComponent(noting(path))}`
  const env = person.environment({ NODE_OPTIONS: `--import=${hook}` })
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
