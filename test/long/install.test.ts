/** The ways onto a PATH, each in an empty place: the tarball without npm or Node.js, and npm into a prefix of its own. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { packCommand } from '../../scripts/pack-command.ts'
import { listening } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { pack } from '../support/package.ts'
import { startServer } from '../support/server.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

function emptyFolder(t: TestContext): string {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Reads a value with what is found as `strongroom` on the PATH, and nothing of the tests' own Node.js. */
async function readsWith(t: TestContext, bin: string, folder: string): Promise<void> {
  const [engine = assert.fail()] = engines
  const server = await startServer(t, engine)
  await server.api.post('/v3/secrets', { name: 'db-password', value: 's3cur3' })
  const env = {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: folder,
    STRONGROOM_URL: server.url,
    STRONGROOM_API_KEY: server.api.key,
  }

  const { stdout } = await run('sh', ['-c', 'strongroom secrets get db-password'], { cwd: folder, env })
  assert.equal(stdout, 's3cur3')
  const { stdout: help } = await run('sh', ['-c', 'strongroom help run'], { cwd: folder, env })
  assert.match(help, /^Usage: strongroom run/)
}

suite('strongroom on a PATH', () => {
  test('from the tarball: the command, by a link, and the server', async (t) => {
    const folder = emptyFolder(t)
    const { path } = await packCommand(folder)
    await run('tar', ['-xzf', path, '-C', folder])
    const home = path.replace(/\.tar\.gz$/, '')
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    symlinkSync(join(home, 'strongroom'), join(bin, 'strongroom'))

    await readsWith(t, bin, folder)

    const server = spawn(join(bin, 'strongroom'), ['serve'], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', STRONGROOM_LISTEN: '127.0.0.1:0' },
    })
    t.after(() => void server.kill('SIGKILL'))
    const child = await listening(server)
    for (const page of ['/portal/', '/docs', '/readyz']) assert.equal((await fetch(child.url + page)).status, 200, page)
    assert.deepEqual(await child.end('SIGTERM'), { code: 0, signal: null })
  })

  test('from npm, into an empty prefix', async (t) => {
    const folder = emptyFolder(t)
    pack(folder, 'server')
    const prefix = join(folder, 'prefix')
    // The place of the registry is a setting of whoever installs.
    const words = `npm install --global --prefix ${prefix} --no-audit --no-fund ${join(folder, 'server')}/*.tgz`
    await run('sh', ['-c', words], { cwd: root })

    await readsWith(t, join(prefix, 'bin'), folder)
  })
})
