/** Which rows of an index come next: after one, and up to another. */
import { joined, type Query, raw, sql } from './sql.ts'

/** What a row has that it is in order by. */
export type Key = string | number

export function beyond(
  columns: readonly string[],
  key: readonly Key[] | undefined,
  is: '<' | '>' | '<=' | '>=',
): Query[] {
  if (key === undefined) return []
  const values = joined(
    key.map((one) => sql`${one}`),
    ', ',
  )
  const [first, second] = columns
  return second === undefined
    ? [sql`${raw(`${first} ${is}`)} ${values}`]
    : [sql`${raw(`(${columns.join(', ')}) ${is}`)} (${values})`]
}

/**
 * Rows after one and up to another, of a column or two. Where both have the first column in common, that is said by itself:
 * of two columns that are compared at once PostgreSQL 15 goes through all that have the first one in common,
 * however early it could stop.
 */
export function between(
  columns: readonly string[],
  after: readonly Key[] | undefined,
  upTo: readonly Key[] | undefined,
  isDown = false,
): Query[] {
  const [from, to] = isDown ? (['<', '>='] as const) : (['>', '<='] as const)
  const [first = '', ...rest] = columns
  if (rest.length === 0 || after === undefined || upTo === undefined || after[0] !== upTo[0])
    return [...beyond(columns, after, from), ...beyond(columns, upTo, to)]
  return [sql`${raw(first)} = ${after[0]}`, ...beyond(rest, after.slice(1), from), ...beyond(rest, upTo.slice(1), to)]
}
