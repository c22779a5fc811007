/** What comes in from files of others: shown first, stored once, and taken up again where it stopped. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { type Person, startPerson } from '../support/cli.ts'
import { archive } from '../support/zip.ts'

async function stored(person: Person): Promise<Record<string, string>> {
  const { secrets } = (await person.server.api.get('/v3/secrets')).body
  const values = await Promise.all(
    secrets.map(async ({ id, name }: { id: number; name: string }) => {
      return [name, (await person.server.api.get(`/v3/secrets/${id}`)).body.value]
    }),
  )
  return Object.fromEntries(values)
}

function write(person: Person, name: string, text: string | Buffer): string {
  writeFileSync(join(person.folder, name), text)
  return name
}

async function withFile(t: TestContext, text: string) {
  const person = await startPerson(t)
  return { person, file: write(person, '.env', text), api: person.server.api }
}

suite('An import', () => {
  test('shows what is new, changed and the same, without a value, and stores that', async (t) => {
    const { person, file, api } = await withFile(t, "A='planted new'\nB=planted-changed\nC=planted-same\n")
    await api.post('/v3/secrets', { name: 'B', value: 'old' })
    await api.post('/v3/secrets', { name: 'C', value: 'planted-same' })

    const dry = await person.run(['import', file, '--dry-run'])
    assert.deepEqual([dry.code, Object.keys(await stored(person)).length], [0, 2])
    const { code, stdout, stderr } = await person.run(['import', file, '--yes'])

    assert.equal(code, 0, stderr)
    assert.match(stdout, /^A +new\nB +changed\nC +same$/m)
    assert.match(stdout, /2 secrets are stored/)
    assert.doesNotMatch(dry.stdout + dry.stderr + stdout + stderr, /planted/)
    assert.deepEqual(await stored(person), { A: 'planted new', B: 'planted-changed', C: 'planted-same' })
    assert.equal((await api.get('/v3/secrets/2/metadata')).body.version, 1)
    const again = await person.run(['import', file, '--yes', '--json'])
    assert.deepEqual(JSON.parse(again.stdout), {
      ...{ new: [], changed: [], same: ['A', 'B', 'C'], stored: [] },
      ...{ renamed: [], left_out: [] },
    })
  })

  test('asks before it stores, and stores nothing without a yes', async (t) => {
    const { person, file } = await withFile(t, 'A=1\n')

    const alone = await person.run(['import', file])
    assert.deepEqual([alone.code, await stored(person)], [2, {}])
    assert.match(alone.stderr, /--yes/)
    const refused = await person.onTerminal(['import', file], [['Store 1 new secret,', 'n\r']])
    assert.deepEqual([refused.code, await stored(person)], [1, {}])
    const agreed = await person.onTerminal(['import', file], [['Store 1 new secret,', 'y\r']])
    assert.deepEqual([agreed.code, await stored(person)], [0, { A: '1' }])
  })

  test('takes standard input, a list and a prefix, and bytes', async (t) => {
    const person = await startPerson(t)
    await person.server.api.post('/v3/lists', { name: 'web' })
    const input = '{"ARN":"x","Name":"prod/cert","VersionId":"v","SecretBinary":"AP8="}'

    const { code, stderr } = await person.run(['import', '-', '--yes', '--list', 'web', '--prefix', 'aws-'], { input })

    assert.equal(code, 0, stderr)
    const { body } = await person.server.api.get('/v3/secrets/1/metadata')
    assert.deepEqual([body.name, body.type, body.list.name], ['aws-prod/cert', 'file', 'web'])
    assert.equal((await person.server.api.get('/v3/secrets/1')).body.value, 'AP8=')
  })

  test('that stops says what was stored and what was not, and goes on when it is repeated', async (t) => {
    const { person, file, api } = await withFile(t, `A=1\nB=${'x'.repeat(70_000)}\nC=3\n`)

    const { code, stderr } = await person.run(['import', file, '--yes'])

    assert.notEqual(code, 0)
    assert.match(stderr, /Stored: A\. Not stored: B, C\./)
    assert.match(stderr, /Run the same import again/)
    assert.deepEqual(await stored(person), { A: '1' })
    write(person, file, 'A=1\nB=2\nC=3\n')
    const again = await person.run(['import', file, '--yes', '--json'])
    assert.deepEqual(JSON.parse(again.stdout).stored, ['B', 'C'])
    assert.equal((await api.get('/v3/secrets/1/metadata')).body.version, 1)
  })

  test('works for a key that may write and not read, which is told so', async (t) => {
    const { person, file, api } = await withFile(t, 'A=1\nB=2\n')
    await api.post('/v3/secrets', { name: 'A', value: '1' })
    const writer = await person.server.withScopes('secrets:list', 'secrets:write')
    person.env = { ...person.env, STRONGROOM_API_KEY: writer.key }

    const { code, stdout, stderr } = await person.run(['import', file, '--yes'])

    assert.equal(code, 0, stderr)
    assert.match(stdout, /^A +there \(this key may not read it\)/m)
    assert.equal((await api.get('/v3/secrets/1/metadata')).body.version, 2)
  })

  test('reads every value at once, each on record', async (t) => {
    const { person, file, api } = await withFile(t, Array.from({ length: 130 }, (_, at) => `S${at}=v${at}`).join('\n'))
    assert.equal((await person.run(['import', file, '--yes'])).code, 0)
    const again = await person.run(['import', file, '--yes', '--json'])

    assert.equal(JSON.parse(again.stdout).same.length, 130)
    const reads = (await api.get('/v3/audit?action=secret.read&limit=1000')).body.records
    assert.equal(reads.length, 130)
  })

  test('of a password manager says what each name became, and what was left out', async (t) => {
    const person = await startPerson(t)
    const item = {
      ...{ id: 'x', title: 'Web shöp', category: 'LOGIN', vault: { id: 'v', name: 'Private' } },
      fields: [{ id: 'password', type: 'CONCEALED', label: 'password', value: 'planted-value' }],
      files: [{ id: 'f', name: 'a.pem' }],
    }
    const file = write(person, 'item.json', JSON.stringify(item))

    const { code, stdout, stderr } = await person.run(['import', file, '--yes', '--prefix', 'op/'])

    assert.equal(code, 0, stderr)
    assert.match(stdout, /^op\/Private\/Web-shop\/password +new +Private\/Web shöp\/password$/m)
    assert.match(stderr, /Left out: 1 files of Private\/Web shöp \(store them with "strongroom secrets set --file"\)/)
    assert.doesNotMatch(stdout + stderr, /planted/)
    assert.deepEqual(await stored(person), { 'op/Private/Web-shop/password': 'planted-value' })
    const { stdout: json } = await person.run(['import', file, '--dry-run', '--json', '--prefix', 'op/'])
    const { same, renamed, left_out: leftOut } = JSON.parse(json)
    assert.deepEqual(same, ['op/Private/Web-shop/password'])
    assert.deepEqual(renamed, [{ from: 'Private/Web shöp/password', name: 'op/Private/Web-shop/password' }])
    assert.equal(leftOut.length, 1)
  })

  test('keeps what is said of a secret', async (t) => {
    const person = await startPerson(t)
    const secret = { key: 'TOKEN', value: 'x', note: 'of the shop', projectId: 'p' }

    const { code, stderr } = await person.run(['import', '-', '--yes'], { input: JSON.stringify([secret]) })

    assert.equal(code, 0, stderr)
    assert.equal((await person.server.api.get('/v3/secrets/1/metadata')).body.description, 'of the shop')
  })

  test('of what is encrypted is refused, and says how to decrypt it', async (t) => {
    const person = await startPerson(t)
    const file = write(person, '.env', 'DOTENV_PUBLIC_KEY="03"\nA="encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt"\n')
    for (const format of [[], ['--format', 'dotenv']]) {
      const { code, stdout, stderr } = await person.run(['import', file, '--yes', ...format])

      assert.deepEqual([code, stdout], [2, ''])
      assert.match(
        stderr,
        /^strongroom: \.env is encrypted by dotenvx\. Decrypt it first: dotenvx decrypt --stdout -f \.env/,
      )
    }
    const binary = await person.run(['import', write(person, 'x', Buffer.from('\0GITCRYPT\0\xff', 'latin1')), '--yes'])
    assert.match(binary.stderr, /git-crypt unlock/)
    assert.deepEqual(await stored(person), {})
  })

  test('of an archive is not refused for what is encrypted among its attachments', async (t) => {
    const person = await startPerson(t)
    const item = { overview: { title: 'Mail' }, details: { password: 'planted-value' } }
    const data = { accounts: [{ vaults: [{ attrs: { name: 'Private' }, items: [item] }] }] }
    const files = { 'export.data': JSON.stringify(data), 'files/a__env': '\nDOTENV_VAULT_PRODUCTION="x"\n' }
    const file = write(person, 'export.1pux', archive(files, 'ZIP_STORED'))

    const { code, stderr } = await person.run(['import', file, '--yes'])

    assert.equal(code, 0, stderr)
    assert.deepEqual(await stored(person), { 'Private/Mail/password': 'planted-value' })
  })

  const refused: readonly (readonly [what: string, words: readonly string[], text: string | Buffer, RegExp])[] = [
    ['a faulty file', [], 'A=1\nplanted', /Line 2/],
    ['names that no secret has', ['--format', 'json'], '{"a b":"planted","/c":"1"}', /"a b", "\/c"/],
    ['a format that is none', ['--format', 'toml'], 'A=1', /--format <format>' argument 'toml' is invalid/],
    ['bytes that are no text', [], Buffer.from([0xff, 0xfe]), /not text in UTF-8/],
  ]
  for (const [what, words, text, message] of refused) {
    test(`of ${what} is refused before anything is asked for`, async (t) => {
      const person = await startPerson(t)
      const { code, stdout, stderr } = await person.run(['import', write(person, 'f', text), '--yes', ...words])

      assert.equal(code, 2)
      assert.match(stderr, message)
      assert.doesNotMatch(stdout + stderr, /planted/)
    })
  }
})

suite('An export', () => {
  async function withSecrets(t: TestContext): Promise<Person> {
    const person = await startPerson(t)
    const { api } = person.server
    await api.post('/v3/lists', { name: 'web' })
    await api.post('/v3/secrets', { name: 'db-password', value: `it's "$HOME" \n`, list: 'web' })
    await api.post('/v3/secrets', { name: 'db-user', value: 'app' })
    await api.post('/v3/secrets', { name: 'cert', value: 'AP8=', type: 'file' })
    await api.post('/v3/secrets', {
      name: 'pem',
      value: Buffer.from('text').toString('base64'),
      type: 'file',
      list: 'web',
    })
    return person
  }

  test('is evaluated by a shell', async (t) => {
    const person = await withSecrets(t)

    const { code, stdout } = await person.run(['export', '--format', 'shell', '--only', 'db-*'])
    assert.equal(code, 0)
    assert.equal(stdout, `export DB_PASSWORD='it'\\''s "$HOME" \n'\nexport DB_USER='app'\n`)
  })

  test('is narrowed by names and by list, and each value that leaves is on record', async (t) => {
    const person = await withSecrets(t)

    const ofList = await person.run(['export', '--format', 'json', '--list', 'web'])
    assert.deepEqual(JSON.parse(ofList.stdout), { 'db-password': `it's "$HOME" \n`, pem: 'text' })
    const { records } = (await person.server.api.get('/v3/audit?action=secret.read')).body
    assert.deepEqual(records.map(({ object }: { object: { name: string } }) => object.name).sort(), [
      'db-password',
      'pem',
    ])
    const two = await person.run(['export', '--format', 'yaml', '--only', 'db-user', '--only', 'pem'])
    assert.deepEqual(parse(two.stdout), { 'db-user': 'app', pem: 'text' })
  })

  test('carries bytes to Kubernetes, and is refused where they cannot go, without a value', async (t) => {
    const person = await withSecrets(t)

    const manifest = parse((await person.run(['export', '--format', 'k8s', '--name', 'web'])).stdout)
    assert.deepEqual([manifest.metadata.name, manifest.data.cert], ['web', 'AP8='])
    const { code, stdout, stderr } = await person.run(['export', '--format', 'dotenv', '--only', 'cert'])
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /CERT: Is not a text\. Leave it out/)
    const docker = await person.run(['export', '--format', 'docker', '--only', 'db-*'])
    assert.deepEqual([docker.code, docker.stdout], [2, ''])
    assert.match(docker.stderr, /DB_PASSWORD: Has more than one line/)
  })

  test('leaves files out when it is told to, and names them', async (t) => {
    const person = await withSecrets(t)

    const { code, stdout, stderr } = await person.run(['export', '--format', 'json', '--skip-files'])
    assert.equal(code, 0, stderr)
    assert.deepEqual(Object.keys(JSON.parse(stdout)).includes('cert'), false)
    assert.match(stderr, /Files are left out: cert/)
    const only = await person.run(['export', '--format', 'json', '--skip-files', '--only', 'cert'])
    assert.deepEqual([only.code, only.stdout], [3, ''])
  })

  test('goes into a file for its owner alone, in the place of an older one', async (t) => {
    const person = await withSecrets(t)
    const path = join(person.folder, 'out.json')
    writeFileSync(path, 'old', { mode: 0o666 })

    const { code, stdout } = await person.run([
      'export',
      '--format',
      'json',
      '--only',
      'db-user',
      '--output',
      'out.json',
      '--json',
    ])

    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(stdout), { output: 'out.json', format: 'json', secrets: 1 })
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { 'db-user': 'app' })
    assert.deepEqual(
      readdirSync(person.folder).filter((name) => name.startsWith('.out')),
      [],
    )
    const refused = await person.run(['export', '--format', 'dotenv', '--output', 'none.env'])
    assert.deepEqual([refused.code, existsSync(join(person.folder, 'none.env'))], [2, false])
  })

  test('gives back through an import what it took', async (t) => {
    const person = await withSecrets(t)
    for (const format of ['yaml', 'json'] as const) {
      const only = format === 'json' ? ['--only', 'db-*'] : []
      assert.equal((await person.run(['export', '--format', format, '--output', `x.${format}`, ...only])).code, 0)
      const { stdout } = await person.run(['import', `x.${format}`, '--dry-run', '--json'])
      const { new: fresh, changed, same } = JSON.parse(stdout)
      assert.deepEqual([fresh, changed, same.length], [[], [], format === 'json' ? 2 : 4])
    }
  })

  test('of nothing, by a key that may not, or without a server ends with the code that says so', async (t) => {
    const person = await withSecrets(t)
    const reader = await person.server.withScopes('secrets:list')

    const code = async (words: readonly string[], env = {}) => (await person.run(['export', ...words], { env })).code
    assert.equal(await code(['--format', 'json', '--only', 'none']), 3)
    assert.equal(await code(['--format', 'json', '--only', 'none-*']), 3)
    assert.equal(await code(['--format', 'xml']), 2)
    assert.equal(await code(['--format', 'json', '--json']), 2)
    assert.equal(await code(['--format', 'json'], { STRONGROOM_API_KEY: 'sr_wrong' }), 4)
    assert.equal(await code(['--format', 'json', '--only', 'db-user'], { STRONGROOM_API_KEY: reader.key }), 4)
  })
})
