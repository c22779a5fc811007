/** Moving from Vault: secrets come over with their versions in their order, and what cannot come is said. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { ImportState, type Progressed } from '../../src/cli/import-state.ts'
import type { Api } from '../support/api.ts'
import { type Ended, type Person, startPerson } from '../support/cli.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { denied, startVaultServer, type VaultServer, vaultToken } from '../support/vault-server.ts'

interface Moving {
  readonly vault: VaultServer
  readonly person: Person
  readonly here: Api
  run(...words: string[]): Promise<Ended>
}

async function start(t: TestContext): Promise<Moving> {
  const vault = await startVaultServer(t)
  const person = await startPerson(t)
  const run = async (...words: string[]) => {
    const env = { VAULT_ADDR: vault.origin, VAULT_TOKEN: vaultToken }
    const ended = await person.run(['import', 'vault', '--mount', 'kv', ...words], { env })
    assert.doesNotMatch(ended.stdout + ended.stderr, /planted|\n\s+at /, 'A value was printed, the token, or a stack.')
    return ended
  }
  return { vault, person, here: person.server.api, run }
}

/** What is stored: each secret with its values, oldest first. */
async function held(api: Api): Promise<Record<string, readonly string[]>> {
  const { secrets } = (await api.get('/v3/metadata')).body
  const found: Record<string, readonly string[]> = {}
  for (const { id, name } of secrets) {
    const { versions } = (await api.get(`/v3/secrets/${id}/versions`)).body
    const values: string[] = []
    for (const { version } of versions.toReversed()) {
      values.push((await api.get(`/v3/secrets/${id}/versions/${version}`)).body.value)
    }
    found[name] = values
  }
  return found
}

async function detailsOf(api: Api, name: string) {
  const { secrets } = (await api.get(`/v3/metadata?name=${encodeURIComponent(name)}`)).body
  const [{ description, tags }] = secrets
  return { description, tags }
}

function jsonOf({ stdout, stderr }: Ended) {
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout)
}

suite('strongroom import vault', () => {
  test('brings every secret over with its versions in their order, and what came since when it is run again', async (t) => {
    const { vault, here, run } = await start(t)
    vault.put('app/db', '{"user":"planted","port":5432}', {
      description: 'of the shop',
      tags: 'a, b',
      owner: 'web',
      'no tag': 'ä',
    })
    vault.put('app/db', '{"user":"planted","deep":{"a":[1,null,{"b":true}]},"big":12345678901234567890.10}')
    vault.put('app/db', '{"user":"planted","deep":{"a":[1,null,{"b":true}]},"big":12345678901234567890.10}')
    vault.put('app/web/token', '{"value":"planted"}')
    vault.put('app/web/token', '{"value":"planted 2"}').deletion = '2026-01-16T10:30:00Z'
    vault.put('app/web/token', '{"value":"planted 3"}').isDestroyed = true
    vault.put('app/web/token', '{"value":"planted 4"}').deletion = '2999-01-01T00:00:00Z'
    vault.put('empty', '{}')
    vault.put('gone', '{"value":"planted"}')
    vault.put('gone', '{"value":"planted 2"}').deletion = '2026-01-16T10:30:00Z'
    vault.put('old name/x', '{"value":"planted $\u007b{secret.none}}"}')
    vault.put('ümlaut', '{"value":"planted"}')

    const dry = await run('--dry-run')
    assert.equal(dry.code, 5, dry.stderr)
    assert.match(dry.stdout, /^app\/db +app\/db +new +3 +custom metadata that does not fit: no tag$/m)
    assert.match(dry.stdout, /^app\/web\/token .*deleted there: 2; destroyed there: 3$/m)
    assert.match(dry.stderr, /Stays there: gone/)
    for (const path of ['old name/x', 'ümlaut'])
      assert.match(dry.stderr, new RegExp(`^Left out: ${path} is no name`, 'm'))
    assert.deepEqual(await held(here), {})

    const renamed = ['--rename', 'old name/=old-name/', '--rename', 'ü=ue']
    const { code, stdout, stderr } = await run('--yes', ...renamed)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /5 secrets are stored with 7 versions, 0 were the same, 1 are deleted there, 0 are left out/)
    const big = '{"user":"planted","deep":{"a":[1,null,{"b":true}]},"big":12345678901234567890.10}'
    const wanted = {
      'app/db': ['{"user":"planted","port":5432}', big],
      'app/web/token': ['planted', 'planted 4'],
      empty: ['{}'],
      'old-name/x': ['planted $\u007b{secret.none}}'],
      uemlaut: ['planted'],
    }
    assert.deepEqual(await held(here), wanted)
    assert.deepEqual(await detailsOf(here, 'app/db'), { description: 'of the shop', tags: ['a', 'b', 'owner=web'] })

    const again = jsonOf(await run('--yes', '--json', ...renamed))
    assert.deepEqual([again.new, again.continued, again.stored, again.same.length], [[], [], [], 5])
    vault.put('app/db', '{"value":"planted 5"}')
    vault.put('later', '{"value":"planted"}')
    const later = jsonOf(await run('--yes', '--json', ...renamed))
    assert.deepEqual([later.new, later.continued, later.versions_stored], [['later'], ['app/db'], 2])
    assert.deepEqual(await held(here), { ...wanted, 'app/db': [...wanted['app/db'], 'planted 5'], later: ['planted'] })
  })

  test('brings the secrets of another Strongroom over by its Vault API, and both give out the same', async (t) => {
    const [engine] = engines
    const there = await startServer(t, engine ?? assert.fail(), { isVaultApiServed: true })
    const other = await startServer(t, engine ?? assert.fail(), { isVaultApiServed: true })
    const person = await startPerson(t)
    const put = (path: string, data: unknown) => there.api.post(`/v1/secret/data/${path}`, { data })
    await put('app/db', { user: 'u', port: 5432 })
    await put('app/db', { user: 'v', n: { deep: [1, 'x', null] } })
    await put('app/plain', { value: 'text' })
    await put('top', { value: '{"looks":"like a map"}' })
    await there.api.post('/v1/secret/metadata/app/db', { custom_metadata: { description: 'd', tags: 'x,y' } })
    await other.api.post('/v3/environments', { name: 'prod' })

    const ended = await person.run(
      ['import', 'vault', '--addr', there.url, '-e', 'prod', '--vault-token-file', '-', '--yes'],
      {
        input: `${there.api.key}\n`,
        env: { STRONGROOM_URL: other.url, STRONGROOM_API_KEY: other.api.key },
      },
    )

    assert.equal(ended.code, 0, ended.stderr)
    for (const path of ['app/db', 'app/db?version=1', 'app/plain', 'top']) {
      const [from, to] = [await there.api.get(`/v1/secret/data/${path}`), await other.api.get(`/v1/prod/data/${path}`)]
      assert.equal(to.status, 200, path)
      assert.deepEqual(to.body.data.data, from.body.data.data, path)
      assert.equal(to.body.data.metadata.version, from.body.data.metadata.version, path)
      assert.deepEqual(to.body.data.metadata.custom_metadata, from.body.data.metadata.custom_metadata, path)
    }
    assert.deepEqual(await held(other.api), {}, 'Nothing goes into another environment.')
  })

  test('goes on where it stopped, and stores nothing twice, with a key that may not read too', async (t) => {
    const { vault, person, here, run } = await start(t)
    for (const path of ['a', 'b', 'c']) for (const at of [1, 2, 3]) vault.put(path, `{"value":"planted ${path}${at}"}`)
    const all = { a: [1, 2, 3], b: [1, 2, 3], c: [1, 2, 3] }
    const wanted = Object.fromEntries(
      Object.entries(all).map(([name, of]) => [name, of.map((at) => `planted ${name}${at}`)]),
    )
    const away = (url: string) =>
      url.includes('/data/b?version=3') ? ([503, '{"errors":["planted"]}', { 'retry-after': '0' }] as const) : undefined
    for (const words of [[], ['--state', 'vault.state']]) {
      vault.misbehave = away
      const stopped = await run('--yes', ...words)
      assert.equal(stopped.code, 6, stopped.stderr)
      assert.match(stopped.stderr, /answers 503.*\n.*The import stopped. Stored: a. Not stored: b, c/)
      vault.misbehave = undefined
      if (words.length > 0) {
        const writing = await here.post('/v3/keys', { name: 'w', scopes: ['secrets:list', 'secrets:write'] })
        person.env = { ...person.env, STRONGROOM_API_KEY: writing.body.api_key }
      }
      const ended = await run('--yes', ...words)
      assert.equal(ended.code, 0, ended.stderr)
      assert.deepEqual(await held(here), wanted)
      for (const { id } of (await here.get('/v3/metadata')).body.secrets) await here.delete(`/v3/secrets/${id}`)
    }
    const path = join(person.folder, 'vault.state')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.doesNotMatch(readFileSync(path, 'utf8'), /planted/)
    assert.equal((await run('--yes', '--state', 'vault.state', '-e', 'other')).code, 2, 'The state of another import.')
  })

  test('notes what comes after a line of its state that was cut off', async (t) => {
    const { person } = await start(t)
    const path = join(person.folder, 'vault.state')
    const of = { from: 'there', to: 'here' }
    const [one, two] = ['one', 'two'].map((name) => ({ path: name, name, version: 3 })) as [Progressed, Progressed]
    ImportState.open(path, of).note(one)
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -7))

    ImportState.open(path, of).note(two)

    const state = ImportState.open(path, of)
    assert.deepEqual([state.versionOf('one', 'one'), state.versionOf('two', 'two')], [undefined, 3])
  })

  test('says what may not be read or listed, and brings the rest over', async (t) => {
    const { vault, here, run } = await start(t)
    for (const path of ['a/x', 'b/y', 'c', 'd', 'e']) vault.put(path, '{"value":"planted"}')
    vault.put('d', '{"value":"planted 2"}')
    vault.put('e', '{"value":"planted 2"}')
    let busy = 2
    vault.misbehave = (url) => {
      if (/metadata\/a\/\?list|data\/c\?|metadata\/d$/.test(url)) return denied
      if (/data\/b\/y/.test(url) && busy-- > 0) return [429, '{"errors":["planted"]}', { 'retry-after': '0' }]
      // Destroyed between the plan and its turn.
      const destroyed = '{"data":{"data":null,"metadata":{"destroyed":true,"version":1}}}'
      return /data\/e\?version=1/.test(url) ? [404, destroyed] : undefined
    }
    const ended = await run('--yes')
    assert.equal(ended.code, 5, ended.stderr)
    assert.match(ended.stderr, /Left out: a\/ is a folder that the token may not list/)
    assert.match(ended.stderr, /Left out: c may not be read with this token/)
    assert.match(ended.stdout, /its metadata may not be read: its newest version alone/)
    assert.match(ended.stderr, /^e: version 1 went there meanwhile\.$/m)
    assert.deepEqual(await held(here), { 'b/y': ['planted'], d: ['planted 2'], e: ['planted 2'] })
  })

  test('puts nothing in the place of what is here, unless it is told to', async (t) => {
    const { vault, here, run } = await start(t)
    for (const path of ['x', 'file', 'same', 'big']) vault.put(path, '{"value":"planted there"}')
    vault.put('big', JSON.stringify({ value: 'planted'.repeat(20_000) }))
    vault.put('x/below', '{"value":"planted"}')
    await here.post('/v3/secrets', { name: 'x', value: 'planted here' })
    await here.post('/v3/secrets', { name: 'file', value: 'AAA=', type: 'file' })
    await here.post('/v3/secrets', { name: 'same', value: 'planted there' })
    const skipped = await run('--yes', '--path', 'x')
    assert.equal(skipped.code, 5)
    assert.match(skipped.stderr, /Left out: x has another value here/)
    assert.deepEqual((await held(here))['x'], ['planted here'])
    assert.deepEqual((await held(here))['x/below'], ['planted'])

    const replaced = jsonOf(await run('--yes', '--json', '--on-clash', 'replace'))
    assert.deepEqual([replaced.replaced, replaced.same], [['x'], ['same', 'x/below']])
    assert.deepEqual(
      replaced.left_out.map(({ path }: { path: string }) => path),
      ['file', 'big'],
    )
    assert.match(replaced.left_out[1].reason, /after 1 versions was refused/)
    const now = await held(here)
    assert.deepEqual([now['x'], now['big']], [['planted here', 'planted there'], ['planted there']])
  })

  test('takes version 1 of the engine, and refuses what is none, a stranger, and other servers', async (t) => {
    const { vault, person, here, run } = await start(t)
    vault.put('app/db', '{"user":"planted","n":1}')
    for (const [answer, code, words] of [
      [[302, '', { location: 'http://127.0.0.1:1/planted' }], 1, /sends elsewhere/],
      [[200, '<html>planted</html>'], 3, /is no key\/value engine/],
      [[400, '{"errors":["planted"]}'], 1, /answers 400/],
    ] as const) {
      vault.misbehave = () => answer
      const ended = await run('--yes')
      assert.equal(ended.code, code, ended.stderr)
      assert.match(ended.stderr, words)
    }
    vault.misbehave = undefined
    for (const [words, env, code] of [
      [[], { VAULT_TOKEN: 's.other' }, 4],
      [['--addr', 'https://u:p@a'], { VAULT_TOKEN: vaultToken }, 2],
      [['--rename', 'nothing'], { VAULT_TOKEN: vaultToken }, 2],
      [[], {}, 2],
    ] as const) {
      const ended = await person.run(['import', 'vault', '--mount', 'kv', ...words], {
        env: { VAULT_ADDR: vault.origin, ...env },
      })
      assert.equal(ended.code, code, ended.stderr)
    }
    vault.kind = '1'
    mkdirSync(person.folder, { recursive: true })
    writeFileSync(join(person.folder, '.vault-token'), `${vaultToken}\n`)
    const kept = await person.run([
      'import',
      'vault',
      '--addr',
      vault.origin,
      '--mount',
      'kv',
      '--prefix',
      'v1/',
      '--yes',
    ])
    assert.equal(kept.code, 0, kept.stderr)
    assert.deepEqual(await held(here), { 'v1/app/db': ['{"user":"planted","n":1}'] })
  })
})
