/** `strongroom run`: secrets in the environment of one command, and nowhere else; signals and exit codes as without it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, suite, type TestContext, test } from 'node:test'
import { ending, type Person, startPerson, startPersonWithServer } from '../support/cli.ts'
import { main } from '../support/main.ts'
import { Middleman } from '../support/middleman.ts'
import { preparedSuite } from '../support/prepared-suite.ts'
import { until } from '../support/receiver.ts'

const planted = 'planted-5ecret-value'

/** Lines of a process, one after the other. */
function linesOf(child: ChildProcess): AsyncIterator<string> {
  assert.ok(child.stdout)
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

async function next(lines: AsyncIterator<string>): Promise<string> {
  const over = AbortSignal.timeout(20_000)
  const late = once(over, 'abort').then(() => ({ value: 'too late', done: false }))
  const { value, done } = await Promise.race([lines.next(), late])
  return done ? 'the end' : value
}

async function personWith(t: Parameters<typeof startPerson>[0], secrets: Record<string, string>): Promise<Person> {
  const person = await startPerson(t)
  for (const [name, value] of Object.entries(secrets)) await person.server.api.post('/v3/secrets', { name, value })
  return person
}

/** The same, whose requests pass somebody who can be told to misbehave. */
async function personBehind(t: TestContext, secrets: Record<string, string>) {
  const person = await personWith(t, secrets)
  const middleman = await Middleman.start(t, person.server.url)
  middleman.passesEvents = true
  person.env = { ...person.env, STRONGROOM_URL: middleman.url }
  return { person, middleman }
}

preparedSuite('strongroom run', async () => {
  const multiline = `-----BEGIN-----\n${planted}\n-----END-----\n`
  const person = await personWith({ after }, { 'db-password': planted, 'tls.key': multiline, '7up': 'x' })
  await person.server.api.post('/v3/secrets', { name: 'blob', type: 'file', value: 'AAH/' })
  const printed = ['run', '--', process.execPath, '-p', 'JSON.stringify(process.env)']

  test('gives each secret to the command, as a variable', async () => {
    const { code, stdout, stderr } = await person.run(printed)

    assert.equal(code, 0, stderr)
    const env = JSON.parse(stdout)
    assert.deepEqual([env.DB_PASSWORD, env.TLS_KEY, env._7UP], [planted, multiline, 'x'])
    assert.equal(env.STRONGROOM_API_KEY, undefined)
    assert.equal(env.PATH, process.env['PATH'])
    assert.match(stderr, /Files are left out of the environment: blob/)
    const kept = await person.run(['run', '--keep-key', ...printed.slice(1)])
    assert.equal(JSON.parse(kept.stdout).STRONGROOM_API_KEY, person.server.api.key)
  })

  test('chooses by pattern, list and prefix', async () => {
    const { body } = await person.server.api.post('/v3/lists', { name: 'Web servers' })
    await person.server.api.post('/v3/secrets', { name: 'web-token', value: 'w', list: 'Web servers' })
    assert.ok(body.id)
    const names = async (...options: string[]) => {
      const { stdout } = await person.run(['run', ...options, ...printed.slice(1)])
      return Object.keys(JSON.parse(stdout)).filter((name) => /DB_|TLS_|7UP|WEB_/.test(name))
    }

    assert.deepEqual(await names('--only', 'db-*'), ['DB_PASSWORD'])
    assert.deepEqual((await names('--only', 'db-*', '--only', 'tls.key')).sort(), ['DB_PASSWORD', 'TLS_KEY'])
    assert.deepEqual(await names('--list', 'Web servers'), ['WEB_TOKEN'])
    assert.deepEqual(await names('--only', 'db-*', '--prefix', 'APP_'), ['APP_DB_PASSWORD'])
    assert.equal((await person.run(['run', '--only', 'absent', '--', 'true'])).code, 3)
  })

  test('refuses clashes, and names both sides', async (t) => {
    const other = await personWith(t, { 'a-b': '1', 'a.b': '2', 'ld-preload': '/tmp/x.so', home: '/tmp' })

    const both = await other.run(['run', '--only', 'a*', '--', 'true'])
    assert.equal(both.code, 5)
    assert.match(both.stderr, /"a-b" and "a\.b" would both be A_B/)
    for (const name of ['ld-preload', 'home']) {
      const steering = await other.run(['run', '--override', '--only', name, '--', 'true'])
      assert.equal(steering.code, 5)
      assert.match(steering.stderr, /decides what programs do/)
    }
    const env = { A_B: 'mine' }
    assert.match(
      (await other.run(['run', '--only', 'a-b', '--', 'true'], { env })).stderr,
      /the environment has already/,
    )
    const words = ['run', '--only', 'a-b', '--override', '--', 'sh', '-c', 'echo $A_B']
    assert.equal((await other.run(words, { env })).stdout, '1\n')
  })

  test('refuses a value that no environment can hold', async (t) => {
    const other = await personWith(t, { nul: 'a\0b' })
    const { code, stderr } = await other.run(['run', '--', 'true'])
    assert.equal(code, 1)
    assert.match(stderr, /"nul" has a NUL byte/)
    await other.server.api.put('/v3/secrets/1', { value: 'x'.repeat(65_536) })
    for (let at = 0; at < 40; at++) {
      await other.server.api.post('/v3/secrets', { name: `long-${at}`, value: 'x'.repeat(65_000) })
    }
    const tooMany = await other.run(['run', '--', 'true'])
    assert.notEqual(tooMany.code, 0)
    assert.doesNotMatch(tooMany.stderr, /xxxx/)
  })

  test('ends as the command ends', async () => {
    const code = async (...command: string[]) => (await person.run(['run', '--', ...command])).code
    assert.equal(await code('sh', '-c', 'exit 42'), 42)
    assert.equal(await code('sh', '-c', 'kill -TERM $$'), 143)
    assert.equal(await code('sh', '-c', 'kill -KILL $$'), 137)
    assert.equal(await code('no-such-command'), 127)
    assert.equal(await code('/etc/passwd'), 126)
    assert.equal(await code('echo', '--help', '-x', '--only'), 0)
  })

  test('hands signals on, and waits for what the command makes of them', async () => {
    for (const [signal, number] of [
      ['SIGTERM', 15],
      ['SIGHUP', 1],
      ['SIGUSR1', 10],
      ['SIGINT', 2],
    ] as const) {
      const script = `trap 'echo got; exit ${number}' ${number}; echo ready; while :; do sleep 0.05; done`
      const child = person.start(['run', '--', 'sh', '-c', script])
      const lines = linesOf(child)
      assert.equal(await next(lines), 'ready')
      const gone = once(child, 'exit')

      child.kill(signal)

      assert.equal(await next(lines), 'got')
      assert.deepEqual(await gone, [number, null])
    }
  })

  test('lets Ctrl-C reach the command once', async () => {
    // The second signal takes the way on which the first one would have come again, behind it.
    const script = `process.on('SIGINT', () => (console.log('got'), process.kill(process.ppid, 'SIGUSR1')))
      process.on('SIGUSR1', () => process.exit())
      setInterval(() => {}, 2 ** 30)
      console.log('ready')`
    const words = ['run', '--', process.execPath, '-e', script]
    const { text, code } = await person.onTerminal(words, [['ready', '\u0003']])
    assert.equal(code, 0, text)
    assert.equal(text.match(/got/g)?.length, 1)
  })

  test('has no value in the parameters of any process, nor in a file of its folder', async () => {
    const script = `const { readdirSync, readFileSync, statSync } = require('node:fs')
      const read = (path) => { try { return readFileSync(path, 'latin1') } catch { return '' } }
      const parameters = readdirSync('/proc').filter((pid) => Number(pid) > 0).map((pid) => '/proc/' + pid + '/cmdline')
      const files = readdirSync('.', { recursive: true })
      const all = [...parameters, ...files]
      console.log(parameters.length > 1, all.filter((path) => read(path).includes(process.env.DB_PASSWORD)))`
    const { stdout, stderr } = await person.run(['run', '--', process.execPath, '-e', script])
    assert.equal(stdout, 'true []\n', stderr)
  })

  test('writes no value to disk', {
    skip: spawnSync('strace', ['-V']).status !== 0 && 'strace is not installed',
  }, async () => {
    const { spawn } = await import('node:child_process')
    const words = ['-f', '-e', 'trace=openat,creat,open', '-o', 'trace', process.execPath, main, 'run', '--', 'true']
    const child = spawn('strace', words, { cwd: person.folder, env: person.environment() })
    assert.equal((await ending(child)).code, 0)
    const written = readFileSync(`${person.folder}/trace`, 'utf8')
      .split('\n')
      .filter((line) => /O_(WRONLY|RDWR|CREAT)/.test(line) && !/ = -1 /.test(line))
      .filter((line) => !/"\/dev\/|\/proc\/|node_modules\/\.cache\/strongroom/.test(line))
    assert.deepEqual(written, [])
  })

  test('hides the values in what the command prints', async () => {
    const script = `printf 'pw=%s|' "$DB_PASSWORD"; echo "$TLS_KEY" | sed 's/^/  /'; echo "err $DB_PASSWORD" >&2
      printf '%s' "$DB_PASSWORD" | cut -c1-9 | tr -d '\\n'; sleep 0.2; printf '%s\\n' "$DB_PASSWORD" | cut -c10-; exit 3`

    const { stdout, stderr, code } = await person.run(['run', '--mask', '--', 'sh', '-c', script])

    assert.equal(code, 3)
    assert.doesNotMatch(stdout + stderr, /5ecret|BEGIN|END/)
    assert.match(stdout, /^pw=\*\*\*\|/)
    assert.match(stdout, /\*\*\*\n$/)
    assert.match(stderr, /err \*\*\*/)
    assert.match(stderr, /Too short to be hidden in what is printed: 7up/)
  })

  test('lets the command open its own output by name, behind the mask', async () => {
    const script =
      'echo to-out > /dev/stdout && echo to-err | tee /dev/stderr >/dev/null && echo $DB_PASSWORD > /dev/fd/1'
    const { stdout, stderr, code } = await person.run(['run', '--mask', '--only', 'db-*', '--', 'sh', '-c', script])

    assert.equal(code, 0, stderr)
    assert.deepEqual([stdout, stderr], ['to-out\n***\n', 'to-err\n'])
  })

  test('holds the command back behind the mask while nobody reads, and tells it when nobody will', async () => {
    const script = 'i=0; while :; do echo "$i $DB_PASSWORD"; i=$((i+1)); done'
    const child = person.start(['run', '--mask', '--only', 'db-*', '--', 'sh', '-c', script])
    const lines = linesOf(child)
    assert.equal(await next(lines), '0 ***')
    const gone = once(child, 'exit')

    child.stdout?.destroy()

    assert.deepEqual(await gone, [128 + 13, null])
  })

  test('loses nothing of what the command wrote, to the last byte, and ends as it ends', async () => {
    const script = 'seq 1 40000; printf tail; kill -TERM $$'
    const { stdout, code } = await person.run(['run', '--mask', '--only', 'db-*', '--', 'sh', '-c', script])
    assert.equal(code, 143)
    assert.equal(stdout, `${Array.from({ length: 40_000 }, (_, at) => `${at + 1}\n`).join('')}tail`)
    assert.equal((await person.run(['run', '--mask', '--only', 'db-*', '--', 'no-such-command'])).code, 127)
  })

  test('ends with 3, and starts nothing, when nothing is chosen', async () => {
    for (const only of ['zz-*', 'blob']) {
      const { code, stdout, stderr } = await person.run(['run', '--only', only, '--', 'echo', 'ran'])
      assert.deepEqual([code, stdout], [3, ''], stderr)
      assert.match(stderr, /There is no such secret|Only files are chosen/)
    }
    const both = await person.run(['run', '--only', 'db-*', '--only', 'zz-*', '--', 'echo', 'ran'])
    assert.deepEqual([both.code, both.stdout], [0, 'ran\n'])
    assert.match(both.stderr, /Nothing more is chosen by "zz-\*"/)
  })

  test('records what a target holds', async () => {
    assert.equal((await person.run(['run', '--target', 'web-1', '--only', 'db-*', '--', 'true'])).code, 0)

    const { body } = await person.server.api.get('/v3/deployments?target=web-1')
    assert.deepEqual(
      body.deployments[0].secrets.map((one: { name: string; version: number }) => [one.name, one.version]),
      [['db-password', 1]],
    )
    await person.server.api.put('/v3/secrets/1', { value: planted })
    const { stdout } = await person.run(['deployments', 'list', '--stale', '--json'])
    assert.equal(JSON.parse(stdout).deployments[0].target, 'web-1')
  })
})

suite('strongroom run --watch', () => {
  const loop = 'echo "now $TOKEN"; while :; do sleep 0.05; done'

  test('starts the command anew with the new value', async (t) => {
    const person = await personWith(t, { token: 'one' })
    const child = person.start(['run', '--watch', '--interval', '1', '--', 'sh', '-c', loop])
    t.after(() => void child.kill('SIGTERM'))
    const lines = linesOf(child)
    assert.equal(await next(lines), 'now one')

    await person.server.api.put('/v3/secrets/1', { value: 'two' })

    assert.equal(await next(lines), 'now two')
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    assert.deepEqual(await gone, [143, null])
  })

  test('starts the command anew when another secret changes that goes into what is chosen, or one comes to have its name', async (t) => {
    const person = await personWith(t, { part: 'one' })
    const { api } = person.server
    await api.post('/v3/secrets', { name: 'token', type: 'template', value: `<\${{secret.part}}>` })
    const child = person.start(['run', '--watch', '--only', 'token', '--', 'sh', '-c', loop])
    t.after(() => void child.kill('SIGTERM'))
    const lines = linesOf(child)
    assert.equal(await next(lines), 'now <one>')

    await api.put('/v3/secrets/1', { value: 'two' })
    assert.equal(await next(lines), 'now <two>')
    await api.put('/v3/secrets/by-name/spare', { value: 'three' })
    await api.put('/v3/secrets/1/name', { name: 'old' })
    await api.put('/v3/secrets/3/name', { name: 'part' })
    assert.equal(await next(lines), 'now <three>')
  })

  test('sends a signal instead, if that is asked for', async (t) => {
    const person = await personWith(t, { token: 'one' })
    const script = `trap 'echo again' USR2; ${loop}`
    const words = ['run', '--watch', '--signal', 'usr2', '--interval', '1', '--', 'sh', '-c', script]
    const child = person.start(words)
    t.after(() => void child.kill('SIGTERM'))
    const lines = linesOf(child)
    assert.equal(await next(lines), 'now one')

    await person.server.api.put('/v3/secrets/1', { value: 'two' })

    assert.equal(await next(lines), 'again')
    assert.equal((await person.run(['run', '--signal', 'HUP', '--', 'true'])).code, 2)
  })

  test('goes on while the server is away, and reads no value to look', async (t) => {
    const { person, server } = await startPersonWithServer(t)
    await server.api.post('/v3/secrets', { name: 'token', value: 'one' })
    const child = person.start(['run', '--watch', '--interval', '1', '--', 'sh', '-c', loop])
    t.after(() => void child.kill('SIGTERM'))
    const lines = linesOf(child)
    assert.equal(await next(lines), 'now one')
    assert.ok(child.stderr)
    const { body } = await person.server.api.get('/v3/audit?action=secret.read')
    assert.equal(body.records.length, 1)

    await server.stop()

    const [complaint] = await once(child.stderr, 'data')
    assert.match(String(complaint), /Looking for changes failed/)
    assert.equal(child.exitCode, null)
  })

  test('ends when the command does', async (t) => {
    const person = await personWith(t, { token: 'one' })
    assert.equal((await person.run(['run', '--watch', '--', 'sh', '-c', 'exit 9'])).code, 9)
  })

  test('ends as the command that ends while a change is looked at', async (t) => {
    const { person, middleman } = await personBehind(t, { token: 'one' })
    const child = person.start(['run', '--watch', '--', 'sh', '-c', 'echo "now $TOKEN"; read line; exit 9'])
    t.after(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(20_000) })
    assert.equal(await next(linesOf(child)), 'now one')
    middleman.always = 'hang'
    const asked = middleman.seen.length
    await person.server.api.put('/v3/secrets/1', { value: 'two' })
    await until(() => middleman.seen.length > asked)

    child.stdin?.write('\n')

    assert.deepEqual(await ended, [9, null])
  })

  test('looks again at a change that could not be looked at, though it is told of once', async (t) => {
    const { person, middleman } = await personBehind(t, { token: 'one' })
    const child = person.start(['run', '--watch', '--interval', '1', '--', 'sh', '-c', loop])
    t.after(() => void child.kill('SIGTERM'))
    const lines = linesOf(child)
    assert.equal(await next(lines), 'now one')
    assert.ok(child.stderr)
    const body = { type: 'urn:strongroom:problem:internal', code: 'internal', message: 'No.', request_id: 'r' }
    middleman.always = { status: 500, body }
    await person.server.api.put('/v3/secrets/1', { value: 'two' })
    assert.match(String(await once(child.stderr, 'data')), /Looking for changes failed/)

    middleman.always = undefined

    assert.equal(await next(lines), 'now two')
  })

  test('ends when nothing can be started, though it listens already', async (t) => {
    const person = await personWith(t, { token: 'one' })
    const child = person.start(['run', '--watch', '--only', 'nothing', '--', 'true'])
    t.after(() => void child.kill('SIGKILL'))

    assert.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(20_000) }), [3, null])
  })
})
