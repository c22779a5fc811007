/** The packages as they are published, packed from a copy of the tree. */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { makeFolder } from './engines.ts'

const root = join(import.meta.dirname, '..', '..')
const parts = ['bin', 'src', 'scripts', 'LICENSE', 'package.json']
const projects = ['tsconfig.json', 'tsconfig.client.json']

type What = 'server' | 'client'

/** A file's tests look at the same package: it is built and packed once. */
const tarballs = new Map<What, string>()

function tarballOf(what: What): string {
  const made = tarballs.get(what)
  if (made !== undefined) return made
  const folder = makeFolder()
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const copy = join(folder, 'copy')
  for (const part of [...parts, ...projects]) cpSync(join(root, part), join(copy, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const command =
    what === 'server' ? ['pack', '--silent', '--pack-destination', folder] : ['run', '--silent', 'pack:client', folder]
  execFileSync('npm', command, { cwd: copy, stdio: 'ignore' })
  const [tarball = ''] = globSync('*.tgz', { cwd: folder })
  tarballs.set(what, join(folder, tarball))
  return join(folder, tarball)
}

/**
 * Packs the server or the client alone and unpacks it.
 *
 * @returns the unpacked package, below `folder`, beside its tarball
 */
export function pack(folder: string, what: What): string {
  const packed = join(folder, what)
  mkdirSync(packed)
  const tarball = tarballOf(what)
  cpSync(tarball, join(packed, basename(tarball)))
  execFileSync('tar', ['-xzf', tarball, '-C', packed], { cwd: packed })
  return join(packed, 'package')
}
