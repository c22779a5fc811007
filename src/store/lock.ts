/** One server at a time owns a data folder: a lock of the operating system, which dies with its process. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Refusal } from '../errors.ts'

/** The file that is locked. */
export function lockPath(dataDir: string): string {
  return join(dataDir, 'server.lock')
}

/**
 * Takes the lock. It is an exclusive transaction on a SQLite file of its own, because Node has no `flock` and SQLite
 * does locking right on every platform; a killed server leaves nothing behind.
 *
 * @returns what lets go of it
 * @throws Refusal `invalid` when another server has it
 */
export function lockDataDir(dataDir: string): () => void {
  let lock: DatabaseSync
  try {
    lock = new DatabaseSync(lockPath(dataDir))
  } catch (error) {
    throw new Refusal('invalid', `The data folder ${dataDir} cannot be written to.`, { cause: error })
  }
  try {
    lock.exec('pragma busy_timeout = 0; begin exclusive')
  } catch (error) {
    lock.close()
    throw new Refusal(
      'invalid',
      `Another Strongroom server uses the data folder ${dataDir}. Stop it first, or set STRONGROOM_DATA_DIR to another folder.`,
      { cause: error },
    )
  }
  return () => lock.close()
}

/** Whether somebody has the lock. Nothing is made to find out. */
export function isServed(dataDir: string): boolean {
  if (!existsSync(lockPath(dataDir))) return false
  try {
    lockDataDir(dataDir)()
    return false
  } catch {
    return true
  }
}
