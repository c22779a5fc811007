/** What a table's definition must hold: rows as they always were, and the schema as migrations make it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Kind, Value } from '../../src/store/tables/field.ts'
import type { Table, TableOf } from '../../src/store/tables/table.ts'
import { query } from '../support/database.ts'
import type { Place } from '../support/engines.ts'

interface Vector {
  readonly row: Readonly<Record<string, Value>>
  readonly model?: Readonly<Record<string, unknown>>
  readonly text?: string
}

interface Vectors {
  readonly name: string
  readonly isOfKeys: boolean
  readonly keyLength: number
  readonly since: string
  readonly columns: readonly (readonly [string, string])[]
  readonly added: Readonly<Record<string, { readonly by: string; readonly value: Value }>>
  readonly rows: readonly Vector[]
}

const { tables: vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/rows.json'), 'utf8'),
  (_, value) => (typeof value?.hex === 'string' ? new Uint8Array(Buffer.from(value.hex, 'hex')) : value),
) as { readonly tables: readonly Vectors[] }

/** The schema that the vectors are of. */
const schema = '0015-addresses-within-accounts'

/** The tables of then, in the order of backups. */
export const namesOfThen = vectors.map(({ name }) => name)

/** Whether a table is of then. */
export function isOfThen({ since }: Table): boolean {
  return since <= schema
}

/** Rows of then mean what they always meant, and so do their MACs: a table that came later has none. */
export function assertRows(table: TableOf<unknown>): void {
  const older = Object.fromEntries(Object.entries(table.added).map(([column, { value }]) => [column, value]))
  const names = Object.keys(table.columns)
  for (const { row, model, text } of vectorsOf(table)?.rows ?? []) {
    const read = table.read({ ...older, ...row }) as Record<string, unknown>
    const written = table.write(read)

    const flat = table.name === 'audit' ? { ...(model?.['record'] as object), head: model?.['head'] } : (model ?? {})
    assert.deepEqual(Object.fromEntries(Object.keys(flat).map((field) => [field, read[field]])), flat, table.name)
    assert.deepEqual(Object.fromEntries(names.map((column, at) => [column, written[at]])), { ...older, ...row })
    if (text !== undefined) assert.equal(table.text(read as never), text)
  }
}

/** The columns of backups stand in the order of backups, with what older ones lack. */
export function assertOrder(table: Table): void {
  const of = vectorsOf(table)
  if (of === undefined) {
    assert.ok(table.since > schema, `${table.name}: says since when it is there`)
    return
  }
  const { name, columns, keyLength, isOfKeys, since, added } = of
  const all = Object.entries(table.columns)
  assert.deepEqual(all.slice(0, columns.length), columns, `${name}: new columns come at the end`)
  for (const [column] of all.slice(columns.length)) {
    assert.ok((table.added[column]?.by ?? '') > schema, `${name}.${column}: says since when, and what older rows have`)
  }
  assert.deepEqual([table.keyLength, table.holdsKeys, table.since], [keyLength, isOfKeys, since], name)
  const older = Object.entries(table.added).filter(([, { by }]) => by <= schema)
  assert.deepEqual(Object.fromEntries(older), added, name)
}

function vectorsOf(table: Table): Vectors | undefined {
  return vectors.find(({ name }) => name === table.name)
}

/** A line for each column of a table, and one for each key. */
export function linesOf({ name, columns, keyLength, unique }: Table): string[] {
  const key = Object.keys(columns).slice(0, keyLength)
  return [
    ...Object.entries(columns).map(([column, kind]) => `${name} ${column} ${kind}`),
    `${name} primary key ${key.join(' ')}`,
    ...unique.map((one) => `${name} unique ${one.join(' ')}`),
  ].sort()
}

/** The same of a store. */
export async function schemaOf(place: Place): Promise<string[]> {
  const isSqlite = place.databaseUrl === undefined
  const columns = await query(place, isSqlite ? sqliteColumns : postgresColumns)
  const keys = await query(place, isSqlite ? sqliteKeys : postgresKeys)
  return (
    [
      ...columns.map(
        ({ table, column, type, nullable }) => `${table} ${column} ${kindOf(String(type), Number(nullable))}`,
      ),
      ...keys.map(({ table, kind, columns: names }) => `${table} ${kind} ${names}`),
    ]
      // The schema's own, and what the database keeps in step with its rows as it does an index.
      .filter((line) => !/^(migrations|secret_tags|sqlite_\w+) /.test(line))
      .sort()
  )
}

function kindOf(type: string, nullable: number): string {
  const kinds: Readonly<Record<string, Kind>> = { bigint: 'integer', blob: 'bytes', bytea: 'bytes' }
  return `${kinds[type.toLowerCase()] ?? type.toLowerCase()}${nullable === 1 ? '?' : ''}`
}

const sqliteColumns = `select m.name as "table", c.name as "column", c.type,
    case when c."notnull" = 1 or c.pk > 0 then 0 else 1 end as nullable
  from sqlite_schema m join pragma_table_info(m.name) c where m.type = 'table'`

const postgresColumns = `select table_name as "table", column_name as "column", data_type as type,
    case when is_nullable = 'YES' then 1 else 0 end as nullable
  from information_schema.columns where table_schema = 'public'`

const sqliteKeys = `
  select m.name as "table", 'primary key' as kind, (select group_concat(name, ' ') from
    (select name from pragma_table_info(m.name) where pk > 0 order by pk)) as columns
  from sqlite_schema m where m.type = 'table'
  union all
  select m.name, 'unique', (select group_concat(name, ' ') from (select name from pragma_index_info(i.name) order by seqno))
  from sqlite_schema m join pragma_index_list(m.name) i where m.type = 'table' and i."unique" = 1 and i.origin <> 'pk'`

const postgresKeys = `
  select c.relname as "table", case when i.indisprimary then 'primary key' else 'unique' end as kind,
    (select string_agg(a.attname, ' ' order by k.at) from unnest(i.indkey) with ordinality k (column_number, at)
      join pg_attribute a on a.attrelid = c.oid and a.attnum = k.column_number) as columns
  from pg_index i join pg_class c on c.oid = i.indrelid
  where c.relnamespace = 'public'::regnamespace and i.indisunique`
