/** What a batch changes, as data: of each table that it touches, the rows in their final state. */
import { type At, atOf, type Fate, type Fates, type KeyValue, type Rows } from './rows.ts'
import type { Removal } from './tables/removal.ts'

/** What happens to rows of one table. */
export interface Change<Row, Own> {
  readonly rows: Rows<Row, Own, readonly KeyValue[]>
  readonly fates: Map<At, Fate<Row, Own>>
  /** Rows that are only ever added, and not found again in the batch. */
  readonly added: Row[]
  /** Rows whose name another row may take. */
  readonly renamed: Own[]
}

export class Changes implements Fates {
  readonly #of = new Map<object, Change<object, object>>()
  readonly #drops = new Map<Removal<object>, Map<string, object>>()

  /** To be filled. */
  of<Row, Own, Key extends readonly KeyValue[]>(rows: Rows<Row, Own, Key>): Change<Row, Own> {
    let known = this.#of.get(rows)
    if (known === undefined) {
      known = { rows: rows as never, fates: new Map(), added: [], renamed: [] }
      this.#of.set(rows, known)
    }
    // The border between rows of any table and those of one.
    return known as unknown as Change<Row, Own>
  }

  /** What became of a row, if the batch changed it. */
  fateOf<Row, Own, Key extends readonly KeyValue[]>(
    rows: Rows<Row, Own, Key>,
    ...key: Key
  ): Fate<Row, Own> | undefined {
    return this.#of.has(rows) ? this.of(rows).fates.get(atOf(key)) : undefined
  }

  fates<Row, Own>(rows: Rows<Row, Own, never>): readonly Fate<Row, Own>[] {
    return this.#of.has(rows) ? [...this.of(rows).fates.values()] : []
  }

  added<Row, Own>(rows: Rows<Row, Own, never>): readonly Row[] {
    return this.#of.has(rows) ? this.of(rows).added : []
  }

  /** Takes away, before anything is written, what a removal says of this. */
  drop<Model extends object>(removal: Removal<Model>, what: Model): void {
    const known = this.#drops.get(removal as Removal<object>) ?? new Map<string, object>()
    this.#drops.set(removal as Removal<object>, known.set(Object.values(what).join(' '), what))
  }

  get drops(): ReadonlyMap<Removal<object>, ReadonlyMap<string, object>> {
    return this.#drops
  }

  get touched(): readonly Change<object, object>[] {
    return [...this.#of.values()]
  }
}
