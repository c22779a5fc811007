/** Many rows at once, past the server: for tests and measurements of what it reads of them. */
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Client, type Connection, type Submittable } from 'pg'
import { numbered, type Query } from '../../src/store/sql.ts'
import { packTexts, unpackTexts } from '../../src/store/sqlite/pack.ts'
import type { NamedRow } from '../../src/store/tables/field.ts'
import type { Place } from './engines.ts'

/** A connection of one's own, by which plans can be asked for. */
export interface Database {
  readonly dialect: 'sqlite' | 'postgres'
  query(query: Query): Promise<readonly NamedRow[]>
  /** How the database goes about a statement, and the rows that it looks at, where it counts them. */
  explain(query: Query): Promise<{ readonly text: string; readonly rows: number | undefined }>
  insert(table: string, rows: readonly NamedRow[]): Promise<void>
  close(): Promise<void>
}

/** What `pg` has for those who copy, and its types leave out. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Uint8Array): void
  endCopyFrom(): void
}

export function connect(place: Place): Promise<Database> {
  return place.databaseUrl === undefined ? Promise.resolve(ofSqlite(place)) : ofPostgres(place.databaseUrl)
}

function ofSqlite({ dataDir }: Place): Database {
  const database = new DatabaseSync(join(dataDir, 'strongroom.db'), { timeout: 5000 })
  database.exec('pragma synchronous = 0; pragma cache_size = -262144')
  const all = (text: string, parameters: readonly unknown[]) =>
    database.prepare(text).all(...(parameters as SQLInputValue[])) as NamedRow[]
  return {
    dialect: 'sqlite',
    query: async ({ sql, parameters, inTexts }) =>
      inTexts === undefined
        ? all(sql, parameters)
        : unpackTexts(packTexts(database.prepare(sql), parameters as SQLInputValue[]), inTexts),
    explain: async ({ sql, parameters }) => {
      const steps = all(`explain query plan ${sql}`, parameters)
      return { text: steps.map(({ detail }) => detail).join('\n'), rows: undefined }
    },
    insert: async (table, rows) => {
      const [first = {}] = rows
      const names = Object.keys(first)
      const text = `insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`
      const statement = database.prepare(text)
      database.exec('begin')
      for (const row of rows) statement.run(...(Object.values(row) as SQLInputValue[]))
      database.exec('commit')
    },
    close: async () => database.close(),
  }
}

async function ofPostgres(url: string): Promise<Database> {
  const client = new Client(url)
  await client.connect()
  await client.query('set synchronous_commit = off')
  const ask = async ({ sql, parameters }: Query) =>
    (await client.query<NamedRow>(numbered(sql), [...parameters])).rows.map(plain)
  // To look at a table takes longer than to fill a part of it: again when it has become twice as large.
  const sizes = new Map<string, { held: number; known: number }>()
  return {
    dialect: 'postgres',
    query: ask,
    explain: async (query) => {
      const [{ 'QUERY PLAN': plans } = {}] = await ask({ ...query, sql: `explain (analyze, format json) ${query.sql}` })
      const [{ Plan: plan }] = plans as unknown as readonly [{ readonly Plan: Plan }]
      return { text: JSON.stringify(plan), rows: rowsOf(plan) }
    },
    insert: async (table, rows) => {
      const { held = 0, known = 0 } = sizes.get(table) ?? {}
      const size = { held: held + rows.length, known }
      sizes.set(table, size)
      await copyIn(client, table, rows)
      if (size.held <= 2 * known) return
      await client.query(`analyze ${table}`)
      size.known = size.held
    },
    close: () => client.end(),
  }
}

/** By `COPY`, which takes half of what it takes to insert them. */
function copyIn(client: Client, table: string, rows: readonly NamedRow[]): Promise<void> {
  const text = rows.map((row) => `${Object.values(row).map(copied).join('\t')}\n`).join('')
  return new Promise((resolve, reject) => {
    let fault: Error | undefined
    client.query({
      submit: (connection: Connection) =>
        connection.query(`copy ${table} (${Object.keys(rows[0] ?? {}).join(', ')}) from stdin`),
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(Buffer.from(text))
        connection.endCopyFrom()
      },
      handleCommandComplete: () => {},
      handleError: (error: Error) => {
        fault = error
      },
      handleReadyForQuery: () => (fault === undefined ? resolve() : reject(fault)),
    } as Submittable)
  })
}

/** As its text format has it. */
function copied(value: unknown): string {
  if (value === null || value === undefined) return '\\N'
  if (value instanceof Uint8Array) return `\\\\x${Buffer.from(value).toString('hex')}`
  return String(value).replaceAll(/[\\\t\n\r]/g, (one) => `\\${copyLetters[one] ?? one}`)
}

const copyLetters: Readonly<Record<string, string>> = { '\t': 't', '\n': 'n', '\r': 'r' }

/** Numbers as the store takes them. */
function plain(row: NamedRow): NamedRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && /^-?\d{1,15}$/.test(value) && !/name|tag|filename/.test(name)
        ? Number(value)
        : value,
    ]),
  )
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

/** Rows that scans give, and those that they leave out. */
function rowsOf(plan: Plan): number {
  const own = plan['Node Type'].includes('Scan') && !/CTE|Subquery|WorkTable/.test(plan['Node Type'])
  const looked = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
  return (own ? looked : 0) + (plan.Plans ?? []).reduce((sum, part) => sum + rowsOf(part), 0)
}
