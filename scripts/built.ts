/** Remembers of which sources a folder was built, so that it is built again when they have changed, and only then. */
import { createHash, hash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

const marks = join(root, 'node_modules/.cache/built')

export interface Building {
  /** The folder that is built. */
  readonly folder: string
  /** Patterns of what it is built of, below the root. A copy of the tree that is packed has no lock file. */
  readonly sources: readonly string[]
}

/** Builds a folder, and notes of what. */
export async function buildOf(building: Building, build: () => Promise<void>): Promise<void> {
  const sources = hashOf(building)
  await build()
  mkdirSync(marks, { recursive: true })
  writeFileSync(markOf(building), sources)
}

/** Whether a folder was built of its sources as they are now. */
export function isBuilt(building: Building): boolean {
  const mark = markOf(building)
  return existsSync(building.folder) && existsSync(mark) && readFileSync(mark, 'utf8') === hashOf(building)
}

/** Of the names and the content of all files that the patterns find. */
export function hashOf({ sources }: Pick<Building, 'sources'>): string {
  const digest = createHash('sha256')
  for (const path of globSync([...sources], { cwd: root }).sort()) {
    const file = join(root, path)
    if (statSync(file).isFile()) digest.update(`${path}\0${hash('sha256', readFileSync(file), 'hex')}\n`)
  }
  return digest.digest('hex')
}

function markOf({ folder }: Building): string {
  return join(marks, hash('sha256', folder, 'hex'))
}
