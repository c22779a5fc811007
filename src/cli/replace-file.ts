/** Writes a file whole or not at all: it stays whose it was, and a new one is for its owner alone. */
import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readFile, readlink, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { codeOf } from '../error-code.ts'
import { complain, Fault } from './output.ts'
import { reasonOf } from './system.ts'

const ownerAlone = 0o600
/** As many as Linux follows. */
const maxLinks = 40

/** Where to write, once links are followed, and what is there. */
interface Target {
  readonly path: string
  readonly found: Stats | undefined
}

/**
 * Puts content in the place of what is there, in one step that survives a loss of power. The file keeps its owner, group
 * and mode; of a link what it leads to is replaced. What is the same already is left alone.
 *
 * @param mode which it has before anything is in it; if left out, that of what is there, or 0600
 * @returns whether anything was written
 * @throws Fault `failure`, `usage`
 */
export async function replaceFile(path: string, content: Buffer, mode?: number): Promise<boolean> {
  try {
    const target = await targetOf(path)
    const { found } = target
    const wanted = mode ?? (found === undefined ? ownerAlone : found.mode & 0o777)
    if (found !== undefined && (await isSame(target.path, found, content, wanted))) return false
    if (mode === undefined && (wanted & 0o007) !== 0) {
      complain(`Everybody on this computer may read ${path}: it keeps its mode, ${octal(wanted)}.`)
    }
    // Another name of a file, or what is mounted on it, would stay with the file that was.
    if (found !== undefined && found.nlink > 1) await writeInPlace(target.path, content, wanted)
    else await replace(target, content, wanted)
    return true
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('failure', `${path} cannot be written: ${reasonOf(error)}.`)
  }
}

/** @throws Fault `usage` for what is no octal mode */
export function modeOf(text: string): number {
  const mode = Number.parseInt(text, 8)
  if (/^[0-7]{3,4}$/.test(text) && (mode & 0o7000) === 0) return mode
  throw new Fault('usage', '--mode must be such as 0600 or 640.')
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** Follows links by itself, as a link may lead to a file that is not there yet. */
async function targetOf(given: string): Promise<Target> {
  let path = given
  for (let links = 0; links <= maxLinks; links++) {
    const found = await lstat(path).catch(whenAbsent)
    if (found === undefined) return { path, found }
    await refusePlanted(given, path, found)
    if (!found.isSymbolicLink()) {
      if (found.isFile()) return { path, found }
      throw new Fault('usage', `${given} is no file that could be replaced.`)
    }
    path = resolve(dirname(path), await readlink(path))
  }
  throw new Fault('usage', `${given} is a link that leads to itself.`)
}

/** In a folder for everybody, such as /tmp, somebody may have put a link or a file there that catches what is written. */
async function refusePlanted(given: string, path: string, { uid }: Stats): Promise<void> {
  if (process.getuid === undefined || uid === process.getuid()) return
  const folder = await lstat(await realpath(dirname(path)))
  const isForEverybody = (folder.mode & constants.S_IWOTH) !== 0
  if (!isForEverybody || uid === folder.uid) return
  throw new Fault(
    'usage',
    `${given} belongs to somebody else, in a folder that everybody may write to. Remove it first.`,
  )
}

function whenAbsent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined
  throw error
}

async function isSame(path: string, found: Stats, content: Buffer, mode: number): Promise<boolean> {
  if ((found.mode & 0o777) !== mode || found.size !== content.length) return false
  return (await readFile(path)).equals(content)
}

async function replace({ path, found }: Target, content: Buffer, mode: number): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}`)
  try {
    await writeNew(temporary, content, mode, found)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    // A file that is mounted, as into a container, can be written and not be replaced.
    if (found !== undefined && codeOf(error) === 'EBUSY') return writeInPlace(path, content, mode)
    throw error
  }
  await flush(folder)
}

async function writeNew(path: string, content: Buffer, mode: number, like: Stats | undefined): Promise<void> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'wx', ownerAlone)
    if (like !== undefined) await giveTo(file, like)
    await file.chmod(mode)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file?.close()
  }
}

/** @throws Fault `failure` where only the superuser may do so: a file of another owner could not be read by its reader */
async function giveTo(file: FileHandle, { uid, gid }: Stats): Promise<void> {
  const own = await file.stat()
  if (own.uid === uid && own.gid === gid) return
  try {
    await file.chown(uid, gid)
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error
    const whose = own.uid === uid ? `group ${gid}` : `user ${uid}`
    throw new Fault('failure', `The file belongs to ${whose}, and what replaces it would not. Write it as that user.`)
  }
}

/** What does not fit leaves what is there: what makes it longer is written first, and nothing is cut off before the end. */
async function writeInPlace(path: string, content: Buffer, mode: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const old = await file.readFile()
    await file.chmod(mode)
    try {
      await writeAt(file, content, Math.min(old.length, content.length), content.length)
      await writeAt(file, content, 0, Math.min(old.length, content.length))
      await file.truncate(content.length)
      await file.sync()
    } catch (error) {
      await writeAt(file, old, 0, old.length).catch(() => sayBroken(path))
      await file.truncate(old.length)
      throw error
    }
  } finally {
    await file.close()
  }
}

async function writeAt(file: FileHandle, content: Buffer, from: number, to: number): Promise<void> {
  for (let at = from; at < to; ) at += (await file.write(content, at, to - at, at)).bytesWritten
}

function sayBroken(path: string): void {
  complain(`${path} could be written neither anew nor as it was: what is in it now is of both.`)
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
