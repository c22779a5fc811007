/** Where a store is: what is said when there is none, and how a SQLite file is looked for without making anything. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { readDatabaseUrl } from '../database-url.ts'
import { Refusal } from '../errors.ts'

export interface StoreLocation {
  readonly databaseUrl: string | undefined
  readonly dataDir: string
}

/** The SQLite file in a data folder. */
export function sqlitePath(dataDir: string): string {
  return join(dataDir, 'strongroom.db')
}

/** As it is called before people. */
export function storeName({ databaseUrl, dataDir }: StoreLocation): string {
  return databaseUrl === undefined ? `the data folder ${dataDir}` : `the ${readDatabaseUrl(databaseUrl).place}`
}

/** Says where it was looked for. */
export function noStore(location: StoreLocation): Refusal {
  const text = `There is no store in ${storeName(location)}, and nothing was made.`
  const hint = 'Give this command the settings of the server (STRONGROOM_DATA_DIR, STRONGROOM_DATABASE_URL).'
  return new Refusal('not_found', `${text} ${hint} A new store is made by "strongroom serve".`)
}

export function noFolder(path: string): Refusal {
  return new Refusal('invalid', `The data folder ${path} (STRONGROOM_DATA_DIR) is no folder.`)
}

/** @throws Refusal `not_found` for a data folder without the file of a store, `invalid` for what is no folder */
export function refuseUnlessThere(location: StoreLocation): void {
  const folder = statSync(location.dataDir, { throwIfNoEntry: false })
  if (folder?.isDirectory() === false) throw noFolder(location.dataDir)
  if (statSync(sqlitePath(location.dataDir), { throwIfNoEntry: false }) === undefined) throw noStore(location)
}
