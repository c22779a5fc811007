/** Mutual TLS: the command, and the typed client, before a server that asks for a certificate. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { certificateReader } from '../../src/cli/client-certificate.ts'
import { Authority, replacePair } from '../support/certificates.ts'
import { startPersonWithServer } from '../support/cli.ts'

const root = join(import.meta.dirname, '..', '..')

/** A server that lets in who has a certificate of `clients`, and somebody who trusts it and has none. */
async function start(t: TestContext) {
  const [authority, clients] = [new Authority(t), new Authority(t, 'Clients')]
  const { cert, key } = authority.issue()
  const tls = { certPath: cert, keyPath: key, clientCaPath: clients.cert }
  const { person } = await startPersonWithServer(t, { tls })
  const url = person.server.url.replace('127.0.0.1', 'localhost')
  person.env = { ...person.env, STRONGROOM_URL: url, NODE_EXTRA_CA_CERTS: authority.cert }
  const own = clients.issue()
  const shown = { STRONGROOM_CLIENT_CERT: own.cert, STRONGROOM_CLIENT_KEY: own.key }
  return { person, url, clients, own, shown, stranger: authority.issue() }
}

suite('A server that asks for a certificate', () => {
  test('is asked by the command with the one that variables name, and by nobody without one', async (t) => {
    const { person, shown, stranger } = await start(t)

    const known = await person.run(['secrets', 'list'], { env: shown })
    const none = await person.run(['secrets', 'list'])
    const other = await person.run(['secrets', 'list'], {
      env: { STRONGROOM_CLIENT_CERT: stranger.cert, STRONGROOM_CLIENT_KEY: stranger.key },
    })

    assert.equal(known.code, 0, known.stderr)
    assert.deepEqual([none.code, other.code], [6, 6], none.stderr + other.stderr)
    assert.match(none.stderr, /client certificate: set STRONGROOM_CLIENT_CERT and STRONGROOM_CLIENT_KEY/)
  })

  test('is logged in to with one, which each command shows from then on', async (t) => {
    const { person, url, own, stranger } = await start(t)
    const key = person.server.api.key
    person.env = { NODE_EXTRA_CA_CERTS: person.env['NODE_EXTRA_CA_CERTS'] ?? '' }
    const words = ['login', '--url', url, '--client-cert', own.cert, '--client-key', own.key]
    const wrong = { STRONGROOM_CLIENT_CERT: stranger.cert, STRONGROOM_CLIENT_KEY: stranger.key }

    const login = await person.run(words, { input: key, env: wrong })
    const list = await person.run(['secrets', 'list'])
    const asOther = await person.run(['secrets', 'list'], { env: wrong })

    assert.deepEqual([login.code, list.code, asOther.code], [0, 0, 6], login.stderr + list.stderr + asOther.stderr)
    const { profiles } = JSON.parse(readFileSync(join(person.configFolder, 'profiles.json'), 'utf8'))
    assert.deepEqual(profiles.default, { url, api_key: key, client_cert: own.cert, client_key: own.key })
    const away = await person.run(['logout'])
    assert.equal(away.code, 0, away.stderr)
  })

  test('trades tokens and begins logins with it', async (t) => {
    const { person, shown } = await start(t)
    const { STRONGROOM_API_KEY: _, ...env } = person.env
    person.env = { ...env, ...shown }

    const trade = await person.run(['auth', 'oidc', '--token-file', '-'], { input: 'no.real.token' })
    const login = person.start(['login', '--web', '--no-browser'])
    const seen = await new Promise<string>((resolve) => {
      let text = ''
      const take = (part: Buffer) => {
        text += part
        if (/Your code: |Cannot|No answer/.test(text)) resolve(text)
      }
      login.stderr?.on('data', take)
      login.stdout?.on('data', take)
      login.once('exit', () => resolve(text))
    })
    login.kill('SIGKILL')

    // Refused by the server, which was reached.
    assert.equal(trade.code, 4, trade.stderr)
    assert.match(seen, /Your code: /)
  })

  test('is asked for its health with it', async (t) => {
    const { person, shown, url } = await start(t)
    const [certPath, keyPath] = [join(person.folder, 'any.pem'), join(person.folder, 'any.key')]
    const other = new Authority(t).issue()
    copyFileSync(other.cert, certPath)
    copyFileSync(other.key, keyPath)
    const env = {
      STRONGROOM_LISTEN: new URL(url).host.replace('localhost', '127.0.0.1'),
      STRONGROOM_TLS_CERT: certPath,
      STRONGROOM_TLS_KEY: keyPath,
      STRONGROOM_TLS_CLIENT_CA: certPath,
      STRONGROOM_DATA_DIR: person.folder,
    }

    const known = await person.run(['health'], { env: { ...env, ...shown } })
    const none = await person.run(['health'], { env })

    assert.deepEqual([known.code, known.stdout], [0, 'ready\n'], known.stderr)
    assert.equal(none.code, 6, none.stderr)
  })

  test('is not asked where the files cannot be shown, and the command says which', async (t) => {
    const { person, own, stranger } = await start(t)
    const { STRONGROOM_API_KEY: _, ...withoutKey } = person.env
    const list = async (cert: string, key: string) => {
      const env = { STRONGROOM_CLIENT_CERT: cert, STRONGROOM_CLIENT_KEY: key }
      const { code, stderr } = await person.run(['secrets', 'list'], { env })
      assert.equal(code, 2, stderr)
      return stderr
    }

    assert.match(await list(own.cert, ''), /STRONGROOM_CLIENT_CERT needs STRONGROOM_CLIENT_KEY beside it/)
    assert.match(await list(own.cert, '/nowhere'), /STRONGROOM_CLIENT_KEY names a file that is not there/)
    assert.match(await list(own.cert, stranger.key), /STRONGROOM_CLIENT_KEY is not the key of the certificate/)
    const login = await person.run(['login', '--client-key', own.key], { env: withoutKey, input: 'x' })
    assert.deepEqual([login.code, /--client-key needs --client-cert/.test(login.stderr)], [2, true], login.stderr)
  })

  test('gets a renewed certificate from a command that runs on, and never half of one', (t) => {
    const authority = new Authority(t)
    const [own, next] = [authority.issue(), authority.issue()]
    const fileOf = (path: string) => ({ setting: 'A file', path })
    const read = certificateReader({ cert: fileOf(own.cert), key: fileOf(own.key) })

    copyFileSync(next.cert, own.cert)
    const between = read()
    replacePair(own, next)
    const after = read()

    assert.deepEqual([between.certificate.subject, after.certificate.subject], ['CN=leaf-1', 'CN=leaf-2'])
  })

  test('is asked by the typed client with the fetch of its document', async (t) => {
    const { person, url, own } = await start(t)
    const document = readFileSync(join(root, 'docs/client.md'), 'utf8')
    const programs = [...document.matchAll(/^<!-- program -->\n```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
    const program = programs.find((code) => code.includes('client.pem')) ?? ''
    const path = join(person.folder, 'program.mts')
    const placed = program
      .replace('strongroom/client', pathToFileURL(join(root, 'src/client/index.ts')).href)
      .replace('https://strongroom.example.com', url)
    writeFileSync(path, placed)
    copyFileSync(own.cert, join(person.folder, 'client.pem'))
    copyFileSync(own.key, join(person.folder, 'client.key'))

    const how = { cwd: person.folder, env: person.environment() }
    const { stdout } = await promisify(execFile)(process.execPath, [path], how)

    assert.equal(stdout, 'first key\n')
  })
})
