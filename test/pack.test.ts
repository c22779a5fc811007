/** The package as it is published: compiled, without the sources, and able to serve. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, globSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { listening } from './support/child.ts'
import { makeFolder } from './support/engines.ts'

const root = join(import.meta.dirname, '..')

test('the packed package serves the API from compiled code alone', async (t) => {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const installed = pack(folder)
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

/** Packs a copy of the tree and unpacks it beside its dependencies. */
function pack(folder: string): string {
  const copy = join(folder, 'copy')
  for (const part of ['bin', 'src', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: copy, stdio: 'ignore' })
  execFileSync('tar', ['-xzf', globSync('*.tgz', { cwd: folder }).join(), '-C', folder], { cwd: folder })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'package')
}
