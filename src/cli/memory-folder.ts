/** A folder for its owner alone, in memory where the system has such a place, and gone when the process is. */
import { constants, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deadly } from './process.ts'
import { variable } from './process-env.ts'

export interface MemoryFolder {
  readonly path: string
  /** Whether it is kept in memory, and on no disk. */
  readonly isInMemory: boolean
  /** Removes it with all that is in it. */
  remove(): void
}

/** Types of file systems without a disk: tmpfs and ramfs. */
const inMemory: readonly number[] = [0x01021994, 0x858458f6]

/** Makes a folder that is removed when this process ends in any way that it can notice. */
export async function makeMemoryFolder(): Promise<MemoryFolder> {
  const place = await placeInMemory()
  const path = mkdtempSync(join(place ?? tmpdir(), 'strongroom-'))
  const take = () => rmSync(path, { recursive: true, force: true })
  process.once('exit', take)
  // Whoever made it ends in their own way; by default a signal would leave no time to remove it.
  for (const signal of deadly) process.on(signal, stay)
  return {
    path,
    isInMemory: place !== undefined,
    remove: () => {
      take()
      process.removeListener('exit', take)
      for (const signal of deadly) process.removeListener(signal, stay)
    },
  }
}

function stay(): void {}

/** @returns a folder of the system that is in memory, if there is one to write to */
export async function placeInMemory(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined
  for (const place of [variable('XDG_RUNTIME_DIR'), '/dev/shm']) {
    if (place !== undefined && (await isUsable(place))) return place
  }
  return undefined
}

async function isUsable(place: string): Promise<boolean> {
  try {
    await access(place, constants.W_OK | constants.X_OK)
    return inMemory.includes(statfsSync(place).type)
  } catch {
    return false
  }
}
