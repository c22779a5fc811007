/**
 * `npm run pack:client`: builds, and packs the client alone as `strongroom-client`, which depends on nothing.
 * `npm run pack:client -- FOLDER` puts the tarball there instead of here.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildClient } from './build.ts'

const root = join(import.meta.dirname, '..')
const destination = resolve(process.argv[2] ?? '.')
buildClient()

const folder = mkdtempSync(join(tmpdir(), 'strongroom-client-'))
try {
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const manifest = {
    name: 'strongroom-client',
    version,
    description: 'A typed client for Strongroom, for every runtime that has fetch.',
    license,
    type: 'module',
    sideEffects: false,
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    files: ['dist'],
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  cpSync(join(root, 'dist', 'client'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', destination]
  execFileSync('npm', pack, { cwd: folder, stdio: 'inherit' })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
