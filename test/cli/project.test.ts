/** The project file: what it says is done, it leads no key to another server, and nobody else's is used. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, suite, type TestContext, test } from 'node:test'
import { foldersUpwards } from '../../src/cli/project-file.ts'
import { similarTo } from '../../src/cli/similar.ts'
import { Person, startPerson, startPersonWithServer } from '../support/cli.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

const planted = 'planted-5ecret-value'

function writeProject(person: Person, text: string, folder = '.'): string {
  const path = join(person.folder, folder, '.strongroom.yaml')
  mkdirSync(join(person.folder, folder), { recursive: true })
  writeFileSync(path, text, { mode: 0o644 })
  return path
}

async function personWithSecrets(t: Parameters<typeof startPerson>[0]): Promise<Person> {
  const person = await startPerson(t)
  for (const name of ['web-db-url', 'web-token', 'other', 'tls.key']) {
    await person.server.api.post('/v3/secrets', { name, value: `${planted} ${name}` })
  }
  return person
}

/** What `run` would set: variables, and the secrets that they are. */
async function variables(person: Person, ...options: string[]): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await person.run(['run', '--dry-run', '--json', ...options])
  assert.equal(code, 0, stderr)
  const { variables: found } = JSON.parse(stdout)
  return Object.fromEntries(found.map((one: { variable: string; secret: string }) => [one.variable, one.secret]))
}

preparedSuite('A project file', async () => {
  const person = await personWithSecrets({ after })

  test('says which secrets run takes, and what their variables are', async () => {
    writeProject(person, "names: ['web-*']\nstrip_prefix: web-\nvariables:\n  tls.key: CERT\n  web-token: API_TOKEN\n")

    assert.deepEqual(await variables(person), { DB_URL: 'web-db-url', API_TOKEN: 'web-token', CERT: 'tls.key' })
    const printed = ['--', process.execPath, '-p', 'JSON.stringify(process.env)']
    const { stdout } = await person.run(['run', ...printed])
    const env = JSON.parse(stdout)
    assert.deepEqual([env.DB_URL, env.CERT, env.OTHER], [`${planted} web-db-url`, `${planted} tls.key`, undefined])
  })

  test('gives way to what is typed', async () => {
    writeProject(person, "names: 'web-*'\nstrip_prefix: web-\n")

    assert.deepEqual(await variables(person, '--only', 'other'), { OTHER: 'other' })
    assert.deepEqual(await variables(person, '--strip-prefix', 'web-db-'), {
      URL: 'web-db-url',
      WEB_TOKEN: 'web-token',
    })
    assert.deepEqual(await variables(person, '--strip-prefix', '', '--only', 'web-t*'), { WEB_TOKEN: 'web-token' })
    await person.server.api.post('/v3/secrets', { name: 'api/db/url', value: planted })
    assert.deepEqual(await variables(person, '--strip-prefix', 'api/', '--only', 'api/*'), { DB_URL: 'api/db/url' })
    assert.deepEqual(await variables(person, '--prefix', 'APP_'), { APP_DB_URL: 'web-db-url', APP_TOKEN: 'web-token' })
  })

  test('of a folder holds below it, and the nearest one alone', async () => {
    writeProject(person, 'names: other\n')
    writeProject(person, 'names: web-token\n', 'inner')
    mkdirSync(join(person.folder, 'inner/deep'), { recursive: true })
    const inFolder = async (folder: string) => {
      const moved = new Person(person.server, folder)
      moved.env = { ...person.env, HOME: person.folder }
      return variables(moved)
    }

    assert.deepEqual(await inFolder(join(person.folder, 'inner/deep')), { WEB_TOKEN: 'web-token' })
    assert.deepEqual(await inFolder(person.folder), { OTHER: 'other' })
    assert.deepEqual(foldersUpwards('/home/ada/a/b', '/home/ada'), ['/home/ada/a/b', '/home/ada/a', '/home/ada'])
    assert.deepEqual(foldersUpwards('/srv/a', '/home/ada'), ['/srv/a', '/srv', '/'])
  })

  test('that says into which environment values go is named before one is stored, and not where that is typed', async () => {
    await person.server.api.post('/v3/environments', { name: 'theirs' })
    const path = writeProject(person, 'environment: theirs\n')
    const stored = (...words: string[]) => person.run(['secrets', ...words], { input: planted })

    for (const words of [
      ['set', 'mine'],
      ['generate', 'made'],
    ]) {
      const { code, stderr } = await stored(...words)
      assert.equal(code, 0, stderr)
      assert.ok(stderr.includes(`goes into the environment theirs, as ${path} says.`), stderr)
      const typed = await stored(...words, '-e', 'default')
      assert.doesNotMatch(typed.stderr, /goes into/)
    }
    for (const name of ['mine', 'made']) await person.run(['secrets', 'delete', name, '--yes', '-e', 'default'])
  })

  test('that is used is told by status', async () => {
    const path = writeProject(person, 'names: other\n')

    assert.match((await person.run(['status'])).stdout, new RegExp(`Project +${path}`))
    assert.equal(JSON.parse((await person.run(['status', '--json'])).stdout).project, path)
    const env = { STRONGROOM_PROJECT_FILE: 'none' }
    assert.equal(JSON.parse((await person.run(['status', '--json'], { env })).stdout).project, null)
  })

  test('may give no variable by which programs load or run something', async () => {
    writeProject(person, 'names: other\nvariables: {other: LD_PRELOAD}\n')

    const { code, stderr } = await person.run(['run', '--', 'true'])

    assert.equal(code, 5)
    assert.match(stderr, /"other" would be LD_PRELOAD, which decides what programs do/)
  })

  const key = `sr_${'a'.repeat(49)}`
  const faulty: readonly (readonly [what: string, text: string, at: string, message: RegExp])[] = [
    ['a field that there is not', 'url: http://127.0.0.1\nnamse: a\n', '2:1', /no field "namse": did you mean names\?/],
    ['a field for a key', `names: a\napi_key: x\n`, '2:1', /not for keys/],
    ['a key', `names: a\nurl: ${key}\n`, '2:6', /holds an API key.*Revoke/],
    ['a key in a comment', `# ${key}\nnames: a\n`, '1:3', /holds an API key/],
    ['a key that makes it no YAML', `names: [\n  ${key}`, '2:3', /holds an API key/],
    ['a url that is none', 'url: ftp://example.com\n', '1:6', /must have a url/],
    ['a url with a password', `url: https://u:${planted}@example.com\n`, '1:6', /without a user/],
    ['a url that a shell would run', 'url: https://example.com/$(id)\n', '1:6', /must have a url/],
    ['no pattern', 'names:\n  - a b\n', '2:5', /names of secrets/],
    ['no names at all', 'names: []\n', '1:8', /leave "names" out/],
    ['a list in place of a text', 'strip_prefix: [a]\n', '1:15', /one text for "strip_prefix"/],
    ['a variable that is none', 'variables:\n  a: "1 x"\n', '2:6', /name of a variable/],
    ['a name twice', 'names: a\nnames: b\n', '2:1', /same name twice/],
    ['something else than fields', '- a\n', '1:1', /must have fields/],
    ['two documents', 'names: a\n---\nnames: b\n', '2:1', /more than one document/],
    ['no YAML', 'names: "a\n', '', /is not YAML/],
    ['an alias', 'strip_prefix: &a x\nurl: *a\n', '2:6', /one text for "url"/],
  ]
  for (const [what, text, at, message] of faulty) {
    test(`with ${what} is refused, with line and column`, async () => {
      const path = writeProject(person, text)

      const { code, stdout, stderr } = await person.run(['run', '--', 'true'])

      assert.equal(code, 2)
      assert.ok(stderr.startsWith(`strongroom: ${path}:${at}`), stderr)
      assert.match(stderr, message)
      assert.doesNotMatch(stdout + stderr, /sr_a|planted/)
    })
  }

  test('that another user can write is not used', async (t) => {
    const path = writeProject(person, 'names: other\n')
    t.after(() => rmSync(path, { force: true }))
    const refusal = async (why: RegExp) => {
      const { code, stderr } = await person.run(['run', '--', 'true'])
      assert.equal(code, 2)
      assert.match(stderr, why)
      assert.match(stderr, /STRONGROOM_PROJECT_FILE=none/)
      const named = await person.run(['run', '--dry-run'], { env: { STRONGROOM_PROJECT_FILE: path } })
      assert.match(named.stdout, /OTHER/)
    }

    chmodSync(path, 0o646)
    await refusal(/can be changed by other users, so it is not used. Run "chmod o-w"/)
    chmodSync(path, 0o644)
    if (process.getuid?.() !== 0) return t.diagnostic('Only root can give a file to another user.')
    chownSync(path, 12_345, 12_345)
    await refusal(/belongs to another user/)
    chownSync(path, 0, 12_345)
    chmodSync(path, 0o664)
    await refusal(/Run "chmod g-w"/)
    // A link says which file is used, as much as the file does.
    chmodSync(path, 0o644)
    renameSync(path, join(person.folder, 'real.yaml'))
    symlinkSync('real.yaml', path)
    assert.match((await person.run(['run', '--dry-run'])).stdout, /OTHER/)
    lchownSync(path, 12_345, 12_345)
    await refusal(/belongs to another user/)
  })

  test('that is no file, or is not there, is said so', async () => {
    rmSync(join(person.folder, '.strongroom.yaml'), { force: true })
    const env = (path: string) => ({ env: { STRONGROOM_PROJECT_FILE: path } })

    assert.match((await person.run(['status'], env('absent.yaml'))).stderr, /does not exist/)
    assert.match((await person.run(['status'], env('.'))).stderr, /is not a file/)
  })
})

preparedSuite('The url of a project file', async () => {
  const person = await personWithSecrets({ after })
  const own = person.env
  person.env = {}
  const { url, api } = person.server
  await person.run(['login', '--url', url], { input: api.key })

  /** A server that notes what it is sent. */
  async function thief(t: TestContext) {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(JSON.stringify(request.headers))
      response.end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    return { seen, url: `http://127.0.0.1:${address.port}` }
  }

  test('gets no key of a profile or a variable that is for another server', async (t) => {
    const other = await thief(t)
    writeProject(person, `url: ${other.url}\n`)
    const commands = [['run', '--', 'true'], ['secrets', 'list'], ['status'], ['__complete', 'secrets', 'get', '']]
    for (const words of commands) {
      const isQuiet = words[0] === '__complete'
      const stored = await person.run(words)
      assert.equal(stored.code, isQuiet ? 0 : 2)
      const typed = await person.run(words, { env: { STRONGROOM_API_KEY: api.key } })
      assert.equal(typed.code, isQuiet ? 0 : 2)
      if (isQuiet) continue
      assert.match(stored.stderr, /no key is stored for it. If you trust it, run "strongroom login --url/)
      assert.match(typed.stderr, /STRONGROOM_API_KEY is not known to be for/)
      assert.doesNotMatch(stored.stderr + typed.stderr, /sr_/)
    }
    assert.deepEqual(other.seen, [])
  })

  test('gives way to a profile or a variable that is named', async (t) => {
    const other = await thief(t)
    writeProject(person, `url: ${other.url}\n`)

    const chosen = await person.run(['secrets', 'list', '--names', '--profile', 'default'])
    const named = await person.run(['secrets', 'list', '--names'], { env: own })

    assert.deepEqual([chosen.code, named.code], [0, 0], chosen.stderr + named.stderr)
    assert.match(chosen.stderr, /--profile default wins over the url/)
    assert.match(named.stdout, /web-token/)
    assert.deepEqual(other.seen, [])
  })

  test('chooses the profile that is for that server', async (t) => {
    const { person: other } = await startPersonWithServer(t)
    await person.run(['login', '--url', `${other.server.url}/`, '--profile', 'second'], { input: other.server.api.key })
    const asked = async (server: string) => {
      writeProject(person, `url: ${server}\n`)
      const { stdout, stderr } = await person.run(['status', '--json'])
      const { source, url: found } = JSON.parse(stdout || assert.fail(stderr))
      return [source, found]
    }

    assert.deepEqual(await asked(`${url}/v3`), ['profile default', url])
    assert.deepEqual(await asked(other.server.url), ['profile second', `${other.server.url}/`])
    await person.run(['login', '--url', url, '--profile', 'third'], { input: api.key })
    assert.deepEqual(await asked(url), ['profile third', url])
    await person.run(['profiles', 'use', 'second'])
    const several = await person.run(['status'])
    assert.equal(several.code, 2)
    assert.match(several.stderr, /several profiles are stored. Choose one with --profile/)
    await person.run(['logout', '--profile', 'third'])
    await person.run(['profiles', 'use', 'default'])
  })

  test('is the server of a variable too, where the profile says so', async () => {
    writeProject(person, `url: ${url}\n`)
    const { code, stdout } = await person.run(['status', '--json'], { env: { STRONGROOM_API_KEY: api.key } })

    assert.equal(code, 0)
    assert.equal(JSON.parse(stdout).source, 'STRONGROOM_API_KEY, and profile default')
  })
})

suite('strongroom init', () => {
  test('creates a file that others may read, once', async (t) => {
    const person = await personWithSecrets(t)
    const path = join(person.folder, '.strongroom.yaml')
    const words = [
      'init',
      '--only',
      'web-*',
      '--only',
      'tls.key',
      '--strip-prefix',
      'web-',
      '--variable',
      'tls.key=CERT',
    ]

    const { code, stdout, stderr } = await person.run(words)

    assert.equal(code, 0, stderr)
    assert.match(stdout, /Created .*It holds no key: commit it/)
    assert.equal(statSync(path).mode & 0o777, 0o644)
    const text = readFileSync(path, 'utf8')
    assert.equal(
      text.split('\n').slice(1).join('\n'),
      `url: ${person.server.url}\nnames:\n  - "web-*"\n  - tls.key\nstrip_prefix: "web-"\nvariables:\n  tls.key: CERT\n`,
    )
    assert.deepEqual(await variables(person), { DB_URL: 'web-db-url', TOKEN: 'web-token', CERT: 'tls.key' })
    const again = await person.run(['init', '--only', 'other'])
    assert.equal(again.code, 5)
    assert.match(again.stderr, /is there already. Say --force/)
    assert.equal(readFileSync(path, 'utf8'), text)
    assert.equal((await person.run(['init', '--only', 'other', '--force'])).code, 0)
    assert.deepEqual(await variables(person), { OTHER: 'other' })
  })

  test('asks on a terminal', async (t) => {
    const person = await personWithSecrets(t)

    const { code, text } = await person.onTerminal(
      ['init'],
      [
        ['URL of the server', '\r'],
        ['Environment', '\r'],
        ['Secrets that it needs', 'web-* other\r'],
        ['Prefix to leave out', 'web-\r'],
      ],
    )

    assert.equal(code, 0, text)
    assert.deepEqual(await variables(person), { DB_URL: 'web-db-url', TOKEN: 'web-token', OTHER: 'other' })
  })

  test('writes nothing that would not be read', async (t) => {
    const person = await personWithSecrets(t)
    const faulty = [
      ['--url', 'https://u:p@example.com'],
      ['--url', `https://example.com/sr_${'a'.repeat(49)}`],
      ['--only', 'a b'],
      ['--variable', 'a'],
      ['--variable', 'a=1x'],
      ['--strip-prefix', '/'],
    ]
    for (const words of faulty) {
      const { code, stderr } = await person.run(['init', ...words])
      assert.equal(code, 2, stderr)
      assert.equal(statSync(join(person.folder, '.strongroom.yaml'), { throwIfNoEntry: false }), undefined)
    }
  })
})

test('A word that was meant is found when few letters are wrong', () => {
  const words = ['names', 'url', 'strip_prefix', 'variables']
  const meant = ['name', 'nmaes', 'ulr', 'strip-prefix', 'varaibles', 'Names'].map((word) => similarTo(word, words))

  assert.deepEqual(meant, ['names', 'names', 'url', 'strip_prefix', 'variables', 'names'])
  assert.deepEqual(
    ['x', 'environment', ''].map((word) => similarTo(word, words)),
    [undefined, undefined, undefined],
  )
})
