/** The package as it is published: compiled, without the sources, and able to serve. */
import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { listening } from './support/child.ts'
import { compile } from './support/compiler.ts'
import { engines, makeFolder } from './support/engines.ts'
import { pack } from './support/package.ts'
import { preparedSuite } from './support/prepared-suite.ts'
import { startServer } from './support/server.ts'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)

test('the packed package serves the API from compiled code alone', async (t) => {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const installed = pack(folder, 'server')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  assert.equal(existsSync(join(installed, 'src')), false)

  const server = spawn(process.execPath, [join(installed, 'bin/strongroom.js'), 'serve'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], STRONGROOM_LISTEN: '127.0.0.1:0' },
  })
  t.after(() => void server.kill('SIGKILL'))
  const child = await listening(server)
  const api = child.api(child.firstKey ?? '')

  assert.equal((await api.post('/v3/secrets', { name: 'db-password', value: 's3cur3' })).status, 201)
  assert.equal((await api.get('/v3/secrets/1')).body.value, 's3cur3')
  assert.deepEqual(await child.end('SIGTERM'), { code: 0, signal: null })
})

test('the packed command has every check of the sources, those too that are made for their fault alone', (t) => {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const installed = pack(folder, 'server')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const path of globSync('dist/*.js', { cwd: installed })) {
    assert.doesNotMatch(readFileSync(join(installed, path), 'utf8'), /try \{\s*return true;?\s*\} catch/, path)
  }
  for (const url of ['postgres://u:planted%zz@127.0.0.1:1/db', 'postgres://u:planted%ff@127.0.0.1:1/db']) {
    const { status, stderr } = spawnSync(process.execPath, [join(installed, 'bin/strongroom.js'), 'audit', 'verify'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], STRONGROOM_DATABASE_URL: url },
      encoding: 'utf8',
    })
    assert.notEqual(status, 0)
    assert.match(stderr, /STRONGROOM_DATABASE_URL must have each special character .* percent-encoded/)
    assert.doesNotMatch(stderr, /planted/)
  }
})

test('the packed server holds no text in memory at twice its size, and loads no other HTTP than it speaks', async (t) => {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const installed = pack(folder, 'server')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const tellAll = 'process.on("exit", () => console.log(process.moduleLoadList.join(" ")))'

  const parameters = ['--import', `data:text/javascript,${tellAll}`, join(installed, 'bin/strongroom.js'), 'serve']
  const server = spawn(process.execPath, parameters, {
    cwd: folder,
    env: { PATH: process.env['PATH'], STRONGROOM_LISTEN: '127.0.0.1:0' },
  })
  t.after(() => void server.kill('SIGKILL'))
  const child = await listening(server)
  await child.end('SIGTERM')

  for (const path of globSync('dist/*.js', { cwd: installed })) {
    assert.match(readFileSync(join(installed, path), 'latin1'), /^[\0-\x7f]*$/, path)
  }
  assert.match(child.output(), /\b_http_server\b/)
  assert.doesNotMatch(child.output(), /\bundici\b|\bhttp2\b/)
})

suite('The packed client', () => {
  const folder = makeFolder()
  after(() => rmSync(folder, { recursive: true, force: true }))
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  cpSync(pack(folder, 'server'), join(modules, 'strongroom'), { recursive: true })
  cpSync(pack(folder, 'client'), join(modules, 'strongroom-client'), { recursive: true })

  test('alone depends on nothing, and holds nothing but itself', () => {
    const manifest = JSON.parse(readFileSync(join(modules, 'strongroom-client/package.json'), 'utf8'))

    const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    assert.deepEqual([manifest.version, manifest.license], [version, license])
    assert.deepEqual(
      Object.keys(manifest).filter((name) => /dependencies|scripts|bin/i.test(name)),
      [],
    )
    for (const path of globSync('**/*.js', { cwd: join(modules, 'strongroom-client') })) {
      const text = readFileSync(join(modules, 'strongroom-client', path), 'utf8')
      assert.doesNotMatch(text, /(?:from|import)\s*\(?\s*['"][^.'"]/, path)
    }
  })

  for (const name of ['strongroom/client', 'strongroom-client']) {
    test(`is ${name} for JavaScript`, async (t) => {
      const [sqlite] = engines
      assert.ok(sqlite)
      const { api } = await startServer(t, sqlite)
      const script = `import { Strongroom } from '${name}'
        const { secrets } = new Strongroom({ url: '${api.url}', apiKey: '${api.key}' })
        await secrets.create({ name: 'a', value: 'b' })
        console.log((await secrets.getByName('a')).value)`

      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder })

      assert.equal(stdout, 'b\n')
    })

    for (const [resolution, lib] of [
      ['nodenext', 'dom'],
      ['bundler', 'webworker'],
    ]) {
      test(`is ${name} for TypeScript (${resolution}, ${lib}), with all its types`, async () => {
        const source = `import { type Secret, type Tagged, Strongroom } from '${name}'
          const { secrets } = new Strongroom({ url: 'http://x', apiKey: 'sr_x' })
          export const found: Secret & Tagged = await secrets.getByName('a')
          // @ts-expect-error: a value is a text
          await secrets.create({ name: 'a', value: 1 })
        `
        writeFileSync(join(folder, 'app.mts'), source)
        const options = ['--noEmit', '--strict', '--target', 'es2022', '--types', '']
        const module = resolution === 'bundler' ? 'esnext' : 'nodenext'
        const how = ['--module', module, '--moduleResolution', resolution ?? '', '--lib', `es2022,${lib}`]

        const { code, stdout } = await compile(folder, ...options, ...how, 'app.mts')

        assert.deepEqual([code, stdout], [0, ''])
      })
    }
  }
})

preparedSuite('The package, installed into an empty folder as npm does it', async () => {
  const folder = makeFolder()
  after(() => rmSync(folder, { recursive: true, force: true }))
  const [sqlite] = engines
  assert.ok(sqlite)
  const { api } = await startServer({ after }, sqlite)
  await api.post('/v3/secrets', { name: 'db-password', value: 'planted-5ecret' })
  pack(folder, 'server')
  const [tarball = ''] = globSync('server/*.tgz', { cwd: folder })
  const home = join(folder, 'home')
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{"private":true}')
  const install = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', `../${tarball}`]
  const installed = spawnSync('npm', install, { cwd: home, encoding: 'utf8' })
  const isCut = /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENETUNREACH/.test(installed.stderr)
  const skip = isCut && 'npm reaches no registry'
  const env = { ...process.env, STRONGROOM_URL: api.url, STRONGROOM_API_KEY: api.key }

  test('has the command', { skip }, async () => {
    assert.equal(installed.status, 0, installed.stderr)

    const { stdout } = await run('npx', ['strongroom', '--version'], { cwd: home })

    assert.equal(stdout.trim(), JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
  })

  test('runs a command with secrets, and ends as it ends', { skip }, async () => {
    const script = 'console.log(process.env.DB_PASSWORD); process.exit(7)'
    const words = ['strongroom', 'run', '--mask', '--', process.execPath, '-e', script]

    const ended = await run('npx', words, { cwd: home, env }).catch((error) => error)

    assert.deepEqual([ended.code, ended.stdout], [7, '***\n'], ended.stderr)
  })

  test('is a client for JavaScript and, with its types, for TypeScript', { skip }, async () => {
    const source = `import { type Secret, Strongroom } from 'strongroom/client'
      const { secrets } = new Strongroom({ url: '${api.url}', apiKey: '${api.key}' })
      const found: Secret = await secrets.getByName('db-password')
      console.log(found.value)
      // @ts-expect-error: an id is a number
      await secrets.get('1').catch(() => {})
      `
    writeFileSync(join(home, 'app.mts'), source)
    const options = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom', '--types', '']

    const { code, stdout } = await compile(home, ...options, 'app.mts')

    assert.deepEqual([code, stdout], [0, ''])
    assert.equal((await run(process.execPath, ['app.mjs'], { cwd: home })).stdout, 'planted-5ecret\n')
  })
})
