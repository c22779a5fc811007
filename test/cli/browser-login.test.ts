/** Logging in with the browser: what the command shows, what it opens, what it stores, and how it ends. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { Api } from '../support/api.ts'
import { ending, Person as Typist } from '../support/cli.ts'
import { engines } from '../support/engines.ts'
import { Middleman } from '../support/middleman.ts'
import { startWithOwner } from '../support/portal-account.ts'

const [sqlite] = engines

async function start(t: TestContext) {
  const clock = { now: Date.now() }
  const server = await startWithOwner(t, sqlite ?? assert.fail(), { now: () => clock.now })
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-person-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const typist = new Typist(server, folder)
  typist.env = {}
  const begin = (words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
    typist.start(['login', '--url', server.url, '--web', ...words], { env })
  const answer = (how: string, code: string) => server.owner.post(`/v3/logins/${how}`, { user_code: code })
  return { ...server, clock, typist, folder, begin, answer, profiles: join(typist.configFolder, 'profiles.json') }
}

/** The code that a command shows, once it does. */
function codeOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk
      const [, code] = /Your code: ([A-Z]{4}-[A-Z]{4})\n[\s\S]*same code/.exec(text) ?? []
      if (code !== undefined) resolve(code)
    })
    child.once('close', () => reject(new Error(`It ended before it showed a code: ${text}`)))
  })
}

// Each waits five seconds before it asks.
suite('strongroom login with the browser', { concurrency: true }, () => {
  test('stores the key that a person confirmed, says whose it is, and shows it nowhere', async (t) => {
    const { begin, answer, typist, profiles, url, api } = await start(t)
    await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
    const child = begin(['--no-browser', '--expires', '1h', '--scope', 'secrets:read', 'secrets:list'])
    const ended = ending(child)
    const code = await codeOf(child)
    const { body } = await answer('show', code)
    assert.deepEqual(
      [body.host, body.scopes, body.key_expires_in, body.same_network],
      [hostname(), ['secrets:list', 'secrets:read'], 3600, true],
    )
    await answer('confirm', code)

    const { code: exit, stdout, stderr } = await ended

    assert.equal(exit, 0, stderr)
    assert.match(stderr, new RegExp(`Open ${url}/portal/device and enter the code`))
    assert.match(stdout, /Logged in as ada@example\.com, until 20\d\d-[^\n]+\nPermissions: secrets:list secrets:read\n/)
    assert.doesNotMatch(stdout + stderr, /sr_/)
    const { profiles: stored, current } = JSON.parse(readFileSync(profiles, 'utf8'))
    assert.deepEqual([current, stored.default.url], ['default', url])
    assert.equal((await typist.run(['secrets', 'get', 'db-password'])).stdout, 'v')
    const status = JSON.parse((await typist.run(['status', '--json'])).stdout)
    assert.equal(status.key.name, `CLI on ${hostname()}`)
  })

  test('opens the browser where there is one, at the page with the code, without a key in its environment', async (t) => {
    const { begin, folder, answer, url } = await start(t)
    const programs = join(folder, 'bin')
    mkdirSync(programs)
    const opened = join(folder, 'opened')
    writeFileSync(
      join(programs, 'xdg-open'),
      `#!/bin/sh\necho "$1 \${STRONGROOM_API_KEY-none}" > '${opened}.new' && mv '${opened}.new' '${opened}'\n`,
    )
    chmodSync(join(programs, 'xdg-open'), 0o755)
    const env = { DISPLAY: ':7', PATH: `${programs}:${process.env['PATH']}`, STRONGROOM_API_KEY: 'sr_planted' }
    const child = begin([], env)
    const ended = ending(child)
    const code = await codeOf(child)
    await answer('refuse', code)
    while (!existsSync(opened)) await new Promise(setImmediate)

    assert.equal(readFileSync(opened, 'utf8'), `${url}/portal/device#${code} none\n`)
    const { code: exit, stderr } = await ended
    assert.equal(exit, 4)
    assert.match(stderr, /Your browser opens .*\/portal\/device\./)
    assert.match(stderr, /The login was denied in the portal\. Nothing is stored\./)
  })

  test('keeps what another login stored while the person was asked', async (t) => {
    const { begin, answer, typist, profiles, url, api } = await start(t)
    const child = begin(['--no-browser'])
    const ended = ending(child)
    const code = await codeOf(child)
    const other = await typist.run(['login', '--url', url, '--profile', 'other'], { input: api.key })
    assert.equal(other.code, 0, other.stderr)
    await answer('confirm', code)

    const { code: exit, stderr } = await ended

    assert.equal(exit, 0, stderr)
    const { profiles: stored, current } = JSON.parse(readFileSync(profiles, 'utf8'))
    assert.deepEqual([Object.keys(stored).sort(), current], [['default', 'other'], 'default'])
  })

  test('ends with logout, which revokes what it made and nothing else, and says where it could not', async (t) => {
    const { begin, answer, typist, profiles, url, api, stop } = await start(t)
    const logIn = async (profile: string) => {
      const child = begin(['--no-browser', '--profile', profile])
      const ended = ending(child)
      await answer('confirm', await codeOf(child))
      const { code, stderr } = await ended
      assert.equal(code, 0, stderr)
      const stored = JSON.parse(readFileSync(profiles, 'utf8')).profiles[profile]
      assert.equal(stored.made_by_login, true)
      return String(stored.api_key)
    }
    const isGood = async (key: string) => (await new Api(url, key).get('/v3/keys/self')).status === 200
    const typed = await api.post('/v3/keys', { name: 'typed', scopes: ['secrets:read'] })
    await typist.run(['login', '--url', url, '--profile', 'typed'], { input: typed.body.api_key })
    const first = await logIn('mine')
    assert.equal(await isGood(first), true)

    // Another login takes its place.
    const second = await logIn('mine')
    assert.deepEqual([await isGood(first), await isGood(second)], [false, true])
    const out = await typist.run(['logout', '--profile', 'mine'])
    assert.equal(out.code, 0, out.stderr)
    assert.match(out.stdout, /Forgotten: mine\.\nRevoked, with the server: the key of mine\.\n/)
    assert.equal(await isGood(second), false)
    const kept = await typist.run(['logout', '--profile', 'typed'])
    assert.match(kept.stdout, /Still good until revoked: the key of typed\./)
    assert.equal(await isGood(typed.body.api_key), true)

    await logIn('away')
    await stop()
    const alone = await typist.run(['logout', '--all', '--json'])
    assert.equal(alone.code, 0, alone.stderr)
    assert.deepEqual(JSON.parse(alone.stdout), { forgotten: ['away'], revoked: [] })
    assert.match(alone.stderr, /could not be revoked at http[\s\S]*revoke "CLI on /)
    assert.deepEqual(JSON.parse(readFileSync(profiles, 'utf8')).profiles, {})
  })

  test('ends with nothing stored when nobody confirms in time', async (t) => {
    const { begin, clock, profiles } = await start(t)
    const child = begin(['--no-browser', '--json'])
    const ended = ending(child)
    await codeOf(child)
    clock.now += 10 * 60_000

    const { code, stderr, stdout } = await ended

    assert.equal(code, 1, stderr)
    assert.match(stderr, /Nobody confirmed the code in time\. Run "strongroom login" again/)
    assert.deepEqual([stdout, existsSync(profiles)], ['', false])
  })

  test('is called off by Ctrl-C, on the server too', async (t) => {
    const { begin, answer, api, profiles } = await start(t)
    const child = begin(['--no-browser'])
    const ended = ending(child)
    const code = await codeOf(child)
    child.kill('SIGINT')

    const { code: exit, stderr } = await ended

    assert.equal(exit, 130, stderr)
    assert.match(stderr, /Cancelled\. The code is no longer valid\./)
    assert.doesNotMatch(stderr, /Abort/)
    assert.equal((await answer('confirm', code)).status, 404)
    const { records } = (await api.get('/v3/audit?action=login.cancel')).body
    assert.equal(records.length, 1)
    assert.equal(existsSync(profiles), false)
  })

  test('revokes the key that it was given where it is ended before it has stored it, or cannot store it', async (t) => {
    const { typist, answer, api, url, profiles } = await start(t)
    const between = await Middleman.start(t, url)
    const logIn = async (profile: string) => {
      const child = typist.start(['login', '--url', between.url, '--web', '--no-browser', '--profile', profile])
      const ended = ending(child)
      const code = await codeOf(child)
      return { child, ended, code }
    }
    const keysMade = async () => {
      const { keys } = (await api.get('/v3/keys')).body
      return keys.filter((key: { name: string; revoked_at: string | null }) => {
        return key.name.startsWith('CLI on ') && key.revoked_at === null
      }).length
    }
    const isAsked = () => between.seen.some(({ method, path }) => method === 'GET' && path === '/v3/keys/self')

    const interrupted = await logIn('interrupted')
    between.always = ({ method, path }) => (method === 'GET' && path === '/v3/keys/self' ? 'hang' : 'pass')
    await answer('confirm', interrupted.code)
    while (!isAsked()) await new Promise(setImmediate)
    assert.equal(await keysMade(), 1)
    interrupted.child.kill('SIGINT')
    const first = await interrupted.ended
    assert.equal(first.code, 130, first.stderr)
    assert.equal(await keysMade(), 0)

    between.always = undefined
    const full = await logIn('full')
    mkdirSync(typist.configFolder, { recursive: true })
    writeFileSync(profiles, 'damaged', { mode: 0o600 })
    await answer('confirm', full.code)
    const second = await full.ended
    assert.equal(second.code, 1, second.stderr)
    assert.match(second.stderr, /is damaged/)
    assert.equal(await keysMade(), 0)
  })

  test('is what Enter means where a key is asked for on a terminal', async (t) => {
    const { typist, url } = await start(t)

    const { text, code } = await typist.onTerminal(
      ['login', '--url', url, '--no-browser'],
      [
        ['paste an API key', '\r'],
        ['Ctrl-C cancels', '\u0003'],
      ],
    )

    assert.equal(code, 130, text)
    assert.match(text, /Your code: [A-Z]{4}-[A-Z]{4}/)
    assert.match(text, /seconds left to confirm it/)
  })

  test('says what is wrong with what is asked for', async (t) => {
    const { begin } = await start(t)

    const wrong = await Promise.all(
      [
        ['--expires', '60d'],
        ['--expires', 'soon'],
        ['--scope', 'secrets:eat'],
        ['--account', 'nobody'],
      ].map((words) => ending(begin(words))),
    )

    assert.deepEqual(
      wrong.map(({ code }) => code),
      [2, 2, 2, 3],
    )
    assert.match(wrong[0]?.stderr ?? '', /expires_in/)
    assert.match(wrong[3]?.stderr ?? '', /No such account takes a login from here/)
  })
})
