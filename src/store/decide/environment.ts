/** In which environment an operation is carried out: found in this one place, and held against by all that looks for things. */
import { type ApiKey, scopesOf } from '../../model/api-key.ts'
import {
  chainOf,
  defaultEnvironment,
  type Environment,
  type EnvironmentRef,
  hasEnvironments,
} from '../../model/environment.ts'
import { allowsSome, anywhere, boundTo, type Right, seesEnvironment } from '../../model/scope.ts'
import type { Ended } from '../outcome.ts'
import { environments, environmentsByName } from '../tables/environment.ts'
import { seeds } from '../tables/seed.ts'
import { type Call, noEnvironment, refuse, type UnplacedCall } from './work.ts'

/**
 * How an operation stands to environments. `none`: it is about the account. `meant`: in the one that is meant. `found`: in one
 * that it finds itself, among all that the caller may know of. A function:
 * it is about one thing, by its id, and says which environment that is in, if it is there: where none is named, that one
 * counts. By its name, a thing is looked for in the one that is meant.
 */
export type Placing<Input> =
  | 'none'
  | 'meant'
  | 'found'
  | ((call: UnplacedCall, operation: Input) => number | 'meant' | undefined)

/** Of what is in no environment. */
export const unplaced = { environment: defaultEnvironment, isMeant: false, isPlaced: false } as const

/** Finds the environment; refuses one that is not there, or not to be seen, in the same words. */
export function place<Input>(call: UnplacedCall, placing: Placing<Input>, operation: Input): Call | Ended {
  const isOfNone = placing === 'none' || placing === 'found' || isUnfinished(call.key)
  if (isOfNone) return { ...call, ...unplaced }
  // The one that is named, or that all scopes are of.
  const name = call.request.environment?.name ?? boundTo(call.scopes)
  if (name !== undefined) {
    const environment = environmentNamed(call, name)
    return environment === undefined
      ? refuseUnknown(call, name)
      : { ...call, environment, isMeant: true, isPlaced: true }
  }
  const own = ownEnvironment(call)
  if (own !== undefined) return { ...call, environment: own, isMeant: true, isPlaced: true }
  const id = typeof placing === 'function' && !isStrict(call) ? placing(call, operation) : 'meant'
  // What is where the caller may not see is not there.
  const environment = (typeof id === 'number' ? environmentOf(call, id) : undefined) ?? defaultEnvironment
  return { ...call, environment, isMeant: id === 'meant', isPlaced: true }
}

/** All of the account, but for `default`. */
export function environmentsOf({ work, account }: Pick<Call, 'work' | 'account'>): Environment[] {
  if (!hasEnvironments(account)) return []
  return [...work.world.all(environments)].filter(({ accountId }) => accountId === account.id)
}

/** The one of this id, if the caller may know of it. */
export function environmentOf(call: UnplacedCall, id: number): EnvironmentRef | undefined {
  const { work, account } = call
  const isDefault = id === defaultEnvironment.id
  return ifSeen(call, isDefault ? defaultEnvironment : work.world.get(environments, account.id, id))
}

/** The one of this name, if the caller may know of it. */
export function environmentNamed(call: UnplacedCall, name: string): EnvironmentRef | undefined {
  const { work, account } = call
  const isDefault = name === defaultEnvironment.name
  return ifSeen(call, isDefault ? defaultEnvironment : work.world.find(environmentsByName, account.id, name))
}

/** The ids of the environments in which a name is looked up: of the one that counts, and of its bases. */
export function chainFrom({ work, account, environment }: Call): readonly number[] {
  if (!hasEnvironments(account)) return [environment.id]
  return chainOf(environment.id, (id) => work.world.get(environments, account.id, id))
}

/** Whether things are looked for in no other environment than the one that is meant: neither where they are, nor in a base. */
export function isStrict({ request }: UnplacedCall): boolean {
  return request.environment?.isStrict === true
}

/** Of environments that have deployments, those that the caller may know of. */
export function environmentsSeen(call: Call): readonly EnvironmentRef[] {
  return [defaultEnvironment, ...environmentsOf(call)].filter((one) => sees(call, one))
}

/**
 * Whether the caller has the right over anything in the environment that is meant; or in whichever, for a thing that is asked for by
 * its id alone: whether it is there is not told by where it would be.
 */
export function hasSome({ scopes, isMeant, environment }: Call, right: Right): boolean {
  return allowsSome(scopes, right, isMeant ? environment.name : anywhere)
}

/**
 * Whether the caller has the right over anything in the environment that counts. A thing that is asked for by its id alone may be in
 * one where they have another right, and not this: then it is not there for them.
 */
export function hasSomeHere({ scopes, environment }: Call, right: Right): boolean {
  return allowsSome(scopes, right, environment.name)
}

/** Whether a thing is in the environment that counts. */
export function isHere({ environment }: Call, { environmentId }: { readonly environmentId: number }): boolean {
  return environmentId === environment.id
}

function ifSeen(call: UnplacedCall, environment: EnvironmentRef | undefined): EnvironmentRef | undefined {
  return environment === undefined || !sees(call, environment) ? undefined : environment
}

function sees({ scopes, principal }: UnplacedCall, { name }: EnvironmentRef): boolean {
  return principal.kind === 'seed' || seesEnvironment(scopes, name)
}

/** A seed gives out what it was made for, where it was made. */
function ownEnvironment(call: UnplacedCall): EnvironmentRef | undefined {
  if (call.principal.kind !== 'seed') return undefined
  const seed = call.work.world.get(seeds, call.account.id, call.principal.id)
  return seed === undefined ? undefined : environmentOf(call, seed.environmentId)
}

/** Of a sign-in that lacks its second factor: it is told that first. */
function isUnfinished(key: ApiKey | undefined): boolean {
  return key !== undefined && key.userId !== null && scopesOf(key).length === 0
}

function refuseUnknown(call: UnplacedCall, name: string): Ended {
  return refuse(
    { ...call, ...unplaced },
    { kind: 'environment', id: null, uid: null, name, version: null, hash: null },
    'not_found',
    noEnvironment,
  )
}
