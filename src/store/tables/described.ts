/** What everything else knows of a table. */
import type { Added, Column, Kind, NamedRow, Value } from './field.ts'

/** Names a row among those of its table. */
export type At = string | number

/** What the databases know of a table. */
export interface Table {
  readonly name: string
  readonly holdsKeys: boolean
  /** In the order in which rows are copied. The first ones are the primary key. */
  readonly columns: Readonly<Record<string, Kind>>
  /** How many of the columns are the primary key. */
  readonly keyLength: number
  /** The names of the columns that no two rows have in common, beside the primary key. */
  readonly unique: readonly (readonly string[])[]
  /** The columns that are younger than the first version, at the end of the others, and what rows from before have there. */
  readonly added: Readonly<Record<string, Added>>
  readonly since: string
  /** Why its rows have no MAC; nothing where they have one. */
  readonly unsealed: string | undefined
  /** What a row that was taken away leads to, in a table whose rows have MACs. */
  readonly whenMissing: string | undefined
  /** The fields that no MAC covers, in a table whose rows have one. */
  readonly uncovered: readonly { readonly field: string; readonly because: string }[]
}

/** A table, and what its rows mean. */
export interface TableOf<Model> extends Table {
  /** What a row means. */
  read(row: NamedRow): Model
  /** What a row holds, in the order of the columns. */
  write(model: Model): Value[]
  /** What a MAC is made of: a JSON array of the table's name, the format, and the covered fields. */
  text(model: Omit<Model, 'mac'>): string
  /** Names a row among those of the table, by its primary key. */
  atOf(row: Partial<Model>): At
  /** The primary key. */
  readonly ofKey: Part<Model>
  /** What a change of a row writes, which is all but the primary key and what is constant; then the primary key. */
  readonly ofUpdate: Part<Model>
  /** A reader and a writer of some of the fields. */
  part<Name extends keyof Model & string>(...fields: readonly Name[]): Part<Pick<Model, Name>>
}

/** Some fields of a table. */
export interface Part<Model> {
  readonly columns: readonly Column[]
  read(row: NamedRow): Model
  write(model: Model): Value[]
}
