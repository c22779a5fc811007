/**
 * Statements that are sent together, and answered together: the database answers once all are done, in one piece, where it would
 * wake the node for each. Should one fail, those after it are not carried out, COMMIT neither, and fail with it.
 */
import { type BindConfig, type Client, type Connection, type FieldDef, Query } from 'pg'
import type { NamedRow, Value } from '../tables/field.ts'
import { typeParsers } from './connect.ts'
import type { Statement } from './statements.ts'

/** What a statement comes to. */
export interface Answer {
  readonly rows: readonly NamedRow[]
  /** What was done, as the database says it: COMMIT or ROLLBACK, say. */
  readonly command: string
}

type Parameters = NonNullable<BindConfig['values']>

interface Asked {
  readonly statement: Statement
  readonly values: Parameters
  readonly rows: NamedRow[]
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

interface Column {
  readonly name: string
  readonly parse: (text: string) => Value
}

/** What the driver knows of a connection: the statements that are prepared there, or on their way, by their names. */
interface Prepared {
  readonly parsedStatements: Readonly<Record<string, string>>
  readonly submittedNamedStatements: Record<string, string>
}

/** Of the statements that a connection has prepared: the database lets none of them answer anything else. */
const columnsOn = new WeakMap<Connection, Map<string, readonly Column[]>>()

/** Sends over one connection what is asked in one turn together. */
export class Rounds {
  readonly #client: Client
  #asked: Asked[] = []

  constructor(client: Client) {
    this.#client = client
  }

  ask(statement: Statement, values: readonly unknown[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ statement, values: values.map(written), rows: [], resolve, reject })
      if (this.#asked.length === 1) queueMicrotask(() => this.send())
    })
  }

  /** Sends what was asked, before anything else that is sent. */
  send(): void {
    const asked = this.#asked
    if (asked.length === 0) return
    this.#asked = []
    this.#client.query(new Round(asked))
  }
}

/** One query for the driver, which hands it what comes until the database is ready for another. */
class Round extends Query {
  /** Of the statement whose answer comes next: the driver notes what is prepared by them. */
  declare name: string
  declare text: string
  readonly #asked: readonly Asked[]
  #at = 0
  #connection: Connection | undefined
  #columns: readonly Column[] = []

  constructor(asked: readonly Asked[]) {
    super('')
    this.#asked = asked
    this.#turnTo(0)
  }

  override submit = (connection: Connection): void => {
    this.#connection = connection
    this.#columns = columnsOf(connection, this.name) ?? []
    connection.stream.cork()
    for (const one of this.#asked) send(connection, one)
    connection.sync()
    connection.stream.uncork()
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: typeParsers.getTypeParser(dataTypeID, 'text'),
    }))
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, Value> = {}
    this.#columns.forEach(({ name, parse }, at) => {
      const text = fields[at] ?? null
      row[name] = text === null ? null : parse(text)
    })
    this.#asked[this.#at]?.rows.push(row)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const one = this.#asked[this.#at]
    if (one === undefined || this.#connection === undefined) return
    learn(this.#connection, this.name, this.#columns)
    one.resolve({ rows: one.rows, command: text })
    this.#turnTo(this.#at + 1)
  }

  handleError(error: unknown): void {
    const left = this.#asked.slice(this.#at)
    this.#at = this.#asked.length
    for (const { statement, reject } of left) {
      // It was not looked at.
      if (this.#connection !== undefined) delete preparedOn(this.#connection).submittedNamedStatements[statement.name]
      reject(error)
    }
  }

  handleReadyForQuery(): void {
    if (this.#at < this.#asked.length) this.handleError(new Error('The database answered less than it was asked.'))
  }

  #turnTo(at: number): void {
    const { name = '', text = '' } = this.#asked[at]?.statement ?? {}
    this.#at = at
    this.name = name
    this.text = text
    this.#columns = (this.#connection === undefined ? undefined : columnsOf(this.#connection, name)) ?? []
  }
}

/** What a statement answers is asked for until it is known. */
function send(connection: Connection, { statement, values }: Asked): void {
  const { parsedStatements, submittedNamedStatements } = preparedOn(connection)
  const { name, text } = statement
  if (parsedStatements[name] === undefined && submittedNamedStatements[name] === undefined) {
    connection.parse({ name, text, types: [] }, true)
    submittedNamedStatements[name] = text
  }
  connection.bind({ statement: name, values }, true)
  if (columnsOf(connection, name) === undefined) connection.describe({ type: 'P' }, true)
  connection.execute(null, true)
}

function columnsOf(connection: Connection, name: string): readonly Column[] | undefined {
  return columnsOn.get(connection)?.get(name)
}

function learn(connection: Connection, name: string, columns: readonly Column[]): void {
  const known = columnsOn.get(connection) ?? new Map<string, readonly Column[]>()
  columnsOn.set(connection, known)
  if (!known.has(name)) known.set(name, columns)
}

/** The border to what the driver's types leave out. */
function preparedOn(connection: Connection): Prepared {
  return connection as unknown as Prepared
}

/** A parameter as it is sent. */
function written(value: unknown): Buffer | string | null {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return Array.isArray(value) ? `{${value.map(element).join(',')}}` : String(value)
}

/** An element of an array, as PostgreSQL reads it. */
function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'number') return String(value)
  if (value instanceof Uint8Array) {
    return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`
  }
  return `"${String(value).replaceAll(/["\\]/g, '\\$&')}"`
}
