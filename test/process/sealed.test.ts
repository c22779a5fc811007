/** Servers as whole processes, whose root key is with people, or away: alive, not ready, and open by themselves when it is there. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { readShare } from '../../src/crypto/providers/share.ts'
import { parseRootKeyUrl } from '../../src/crypto/providers/urls.ts'
import { openVault } from '../../src/open.ts'
import { addRootKey } from '../../src/root-keys.ts'
import { environment, startUnready } from '../support/child.ts'
import { engines, makeFolder, type Place } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { main } from '../support/main.ts'
import { foundInMemory } from '../support/memory.ts'
import { testConfig } from '../support/server.ts'

const host = { name: 'tester', requestId: 'test' }
const [sqlite] = engines

/** A store, which this opens beside what its settings say. */
async function storeOf(t: TestContext, url: string) {
  const place = await (sqlite ?? assert.fail()).makePlace()
  t.after(() => place.clear())
  const { close } = await openVault(testConfig(place), { mayMake: true })
  await close()
  const source = parseRootKeyUrl(url, {})
  if (typeof source === 'string') assert.fail(source)
  const made = await addRootKey(testConfig(place), source, host)
  return { place, shares: made.shares }
}

async function start(t: TestContext, place: Place, url: string, env: Record<string, string> = {}) {
  const port = await freePort()
  const settings = { ...env, STRONGROOM_ROOT_KEY_URLS: url }
  const server = startUnready(t, place, port, settings)
  const { process: child, output, url: origin } = server
  const get = async (path: string) => {
    const answer = await fetch(`${origin}${path}`, { headers: { connection: 'close' } }).catch(() => undefined)
    return answer === undefined ? undefined : { status: answer.status, text: await answer.text() }
  }
  /** Asks until that is the answer. */
  const until = async (status: number, says: RegExp, path = '/readyz') => {
    for (;;) {
      const answer = await get(path)
      if (answer?.status === status && says.test(answer.text)) return answer
      if (child.exitCode !== null) assert.fail(output())
      await setTimeout(20)
    }
  }
  const run = (words: readonly string[], input = '') =>
    spawnSync(process.execPath, [main, ...words], {
      ...{ input, encoding: 'utf8' },
      env: { ...environment(place), ...settings, STRONGROOM_LISTEN: `127.0.0.1:${port}` },
    })
  const end = (signal: NodeJS.Signals) => server.end(signal)
  const ended = async () => {
    if (child.exitCode === null) await once(child, 'exit')
    return { code: child.exitCode }
  }
  return { output, end, ended, get, until, run, pid: child.pid ?? 0 }
}

suite('A sealed server as a process', () => {
  test('serves nothing until its shares come over the socket, then everything, and writes none of them down', async (t) => {
    const { place, shares } = await storeOf(t, 'shamir:2/3')
    const systemd = makeNotify(t)
    const { output, end, get, until, run } = await start(t, place, 'shamir:2/3', systemd.env)
    await until(503, /"sealed"/)
    // Whatever waits for the unit is not to wait for people.
    while (!/sealed/.test(systemd.told())) await setTimeout(20)
    assert.match(systemd.told(), /^READY=1 STATUS=sealed: waiting for a root key$/m)
    assert.equal((await get('/healthz'))?.status, 200)
    assert.match((await get('/v3/secrets'))?.text ?? '', /"code":"sealed"/)
    const socket = join(place.dataDir, 'unseal.sock')
    assert.equal(statSync(socket).mode & 0o777, 0o600)

    const first = run(['unseal'], `${shares[2]}\n`)
    assert.deepEqual([first.status, first.stderr], [6, ''])
    assert.match(first.stdout, /^The server is sealed: 1 of 2 shares are there \(of 3, set \w{8}\)\.\n$/)
    const last = run(['unseal', '--json'], `\n${shares[2]}\r\n${shares[0]}\n`)
    assert.equal(last.status, 0, last.stderr)
    assert.partialDeepStrictEqual(JSON.parse(last.stdout), { status: 'open', have: 2 })

    await until(200, /"ready"/)
    assert.equal((await get('/v3/secrets'))?.status, 401)
    assert.equal(existsSync(socket), false)
    assert.equal((await get('/unseal'))?.status, 404)
    const again = run(['unseal'], `${shares[0]}\n`)
    assert.deepEqual([again.status, again.stdout], [0, 'The server is open already, and needs no shares.\n'])
    assert.match(output(), /a share of the root key was given/)
    for (const share of shares) {
      for (const group of share.match(/\w{4}-\w{4}/g)?.slice(3) ?? []) assert.ok(!output().includes(group), group)
    }
    await end('SIGTERM')
  })

  test('has shares in its memory until they have opened, and none of them any more', {
    skip: process.platform === 'linux' ? false : 'Reads /proc.',
  }, async (t) => {
    const { place, shares } = await storeOf(t, 'shamir:2/3')
    const { end, until, run, pid } = await start(t, place, 'shamir:2/3')
    await until(503, /"have":0/)
    const parts = Object.fromEntries(shares.map((text, at) => [`part ${at + 1}`, readShare(Buffer.from(text)).bytes]))
    assert.equal(run(['unseal'], `${shares[0]}\n`).status, 6)
    assert.deepEqual(foundInMemory(pid, parts), ['part 1'])

    assert.equal(run(['unseal'], `${shares[1]}\n`).status, 0)
    await until(200, /"ready"/)

    assert.deepEqual(foundInMemory(pid, parts), [])
    await end('SIGTERM')
  })

  test('waits for a new store, whose shares a command beside it shows, and begins with them', async (t) => {
    const place = await (sqlite ?? assert.fail()).makePlace()
    t.after(() => place.clear())
    const { output, end, until, run } = await start(t, place, 'shamir:2/3')
    await until(503, /"sealed"/)
    const before = run(['unseal', '--status'])
    assert.deepEqual(
      [before.status, before.stdout],
      [6, 'The server is sealed, and has not read its store yet. Its log says why.\n'],
    )
    assert.match(output(), /There is no store in .* yet.*root-key init/)

    const made = run(['root-key', 'init'])

    assert.deepEqual([made.status, made.stderr], [0, ''])
    const shares = made.stdout.match(/(?<=^ {2})(\w{4}-){16}\w{4}$/gm) ?? []
    assert.equal(shares.length, 3)
    while (!/of 3, set \w{8}/.test(run(['unseal', '--status']).stdout)) await setTimeout(20)
    assert.equal(run(['unseal'], shares.slice(1).join('\n')).status, 0)
    await until(200, /"ready"/)
    const again = run(['root-key', 'init'])
    assert.deepEqual([again.status, again.stdout], [5, ''])
    assert.match(again.stderr, /There is a store in .* already/)
    for (const share of shares) assert.ok(!output().includes(share.slice(20, 40)))
    await end('SIGTERM')
  })

  test('lives while a provider is away, ends when it is told to, opens when it is back, and stays open', async (t) => {
    const program = makeProgram(t)
    const url = `command:${program.path}`
    const { place } = await storeOf(t, url)
    program.say('exit 1')
    const first = await start(t, place, url)
    await first.until(503, /"sealed"/)
    assert.deepEqual(await first.end('SIGTERM'), { code: 0, signal: null })

    const { end, get, until, output, run } = await start(t, place, url)
    await until(503, /"sealed"/)
    program.say('')
    await until(200, /"ready"/)
    assert.match(output(), /ended with 1/)
    const told = run(['rewrap', '--add', 'command:/no/such'])
    assert.equal(told.stderr.match(/cannot be run/g)?.length, 1, told.stderr)
    await until(200, /strongroom_root_key_up\{provider="command:[^"]+"\} 1/, '/metrics')
    for (const body of ['exit 1', 'sleep 60', 'head -c 32 /dev/zero | base64; exit 0']) {
      program.say(body)
      assert.match((await get('/readyz'))?.text ?? '', /"ready"/)
      assert.equal((await get('/v3/secrets'))?.status, 401)
    }
    await end('SIGTERM')

    // A lie at the start is no key, and nothing that passes.
    const liar = await start(t, place, url)
    assert.equal((await liar.ended()).code, 1)
    assert.match(liar.output(), /opens to something else than was wrapped/)
  })
})

/** What tells systemd, put in its place. */
function makeNotify(t: TestContext) {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const told = join(folder, 'told')
  writeFileSync(told, '')
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$*" >> ${told}\n`, { mode: 0o700 })
  const env = { NOTIFY_SOCKET: '/nowhere', PATH: `${folder}:${process.env['PATH']}` }
  return { env, told: () => readFileSync(told, 'utf8') }
}

/** Turns what it is given around, after what it is told to do. */
function makeProgram(t: TestContext) {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'program')
  const say = (first: string) => {
    // It may be running.
    writeFileSync(`${path}.next`, `#!/bin/sh\n${first}\nread -r data\nprintf '%s' "$data" | base64 -d | base64 -w0\n`, {
      mode: 0o700,
    })
    renameSync(`${path}.next`, path)
  }
  say('')
  return { path, say }
}
