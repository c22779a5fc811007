/** Secrets at the command line: exact to the byte, never where they were not asked for, and with exit codes to rely on. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ending, startPerson } from '../support/cli.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

const planted = 'planted-5ecret-value'

preparedSuite('strongroom secrets', async () => {
  const person = await startPerson({ after })
  const { api } = person.server

  async function stored(name: string) {
    const { body } = await api.get(`/v3/metadata?name=${name}`)
    const { id, version, type, tags, description, filename, expires_at } = body.secrets[0]
    return { id, version, type, tags, description, filename, expires_at }
  }

  test('say that a value is empty, as when the program before it in a pipe failed', async (t) => {
    const person = await startPerson(t)
    const empty = await person.run(['secrets', 'set', 'empty'], { input: '' })
    assert.deepEqual(
      [empty.code, empty.stdout, empty.stderr],
      [0, 'empty is stored.\n', 'The value of empty is empty.\n'],
    )
    assert.equal((await person.run(['secrets', 'set', 'full'], { input: 'x' })).stderr, '')
  })

  test('gives back what was set, byte for byte', async () => {
    for (const value of ['plain', 'ends with a line end\n', '', ' \t"$`\\\r\nünïcode 🗝\n\n', 'x'.repeat(65_536)]) {
      const { code, stderr, stdout } = await person.run(['secrets', 'set', 'exact'], { input: value })

      assert.equal(code, 0, stderr)
      assert.equal(value !== '' && (stdout + stderr).includes(value), false)
      const { bytes } = await person.run(['secrets', 'get', 'exact'])
      assert.equal(bytes.toString(), value)
    }
  })

  test('tries another value without storing it, and says which targets it would leave behind', async () => {
    await person.run(['secrets', 'set', 'held'], { input: 'one' })
    await api.post('/v3/render', { template: `\${{secret.held}}`, target: 'web-1' })
    for (const words of [
      ['set', 'held'],
      ['generate', 'held'],
      ['restore', 'held', '1'],
    ]) {
      const tried = await person.run(['secrets', ...words, '--dry-run'], { input: '' })
      assert.equal(tried.code, 0, tried.stderr)
      assert.match(tried.stdout, /out of date\nNAME +ENVIRONMENT\nweb-1 +default\n/, words.join(' '))
    }
    const fresh = await person.run(['secrets', 'set', 'fresh', '--dry-run'], { input: '' })
    assert.equal(fresh.stdout, 'fresh would be a new secret, which no target holds.\n')
    assert.equal((await stored('held')).version, 1)
    assert.equal((await person.run(['secrets', 'get', 'fresh'])).code, 3)
  })

  test('keeps templates, resolves them for whoever runs or exports, and edits, compares and imports what is stored', async () => {
    const reference = `pass=\${{secret.part/a}}`
    await person.run(['secrets', 'set', 'part/a'], { input: 'p4rt' })
    const made = await person.run(['secrets', 'set', 'part/whole', '--type', 'template'], { input: reference })
    assert.equal(made.code, 0, made.stderr)
    const get = async (...words: string[]) => (await person.run(['secrets', 'get', 'part/whole', ...words])).stdout

    assert.deepEqual([await get(), await get('--stored')], ['pass=p4rt', reference])
    assert.deepEqual([await get('--version', '1'), await get('--version', '1', '--stored')], ['pass=p4rt', reference])
    const shown = await person.run(['run', '--only', 'part/*', '--', 'sh', '-c', 'echo "$PART_WHOLE $PART_A"'])
    assert.equal(shown.stdout, 'pass=p4rt p4rt\n')
    const exported = await person.run(['export', '--only', 'part/whole', '--format', 'json'])
    assert.deepEqual(JSON.parse(exported.stdout), { 'part/whole': 'pass=p4rt' })
    const file = join(person.folder, 'templates.json')
    writeFileSync(file, JSON.stringify({ 'part/whole': reference }))
    const imported = await person.run(['import', file, '--yes', '--json'])
    assert.deepEqual(JSON.parse(imported.stdout).same, ['part/whole'])
    const editor = join(person.folder, 'append.sh')
    writeFileSync(editor, `#!/bin/sh\nprintf '!' >> "$1"\n`, { mode: 0o700 })
    const edited = await person.run(['secrets', 'edit', 'part/whole'], { env: { EDITOR: editor } })
    assert.equal(edited.code, 0, edited.stderr)
    assert.deepEqual([await get(), await get('--stored')], ['pass=p4rt!', `${reference}!`])
    for (const name of ['part/broken', 'part/worse'])
      await person.run(['secrets', 'set', name, '--type', 'template'], { input: `\${{secret.nowhere}}` })
    const refused = await person.run(['export', '--only', 'part/*', '--format', 'json'])
    assert.deepEqual([refused.code, refused.stdout], [3, ''])
    assert.match(
      refused.stderr,
      /part\/broken cannot be resolved: .*line 1, column 1[\s\S]*part\/worse cannot be resolved: /,
    )
    const rest = await person.run(['export', '--only', 'part/*', '--format', 'json', '--skip-unresolved'])
    assert.deepEqual(Object.keys(JSON.parse(rest.stdout)), ['part/a', 'part/whole'])
    assert.match(rest.stderr, /Left out.*part\/broken[\s\S]*Left out.*part\/worse/)
    const unrun = await person.run(['run', '--only', 'part/*', '--', 'sh', '-c', 'echo ran'])
    assert.deepEqual([unrun.code, unrun.stdout], [3, ''])
    assert.match(unrun.stderr, /part\/worse cannot be resolved/)
    await api.delete(`/v3/secrets/${(await api.get('/v3/secrets/by-name/part%2Fa')).body.id}/versions/1`)
    for (const words of [
      ['secrets', 'get', 'part/a'],
      ['run', '--only', 'part/a', '--', 'env'],
      ['run', '--only', 'part/a', '--target', 'web-1', '--', 'env'],
      ['export', '--only', 'part/a', '--format', 'json'],
    ]) {
      const { code, stdout, stderr } = await person.run(words)
      assert.deepEqual([code, stdout], [3, ''], words.join(' '))
      assert.match(stderr, /part\/a.* was destroyed/, words.join(' '))
    }
    const malformed = await person.run(['secrets', 'set', 'part/whole'], { input: `\${{secret.}}` })
    assert.equal(malformed.code === 0, false)
    assert.match(malformed.stderr, /line 1, column 1/)
  })

  test('takes nothing of several lines that are pasted at a prompt, and leaves nothing of them to the shell', async () => {
    // More than a terminal holds for whoever reads from it.
    const pasted = `-----BEGIN-----\r${'planted-5ecret\r'.repeat(1000)}`

    const { text, code, rest } = await person.onTerminal(['secrets', 'set', 'pasted'], [['(not shown): ', pasted]])

    assert.deepEqual([code, rest], [2, ''], text)
    assert.match(text, /Several lines were pasted/)
    assert.doesNotMatch(text, /planted/)
  })

  test('leaves out a line end when it is told to, and says so when it is not', async () => {
    const kept = await person.run(['secrets', 'set', 'line-end'], { input: `${planted}\n` })
    assert.match(kept.stderr, /--trim/)
    await person.run(['secrets', 'set', 'line-end', '--trim'], { input: `${planted}\n` })
    assert.equal((await person.run(['secrets', 'get', 'line-end'])).stdout, planted)
  })

  test('keeps binary files, and writes them for one reader alone', async () => {
    const bytes = randomBytes(100_000)
    writeFileSync(join(person.folder, 'web.p12'), bytes)

    assert.equal((await person.run(['secrets', 'set', 'keystore', '--file', 'web.p12'])).code, 0)

    const { type, filename } = await stored('keystore')
    assert.deepEqual([type, filename], ['file', 'web.p12'])
    assert.equal((await person.run(['secrets', 'get', 'keystore', '--output', 'out'])).code, 0)
    assert.deepEqual(readFileSync(join(person.folder, 'out')), bytes)
    assert.equal(statSync(join(person.folder, 'out')).mode & 0o777, 0o600)
    assert.equal((await person.run(['secrets', 'get', 'keystore', '-o', 'out'])).code, 5)
    assert.deepEqual((await person.run(['secrets', 'get', 'keystore'])).bytes, bytes)
    assert.match((await person.onTerminal(['secrets', 'get', 'keystore'], [])).text, /not text.*--output/)
    // A new version, of the same type; and bytes that are no text stay out of one.
    assert.equal((await person.run(['secrets', 'set', 'keystore'], { input: 'text now' })).code, 0)
    assert.equal((await person.run(['secrets', 'get', 'keystore'])).stdout, 'text now')
    assert.equal((await person.run(['secrets', 'set', 'exact'], { input: bytes })).code, 2)
  })

  test('writes a value to a new file whole, or leaves nothing where there is no room for it', async () => {
    const source = new URL('../../src/cli/write-new.ts', import.meta.url).href
    const script = `const { writeNew } = await import(${JSON.stringify(source)})
      writeNew(process.argv[1], Buffer.alloc(1e6, 'n'), 0o600, '')`
    const words = ['--input-type=module', '-e', script, join(person.folder, 'too-long')]

    // No file may become longer than 4 or 8 KiB: as with a full disk, a part of it can be written.
    const { stderr } = spawnSync('sh', ['-c', `ulimit -f 8; exec "$0" "$@"`, process.execPath, ...words], {
      encoding: 'utf8',
    })

    assert.match(stderr, /too-long cannot be written: EFBIG/)
    assert.deepEqual(
      readdirSync(person.folder).filter((name) => name.includes('too-long')),
      [],
    )
  })

  test('reads a file that is longer than a document may be', async (t) => {
    const large = await startPerson(t)
    const bytes = randomBytes(1_048_576)
    writeFileSync(join(large.folder, 'large'), bytes)
    assert.equal((await large.run(['secrets', 'set', 'large', '--file', 'large'])).code, 0)
    assert.equal((await large.run(['secrets', 'get', 'large'])).bytes.equals(bytes), true)
  })

  test('stores what is said of a secret, with it', async () => {
    const words = ['secrets', 'set', 'told', '--description', 'for web', '--tag', 'a', '--tag', 'team:b']

    assert.equal((await person.run([...words, '--expires', '2099-01-31'], { input: planted })).code, 0)

    const { tags, description, expires_at } = await stored('told')
    assert.deepEqual(
      { tags, description, expires_at },
      {
        tags: ['a', 'team:b'],
        description: 'for web',
        expires_at: '2099-01-31T00:00:00Z',
      },
    )
    await person.run(['secrets', 'set', 'told', '--description', 'changed'], { input: 'two' })
    assert.deepEqual([(await stored('told')).description, (await stored('told')).version], ['changed', 2])
    assert.equal((await person.run(['secrets', 'set', 'told', '--type', 'file'], { input: 'x' })).code, 2)
    assert.equal((await person.run(['secrets', 'set', 'told', '--expires', 'soon'], { input: 'x' })).code, 2)
  })

  test('changes only the version that it is told to', async () => {
    const set = (version: string) => person.run(['secrets', 'set', 'guarded', '--if-version', version], { input: 'v' })

    assert.equal((await set('3')).code, 5)
    assert.equal((await set('0')).code, 0)
    assert.equal((await set('0')).code, 5)
    assert.equal((await set('1')).code, 0)
    const stale = await set('1')
    assert.equal(stale.code, 5)
    assert.doesNotMatch(stale.stderr, /If-Match/)
    assert.equal((await stored('guarded')).version, 2)
  })

  test('asks for a value on a terminal, and shows it nowhere', async () => {
    const { text, code } = await person.onTerminal(['secrets', 'set', 'typed'], [['Value of typed', `${planted}\r`]])

    assert.equal(code, 0, text)
    assert.equal(text.includes(planted), false)
    assert.equal((await person.run(['secrets', 'get', 'typed'])).stdout, planted)
    assert.match((await person.onTerminal(['secrets', 'get', 'typed'], [])).text, new RegExp(`^${planted}\r\n$`))
    const pasted = await person.onTerminal(['secrets', 'set', 'typed'], [['Value of typed', 'one\rtwo\r']])
    assert.equal(pasted.code, 2, pasted.text)
    assert.equal((await stored('typed')).version, 1)
    const stopped = await person.onTerminal(['secrets', 'set', 'typed'], [['Value of typed', 'half\u0003']])
    assert.equal(stopped.code, 130)
  })

  test('needs no more than the right that it uses', async () => {
    const reader = await person.server.withScopes('secrets:read:typed')
    const writer = await person.server.withScopes('secrets:write')
    const as = (key: string) => ({ env: { STRONGROOM_API_KEY: key } })

    assert.equal((await person.run(['secrets', 'get', 'typed'], as(reader.key))).stdout, planted)
    assert.equal((await person.run(['secrets', 'get', 'told'], as(reader.key))).code, 3)
    assert.equal((await person.run(['secrets', 'set', 'new-one'], { input: 'v', ...as(writer.key) })).code, 0)
    const taken = await person.run(['secrets', 'set', 'typed'], { input: planted, ...as(writer.key) })
    assert.equal(taken.code, 5)
    assert.match(taken.stderr, /id:7/)
  })

  test('is deleted only by name, or with --yes', async () => {
    await person.run(['secrets', 'set', 'doomed'], { input: planted })
    const words = ['secrets', 'delete', 'doomed']

    assert.equal((await person.run(words)).code, 2)
    assert.equal((await person.onTerminal(words, [['Type the name', 'doome\r']])).code, 1)
    assert.equal((await person.run(['secrets', 'get', 'doomed'])).code, 0)
    assert.equal((await person.onTerminal(words, [['Type the name', 'doomed\r']])).code, 0)
    assert.equal((await person.run(['secrets', 'get', 'doomed'])).code, 3)
    assert.equal((await person.run([...words, '--yes'])).code, 3)
  })

  test('shows versions without values, and values when it is asked for them', async () => {
    for (const input of [`${planted}\nsame\n`, 'other-5ecret\nsame\n']) {
      await person.run(['secrets', 'set', 'many'], { input })
    }

    const quiet = await Promise.all(
      [
        ['secrets', 'list'],
        ['secrets', 'list', '--json'],
        ['secrets', 'history', 'many'],
        ['secrets', 'diff', 'many'],
        ['secrets', 'diff', 'many', '--json'],
        ['audit', 'list'],
        ['status'],
      ].map((words) => person.run(words)),
    )

    for (const { code, stdout, stderr } of quiet) {
      assert.equal(code, 0, stderr)
      assert.doesNotMatch(stdout + stderr, /5ecret/)
    }
    assert.match(quiet[3]?.stdout ?? '', /version 1 and version 2 differ: 1 lines added, 1 lines removed/)
    const { stdout } = await person.run(['secrets', 'diff', 'many', '--values'])
    assert.match(stdout, new RegExp(`\n-${planted}\n\\+other-5ecret\n$`))
    assert.equal((await person.run(['secrets', 'get', 'many', '--version', '1'])).stdout, `${planted}\nsame\n`)
    assert.equal((await person.run(['secrets', 'restore', 'many', '1'])).code, 0)
    assert.equal((await person.run(['secrets', 'get', 'many'])).stdout, `${planted}\nsame\n`)
    assert.equal((await person.run(['secrets', 'restore', 'many', '9'])).code, 3)
  })

  test('says how to store the first one, where there is none', async (t) => {
    const nobody = await startPerson(t)

    assert.match((await nobody.run(['secrets', 'list'])).stderr, /no secret yet.* strongroom secrets set /)
    assert.match((await nobody.run(['secrets', 'list', 'db-*'])).stderr, /no such secret/)
    const { code, stderr } = await nobody.run(['env', 'compare'])
    assert.equal(code, 2)
    assert.match(stderr, /strongroom env create /)
  })

  test('says what to do when it cannot, with the exit code that is documented', async () => {
    const cases: readonly (readonly [number, readonly string[], Record<string, string>, RegExp])[] = [
      [2, ['secrets', 'gett', 'x'], {}, /unknown command.*\n.*get/s],
      [2, ['secrets', 'get'], {}, /missing required argument/],
      [2, ['secrets', 'get', 'not a name'], {}, /Names have/],
      [2, ['secrets', 'list'], { STRONGROOM_URL: 'nowhere' }, /must be such as https/],
      [3, ['secrets', 'get', 'nope'], {}, /No secret is called "nope"/],
      [3, ['secrets', 'history', 'id:999'], {}, /No secret/],
      [
        3,
        ['secrets', 'move', 'db-password', '--to', 'web/'],
        {},
        /No list is called "web\/".* secrets rename NAME web\/NAME/,
      ],
      [4, ['secrets', 'list'], { STRONGROOM_API_KEY: `sr_${'a'.repeat(49)}` }, /strongroom login/],
      [6, ['secrets', 'list'], { STRONGROOM_URL: 'http://127.0.0.1:9' }, /Is the server running/],
    ]
    for (const [expected, words, env, text] of cases) {
      const { code, stderr } = await person.run(words, { env })

      assert.equal(code, expected, `${words.join(' ')}: ${stderr}`)
      assert.match(stderr, text)
      assert.doesNotMatch(stderr, /sr_a|\n\s+at /)
    }
  })

  test('is coloured on a terminal, and nowhere else', async () => {
    const colour = '\u001b['
    assert.equal((await person.onTerminal(['secrets', 'list'], [])).text.includes(colour), true)
    assert.equal((await person.onTerminal(['secrets', 'list'], [], { NO_COLOR: '1' })).text.includes(colour), false)
    assert.equal((await person.run(['secrets', 'list'])).stdout.includes(colour), false)
  })

  test('steers no terminal by the name of a list', async () => {
    await api.post('/v3/lists', { name: 'Web' })
    const { text } = await person.onTerminal(['lists', 'list'], [], { NO_COLOR: '1' })
    assert.match(text, /Web/)
    assert.equal(text.includes('\u001b'), false)
  })
})

preparedSuite('strongroom secrets edit', async () => {
  const person = await startPerson({ after })
  await person.run(['secrets', 'set', 'config'], { input: `first=${planted}` })
  const left = join(person.folder, 'left')

  /** An editor that notes where it was called, and does something. */
  function editor(script: string): Record<string, string> {
    const path = join(person.folder, 'editor.sh')
    writeFileSync(
      path,
      `#!/bin/sh\necho "$1" > ${left}\nstat -c '%a %n' "$1" "$(dirname "$1")" > ${left}.modes\n${script}\n`,
    )
    chmodSync(path, 0o700)
    return { EDITOR: `${path} ` }
  }

  async function value(): Promise<string> {
    return (await person.run(['secrets', 'get', 'config'])).stdout
  }

  function file(): string {
    return readFileSync(left, 'utf8').trim()
  }

  test('stores what was saved, from a file in memory that is gone afterwards', async () => {
    const env = editor('tr a-z A-Z < "$1" > "$1.new"; mv "$1.new" "$1"; echo >> "$1"')

    const { code, stderr, stdout } = await person.run(['secrets', 'edit', 'config'], { env })

    assert.equal(code, 0, stderr)
    assert.match(stdout, /version 2/)
    assert.equal(await value(), `first=${planted}`.toUpperCase())
    assert.match(file(), /^(\/dev\/shm|\/run)\//)
    assert.match(readFileSync(`${left}.modes`, 'utf8'), /^600 .*\n700 /)
    assert.equal(existsSync(file()), false)
    assert.equal(existsSync(join(file(), '..')), false)
  })

  test('stores nothing when nothing was changed, or the editor fails or is killed', async () => {
    const before = await value()
    assert.equal((await person.run(['secrets', 'edit', 'config'], { env: editor('true') })).code, 0)
    assert.equal((await person.run(['secrets', 'edit', 'config'], { env: editor('echo x > "$1"; exit 3') })).code, 1)
    assert.equal(existsSync(file()), false)
    const killed = await person.run(['secrets', 'edit', 'config'], { env: editor('echo x > "$1"; kill -9 $$') })
    assert.equal(killed.code, 1)
    assert.match(killed.stderr, /nothing is stored/)
    assert.equal(existsSync(file()), false)
    assert.equal((await person.run(['secrets', 'edit', 'config'], { env: { EDITOR: 'no-such-editor' } })).code, 1)
    assert.equal(await value(), before)
  })

  test('takes the file away when it is told to end', async () => {
    const env = editor('mkfifo ready; echo > ready; exec sleep 600')
    const child = person.start(['secrets', 'edit', 'config'], { env })
    const ended = ending(child)
    await once(child, 'spawn')
    const opened = readOnce(join(person.folder, 'ready'))
    await opened
    assert.equal(existsSync(file()), true)

    child.kill('SIGTERM')

    assert.notEqual((await ended).code, 0)
    assert.equal(existsSync(join(file(), '..')), false)
  })

  test('overwrites nothing that somebody else stored meanwhile', async () => {
    const { body } = await person.server.api.get('/v3/secrets?name=config')
    const url = `${person.server.url}/v3/secrets/${body.secrets[0].id}`
    const request = `fetch('${url}',{method:'PUT',headers:{authorization:'Bearer ${person.server.api.key}','content-type':'application/json'},body:'{"value":"theirs"}'})`
    const env = editor(`"${process.execPath}" -e "${request.replaceAll('"', '\\"')}"; echo mine > "$1"`)

    const { code, stderr } = await person.run(['secrets', 'edit', 'config'], { env })

    assert.equal(code, 5, stderr)
    assert.equal(await value(), 'theirs')
    const refused = await person.onTerminal(['secrets', 'edit', 'config'], [['Store yours over it?', 'n\r']], env)
    assert.equal(refused.code, 5)
    assert.equal(await value(), 'theirs')
    const agreed = await person.onTerminal(['secrets', 'edit', 'config'], [['Store yours over it?', 'y\r']], env)
    assert.equal(agreed.code, 0, agreed.text)
    assert.equal(await value(), 'mine')
    assert.equal(
      readdirSync('/dev/shm')
        .filter((name) => name.startsWith('strongroom-'))
        .includes(file()),
      false,
    )
  })
})

/** Waits for a pipe to be there, and for a line from it. */
async function readOnce(path: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const reader = spawn('sh', ['-c', `until [ -p ${path} ]; do sleep 0.05; done; read -r _ < ${path}`])
  await once(reader, 'close')
}
