/** Logging in: what is stored, for whom, and which key is used when. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { changeProfiles, profilesPath, readProfiles } from '../../src/cli/profiles.ts'
import { startPerson, startPersonWithServer } from '../support/cli.ts'
import { preparedSuite } from '../support/prepared-suite.ts'

preparedSuite('strongroom login', async () => {
  const person = await startPerson({ after })
  person.env = {}

  function stored() {
    return JSON.parse(readFileSync(join(person.configFolder, 'profiles.json'), 'utf8'))
  }

  test('stores a key that the server takes, in a file for its owner alone', async () => {
    const { url, api } = person.server

    const { code, stdout, stderr } = await person.run(['login', '--url', url], { input: `${api.key}\n` })

    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stdout + stderr, /sr_/)
    assert.deepEqual(stored(), { current: 'default', profiles: { default: { url, api_key: api.key } } })
    assert.equal(statSync(join(person.configFolder, 'profiles.json')).mode & 0o777, 0o600)
    assert.equal(statSync(person.configFolder).mode & 0o777, 0o700)
  })

  test('status says what the key is good for, and never the key', async () => {
    const { url, api } = person.server
    const expires_at = '2099-01-01T00:00:00Z'
    const scopes = ['secrets:read:prod-*']
    const { body } = await api.post('/v3/keys', { name: 'narrow', scopes, networks: ['127.0.0.0/8'], expires_at })
    const env = { STRONGROOM_URL: url, STRONGROOM_API_KEY: String(body.api_key) }

    const { code, stdout, stderr } = await person.run(['status'], { env })
    const json = await person.run(['status', '--json'], { env })

    assert.equal(code, 0, stderr)
    assert.match(
      stdout,
      /Key +narrow, id 2\nScopes +secrets:read:prod-\*\nNetworks +127\.0\.0\.0\/8\nExpires +2099-01-01/,
    )
    const { url: asked, key } = JSON.parse(json.stdout)
    assert.deepEqual([asked, key.id, key.scopes, key.expires_at], [url, 2, scopes, expires_at])
    assert.doesNotMatch(stdout + stderr + json.stdout + json.stderr, /sr_/)
  })

  test('stores nothing that the server does not take', async () => {
    const words = ['login', '--url', person.server.url, '--profile', 'wrong']

    const { code, stderr } = await person.run(words, { input: `sr_${'x'.repeat(49)}` })

    assert.equal(code, 4)
    assert.doesNotMatch(stderr, /sr_/)
    assert.equal('wrong' in stored().profiles, false)
  })

  test('asks on a terminal, and shows no key there', async () => {
    const { url, api } = person.server

    const shown = await person.onTerminal(
      ['login', '--profile', 'asked'],
      [
        ['URL of the server', `${url}\r`],
        ['API key', `${api.key}\r`],
      ],
    )

    assert.equal(shown.code, 0, shown.text)
    assert.equal(shown.text.includes(api.key), false)
    assert.deepEqual(stored().profiles.asked, { url, api_key: api.key })
  })

  test('offers the server of the project file to a person, and gives no key from standard input to it', async (t) => {
    const { url, api } = person.server
    const project = join(person.folder, '.strongroom.yaml')
    writeFileSync(project, `url: ${url}\n`)
    t.after(() => rmSync(project))

    const piped = await person.run(['login', '--profile', 'piped'], { input: api.key })
    const isStored = existsSync(join(person.configFolder, 'profiles.json')) && 'piped' in stored().profiles
    assert.deepEqual([piped.code, isStored], [2, false])
    assert.match(piped.stderr, /Say --url/)
    const shown = await person.onTerminal(
      ['login', '--profile', 'offered'],
      [
        [`URL of the server (Enter for ${url}, as the project file says)`, '\r'],
        ['API key', `${api.key}\r`],
      ],
    )
    assert.equal(shown.code, 0, shown.text)
    assert.deepEqual(stored().profiles.offered, { url, api_key: api.key })
    await person.run(['logout', '--profile', 'offered'])
  })

  test('keeps several profiles, and uses the one that is asked for', async () => {
    const reader = await person.server.withScopes('secrets:read')
    await person.run(['login', '--url', person.server.url, '--profile', 'reader'], { input: reader.key })

    assert.equal((await person.run(['secrets', 'list'])).code, 4)
    assert.equal((await person.run(['secrets', 'list', '--profile', 'default'])).code, 0)
    assert.equal((await person.run(['secrets', 'list'], { env: { STRONGROOM_PROFILE: 'default' } })).code, 0)
    assert.equal((await person.run(['secrets', 'list', '--profile', 'none'])).code, 2)
    assert.equal((await person.run(['profiles', 'use', 'default'])).code, 0)
    const { stdout } = await person.run(['profiles', '--json'])
    assert.doesNotMatch(stdout, /sr_/)
    assert.equal(JSON.parse(stdout).profiles.find((one: { current: boolean }) => one.current).name, 'default')
    assert.equal((await person.run(['secrets', 'list'])).code, 0)
  })

  test('gives way to STRONGROOM_URL and STRONGROOM_API_KEY', async () => {
    const reader = await person.server.withScopes('secrets:read')
    const env = { STRONGROOM_URL: person.server.url, STRONGROOM_API_KEY: reader.key }

    assert.equal((await person.run(['secrets', 'list'], { env })).code, 4)
    assert.equal((await person.run(['secrets', 'list'], { env: { STRONGROOM_API_KEY: reader.key } })).code, 4)
    const both = await person.run(['secrets', 'list', '--profile', 'default'], { env })
    assert.match(both.stderr, /win over --profile default/)
  })

  test('sends its key to no other server', async (t) => {
    const { person: other } = await startPersonWithServer(t)

    const { code, stderr } = await person.run(['secrets', 'list'], { env: { STRONGROOM_URL: other.server.url } })

    assert.equal(code, 2)
    assert.match(stderr, /Set STRONGROOM_API_KEY too/)
  })

  test('does not use a file that others may read, or that is damaged', async () => {
    const path = join(person.configFolder, 'profiles.json')
    chmodSync(path, 0o644)
    assert.match((await person.run(['status'])).stderr, /chmod 600/)
    chmodSync(path, 0o600)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.slice(0, 20))
    assert.match((await person.run(['status'])).stderr, /damaged/)
    writeFileSync(path, text)
  })

  test('loses nothing of others that are stored at the same moment, nor waits for one that was killed', async (t) => {
    const before = process.env['XDG_CONFIG_HOME']
    t.after(() => {
      if (before === undefined) delete process.env['XDG_CONFIG_HOME']
      else process.env['XDG_CONFIG_HOME'] = before
    })
    process.env['XDG_CONFIG_HOME'] = join(person.folder, 'other-config')
    const names = ['one', 'two', 'three', 'four']
    const add = (name: string) =>
      changeProfiles(({ profiles }) => ({
        current: name,
        profiles: new Map([...profiles, [name, { url: 'https://strongroom.example.com', credential: 'sr_x' }]]),
      }))
    await add('zero')
    const lock = `${profilesPath()}.lock`
    writeFileSync(lock, '')
    utimesSync(lock, 0, 0)

    await Promise.all(names.map(add))

    assert.deepEqual([...readProfiles().profiles.keys()].toSorted(), [...names, 'zero'].toSorted())
    assert.deepEqual(readdirSync(dirname(lock)), ['profiles.json'])
  })

  test('is undone by logout, and says so without a profile', async () => {
    assert.equal((await person.run(['logout', '--all'])).code, 0)

    const { code, stderr } = await person.run(['secrets', 'list'])

    assert.equal(code, 2)
    assert.match(stderr, /Run "strongroom login", or set STRONGROOM_URL and STRONGROOM_API_KEY/)
    assert.equal(existsSync(person.configFolder), true)
    assert.deepEqual(stored().profiles, {})
  })
})
