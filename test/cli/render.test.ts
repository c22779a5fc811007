/** The agent of a machine: a file that is whole at every moment, follows its secrets, and outlives outages. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { ending, type Person, startPerson } from '../support/cli.ts'
import { Middleman } from '../support/middleman.ts'
import { until } from '../support/receiver.ts'

const reference = (name: string) => `\${{secret.${name}}}`

async function withSecret(t: TestContext) {
  const person = await startPerson(t)
  const { api } = person.server
  await api.post('/v3/secrets', { name: 'db-password', value: 'one' })
  writeFileSync(join(person.folder, 't'), `password = ${reference('db-password')}\n`)
  return { person, api, output: join(person.folder, 'out', 'app.conf') }
}

/** The command in the background, with what it said so far. */
function start(t: TestContext, person: Person, words: readonly string[]) {
  mkdirSync(join(person.folder, 'out'), { recursive: true })
  const child = person.start(['render', '-f', 't', '-o', 'out/app.conf', '--watch', '--interval', '1', ...words])
  t.after(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      said += chunk
    })
  }
  const ended = ending(child)
  /** Until it has said something more of this kind. */
  const says = async (pattern: RegExp): Promise<string> => {
    const end = { signal: AbortSignal.timeout(20_000) }
    for (;;) {
      const found = pattern.exec(said)
      if (found !== null) {
        said = said.slice(found.index + found[0].length)
        return found[0]
      }
      const closed = ended.then(() => 'closed')
      const more = Promise.race([
        once(child.stdout ?? child, 'data', end),
        once(child.stderr ?? child, 'data', end),
        closed,
      ])
      if ((await more) === 'closed') assert.fail(`It ended, and said: ${said}`)
    }
  }
  return { child, says, ended }
}

suite('A rendering', () => {
  test('is printed, or written for its owner alone, and left alone while it is the same', async (t) => {
    const { person, api } = await withSecret(t)

    const printed = await person.run(['render', '-f', '-'], { input: `a ${reference('db-password')} b` })
    assert.deepEqual([printed.code, printed.stdout], [0, 'a one b'])
    const words = ['render', '-f', 't', '-o', 'app.conf', '--target', 'web-1', '--json', '--exec', 'echo ran >> ran']
    const first = await person.run(words)
    assert.deepEqual(JSON.parse(first.stdout), { output: 'app.conf', written: true })
    const path = join(person.folder, 'app.conf')
    const before = statSync(path)
    assert.deepEqual([before.mode & 0o777, readFileSync(path, 'utf8')], [0o600, 'password = one\n'])
    assert.equal(JSON.parse((await person.run(words)).stdout).written, false)
    assert.equal(statSync(path).ino, before.ino)
    assert.equal(readFileSync(join(person.folder, 'ran'), 'utf8'), 'ran\n')
    chmodSync(path, 0o644)
    assert.equal(JSON.parse((await person.run([...words, '--mode', '640'])).stdout).written, true)
    assert.equal(statSync(path).mode & 0o777, 0o640)
    const { deployments } = (await api.get('/v3/deployments?target=web-1')).body
    assert.deepEqual([deployments.length, deployments[0].secrets[0].name], [1, 'db-password'])
  })

  test('keeps whose a file is, its mode and its links', {
    skip: process.getuid?.() !== 0 && 'not as root',
  }, async (t) => {
    const { person } = await withSecret(t)
    const path = (name: string) => join(person.folder, name)
    mkdirSync(path('real'))
    for (const name of ['app.conf', 'real/target', 'twin']) writeFileSync(path(name), 'old')
    chownSync(path('app.conf'), 65_534, 65_534)
    chmodSync(path('app.conf'), 0o440)
    symlinkSync('real/target', path('link'))
    symlinkSync('real/new', path('dangling'))
    linkSync(path('twin'), path('other-name'))
    const written = async (name: string, ...words: string[]) => {
      const { code, stderr } = await person.run(['render', '-f', 't', '-o', name, ...words])
      assert.equal(code, 0, stderr)
      assert.equal(readFileSync(path(name), 'utf8'), 'password = one\n')
      return stderr
    }

    assert.doesNotMatch(await written('app.conf'), /Everybody/)
    const { uid, gid, mode } = statSync(path('app.conf'))
    assert.deepEqual([uid, gid, mode & 0o777], [65_534, 65_534, 0o440])
    assert.match(await written('link'), /Everybody on this computer may read link: it keeps its mode, 0644/)
    assert.ok(lstatSync(path('link')).isSymbolicLink())
    assert.equal(readFileSync(path('real/target'), 'utf8'), 'password = one\n')
    await written('dangling')
    assert.ok(lstatSync(path('dangling')).isSymbolicLink())
    assert.equal(statSync(path('real/new')).mode & 0o777, 0o600)
    await written('other-name', '--mode', '600')
    assert.deepEqual([statSync(path('twin')).ino, statSync(path('twin')).nlink], [statSync(path('other-name')).ino, 2])
    assert.equal(readFileSync(path('twin'), 'utf8'), 'password = one\n')
    assert.deepEqual(readdirSync(path('real')).sort(), ['new', 'target'])
  })

  test('is not caught by what somebody else put into a folder for everybody', {
    skip: process.getuid?.() !== 0 && 'not as root',
  }, async (t) => {
    const { person } = await withSecret(t)
    const shared = join(person.folder, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o1777)
    writeFileSync(join(shared, 'file'), 'theirs')
    symlinkSync(join(person.folder, 'caught'), join(shared, 'link'))
    chownSync(join(shared, 'file'), 65_534, 65_534)
    lchownSync(join(shared, 'link'), 65_534, 65_534)

    for (const name of ['file', 'link']) {
      const { code, stderr } = await person.run(['render', '-f', 't', '-o', join(shared, name)])
      assert.equal(code, 2, stderr)
      assert.match(stderr, /belongs to somebody else, in a folder that everybody may write to/)
    }
    assert.equal(readFileSync(join(shared, 'file'), 'utf8'), 'theirs')
    assert.equal(existsSync(join(person.folder, 'caught')), false)
  })

  test('that fails leaves the old file, and no other', async (t) => {
    const { person, output } = await withSecret(t)
    mkdirSync(join(person.folder, 'out'))
    writeFileSync(output, 'old')
    writeFileSync(join(person.folder, 't'), reference('absent'))

    const { code, stderr } = await person.run(['render', '-f', 't', '-o', 'out/app.conf'])

    assert.equal(code, 3, stderr)
    assert.match(stderr, /line 1, column 1: There is no secret "absent"/)
    assert.deepEqual([readFileSync(output, 'utf8'), readdirSync(join(person.folder, 'out'))], ['old', ['app.conf']])
  })

  test('is never seen half written', async (t) => {
    const { person, api, output } = await withSecret(t)
    const [a, b] = ['a', 'b'].map((letter) => letter.repeat(60_000))
    const seen = new Set<string>()
    mkdirSync(join(person.folder, 'out'))
    const watcher = watch(join(person.folder, 'out'), () => {
      try {
        seen.add(readFileSync(output, 'utf8').replaceAll(/(.)\1+/g, '$1'))
      } catch {}
    })
    t.after(() => watcher.close())

    for (const value of [a, b, a, b]) {
      await api.put('/v3/secrets/1', { value })
      assert.equal((await person.run(['render', '-f', 't', '-o', 'out/app.conf'])).code, 0)
    }

    assert.ok(
      [...seen].every((text) => /^pas?word = [ab]\n$/.test(text)),
      JSON.stringify([...seen]),
    )
    assert.equal(readFileSync(output, 'utf8').length, 60_012)
  })

  test('is refused what it cannot do', async (t) => {
    const { person } = await withSecret(t)

    for (const words of [
      ['-f', 't', '--watch'],
      ['-f', '-', '-o', 'x', '--watch'],
      ['-f', 't', '-o', 'x', '--mode', '9'],
      ['-f', 't', '-o', 'x', '--mode', '4755'],
      ['-f', 't', '-o', '.'],
      ['-f', 't', '--exec', 'true'],
    ]) {
      assert.equal((await person.run(['render', ...words])).code, 2, words.join(' '))
    }
  })
})

suite('A file that is watched', () => {
  test('is written again when a value or the template changes, runs a command, and ends with a signal', async (t) => {
    const { person, api, output } = await withSecret(t)
    const exec = `cat out/app.conf; echo key=[$STRONGROOM_API_KEY]`
    const { child, says, ended } = start(t, person, ['--exec', exec])
    await says(/password = one\nkey=\[\]/)

    await api.put('/v3/secrets/1', { value: 'two' })
    await says(/app\.conf is written/)
    await says(/password = two/)
    writeFileSync(join(person.folder, 't'), `changed ${reference('db-password')}`)
    await says(/changed two/)
    child.kill('SIGTERM')

    assert.deepEqual([(await ended).code, readFileSync(output, 'utf8')], [0, 'changed two'])
  })

  test('is left as it is by a signal that comes while the server gives no answer, at once', async (t) => {
    const { person, api, output } = await withSecret(t)
    const middleman = await Middleman.start(t, person.server.url)
    middleman.passesEvents = true
    person.env = { ...person.env, STRONGROOM_URL: middleman.url }
    const { child, says } = start(t, person, [])
    await says(/app\.conf is written/)
    middleman.always = 'hang'
    const asked = middleman.seen.length
    await api.put('/v3/secrets/1', { value: 'two' })
    await until(() => middleman.seen.length > asked)

    const ended = once(child, 'exit', { signal: AbortSignal.timeout(20_000) })
    child.kill('SIGTERM')

    assert.deepEqual([await ended, readFileSync(output, 'utf8')], [[0, null], 'password = one\n'])
  })

  test('is written again when what its environment inherits changes, or comes to have a value of its own', async (t) => {
    const { person, api, output } = await withSecret(t)
    await api.post('/v3/environments', { name: 'prod', base: 'default' })
    const { says } = start(t, person, ['-e', 'prod'])
    await says(/is written/)

    await api.put('/v3/secrets/1', { value: 'two' })
    await says(/is written/)
    assert.equal(readFileSync(output, 'utf8'), 'password = two\n')
    await api.post('/v3/secrets', { name: 'db-password', value: 'own' }, { 'strongroom-environment': 'prod' })
    await says(/is written/)
    assert.equal(readFileSync(output, 'utf8'), 'password = own\n')
  })

  test('is written again when a secret changes that goes into a template which it names, or which is rolled back', async (t) => {
    const { person, api, output } = await withSecret(t)
    await api.post('/v3/environments', { name: 'prod', base: 'default' })
    const written = async (command: ReturnType<typeof start>, text: string) => {
      await command.says(/is written/)
      assert.equal(readFileSync(output, 'utf8'), text)
    }
    await api.post('/v3/secrets', { name: 'inner', type: 'template', value: `user:${reference('db-password')}` })
    await api.post('/v3/secrets', { name: 'url', type: 'template', value: `db://${reference('inner')}@host` })
    writeFileSync(join(person.folder, 't'), `url = ${reference('url')}\n`)
    const command = start(t, person, ['-e', 'prod'])
    await written(command, 'url = db://user:one@host\n')
    const before = new Date().toISOString()

    await api.put('/v3/secrets/1', { value: 'two' })
    await written(command, 'url = db://user:two@host\n')
    await api.post('/v3/secrets', { name: 'db-password', value: 'own' }, { 'strongroom-environment': 'prod' })
    await written(command, 'url = db://user:own@host\n')
    await api.post('/v3/rollback', { to: before, delete_created: true }, { 'strongroom-environment': 'prod' })
    await written(command, 'url = db://user:two@host\n')
    const back = await api.post('/v3/rollback', { to: before })
    assert.equal(back.status, 200, back.text)
    await written(command, 'url = db://user:one@host\n')
  })

  test('asks the server for nothing until it tells of a change that is about it', async (t) => {
    const { person, api } = await withSecret(t)
    const { says } = start(t, person, [])
    await says(/is written/)
    const count = async (action: string) => (await api.get(`/v3/audit?action=${action}`)).body.records.length
    const [reads, looks] = [await count('secret.read'), await count('secret.list')]

    for (const value of ['a', 'b', 'c']) await api.put('/v3/secrets/by-name/other', { value })
    await api.put('/v3/secrets/1', { value: 'two' })
    await says(/is written/)

    assert.deepEqual([(await count('secret.read')) - reads, (await count('secret.list')) - looks], [1, 1])
  })

  test('goes on when its command fails', async (t) => {
    const { person, api } = await withSecret(t)
    const { says } = start(t, person, ['--exec', 'exit 7'])

    await says(/ended with 7/)
    await api.put('/v3/secrets/1', { value: 'two' })
    await says(/app\.conf is written/)
    await says(/ended with 7/)
  })

  test('outlives a server that is away, keeps what it has, and says so once', async (t) => {
    const { person, api, output } = await withSecret(t)
    const between = await Middleman.start(t, person.server.url)
    person.env = { ...person.env, STRONGROOM_URL: between.url }
    const { says } = start(t, person, [])
    await says(/is written/)

    between.always = 'drop'
    await says(/stays as it is/)
    assert.equal(readFileSync(output, 'utf8'), 'password = one\n')
    await api.put('/v3/secrets/1', { value: 'two' })
    between.always = undefined
    await says(/app\.conf is written/)
    assert.equal(readFileSync(output, 'utf8'), 'password = two\n')
  })

  test('waits for a server that is not there yet, and not for a key that never will be', async (t) => {
    const { person } = await withSecret(t)
    const url = person.env['STRONGROOM_URL'] ?? ''
    person.env = { ...person.env, STRONGROOM_URL: 'http://127.0.0.1:9' }
    const waiting = start(t, person, [])
    await waiting.says(/stays as it is/)
    waiting.child.kill('SIGTERM')
    assert.equal((await waiting.ended).code, 0)

    person.env = { STRONGROOM_URL: url, STRONGROOM_API_KEY: 'sr_wrong' }
    assert.equal((await start(t, person, []).ended).code, 4)
  })

  test('keeps what it has when a secret is gone', async (t) => {
    const { person, api, output } = await withSecret(t)
    const { says } = start(t, person, [])
    await says(/is written/)

    await api.delete('/v3/secrets/1')
    await says(/stays as it is/)
    assert.equal(readFileSync(output, 'utf8'), 'password = one\n')
  })

  test('leaves a file with several names as it was when there is no room for what comes', async (t) => {
    const { person } = await withSecret(t)
    const [path, other] = ['twin', 'other-name'].map((name) => join(person.folder, name)) as [string, string]
    writeFileSync(path, 'old '.repeat(20))
    linkSync(path, other)
    const source = new URL('../../src/cli/replace-file.ts', import.meta.url).href
    const script = `const { replaceFile } = await import(${JSON.stringify(source)})
      const isWritten = (length) => replaceFile(process.argv[1], Buffer.alloc(length, 'n')).catch(({ message }) => message)
      console.log(JSON.stringify([await isWritten(1e6), await isWritten(90), await isWritten(50)]))`
    const words = ['--input-type=module', '-e', script, path]

    // No file may become longer than 4 or 8 KiB: as with a full disk, a part of it can be written.
    const limited = spawnSync('sh', ['-c', `ulimit -f 8; exec "$0" "$@"`, process.execPath, ...words], {
      encoding: 'utf8',
    })

    const [first, ...others] = JSON.parse(limited.stdout)
    assert.match(first, /cannot be written: EFBIG/, limited.stderr)
    assert.deepEqual(others, [true, true])
    assert.deepEqual([readFileSync(other, 'utf8'), statSync(other).nlink], ['n'.repeat(50), 2])
    writeFileSync(path, 'old '.repeat(20))
    const again = [...words.slice(0, 2), script.replace(/\[await.*\]/, '[await isWritten(1e6)]'), path]
    spawnSync('sh', ['-c', `ulimit -f 8; exec "$0" "$@"`, process.execPath, ...again])
    assert.equal(readFileSync(other, 'utf8'), 'old '.repeat(20))
  })
})
