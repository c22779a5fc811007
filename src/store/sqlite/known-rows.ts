/**
 * What rows mean that every request needs, as batches before read and checked it. The rows themselves are read by each batch:
 * what differs in a single byte is not known, so that nothing need be forgotten.
 */
import { environmentsOf } from '../environment-lookups.ts'
import type { Lookup } from '../lookup.ts'
import { keysByToken, secretsById } from '../lookups.ts'
import type { At } from '../rows.ts'
import type { NamedRow } from '../tables/field.ts'

/** Of each kind. What comes after them is checked each time: to make room would cost more than it saves. */
const most = 1000
/** A longer value costs more to hold than it saves. */
export const maxBytes = 4096

/** An account is not among them: its row changes with every record. */
const kept: ReadonlySet<object> = new Set([keysByToken, environmentsOf, secretsById])

export function isKept(lookup: object): boolean {
  return kept.has(lookup)
}

/** Values in the order of the columns, with bytes in hexadecimal (`Statements.comparing`). */
export type Compared = readonly (string | number | null)[]

interface Known<Found> {
  readonly rows: readonly Compared[]
  readonly found: readonly Found[]
}

export class KnownRows {
  readonly #known = new Map<object, Map<At, Known<unknown>>>()

  /** As other keys may check otherwise. */
  forget(): void {
    this.#known.clear()
  }

  /**
   * What rows mean, if the same were checked before.
   *
   * @param read reads them, where others are known that they can be compared with
   */
  meaning<Ref, Found>(of: Lookup<Ref, Found>, at: At, read: () => readonly Compared[]): readonly Found[] | undefined {
    const known = this.#known.get(of)?.get(at)
    // The border between what rows of any kind mean and one.
    return known !== undefined && areSame(known.rows, read()) ? (known.found as readonly Found[]) : undefined
  }

  /** @param found authentic */
  keep<Ref, Found>(of: Lookup<Ref, Found>, at: At, rows: readonly NamedRow[], found: readonly Found[]): void {
    if (rows.length === 0 || rows.some(isLarge)) return
    const known = this.#known.get(of) ?? new Map<At, Known<unknown>>()
    this.#known.set(of, known)
    if (known.size < most || known.has(at)) known.set(at, { rows: rows.map(toCompared), found })
  }
}

function areSame(ones: readonly Compared[], others: readonly Compared[]): boolean {
  return ones.length === others.length && ones.every((one, at) => isSame(one, others[at]))
}

/** Rows of one statement have the same columns. */
function isSame(one: Compared, other: Compared | undefined): boolean {
  if (other === undefined) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}

/** A row has its columns in the order of the statement. */
function toCompared(row: NamedRow): Compared {
  return Object.values(row).map((value) => (value instanceof Uint8Array ? value.toHex().toUpperCase() : value))
}

function isLarge(row: NamedRow): boolean {
  return Object.values(row).some((value) => value instanceof Uint8Array && value.length > maxBytes)
}
