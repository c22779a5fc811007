/** Leaked values are found where they are, and named without being shown; nothing else is found or sent. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { type Person, startPerson, startPersonWithServer } from '../support/cli.ts'
import { Middleman } from '../support/middleman.ts'

const token = () => `sk_live_${randomBytes(15).toString('hex')}Zq7`

const author = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@x',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@x',
}

async function withSecrets(t: TestContext) {
  return fill(await startPerson(t))
}

async function fill(person: Person) {
  const { api } = person.server
  const values = { old: token(), now: token(), other: token() }
  const lines = Array.from({ length: 6 }, () => randomBytes(48).toString('base64'))
  const pem = `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
  await api.post('/v3/secrets', { name: 'api-token', value: values.old })
  await api.put('/v3/secrets/1', { value: values.now })
  await api.post('/v3/secrets', { name: 'other', value: values.other })
  await api.post('/v3/secrets', { name: 'key', value: pem })
  await api.post('/v3/secrets', { name: 'pin', value: '1234' })
  return { person, pem, ...values }
}

function write(person: Person, path: string, content: string | Buffer): void {
  const whole = join(person.folder, path)
  mkdirSync(join(whole, '..'), { recursive: true })
  writeFileSync(whole, content)
}

interface Report {
  readonly findings: readonly {
    path: string
    line: number
    column: number
    secret: string
    versions: number[]
    form: string
    commit?: string
  }[]
  readonly unscannable: readonly { name: string; reason: string }[]
}

/** What was shown without the steering of a terminal: each new state of a line after a mark. */
function statesOf(text: string): string {
  return text.replaceAll('\r\u001b[K', '⟲').replaceAll(/\p{Cc}\[\d+m/gu, '')
}

async function scan(person: Person, words: readonly string[], input = '') {
  const { code, stdout, stderr } = await person.run(['scan', '--json', ...words], { input })
  assert.ok(code === 0 || code === 10, stderr)
  const { findings, unscannable } = JSON.parse(stdout) as Report
  const places = findings.map(({ path, line, column, secret, versions, form }) => {
    return `${path}:${line}:${column} ${secret} ${versions.join()} ${form}`
  })
  return { code, places, findings, unscannable }
}

suite('A scan', () => {
  test('finds values in files, of any version, with line and column, and shows none', async (t) => {
    const { person, old, now, pem } = await withSecrets(t)
    write(person, 'src/app.js', `first\nconst token = '${now}'\n`)
    write(person, 'src/deep/er/old.bin', Buffer.concat([Buffer.from([0, 255, 10, 0]), Buffer.from(old)]))
    write(person, 'key.yaml', `key: |\n  ${pem.replaceAll('\n', '\n  ')}`)
    write(person, 'win.pem', pem.replaceAll('\n', '\r\n'))
    write(person, 'coded.txt', Buffer.from(now).toString('base64'))
    write(person, 'clean.txt', 'nothing at all')

    const { code, places, unscannable } = await scan(person, ['.'])

    assert.equal(code, 10)
    assert.deepEqual(places, [
      'coded.txt:1:1 api-token 2 base64',
      'key.yaml:6:3 key 1 one-line',
      'src/app.js:2:16 api-token 2 raw',
      'src/deep/er/old.bin:2:2 api-token 1 raw',
      'win.pem:1:1 key 1 line-ends',
    ])
    assert.deepEqual(
      unscannable.map(({ name, reason }) => [name, reason]),
      [['pin', 'short']],
    )
    const { stdout, stderr } = await person.run(['scan'])
    assert.match(stdout, /^src\/app\.js:2:16: api-token, version 2$/m)
    assert.match(stderr, /4 values were looked for in 6 files .*: found in 5 places/)
    assert.match(stderr, /Not looked for, too short[^:]*: pin\./)
    for (const value of [old, now, pem.slice(30, 60)]) assert.ok(!(stdout + stderr).includes(value))
  })

  test('that had nothing to look for, or nowhere to look, says so and ends with 3', async (t) => {
    const { person } = await withSecrets(t)
    write(person, 'clean.txt', 'nothing')
    write(person, 'empty/.keep', '')
    for (const [words, says] of [
      [['--only', 'zz-*', '.'], /There is no secret called "zz-\*"/],
      [['--only', 'pin', '.'], /None of these values can be looked for/],
      [['--ignore', '.keep', 'empty'], /There was nothing to search/],
    ] as const) {
      const { code, stderr, stdout } = await person.run(['scan', '--json', ...words])
      assert.equal(code, 3, stderr)
      assert.match(stderr, says)
      assert.deepEqual(JSON.parse(stdout).findings, [])
    }
  })

  test('that fails ends otherwise than one that finds something', async (t) => {
    const { person, server } = await startPersonWithServer(t)
    const { now } = await fill(person)
    write(person, 'clean.txt', 'nothing')
    write(person, 'leak.txt', now)
    const middleman = await Middleman.start(t, person.server.url)
    const code = async (words: readonly string[], env = {}) => (await person.run(['scan', ...words], { env })).code

    assert.equal(await code(['clean.txt']), 0)
    assert.equal(await code(['leak.txt']), 10)
    const type = 'urn:strongroom:problem:internal'
    middleman.always = { status: 500, body: { type, code: 'internal', message: 'Internal error', request_id: 'r' } }
    assert.equal(await code(['leak.txt'], { STRONGROOM_URL: middleman.url }), 1)
    await server.stop()
    assert.equal(await code(['leak.txt']), 6)
  })

  test('says on a terminal how far it is, and nothing of it to a program', async (t) => {
    const { person, now } = await withSecrets(t)
    for (const at of [1, 2, 3]) write(person, `file-${at}.txt`, `${at} ${now}\n`)
    const git = (...words: string[]) =>
      execFileSync('git', words, { cwd: person.folder, env: { ...person.environment(), ...author }, stdio: 'ignore' })
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'one')

    const files = await person.onTerminal(['scan'], [])
    const history = await person.onTerminal(['scan', '--history'], [])

    assert.equal(files.code, 10)
    assert.match(statesOf(files.text), /⟲\d+ files, \d+\.\d MB/)
    assert.match(statesOf(history.text), /⟲█{24} 4\/4 objects, 0\.0 MB⟲/)
    for (const { text } of [files, history]) assert.match(statesOf(text), /⟲[^█⟲]*: api-token, version 2/)
    for (const words of [[], ['--history']]) {
      assert.doesNotMatch(statesOf((await person.onTerminal(['scan', '--json', ...words], [])).text), /⟲|█/)
      assert.doesNotMatch(statesOf((await person.run(['scan', ...words])).stderr), /⟲|█/)
    }
  })

  test('of what is clean ends with 0', async (t) => {
    const { person, now } = await withSecrets(t)
    write(person, 'a.txt', now.slice(0, -1))

    assert.deepEqual(await scan(person, []).then(({ code, places }) => [code, places]), [0, []])
  })

  test('leaves out what git keeps, links, and what is ignored', async (t) => {
    const { person, now } = await withSecrets(t)
    for (const path of ['.git/config', 'logs/x.log', 'vendor/lib/a.js', 'seen.txt']) write(person, path, now)
    write(person, '../outside.txt', now)
    t.after(() => rmSync(join(person.folder, '..', 'outside.txt')))
    symlinkSync('../outside.txt', join(person.folder, 'link.txt'))
    symlinkSync('..', join(person.folder, 'loop'))

    const { places } = await scan(person, ['--ignore', '*.log', '--ignore', 'vendor'])

    assert.deepEqual(places, ['seen.txt:1:1 api-token 2 raw'])
  })

  test('reads standard input, and single files', async (t) => {
    const { person, now, other } = await withSecrets(t)
    write(person, 'a.txt', now)

    assert.deepEqual((await scan(person, ['-'], `x\n  ${other}\n${now}`)).places, [
      '-:2:3 other 1 raw',
      '-:3:1 api-token 2 raw',
    ])
    assert.deepEqual((await scan(person, ['a.txt', '--only', 'api-*'])).places, ['a.txt:1:1 api-token 2 raw'])
    assert.deepEqual((await scan(person, ['a.txt', '--only', 'other'])).places, [])
  })

  test('finds a value on the seam of two pieces of a long file', async (t) => {
    const { person, now } = await withSecrets(t)
    const noise = 'a line that says nothing of any value\n'.repeat(28_000)
    for (const [at, cut] of [2 ** 20 - 20, 2 ** 20, 2 ** 20 + 20].entries()) {
      write(person, `long-${at}.txt`, `${noise.slice(0, cut - 10)}${now}\n${noise}${now}`)
    }

    const { findings } = await scan(person, [])

    assert.deepEqual(
      findings.map(({ path }) => path),
      [0, 0, 1, 1, 2, 2].map((at) => `long-${at}.txt`),
    )
    const [, last] = findings
    assert.equal(last?.line, `${noise.slice(0, 2 ** 20 - 30)}\n${noise}`.split('\n').length)
  })

  test('finds in a git history what is in no file any more, and names the first commit', async (t) => {
    const { person, now, other } = await withSecrets(t)
    const git = (...words: string[]) =>
      execFileSync('git', words, {
        cwd: person.folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: {
          ...person.environment(),
          ...author,
        },
      }).trim()
    git('init', '-q')
    write(person, 'a name/config.txt', `x\ntoken=${now}\n`)
    git('add', '.')
    git('commit', '-qm', 'one')
    const first = git('rev-parse', 'HEAD')
    write(person, 'a name/config.txt', 'clean\n')
    write(person, 'big.bin', Buffer.concat([randomBytes(300_000), Buffer.from(other)]))
    git('add', '.')
    git('commit', '-qm', 'two')
    git('commit', '-q', '--allow-empty', '-m', `oops ${other}`)
    rmSync(join(person.folder, 'big.bin'))
    git('commit', '-qam', 'three')

    assert.deepEqual((await scan(person, ['.'])).places, [])
    const { code, findings } = await scan(person, ['--history'])

    assert.equal(code, 10)
    const found = findings.map(({ path, secret }) => `${path} ${secret}`).sort()
    assert.deepEqual(found, ['(message of commit) other', 'a name/config.txt api-token', 'big.bin other'])
    const config = findings.find(({ path }) => path === 'a name/config.txt')
    assert.deepEqual([config?.commit, config?.line, config?.column], [first, 2, 7])
    // The same bytes under a path that is ignored and one that is not.
    write(person, 'docs/copy.txt', `x\ntoken=${now}\n`)
    git('add', '.')
    git('commit', '-qm', 'four')
    const pathsBut = async (...ignored: string[]) => {
      const words = ['--history', '--only', 'api-*', ...ignored.flatMap((glob) => ['--ignore', glob])]
      return (await scan(person, words)).findings.map(({ path }) => path)
    }
    assert.equal((await pathsBut('*.bin')).length, 1)
    assert.deepEqual(await pathsBut('a name/*'), ['docs/copy.txt'])
    assert.deepEqual(await pathsBut('docs/*'), ['a name/config.txt'])
    assert.deepEqual(await pathsBut('a name/*', 'docs/*'), [])
  })

  test('needs a key that may scan and nothing else', async (t) => {
    const { person, now } = await withSecrets(t)
    write(person, 'a.txt', now)
    const scanner = await person.server.withScopes('secrets:scan')
    const lister = await person.server.withScopes('secrets:list')

    const code = async (words: readonly string[], key: string) =>
      (await person.run(['scan', ...words], { env: { STRONGROOM_API_KEY: key } })).code
    assert.equal(await code([], scanner.key), 10)
    assert.equal(await code([], lister.key), 4)
    assert.equal(await code(['nowhere'], scanner.key), 2)
    assert.equal(await code(['--history', '/'], scanner.key), 2)
    const { records } = (await person.server.api.get('/v3/audit?action=secret.read')).body
    assert.deepEqual(records, [])
  })

  test('does not say that all is clean when a file could not be read', {
    skip: process.getuid?.() === 0,
  }, async (t) => {
    const { person } = await withSecrets(t)
    write(person, 'closed.txt', 'x')
    chmodSync(join(person.folder, 'closed.txt'), 0)

    const { code, stderr } = await person.run(['scan'])

    assert.equal(code, 1)
    assert.match(stderr, /closed\.txt cannot be read/)
  })
})
