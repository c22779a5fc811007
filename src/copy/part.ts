/**
 * The two parts of a backup as text, one JSON value a line: keys (all wrapped) and values (all sealed), so that they can
 * be kept apart. Without either, the other is of no use; without the root key, both.
 *
 *   {"strongroom_backup":1,"part":"keys","backup":ID,"schema":…,"made_at":…,"root_keys":[NAME…]}     the last with the keys
 *   {"table":NAME}, then a row a line: an array of its values in the order of the columns, bytes in base64
 *   {"tables":{NAME:{"rows":…,"sha256":…}}}                                          the end; nothing follows
 *
 * The hash of a table is that of its lines, each with its line feed.
 */
import { createHash, type Hash } from 'node:crypto'
import { Refusal } from '../errors.ts'
import type { Filling, Row, Snapshot } from '../store/dump/dump.ts'
import { migrations } from '../store/migrations/migrations.ts'
import type { Kind, Value } from '../store/tables/field.ts'
import type { Table } from '../store/tables/table.ts'
import { tables } from '../store/tables/tables.ts'

export type PartName = 'keys' | 'values'

export interface PartHeader {
  readonly part: PartName
  /** Random; the same in both parts of a backup. */
  readonly backup: string
  /** The newest migration of the store. */
  readonly schema: string
  readonly madeAt: string
  /** In the part with the keys: what opens the store, by name. A backup of before does not say. */
  readonly rootKeys?: readonly string[]
}

/** What a table holds: how many rows, and the SHA-256 of their lines, hexadecimal. */
export interface Contents {
  readonly rows: number
  readonly sha256: string
}

export type Manifest = ReadonlyMap<string, Contents>

const format = 1
/** The schema of the first version: backups of older ones cannot be restored. */
const firstSchema = '0009-key-uses'
/** Above the line of the longest value: 16 MiB in base64, and its row. */
const maxLine = 24 * 2 ** 20
const insertRows = 500
/** Of the lines of those rows, about: one may be as long as all of them. */
const insertLength = 8 * 2 ** 20

export function tablesOf(part: PartName): readonly Table[] {
  return tables.filter(({ holdsKeys }) => holdsKeys === (part === 'keys'))
}

/** The lines of a part, many to a chunk. */
export async function* writePart(
  snapshot: Snapshot,
  header: PartHeader,
  onRows: (count: number) => void = () => {},
): AsyncGenerator<string> {
  const { part, backup, schema, madeAt, rootKeys } = header
  const first = { strongroom_backup: format, part, backup, schema, made_at: madeAt, root_keys: rootKeys }
  yield `${JSON.stringify(first)}\n`
  const contents: Record<string, Contents> = {}
  for (const table of tablesOf(part)) {
    yield `${JSON.stringify({ table: table.name })}\n`
    const count = new ContentsCounter()
    for await (const page of snapshot.rows(table)) {
      yield count.add(page)
      onRows(page.length)
    }
    contents[table.name] = count.contents()
  }
  yield `${JSON.stringify({ tables: contents })}\n`
}

/**
 * Fills a store with what a part holds.
 *
 * @param wanted the part it must be, of which backup; anything when `undefined`
 * @throws Refusal `invalid` when it is cut, changed, of another version or another backup
 */
export async function readPart(
  chunks: AsyncIterable<Uint8Array>,
  filling: Filling,
  wanted: Pick<PartHeader, 'part'> & Partial<Pick<PartHeader, 'backup'>>,
): Promise<{ header: PartHeader; manifest: Manifest }> {
  const lines = linesOf(chunks)
  const header = headerOf((await lines.next()).value)
  if (header.part !== wanted.part) throw faulty(`It holds ${header.part}, where ${wanted.part} were expected.`)
  if (wanted.backup !== undefined && header.backup !== wanted.backup) {
    throw faulty('The two parts are of different backups.')
  }
  const isKnown = header.schema >= firstSchema && migrations.some(({ name }) => name === header.schema)
  if (!isKnown || header.schema > filling.schema) {
    throw faulty(`It is of another version (${header.schema}): restore it with that one, then upgrade.`)
  }
  const all = tablesOf(header.part)
  const reader = new PartReader(
    filling,
    all.filter(({ since }) => since <= header.schema),
    header.schema,
  )
  for await (const line of lines) await reader.take(line)
  const found = await reader.finish()
  // Tables that came since are empty.
  return {
    header,
    manifest: new Map(all.map(({ name }) => [name, found.get(name) ?? new ContentsCounter().contents()])),
  }
}

/** Counts and hashes rows in the form in which a backup holds them. */
export class ContentsCounter {
  readonly #hash: Hash = createHash('sha256')
  #rows = 0

  /** @returns the rows' lines */
  add(page: readonly Row[]): string {
    const text = page.map((row) => `${encode(row)}\n`).join('')
    this.#hash.update(text)
    this.#rows += page.length
    return text
  }

  contents(): Contents {
    return { rows: this.#rows, sha256: this.#hash.digest('hex') }
  }
}

class PartReader {
  readonly #filling: Filling
  readonly #expected: readonly Table[]
  readonly #contents = new Map<string, Contents>()
  #at = -1
  readonly #schema: string
  #waiting: Row[] = []
  #waitingLength = 0
  #counter = new ContentsCounter()
  /** Of the rows as they are in the backup, which may lack the newest columns. */
  #stated = new ContentsCounter()
  readonly #found: Record<string, Contents> = {}
  #manifest: Manifest | undefined

  constructor(filling: Filling, expected: readonly Table[], schema: string) {
    this.#filling = filling
    this.#expected = expected
    this.#schema = schema
  }

  async take(line: string): Promise<void> {
    if (this.#manifest !== undefined) throw faulty('Something follows its end.')
    const value = parse(line)
    const table = this.#expected[this.#at]
    if (Array.isArray(value)) {
      if (table === undefined) throw faulty('A row is in no table.')
      this.#waiting.push(decode(value, table, this.#schema))
      this.#waitingLength += line.length
      if (this.#waiting.length >= insertRows || this.#waitingLength >= insertLength) await this.#insert()
    } else if ('table' in value) await this.#begin(String(value['table']))
    else if ('tables' in value) await this.#end(value['tables'])
    else throw faulty('A line is of no known kind.')
  }

  /** @throws Refusal `invalid` when the end has not come */
  async finish(): Promise<Manifest> {
    if (this.#manifest === undefined) throw faulty('It is cut: its end is missing.')
    return this.#manifest
  }

  async #begin(name: string): Promise<void> {
    await this.#close()
    this.#at++
    if (this.#expected[this.#at]?.name !== name) throw faulty('Its tables are not those of this version.')
  }

  async #end(stated: unknown): Promise<void> {
    await this.#close()
    if (this.#at !== this.#expected.length - 1) throw faulty('It is cut: tables are missing.')
    if (JSON.stringify(this.#found) !== JSON.stringify(stated))
      throw faulty('Its rows are not those that its end states.')
    this.#manifest = this.#contents
  }

  async #close(): Promise<void> {
    const table = this.#expected[this.#at]
    if (table === undefined) return
    await this.#insert()
    this.#contents.set(table.name, this.#counter.contents())
    this.#found[table.name] = this.#stated.contents()
    this.#counter = new ContentsCounter()
    this.#stated = new ContentsCounter()
  }

  async #insert(): Promise<void> {
    const table = this.#expected[this.#at]
    if (table === undefined || this.#waiting.length === 0) return
    this.#stated.add(this.#waiting)
    const rows = this.#waiting.map((row) => [...row, ...addedSince(table, this.#schema)])
    this.#counter.add(rows)
    await this.#filling.insert(table, rows)
    this.#waiting = []
    this.#waitingLength = 0
  }
}

function encode(row: Row): string {
  const values = row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value))
  return JSON.stringify(values)
}

/** What rows of an older schema have in the columns that came since. */
function addedSince({ added }: Table, schema: string): Row {
  return Object.values(added).flatMap(({ by, value }) => (by > schema ? [value] : []))
}

function decode(values: readonly unknown[], table: Table, schema: string): Row {
  const { name, columns } = table
  const kinds = Object.values(columns).slice(0, Object.keys(columns).length - addedSince(table, schema).length)
  if (values.length !== kinds.length) throw faulty(`A row of ${name} has not as many values as columns.`)
  return kinds.map((kind, at) => {
    const value = checked(values[at], kind)
    if (value === undefined) throw faulty(`A row of ${name} has a value of the wrong kind.`)
    return value
  })
}

function checked(value: unknown, kind: Kind): Value | undefined {
  if (value === null) return kind.endsWith('?') ? null : undefined
  if (kind.startsWith('integer')) return Number.isSafeInteger(value) ? (value as number) : undefined
  if (typeof value !== 'string') return undefined
  if (kind !== 'bytes') return value
  const bytes = Buffer.from(value, 'base64')
  return bytes.toString('base64') === value ? bytes : undefined
}

function headerOf(line: string | undefined): PartHeader {
  const value = line === undefined ? {} : parse(line)
  if (Array.isArray(value) || !('strongroom_backup' in value) || value['strongroom_backup'] !== format) {
    throw faulty('It is no backup of a format that this version knows.')
  }
  const { part, backup, schema, made_at: madeAt, root_keys: names } = value
  if (part !== 'keys' && part !== 'values') throw faulty('It is of no known part.')
  const header: PartHeader = { part, backup: String(backup), schema: String(schema), madeAt: String(madeAt) }
  return Array.isArray(names) ? { ...header, rootKeys: names.map(String) } : header
}

function parse(line: string): readonly unknown[] | Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw faulty('A line is no JSON.')
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decodeText(decoder, chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLine) throw faulty('A line is too long.')
    yield* lines
  }
  if (rest !== '') throw faulty('It is cut: its last line has no end.')
}

function decodeText(decoder: TextDecoder, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true })
  } catch {
    throw faulty('It is not UTF-8.')
  }
}

function faulty(why: string): Refusal {
  return new Refusal('invalid', `The backup cannot be used, and nothing was changed. ${why}`)
}
