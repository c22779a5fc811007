/**
 * Makes and checks the MACs of rows, with the one key that the store has: it opens nothing and signs nothing in, and is
 * handed over once the keyring is open.
 */
import type { KeyObject } from 'node:crypto'
import { Hmac } from '../crypto/hmac.ts'
import { rowText, type SealedRows, type SealedTable, type Unsealed } from './coverage.ts'

export class RowMacs {
  readonly #hmac: Hmac

  constructor(key: KeyObject, storeId: string) {
    this.#hmac = new Hmac(key, `${storeId}\0`)
  }

  /** The row with the MAC that belongs to it. */
  seal<Table extends SealedTable, Row extends Unsealed<SealedRows[Table]>>(
    table: Table,
    row: Row,
  ): Row & { readonly mac: Uint8Array } {
    return { ...row, mac: this.mac(rowText(table, row)) }
  }

  /** Whether the row's MAC is its own. */
  isAuthentic<Table extends SealedTable>(table: Table, row: SealedRows[Table]): boolean {
    return this.#hmac.isOf(rowText(table, row), row.mac)
  }

  /** The MAC of a text, 32 bytes; as `Keyring.rowMac` makes it. */
  mac(text: string): Uint8Array {
    return this.#hmac.of(text)
  }
}
