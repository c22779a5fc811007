/** Taking away rows by what some of their columns are equal to. */
import type { Part, TableOf } from './described.ts'

/** The rows whose columns are equal to what is named. */
export interface Removal<Model> {
  /** Of no other. */
  readonly name: string
  readonly table: string
  /** The last one is no greater than what is named, where `isUpTo`. */
  readonly by: Part<Model>
  readonly isUpTo: boolean
  /** Another condition, or nothing. */
  readonly where: string
  /** Whether it takes only some of them at once, and the next ones the next time: for rows that nobody needs any more. */
  readonly isSweep: boolean
  /** The columns of the primary key. */
  readonly key: readonly string[]
}

/** What a sweep takes at once: a few milliseconds. */
export const sweptAtOnce = 500

export function removal<Model, Name extends keyof Model & string>(
  table: Pick<TableOf<Model>, 'name' | 'part' | 'ofKey'>,
  fields: readonly Name[],
  { isUpTo = false, where = '', isSweep = false }: Partial<Pick<Removal<Model>, 'isUpTo' | 'where' | 'isSweep'>> = {},
): Removal<Pick<Model, Name>> {
  const name = `remove_${table.name}_${fields.join('_').toLowerCase()}`
  return {
    name,
    table: table.name,
    by: table.part(...fields),
    isUpTo,
    where,
    isSweep,
    key: table.ofKey.columns.map((column) => column.name),
  }
}
