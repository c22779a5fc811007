/** Where a whole store is: opened to be read as it is at one moment, or to be filled while it is empty. */
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { databaseUrlFault } from '../database-url.ts'
import { invalid } from '../errors.ts'
import type { Filling, Snapshot } from '../store/dump/dump.ts'
import { fillPostgres, readPostgres } from '../store/dump/postgres.ts'
import { fillSqlite, readSqlite } from '../store/dump/sqlite.ts'
import { lockDataDir } from '../store/lock.ts'
import { sqlitePath } from '../store/open.ts'

export type Place = Pick<Config, 'dataDir' | 'databaseUrl'>

/**
 * Reads `sqlite:FOLDER` or `postgres://…`.
 *
 * @param dataDir for a PostgreSQL store: where its node keeps a root key that it has made
 * @throws Refusal `invalid` naming the option
 */
export function parsePlace(text: string, option: string, dataDir: string): Place {
  if (/^postgres(ql)?:/.test(text)) {
    const fault = databaseUrlFault(text)
    if (fault !== undefined) throw invalid(option, `The URL ${fault}.`)
    return { dataDir, databaseUrl: text }
  }
  const [, folder] = /^sqlite:(.+)$/.exec(text) ?? []
  if (folder === undefined) throw invalid(option, 'Must be sqlite:FOLDER or begin with postgres://.')
  return { dataDir: resolve(folder), databaseUrl: undefined }
}

export async function readPlace({ dataDir, databaseUrl }: Place): Promise<Snapshot> {
  return databaseUrl === undefined ? readSqlite(sqlitePath(dataDir)) : readPostgres(databaseUrl)
}

/** @throws Refusal `invalid` when there is something already, or a server uses the folder */
export async function fillPlace({ dataDir, databaseUrl }: Place): Promise<Filling> {
  if (databaseUrl !== undefined) return fillPostgres(databaseUrl)
  const unlock = takeFolder(dataDir)
  try {
    const filling = await fillSqlite(sqlitePath(dataDir))
    return { ...filling, close: () => filling.close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

/**
 * Makes sure that no server writes to a SQLite store, and that none begins to. Nodes on PostgreSQL cannot be kept away.
 *
 * @returns what lets go of it
 */
export function takePlace({ dataDir, databaseUrl }: Place): () => void {
  return databaseUrl === undefined ? lockDataDir(dataDir) : () => {}
}

function takeFolder(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  return lockDataDir(dataDir)
}
