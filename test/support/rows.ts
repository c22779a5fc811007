/** Many rows at once, past the server: for tests and measurements of what it reads of them. */
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Client } from 'pg'
import { numbered, type Query } from '../../src/store/sql.ts'
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

export function connect(place: Place): Promise<Database> {
  return place.databaseUrl === undefined ? Promise.resolve(ofSqlite(place)) : ofPostgres(place.databaseUrl)
}

function ofSqlite({ dataDir }: Place): Database {
  const database = new DatabaseSync(join(dataDir, 'strongroom.db'), { timeout: 5000 })
  database.exec('pragma synchronous = 0')
  const all = (text: string, parameters: readonly unknown[]) =>
    database.prepare(text).all(...(parameters as SQLInputValue[])) as NamedRow[]
  return {
    dialect: 'sqlite',
    query: async ({ sql, parameters }) => all(sql, parameters),
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
  const ask = async ({ sql, parameters }: Query) =>
    (await client.query<NamedRow>(numbered(sql), [...parameters])).rows.map(plain)
  return {
    dialect: 'postgres',
    query: ask,
    explain: async (query) => {
      const [{ 'QUERY PLAN': plans } = {}] = await ask({ ...query, sql: `explain (analyze, format json) ${query.sql}` })
      const [{ Plan: plan }] = plans as unknown as readonly [{ readonly Plan: Plan }]
      return { text: JSON.stringify(plan), rows: rowsOf(plan) }
    },
    insert: async (table, rows) => {
      const names = Object.keys(rows[0] ?? {}).join(', ')
      const text = `insert into ${table} (${names}) select ${names} from jsonb_populate_recordset(null::${table}, $1)`
      const json = JSON.stringify(rows, (_, value) =>
        value?.type === 'Buffer' ? `\\x${Buffer.from(value.data).toString('hex')}` : value,
      )
      await client.query(text, [json])
      await client.query(`analyze ${table}`)
    },
    close: () => client.end(),
  }
}

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
