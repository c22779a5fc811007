/** How a field of the model is stored: its columns, and the way there and back. */
import type { Principal } from '../../model/principal.ts'

/** A whole number, a text, or bytes; `?` where there may be nothing. */
export type Kind = 'integer' | 'integer?' | 'text' | 'text?' | 'bytes'

/** What a column holds. */
export type Value = string | number | Uint8Array | null

/** A row as a database gives it, by the names of its columns. */
export type NamedRow = Readonly<Record<string, Value>>

/** Of a column that is younger than the first version: the migration that added it, and what older rows have in it. */
export interface Added {
  readonly by: string
  readonly value: Value
}

export interface Column {
  readonly name: string
  readonly kind: Kind
  readonly added: Added | undefined
}

/** What stands in the text of a MAC as JSON writes it. */
export type Plain = string | number | boolean | null | readonly Plain[]

/** A field that is not covered, and why somebody who writes it gains nothing that was promised to be out of reach. */
export interface Uncovered {
  readonly because: string
}

/** `covered` for what JSON writes unambiguously; of anything else, how it is written; `mac` for the MAC itself. */
export type Cover<Type> = ([Type] extends [Plain] ? 'covered' : (value: Type) => Plain) | Uncovered | 'mac'

export interface Field<Type> {
  readonly columns: readonly Column[]
  /** Whether no change of a row changes it: then it is not written again. */
  readonly isConstant: boolean
  readonly cover: Cover<Type> | undefined
  /** Whether it is what its one column holds: then neither `read` nor `write` is called on the way of a row. */
  readonly isPlain: boolean
  readonly read: (row: NamedRow) => Type
  /** Appends what its columns hold. */
  readonly write: (value: Type, to: Value[]) => void
}

/** A field of a table whose rows have a MAC: it says whether it is covered. */
export interface SealedField<Type> extends Field<Type> {
  readonly cover: Cover<Type>
}

interface Options {
  readonly isConstant?: true
  readonly added?: Added
  /** Why it is not covered. */
  readonly uncovered?: string
}

/** Set when the row is made, and never again. */
export const constant: Options = { isConstant: true }

/** The border where what our own tables hold gets its type. A row that was tampered with may hold anything: its MAC tells. */
function stored<Type extends Value>(row: NamedRow, column: string): Type {
  return row[column] as Type
}

export function integer(column: string, options: Options = {}): SealedField<number> {
  return plain(column, 'integer', options)
}

export function integerOrNull(column: string, options: Options = {}): SealedField<number | null> {
  return plain(column, 'integer?', options)
}

/** A text, or one of a few words: which one, only the MAC says. */
export function text<Word extends string>(column: string, options: Options = {}): SealedField<Word> {
  return plain(column, 'text', options)
}

export function textOrNull(column: string, options: Options = {}): SealedField<string | null> {
  return plain(column, 'text?', options)
}

/** The same, where there may be none. */
export function wordOrNull<Word extends string>(column: string, options: Options = {}): SealedField<Word | null> {
  return plain(column, 'text?', options)
}

function plain<Type extends string | number | null>(column: string, kind: Kind, options: Options): SealedField<Type> {
  const { uncovered } = options
  return {
    ...columnOf(column, kind, options),
    isPlain: true,
    // Texts, numbers and nothing are all written as JSON writes them.
    cover: (uncovered === undefined ? 'covered' : { because: uncovered }) as Cover<Type>,
    read: (row) => stored<Type>(row, column),
    write: (value, to) => {
      to.push(value)
    },
  }
}

/** In a table whose rows have a MAC: how it is written in the text, or why it is not. */
export function bytes(
  column: string,
  options: Options & ({ readonly cover: (value: Uint8Array) => Plain } | { readonly uncovered: string }),
): SealedField<Uint8Array>
export function bytes(column: string, options?: Options): Field<Uint8Array>
export function bytes(
  column: string,
  options: Options & { readonly cover?: (value: Uint8Array) => Plain } = {},
): Field<Uint8Array> {
  const { uncovered, cover } = options
  return {
    ...columnOf(column, 'bytes', options),
    isPlain: true,
    cover: uncovered === undefined ? cover : { because: uncovered },
    read: (row) => stored<Uint8Array>(row, column),
    write: (value, to) => {
      to.push(value)
    },
  }
}

/** The MAC of the row. */
export function mac(options: Pick<Options, 'added'> = {}): SealedField<Uint8Array> {
  return { ...bytes('mac', options), cover: 'mac' }
}

/** 1 or 0. */
export function flag(column: string, options: Options = {}): SealedField<boolean> {
  return coded(column, 'integer', {
    ...options,
    read: (value) => value === 1,
    write: (value) => (value ? 1 : 0),
    cover: 'covered',
  })
}

/** Words without blanks, as one text. */
export function words(column: string, options: Options = {}): SealedField<readonly string[]> {
  return coded<readonly string[]>(column, 'text', {
    ...options,
    read: split,
    write: (value) => value.join(' '),
    cover: 'covered',
  })
}

/** Whole numbers, as one text. */
export function numbers(column: string, options: Options = {}): SealedField<readonly number[]> {
  return coded<readonly number[]>(column, 'text', {
    ...options,
    read: (value) => split(value).map(Number),
    write: (value) => value.join(' '),
    cover: 'covered',
  })
}

function split(value: Value): readonly string[] {
  return typeof value === 'string' && value !== '' ? value.split(' ') : []
}

/** Stored in one column in a form of its own. */
export function coded<Type>(
  column: string,
  kind: Kind,
  codec: Options & {
    readonly read: (value: Value) => Type
    readonly write: (value: Type) => Value
    readonly cover: Cover<Type>
  },
): SealedField<Type> {
  const { read, write, cover, uncovered } = codec
  return {
    ...columnOf(column, kind, codec),
    isPlain: false,
    cover: uncovered === undefined ? cover : { because: uncovered },
    read: (row) => read(stored(row, column)),
    write: (value, to) => {
      to.push(write(value))
    },
  }
}

/** A value as JSON. What is no JSON of it is read as `fallback`: the row's MAC then does not hold, its neighbours' do. */
export function json<Type>(
  column: string,
  codec: Options & {
    readonly read?: (parsed: unknown) => Type
    readonly write?: (value: Type) => unknown
    readonly fallback: Type
    readonly cover: Cover<Type>
  },
): SealedField<Type> {
  const { read = (parsed) => parsed as Type, write = (value) => value, fallback } = codec
  return coded<Type>(column, 'text', {
    ...codec,
    read: (value) => {
      try {
        return read(JSON.parse(String(value)))
      } catch {
        return fallback
      }
    },
    write: (value) => JSON.stringify(write(value)),
  })
}

/** Who acts or acted, in three columns. */
export function principal(prefix: string, options: Options = {}): SealedField<Principal> {
  const { columns, isConstant, read } = principalOrNull(prefix, options, '')
  const nobody: Principal = { kind: 'system', id: 0, name: '' }
  const cover = options.uncovered === undefined ? principalText : { because: options.uncovered }
  return { columns, isConstant, isPlain: false, cover, read: (row) => read(row) ?? nobody, write: writePrincipal }
}

export function principalOrNull(
  prefix: string,
  options: Options = {},
  mark: '?' | '' = '?',
): SealedField<Principal | null> {
  const [kind, id, name] = [`${prefix}_kind`, `${prefix}_id`, `${prefix}_name`] as const
  const column = (of: string, type: 'text' | 'integer') => columnOf(of, `${type}${mark}`, options).columns
  return {
    columns: [...column(kind, 'text'), ...column(id, 'integer'), ...column(name, 'text')],
    isConstant: options.isConstant === true,
    isPlain: false,
    cover: options.uncovered === undefined ? principalText : { because: options.uncovered },
    read: (row) =>
      row[kind] === null
        ? null
        : { kind: stored<Principal['kind']>(row, kind), id: Number(row[id]), name: String(row[name] ?? '') },
    write: writePrincipal,
  }
}

function writePrincipal(value: Principal | null, to: Value[]): void {
  to.push(value?.kind ?? null, value?.id ?? null, value?.name ?? null)
}

const membersOfPrincipal = members<Principal>()('kind', 'id', 'name')

function principalText(value: Principal | null): Plain {
  return value === null ? null : membersOfPrincipal(value)
}

/** Writes all members of a value in this order into the text of a MAC: one that is left out does not compile. */
export function members<Type extends { readonly [Name in keyof Type]: Plain }>() {
  return <const Names extends readonly (keyof Type)[]>(...names: Whole<Type, Names>) =>
    (value: Type): readonly Plain[] =>
      names.map((name) => value[name])
}

type Whole<Type, Names extends readonly (keyof Type)[]> = [keyof Type] extends [Names[number]] ? Names : never

/** Has no column: it is in the rows of another table, and covered here. */
export function elsewhere<Type>(nothing: Type, cover: Cover<Type>): SealedField<Type> {
  return { columns: [], isConstant: true, isPlain: false, cover, read: () => nothing, write: () => {} }
}

function columnOf(name: string, kind: Kind, { isConstant, added }: Options) {
  return { columns: [{ name, kind, added }], isConstant: isConstant === true }
}
