/** The files that are searched: all below a folder, but what git keeps for itself, links, and what is ignored. */
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join, matchesGlob, normalize } from 'node:path'
import { codeOf } from '../error-code.ts'
import { complain, Fault } from './output.ts'
import { reasonOf } from './system.ts'

const chunkBytes = 2 ** 20

export interface Walk {
  /** Globs of paths that are left out. */
  readonly ignored: readonly string[]
  /** Told of what could not be read. */
  readonly onTrouble: () => void
}

/** @throws Fault `usage` for a path that is not there */
export function* filesBelow(path: string, walk: Walk): Generator<string> {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new Fault('usage', `${path} is not there.`)
  if (found.isDirectory()) yield* filesIn(normalize(path), walk)
  else yield path
}

function* filesIn(folder: string, walk: Walk): Generator<string> {
  let names: readonly string[] = []
  try {
    names = readdirSync(folder).sort()
  } catch (error) {
    trouble(folder, error, walk)
  }
  for (const name of names) {
    const path = join(folder, name)
    if (name === '.git' || isIgnored(path, walk.ignored)) continue
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) yield* filesIn(path, walk)
    else if (found?.isFile()) yield path
  }
}

/** Whether a glob fits the path, or what a path ends with. */
export function isIgnored(path: string, ignored: readonly string[]): boolean {
  return ignored.some((glob) => matchesGlob(path, glob) || matchesGlob(path, `**/${glob}`))
}

/** Reads a file piece by piece. */
export function readPieces(path: string, take: (bytes: Buffer) => void, walk: Walk): void {
  try {
    let total = 0
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      for (;;) {
        const bytes = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(size - total, 0) + 1))
        const length = readSync(file, bytes)
        if (length === 0) return
        take(bytes.subarray(0, length))
        total += length
      }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    trouble(path, error, walk)
  }
}

function trouble(path: string, error: unknown, { onTrouble }: Walk): void {
  if (codeOf(error) === undefined) throw error
  complain(`${path} cannot be read: ${reasonOf(error)}.`)
  onTrouble()
}
