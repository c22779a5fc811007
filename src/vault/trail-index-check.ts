/** Holds the index of a trail against the records, as they are read one after the other. */
import type { AuditRecord } from '../audit/record.ts'
import { buckets, indexedOf, indexFormat, SegmentIndex, stretchIn } from '../audit/trail-index.ts'
import type { IndexRow } from '../model/audit-index.ts'
import { rowText } from '../store/coverage.ts'
import type { Segment } from '../store/followers.ts'
import type { Findings } from './account-state.ts'
import type { Vault } from './vault.ts'

type Checking = Pick<Vault, 'store' | 'keyring'>

const everyBucket = Array.from({ length: buckets }, (_, at) => at)

/** A segment, with what is stored of it and what its records give. */
interface Compared {
  readonly stored: readonly IndexRow[]
  readonly index: SegmentIndex
}

export class IndexCheck {
  readonly #vault: Checking
  readonly #accountId: number
  readonly #findings: Findings
  /** Those that begin after the last record that was read, oldest first. */
  #coming: readonly Segment[]
  #compared: readonly Compared[] = []

  /** @param findings told of rows that are not authentic, and of those that say otherwise than the records do */
  static async of(vault: Checking, accountId: number, findings: Findings): Promise<IndexCheck> {
    return new IndexCheck(vault, accountId, findings, await vault.store.trailIndex.segments(accountId))
  }

  private constructor(vault: Checking, accountId: number, findings: Findings, segments: readonly Segment[]) {
    this.#vault = vault
    this.#accountId = accountId
    this.#findings = findings
    this.#coming = segments
  }

  /** Is given all records of the account, in order. */
  async take(records: readonly AuditRecord[]): Promise<void> {
    for (const record of records) {
      if ((this.#coming[0]?.first ?? Number.POSITIVE_INFINITY) <= record.seq) await this.#begin(record.seq)
      if (this.#compared.length === 0) continue
      const indexed = indexedOf(record)
      for (const { index } of this.#compared) index.take(indexed)
      if (this.#compared.some(({ index }) => index.last <= record.seq)) this.#end(record.seq)
    }
  }

  async #begin(seq: number): Promise<void> {
    const beginning = this.#coming.filter(({ first }) => first <= seq)
    this.#coming = this.#coming.slice(beginning.length)
    for (const first of new Set(beginning.map((one) => one.first))) {
      const rows = await this.#vault.store.trailIndex.rows(this.#accountId, everyBucket, { first, last: first })
      const genuine = rows.filter((row) => this.#vault.keyring.isRowMac(rowText('audit_index', row), row.mac))
      if (genuine.length < rows.length) {
        this.#findings.push(`Rows of the index of the records from ${first} on are not authentic.`)
      }
      const known = genuine.filter(({ format }) => format === indexFormat)
      for (const stored of Map.groupBy(known, ({ last }) => last).values()) this.#compare(stored)
    }
  }

  #compare(stored: readonly IndexRow[]): void {
    const [row] = stored
    if (row === undefined) return
    const shape = { segment: row.last - row.first + 1, stretch: stretchIn(row.said) }
    this.#compared = [...this.#compared, { stored, index: new SegmentIndex(shape, row.first) }]
  }

  /** Of a segment whose records are not all there, the chain says so. */
  #end(seq: number): void {
    for (const { stored, index } of this.#compared) {
      if (index.last > seq || !index.isWhole) continue
      if (stored.every(({ bucket, said }) => Buffer.compare(index.row(bucket), said) === 0)) continue
      this.#findings.push(`The index of the records ${index.first} to ${index.last} says otherwise than they do.`)
    }
    this.#compared = this.#compared.filter(({ index }) => index.last > seq)
  }
}
