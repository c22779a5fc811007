/** What a process must not give away: no inspector, no dump, no secret where other programs look. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { generateToken } from '../../src/crypto/token.ts'
import { environment, listening, startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { main } from '../support/main.ts'

const [sqlite] = engines
assert.ok(sqlite)
const engine = sqlite
const isLinux = process.platform === 'linux'

suite('The server as a process', () => {
  test('opens no inspector upon SIGUSR1, and goes on', async (t) => {
    const { server, key } = await start(t)

    server.process.kill('SIGUSR1')

    for (let at = 0; at < 5; at++) assert.equal((await server.api(key).get('/v3/secrets')).status, 200)
    assert.doesNotMatch(server.output(), /[Dd]ebugger|inspector/)
    assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null })
    assert.doesNotMatch(server.output(), /[Dd]ebugger|inspector/)
  })

  test('goes on after signals that would end others, one after the other, and says which came', async (t) => {
    const { server, key } = await start(t)
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGXFSZ', 'SIGHUP'] as const) {
      const writes = Array.from({ length: 20 }, (_, at) =>
        server.api(key).post('/v3/secrets', { name: `${signal}-${at}`, value: 'v' }),
      )

      server.process.kill(signal)

      assert.deepEqual(new Set((await Promise.all(writes)).map(({ status }) => status)), new Set([201]), signal)
      assert.equal((await server.api(key).get(`/v3/secrets?name=${signal}-*`)).body.secrets.length, 20)
      await server.says(new RegExp(`"signal":"${signal}"`))
      assert.doesNotMatch(server.output(), /"msg":"stopping"/, signal)
    }
    assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null })
  })

  for (const signal of ['SIGQUIT', 'SIGXCPU'] as const) {
    test(`comes to an orderly end upon ${signal}, and leaves no dump`, async (t) => {
      const { server, place } = await start(t)
      const before = readdirSync('.').sort()

      assert.deepEqual(await server.end(signal), { code: 0, signal: null })

      assert.match(server.output(), /"msg":"stopped"/)
      assert.deepEqual(readdirSync('.').sort(), before)
      assert.deepEqual(
        readdirSync(place.dataDir).filter((name) => /core|heap|report/.test(name)),
        [],
      )
    })
  }

  test('ends in order when its terminal is gone', async (t) => {
    const place = await engine.makeMigratedPlace()
    t.after(() => place.clear())
    const line = `${process.execPath} ${main} serve`
    const terminal = spawn('script', ['-qefc', `exec ${line}`, '/dev/null'], { env: environment(place), stdio: 'pipe' })
    t.after(() => terminal.kill('SIGKILL'))
    const server = await listening(terminal)
    const pid = childOf(Number(terminal.pid))

    process.kill(pid, 'SIGHUP')

    const [code] = await once(terminal, 'exit')
    assert.equal(code, 0)
    assert.match(server.output(), /"signal":"SIGHUP".*"msg":"stopping"/)
    assert.match(server.output(), /"msg":"stopped"/)
  })

  for (const signal of ['SIGABRT', 'SIGSEGV'] as const) {
    test(`leaves no dump, snapshot or report when ${signal} ends it`, async (t) => {
      const { server, place } = await start(t, ['sh', '-c', 'ulimit -c 0; exec "$0" "$@"'])
      const before = [readdirSync('.'), readdirSync(place.dataDir)]

      assert.equal((await server.end(signal)).signal, signal)

      assert.deepEqual(readdirSync('.').sort(), before[0]?.sort())
      const left = readdirSync(place.dataDir).filter((name) => !before[1]?.includes(name))
      assert.deepEqual(left, [])
    })
  }

  test('has no secret among its arguments', { skip: isLinux ? false : 'Reads /proc.' }, async (t) => {
    const { server, key } = await start(t)

    const words = readFileSync(`/proc/${server.process.pid}/cmdline`, 'utf8')

    assert.match(words, /serve/)
    assert.ok(!words.includes(key))
    await server.end('SIGTERM')
  })

  test('warns when a crash could write its memory to disk', { skip: isLinux ? false : 'Reads /proc.' }, async (t) => {
    const risky = await start(t, ['sh', '-c', 'ulimit -c unlimited && exec "$0" "$@"'])
    const safe = await start(t, ['sh', '-c', 'ulimit -c 0; exec "$0" "$@"'])

    assert.match(risky.server.output(), /core file size limit/)
    assert.doesNotMatch(safe.server.output(), /core file size limit/)
    await risky.server.end('SIGTERM')
    await safe.server.end('SIGTERM')
  })
})

async function start(t: TestContext, under: readonly string[] = []) {
  assert.ok(sqlite)
  const place = await sqlite.makeMigratedPlace()
  t.after(() => place.clear())
  const key = generateToken()
  const server = await startChild(t, place, { under, env: { STRONGROOM_BOOTSTRAP_API_KEY: key } })
  return { server, key, place }
}

/** The process that `script` runs. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}
