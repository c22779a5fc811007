/**
 * One table, described once: everything else that must know of it follows, from the SQL of both databases to what its MACs
 * cover. The fields are those of the model: one too few, one too many, or one of another type does not compile.
 */
import type { AuditObject } from '../../audit/record.ts'
import { atOf, type KeyValue, type Rows, type Writing } from '../rows.ts'
import type { TableOf } from './described.ts'
import type { Field, NamedRow, Plain, SealedField, Uncovered, Value } from './field.ts'

export type { Part, Table, TableOf } from './described.ts'

/**
 * What MACs cover since this schema. Of a column that came later, the text has the name and the value, and nothing of it
 * where the value is that of older rows: so their MACs stay what they are.
 */
const coveredSince = '0015-addresses-within-accounts'

/** Tells the texts of today's MACs from those of other versions of this program. */
export const rowFormat = 2

type Fields<Model> = readonly (keyof Model & string)[]

/** The values of a primary key. */
type KeyOf<Model, Key extends Fields<Model>> = {
  readonly [At in keyof Key]: Model[Key[At]] extends KeyValue ? Model[Key[At]] : never
}

interface Common<Name extends string, Model, Key extends Fields<Model>> {
  readonly name: Name
  /** The primary key: the first fields. */
  readonly key: Key
  /** What else no two rows have in common. */
  readonly unique: readonly (readonly (keyof Model & string)[])[]
  /** Whether it holds keys (all of them wrapped), which backups keep apart from what they open. */
  readonly holdsKeys: boolean
  /** The migration that made it, if it is younger than the first version. */
  readonly since?: string
  /** How a batch writes what it changes. */
  readonly writing: Writing<Model>
}

interface SealedDefinition<Name extends string, Model, Key extends Fields<Model>> extends Common<Name, Model, Key> {
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

interface OpenDefinition<Name extends string, Model, Key extends Fields<Model>> extends Common<Name, Model, Key> {
  readonly fields: { readonly [Name in keyof Model & string]-?: Field<Model[Name]> }
  /** Why its rows have no MAC: what keeps somebody who writes them from gaining anything. */
  readonly unsealed: string
}

/** A table whose rows have MACs. */
export interface Sealed<Name extends string, Model, Key extends readonly KeyValue[] = readonly KeyValue[]>
  extends TableOf<Model>,
    Rows<Model, Model, Key> {
  readonly name: Name
  readonly unsealed: undefined
  called(row: Omit<Model, 'mac' | 'sealed'>): Called
}

/** A table whose rows have none. */
export interface Open<Name extends string, Model, Key extends readonly KeyValue[] = readonly KeyValue[]>
  extends TableOf<Model>,
    Rows<Model, Model, Key> {
  readonly name: Name
  readonly unsealed: string
}

export function sealedTable<Model extends { readonly mac: Uint8Array }>() {
  return <const Name extends string, const Key extends Fields<Model>>(
    definition: SealedDefinition<Name, Model, Key>,
  ): Sealed<Name, Model, KeyOf<Model, Key>> => build(definition, definition)
}

export function openTable<Model extends object>() {
  return <const Name extends string, const Key extends Fields<Model>>(
    definition: OpenDefinition<Name, Model, Key>,
  ): Open<Name, Model, KeyOf<Model, Key>> => build(definition, definition)
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

function build<Built, Name extends string, Model, Key extends Fields<Model>>(
  definition: Common<Name, Model, Key> & { readonly fields: object },
  { called, whenMissing, unsealed, textBegins = [] }: Protection,
): Built {
  const { name, key, unique, holdsKeys, since = '', writing } = definition
  const fields = definition.fields as AnyFields
  const columnsOf = (...of: readonly string[]) => of.flatMap((field) => fields[field]?.columns ?? [])
  const { columns, read, write } = partOf(fields, Object.keys(fields))
  const keys: readonly string[] = key
  const changing = Object.keys(fields).filter((field) => !keys.includes(field) && fields[field]?.isConstant === false)
  const at = keyWriter(key)
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
    writing,
    own: (row: AnyModel) => row,
    keyOf: at,
    atOf: at,
  }
  return Object.assign(table, { root: table }) as unknown as Built
}

/** Names a row among those of its table, as `atOf` does. */
function keyWriter(key: readonly string[]) {
  const [first = '', second = ''] = key
  if (key.length === 1) return (row: AnyModel) => row[first]
  if (key.length === 2) return (row: AnyModel) => `${row[first]} ${row[second]}`
  return (row: AnyModel) => atOf(key.map((field) => row[field] as KeyValue))
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
  const olderValue = plain({ [name]: field.read(olderRow(field)) })
  const older = JSON.stringify(olderValue)
  return [
    (row, to) => {
      const value = plain(row)
      // As in nearly all rows: then it need not be written to be compared.
      if (value !== olderValue && JSON.stringify(value) !== older) to.push([name, value])
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
