/** The GitHub Action, run as its runner runs it, against a real server. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { bundleAction, bundlePath, entries } from '../../scripts/build-action.ts'
import { startAccount } from '../support/account.ts'
import { engines } from '../support/engines.ts'
import { Middleman } from '../support/middleman.ts'
import { metadata, type Ran, runAction } from '../support/runner.ts'
import { startServer, type TestAccount } from '../support/server.ts'

const [sqlite] = engines

/** What a value may hold that somebody would rather call text. */
const hostile: readonly (readonly [what: string, value: string])[] = [
  ['several lines', 'first-line-of-it\nsecond-line-of-it\r\nthird-line-of-it'],
  ['a line that looks like an end', 'before-the-end\nEOF\nghadelimiter_x\nstrongroom_x\nafter-the-end'],
  ['commands', '::set-output name=x::planted\n::add-path::/planted\n::stop-commands::planted-token\n::error::planted'],
  ['commands of the older form', 'x ##[add-path]/planted\n##[set-env name=PLANTED]planted'],
  ['what an escaped line end looks like', 'percent%0A::set-output name=x::planted%0D%25%250A'],
  ['what a variable looks like', 'PLANTED=planted-value\nPLANTED<<E\nplanted-value\nE'],
  ['lines that end oddly', '\n\r\nafter-odd-ends\r\rlast-of-odd-ends\n\n'],
  ['marks that a shell minds', '$(planted) `planted` "$PLANTED" \'planted\' \\n $\u007b{ secrets.PLANTED }}'],
  ['other alphabets', 'pässwörd-🔑-\u2028-line-separator'],
  ['blanks around it', '   spaced-out-value \t'],
  ['a key as programs keep it', '-----BEGIN KEY-----\n{\n  "a": "k3y-part-one",\n}\nazertyuiop==\n-----END KEY-----\n'],
]

suite('The action', () => {
  for (const [what, value] of hostile) {
    test(`hands on ${what}, to the last character, and shows nothing of it`, async (t) => {
      const { api } = await start(t)
      await api.post('/v3/secrets', { name: 'db-password', value })

      const ran = await runAction(t, { url: api.url, 'api-key': api.key, secrets: 'db-password', 'export-env': 'true' })

      assertWell(ran)
      assert.deepEqual(ran.outputs, { DB_PASSWORD: value })
      assert.deepEqual(ran.variables, { DB_PASSWORD: value })
      assertQuiet(ran, [api.key, value, ...value.split(/[\r\n]+/)])
      assert.deepEqual([...new Set(ran.commands.map(({ name }) => name))], ['add-mask'])
      assert.ok(ran.masks.includes(value))
      for (const line of value.split(/[\r\n]+/)) assert.match(ran.shown(line), /^\s*(\*{3})?[{},]?\s*$/)
    })
  }

  test('hides a value however a later step prints it', async (t) => {
    const { api } = await start(t)
    const value = 'first-line-of-it\n  second-line-of-it\nlast-line-of-it'
    const encoded = Buffer.from('user: gr4ce\npassword: h0pper-1906\n').toString('base64')
    await api.post('/v3/secrets', { name: 'text', value })
    await api.post('/v3/secrets', { name: 'encoded', value: encoded })
    await api.post('/v3/secrets', {
      name: 'file',
      type: 'file',
      value: Buffer.from('token = f1le-token\n').toString('base64'),
    })

    const { shown } = await runAction(t, { url: api.url, 'api-key': api.key, secrets: 'text\nencoded\nfile' })

    for (const printed of [
      value,
      value.replaceAll('\n', '\r\n'),
      `> ${value}`,
      Buffer.from(value).toString('base64'),
    ]) {
      assert.doesNotMatch(shown(printed), /line-of-it|Zmlyc3Q/)
    }
    for (const printed of [encoded, Buffer.from(encoded, 'base64').toString(), '    password: h0pper-1906']) {
      assert.doesNotMatch(shown(printed), /gr4ce|h0pper|Z3I0Y2U/)
    }
    assert.doesNotMatch(shown('  token = f1le-token'), /f1le/)
    assert.equal(shown(api.key), '***')
    // Nothing else is lost, braces of JSON least of all.
    assert.equal(shown('{ "an": "ordinary" }'), '{ "an": "ordinary" }')
  })

  test('hides what is in a file, and base64 however it is wrapped', async (t) => {
    const { api } = await start(t)
    const text = `-----BEGIN KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(4)}\n-----END KEY-----\nshort-f1le-line & <more>\n`
    const binary = Buffer.from(Array.from({ length: 200 }, (_, at) => (at * 37 + 128) % 256))
    const value = 'p4ss"w\u00f6rd/ & <more>'
    const files = { text: Buffer.from(text), binary, short: Buffer.from('s3cret') }
    for (const [name, content] of Object.entries(files)) {
      await api.post('/v3/secrets', { name, type: 'file', value: content.toString('base64') })
    }
    await api.post('/v3/secrets', { name: 'value', value })

    const { shown } = await runAction(t, { url: api.url, 'api-key': api.key, secrets: '*' })

    const wrapped = (bytes: Buffer, width: number) =>
      bytes.toString('base64').match(new RegExp(`.{1,${width}}`, 'g')) ?? []
    for (const bytes of [...Object.values(files), Buffer.from(value)]) {
      for (const width of [64, 76, 10_000]) {
        for (const one of wrapped(bytes, width).filter(({ length }) => length >= 8)) {
          assert.match(shown(one), /^\*\*\*=*$/, `${width} ${one}`)
        }
      }
      assert.equal(shown(bytes.toString('hex')), '***')
    }
    for (const one of text.split('\n').filter((each) => each !== '')) assert.equal(shown(`  ${one}`), '  ***')
    const forms = [
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      new URLSearchParams({ a: value }).toString().slice(2),
    ]
    for (const one of [...forms, 'p4ss\\"w\\u00f6rd/ & <more>', 'p4ss\\"w\u00f6rd/ \\u0026 \\u003cmore\\u003e'])
      assert.equal(shown(one), '***')
    assert.match(shown(Buffer.from(`user:${value}`).toString('base64')), /^.{0,8}\*\*\*.{0,4}$/)
  })

  test('hides every value before it says anything else', async (t) => {
    const { api } = await start(t)
    for (const name of ['a', 'b', 'c']) await api.post('/v3/secrets', { name, value: `value-of-${name}` })

    const { commands, stdout } = await runAction(t, { url: api.url, 'api-key': api.key, secrets: '*' })

    const lines = stdout.trimEnd().split('\n')
    const masks = lines.filter((line) => line.startsWith('::add-mask::'))
    assert.deepEqual(lines.slice(0, -1), masks)
    assert.equal(commands[0]?.data, api.key)
    assert.equal(lines.at(-1), 'Fetched 3 as outputs: A, B, C')
  })

  test('hands on nothing where it cannot hand on all: of the environment, and of what a full disk took half of', async (t) => {
    const { api } = await start(t)
    await api.post('/v3/secrets', { name: 'first', value: 'v1' })
    await api.post('/v3/secrets', { name: 'second', value: 'v'.repeat(2000) })
    const inputs = { url: api.url, 'api-key': api.key, secrets: '*', 'export-env': 'true' }

    const full = await runAction(t, inputs, { GITHUB_ENV: '/dev/full' })
    // No file may be longer than a block of the shell's: what is written beyond it is refused, as on a full disk.
    const half = await runAction(t, inputs, {}, ['sh', '-c', 'ulimit -f 1; exec "$0" "$@"'])

    for (const ran of [full, half]) {
      assert.equal(ran.code, 1)
      assert.deepEqual([Object.keys(ran.outputs), Object.keys(ran.variables)], [[], []])
    }
  })

  test('puts nothing into the environment unless it is told to', async (t) => {
    const { api } = await start(t)
    await api.post('/v3/secrets', { name: 'db-password', value: 's3cur3' })

    const ran = await runAction(t, { url: api.url, 'api-key': api.key, secrets: 'db-password' })

    assertWell(ran)
    assert.deepEqual(ran.variables, {})
    assert.deepEqual(ran.outputs, { DB_PASSWORD: 's3cur3' })
  })

  test('takes names, names with a variable, patterns, blank lines and remarks', async (t) => {
    const { api } = await start(t)
    for (const name of ['db-password', 'db.user', 'mail', '2fa'])
      await api.post('/v3/secrets', { name, value: `v ${name}` })
    const secrets = '\n  # for the database\n db-* \r\ndb-password => PGPASSWORD\n\ndb.user\n2fa=>two_factor\n'

    const ran = await runAction(t, { url: `${api.url}/v3/`, 'api-key': `${api.key}\n`, secrets })

    assertWell(ran)
    assert.deepEqual(ran.outputs, { PGPASSWORD: 'v db-password', DB_USER: 'v db.user', two_factor: 'v 2fa' })
  })

  const refused: readonly (readonly [what: string, inputs: Record<string, string>, says: RegExp])[] = [
    ['no secrets', { secrets: ' \n# none\n' }, /^secrets: name at least one/],
    ['a secret that is not there', { secrets: 'a\nmissing' }, /^secrets: nothing is called "missing"/],
    ['a pattern that finds nothing', { secrets: 'missing-*' }, /^secrets: nothing is called "missing-\*"/],
    ['a line that is none', { secrets: 'a b' }, /^secrets: "a b" is not NAME/],
    ['two arrows', { secrets: 'a => b => c' }, /^secrets: "a => b => c" is not NAME/],
    ['a variable that can be none', { secrets: 'a => A-B' }, /^secrets: "A-B" cannot be the name/],
    ['an arrow without a variable', { secrets: 'a =>' }, /^secrets: "" cannot be the name/],
    ['a pattern with a variable', { secrets: 'a* => A' }, /^secrets: "a\*" may name several/],
    ['two secrets of one name', { secrets: 'a-b\na_b' }, /^secrets: "a-b" and "a_b" would both be A_B/],
    ['names that differ by capitals', { secrets: 'a-b => x\na_b => X' }, /would both be X/],
    ['a secret that is named twice', { secrets: 'a => X\na => Y' }, /^secrets: "a" is named twice/],
    ['a name that begins with a digit', { secrets: '2fa' }, /^secrets: no variable can be called as "2fa" is/],
    ['something else than a boolean', { secrets: 'a', 'export-env': 'yes' }, /^export-env: must be true or false/],
    ['something else to revoke by', { secrets: 'a', revoke: 'never' }, /^revoke: must be true or false/],
    ['no URL', { secrets: 'a', url: '' }, /^url: say where/],
    ['a URL without TLS', { secrets: 'a', url: 'http://strongroom.example.com' }, /^url: must begin with https/],
    [
      'a host that only begins like this one',
      { secrets: 'a', url: 'http://127.0.0.1.example.com' },
      /^url: must begin/,
    ],
    ['a URL of another kind', { secrets: 'a', url: 'file:///etc/passwd' }, /^url: must begin/],
    ['an unknown key', { secrets: 'a', 'api-key': `sr_${'0'.repeat(49)}` }, /API key/],
    ['a key of two lines', { secrets: 'a', 'api-key': 'planted-one\nplanted-two' }, /^apiKey: must be printable/],
    ['no key and no identity', { secrets: 'a', 'api-key': '' }, /permissions: id-token: write/],
    ...[
      'PATH',
      'path',
      'NODE_OPTIONS',
      'LD_PRELOAD',
      'BASH_ENV',
      'GITHUB_TOKEN',
      'GITHUB_ENV',
      'RUNNER_TEMP',
      'STRONGROOM_URL',
    ].map(
      (name) =>
        [`${name} in the environment`, { secrets: `a => ${name}`, 'export-env': 'true' }, /^export-env: /] as const,
    ),
    ['a NUL in the environment', { secrets: 'nul', 'export-env': 'true' }, /^export-env: the value for NUL has a NUL/],
    ['too long a value in the environment', { secrets: 'long', 'export-env': 'true' }, /^export-env: .* too long/],
  ]

  test('hands on nothing at all, and says why, if it is given', async (t) => {
    const { api } = await start(t)
    for (const name of ['a', 'a-b', 'a_b', '2fa']) await api.post('/v3/secrets', { name, value: 'planted-value' })
    await api.post('/v3/secrets', { name: 'nul', value: 'planted\0value' })
    const content = Buffer.alloc(100_000, 'planted').toString('base64')
    assert.equal((await api.post('/v3/secrets', { name: 'long', type: 'file', value: content })).status, 201)
    for (const [what, inputs, says] of refused) {
      await t.test(what, async (t) => {
        const ran = await runAction(t, { url: api.url, 'api-key': api.key, ...inputs })

        assert.equal(ran.code, 1, ran.stdout)
        assert.deepEqual([ran.outputs, ran.variables, ran.lines, ran.stderr], [{}, {}, [], ''])
        assert.equal(ran.errors.length, 1)
        assert.match(ran.errors.join(), says)
        assertQuiet(ran, [api.key, 'planted'])
      })
    }
  })

  test('reads all values with one request, and looks up nothing that is named whole', async (t) => {
    const { api, withScopes } = await start(t)
    const middleman = await Middleman.start(t, api.url)
    for (let at = 0; at < 20; at++) await api.post('/v3/secrets', { name: `web/n${at}`, value: `value-${at}` })
    const { key } = await withScopes('secrets:read:web/*')
    const secrets = Array.from({ length: 20 }, (_, at) => `web/n${at}`).join('\n')

    const ran = await runAction(t, { url: middleman.url, 'api-key': key, secrets })

    assertWell(ran)
    assert.deepEqual([Object.keys(ran.outputs).length, ran.outputs['WEB_N19']], [20, 'value-19'])
    assert.deepEqual(
      middleman.seen.map(({ method, path }) => `${method} ${path}`),
      ['POST /v3/secrets/batch'],
    )
  })

  test('reads no value when a name is refused', async (t) => {
    const { api } = await start(t)
    await api.post('/v3/secrets', { name: 'path', value: 'planted' })

    await runAction(t, { url: api.url, 'api-key': api.key, secrets: 'path', 'export-env': 'true' })

    assert.equal((await api.get('/v3/audit?action=secret.read')).body.records.length, 0)
  })

  test('hands on nothing if one of several may not be read', async (t) => {
    const { api, withScopes } = await start(t)
    for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: `value-of-${name}` })
    const { key } = await withScopes('secrets:list', 'secrets:read:a')

    const ran = await runAction(t, { url: api.url, 'api-key': key, secrets: 'a\nb', 'export-env': 'true' })

    assert.equal(ran.code, 1)
    assert.deepEqual([ran.outputs, ran.variables], [{}, {}])
    assert.match(ran.errors.join(), /^"b" could not be read: /)
    assertQuiet(ran, ['value-of-a'])
  })

  test('says so if the server is not there, or is another', async (t) => {
    const { api, stop } = await startServer(t, sqlite ?? assert.fail())
    const middleman = await Middleman.start(t, api.url)
    middleman.always = { status: 200, body: '<html>planted</html>' }
    const other = await runAction(t, { url: middleman.url, 'api-key': api.key, secrets: 'a' })
    await stop()

    const gone = await runAction(t, { url: api.url, 'api-key': api.key, secrets: 'a' })

    assert.match(other.errors.join(), /answered 200 with something else than the API describes/)
    assert.match(gone.errors.join(), /^No answer from http:\/\/127\.0\.0\.1/)
    assert.deepEqual([other.code, gone.code], [1, 1])
  })

  test('tells what a hostile server says as text alone', async (t) => {
    const { api } = await start(t)
    const middleman = await Middleman.start(t, api.url)
    const code = 'forbidden'
    const message = `no\n::set-output name=x::planted\r##[add-path]/planted%0A::add-path::/planted ${api.key}`
    middleman.always = {
      status: 403,
      body: { type: `urn:strongroom:problem:${code}`, code, message, request_id: 'r' },
    }

    const ran = await runAction(t, { url: middleman.url, 'api-key': api.key, secrets: 'a' })

    assert.deepEqual([...new Set(ran.commands.map(({ name }) => name))], ['add-mask', 'error'])
    assert.deepEqual(ran.lines, [])
    assertQuiet(ran, [api.key])
  })
})

suite('The committed action', () => {
  test('is made of the sources as they are', async () => {
    for (const entry of entries) {
      assert.equal(readFileSync(bundlePath(entry), 'utf8'), await bundleAction(entry), 'Run: npm run build:action')
    }
  })

  test('needs nothing but Node, of the version that it names', () => {
    const bundles = entries.map((entry) => readFileSync(bundlePath(entry), 'utf8')).join('\n')
    const imported = [...bundles.matchAll(/\b(?:from|import|require)\s*\(?\s*["']([^"']+)/g)]
    assert.deepEqual(
      imported.map(([, name = '']) => name).filter((name) => !name.startsWith('node:')),
      [],
    )
    const { runs } = metadata()
    assert.equal(runs.using, 'node24')
    assert.ok(bundlePath('main').endsWith(runs.main))
    assert.ok(bundlePath('post').endsWith(runs.post))
  })
})

function start(t: TestContext): Promise<TestAccount> {
  return startAccount(t, sqlite ?? assert.fail())
}

function assertWell(ran: Ran): void {
  assert.deepEqual([ran.code, ran.stderr, ran.errors], [0, '', []], ran.stdout)
}

/** Outside of commands that hide something, nothing of it is said. */
function assertQuiet({ stdout, stderr }: Ran, secrets: readonly string[]): void {
  const said = `${stdout.replaceAll(/^::add-mask::.*$/gm, '')}${stderr}`
  for (const secret of secrets.map((one) => one.trim()).filter((one) => one.length > 2)) {
    assert.ok(!said.includes(secret), `${said}\nshows ${secret}`)
  }
}
