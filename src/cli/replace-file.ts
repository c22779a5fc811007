/** Writes a file whole or not at all, for its owner alone unless told otherwise. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault } from './output.ts'

/**
 * Puts a file in the place of what is there, in one step that survives a loss of power. What is the same already is
 * left alone.
 *
 * @param mode which it has before anything is in it
 * @returns whether anything was written
 * @throws Fault `failure`
 */
export async function replaceFile(path: string, content: Buffer, mode: number): Promise<boolean> {
  try {
    if (await isSame(path, content, mode)) return false
    const folder = dirname(path)
    const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`)
    try {
      await write(temporary, content, mode)
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await flush(folder)
    return true
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault(
      'failure',
      `${path} cannot be written: ${error instanceof Error ? error.message : 'unknown error'}.`,
    )
  }
}

/** @throws Fault `usage` for what is no octal mode */
export function modeOf(text: string): number {
  const mode = Number.parseInt(text, 8)
  if (/^[0-7]{3,4}$/.test(text) && (mode & 0o7000) === 0) return mode
  throw new Fault('usage', '--mode must be such as 0600 or 640.')
}

async function isSame(path: string, content: Buffer, mode: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined || found.isSymbolicLink()) return false
  if (!found.isFile()) throw new Fault('usage', `${path} is no file that could be replaced.`)
  return (found.mode & 0o777) === mode && found.size === content.length && (await readFile(path)).equals(content)
}

async function write(path: string, content: Buffer, mode: number): Promise<void> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'wx', 0o600)
    await file.chmod(mode)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file?.close()
  }
}

async function flush(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const file = await open(folder, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
