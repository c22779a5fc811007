/** The stores that every behaviour is tested on. */
import { randomBytes } from 'node:crypto'
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { sqlitePath } from '../../src/store/location.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import './cost.ts'

export interface Place {
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  /** Removes it. */
  clear(): Promise<void>
}

export interface TestEngine {
  readonly name: 'SQLite' | 'PostgreSQL'
  /** Why its tests cannot run here, or `false`: what `node:test` takes as `skip`. */
  readonly skip: string | false
  /** An empty place for a store. */
  makePlace(): Promise<Place>
  /** A place with the schema alone, copied from one that was migrated once: a server makes its store in it sooner. */
  makeMigratedPlace(): Promise<Place>
  /** A place with all that another has, which nobody uses meanwhile. */
  copyPlace(from: Place): Promise<Place>
}

/** A database with the schema and nothing else, which `npm test` makes once for all files. */
const template = process.env['STRONGROOM_TEST_TEMPLATE']

let migratedFile: string | undefined

/** The same as a file, made when it is first needed. */
function migrated(): string {
  if (migratedFile === undefined) {
    const folder = makeFolder()
    process.once('exit', () => removeFolder(folder))
    migratedFile = sqlitePath(folder)
    openDatabase(migratedFile, true).close()
  }
  return migratedFile
}

const serverUrl = process.env['STRONGROOM_TEST_DATABASE_URL']

const howToGetPostgres =
  'No PostgreSQL: install its server (Debian: apt-get install postgresql) or set STRONGROOM_TEST_DATABASE_URL.'

const sqlite: TestEngine = {
  name: 'SQLite',
  skip: false,
  makePlace: async () => {
    const dataDir = makeFolder()
    return { dataDir, databaseUrl: undefined, clear: async () => removeFolder(dataDir) }
  },
  makeMigratedPlace: async () => {
    const place = await sqlite.makePlace()
    copyFileSync(migrated(), sqlitePath(place.dataDir))
    return place
  },
  copyPlace: async (from) => {
    const place = await sqlite.makePlace()
    cpSync(from.dataDir, place.dataDir, { recursive: true })
    return place
  },
}

const postgres: TestEngine = {
  name: 'PostgreSQL',
  skip: serverUrl === undefined ? howToGetPostgres : false,
  makePlace: () => makeDatabase(),
  makeMigratedPlace: () => makeDatabase(template),
  copyPlace: async (from) => {
    const place = await makeDatabase(new URL(from.databaseUrl ?? '').pathname.slice(1))
    cpSync(from.dataDir, place.dataDir, { recursive: true })
    return place
  },
}

async function makeDatabase(from?: string): Promise<Place> {
  const dataDir = makeFolder()
  const name = `strongroom_${randomBytes(8).toString('hex')}`
  await onServer(`create database ${name}${from === undefined ? '' : ` template ${from} strategy file_copy`}`)
  const url = new URL(serverUrl ?? '')
  url.pathname = `/${name}`
  return {
    dataDir,
    databaseUrl: url.href,
    clear: async () => {
      await onServer(`drop database if exists ${name} with (force)`)
      removeFolder(dataDir)
    },
  }
}

interface Administrator {
  readonly client: Client
  readonly socket: Socket
}

let administrator: Promise<Administrator> | undefined
let asked = 0

/** All databases of a process are made and dropped over one connection, which does not keep the process from ending. */
async function onServer(statement: string): Promise<void> {
  administrator ??= connected()
  asked++
  const { client, socket } = await administrator
  socket.ref()
  await client.query(statement).finally(() => {
    if (--asked === 0) socket.unref()
  })
}

async function connected(): Promise<Administrator> {
  const socket = new Socket()
  const client = new Client({ connectionString: serverUrl, stream: () => socket })
  client.on('error', () => {
    administrator = undefined
  })
  await client.connect()
  return { client, socket }
}

export const engines: readonly TestEngine[] = [sqlite, postgres]

/** An empty folder for a test's files. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'strongroom-test-'))
}

function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
}
