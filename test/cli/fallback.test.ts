/** A program that starts while the server is away: from a sealed copy that it kept, if it was told to keep one. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { clientOf } from '../../src/cli/connection.ts'
import { SealedCopy, type SealedCopyOptions } from '../../src/cli/sealed-copy.ts'
import { ending, startPerson, startPersonWithServer } from '../support/cli.ts'
import { jobClaims, makeKey, startIssuer } from '../support/issuer.ts'
import { Middleman, type Trick } from '../support/middleman.ts'

const problem = (status: number, code: string): Trick => ({
  status,
  body: { type: `urn:strongroom:problem:${code}`, code, message: 'No.', request_id: 'r' },
})

async function start(t: TestContext) {
  const person = await startPerson(t)
  const { api, url } = person.server
  const middleman = await Middleman.start(t, url)
  person.env = { ...person.env, STRONGROOM_URL: middleman.url }
  await api.post('/v3/secrets', { name: 'web-db', value: 's3cur3-v4lue' })
  await api.post('/v3/secrets', { name: 'other', value: 'something' })
  const copy = join(person.folder, 'copy')
  const run = (words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
    const fallback = ['--fallback', 'copy', '--fail-after', patience(middleman)]
    return person.run(['run', '--only', 'web-*', ...fallback, ...words, '--', 'sh', '-c', 'echo "$WEB_DB"; exit 7'], {
      env,
    })
  }
  return { person, api, middleman, copy, run }
}

/** Who is away is waited for in vain; what does answer is waited for on a busy machine, too. */
function patience({ always }: Middleman): string {
  const isAnswer = always === undefined || (typeof always === 'object' && [401, 403, 404].includes(always.status))
  return isAnswer ? '1m' : '1s'
}

suite('run --fallback', () => {
  test('starts a command from the sealed copy while the server is away, and says how old that is', async (t) => {
    const { middleman, copy, run } = await start(t)
    const first = await run()
    assert.deepEqual([first.code, first.stdout, first.stderr], [7, 's3cur3-v4lue\n', ''])
    assert.equal(statSync(copy).mode & 0o777, 0o600)
    const bytes = readFileSync(copy)
    assert.ok(!['s3cur3', 'web-db', Buffer.from('s3cur3-v4lue').toString('base64')].some((one) => bytes.includes(one)))

    for (const trick of ['drop', 'hang', problem(503, 'overloaded'), problem(500, 'internal')] as const) {
      middleman.always = trick
      const { code, stdout, stderr } = await run()
      assert.deepEqual([code, stdout], [7, 's3cur3-v4lue\n'], stderr)
      assert.match(stderr, /The server is away: .*\n.*The sealed copy copy is used in its place\. It is \d+ s old\./)
    }
    // A proxy that finds nobody behind it.
    middleman.always = { status: 502, body: '<html>Bad gateway</html>' }
    assert.equal((await run()).stdout, 's3cur3-v4lue\n')
  })

  test('starts nothing from it, and keeps it, while nobody says that the server is away', async (t) => {
    const { middleman, copy, run } = await start(t)
    await run()
    const strange: readonly Trick[] = [
      problem(429, 'rate_limited'),
      problem(500, 'integrity_failure'),
      { status: 200, body: '<html>Log in to this network</html>' },
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      { status: 401, body: '<html>Proxy</html>' },
    ]
    for (const trick of strange) {
      middleman.always = trick
      const { code, stdout } = await run()
      assert.ok(code !== 7 && stdout === '', JSON.stringify(trick))
      assert.ok(existsSync(copy), JSON.stringify(trick))
    }
  })

  test('destroys it as soon as the server refuses: a key, a right, a name', async (t) => {
    const { api, middleman, copy, run } = await start(t)
    for (const trick of [problem(401, 'unauthenticated'), problem(403, 'forbidden'), problem(404, 'not_found')]) {
      middleman.always = undefined
      await run()
      assert.ok(existsSync(copy))
      middleman.always = trick
      const { stdout, stderr } = await run()
      assert.equal(stdout, '')
      assert.match(stderr, /copy is destroyed: the server has refused/)
      assert.ok(!existsSync(copy))
    }
    // For real: a key that was revoked does not start anything any more, however soon the server is away.
    middleman.always = undefined
    const made = await api.post('/v3/keys', { name: 'web', scopes: ['secrets:list:web-*', 'secrets:read:web-*'] })
    const env = { STRONGROOM_API_KEY: made.body.api_key }
    assert.equal((await run([], env)).code, 7)
    await api.delete(`/v3/keys/${made.body.id}`)
    assert.equal((await run([], env)).code, 4)
    middleman.always = 'drop'
    const away = await run([], env)
    assert.equal(away.code, 6)
    assert.match(away.stderr, /not used: there is none yet/)

    middleman.always = undefined
    await run()
    const { body } = await api.get('/v3/secrets/by-name/web-db')
    await api.delete(`/v3/secrets/${body.id}/versions/1`)
    const valueless = await run()
    assert.equal(valueless.code, 3)
    assert.match(valueless.stderr, /web-db has no value: .* was destroyed/)
    assert.ok(!existsSync(copy))

    await api.put(`/v3/secrets/${body.id}`, { value: 'new' })
    await run()
    assert.ok(existsSync(copy))
    await api.delete(`/v3/secrets/${body.id}`)
    assert.equal((await run()).code, 3)
    assert.ok(!existsSync(copy))
  })

  test('says what the server refused, though the copy cannot be destroyed', async (t) => {
    const { middleman, copy, run } = await start(t)
    mkdirSync(copy)
    middleman.always = problem(401, 'unauthenticated')
    const { code, stderr } = await run()
    assert.equal(code, 4, stderr)
    assert.match(stderr, /copy could not be destroyed.*Remove it/)
    assert.match(stderr, /The server does not take this API key/)
  })

  test('uses it for the same choice, environment and key alone', async (t) => {
    const { person, api, middleman, copy, run } = await start(t)
    await run()
    const sealed = readFileSync(copy)
    const another = (await api.post('/v3/keys', { name: 'web', scopes: ['secrets:read'] })).body.api_key
    middleman.always = 'drop'
    const notUsed = /it was altered, or sealed for another server, environment, choice or key/
    for (const [words, env] of [
      [['--only', 'other'], {}],
      [['--list', 'default'], {}],
      [['-e', 'prod'], {}],
      [[], { STRONGROOM_API_KEY: another }],
      [[], { STRONGROOM_URL: `${middleman.url}/elsewhere` }],
      [['--fallback-key-file', 'key'], {}],
    ] as const) {
      if (words[0] === '--fallback-key-file')
        writeFileSync(join(person.folder, 'key'), Buffer.alloc(32), { mode: 0o600 })
      const { code, stdout, stderr } = await run(words, env)
      assert.deepEqual([code, stdout], [6, ''], stderr)
      assert.match(stderr, notUsed)
    }
    assert.ok(readFileSync(copy).equals(sealed))
    assert.equal((await run()).code, 7)
  })

  test('goes on looking, where it was told to watch, and starts anew with what the server has then', async (t) => {
    const { person, api, middleman, run } = await start(t)
    await run()
    middleman.always = 'drop'
    const words = ['run', '--only', 'web-*', '--fallback', 'copy', '--fail-after', '1s', '--watch', '--interval', '1']
    const script = 'echo "$WEB_DB"; exec sleep 60'
    const child = person.start([...words, '--', 'sh', '-c', script])
    t.after(() => void child.kill('SIGKILL'))
    const lines: string[] = []
    const says = (text: string) =>
      new Promise<void>((resolve) => {
        child.stdout?.on('data', (part: Buffer) => {
          lines.push(String(part))
          if (lines.join('').includes(text)) resolve()
        })
      })
    const ended = ending(child)

    await says('s3cur3-v4lue')
    const { body } = await api.get('/v3/secrets/by-name/web-db')
    await api.send('PUT', `/v3/secrets/${body.id}`, { value: 'n3w-v4lue' })
    middleman.always = undefined
    await says('n3w-v4lue')
    child.kill('SIGTERM')
    await ended
    // What was read meanwhile is sealed, too.
    middleman.always = 'drop'
    assert.equal((await run()).stdout, 'n3w-v4lue\n')
  })
})

suite('--fail-after', () => {
  test('waits for a server that comes in time, and for no longer than it says', async (t) => {
    const { person, middleman } = await start(t)
    middleman.always = 'drop'
    const words = ['run', '--only', 'web-*', '--fail-after', '30s', '--', 'sh', '-c', 'echo "$WEB_DB"']
    const waiting = person.run(words)
    while (middleman.seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    middleman.always = undefined
    assert.deepEqual([(await waiting).code, (await waiting).stdout], [0, 's3cur3-v4lue\n'])

    for (const trick of ['drop', 'hang'] as const) {
      middleman.always = trick
      const child = person.start(['run', '--fail-after', '1s', '--', 'echo', 'never'])
      // One that waits for good is ended here, and has another exit code.
      const tooLong = setTimeout(() => child.kill('SIGKILL'), 40_000)
      const late = await ending(child)
      clearTimeout(tooLong)
      assert.deepEqual([late.code, late.stdout], [6, ''])
    }
    // What is refused is refused at once.
    middleman.always = problem(403, 'forbidden')
    assert.equal((await person.run(['run', '--fail-after', '1h', '--', 'echo', 'never'])).code, 4)
    assert.equal((await person.run(['run', '--fail-after', 'soon', '--', 'echo', 'never'])).code, 2)
    assert.equal((await person.run(['run', '--fallback', 'c', '--fallback-max-age', '31d', '--', 'x'])).code, 2)
    assert.equal((await person.run(['run', '--fallback-key-file', 'k', '--', 'x'])).code, 2)
  })
})

suite('render --fallback', () => {
  test('writes the file from the sealed copy, follows the server when it is back, and ends when it refuses', async (t) => {
    const { person, api, middleman, copy } = await start(t)
    writeFileSync(join(person.folder, 't'), `db = \${{secret.web-db}}\n`)
    mkdirSync(join(person.folder, 'out'))
    const out = join(person.folder, 'out', 'app.conf')
    const words = () => [
      'render',
      '-f',
      't',
      '-o',
      'out/app.conf',
      '--fallback',
      'copy',
      '--fail-after',
      patience(middleman),
    ]
    assert.equal((await person.run(words())).code, 0)
    rmSync(out)
    middleman.always = 'drop'
    const once = await person.run(words())
    assert.deepEqual([once.code, readFileSync(out, 'utf8')], [0, 'db = s3cur3-v4lue\n'])
    assert.match(once.stderr, /is used in its place/)
    const printed = await person.run(['render', '-f', 't', '--fallback', 'copy', '--fail-after', '1s'])
    assert.equal(printed.stdout, 'db = s3cur3-v4lue\n')
    // A template that was not rendered yet is none that was sealed.
    writeFileSync(join(person.folder, 't2'), 'x\n')
    assert.equal((await person.run(['render', '-f', 't2', '--fallback', 'copy', '--fail-after', '1s'])).code, 6)

    rmSync(out)
    const child = person.start([...words(), '--watch', '--interval', '1'])
    t.after(() => void child.kill('SIGKILL'))
    const ended = ending(child)
    while (!existsSync(out)) await new Promise((resolve) => setTimeout(resolve, 20))
    const { body } = await api.get('/v3/secrets/by-name/web-db')
    await api.send('PUT', `/v3/secrets/${body.id}`, { value: 'n3w' })
    middleman.always = undefined
    while (readFileSync(out, 'utf8') !== 'db = n3w\n') await new Promise((resolve) => setTimeout(resolve, 20))
    middleman.always = problem(401, 'unauthenticated')
    while (existsSync(copy)) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGTERM')
    assert.equal((await ended).code, 0)
  })
})

async function startJob(t: TestContext) {
  const { person } = await startPersonWithServer(t)
  const { api, url } = person.server
  const issuer = await startIssuer(t)
  await api.post('/v3/secrets', { name: 'web-db', value: 's3cur3-v4lue' })
  const made = await api.post('/v3/trust-rules', {
    ...{ name: 'web', issuer: issuer.url, audience: url, scopes: ['secrets:list:web-*', 'secrets:read:web-*'] },
    ...{ claims: { sub: jobClaims.sub, repository_id: '123' }, jwks: { keys: issuer.keys.map(({ jwk }) => jwk) } },
    ...{ single_use: false, key_ttl: 60 },
  })
  assert.equal(made.status, 201, made.text)
  writeFileSync(join(person.folder, 'token'), await issuer.token({ aud: url }))
  person.env = { STRONGROOM_URL: url, STRONGROOM_TOKEN_FILE: join(person.folder, 'token') }
  return { person, api, url, issuer, ruleId: made.body.id }
}

suite('With tokens, an agent', () => {
  test('seals with a key of the machine, which it makes for its owner alone', async (t) => {
    const { person, url } = await startJob(t)
    const middleman = await Middleman.start(t, url)
    const words = () => ['run', '--only', 'web-*', '--fallback', 'copy', '--fail-after', patience(middleman)]
    const command = ['--', 'sh', '-c', 'echo "$WEB_DB"']
    const without = await person.run([...words(), ...command])
    assert.equal(without.code, 2)
    assert.match(without.stderr, /needs --fallback-key-file/)
    const key = join(person.folder, 'key')
    const first = await person.run([...words(), '--fallback-key-file', 'key', ...command])
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual([statSync(key).mode & 0o777, statSync(key).size], [0o600, 32])

    const away = (more: object = {}) =>
      person.run([...words(), '--fallback-key-file', 'key', ...command], {
        env: { STRONGROOM_URL: middleman.url, ...more },
      })
    assert.equal((await away()).stdout, 's3cur3-v4lue\n')
    middleman.always = 'drop'
    assert.equal((await away()).stdout, 's3cur3-v4lue\n')
    assert.equal((await away({ STRONGROOM_TRUST_RULE: 'web' })).code, 6)
    chmodSync(key, 0o640)
    const open = await away()
    assert.equal(open.code, 6)
    assert.match(open.stderr, /Others may read key/)
    chmodSync(key, 0o600)
    writeFileSync(key, 'short')
    assert.match((await away()).stderr, /must have 32 bytes/)
    // The server refuses the token: nothing is left to start from.
    middleman.always = problem(401, 'invalid_credentials')
    assert.equal((await away()).code, 4)
    assert.ok(!existsSync(join(person.folder, 'copy')))
  })

  test('whose tokens were refused for a while is told of changes again, without looking for them', async (t) => {
    const { person, api, issuer, url } = await startJob(t)
    writeFileSync(join(person.folder, 't'), `db = \${{secret.web-db}}\n`)
    const token = join(person.folder, 'token')
    const good = readFileSync(token, 'utf8')
    const words = ['render', '-f', 't', '-o', 'app.conf', '--watch', '--interval', '3600', '--fail-after', '10m']
    const child = person.start(words)
    t.after(() => void child.kill('SIGKILL'))
    const out = join(person.folder, 'app.conf')
    const pause = () => new Promise((resolve) => setTimeout(resolve, 100))
    const until = async (text: string) => {
      // Far sooner than it looks by itself.
      const end = performance.now() + 45_000
      while (!existsSync(out) || readFileSync(out, 'utf8') !== text) {
        if (performance.now() > end) assert.fail(`It is not told of ${text}`)
        await pause()
      }
    }
    await until('db = s3cur3-v4lue\n')

    // The issuer signs with a key that the rule does not know yet.
    writeFileSync(token, await issuer.token({ aud: url }, {}, await makeKey()))
    const { keys } = (await api.get('/v3/keys')).body
    for (const { id, name } of keys) if (name.startsWith('web:')) await api.delete(`/v3/keys/${id}`)
    const refused = async () => (await api.get('/metrics')).text.includes('outcome="unknown_key"')
    while (!(await refused())) await pause()
    const { body } = await api.get('/v3/secrets/by-name/web-db')
    await api.send('PUT', `/v3/secrets/${body.id}`, { value: 'meanwhile' })
    writeFileSync(token, good)
    await until('db = meanwhile\n')
    await api.send('PUT', `/v3/secrets/${body.id}`, { value: 'after' })
    await until('db = after\n')
  })

  test('whose rule is deleted says so, ends in time with its own exit code, and leaves the file', async (t) => {
    const { person, api, ruleId } = await startJob(t)
    writeFileSync(join(person.folder, 't'), `db = \${{secret.web-db}}\n`)
    const words = ['render', '-f', 't', '-o', 'app.conf', '--watch', '--interval', '1', '--fail-after', '3s']
    const child = person.start(words)
    t.after(() => void child.kill('SIGKILL'))
    const ended = ending(child)
    const out = join(person.folder, 'app.conf')
    while (!existsSync(out)) await new Promise((resolve) => setTimeout(resolve, 20))

    await api.delete(`/v3/trust-rules/${ruleId}`)

    const { code, stderr } = await ended
    assert.equal(code, 4, stderr)
    assert.match(stderr, /No key was given for the token of this job for 3 seconds/)
    assert.equal(readFileSync(out, 'utf8'), 'db = s3cur3-v4lue\n')
  })
})

suite('A sealed copy', () => {
  const client = clientOf({ url: 'https://strongroom.example.com', credential: 'sr_x' })
  const dayMs = 24 * 60 * 60 * 1000
  async function sealed(t: TestContext, more: Partial<SealedCopyOptions> = {}) {
    const person = await startPerson(t)
    const path = join(person.folder, 'copy')
    const clock = { now: Date.UTC(2026, 0, 15) }
    const options = { path, keyFile: undefined, maxAgeMs: dayMs, chosen: ['run'], now: () => clock.now, ...more }
    const copy = new SealedCopy(client, options)
    await copy.keep(Buffer.from('values'))
    return { path, clock, copy }
  }

  test('is refused once it is too old, and before', async (t) => {
    const { clock, copy } = await sealed(t)
    clock.now += dayMs
    assert.deepEqual(await copy.open(), { content: Buffer.from('values'), ageMs: dayMs })
    clock.now += 1
    await assert.rejects(copy.open(), /it is 1 d 0 h old, and --fallback-max-age is 1 d 0 h/)
    // Using it made it no younger.
    clock.now += 1000
    await assert.rejects(copy.open(), /old/)
  })

  test('is refused where the clock has gone back since it was sealed, or used', async (t) => {
    const { clock, copy } = await sealed(t)
    const at = clock.now
    clock.now = at - 120_000
    await assert.rejects(copy.open(), /the clock of this machine has gone back/)
    clock.now = at + 3_600_000
    assert.equal((await copy.open()).ageMs, 3_600_000)
    clock.now = at + 60_000
    await assert.rejects(copy.open(), /has gone back/)
    clock.now = at + 3_590_000
    assert.equal((await copy.open()).ageMs, 3_590_000)
  })

  test('is refused whatever of it was altered, cut off or put before it', async (t) => {
    const { path, copy } = await sealed(t)
    const whole = readFileSync(path)
    for (let at = 0; at < whole.length; at++) {
      const altered = Buffer.from(whole)
      altered[at] = (altered[at] ?? 0) ^ 1
      writeFileSync(path, altered)
      await assert.rejects(copy.open(), /not used/, `byte ${at}`)
    }
    for (const other of [
      whole.subarray(0, -1),
      whole.subarray(0, 30),
      Buffer.alloc(0),
      Buffer.concat([whole, whole]),
    ]) {
      writeFileSync(path, other)
      await assert.rejects(copy.open(), /not used/)
    }
    writeFileSync(path, whole)
    assert.equal((await copy.open()).content.toString(), 'values')
  })

  test('that is sealed anew while it is opened stays the newer one', async (t) => {
    const { path, clock, copy } = await sealed(t)
    const older = readFileSync(path)
    clock.now += 1000
    await copy.keep(Buffer.from('newer'))
    const newer = readFileSync(path)
    writeFileSync(path, older)
    const slow = new SealedCopy(client, {
      ...{ path, keyFile: undefined, maxAgeMs: dayMs, chosen: ['run'] },
      now: () => {
        writeFileSync(path, newer)
        return clock.now
      },
    })
    assert.equal((await slow.open()).content.toString(), 'values')
    assert.equal((await copy.open()).content.toString(), 'newer')
  })

  test('of two that make its key at once is sealed by one and the same, and by none that is cut off', async (t) => {
    const keyFile = join((await startPerson(t)).folder, 'key')
    const { copy, path } = await sealed(t, { keyFile })
    const key = readFileSync(keyFile)
    for (let round = 0; round < 20; round++) {
      rmSync(keyFile)
      const options = { keyFile, maxAgeMs: dayMs, chosen: ['run'] }
      const copies = [1, 2, 3].map((one) => new SealedCopy(client, { ...options, path: `${path}-${one}` }))
      await Promise.all(copies.map((one) => one.keep(Buffer.from('values'))))
      for (const one of copies) assert.equal((await one.open()).content.toString(), 'values')
      assert.deepEqual(readdirSync(dirname(keyFile)), ['key'])
    }
    writeFileSync(keyFile, key)
    assert.equal((await copy.open()).content.toString(), 'values')
  })

  test('that cannot be kept is told of, and ends nothing', async (t) => {
    const { path, copy } = await sealed(t)
    rmSync(path)
    mkdirSync(path)
    await copy.keep(Buffer.from('values'))
    await assert.rejects(copy.open(), /cannot be read/)
  })
})
