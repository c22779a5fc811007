/** Statements with their parameters, written once for both databases. */
import type { Kind, NamedRow } from './tables/field.ts'

/** A statement with `?` for each parameter. */
export interface Query {
  readonly sql: string
  readonly parameters: readonly unknown[]
  /** That what it finds must be durable when it is answered: of the trail, some is to be seen a moment before. */
  readonly isSettled?: true
  /** Of a statement whose rows are one text each (`allAsText`): the columns that are in it. */
  readonly inTexts?: Readonly<Record<string, Kind>>
}

/** A statement that reads, and what its rows mean. */
export interface Reading<Model> {
  readonly query: Query
  read(row: NamedRow): Model
}

export function reading<Model>({ read }: Pick<Reading<Model>, 'read'>, query: Query): Reading<Model> {
  return { query, read }
}

/** A statement about the trail: what it finds is durable when it is answered. */
export function settled(query: Query): Query {
  return { ...query, isSettled: true }
}

/**
 * A statement, or a part of one: what stands in `${}` is a parameter, or a part that is written out.
 *
 * @example sql`select ${all(secrets)} from secrets where account_id = ${accountId}${name === undefined ? none : sql` and name = ${name}`}`
 */
export function sql(texts: TemplateStringsArray, ...values: readonly unknown[]): Query {
  const parameters: unknown[] = []
  const parts = texts.map((text, at) => {
    if (at === values.length) return text
    const value = values[at]
    if (!isQuery(value)) {
      parameters.push(value)
      return `${text}?`
    }
    parameters.push(...value.parameters)
    return text + value.sql
  })
  return { sql: parts.join(''), parameters }
}

/**
 * The columns of a table by their names. Whoever asks for `*` gets others as soon as a newer version has added some, and a
 * statement that was prepared before fails.
 *
 * @param alias what the statement calls the table
 */
export function all({ columns }: { readonly columns: Readonly<Record<string, unknown>> }, alias?: string): Query {
  const names = Object.keys(columns)
  return { sql: (alias === undefined ? names : names.map((name) => `${alias}.${name}`)).join(', '), parameters: [] }
}

/**
 * The same as one text, for SQLite: an array in JSON, with bytes in hexadecimal. A row of a table costs half as much on its way
 * as one value after the other. A statement that asks for it says so (`inTexts`).
 */
export function allAsText({ columns }: { readonly columns: Readonly<Record<string, Kind>> }, alias: string): Query {
  const values = Object.entries(columns).map(([name, kind]) =>
    kind === 'bytes' ? `hex(${alias}.${name})` : `${alias}.${name}`,
  )
  return { sql: `json_array(${values.join(', ')})`, parameters: [] }
}

/** Nothing, where a part is left out. */
export const none: Query = sql``

/** At the end of what is held to exist: it is looked up for each row, and never made into a join of all. */
export const eachByItself: Query = sql`limit 1 offset 0`

/** A whole number written out, where databases would not see that two parameters are the same. */
export function literal(value: number): Query {
  if (!Number.isSafeInteger(value)) throw new Error('Only whole numbers are written out.')
  return { sql: String(value), parameters: [] }
}

/** Whole numbers, for `in (…)`: one at least. */
export function among(values: readonly number[]): Query {
  return { sql: values.map(() => '?').join(', '), parameters: values }
}

/** As PostgreSQL counts parameters. No text in a statement of ours holds a `?`. */
export function numbered(text: string): string {
  let count = 0
  return text.replaceAll('?', () => `$${++count}`)
}

function isQuery(value: unknown): value is Query {
  return typeof value === 'object' && value !== null && 'sql' in value && 'parameters' in value
}

export function joined(parts: readonly Query[], between: string): Query {
  return { sql: parts.map((part) => part.sql).join(between), parameters: parts.flatMap((part) => part.parameters) }
}

/** A text of our own, as it is. */
export function raw(text: string): Query {
  return { sql: text, parameters: [] }
}
