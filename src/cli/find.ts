/** Finds by name what the API knows by id. Everywhere, `id:7` stands for what has the id 7. */
import type { List, Metadata } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { isSecretName, secretNameRule } from '../model/name.ts'
import { Fault } from './output.ts'

/** @returns the id, if that is what was typed: no name has a colon */
export function idIn(text: string): number | undefined {
  const [, id] = /^id:([1-9]\d{0,14})$/.exec(text) ?? []
  return id === undefined ? undefined : Number(id)
}

/** @throws Fault `usage` for what can be no secret's name */
export function checkedName(text: string): string {
  if (isSecretName(text)) return text
  const other = '"id:7" is the one with the id 7'
  throw new Fault('usage', `No secret can be called that. Names have ${secretNameRule}; ${other}.`)
}

export function noSecret(name: string): Fault {
  return new Fault('notFound', `No secret is called "${name}", or none that this key may know of.`)
}

/** With what the environment inherits. */
export const withInherited = { effective: 'true' } as const

/** The list that a secret is in, as far as the key may know it. */
export function listOf({ list }: Pick<Metadata, 'list'>): string {
  return list === null ? 'a list of another environment' : `the list ${list.name}`
}

/**
 * The secret of this name, or of `id:N`; to be looked at, also one that the environment inherits.
 *
 * @throws Fault `notFound`, `usage`; StrongroomError `Forbidden` for a key that may not list it
 */
export async function findSecret(
  { secrets }: Strongroom,
  ref: string,
  filter: { readonly effective?: 'true' } = {},
): Promise<Metadata> {
  const id = idIn(ref)
  if (id !== undefined) return secrets.metadata(id)
  const found = await findNamed({ secrets }, ref, filter)
  if (found === undefined) throw noSecret(ref)
  return found
}

/** The same by name alone; `undefined` if there is none. */
export async function findNamed(
  { secrets }: Pick<Strongroom, 'secrets'>,
  name: string,
  filter: { readonly effective?: 'true' } = {},
): Promise<Metadata | undefined> {
  for await (const found of secrets.listMetadata({ ...filter, name: checkedName(name) })) {
    if (found.name === name) return found
  }
  return undefined
}

/** @throws Fault `notFound` */
export async function findList({ lists }: Strongroom, ref: string): Promise<List> {
  const id = idIn(ref)
  if (id !== undefined) return lists.get(id)
  for await (const list of lists.list()) if (list.name === ref) return list
  if (ref.includes('/')) {
    const hint = 'A folder is the beginning of a name: move into one with "strongroom secrets rename NAME web/NAME".'
    throw new Fault('notFound', `No list is called "${ref}". ${hint}`)
  }
  throw new Fault('notFound', `No list is called "${ref}". See "strongroom lists list".`)
}

/** @throws Fault `usage` for what is not the id of anything */
export function idOf(what: string, text: string): number {
  const id = idIn(`id:${text.replace(/^id:/, '')}`)
  if (id !== undefined) return id
  throw new Fault('usage', `A ${what} is named by its id, a whole number.`)
}
