/** A copy of a part of the tree, which may be changed: others look at the sources themselves meanwhile. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from './engines.ts'

const root = join(import.meta.dirname, '..', '..')

/**
 * @param parts files and folders, by their paths from the root
 * @returns a folder with them, with the packages that they need
 */
export function copyTree(parts: readonly string[]): string {
  const tree = makeFolder()
  for (const part of [...parts, 'package.json']) cpSync(join(root, part), join(tree, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  return tree
}

/** Has the compiler look at a folder of a copy, with the settings of the sources. */
export function writeSettings(tree: string, folder: string): void {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'))
  writeFileSync(join(tree, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: [folder] }))
}
