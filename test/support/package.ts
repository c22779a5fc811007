/** The packages as they are published, packed from a copy of the tree. */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const parts = ['bin', 'src', 'scripts', 'LICENSE', 'package.json']
const projects = ['tsconfig.json', 'tsconfig.client.json']

/**
 * Packs the server or the client alone and unpacks it.
 *
 * @returns the unpacked package, below `folder`
 */
export function pack(folder: string, what: 'server' | 'client'): string {
  const copy = join(folder, `${what}-copy`)
  for (const part of [...parts, ...projects]) cpSync(join(root, part), join(copy, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const packed = join(folder, what)
  mkdirSync(packed)
  const command =
    what === 'server' ? ['pack', '--silent', '--pack-destination', packed] : ['run', '--silent', 'pack:client', packed]
  execFileSync('npm', command, { cwd: copy, stdio: 'ignore' })
  execFileSync('tar', ['-xzf', globSync('*.tgz', { cwd: packed }).join(), '-C', packed], { cwd: packed })
  return join(packed, 'package')
}
