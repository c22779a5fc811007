/** Writes a file where there is none: whole, or not at all. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../error-code.ts'
import { Fault } from './output.ts'
import { reasonOf } from './system.ts'

/**
 * Never into a file that is there, whose readers are not known.
 *
 * @param otherwise what to do when it is there
 * @throws Fault `conflict`, `failure`
 */
export function writeNew(path: string, bytes: Buffer, mode: number, otherwise: string): void {
  let isNew: boolean
  try {
    isNew = placeNew(path, bytes, mode)
  } catch (error) {
    throw new Fault('failure', `${path} cannot be written: ${reasonOf(error)}.`)
  }
  if (!isNew) throw new Fault('conflict', `${path} is there already. ${otherwise}`)
}

/**
 * Whoever looks for it at the same moment finds nothing or all of it, and what cuts this off leaves nothing under its name.
 *
 * @returns whether it was written; otherwise there is one already
 * @throws what the system says
 */
export function placeNew(path: string, bytes: Buffer, mode: number): boolean {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}`)
  try {
    writeWhole(temporary, bytes, mode)
    return isDone(() => linkSync(temporary, path)) ?? isDone(() => writeWhole(path, bytes, mode)) === true
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** @returns whether it is done, and not there already; nothing where this file system has no links */
function isDone(work: () => void): boolean | undefined {
  try {
    work()
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST') return false
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(String(code))) return undefined
    throw error
  }
}

function writeWhole(path: string, bytes: Buffer, mode: number): void {
  const file = openSync(path, 'wx', mode)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}
