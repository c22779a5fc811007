/**
 * Packs what was found for its way between the threads. Cloning an object costs several times what finding it does, so
 * rows, and the secrets that a batch read, travel as one JSON text of plain values and one buffer of bytes.
 */
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { Grown } from '../growth.ts'
import type { Decided } from '../load.ts'
import type { Outcome, Request } from '../operation.ts'
import type { Refused } from '../outcome.ts'
import type { DecoyRead, StoredSecret } from '../stored.ts'
import type { Kind, NamedRow } from '../tables/field.ts'
import { keyOfSecret, secrets, toStoredSecret } from '../tables/secret.ts'

export interface PackedOutcomes {
  /** How far the trails go of the accounts that the batch was about. */
  readonly trails: readonly Grown[]
  readonly decoyReads: readonly DecoyRead[]
  /** With `null` in the place of each secret that was read. */
  readonly outcomes: readonly unknown[]
  /** JSON: the plain values of the secrets that were read, and the lengths of their bytes, one after the other. */
  readonly values: string
  /** Their MACs, wrapped keys and sealed values. */
  readonly bytes: Uint8Array
}

/** A secret that is left out of a clone. */
type Hole = null
/** What is left of an outcome for the clone. */
type Left = Hole | readonly (Refused | Hole)[]
/** The same of another environment than `default`. */
interface PlacedLeft {
  readonly left: Left
  readonly environment: string
}
type Value = string | number | null

export function packOutcomes(
  requests: readonly Request[],
  { outcomes, accounts, decoyReads }: Pick<Decided, 'outcomes' | 'accounts' | 'decoyReads'>,
): PackedOutcomes {
  const values: Value[] = []
  const parts: Uint8Array[] = []
  const pack = ({ secret, key, sealed }: StoredSecret): Hole => {
    for (const value of [...secrets.write(secret), ...keyOfSecret.write(key), sealed]) {
      if (value instanceof Uint8Array) parts.push(value)
      values.push(value instanceof Uint8Array ? value.length : value)
    }
    return null
  }
  const left = outcomes.map((outcome, at) => {
    if (outcome.kind !== 'done') return outcome
    const { environment } = outcome
    const left = (result: Left) => (environment === undefined ? result : { left: result, environment })
    switch (requests[at]?.operation.kind) {
      case 'read_secret':
      case 'prepare_secret':
        return left(pack(outcome.result as StoredSecret))
      case 'read_secrets':
        return left(
          (outcome.result as readonly (StoredSecret | Refused)[]).map((one) => ('kind' in one ? one : pack(one))),
        )
      default:
        return outcome
    }
  })
  const trails = accounts.map(({ id, auditSize }) => ({ id, auditSize }))
  return { trails, decoyReads, outcomes: left, values: JSON.stringify(values), bytes: join(parts) }
}

export function unpackOutcomes(packed: PackedOutcomes): Outcome[] {
  const reader = new Reader(JSON.parse(packed.values) as Value[], packed.bytes)
  const whole = (left: Left): Outcome => {
    if (left === null) return { kind: 'done', result: reader.storedSecret() }
    return { kind: 'done', result: left.map((one) => one ?? reader.storedSecret()) }
  }
  return packed.outcomes.map((left) => {
    if (left === null || Array.isArray(left)) return whole(left as Left)
    if (!isPlaced(left)) return left as Outcome
    return { ...whole(left.left), environment: left.environment } as Outcome
  })
}

function isPlaced(left: unknown): left is PlacedLeft {
  return typeof left === 'object' && left !== null && 'left' in left
}

export interface PackedRows {
  readonly columns: readonly string[]
  /** JSON: one row's values after the other's; in the place of bytes, `true`, which no column holds. */
  readonly values: string
  readonly bytes: Uint8Array
  /** Of the bytes of one value after the other. */
  readonly lengths: readonly number[]
}

export function packRows(statement: StatementSync, parameters: readonly SQLInputValue[]): PackedRows {
  statement.setReturnArrays(true)
  const parts: Uint8Array[] = []
  const values: (Value | true)[] = []
  for (const row of statement.all(...parameters) as unknown as (Value | Uint8Array)[][]) {
    for (const value of row) {
      if (value instanceof Uint8Array) {
        parts.push(value)
        values.push(true)
      } else values.push(value)
    }
  }
  const columns = statement.columns().map(({ name }) => name)
  return { columns, values: JSON.stringify(values), bytes: join(parts), lengths: parts.map(({ length }) => length) }
}

export function unpackRows({ columns, values, bytes, lengths }: PackedRows): Record<string, Value | Uint8Array>[] {
  const found = JSON.parse(values) as (Value | true)[]
  const empty = emptyRow(columns)
  const rows: Record<string, Value | Uint8Array>[] = []
  let end = 0
  let part = 0
  for (let at = 0; at < found.length; ) {
    const row = { ...empty }
    for (const column of columns) {
      const value = found[at++] ?? null
      if (value === true) {
        const start = end
        end += lengths[part++] ?? 0
        row[column] = bytes.subarray(start, end)
      } else row[column] = value
    }
    rows.push(row)
  }
  return rows
}

/** Rows that are texts already (`Query.inTexts`), as one text in JSON. */
export function packTexts(statement: StatementSync, parameters: readonly SQLInputValue[]): string {
  statement.setReturnArrays(true)
  return `[${statement.all(...parameters).join(',')}]`
}

export function unpackTexts(packed: string, kinds: Readonly<Record<string, Kind>>): NamedRow[] {
  const found = JSON.parse(packed) as (string | number | null)[][]
  const columns = Object.keys(kinds)
  const ofBytes = [...columns.entries()].filter(([, column]) => kinds[column] === 'bytes')
  // All at once: a buffer of its own for each row costs as much as the row.
  const bytes = Buffer.from(found.map((values) => ofBytes.map(([at]) => values[at]).join('')).join(''), 'hex')
  const empty = emptyRow(columns)
  let end = 0
  return found.map((values) => {
    const row = { ...empty }
    let next = 0
    for (const column of columns) row[column] = values[next++] ?? null
    for (const [at, column] of ofBytes) {
      const start = end
      end += String(values[at]).length / 2
      row[column] = bytes.subarray(start, end)
    }
    return row
  })
}

/** Rows that begin as copies of one object have its shape from the beginning, which is several times as fast. */
function emptyRow(columns: readonly string[]): Record<string, Value | Uint8Array> {
  return Object.fromEntries(columns.map((column) => [column, null]))
}

/** What a secret that was read travels as. */
const secretColumns: readonly (readonly [name: string, isOfBytes: boolean])[] = [
  ...Object.entries(secrets.columns).map(([name, kind]) => [name, kind === 'bytes'] as const),
  ...keyOfSecret.columns.map(({ name, kind }) => [name, kind === 'bytes'] as const),
  ['sealed', true],
]
const emptySecret = emptyRow(secretColumns.map(([name]) => name))

/** Takes the values in the order in which they were packed. */
class Reader {
  readonly #values: readonly Value[]
  readonly #bytes: Uint8Array
  #valueAt = 0
  #byteAt = 0

  constructor(values: readonly Value[], bytes: Uint8Array) {
    this.#values = values
    this.#bytes = bytes
  }

  storedSecret(): StoredSecret {
    const row = { ...emptySecret }
    for (const [name, isOfBytes] of secretColumns) {
      const value = this.#values[this.#valueAt++] ?? null
      row[name] = isOfBytes ? this.#take(Number(value)) : value
    }
    return toStoredSecret(row)
  }

  #take(length: number): Uint8Array {
    this.#byteAt += length
    return this.#bytes.subarray(this.#byteAt - length, this.#byteAt)
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let end = 0
  for (const part of parts) {
    bytes.set(part, end)
    end += part.length
  }
  return bytes
}
