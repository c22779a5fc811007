/**
 * One table, described once: everything else that must know of it follows, from the SQL of both databases to what its MACs
 * cover. The fields are those of the model: one too few, one too many, or one of another type does not compile.
 */
import type { AuditObject } from '../../audit/record.ts'
import type { Added, Column, Field, Kind, NamedRow, Plain, SealedField, Uncovered, Value } from './field.ts'

/**
 * What MACs cover since this schema. Of a column that came later, the text has the name and the value, and nothing of it
 * where the value is that of older rows: so their MACs stay what they are.
 */
const coveredSince = '0015-addresses-within-accounts'

/** Tells the texts of today's MACs from those of other versions of this program. */
export const rowFormat = 2

interface Common<Name extends string, Model> {
  readonly name: Name
  /** The primary key: the first fields. */
  readonly key: readonly (keyof Model & string)[]
  /** What else no two rows have in common. */
  readonly unique: readonly (readonly (keyof Model & string)[])[]
  /** Whether it holds keys (all of them wrapped), which backups keep apart from what they open. */
  readonly holdsKeys: boolean
  /** The migration that made it, if it is younger than the first version. */
  readonly since?: string
}

interface SealedDefinition<Name extends string, Model> extends Common<Name, Model> {
  /** In the order of the columns: new ones at the end, with what older rows have in them. */
  readonly fields: { readonly [Name in keyof Model & string]-?: SealedField<Model[Name]> }
  /** The order in which the text of a MAC begins, where it is not that of the fields. Never changed. */
  readonly textBegins?: readonly (keyof Model & string)[]
  /** What the trail calls a row that is not authentic. */
  readonly called: (row: Omit<Model, 'mac' | 'sealed'>) => Called
  /** What a row that was taken away leads to. */
  readonly whenMissing: string
}

type Called = Omit<AuditObject, 'version' | 'hash'>

interface OpenDefinition<Name extends string, Model> extends Common<Name, Model> {
  readonly fields: { readonly [Name in keyof Model & string]-?: Field<Model[Name]> }
  /** Why its rows have no MAC: what keeps somebody who writes them from gaining anything. */
  readonly unsealed: string
}

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

/** A table whose rows have MACs. */
export interface Sealed<Name extends string, Model> extends TableOf<Model> {
  readonly name: Name
  readonly unsealed: undefined
  called(row: Omit<Model, 'mac' | 'sealed'>): Called
}

/** A table whose rows have none. */
export interface Open<Name extends string, Model> extends TableOf<Model> {
  readonly name: Name
  readonly unsealed: string
}

export function sealedTable<Model extends { readonly mac: Uint8Array }>() {
  return <const Name extends string>(definition: SealedDefinition<Name, Model>): Sealed<Name, Model> =>
    build(definition, definition)
}

export function openTable<Model extends object>() {
  return <const Name extends string>(definition: OpenDefinition<Name, Model>): Open<Name, Model> =>
    build(definition, definition)
}

/** Of a model whose fields are not known by name here: each has the type that its definition was checked to have. */
interface AnyField extends Omit<Field<never>, 'cover' | 'write'> {
  readonly cover: 'covered' | 'mac' | Uncovered | ((value: unknown) => Plain) | undefined
  readonly write: (value: unknown, to: Value[]) => void
}
type AnyFields = Readonly<Record<string, AnyField>>
type AnyModel = Readonly<Record<string, unknown>>

/** What a definition of one kind or the other says. */
interface Protection {
  readonly called?: unknown
  readonly whenMissing?: string
  readonly textBegins?: readonly string[]
  readonly unsealed?: string
}

function build<Built, Name extends string, Model>(
  definition: Common<Name, Model> & { readonly fields: object },
  { called, whenMissing, unsealed, textBegins = [] }: Protection,
): Built {
  const { name, key, unique, holdsKeys, since = '' } = definition
  const fields = definition.fields as AnyFields
  const columnsOf = (...of: readonly string[]) => of.flatMap((field) => fields[field]?.columns ?? [])
  const { columns, read, write } = partOf(fields, Object.keys(fields))
  const keys: readonly string[] = key
  const changing = Object.keys(fields).filter((field) => !keys.includes(field) && fields[field]?.isConstant === false)
  const table = {
    name,
    holdsKeys,
    since,
    unsealed,
    called,
    whenMissing,
    columns: Object.fromEntries(columns.map((column) => [column.name, column.kind])),
    keyLength: columnsOf(...key).length,
    unique: unique.map((one) => columnsOf(...one).map((column) => column.name)),
    added: Object.fromEntries(columns.flatMap((column) => (column.added ? [[column.name, column.added]] : []))),
    uncovered: unsealed === undefined ? uncoveredOf(fields) : [],
    read,
    write,
    text: textWriter(name, fields, textBegins),
    ofKey: partOf(fields, key),
    ofUpdate: partOf(fields, [...changing, ...keys]),
    part: (...of: readonly string[]) => partOf(fields, of),
  }
  return table as unknown as Built
}

/** Made once for a table. What stands in its column as it is, as most fields do, is copied without a call. */
function partOf(fields: AnyFields, names: readonly string[]) {
  const steps = names.flatMap((name) => {
    const field = fields[name]
    return field === undefined ? [] : [{ ...field, name, column: field.columns[0]?.name ?? '' }]
  })
  const plain = steps.filter(({ isPlain }) => isPlain)
  const coded = steps.filter(({ isPlain }) => !isPlain)
  // Rows that begin as copies of one object have its shape from the beginning, which is several times as fast.
  const empty = Object.fromEntries(names.map((name) => [name, null]))
  return {
    columns: steps.flatMap((step) => step.columns),
    read: (row: NamedRow) => {
      const model: Record<string, unknown> = { ...empty }
      for (const { name, column } of plain) model[name] = row[column]
      for (const { name, read } of coded) model[name] = read(row)
      return model
    },
    write: (model: AnyModel) => {
      const values: Value[] = []
      for (const { name, isPlain, write } of steps) {
        if (isPlain) values.push(model[name] as Value)
        else write(model[name], values)
      }
      return values
    },
  }
}

function uncoveredOf(fields: AnyFields): { field: string; because: string }[] {
  return Object.entries(fields).flatMap(([field, { cover }]) =>
    typeof cover === 'object' ? [{ field, because: cover.because }] : [],
  )
}

/** No two rows of a store, nor of two tables, have the same text. */
function textWriter(table: string, fields: AnyFields, textBegins: readonly string[]): (row: AnyModel) => string {
  const order = [...new Set([...textBegins, ...Object.keys(fields)])]
  const writers = order.flatMap((name) => writerOf(name, fields[name]))
  return (row) => {
    const parts: Plain[] = [table, rowFormat]
    for (const write of writers) write(row, parts)
    return JSON.stringify(parts)
  }
}

type TextWriter = (row: AnyModel, to: Plain[]) => void

function writerOf(name: string, field: AnyField | undefined): TextWriter[] {
  if (field === undefined) return []
  const plain = plainOf(name, field)
  if (plain === undefined) return []
  const by = field.columns[0]?.added?.by ?? ''
  if (by <= coveredSince) return [(row, to) => void to.push(plain(row))]
  const older = JSON.stringify(plain({ [name]: field.read(olderRow(field)) }))
  return [
    (row, to) => {
      const value = plain(row)
      if (JSON.stringify(value) !== older) to.push([name, value])
    },
  ]
}

/** How a covered field is written. */
function plainOf(name: string, { cover }: AnyField): ((row: AnyModel) => Plain) | undefined {
  if (cover === 'covered') return (row) => row[name] as Plain
  if (typeof cover === 'function') return (row) => cover(row[name])
  return undefined
}

/** What rows from before a field was added have of it. */
function olderRow({ columns }: AnyField): NamedRow {
  return Object.fromEntries(columns.map(({ name, added }) => [name, added?.value ?? null]))
}
