/** An environment: a name space of an account, with secrets and lists of its own. Times are milliseconds since 1970. */
import { hash } from 'node:crypto'
import { invalid } from '../errors.ts'
import { environmentRule, isEnvironmentName } from './environment-name.ts'

export { environmentPattern, environmentRule, isEnvironmentName } from './environment-name.ts'

export interface Environment {
  readonly accountId: number
  readonly id: number
  /** Unique and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly name: string
  /** The environment that a name is looked up in which this one lacks. */
  readonly baseId: number | null
  readonly createdAt: number
  readonly updatedAt: number
  readonly mac: Uint8Array
}

/** What tells an environment from the others of its account. */
export type EnvironmentRef = Pick<Environment, 'id' | 'name'>

/** What leads from one to another. */
export type EnvironmentHead = Pick<Environment, 'id' | 'name' | 'baseId'>

/** In every account from the beginning, without a row: it has no base, keeps its name, and stays. */
export const defaultEnvironment: EnvironmentRef = Object.freeze({ id: 1, name: 'default' })

/** The id that an account gives first. */
export const firstEnvironmentId = 2

/** As many as an account has at most: all of them are read with each batch that is about one of its environments. */
export const maxEnvironments = 100

/** How many bases are looked in, one behind the other. */
export const maxBases = 4

/** @throws Refusal `invalid` naming `field` */
export function checkEnvironmentName(text: string, field = 'name'): string {
  if (!isEnvironmentName(text)) throw invalid(field, `Must be ${environmentRule}.`)
  return text
}

/** Whether an account has any beside `default`, or had. */
export function hasEnvironments({ nextEnvironmentId }: { readonly nextEnvironmentId: number }): boolean {
  return nextEnvironmentId > firstEnvironmentId
}

/** The id of a name. @param known those that an account has beside `default` */
export function idNamed(known: readonly EnvironmentRef[], name: string): number | undefined {
  return name === defaultEnvironment.name ? defaultEnvironment.id : known.find((one) => one.name === name)?.id
}

/** An environment's uid. Ids are never used again, so it is unique; nothing is sealed to it, so it need not be random. */
export function environmentUid(storeId: string, accountId: number, id: number): string {
  return hash('sha256', `${storeId} environment ${accountId} ${id}`, 'hex').slice(0, 32)
}

/**
 * The ids of the environments that a name is looked up in: of the one itself, then of its bases, as far as they are there.
 *
 * @param find the environment of an id, which is none for `default`
 */
export function chainOf(id: number, find: (id: number) => Pick<Environment, 'baseId'> | undefined): readonly number[] {
  const chain = [id]
  for (let at = find(id)?.baseId ?? null; at !== null && chain.length <= maxBases; at = find(at)?.baseId ?? null) {
    if (chain.includes(at)) break
    chain.push(at)
  }
  return chain
}

/** Why an environment cannot have a base, or `undefined` when it can. @param all of the account, as they would be then */
export function baseFault(all: readonly Pick<Environment, 'id' | 'baseId'>[]): 'circle' | 'depth' | undefined {
  const byId = new Map(all.map((one) => [one.id, one]))
  for (const { id } of all) {
    const seen = new Set<number>()
    for (let at: number | null = id; at !== null; at = byId.get(at)?.baseId ?? null) {
      if (seen.has(at)) return 'circle'
      seen.add(at)
    }
    if (seen.size > maxBases + 1) return 'depth'
  }
  return undefined
}
