/**
 * What the row MACs cover: every field of every row, the primary key included, but for those that the tables list with
 * their reason. The reasons are published in docs/security.md.
 */
import type { VersionHead } from './tables/secret.ts'
import { sealedTables, tables } from './tables/tables.ts'

export { rowFormat } from './tables/table.ts'

type Sealed = typeof sealedTables

export type SealedTable = keyof Sealed

/** The rows that have a MAC, by the names of their tables. Of a version, its MAC does not speak of the value. */
export type SealedRows = {
  readonly [Table in SealedTable]: Table extends 'versions' ? VersionHead : ReturnType<Sealed[Table]['read']>
}

/** A row before its MAC is made. */
export type Unsealed<Row> = Omit<Row, 'mac'>

/** What the MAC of a row is made of. */
export function rowText<Table extends SealedTable>(table: Table, row: Unsealed<SealedRows[Table]>): string {
  return texts[table](row)
}

type Texts = { readonly [Table in SealedTable]: (row: Unsealed<SealedRows[Table]>) => string }
const texts = Object.fromEntries(Object.entries(sealedTables).map(([name, { text }]) => [name, text])) as Texts

/** Tables whose rows have no MAC of their own, and what keeps somebody who writes them from gaining anything. */
export const unsealedTables: Readonly<Record<string, string>> = Object.fromEntries(
  tables.flatMap(({ name, unsealed }) => (unsealed === undefined ? [] : [[name, unsealed]])),
)

/** What a row that was taken away leads to. Every table with rows of their own is here. */
export const whenMissing: Readonly<Record<string, string>> = Object.fromEntries(
  tables.flatMap(({ name, whenMissing: what }) => (what === undefined ? [] : [[name, what]])),
)

/** The fields without cover, and why, for the documents. */
export function uncovered(): readonly { readonly table: string; readonly field: string; readonly because: string }[] {
  return tables.flatMap(({ name, uncovered: fields }) => fields.map((one) => ({ table: name, ...one })))
}
