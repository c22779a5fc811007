/**
 * Makes and checks the MACs of rows, with the one key that the store has: it opens nothing and signs nothing in, and is
 * handed over once the keyring is open.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { rowText, type SealedRows, type SealedTable, type Unsealed } from './coverage.ts'

const maxVerified = 20_000

export class RowMacs {
  readonly #key: KeyObject
  readonly #storeId: string
  readonly #verified = new Map<string, Uint8Array>()

  constructor(key: KeyObject, storeId: string) {
    this.#key = key
    this.#storeId = storeId
  }

  /** The row with the MAC that belongs to it. */
  seal<Table extends SealedTable, Row extends Unsealed<SealedRows[Table]>>(
    table: Table,
    row: Row,
  ): Row & { readonly mac: Uint8Array } {
    return { ...row, mac: this.mac(rowText(table, row)) }
  }

  /** Whether the row's MAC is its own. That a text and a MAC belong together never changes, so it is remembered. */
  isAuthentic<Table extends SealedTable>(table: Table, row: SealedRows[Table]): boolean {
    const text = rowText(table, row)
    const { mac } = row
    const known = this.#verified.get(text)
    if (known !== undefined && mac.length === known.length && timingSafeEqual(known, mac)) return true
    const expected = this.mac(text)
    if (mac.length !== expected.length || !timingSafeEqual(expected, mac)) return false
    if (this.#verified.size >= maxVerified) this.#verified.clear()
    this.#verified.set(text, expected)
    return true
  }

  /** The MAC of a text, 32 bytes; as `Keyring.rowMac` makes it. */
  mac(text: string): Uint8Array {
    return createHmac('sha256', this.#key).update(`${this.#storeId}\0${text}`).digest()
  }
}
