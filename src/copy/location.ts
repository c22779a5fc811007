/** Where a whole store is: opened to be read as it is at one moment, or to be filled while it is empty. */
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { databaseUrlFault } from '../database-url.ts'
import { invalid } from '../errors.ts'
import type { Filling, Snapshot } from '../store/dump/dump.ts'
import { fillSqlite, readCopyOfSqlite, readSqlite } from '../store/dump/sqlite.ts'
import { noFolder, refuseUnlessThere, type StoreLocation, sqlitePath } from '../store/location.ts'
import { lockDataDir, lockPath } from '../store/lock.ts'

export type { StoreLocation } from '../store/location.ts'

/**
 * Reads `sqlite:FOLDER` or `postgres://…`.
 *
 * @param dataDir for a PostgreSQL store: where its node keeps a root key that it has made
 * @throws Refusal `invalid` naming the option
 */
export function parseLocation(text: string, option: string, dataDir: string): StoreLocation {
  if (/^postgres(ql)?:/.test(text)) {
    const fault = databaseUrlFault(text)
    if (fault !== undefined) throw invalid(option, `The URL ${fault}.`)
    return { dataDir, databaseUrl: text }
  }
  const [, folder] = /^sqlite:(.+)$/.exec(text) ?? []
  if (folder === undefined) throw invalid(option, 'Must be sqlite:FOLDER or begin with postgres://.')
  return { dataDir: resolve(folder), databaseUrl: undefined }
}

/** Its client is loaded where there is something to ask it. */
const postgres = () => import('../store/dump/postgres.ts')

export async function readStoreAt({ dataDir, databaseUrl }: StoreLocation): Promise<Snapshot> {
  if (databaseUrl !== undefined) return (await postgres()).readPostgres(databaseUrl)
  refuseUnlessThere({ dataDir, databaseUrl })
  return readSqlite(sqlitePath(dataDir))
}

/**
 * The same, for whoever may be slow, beside a server that goes on writing.
 *
 * @throws Refusal `storage_full` when there is no room for a copy of a SQLite file beside it
 */
export async function readBusyStoreAt({ dataDir, databaseUrl }: StoreLocation): Promise<Snapshot> {
  if (databaseUrl !== undefined) return (await postgres()).readPostgres(databaseUrl)
  refuseUnlessThere({ dataDir, databaseUrl })
  return readCopyOfSqlite(sqlitePath(dataDir))
}

/**
 * What is not committed leaves nothing behind, also when the process ends before it is closed.
 *
 * @throws Refusal `invalid` when there is something already, or a server uses the folder
 */
export async function fillStoreAt({ dataDir, databaseUrl }: StoreLocation): Promise<Filling> {
  if (databaseUrl !== undefined) return (await postgres()).fillPostgres(databaseUrl)
  const path = sqlitePath(dataDir)
  const [wasThere, wasLocked] = [path, lockPath(dataDir)].map((one) => existsSync(one))
  const { unlock, madeFolder } = takeFolder(dataDir)
  const undo = () => {
    if (!wasThere) for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
    if (!wasLocked) rmSync(lockPath(dataDir), { force: true })
    if (madeFolder !== undefined) rmSync(madeFolder, { recursive: true, force: true })
  }
  process.once('exit', undo)
  const end = (isFilled: boolean) => {
    process.removeListener('exit', undo)
    unlock()
    if (!isFilled) undo()
  }
  try {
    const filling = await fillSqlite(path)
    let isFilled = false
    return {
      ...filling,
      commit: async () => {
        await filling.commit()
        isFilled = true
      },
      close: () => filling.close().finally(() => end(isFilled)),
    }
  } catch (error) {
    end(false)
    throw error
  }
}

/**
 * Makes sure that no server writes to a SQLite store, and that none begins to. Nodes on PostgreSQL cannot be kept away.
 *
 * @returns what lets go of it
 */
export function takeStoreAt({ dataDir, databaseUrl }: StoreLocation): () => void {
  if (databaseUrl !== undefined) return () => {}
  refuseUnlessThere({ dataDir, databaseUrl })
  return lockDataDir(dataDir)
}

/** @returns the topmost folder that was made, too */
function takeFolder(dataDir: string): { readonly unlock: () => void; readonly madeFolder: string | undefined } {
  if (existsSync(dataDir) && !statSync(dataDir).isDirectory()) throw noFolder(dataDir)
  const madeFolder = mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  return { unlock: lockDataDir(dataDir), madeFolder }
}
