/** Raw access to a store's tables, behind the server's back: what an attacker or a fault of the disk can do. */
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Client } from 'pg'
import type { Place } from './engines.ts'

export type Row = Record<string, string | number | bigint | Uint8Array | null>

/** Runs one statement with `?` for each parameter, and gives its rows. */
export async function query(place: Place, text: string, ...parameters: SQLInputValue[]): Promise<Row[]> {
  if (place.databaseUrl === undefined) return querySqlite(place, text, parameters)
  const client = new Client(place.databaseUrl)
  await client.connect()
  try {
    let count = 0
    const { rows } = await client.query<Row>(
      text.replaceAll('?', () => `$${++count}`),
      parameters,
    )
    return rows
  } finally {
    await client.end()
  }
}

function querySqlite({ dataDir }: Place, text: string, parameters: SQLInputValue[]): Row[] {
  const database = new DatabaseSync(join(dataDir, 'strongroom.db'), { timeout: 5000 })
  try {
    return database.prepare(text).all(...parameters) as Row[]
  } finally {
    database.close()
  }
}
