/**
 * The rows that a batch is about, loaded under its accounts' locks, as they are and as the batch leaves them. It knows no
 * table by name: what is found by what, and what comes and goes with a row, stands beside the tables.
 */
import type { Lease } from '../model/lease.ts'
import { Changes } from './changes.ts'
import type { Forged } from './forged.ts'
import type { RowMacs } from './row-macs.ts'
import { type At, atOf, type Fact, type Index, type KeyValue, type Rows } from './rows.ts'
import type { DecoyRead } from './stored.ts'

/** What a batch rests upon, beside its rows. */
export interface Basis {
  readonly storeId: string
  /** Every row here that has a MAC is authentic; what is put gets its own. */
  readonly macs: Pick<RowMacs, 'seal'>
  /** What was not authentic, or missing, as it was loaded: then nothing is decided. */
  readonly forged: Forged[]
  /** Milliseconds since 1970. */
  readonly now: number
  readonly keepVersions: number
  /** Whether others of the same accounts are decided meanwhile: the database then says where records stand in the trail. */
  readonly isShared: boolean
}

/** Rows of one table, or of several that are read as one. */
interface Held<Row, Own> {
  readonly rows: Map<At, Row>
  /** Made when something is first looked for in them. */
  readonly indexes: Map<Index<Row, Own, never>, Map<At, Entry<Own>>>
}

/** Where an index leads: to a row by its name in the table, of which at least the primary key is known. */
interface Entry<Own> {
  readonly at: At
  readonly own: Partial<Own>
  /** Where it led before, to a row that has the same for as long as a batch gives it another. */
  readonly under: Entry<Own> | undefined
}

/** Everything loaded for one batch, in its present state: it follows what the batch does. Only what is touched is made. */
export class World {
  readonly storeId: string
  readonly macs: Pick<RowMacs, 'seal'>
  readonly forged: Forged[]
  readonly now: number
  readonly keepVersions: number
  readonly isShared: boolean
  readonly changes = new Changes()
  /** Reads of decoys: what they are told of by, once they are durable. */
  readonly decoyReads: DecoyRead[] = []
  /** Names of accounts that are taken, of those that are to be given. */
  accountNames: ReadonlySet<string> = new Set()
  nextAccountId = 0
  /** Of the leases that requests are carried out under, those that are not held any more. */
  lostLeases: ReadonlySet<Lease> = new Set()
  readonly #held = new Map<object, Held<object, object>>()
  readonly #facts = new Map<object, Map<At, unknown>>()

  constructor({ storeId, macs, forged, now, keepVersions, isShared }: Basis) {
    this.storeId = storeId
    this.macs = macs
    this.forged = forged
    this.now = now
    this.keepVersions = keepVersions
    this.isShared = isShared
  }

  get<Row, Own, Key extends readonly KeyValue[]>(rows: Rows<Row, Own, Key>, ...key: Key): Row | undefined {
    return this.#of(rows).rows.get(atOf(key))
  }

  /** Those that are here, of whatever account. */
  all<Row, Own>(rows: Rows<Row, Own, never>): Iterable<Row> {
    return this.#of(rows).rows.values()
  }

  /** The row that an index leads to. */
  find<Row, Own, Key extends readonly KeyValue[]>(index: Index<Row, Own, Key>, ...key: Key): Row | undefined {
    const entry = this.#indexed(index).get(atOf(key))
    return entry === undefined ? undefined : this.#of(index.rows).rows.get(entry.at)
  }

  /** Whether an index leads to a row, which need not be here itself. */
  has<Row, Own, Key extends readonly KeyValue[]>(index: Index<Row, Own, Key>, ...key: Key): boolean {
    return this.known(index, ...key) !== undefined
  }

  /** What is known of a row that an index leads to: at least its primary key. */
  known<Row, Own, Key extends readonly KeyValue[]>(index: Index<Row, Own, Key>, ...key: Key): Partial<Own> | undefined {
    return this.#indexed(index).get(atOf(key))?.own
  }

  /** Rows as they were found. */
  take<Row, Own>(rows: Rows<Row, Own, never>, found: readonly Row[]): void {
    const held = this.#of(rows)
    for (const row of found) {
      const at = rows.keyOf(row)
      held.rows.set(at, row)
      for (const [index, entries] of held.indexes) enter(entries, index, at, rows.own(row))
    }
  }

  /** Enough of a row to know it by an index. */
  note<Row, Own>(index: Index<Row, Own, never>, own: Partial<Own>): void {
    enter(this.#indexed(index), index, index.rows.root.atOf(own), own)
  }

  /** A row as it is from now on, made or changed, for what follows in the batch and for what is written at its end. */
  put<Row, Own>(rows: Rows<Row, Own, never>, row: Row): void {
    const held = this.#of(rows)
    const at = rows.keyOf(row)
    const before = held.rows.get(at)
    const { fates, renamed } = this.changes.of(rows)
    const own = rows.own(row)
    const known = fates.get(at)
    const existed = known?.existed ?? before !== undefined
    const earlier = known === undefined ? before : known.before
    fates.set(at, { existed, before: earlier, row, key: own, hadParts: known?.hadParts })
    held.rows.set(at, row)
    this.#follow(rows, held, at, before, row)
    if (before !== undefined && rows.writing.isRenamed && nameOf(rows.own(before)) !== nameOf(own)) {
      renamed.push(own)
    }
  }

  /** A row that is gone from now on. */
  remove<Row, Own>(rows: Rows<Row, Own, never>, row: Row): void {
    const held = this.#of(rows)
    const at = rows.keyOf(row)
    const { fates } = this.changes.of(rows)
    const known = fates.get(at)
    fates.set(at, { existed: known?.existed ?? true, row: null, key: rows.own(row), hadParts: known?.hadParts })
    held.rows.delete(at)
    this.#follow(rows, held, at, row, undefined)
  }

  /** Takes a row out of its table, and leaves its parts where they are: without the row, nothing leads to them. */
  detach<Row, Own>(rows: Rows<Row, Own, never>, row: Row): void {
    this.remove(rows, row)
    const { fates } = this.changes.of(rows)
    const at = rows.keyOf(row)
    const fate = fates.get(at)
    if (fate !== undefined) fates.set(at, { ...fate, detached: row })
  }

  /** Puts a row back whose parts stayed. */
  attach<Row, Own>(rows: Rows<Row, Own, never>, row: Row): void {
    const { fates } = this.changes.of(rows)
    const at = rows.keyOf(row)
    // What was detached in this very batch has its parts as it had them then.
    const isNew = fates.get(at) === undefined
    this.put(rows, row)
    const fate = fates.get(at)
    if (isNew && fate !== undefined) fates.set(at, { ...fate, hadParts: true })
  }

  /** Takes away the parts of a row that was detached, by its primary key. */
  shred<Row, Own>(rows: Rows<Row, Own, never>, key: Partial<Own>): void {
    const { fates } = this.changes.of(rows)
    const at = rows.root.atOf(key)
    const known = fates.get(at)
    const before = known === undefined ? { existed: false, hadParts: true } : known
    fates.set(at, { existed: before.existed, hadParts: before.hadParts, row: null, key })
  }

  /** Changes a row of which it is known, though it was not loaded, that it is there. */
  change<Row, Own>(rows: Rows<Row, Own, never>, row: Row): void {
    this.changes.of(rows).fates.set(rows.keyOf(row), { existed: true, row, key: rows.own(row) })
  }

  /** Takes a row away, by its primary key, that was not loaded. */
  removeKey<Row, Own>(rows: Rows<Row, Own, never>, key: Partial<Own>): void {
    this.changes.of(rows).fates.set(rows.root.atOf(key), { existed: true, row: null, key })
  }

  /** Adds a row that nothing in the batch looks for. */
  add<Row, Own>(rows: Rows<Row, Own, never>, row: Row): void {
    this.changes.of(rows).added.push(row)
  }

  /** What is known, if it was asked for. */
  fact<Key extends readonly KeyValue[], Value>(fact: Fact<Key, Value>, ...key: Key): Value | undefined {
    return this.#facts.get(fact)?.get(atOf(key)) as Value | undefined
  }

  setFact<Key extends readonly KeyValue[], Value>(fact: Fact<Key, Value>, value: Value, ...key: Key): void {
    const known = this.#facts.get(fact) ?? new Map<At, unknown>()
    this.#facts.set(fact, known.set(atOf(key), value))
  }

  /** What follows from a row that is another, or none, from now on. */
  #follow<Row, Own>(
    rows: Rows<Row, Own, never>,
    held: Held<Row, Own>,
    at: At,
    before: Row | undefined,
    row: Row | undefined,
  ): void {
    for (const [index, entries] of held.indexes) {
      if (before !== undefined) leave(entries, index, at, rows.own(before))
      if (row !== undefined) enter(entries, index, at, rows.own(row))
    }
    for (const { table } of rows.writing.parts) {
      // Parts are looked for by themselves only where some were.
      const parts = this.#held.get(table)?.rows
      if (parts === undefined) continue
      for (const part of partsOf(rows, table, before)) parts.delete(table.atOf(part))
      for (const part of partsOf(rows, table, row)) parts.set(table.atOf(part), part)
    }
    const { counts } = rows.writing
    if (counts === undefined) return
    const count = (numbers: readonly number[], by: number) => {
      // The border between what is counted by any key and by one.
      const key = numbers as never
      this.setFact<never, number>(counts.fact, (this.fact<never, number>(counts.fact, ...key) ?? 0) + by, ...key)
    }
    if (before !== undefined) for (const key of counts.of(before)) count(key, -1)
    if (row !== undefined) for (const key of counts.of(row)) count(key, 1)
  }

  #indexed<Row, Own>(index: Index<Row, Own, never>): Map<At, Entry<Own>> {
    const held = this.#of(index.rows)
    const known = held.indexes.get(index)
    if (known !== undefined) return known
    const entries = new Map<At, Entry<Own>>()
    for (const [at, row] of held.rows) enter(entries, index, at, index.rows.own(row))
    held.indexes.set(index, entries)
    return entries
  }

  #of<Row, Own>(rows: Rows<Row, Own, never>): Held<Row, Own> {
    let known = this.#held.get(rows)
    if (known === undefined) {
      known = { rows: new Map(), indexes: new Map() }
      this.#held.set(rows, known)
    }
    // The border between rows of any table and those of one.
    return known as unknown as Held<Row, Own>
  }
}

type Entries<Own> = Map<At, Entry<Own>>

function enter<Row, Own>(entries: Entries<Own>, index: Index<Row, Own, never>, at: At, own: Partial<Own>): void {
  const name = index.atOf(own)
  if (name !== undefined) entries.set(name, { at, own, under: without(entries.get(name), at) })
}

/** It leads to whatever it led to besides. */
function leave<Row, Own>(entries: Entries<Own>, index: Index<Row, Own, never>, at: At, own: Partial<Own>): void {
  const name = index.atOf(own)
  if (name === undefined) return
  const left = without(entries.get(name), at)
  if (left === undefined) entries.delete(name)
  else entries.set(name, left)
}

function without<Own>(entry: Entry<Own> | undefined, at: At): Entry<Own> | undefined {
  if (entry === undefined || entry.at === at) return entry?.under
  return entry.under === undefined ? entry : { ...entry, under: without(entry.under, at) }
}

function partsOf<Row, Own>({ writing }: Rows<Row, Own, never>, table: object, row: Row | undefined): readonly object[] {
  if (row === undefined) return []
  return writing.parts.flatMap((part) => (part.table === table ? part.of(row) : []))
}

function nameOf(own: unknown): unknown {
  return typeof own === 'object' && own !== null && 'name' in own ? own.name : undefined
}
