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
const maxBytes = 4096

/** An account is not among them: its row changes with every record. */
const kept: ReadonlySet<object> = new Set([keysByToken, environmentsOf, secretsById])

export function isKept(lookup: object): boolean {
  return kept.has(lookup)
}

interface Known<Found> {
  readonly rows: readonly NamedRow[]
  readonly found: readonly Found[]
}

export class KnownRows {
  readonly #known = new Map<object, Map<At, Known<unknown>>>()

  /** As other keys may check otherwise. */
  forget(): void {
    this.#known.clear()
  }

  /** What these rows mean, if the same were checked before. */
  meaning<Ref, Found>(of: Lookup<Ref, Found>, at: At, rows: readonly NamedRow[]): readonly Found[] | undefined {
    const known = this.#known.get(of)?.get(at)
    // The border between what rows of any kind mean and one.
    return known !== undefined && areSame(known.rows, rows) ? (known.found as readonly Found[]) : undefined
  }

  /** @param found authentic */
  keep<Ref, Found>(of: Lookup<Ref, Found>, at: At, rows: readonly NamedRow[], found: readonly Found[]): void {
    if (rows.length === 0 || rows.some(isLarge)) return
    const known = this.#known.get(of) ?? new Map<At, Known<unknown>>()
    this.#known.set(of, known)
    if (known.size < most || known.has(at)) known.set(at, { rows, found })
  }
}

function areSame(ones: readonly NamedRow[], others: readonly NamedRow[]): boolean {
  return ones.length === others.length && ones.every((one, at) => isSame(one, others[at]))
}

/** Rows of one statement have the same columns. */
function isSame(one: NamedRow, other: NamedRow | undefined): boolean {
  if (other === undefined) return false
  for (const name in one) {
    const [value, as] = [one[name], other[name]]
    if (value === as) continue
    if (!(value instanceof Uint8Array && as instanceof Uint8Array) || Buffer.compare(value, as) !== 0) return false
  }
  return true
}

function isLarge(row: NamedRow): boolean {
  const sealed: unknown = row['sealed']
  return sealed instanceof Uint8Array && sealed.length > maxBytes
}
